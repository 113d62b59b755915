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
    let error = TsaClient::new(config.clone()).unwrap().timestamp(&sha256(b"a")).await.unwrap_err();
    assert!(matches!(error, Error::NotAccepted(_)), "{error:?}");
    config.trust_file = None;
    TsaClient::new(config).unwrap().timestamp(&sha256(b"a")).await.unwrap();
}

#[tokio::test]
async fn a_token_that_would_prove_nothing_is_not_accepted() {
    let world = World::start().await;
    let mut config = config(&world);
    let strict = TsaClient::new(config.clone()).unwrap();
    config.trust_file = None;
    let trusting = TsaClient::new(config).unwrap();
    let digest = sha256(b"a");
    for (fault, words) in [
        (Fault::Sha1Signature, "hash algorithm 1.3.14.3.2.26"),
        (Fault::UnnamedCertificate, "signing-certificate attribute"),
        (Fault::WrongImprint, "another digest"),
    ] {
        for client in [&strict, &trusting] {
            world.fault_once(Service::Tsa, fault.clone()).await;
            let error = client.timestamp(&digest).await.unwrap_err();
            assert!(!error.is_definite(), "{error:?}");
            let fits = matches!(&error, Error::NotAccepted(why) if why.to_string().contains(words));
            assert!(fits, "{fault:?}: {error:?}");
        }
    }
    strict.timestamp(&digest).await.unwrap();
}

#[tokio::test]
async fn a_clock_may_be_a_little_wrong() {
    let world = World::start().await;
    let mut config = config(&world);
    let strict = TsaClient::new(config.clone()).unwrap();
    config.trust_file = None;
    let trusting = TsaClient::new(config).unwrap();
    let digest = sha256(b"a");
    for ahead_s in [-60, 500] {
        world.fault_once(Service::Tsa, Fault::WrongClock { ahead_s }).await;
        trusting.timestamp(&digest).await.unwrap();
    }
    world.fault_once(Service::Tsa, Fault::WrongClock { ahead_s: 7_200 }).await;
    let error = trusting.timestamp(&digest).await.unwrap_err();
    let fits = matches!(error, Error::Clock { apart_s } if (apart_s - 7_200).abs() < 60);
    assert!(fits, "{error:?}");
    world.fault_once(Service::Tsa, Fault::WrongClock { ahead_s: -34_560_000 }).await;
    let error = strict.timestamp(&digest).await.unwrap_err();
    assert!(matches!(error, Error::NotAccepted(_)), "before the certificate began: {error:?}");
}

#[tokio::test]
async fn fractions_of_a_second_are_read() {
    let world = World::start().await;
    world.fault_once(Service::Tsa, Fault::FractionalSeconds).await;
    let token = TsaClient::new(config(&world)).unwrap().timestamp(&sha256(b"a")).await.unwrap();
    assert_eq!(token.gen_time_ms % 1_000, 250);
}

#[tokio::test]
async fn what_the_authority_says_for_now_is_not_its_last_word() {
    let world = World::start().await;
    let client = TsaClient::new(config(&world)).unwrap();
    let digest = sha256(b"a");
    let refused = |status, failure| Fault::NotGranted { status, failure };
    for (fault, is_definite, words) in [
        (refused(2, Some(14)), false, "timeNotAvailable"),
        (refused(2, Some(25)), false, "systemFailure"),
        (refused(3, None), false, "status 3"),
        (refused(2, Some(0)), true, "badAlg"),
        (refused(2, Some(2)), true, "badRequest"),
        (refused(2, None), true, "status 2"),
        (Fault::Status { code: 302 }, false, "302"),
        (Fault::Status { code: 404 }, false, "404"),
        (Fault::Status { code: 408 }, false, "408"),
        (Fault::Status { code: 503 }, false, "503"),
        (Fault::Status { code: 400 }, true, "400"),
        (Fault::Status { code: 401 }, true, "401"),
        (Fault::Status { code: 403 }, true, "403"),
    ] {
        world.fault_once(Service::Tsa, fault.clone()).await;
        let error = client.timestamp(&digest).await.unwrap_err();
        assert_eq!(error.is_definite(), is_definite, "{fault:?}: {error:?}");
        assert!(error.to_string().contains(words), "{error}");
    }
    client.timestamp(&digest).await.unwrap();
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
    world.fault_once(Service::Tsa, Fault::Status { code: 403 }).await;
    let error = client.timestamp(&digest).await.unwrap_err();
    assert!(matches!(error, Error::Rejected { status: 403 }), "{error:?}");
    world.fault_once(Service::Tsa, Fault::TimeoutBeforeAccept).await;
    let error = client.timestamp(&digest).await.unwrap_err();
    assert!(matches!(error, Error::Unreached(_)), "{error:?}");
    world.fault_once(Service::Tsa, Fault::WrongNonce).await;
    let error = client.timestamp(&digest).await.unwrap_err();
    assert!(matches!(error, Error::Mismatch(_)), "{error:?}");
    client.timestamp(&digest).await.unwrap();
}
