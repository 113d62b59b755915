//! Certificates: who gets one, for whom it is, and where its chain leads.

use std::{path::PathBuf, process::Command};

use openssl::{
    hash::MessageDigest,
    nid::Nid,
    pkey::PKey,
    x509::{X509, X509NameBuilder, X509ReqBuilder},
};
use sealflow_providers::{
    ca::{CaClient, Chain, Config, Error},
    keystore::{Algorithm, Subject, software::OneOffKey},
};
use sealflow_sandbox::{Config as SandboxConfig, Fault, Sandbox, Service};

use crate::{LIMITS, World};

pub(crate) fn config(world: &World) -> Config {
    Config {
        base_url: format!("https://{}", world.sandbox.addresses.est).parse().unwrap(),
        trust_file: world.sandbox.ca_file.clone(),
        username: "sealflow".into(),
        password: "sandbox-est-password".into(),
        limits: LIMITS,
    }
}

fn subject() -> Subject {
    Subject {
        common_name: "示例签署人".into(),
        organization: Some("示例采购有限公司".into()),
        serial_number: Some("0a1b2c".into()),
    }
}

fn request() -> (OneOffKey, Vec<u8>) {
    let key = OneOffKey::generate(Algorithm::P256).unwrap();
    let csr = key.csr(&subject()).unwrap();
    (key, csr)
}

#[tokio::test]
async fn the_certificate_names_the_signer_and_leads_to_the_root() {
    let world = World::start().await;
    let client = CaClient::new(config(&world)).unwrap();
    let (key, csr) = request();
    let chain = client.enroll(&csr).await.unwrap();
    let leaf = X509::from_der(&chain.leaf).unwrap();
    let issuing = X509::from_der(&chain.intermediates[0]).unwrap();
    let root = X509::from_der(&chain.root).unwrap();

    assert_eq!(leaf.public_key().unwrap().public_key_to_der().unwrap(), key.public_key_der().unwrap());
    assert!(leaf.verify(&issuing.public_key().unwrap()).unwrap());
    assert!(issuing.verify(&root.public_key().unwrap()).unwrap());
    assert_eq!(root.to_pem().unwrap(), std::fs::read(&world.sandbox.ca_file).unwrap());
    assert_eq!(chain.intermediates.len(), 1);

    let entry = |nid| leaf.subject_name().entries_by_nid(nid).next().unwrap().data().to_string().unwrap();
    assert_eq!(entry(Nid::COMMONNAME), "示例签署人");
    assert_eq!(entry(Nid::ORGANIZATIONNAME), "示例采购有限公司");
    assert_eq!(entry(Nid::SERIALNUMBER), "0a1b2c");
    let text = String::from_utf8(leaf.to_text().unwrap()).unwrap();
    assert!(text.contains("Digital Signature, Non Repudiation"), "{text}");
    assert_eq!(world.get("api/certificates").await[0]["common_name"], "示例签署人");
}

/// What the `openssl` program says of both steps of a chain. For SM2 it is told the identity, which it gives to one
/// certificate at a time only.
fn openssl_accepts(chain: &Chain, identity: &[&str]) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let pem = |der: &[u8]| X509::from_der(der).unwrap().to_pem().unwrap();
    for (name, der) in [("leaf", &chain.leaf), ("issuing", &chain.intermediates[0]), ("root", &chain.root)] {
        std::fs::write(folder.path().join(name), pem(der)).unwrap();
    }
    [("root", "issuing"), ("issuing", "leaf")].into_iter().all(|(issuer, certificate)| {
        let mut openssl = Command::new("openssl");
        openssl.args(["verify", "-partial_chain", "-CAfile", issuer]).args(identity).arg(certificate);
        openssl.current_dir(folder.path()).output().unwrap().status.success()
    })
}

#[tokio::test]
async fn keys_of_all_kinds_are_certified() {
    let world = World::start().await;
    let client = CaClient::new(config(&world)).unwrap();
    for algorithm in [Algorithm::Rsa2048, Algorithm::Rsa3072, Algorithm::P256, Algorithm::Sm2] {
        let key = OneOffKey::generate(algorithm).unwrap();
        let chain = client.enroll(&key.csr(&subject()).unwrap()).await.unwrap();
        let leaf = X509::from_der(&chain.leaf).unwrap();
        assert_eq!(leaf.public_key().unwrap().public_key_to_der().unwrap(), key.public_key_der().unwrap());
        let is_sm2 = algorithm == Algorithm::Sm2;
        let root = if is_sm2 { &world.sandbox.sm2_ca_file } else { &world.sandbox.ca_file };
        assert_eq!(
            X509::from_der(&chain.root).unwrap().to_pem().unwrap(),
            std::fs::read(root).unwrap(),
            "{algorithm:?}"
        );
        assert_eq!(openssl_accepts(&chain, &[]), !is_sm2, "{algorithm:?} without identity");
        if is_sm2 {
            assert!(openssl_accepts(&chain, &["-vfyopt", "distid:1234567812345678"]), "with identity");
        }
    }
}

#[tokio::test]
async fn an_sm2_request_must_prove_its_key_too() {
    let world = World::start().await;
    let client = CaClient::new(config(&world)).unwrap();
    let key = OneOffKey::generate(Algorithm::Sm2).unwrap();
    let mut csr = key.csr(&subject()).unwrap();
    let at = csr.windows(15).position(|bytes| bytes == "示例签署人".as_bytes()).unwrap();
    csr[at + 2] ^= 1;
    let error = client.enroll(&csr).await.unwrap_err();
    assert!(matches!(error, Error::Rejected { status: 400 }), "{error:?}");
    // A signature without the identity, as OpenSSL makes it when it is not told, proves nothing here.
    let key = sealflow_sm2::generate().unwrap();
    let key = PKey::private_key_from_pkcs8(&key.private_key_to_pkcs8().unwrap()).unwrap();
    let mut request = X509ReqBuilder::new().unwrap();
    let mut name = X509NameBuilder::new().unwrap();
    name.append_entry_by_text("CN", "示例签署人").unwrap();
    request.set_subject_name(&name.build()).unwrap();
    request.set_pubkey(&key).unwrap();
    request.sign(&key, MessageDigest::sm3()).unwrap();
    let error = client.enroll(&request.build().to_der().unwrap()).await.unwrap_err();
    assert!(matches!(error, Error::Rejected { status: 400 }), "{error:?}");
    assert_eq!(world.get("api/certificates").await, serde_json::json!([]));
}

#[tokio::test]
async fn the_authority_shows_its_own_certificates() {
    let world = World::start().await;
    let certificates = CaClient::new(config(&world)).unwrap().ca_certificates().await.unwrap();
    let root = X509::from_pem(&std::fs::read(&world.sandbox.ca_file).unwrap()).unwrap().to_der().unwrap();
    let sm2_root = X509::from_pem(&std::fs::read(&world.sandbox.sm2_ca_file).unwrap()).unwrap();
    // An issuing authority under each.
    assert_eq!(certificates.len(), 4);
    assert!(certificates.contains(&root) && certificates.contains(&sm2_root.to_der().unwrap()));
}

#[tokio::test]
async fn a_wrong_password_gets_no_certificate() {
    let world = World::start().await;
    let mut config = config(&world);
    config.password = "wrong".into();
    let error = CaClient::new(config).unwrap().enroll(&request().1).await.unwrap_err();
    assert!(matches!(error, Error::Rejected { status: 401 }), "{error:?}");
    assert_eq!(world.get("api/certificates").await, serde_json::json!([]));
}

#[tokio::test]
async fn a_request_that_does_not_prove_its_key_gets_no_certificate() {
    let world = World::start().await;
    let (_, mut csr) = request();
    // The common name is before the signature, which then no longer fits.
    let at = csr.windows(15).position(|bytes| bytes == "示例签署人".as_bytes()).unwrap();
    csr[at + 2] ^= 1;
    let error = CaClient::new(config(&world)).unwrap().enroll(&csr).await.unwrap_err();
    assert!(matches!(error, Error::Rejected { status: 400 }), "{error:?}");
}

#[tokio::test]
async fn a_server_that_the_pinned_root_does_not_know_is_not_spoken_to() {
    let world = World::start().await;
    let other = World::start().await;
    let mut config = config(&world);
    config.trust_file = other.sandbox.ca_file.clone();
    let error = CaClient::new(config).unwrap().enroll(&request().1).await.unwrap_err();
    assert!(matches!(error, Error::Unreached(_)), "{error:?}");
    assert_eq!(world.get("api/certificates").await, serde_json::json!([]));
}

#[tokio::test]
async fn each_fault_has_its_ending() {
    let world = World::start().await;
    let client = CaClient::new(config(&world)).unwrap();
    let (_, csr) = request();

    world.fault_once(Service::Est, Fault::Status { code: 202 }).await;
    let error = client.enroll(&csr).await.unwrap_err();
    assert!(matches!(error, Error::Pending { retry_after_s: Some(1) }), "{error:?}");
    world.fault_once(Service::Est, Fault::Status { code: 503 }).await;
    let error = client.enroll(&csr).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { status: 503, retry_after_s: Some(1) }), "{error:?}");
    world.fault_once(Service::Est, Fault::Throttle).await;
    let error = client.enroll(&csr).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { status: 429, .. }), "{error:?}");
    world.fault_once(Service::Est, Fault::TimeoutAfterAccept).await;
    let error = client.enroll(&csr).await.unwrap_err();
    assert!(matches!(error, Error::Unreached(_)), "{error:?}");
    client.enroll(&csr).await.unwrap();
}

/// A request is known by its bytes: it may wait for a person, its answer may be lost, and it is one certificate.
#[tokio::test]
async fn a_request_that_is_sent_again_is_the_same_request() {
    let world = World::start().await;
    let client = CaClient::new(config(&world)).unwrap();
    let ((_, csr), (_, other)) = (request(), request());
    for fault in [Fault::Status { code: 202 }, Fault::Status { code: 202 }, Fault::TimeoutAfterAccept] {
        world.fault_once(Service::Est, fault).await;
        client.enroll(&csr).await.unwrap_err();
    }
    let chain = client.enroll(&csr).await.unwrap();
    assert_eq!(client.enroll(&csr).await.unwrap(), chain);
    assert_ne!(client.enroll(&other).await.unwrap().leaf, chain.leaf);
    let enrolments = world.get("api/enrolments").await;
    let told = |at: usize| (enrolments[at]["asked"].clone(), enrolments[at]["issued"].clone());
    assert_eq!((told(0), told(1)), ((1.into(), true.into()), (5.into(), true.into())));
    assert_eq!(world.get("api/certificates").await.as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_password_never_goes_over_plain_http() {
    let world = World::start().await;
    let mut config = config(&world);
    config.base_url = "http://127.0.0.1:1".parse().unwrap();
    assert!(matches!(CaClient::new(config), Err(Error::NotHttps)));
    let mut config = self::config(&world);
    config.trust_file = PathBuf::from("/nonexistent/ca.pem");
    assert!(matches!(CaClient::new(config), Err(Error::Setup(_))));
}

#[tokio::test]
async fn the_authority_is_the_same_after_a_restart_and_another_one_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let start = async |name: &str| {
        let config =
            SandboxConfig::on_free_ports(folder.path().join(name), "http://127.0.0.1:8080".parse().unwrap());
        let running = Sandbox::start(config).await.unwrap();
        let root = std::fs::read(&running.ca_file).unwrap();
        running.stop().await;
        root
    };
    let first = start("one").await;
    assert_eq!(first, start("one").await);
    assert_ne!(first, start("two").await);
}
