//! What is stamped waits for a timestamp that proves something, ever more patiently, and costs nobody else anything meanwhile.

use openssl::x509::X509;
use sealflow_pdf::{
    Trust, validate,
    validate::{Level, Verdict},
};
use sealflow_sandbox::{Config, Fault, Sandbox, Service};
use sealflow_store::{
    documents::{self, RevisionKind},
    jobs::{JobSummary, State, WAITS_FOR_TIMESTAMP},
};
use sealflow_tests::{db::TestStore, on_both};
use serde_json::Value;

use super::{Contract, Gate, JobId, Platform, contract, prepare, stamp};
use crate::{
    api::World,
    jobs::puppet::{end_rest, wait_for, wait_for_state},
};

impl Platform {
    /// Has timestamps go wrong until they are right again.
    async fn stamps(&self, fault: Option<Fault>) {
        self.fault(fault.map(|fault| (Service::Tsa, fault))).await;
    }

    /// How many certificates were issued to signers.
    pub(super) async fn certificates(&self) -> usize {
        let url = format!("{}api/certificates", self.vendors.page());
        let list: Value = reqwest::get(url).await.unwrap().json().await.unwrap();
        list.as_array().unwrap().len()
    }
}

/// Waits until the job waits for the authority with these words, and tells how long it rests, in seconds.
async fn rest_s(world: &World, job: JobId, words: &str) -> i64 {
    let waits = |job: &JobSummary| {
        let reason = job.last_error.as_deref().unwrap_or_default();
        job.state == State::Available
            && job.run_at.as_ms() > 0
            && reason.starts_with(WAITS_FOR_TIMESTAMP)
            && reason.contains(words)
    };
    let found = wait_for(&world.db.store, job, |job| job.state == State::Dead || waits(job)).await;
    assert_eq!(found.state, State::Available, "{:?}", found.last_error);
    assert_eq!(found.attempts, 0, "waiting was counted");
    let now = world.tx().await.now();
    (found.run_at.as_ms() - now.as_ms() + 999) / 1_000
}

/// The document's newest revision, when it was signed.
pub(super) async fn signed(world: &World, contract: &Contract) -> Option<Vec<u8>> {
    let mut read = world.db.store.read().await.unwrap();
    let newest = documents::get(&mut read, contract.document).await.unwrap().unwrap().newest;
    if newest.kind != RevisionKind::Signed {
        return None;
    }
    Some(world.db.store.blobs().get(&newest.sha256).await.unwrap().to_vec())
}

fn assert_stamped(file: &[u8], trust: &Trust) {
    let report = validate(file, trust).unwrap();
    let one = &report.signatures[0];
    assert_eq!((one.verdict, one.level), (Verdict::TotalPassed, Some(Level::BT)), "{report:#?}");
}

async fn a_timestamp_that_proves_nothing_is_waited_out_at_no_cost(db: TestStore) {
    let world = World::open(db).await;
    let contract = contract(&world).await;
    let mut platform = Platform::start(&world.db, 1, "").await;
    prepare(&world, &contract).await;
    platform.stamps(Some(Fault::Sha1Signature)).await;
    let job = stamp(&world, &contract, contract.recipients[0], "stamp").await;
    let first = rest_s(&world, job, "hash algorithm").await;
    assert!((1..=5).contains(&first), "{first} s");
    assert_eq!(platform.certificates().await, 1);

    // As long as it is away it is asked first, and nobody is asked for anything else.
    let not_now = |status, failure| Fault::NotGranted { status, failure };
    for (fault, words, longest_s) in [
        (not_now(2, Some(14)), "timeNotAvailable", 10),
        (not_now(3, None), "status 3", 20),
        (Fault::Status { code: 404 }, "404", 40),
        (Fault::Status { code: 302 }, "302", 80),
    ] {
        platform.stamps(Some(fault)).await;
        end_rest(&world.db.store, job).await;
        let rest = rest_s(&world, job, words).await;
        assert!((longest_s / 2 + 1..=longest_s).contains(&rest), "{words}: {rest} s");
    }
    assert_eq!(platform.certificates().await, 1);
    assert!(signed(&world, &contract).await.is_none());

    platform.stamps(Some(Fault::FractionalSeconds)).await;
    end_rest(&world.db.store, job).await;
    wait_for_state(&world.db.store, job, State::Done).await;
    assert_eq!(platform.certificates().await, 1, "the certificate that was there is good");
    assert_stamped(&signed(&world, &contract).await.unwrap(), &platform.trust());
    platform.running.stop().await.unwrap();
}

async fn a_definite_no_is_for_a_person(db: TestStore) {
    let world = World::open(db).await;
    let contract = contract(&world).await;
    let mut platform = Platform::start(&world.db, 1, "").await;
    prepare(&world, &contract).await;
    for (fault, words) in [
        (Fault::NotGranted { status: 2, failure: Some(0) }, "badAlg"),
        (Fault::Status { code: 403 }, "the TSA refuses with 403"),
    ] {
        platform.stamps(Some(fault)).await;
        let job = stamp(&world, &contract, contract.recipients[0], words).await;
        let dead = wait_for_state(&world.db.store, job, State::Dead).await;
        assert!(dead.last_error.as_deref().is_some_and(|why| why.contains(words)), "{dead:?}");
    }
    assert!(signed(&world, &contract).await.is_none());
    platform.running.stop().await.unwrap();
}

/// The client of the authority is told no roots, so that only the second look sees to whom the timestamp leads.
async fn a_signature_does_not_come_out_weaker_than_it_should_be(db: TestStore) {
    let world = World::open(db).await;
    let contract = contract(&world).await;
    let folder = tempfile::tempdir().unwrap();
    let strangers = Config::on_free_ports(folder.path(), "http://127.0.0.1:8080".parse().unwrap());
    let stranger = Sandbox::start(strangers).await.unwrap();
    let gate = Gate::before(stranger.addresses.tsa, 1).await;
    let mut platform =
        Platform::start_with(&world.db, "", async |_| gate, &["SEALFLOW_TSA__TRUST_FILE"]).await;
    prepare(&world, &contract).await;
    let job = stamp(&world, &contract, contract.recipients[0], "stamp").await;
    rest_s(&world, job, "its timestamp proves nothing: the certificate's chain").await;
    assert!(signed(&world, &contract).await.is_none());

    platform.running.stop().await.unwrap();
    let root = X509::from_pem(&std::fs::read(&stranger.ca_file).unwrap()).unwrap().to_der().unwrap();
    let trusted = stranger.ca_file.to_str().unwrap().to_owned();
    platform.program.settings.push(("SEALFLOW_TSA__TRUST_FILE".to_owned(), trusted));
    platform.running = platform.program.start("").unwrap();
    end_rest(&world.db.store, job).await;
    wait_for_state(&world.db.store, job, State::Done).await;
    let mut trust = platform.trust();
    trust.roots_der.push(root);
    assert_stamped(&signed(&world, &contract).await.unwrap(), &trust);
    platform.running.stop().await.unwrap();
}

on_both!(
    a_definite_no_is_for_a_person,
    a_signature_does_not_come_out_weaker_than_it_should_be,
    a_timestamp_that_proves_nothing_is_waited_out_at_no_cost,
);
