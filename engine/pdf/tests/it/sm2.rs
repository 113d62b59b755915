//! Why: 国密 signatures are what Chinese authorities ask for, and no other judge at hand knows them.

use std::fs;

use sealflow_pdf::{
    Trust, begin, finish, prepare,
    sign::{DigestAlgorithm, Error, LocalSigner, digest_for},
    sign_with_openssl_key, signed_attributes,
    validate::Verdict,
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

/// A root and a signer's certificate that the `openssl` program made with SM2, and the signer's key.
fn sm2() -> (Vec<u8>, Identity) {
    let folder = folder(b"");
    let steps = "ecparam -genkey -name SM2 -noout -out root.key
        req -new -x509 -sm3 -key root.key -sigopt distid:1234567812345678 -days 3000 -subj /CN=SM2-Root -out root.pem
        ecparam -genkey -name SM2 -noout -out key.pem
        req -new -sm3 -key key.pem -sigopt distid:1234567812345678 -subj /CN=SM2-Signer -out request.pem
        x509 -req -sm3 -in request.pem -CA root.pem -CAkey root.key -CAcreateserial -days 2000 \
        -vfyopt distid:1234567812345678 -sigopt distid:1234567812345678 -out signer.pem";
    for step in steps.replace("\\\n", " ").lines() {
        let arguments: Vec<&str> = step.split_whitespace().collect();
        let (good, text) = run("openssl", "openssl", &arguments, folder.path());
        assert!(good, "{step}: {text}");
    }
    let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
    let certificate = openssl::x509::X509::from_pem(&read("signer.pem")).unwrap();
    let key = openssl::pkey::PKey::private_key_from_pem(&read("key.pem")).unwrap();
    let root = openssl::x509::X509::from_pem(&read("root.pem")).unwrap();
    (root.to_der().unwrap(), Identity { key, certificate })
}

#[test]
fn sm2_signatures_pass_here_and_with_openssl() {
    let (root, signer) = sm2();
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
        (Verdict::TotalPassed, Some("SM2-Signer")),
        "{report:?}"
    );
    assert_eq!(first(&by_local, &sm2_trust).verdict, Verdict::TotalPassed);
    // Other roots, other times, other bytes.
    assert_eq!(first(&signed, &trust()).sub_indication.as_deref(), Some("NO_CERTIFICATE_CHAIN_FOUND"));
    let late = Trust { at_ms: Some(4_102_444_800_000), ..sm2_trust.clone() };
    assert_eq!(first(&signed, &late).sub_indication.as_deref(), Some("OUT_OF_BOUNDS_NO_POE"));
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
