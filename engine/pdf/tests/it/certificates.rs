//! Why: a certificate may lead to a trusted root and still not be for signing, have a key that others can compute, or have run
//! out before anybody saw what was made with it.

use openssl::{
    ec::{EcGroup, EcKey},
    nid::Nid,
    pkey::{PKey, Private},
};
use sealflow_pdf::{
    Trust, begin, prepare,
    validate::{Level, SignatureReport, SubIndication, Verdict},
};

use crate::{
    command_line::sign,
    levels::{first, late_tsa, stamped_by},
    support::{
        contract_fields,
        pdf::{self, Xref},
        person_request,
        pki::{Identity, Use, issue, issue_for, p256, pki, rsa_of, trust},
    },
};

/// 2036-01-01: what runs out in 2035 is expired.
const IN_2036_MS: i64 = 2_082_758_400_000;

/// A signature of this signer, with a timestamp of this authority.
fn signed_by(signer: &Identity, tsa: Option<&Identity>) -> Vec<u8> {
    let prepared = prepare(&pdf::file(Xref::Table, 1, 0), &contract_fields(1)).unwrap();
    signer.finish_with(begin(&prepared, &person_request()).unwrap(), tsa)
}

fn under_root(key: PKey<Private>, usage: Use) -> Identity {
    issue("示例", key, Some(&pki().root), usage)
}

fn on_curve(curve: Nid) -> PKey<Private> {
    PKey::from_ec_key(EcKey::generate(&EcGroup::from_curve_name(curve).unwrap()).unwrap()).unwrap()
}

fn in_2036() -> Trust {
    Trust { at_ms: Some(IN_2036_MS), ..trust() }
}

fn trusted(report: &SignatureReport) -> Option<bool> {
    report.timestamp.as_ref().map(|timestamp| timestamp.trusted)
}

#[test]
fn keys_that_are_long_enough_and_may_sign_do() {
    for key in [rsa_of(2048), rsa_of(3072), p256(), on_curve(Nid::SECP384R1)] {
        let signer = under_root(key, Use::Sign);
        let report = first(&signed_by(&signer, None), &trust());
        assert_eq!(report.verdict, Verdict::TotalPassed, "{report:?}");
        sign(&pdf::file(Xref::Table, 1, 0), &signer, None, None).unwrap();
    }
}

#[test]
fn a_certificate_for_something_else_signs_nothing() {
    for key in [rsa_of(2048), p256()] {
        let signer = under_root(key, Use::Encrypt);
        let refused = sign(&pdf::file(Xref::Table, 1, 0), &signer, None, None).unwrap_err().to_string();
        assert!(refused.contains("not for signing"), "{refused}");
        let report = first(&signed_by(&signer, None), &trust());
        assert_eq!(report.verdict, Verdict::Indeterminate);
        assert_eq!(report.sub_indication, Some(SubIndication::ChainConstraintsFailure));
        assert_eq!(report.reason, Some(refused));
    }
}

#[test]
fn short_keys_sign_nothing() {
    for (key, told) in [(rsa_of(1024), "RSA of 1024 bits"), (on_curve(Nid::SECP224R1), "a curve of 224 bits")]
    {
        let signer = under_root(key, Use::Sign);
        let refused = sign(&pdf::file(Xref::Table, 1, 0), &signer, None, None).unwrap_err().to_string();
        assert!(refused.contains("too short") && refused.contains(told), "{refused}");
        let report = first(&signed_by(&signer, None), &trust());
        assert_eq!(report.verdict, Verdict::Indeterminate);
        assert_eq!(report.sub_indication, Some(SubIndication::CryptoConstraintsFailure));
        assert_eq!(report.reason, Some(refused));
    }
}

#[test]
fn short_keys_of_authorities_prove_nothing() {
    let weak_tsa = under_root(rsa_of(1024), Use::Time);
    let report = first(&signed_by(&pki().person, Some(&weak_tsa)), &trust());
    assert_eq!((trusted(&report), report.level), (Some(false), Some(Level::BB)), "{report:?}");
    let long_tsa = under_root(rsa_of(2048), Use::Time);
    let report = first(&signed_by(&pki().person, Some(&long_tsa)), &trust());
    assert_eq!((trusted(&report), report.level), (Some(true), Some(Level::BT)), "{report:?}");

    let weak_root = issue("短密钥根证书", rsa_of(1024), None, Use::Root);
    let signer = issue("示例", p256(), Some(&weak_root), Use::Sign);
    let weak_trust = Trust { roots_der: vec![weak_root.certificate.to_der().unwrap()], ..Trust::default() };
    let report = first(&signed_by(&signer, None), &weak_trust);
    assert_eq!(report.sub_indication, Some(SubIndication::CryptoConstraintsFailure), "{report:?}");
}

#[test]
fn a_timestamp_whose_authority_has_run_out_proves_nothing_alone() {
    // It runs out in 2050, the timestamp authority in 2035.
    let times = ["20250101000000Z", "20500101000000Z"];
    let signer = issue_for("示例", p256(), Some(&pki().root), Use::Sign, times);
    let stamped = signed_by(&signer, Some(&pki().tsa));
    let now = first(&stamped, &trust());
    assert_eq!((trusted(&now), now.level), (Some(true), Some(Level::BT)), "{now:?}");
    let later = first(&stamped, &in_2036());
    assert_eq!((trusted(&later), later.level), (Some(false), Some(Level::BB)), "{later:?}");
    assert!(later.timestamp.unwrap().reason.unwrap().contains("expired"));

    // One over it by somebody who is still trusted shows that it was there in time; its own like does not.
    let kept = first(&stamped_by(late_tsa(), &stamped), &in_2036());
    assert_eq!((trusted(&kept), kept.level), (Some(true), Some(Level::BT)), "{kept:?}");
    let lost = first(&stamped_by(&pki().tsa, &stamped), &in_2036());
    assert_eq!((trusted(&lost), lost.level), (Some(false), Some(Level::BB)), "{lost:?}");
    // However many there are, it is the last one that must hold.
    let chain = stamped_by(late_tsa(), &stamped_by(&pki().tsa, &stamped));
    assert!(sealflow_pdf::validate(&chain, &in_2036()).unwrap().passed());
    let broken_chain = stamped_by(&pki().tsa, &stamped_by(late_tsa(), &stamped));
    assert!(!sealflow_pdf::validate(&broken_chain, &in_2036()).unwrap().passed());
}

#[test]
fn a_timestamp_from_before_its_authority_was_certified_proves_nothing() {
    let times = ["20340101000000Z", "20500101000000Z"];
    let young_tsa = issue_for("未来的时间戳", p256(), Some(&pki().root), Use::Time, times);
    let signer =
        issue_for("示例", p256(), Some(&pki().root), Use::Sign, ["20250101000000Z", "20500101000000Z"]);
    let report = first(&signed_by(&signer, Some(&young_tsa)), &in_2036());
    assert_eq!(trusted(&report), Some(false), "{report:?}");
}
