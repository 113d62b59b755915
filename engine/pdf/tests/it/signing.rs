//! Why: a signed byte must never move, and only what was asked for may go in.

use sealflow_pdf::{
    begin, finish, inspect, limits, prepare, sign::Error, sign_with_openssl_key, signed_attributes,
    timestamp_imprint,
};

use crate::support::{
    company_request, contract_fields,
    pdf::{self, BOTH, Xref},
    person_request,
    pki::{self, Use, pki},
    tools::timestamp_token,
};

/// Prepared, signed by the person, signed by the company.
pub(crate) fn revisions(original: &[u8], page: usize, timestamped: bool) -> [Vec<u8>; 3] {
    let prepared = prepare(original, &contract_fields(page)).unwrap();
    let once = pki().person.finish(begin(&prepared, &person_request()).unwrap(), timestamped);
    let twice = pki().company.finish(begin(&once, &company_request()).unwrap(), timestamped);
    [prepared, once, twice]
}

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
