//! Why: signatures of other programs are written in other forms than ours, which are as good: in BER (PDFBox, poppler, LibreOffice),
//! with the signer named by his key, or by RSASSA-PSS, which some smart cards want.

use std::fs;

use sealflow_pdf::{
    PreparedSignature, begin, prepare, validate,
    validate::{SubIndication, Verdict},
};

use crate::support::{
    contract_fields,
    pdf::{self, Xref},
    person_request,
    pki::{Identity, pki, trust},
    tools::{folder, run},
};

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const CONTEXT_0: u8 = 0xa0;
const CONTEXT_1: u8 = 0xa1;

fn begun() -> PreparedSignature {
    let prepared = prepare(&pdf::file(Xref::Table, 1, 0), &contract_fields(1)).unwrap();
    begin(&prepared, &person_request()).unwrap()
}

/// Puts a signature into the hole.
fn put(begun: &PreparedSignature, signature: &[u8]) -> Vec<u8> {
    let (mut file, hole) = (begun.bytes.clone(), begun.byte_range[1] + 1);
    let room = begun.byte_range[2] - begun.byte_range[1] - 2;
    let digits = format!("{:0<room$}", hex::encode(signature));
    assert_eq!(digits.len(), room);
    file[hole..hole + room].copy_from_slice(digits.as_bytes());
    file
}

/// What OpenSSL's own program signs.
fn by_openssl(begun: &PreparedSignature, signer: &Identity, options: &[&str]) -> Vec<u8> {
    let [start, length, rest, rest_length] = begun.byte_range;
    let folder = folder(&[&begun.bytes[start..length], &begun.bytes[rest..rest + rest_length]].concat());
    fs::write(folder.path().join("signer.pem"), signer.certificate.to_pem().unwrap()).unwrap();
    fs::write(folder.path().join("key.pem"), signer.key.private_key_to_pem_pkcs8().unwrap()).unwrap();
    let files = [
        "-in",
        "file.pdf",
        "-out",
        "cms",
        "-signer",
        "signer.pem",
        "-inkey",
        "key.pem",
        "-certfile",
        "ca.pem",
    ];
    let arguments =
        [&["cms", "-sign", "-binary", "-cades", "-md", "sha256", "-outform", "DER"], &files[..], options];
    let (good, text) = run("openssl", "openssl", &arguments.concat(), folder.path());
    assert!(good, "{text}");
    fs::read(folder.path().join("cms")).unwrap()
}

/// Verdict and sub-indication of the only signature.
fn judged(file: &[u8]) -> (Verdict, Option<SubIndication>) {
    let report = validate(file, &trust()).unwrap();
    let [signature] = report.signatures.as_slice() else { panic!("{report:#?}") };
    (signature.verdict, signature.sub_indication)
}

fn passed() -> (Verdict, Option<SubIndication>) {
    (Verdict::TotalPassed, None)
}

fn failed(why: SubIndication) -> (Verdict, Option<SubIndication>) {
    (Verdict::TotalFailed, Some(why))
}

fn indeterminate(why: SubIndication) -> (Verdict, Option<SubIndication>) {
    (Verdict::Indeterminate, Some(why))
}

/// Every element that holds others gets an end mark in place of its length, as deep as is asked for.
fn indefinite(mut der: &[u8], depth: usize) -> Vec<u8> {
    let mut written = Vec::new();
    while let [tag, first, rest @ ..] = der {
        let (length, bytes) = match first {
            0..=0x7f => (usize::from(*first), 0),
            _ => {
                let bytes = usize::from(first & 0x7f);
                (rest[..bytes].iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), bytes)
            }
        };
        let (whole, content) = (&der[..2 + bytes + length], &rest[bytes..bytes + length]);
        if depth > 0 && [SEQUENCE, SET, CONTEXT_0, CONTEXT_1].contains(tag) {
            written.extend([*tag, 0x80]);
            written.extend(indefinite(content, depth - 1));
            written.extend([0, 0]);
        } else {
            written.extend(whole);
        }
        der = &der[whole.len()..];
    }
    written
}

/// The DER in the hole of a file.
fn signature(file: &[u8], begun: &PreparedSignature) -> Vec<u8> {
    let [_, hole, end, _] = begun.byte_range;
    let padded = hex::decode(&file[hole + 1..end - 1]).unwrap();
    let length = 4 + usize::from(u16::from_be_bytes([padded[2], padded[3]]));
    assert_eq!(padded[1], 0x82);
    padded[..length].to_vec()
}

#[test]
fn signatures_may_be_written_in_ber() {
    let begun = begun();
    for timestamped in [false, true] {
        let der = signature(&pki().person.finish(begun.clone(), timestamped), &begun);
        // The outermost element alone, as far as the signed attributes, and with the certificates.
        for depth in [1, 3, 5, 9, 14] {
            let ber = indefinite(&der, depth);
            assert_eq!(judged(&put(&begun, &ber)), passed(), "{depth}");
            let report = validate(&put(&begun, &ber), &trust()).unwrap();
            let trusted = report.signatures[0].timestamp.as_ref().map(|stamp| stamp.trusted);
            assert_eq!(trusted, timestamped.then_some(true), "{depth}");
            let mut other = put(&begun, &ber);
            other[20] ^= 1;
            assert_eq!(judged(&other), failed(SubIndication::HashFailure), "{depth}");
            // Something else stands where the last end mark should be, or behind it.
            for (kept, more) in [(ber.len() - 2, [4, 0x85]), (ber.len(), [0, 1])] {
                let other = put(&begun, &[&ber[..kept], &more].concat());
                assert_eq!(judged(&other), failed(SubIndication::FormatFailure), "{depth}");
            }
        }
    }
}

#[test]
fn the_signer_may_be_named_by_his_key() {
    let begun = begun();
    for signer in [&pki().person, &pki().company] {
        let cms = by_openssl(&begun, signer, &["-keyid"]);
        assert_eq!(judged(&put(&begun, &cms)), passed());
        let id = signer.certificate.subject_key_id().unwrap().as_slice();
        // The certificate says it first, and then who signed.
        let at = cms.windows(id.len()).rposition(|window| window == id).unwrap();
        let mut other = cms.clone();
        other[at] ^= 1;
        assert_eq!(judged(&put(&begun, &other)), indeterminate(SubIndication::NoSigningCertificateFound));
    }
}

#[test]
fn rsassa_pss_is_judged_by_its_parameters() {
    let (begun, company) = (begun(), &pki().company);
    let pss = |more: &[&str]| {
        let options: Vec<&str> =
            ["rsa_padding_mode:pss"].iter().chain(more).flat_map(|option| ["-keyopt", *option]).collect();
        by_openssl(&begun, company, &options)
    };
    for more in [
        [].as_slice(),
        &["rsa_pss_saltlen:digest"],
        &["rsa_pss_saltlen:max"],
        &["rsa_pss_saltlen:20"],
        &["rsa_mgf1_md:sha512"],
    ] {
        let cms = pss(more);
        assert_eq!(judged(&put(&begun, &cms)), passed(), "{more:?}");
        let mut broken = cms.clone();
        *broken.last_mut().unwrap() ^= 1;
        assert_eq!(judged(&put(&begun, &broken)), failed(SubIndication::SigCryptoFailure), "{more:?}");
    }
    assert_eq!(
        judged(&put(&begun, &pss(&["rsa_mgf1_md:sha1"]))),
        indeterminate(SubIndication::CryptoConstraintsFailure)
    );
    // Another salt than was signed with, and another hash than the file's.
    let cms = pss(&["rsa_pss_saltlen:digest"]);
    let (salt, sha256) = ([0xa2, 3, 2, 1, 32], hex::decode("0609608648016503040201").unwrap());
    let find = |bytes: &[u8]| cms.windows(bytes.len()).rposition(|window| window == bytes).unwrap();
    let mut other = cms.clone();
    other[find(&salt) + 4] = 31;
    assert_eq!(judged(&put(&begun, &other)), failed(SubIndication::SigCryptoFailure));
    for (last, why) in [(2, SubIndication::SigCryptoFailure), (9, SubIndication::CryptoConstraintsFailure)] {
        let mut other = cms.clone();
        other[find(&sha256) + sha256.len() - 1] = last;
        assert_eq!(judged(&put(&begun, &other)).1, Some(why));
    }
}
