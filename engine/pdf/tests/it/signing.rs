//! Why: a signed byte must never move, and only what was asked for may go in.

use sealflow_pdf::{
    Appearance, SignRequest, begin, finish, inspect, limits, prepare,
    sign::{DigestAlgorithm, Error, GrowingFile, LocalSigner},
    sign_with_openssl_key, signed_attributes, timestamp_imprint, validate,
    validate::SubIndication,
};
use sha2::{Digest as _, Sha256};

use crate::support::{
    company_request, contract_fields,
    pdf::{self, BOTH, Xref},
    person_request,
    pki::{self, Use, pki, trust},
    seal_svg, show,
    tools::timestamp_token,
};

pub(crate) use crate::support::kinds::revisions;

#[test]
fn each_revision_begins_with_the_one_before() {
    for xref in BOTH {
        let original = pdf::file(xref, 3, 0);
        let [prepared, once, twice] = revisions(&original, 2, false);
        assert!(prepared.starts_with(&original));
        assert!(once.starts_with(&prepared));
        assert!(twice.starts_with(&once));
        let found = inspect(&twice).unwrap();
        assert_eq!((found.page_count, found.signatures, found.revisions), (3, 2, 4));
    }
}

#[test]
fn signed_attributes_are_what_pades_wants() {
    let prepared = prepare(&pdf::file(Xref::Table, 1, 0), &contract_fields(1)).unwrap();
    let prepared = begin(&prepared, &person_request()).unwrap();
    let [start, before, after, rest] = prepared.byte_range;
    assert_eq!((start, after + rest), (0, prepared.bytes.len()));
    let signed = [&prepared.bytes[..before], &prepared.bytes[after..]].concat();
    assert_eq!(prepared.digest.value, openssl::sha::sha256(&signed));
    let certificate = &pki().person.chain()[0];
    let attributes = signed_attributes(&prepared.digest, certificate).unwrap();
    assert_eq!(attributes, signed_attributes(&prepared.digest, certificate).unwrap());
    let has = |hex: &str| hex::encode(&attributes).contains(hex);
    assert!(has("2a864886f70d010903"), "content type");
    assert!(has("2a864886f70d010904"), "message digest");
    assert!(has("2a864886f70d010910022f"), "signing-certificate-v2");
    assert!(has(&hex::encode(openssl::sha::sha256(certificate))), "the certificate's hash");
    assert!(!has("2a864886f70d010905"), "a signing time is forbidden");
}

#[test]
fn what_does_not_belong_together_is_not_put_together() {
    let prepared = prepare(&pdf::file(Xref::Table, 1, 0), &contract_fields(1)).unwrap();
    let begun = || begin(&prepared, &person_request()).unwrap();
    let chain = pki().person.chain();
    let attributes = signed_attributes(&begun().digest, &chain[0]).unwrap();
    let signature = sign_with_openssl_key(&pki().person.key, &attributes).unwrap();
    let refused =
        |result: Result<Vec<u8>, Error>| assert!(matches!(result, Err(Error::Crypto { .. })), "{result:?}");
    refused(finish(begun(), b"no signature", &chain, None));
    refused(finish(begun(), &signature, &pki().company.chain(), None));
    refused(finish(begun(), &signature, &[], None));
    refused(finish(begun(), &signature, &[b"no certificate".to_vec()], None));
    refused(finish(begun(), &signature, &chain, Some(b"no token")));
    let other = timestamp_token(&timestamp_imprint(b"another signature"));
    refused(finish(begun(), &signature, &chain, Some(&other)));
    let mut tampered = begun();
    tampered.digest.value[0] ^= 1;
    refused(finish(tampered, &signature, &chain, None));
    assert!(finish(begun(), &signature, &chain, None).is_ok());

    let long: Vec<Vec<u8>> = chain
        .iter()
        .cloned()
        .chain((0..6).map(|_| pki::issue("示例", pki::rsa(), None, Use::Root).certificate.to_der().unwrap()))
        .collect();
    let small = sealflow_pdf::SignRequest { hole_bytes: limits::HOLE_BYTES_MIN, ..person_request() };
    let begun = begin(&prepared, &small).unwrap();
    let attributes = signed_attributes(&begun.digest, &long[0]).unwrap();
    let signature = sign_with_openssl_key(&pki().person.key, &attributes).unwrap();
    assert!(matches!(finish(begun, &signature, &long, None), Err(Error::HoleTooSmall { .. })));
}

#[test]
fn a_key_in_this_process_signs_what_is_its_own() {
    let prepared = prepare(&pdf::file(Xref::Table, 1, 0), &contract_fields(1)).unwrap();
    let (person, company) = (&pki().person, &pki().company);
    // Of the same kind or another, it must be the certificate's key.
    let another = pki::issue("示例", pki::p256(), Some(&pki().root), Use::Sign);
    for (key, chain) in [
        (&another.key, person.chain()),
        (&company.key, person.chain()),
        (&person.key, company.chain()),
        (&person.key, Vec::new()),
        (&person.key, vec![b"no certificate".to_vec()]),
    ] {
        assert!(matches!(LocalSigner::new(key.clone(), &chain), Err(Error::Crypto { .. })));
    }
    for (signer, request) in [(person, person_request()), (company, company_request())] {
        let local = LocalSigner::new(signer.key.clone(), &signer.chain()).unwrap();
        assert_eq!(local.digest_algorithm(), DigestAlgorithm::Sha256);
        let begun = begin(prepared.clone(), &request).unwrap();
        assert_eq!(begun, begin(&prepared, &request).unwrap());
        let signature = local.sign(&begun.digest).unwrap();
        // It is the same file as when the signature comes from elsewhere.
        let elsewhere = finish(begun.clone(), signature.raw(), &signer.chain(), None).unwrap();
        assert_eq!(signature.finish(begun.clone(), None).unwrap(), elsewhere);
        assert!(validate(&elsewhere, &trust()).unwrap().passed());

        let token = timestamp_token(&timestamp_imprint(signature.raw()));
        let timed = signature.finish(begun.clone(), Some(&token)).unwrap();
        assert!(validate(&timed, &trust()).unwrap().signatures[0].timestamp.is_some());
        let refused = |result: Result<Vec<u8>, Error>| assert!(matches!(result, Err(Error::Crypto { .. })));
        refused(local.sign(&begun.digest).unwrap().finish(begun.clone(), Some(b"no token")));
        let mut other = begun;
        other.digest.value[0] ^= 1;
        refused(signature.finish(other, None));
    }
}

#[test]
fn a_seal_gives_the_same_bytes_drawn_or_kept() {
    let prepared = prepare(&pdf::file(Xref::Table, 1, 0), &contract_fields(1)).unwrap();
    // No other test draws this one.
    let own = |mark: &str| {
        let shown = |field: &str| show(field, Appearance::Svg { svg: seal_svg().replace("<svg", mark) });
        let appearances = vec![shown("company_seal"), shown("company_edge")];
        begin(&prepared, &SignRequest { appearances, ..company_request() }).unwrap()
    };
    let drawn = own("<svg id='kept'");
    assert_eq!(drawn, own("<svg id='kept'"));
    let red = own("<svg id='other' opacity='0.5'");
    assert_ne!(drawn.digest, red.digest);
}

/// Whoever found the file whole by its SHA-256 hands that hash on: the signature is over what was found, and not over what the
/// bytes have become since.
#[test]
fn a_signature_goes_on_from_the_hash_that_is_known() {
    let prepared = prepare(&pdf::file(Xref::Table, 3, 0), &contract_fields(1)).unwrap();
    let known = Sha256::new_with_prefix(&prepared);
    let mut changed = prepared.clone();
    // A comment: its pages are the same.
    changed[10] ^= 1;
    for (bytes, passes) in [(&prepared, true), (&changed, false)] {
        let file = GrowingFile::known(bytes.clone(), &known, DigestAlgorithm::Sha256).unwrap();
        let begun = file.begin_last(&person_request()).unwrap();
        let report = validate(&pki().person.finish(begun, false), &trust()).unwrap();
        assert_eq!(report.passed(), passes, "{report:#?}");
        assert_eq!(report.signatures[0].sub_indication, (!passes).then_some(SubIndication::HashFailure));
    }
    // SM3 is another hash, which is taken of the bytes.
    let request = SignRequest { digest: DigestAlgorithm::Sm3, ..person_request() };
    let file = GrowingFile::known(prepared.clone(), &Sha256::new(), DigestAlgorithm::Sm3).unwrap();
    assert_eq!(file.begin_last(&request).unwrap(), begin(&prepared, &request).unwrap());
}

#[test]
fn a_growing_file_is_signed_as_any_other() {
    for xref in BOTH {
        let prepared = prepare(&pdf::file(xref, 3, 0), &contract_fields(1)).unwrap();
        let mut growing = GrowingFile::new(prepared.clone(), DigestAlgorithm::Sha256).unwrap();
        let both = [(&pki().person, person_request()), (&pki().company, company_request())];
        for (signer, request) in both {
            let begun = growing.begin(&request).unwrap();
            let plain = begin(growing.bytes(), &request).unwrap();
            assert_eq!(begun.digest, plain.digest);
            let chain = signer.chain();
            let attributes = signed_attributes(&begun.digest, &chain[0]).unwrap();
            let signature = sign_with_openssl_key(&signer.key, &attributes).unwrap();
            let late = begun.clone();
            let mut by_local = growing.clone();
            let local = LocalSigner::new(signer.key.clone(), &chain).unwrap();
            let own = local.sign(&begun.digest).unwrap();
            by_local.finish_local(begun.clone(), &own, None).unwrap();
            assert!(validate(by_local.bytes(), &trust()).unwrap().passed());
            assert!(matches!(by_local.finish_local(begun.clone(), &own, None), Err(Error::Request { .. })));
            let appended = growing.finish(begun, &signature, &chain, None).unwrap().to_vec();
            assert_eq!(
                [&plain.bytes[..plain.bytes.len() - appended.len()], &appended].concat(),
                growing.bytes()
            );
            // What was begun before that is about another file now.
            let error = growing.finish(late, &signature, &chain, None).unwrap_err();
            assert!(matches!(error, Error::Request { .. }), "{error}");
        }
        assert!(growing.bytes().starts_with(&prepared));
        let report = validate(growing.bytes(), &trust()).unwrap();
        assert!(report.passed() && report.signatures.len() == 2, "{report:#?}");
        let other = SignRequest { digest: DigestAlgorithm::Sm3, ..person_request() };
        assert!(growing.begin(&other).is_err());
    }
}
