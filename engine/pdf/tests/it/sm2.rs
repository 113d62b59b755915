//! Why: 国密 signatures are what Chinese authorities ask for, and no other judge at hand knows them.

use std::fs;

use openssl::{
    asn1::Asn1Object,
    hash::{MessageDigest, hash},
    pkey::PKey,
    x509::{X509, X509Crl},
};
use sealflow_pdf::{
    Trust, begin, finish, prepare,
    sign::{
        DigestAlgorithm, Error, LocalSigner, ValidationData, add_validation_data, digest_for,
        revocation_sources,
    },
    sign_with_openssl_key, signed_attributes,
    validate::{RevocationStatus, SignatureReport, SubIndication, Verdict},
};

use crate::{
    levels::first,
    support::{
        contract_fields,
        pdf::{self, Xref},
        person_request,
        pki::{Identity, pki, trust},
        tools::{folder, run},
    },
};

#[test]
fn sm2_signatures_pass_here_and_with_openssl() {
    let house = House::new();
    let (root, signer) = (house.der("root"), house.identity("signer"));
    let chain = vec![signer.certificate.to_der().unwrap(), root.clone()];
    assert_eq!(digest_for(&chain[0]).unwrap(), DigestAlgorithm::Sm3);
    assert_eq!(digest_for(&pki().company.chain()[0]).unwrap(), DigestAlgorithm::Sha256);
    let prepared = prepare(&pdf::file(Xref::Table, 1, 0), &contract_fields(1)).unwrap();
    let request = sealflow_pdf::SignRequest { digest: DigestAlgorithm::Sm3, ..person_request() };
    let begun = begin(&prepared, &request).unwrap();
    let attributes = signed_attributes(&begun.digest, &chain[0]).unwrap();
    let signature = sign_with_openssl_key(&signer.key, &attributes).unwrap();

    let folder = folder(b"");
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    write("attributes", &attributes);
    write("signature", &signature);
    write("public.pem", &signer.key.public_key_to_pem().unwrap());
    let arguments =
        "dgst -sm3 -verify public.pem -signature signature -sigopt distid:1234567812345678 attributes";
    let arguments: Vec<&str> = arguments.split_whitespace().collect();
    let (good, text) = run("openssl", "openssl", &arguments, folder.path());
    assert!(good, "{text}");

    let signed = finish(begun.clone(), &signature, &chain, None).unwrap();
    let local = LocalSigner::new(signer.key.clone(), &chain).unwrap();
    let by_local = local.sign(&begun.digest).unwrap().finish(begun, None).unwrap();
    let sm2_trust = Trust { roots_der: vec![root], ..Trust::default() };
    let report = first(&signed, &sm2_trust);
    assert_eq!(
        (report.verdict, report.signer.as_deref()),
        (Verdict::TotalPassed, Some("SM2-signer")),
        "{report:?}"
    );
    assert_eq!(first(&by_local, &sm2_trust).verdict, Verdict::TotalPassed);
    // Other roots, other times, other bytes.
    assert_eq!(first(&signed, &trust()).sub_indication, Some(SubIndication::NoCertificateChainFound));
    let late = Trust { at_ms: Some(4_102_444_800_000), ..sm2_trust.clone() };
    assert_eq!(first(&signed, &late).sub_indication, Some(SubIndication::OutOfBoundsNoPoe));
    let mut broken = signed.clone();
    let at = broken.windows(8).position(|window| window == b"Contract").unwrap_or(700);
    broken[at] ^= 1;
    assert_eq!(first(&broken, &sm2_trust).verdict, Verdict::TotalFailed);
    // A key on the wrong hash is refused.
    let wrong = begin(&prepared, &person_request()).unwrap();
    let attributes = signed_attributes(&wrong.digest, &chain[0]).unwrap();
    let signature = sign_with_openssl_key(&signer.key, &attributes).unwrap();
    assert!(matches!(local.sign(&wrong.digest), Err(Error::Crypto { .. })));
    assert!(matches!(finish(wrong, &signature, &chain, None), Err(Error::Crypto { .. })));
}

/// What else the SM2 root's people have, made by the `openssl` program: a folder with keys, certificates and a root.
struct House {
    folder: tempfile::TempDir,
}

const IDENTITY: &str = "distid:1234567812345678";

impl House {
    fn new() -> Self {
        let house = Self { folder: folder(b"") };
        let write = |name: &str, text: &str| fs::write(house.folder.path().join(name), text).unwrap();
        house.openssl("ecparam -genkey -name SM2 -noout -out root.key");
        house.openssl(
            "req -new -x509 -sm3 -key root.key -sigopt ID -days 3000 -subj /CN=SM2-Root -out root.pem",
        );
        for (name, purpose) in [
            ("signer", ""),
            ("tsa", "extendedKeyUsage=critical,timeStamping\n"),
            ("responder", "extendedKeyUsage=OCSPSigning\n"),
        ] {
            write("ext", purpose);
            house.openssl(&format!("ecparam -genkey -name SM2 -noout -out {name}.key"));
            house.openssl(&format!(
                "req -new -sm3 -key {name}.key -sigopt ID -subj /CN=SM2-{name} -out {name}.req"
            ));
            house.openssl(&format!(
                "x509 -req -sm3 -in {name}.req -CA root.pem -CAkey root.key -CAcreateserial -days 2000 -vfyopt ID \
                 -sigopt ID -extfile ext -out {name}.pem"
            ));
        }
        write(
            "ca.cnf",
            "[ca]\ndefault_ca=here\n[here]\ndatabase=index\ndefault_md=sm3\ndefault_crl_days=7\n",
        );
        house
    }

    fn openssl(&self, line: &str) {
        let line = line.replace("ID", IDENTITY);
        let arguments: Vec<&str> = line.split_whitespace().collect();
        let (good, text) = run("openssl", "openssl", &arguments, self.folder.path());
        assert!(good, "{line}: {text}");
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.folder.path().join(name)).unwrap()
    }

    fn identity(&self, name: &str) -> Identity {
        let certificate = X509::from_pem(&self.read(&format!("{name}.pem"))).unwrap();
        let key = PKey::private_key_from_pem(&self.read(&format!("{name}.key"))).unwrap();
        Identity { key, certificate }
    }

    fn der(&self, name: &str) -> Vec<u8> {
        self.identity(name).certificate.to_der().unwrap()
    }

    fn trust(&self) -> Trust {
        Trust { roots_der: vec![self.der("root")], ..Trust::default() }
    }

    /// What the authority's books say of the signer: `V` or `R` with times.
    fn book(&self, state: &str) {
        let serial = self.identity("signer").certificate.serial_number().to_bn().unwrap();
        let line = format!("{state}\t{}\tunknown\t/CN=x\n", *serial.to_hex_str().unwrap());
        fs::write(self.folder.path().join("index"), line).unwrap();
    }

    fn ocsp(&self, responder: &str) -> Vec<u8> {
        let question = revocation_sources(&self.der("signer"), &self.der("root")).unwrap().ocsp_request_der;
        fs::write(self.folder.path().join("question"), question).unwrap();
        self.openssl(&format!(
            "ocsp -index index -CA root.pem -rsigner {responder}.pem -rkey {responder}.key -rmd sm3 -rsigopt ID \
             -ndays 7 -reqin question -respout answer"
        ));
        self.read("answer")
    }

    fn crl(&self) -> Vec<u8> {
        self.openssl(
            "ca -gencrl -config ca.cnf -cert root.pem -keyfile root.key -md sm3 -sigopt ID -out crl.pem",
        );
        X509Crl::from_pem(&self.read("crl.pem")).unwrap().to_der().unwrap()
    }

    /// A signed file, with a timestamp token of this authority.
    fn signed(&self, authority: Option<&str>) -> Vec<u8> {
        let chain = [self.der("signer"), self.der("root")];
        let prepared = prepare(&pdf::file(Xref::Table, 1, 0), &contract_fields(1)).unwrap();
        let request = sealflow_pdf::SignRequest { digest: DigestAlgorithm::Sm3, ..person_request() };
        let begun = begin(&prepared, &request).unwrap();
        let local = LocalSigner::new(self.identity("signer").key, &chain).unwrap();
        let signature = local.sign(&begun.digest).unwrap();
        let token = authority.map(|name| token(&self.identity(name), signature.raw()));
        signature.finish(begun, token.as_deref()).unwrap()
    }
}

/// DER of one element.
fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    let head = match content.len() {
        0..=127 => vec![tag, length[1]],
        128..=255 => vec![tag, 0x81, length[1]],
        _ => vec![tag, 0x82, length[0], length[1]],
    };
    [head, content].concat()
}

/// A timestamp token under SM2 and SM3, which the `openssl` program cannot make.
fn token(authority: &Identity, signature: &[u8]) -> Vec<u8> {
    let oid = |name: &str| element(6, &[Asn1Object::from_str(name).unwrap().as_slice()]);
    let sequence = |parts: &[&[u8]]| element(0x30, parts);
    let sm3 = sequence(&[&oid("1.2.156.10197.1.401")]);
    let of_info = oid("1.2.840.113549.1.9.16.1.4");
    let one = element(2, &[&[1]]);
    let hash = |bytes: &[u8]| hash(MessageDigest::sm3(), bytes).unwrap().to_vec();
    let imprint = sequence(&[&sm3, &element(4, &[&hash(signature)])]);
    let info = sequence(&[&one, &oid("1.2.3.4.1"), &imprint, &one, &element(0x18, &[b"20270601120000Z"])]);
    let certificate = authority.certificate.to_der().unwrap();
    let attribute = |name: &str, value: &[u8]| sequence(&[&oid(name), &element(0x31, &[value])]);
    let named = sequence(&[&sequence(&[&sequence(&[&element(4, &[&openssl::sha::sha256(&certificate)])])])]);
    let attributes = [
        attribute("1.2.840.113549.1.9.3", &of_info),
        attribute("1.2.840.113549.1.9.4", &element(4, &[&hash(&info)])),
        attribute("1.2.840.113549.1.9.16.2.47", &named),
    ]
    .concat();
    let raw = sign_with_openssl_key(&authority.key, &element(0x31, &[&attributes])).unwrap();
    let issuer = authority.certificate.issuer_name().to_der().unwrap();
    let serial = authority.certificate.serial_number().to_bn().unwrap().to_vec();
    let signer = sequence(&[
        &one,
        &sequence(&[&issuer, &element(2, &[&[0], &serial])]),
        &sm3,
        &element(0xa0, &[&attributes]),
        &sequence(&[&oid("1.2.156.10197.1.501")]),
        &element(4, &[&raw]),
    ]);
    let content = sequence(&[&of_info, &element(0xa0, &[&element(4, &[&info])])]);
    let signed = sequence(&[
        &element(2, &[&[3]]),
        &element(0x31, &[&sm3]),
        &content,
        &element(0xa0, &[&certificate]),
        &element(0x31, &[&signer]),
    ]);
    sequence(&[&oid("1.2.840.113549.1.7.2"), &element(0xa0, &[&signed])])
}

#[test]
fn sm2_timestamps_count_when_they_are_an_authoritys() {
    let house = House::new();
    let stamp = |file: &[u8]| first(file, &house.trust()).timestamp.unwrap();
    let by_authority = stamp(&house.signed(Some("tsa")));
    assert!(by_authority.trusted, "{by_authority:?}");
    assert_eq!(
        (by_authority.authority.as_deref(), by_authority.time_ms),
        (Some("SM2-tsa"), 1_811_851_200_000)
    );
    let by_signer = stamp(&house.signed(Some("signer")));
    assert!(!by_signer.trusted, "who may sign may not tell the time");
    let mut broken = house.signed(Some("tsa"));
    let time = hex::encode("20270601120000Z");
    let at = broken.windows(time.len()).position(|window| window == time.as_bytes()).unwrap();
    broken[at + 7] = b'8';
    assert!(!stamp(&broken).trusted);
}

#[test]
fn sm2_answers_and_lists_are_the_issuers() {
    let house = House::new();
    let file = house.signed(None);
    let add = |ocsps: Vec<Vec<u8>>, crls: Vec<Vec<u8>>| {
        let data = ValidationData { certificates: vec![house.der("root")], ocsps, crls };
        first(&add_validation_data(&file, &data).unwrap(), &house.trust())
    };
    let status =
        |report: &SignatureReport| (report.revocation[0].status, report.revocation[0].source.clone());
    let says = |status, source: &str| (status, Some(source.to_owned()));
    let unknown = (RevocationStatus::Unknown, None);
    house.book("V\t350101000000Z\t");
    for responder in ["root", "responder"] {
        let good = house.ocsp(responder);
        assert_eq!(
            status(&add(vec![good.clone()], vec![])),
            says(RevocationStatus::Good, "ocsp"),
            "{responder}"
        );
        let mut forged = good;
        let middle = forged.windows(4).position(|window| window == b"2026").unwrap();
        forged[middle + 3] = b'9';
        assert_eq!(status(&add(vec![forged], vec![])), unknown, "{responder}");
    }
    // Certificates that the issuer gave for something else may not answer.
    for other in ["signer", "tsa"] {
        assert_eq!(status(&add(vec![house.ocsp(other)], vec![])), unknown, "{other}");
    }
    let list = house.crl();
    assert_eq!(status(&add(vec![], vec![list.clone()])), says(RevocationStatus::Good, "crl"));
    let mut forged = list;
    let last = forged.len() - 1;
    forged[last] ^= 1;
    assert_eq!(status(&add(vec![], vec![forged])), unknown);

    house.book("R\t350101000000Z\t260101000000Z");
    for (ocsps, crls) in [(vec![house.ocsp("root")], vec![]), (vec![], vec![house.crl()])] {
        let report = add(ocsps, crls);
        assert!(matches!(report.revocation[0].status, RevocationStatus::Revoked { .. }), "{report:?}");
        assert_eq!(report.sub_indication, Some(SubIndication::RevokedNoPoe));
    }
}
