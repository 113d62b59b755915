//! Why: a contract is argued about years later, when certificates have run out and issuers are gone.

use std::{fs, sync::OnceLock};

use openssl::{
    asn1::{Asn1Object, Asn1OctetString, Asn1Time},
    hash::MessageDigest,
    x509::{
        X509Builder, X509CrlBuilder, X509Extension, X509RevokedBuilder, extension::AuthorityKeyIdentifier,
    },
};
use sealflow_pdf::{
    Trust, begin, finish, prepare,
    sign::{
        Error, PendingSignature, ValidationData, add_validation_data, begin_document_timestamp, certificates,
        finish_document_timestamp, revocation_sources,
    },
    sign_with_openssl_key, signed_attributes, timestamp_imprint, validate,
    validate::{Level, RevocationStatus, SignatureReport, SubIndication, Verdict, chinese},
};

use crate::{
    signing::revisions,
    support::{
        contract_fields,
        pdf::{self, BOTH, Xref},
        person_request,
        pki::{Identity, Use, issue_for, p256, pki, trust},
        tools::{folder, run, timestamp_token, timestamp_token_by},
    },
};

/// A list of the root's, with those that were taken back and when (GeneralizedTime).
fn crl(revoked: &[(&Identity, &str)]) -> Vec<u8> {
    let root = &pki().root;
    let mut builder = X509CrlBuilder::new().unwrap();
    builder.set_issuer_name(root.certificate.subject_name()).unwrap();
    builder.set_last_update(&Asn1Time::from_str("20260101000000Z").unwrap()).unwrap();
    builder.set_next_update(&Asn1Time::from_str("20340101000000Z").unwrap()).unwrap();
    for (identity, at) in revoked {
        let mut entry = X509RevokedBuilder::new().unwrap();
        entry.set_serial_number(identity.certificate.serial_number()).unwrap();
        entry.set_revocation_date(&Asn1Time::from_str(at).unwrap()).unwrap();
        builder.add_revoked(entry.build()).unwrap();
    }
    let any = X509Builder::new().unwrap();
    let context = any.x509v3_context(Some(&root.certificate), None);
    builder.append_extension(AuthorityKeyIdentifier::new().keyid(true).build(&context).unwrap()).unwrap();
    let number = X509Extension::new_from_der(
        &Asn1Object::from_str("2.5.29.20").unwrap(),
        false,
        &Asn1OctetString::new_from_bytes(&[2, 1, 1]).unwrap(),
    );
    builder.append_extension(number.unwrap()).unwrap();
    builder.sign(&root.key, MessageDigest::sha256()).unwrap();
    builder.build().unwrap().to_der().unwrap()
}

fn with_data(file: &[u8], ocsps: Vec<Vec<u8>>, crls: Vec<Vec<u8>>) -> Vec<u8> {
    let data = ValidationData { certificates: certificates(file).unwrap(), ocsps, crls };
    add_validation_data(file, &data).unwrap()
}

fn stamped(file: &[u8]) -> Vec<u8> {
    stamped_by(&pki().tsa, file)
}

pub(crate) fn stamped_by(tsa: &Identity, file: &[u8]) -> Vec<u8> {
    let begun = begin_document_timestamp(file, 8 * 1024).unwrap();
    let token = timestamp_token_by(tsa, &begun.digest.value.clone().try_into().unwrap());
    finish_document_timestamp(begun, &token).unwrap()
}

/// A timestamp authority whose certificate runs out in 2050, fifteen years after the others'.
pub(crate) fn late_tsa() -> &'static Identity {
    static LATE: OnceLock<Identity> = OnceLock::new();
    LATE.get_or_init(|| {
        let times = ["20250101000000Z", "20500101000000Z"];
        issue_for("后来的时间戳", p256(), Some(&pki().root), Use::Time, times)
    })
}

pub(crate) fn first(file: &[u8], trust: &Trust) -> SignatureReport {
    validate(file, trust).unwrap().signatures.remove(0)
}

#[test]
fn a_signature_climbs_to_b_lta_by_revisions_alone() {
    for xref in BOTH {
        let [_, plain, _] = revisions(&pdf::file(xref, 2, 0), 1, false);
        let timed = stamped(&plain);
        let proven = with_data(&timed, vec![], vec![crl(&[])]);
        let archived = stamped(&proven);
        let again = stamped(&with_data(&archived, vec![], vec![crl(&[(&pki().company, "20260601000000Z")])]));
        let steps =
            [(&plain, Level::BB), (&timed, Level::BT), (&proven, Level::BLt), (&archived, Level::BLta)];
        for (file, level) in steps.into_iter().chain([(&again, Level::BLta)]) {
            let report = validate(file, &trust()).unwrap();
            assert!(report.passed(), "{xref:?}, {level:?}: {report:#?}");
            assert_eq!(report.signatures[0].level, Some(level), "{xref:?}: {report:#?}");
            assert!(file.starts_with(&plain));
        }
        // Ten years later the certificates of the signer and of the first timestamps have run out: only a timestamp of
        // somebody who is still trusted keeps the signature.
        let later = Trust { at_ms: Some(2_082_758_400_000), ..trust() };
        assert_eq!(first(&plain, &later).verdict, Verdict::Indeterminate);
        assert_eq!(first(&archived, &later).verdict, Verdict::Indeterminate);
        let renewed = stamped_by(late_tsa(), &archived);
        assert!(validate(&renewed, &later).unwrap().passed());
        assert!(chinese(&first(&renewed, &later)).contains("B-LTA"));
        let much_later = Trust { at_ms: Some(2_713_910_400_000), ..trust() };
        assert_eq!(first(&renewed, &much_later).verdict, Verdict::Indeterminate);

        let folder = folder(&archived);
        let (good, text) = run("qpdf", "qpdf", &["--check", "file.pdf"], folder.path());
        assert!(good && !text.contains("WARNING"), "{xref:?}: {text}");
        let arguments = ["sign", "validate", "--trust", "ca.pem", "--pretty-print", "file.pdf"];
        let (good, text) = run("pyhanko", "pyHanko", &arguments, folder.path());
        assert!(good && text.contains("The signature is judged VALID."), "{xref:?}: {text}");
    }
}

#[test]
fn what_is_known_already_is_not_added_again() {
    let [_, plain, _] = revisions(&pdf::file(Xref::Table, 1, 0), 1, false);
    let list = crl(&[]);
    let once = with_data(&plain, vec![], vec![list.clone()]);
    assert!(once.len() > plain.len());
    assert_eq!(with_data(&once, vec![], vec![list]), once);
}

#[test]
fn revoked_certificates_count_from_their_time_on() {
    let judged = |file: &[u8]| {
        let report = first(file, &trust());
        (report.verdict, report.sub_indication)
    };
    let no_proof = (Verdict::Indeterminate, Some(SubIndication::RevokedNoPoe));
    let [_, plain, _] = revisions(&pdf::file(Xref::Table, 1, 0), 1, false);
    let [_, timed, _] = revisions(&pdf::file(Xref::Table, 1, 0), 1, true);
    let person = &pki().person;
    let revoked = |at| vec![crl(&[(person, at)])];
    assert_eq!(judged(&with_data(&plain, vec![], revoked("20260101000000Z"))), no_proof);
    assert_eq!(judged(&with_data(&timed, vec![], revoked("20260101000000Z"))), no_proof);
    // The timestamp proves that the signature was there before.
    let after = with_data(&timed, vec![], revoked("20330101000000Z"));
    assert_eq!(judged(&after).0, Verdict::TotalPassed);
    assert!(chinese(&first(&after, &trust())).contains("吊销"));
    assert_eq!(judged(&with_data(&plain, vec![], revoked("20330101000000Z"))), no_proof);
    // Another's revocation is no matter, and neither is a list that somebody else signed.
    let others = vec![crl(&[(&pki().company, "20260101000000Z")])];
    assert_eq!(judged(&with_data(&plain, vec![], others)).0, Verdict::TotalPassed);
    let mut forged = revoked("20260101000000Z").remove(0);
    let last = forged.len() - 1;
    forged[last] ^= 1;
    let report = first(&with_data(&plain, vec![], vec![forged]), &trust());
    assert_eq!(
        (report.verdict, report.revocation[0].status),
        (Verdict::TotalPassed, RevocationStatus::Unknown)
    );
    // A timestamp of an authority that was taken back proves nothing.
    let tsa = vec![crl(&[(&pki().tsa, "20330101000000Z")])];
    let report = first(&with_data(&timed, vec![], tsa), &trust());
    assert_eq!(report.timestamp.map(|timestamp| timestamp.trusted), Some(false));
    assert_eq!(report.level, Some(Level::BB));
}

/// What `openssl ocsp` answers on the question that the crate asks.
fn ocsp_answer(state: &str) -> Vec<u8> {
    let (root, person) = (&pki().root, &pki().person);
    let der = |identity: &Identity| identity.certificate.to_der().unwrap();
    let question = revocation_sources(&der(person), &der(root)).unwrap().ocsp_request_der;
    let folder = folder(b"");
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    let serial = person.certificate.serial_number().to_bn().unwrap().to_hex_str().unwrap().to_string();
    write("index.txt", format!("{state}\t{serial}\tunknown\t/CN=x\n").as_bytes());
    write("root.key", &root.key.private_key_to_pem_pkcs8().unwrap());
    write("question.der", &question);
    let arguments = "ocsp -index index.txt -CA ca.pem -rsigner ca.pem -rkey root.key -ndays 7 -reqin question.der \
                     -respout answer.der";
    let arguments: Vec<&str> = arguments.split_whitespace().collect();
    let (good, text) = run("openssl", "openssl", &arguments, folder.path());
    assert!(good, "{text}");
    fs::read(folder.path().join("answer.der")).unwrap()
}

#[test]
fn ocsp_answers_are_believed_when_they_are_the_issuers() {
    let [_, timed, _] = revisions(&pdf::file(Xref::Table, 1, 0), 1, true);
    let good = ocsp_answer("V\t350101000000Z\t");
    let report = first(&with_data(&timed, vec![good.clone()], vec![]), &trust());
    assert_eq!(report.revocation[0].source.as_deref(), Some("ocsp"));
    assert_eq!(report.revocation[0].status, RevocationStatus::Good);
    // Nobody speaks for the timestamp authority yet; the list speaks for both.
    assert_eq!(report.level, Some(Level::BT));
    let both = first(&with_data(&timed, vec![good.clone()], vec![crl(&[])]), &trust());
    assert_eq!(both.level, Some(Level::BLt));
    let revoked = ocsp_answer("R\t350101000000Z\t260101000000Z");
    let report = first(&with_data(&timed, vec![revoked], vec![crl(&[])]), &trust());
    assert_eq!(report.sub_indication, Some(SubIndication::RevokedNoPoe));
    let mut forged = good;
    let middle = forged.len() / 3;
    forged[middle] ^= 1;
    let report = first(&with_data(&timed, vec![forged], vec![]), &trust());
    assert_eq!(report.revocation[0].status, RevocationStatus::Unknown);
}

#[test]
fn a_token_for_something_else_does_not_become_a_document_timestamp() {
    let [_, plain, _] = revisions(&pdf::file(Xref::Table, 1, 0), 1, false);
    let begun = begin_document_timestamp(&plain, 8 * 1024).unwrap();
    let token = timestamp_token(&timestamp_imprint(b"something else"));
    assert!(matches!(finish_document_timestamp(begun.clone(), &token), Err(Error::Crypto { .. })));
    assert!(matches!(finish_document_timestamp(begun, b"no token"), Err(Error::Crypto { .. })));
}

#[test]
fn a_begun_signature_outlives_a_restart() {
    let prepared = prepare(&pdf::file(Xref::Table, 1, 0), &contract_fields(1)).unwrap();
    let begun = begin(&prepared, &person_request()).unwrap();
    let kept = serde_json::to_string(&begun.suspend(&prepared).unwrap()).unwrap();
    let pending: PendingSignature = serde_json::from_str(&kept).unwrap();
    let chain = pki().person.chain();
    let attributes = signed_attributes(&pending.digest().unwrap(), &chain[0]).unwrap();
    let signature = sign_with_openssl_key(&pki().person.key, &attributes).unwrap();
    let resumed = pending.resume(&prepared).unwrap();
    assert_eq!(resumed, begun);
    let signed = finish(resumed, &signature, &chain, None).unwrap();
    assert!(validate(&signed, &trust()).unwrap().passed());

    let other = prepare(&pdf::file(Xref::Table, 2, 0), &contract_fields(1)).unwrap();
    assert!(begun.suspend(&other).is_err());
    assert!(pending.resume(&other).is_err());
    let value: serde_json::Value = serde_json::from_str(&kept).unwrap();
    for (key, changed) in [
        ("hole_start", serde_json::json!(7)),
        ("hole_end", serde_json::json!(1_000_000_000)),
        ("digest", serde_json::json!("00")),
        ("revision", serde_json::json!("zz")),
    ] {
        let mut value = value.clone();
        value[key] = changed;
        let pending: PendingSignature = serde_json::from_value(value).unwrap();
        assert!(matches!(pending.resume(&prepared), Err(Error::Request { .. })), "{key}");
    }
}
