//! What the authority says about its certificates, as `openssl` and the client hear it.

use std::{path::Path, process::Command};

use openssl::{
    hash::MessageDigest,
    ocsp::{OcspCertId, OcspRequest},
    x509::X509,
};
use sealflow_providers::{
    ca::CaClient,
    keystore::{Algorithm, Subject, software::OneOffKey},
    revocation::{Config, Error, RevocationClient},
};
use sealflow_sandbox::{Config as SandboxConfig, Fault, Sandbox, Service};

use crate::{LIMITS, World};

/// A signer's certificate and its issuer's.
async fn issued(world: &World) -> (X509, X509) {
    let config = crate::ca::config(world);
    let subject =
        Subject {
            common_name: "示例签署人".into(), organization: None, serial_number: Some("1".into())
        };
    let csr = OneOffKey::generate(Algorithm::P256).unwrap().csr(&subject).unwrap();
    let chain = CaClient::new(config).unwrap().enroll(&csr).await.unwrap();
    (X509::from_der(&chain.leaf).unwrap(), X509::from_der(&chain.intermediates[0]).unwrap())
}

fn client() -> RevocationClient {
    RevocationClient::new(Config { limits: LIMITS }).unwrap()
}

fn question(certificate: &X509, issuer: &X509) -> Vec<u8> {
    let mut request = OcspRequest::new().unwrap();
    request.add_id(OcspCertId::from_cert(MessageDigest::sha1(), certificate, issuer).unwrap()).unwrap();
    request.to_der().unwrap()
}

fn ocsp_url(certificate: &X509) -> String {
    certificate.ocsp_responders().unwrap()[0].to_string()
}

fn crl_url(certificate: &X509) -> String {
    let points = certificate.crl_distribution_points().unwrap();
    points[0].distpoint().unwrap().fullname().unwrap()[0].uri().unwrap().to_owned()
}

fn serial(certificate: &X509) -> String {
    certificate.serial_number().to_bn().unwrap().to_hex_str().unwrap().to_lowercase()
}

impl World {
    async fn revoke(&self, serial: &str) -> u16 {
        let url = format!("{}api/certificates/{serial}/revocation", self.sandbox.page());
        self.http.put(url).send().await.unwrap().status().as_u16()
    }
}

/// What the `openssl` program says, asking the responder itself and reading the list itself.
fn openssl_says(folder: &Path, world: &World, certificate: &X509, issuer: &X509, crl: &[u8]) -> String {
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.join(name), bytes).unwrap();
    write("one.pem", &certificate.to_pem().unwrap());
    write("issuer.pem", &issuer.to_pem().unwrap());
    write("list.crl", crl);
    std::fs::copy(&world.sandbox.ca_file, folder.join("root.pem")).unwrap();
    let mut said = String::new();
    for arguments in [
        format!(
            "ocsp -issuer issuer.pem -cert one.pem -url {} -CAfile root.pem -no_cert_checks",
            ocsp_url(certificate)
        ),
        "crl -inform DER -in list.crl -CAfile issuer.pem -noout -text".to_owned(),
    ] {
        let output = Command::new("openssl")
            .args(arguments.split_whitespace())
            .current_dir(folder)
            .env_remove("http_proxy")
            .output()
            .unwrap();
        said += &String::from_utf8_lossy(&output.stdout);
        said += &String::from_utf8_lossy(&output.stderr);
    }
    said
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openssl_hears_of_a_certificate_that_was_taken_back() {
    let world = World::start().await;
    let (certificate, issuer) = issued(&world).await;
    let folder = tempfile::tempdir().unwrap();
    let list = client().crl(&crl_url(&certificate)).await.unwrap();
    let said = openssl_says(folder.path(), &world, &certificate, &issuer, &list);
    assert!(said.contains("Response verify OK") && said.contains("one.pem: good"), "{said}");
    assert!(said.contains("verify OK") && said.contains("No Revoked Certificates"), "{said}");

    assert_eq!(world.revoke(&serial(&certificate)).await, 204);
    assert_eq!(world.revoke("00ff").await, 404);
    assert!(world.get("api/certificates").await[0]["revoked_at_ms"].is_i64());
    let list = client().crl(&crl_url(&certificate)).await.unwrap();
    let said = openssl_says(folder.path(), &world, &certificate, &issuer, &list);
    assert!(said.contains("Response verify OK") && said.contains("one.pem: revoked"), "{said}");
    assert!(said.contains(&format!("Serial Number: {}", serial(&certificate).to_uppercase())), "{said}");
}

#[tokio::test]
async fn issuers_are_published_up_to_the_root() {
    let world = World::start().await;
    let (certificate, issuer) = issued(&world).await;
    let text = String::from_utf8(certificate.to_text().unwrap()).unwrap();
    let address = |text: &str| {
        let line = text.lines().find(|line| line.contains("CA Issuers")).unwrap();
        line.split("URI:").nth(1).unwrap().trim().to_owned()
    };
    let fetched = client().certificate(&address(&text)).await.unwrap();
    assert_eq!(fetched, issuer.to_der().unwrap());
    let text = String::from_utf8(issuer.to_text().unwrap()).unwrap();
    let root = X509::from_der(&client().certificate(&address(&text)).await.unwrap()).unwrap();
    assert_eq!(root.to_pem().unwrap(), std::fs::read(&world.sandbox.ca_file).unwrap());
    // The root itself names nobody above it.
    assert!(!String::from_utf8(root.to_text().unwrap()).unwrap().contains("CA Issuers"));
    let list = client().crl(&crl_url(&issuer)).await.unwrap();
    let list = openssl::x509::X509Crl::from_der(&list).unwrap();
    assert!(list.verify(&root.public_key().unwrap()).unwrap());
}

#[tokio::test]
async fn each_fault_has_its_ending() {
    let world = World::start().await;
    let (certificate, issuer) = issued(&world).await;
    let (client, ocsp, crl) = (client(), ocsp_url(&certificate), crl_url(&certificate));
    let question = question(&certificate, &issuer);

    world.fault_once(Service::Ocsp, Fault::Status { code: 503 }).await;
    let error = client.ocsp(&ocsp, &question).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { status: 503, .. }) && error.is_transient(), "{error:?}");
    world.fault_once(Service::Ocsp, Fault::Throttle).await;
    let error = client.ocsp(&ocsp, &question).await.unwrap_err();
    assert!(matches!(error, Error::TryLater { .. }) && error.is_transient(), "{error:?}");
    world.fault_once(Service::Ocsp, Fault::TimeoutAfterAccept).await;
    let error = client.ocsp(&ocsp, &question).await.unwrap_err();
    assert!(matches!(error, Error::Unreached { .. }) && error.is_transient(), "{error:?}");
    let error = client.ocsp(&ocsp, b"no question").await.unwrap_err();
    assert!(matches!(error, Error::Refused { .. }) && !error.is_transient(), "{error:?}");
    // About another authority's certificate it has no say.
    let other = issued(&World::start().await).await;
    let error = client.ocsp(&ocsp, &self::question(&other.0, &other.1)).await.unwrap_err();
    assert!(matches!(error, Error::Refused { .. }), "{error:?}");
    client.ocsp(&ocsp, &question).await.unwrap();

    world.fault_once(Service::Crl, Fault::Status { code: 404 }).await;
    let error = client.crl(&crl).await.unwrap_err();
    assert!(matches!(error, Error::Refused { .. }), "{error:?}");
    let error = client.crl(&format!("{}ca.pem", world.sandbox.page())).await.unwrap_err();
    assert!(matches!(error, Error::Malformed { .. }), "{error:?}");
    for wrong in ["ldap://ca.example/cn=x", "no address", &format!("http://{}", "a".repeat(3_000))] {
        assert!(matches!(client.crl(wrong).await, Err(Error::Address)), "{wrong}");
    }
    client.crl(&crl).await.unwrap();
}

#[tokio::test]
async fn a_certificate_stays_taken_back_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let start = async || {
        let config = SandboxConfig::on_free_ports(folder.path(), "http://127.0.0.1:8080".parse().unwrap());
        World {
            sandbox: Sandbox::start(config).await.unwrap(),
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            _folder: tempfile::tempdir().unwrap(),
        }
    };
    let first = start().await;
    let (certificate, _) = issued(&first).await;
    assert_eq!(first.revoke(&serial(&certificate)).await, 204);
    first.sandbox.stop().await;
    let second = start().await;
    // The ports are others now, and so are the addresses in what is issued from now on.
    let (newer, _) = issued(&second).await;
    let list = client().crl(&crl_url(&newer)).await.unwrap();
    let list = openssl::x509::X509Crl::from_der(&list).unwrap();
    assert!(matches!(list.get_by_cert(&certificate), openssl::x509::CrlStatus::Revoked(_)));
    assert!(matches!(list.get_by_cert(&newer), openssl::x509::CrlStatus::NotRevoked));
}
