//! Timestamps: what they prove, and what is not accepted.

use std::{
    process::Command,
    time::{SystemTime, UNIX_EPOCH},
};

use openssl::sha::sha256;
use sealflow_providers::tsa::{Config, Error, TsaClient};
use sealflow_sandbox::{Fault, Service};

use crate::{LIMITS, World};

fn config(world: &World) -> Config {
    Config {
        url: format!("http://{}/", world.sandbox.addresses.tsa).parse().unwrap(),
        trust_file: Some(world.sandbox.ca_file.clone()),
        limits: LIMITS,
    }
}

#[tokio::test]
async fn openssl_verifies_the_token_over_these_bytes_and_no_others() {
    let world = World::start().await;
    let token = TsaClient::new(config(&world)).unwrap().timestamp(&sha256(b"signature")).await.unwrap();
    let now_ms: i64 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis().try_into().unwrap();
    assert!((now_ms - token.gen_time_ms).abs() < 60_000);

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token.der");
    std::fs::write(&path, &token.der).unwrap();
    let verifies = |bytes: &[u8]| {
        let data = folder.path().join("data");
        std::fs::write(&data, bytes).unwrap();
        let output = Command::new("openssl")
            .args(["ts", "-verify", "-token_in", "-in"])
            .arg(&path)
            .arg("-data")
            .arg(&data)
            .arg("-CAfile")
            .arg(&world.sandbox.ca_file)
            .output()
            .unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (good, said) = verifies(b"signature");
    assert!(good, "{said}");
    assert!(!verifies(b"another signature").0);
}

#[tokio::test]
async fn a_token_under_another_root_is_not_accepted() {
    let world = World::start().await;
    let other = World::start().await;
    let mut config = config(&world);
    config.trust_file = Some(other.sandbox.ca_file.clone());
    let error = TsaClient::new(config).unwrap().timestamp(&sha256(b"a")).await.unwrap_err();
    assert!(matches!(error, Error::Mismatch(_)), "{error:?}");
}

#[tokio::test]
async fn tokens_have_serials_of_their_own() {
    let world = World::start().await;
    let client = TsaClient::new(config(&world)).unwrap();
    let one = client.timestamp(&sha256(b"a")).await.unwrap();
    let two = client.timestamp(&sha256(b"a")).await.unwrap();
    assert_ne!(one.serial, two.serial);
}

#[tokio::test]
async fn each_fault_has_its_ending() {
    let world = World::start().await;
    let client = TsaClient::new(config(&world)).unwrap();
    let digest = sha256(b"a");
    world.fault_once(Service::Tsa, Fault::Status { code: 500 }).await;
    let error = client.timestamp(&digest).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { status: 500, .. }), "{error:?}");
    world.fault_once(Service::Tsa, Fault::Throttle).await;
    let error = client.timestamp(&digest).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { status: 429, retry_after_s: Some(1) }), "{error:?}");
    world.fault_once(Service::Tsa, Fault::Status { code: 404 }).await;
    let error = client.timestamp(&digest).await.unwrap_err();
    assert!(matches!(error, Error::Rejected { status: 404 }), "{error:?}");
    world.fault_once(Service::Tsa, Fault::TimeoutBeforeAccept).await;
    let error = client.timestamp(&digest).await.unwrap_err();
    assert!(matches!(error, Error::Unreached(_)), "{error:?}");
    for fault in [Fault::WrongNonce, Fault::WrongImprint] {
        world.fault_once(Service::Tsa, fault.clone()).await;
        let error = client.timestamp(&digest).await.unwrap_err();
        assert!(matches!(error, Error::Mismatch(_)), "{fault:?}: {error:?}");
    }
    client.timestamp(&digest).await.unwrap();
}
