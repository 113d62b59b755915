//! One certificate for one signing, whatever comes between: an authority that decides later, one that stamps later, a process that
//! dies, a second delivery. The key is kept for it, never in clear, and not longer than the job.

use openssl::{pkey::PKey, x509::X509Req};
use sealflow_providers::keystore::{Algorithm, WrappingKey, software::OneOffKey};
use sealflow_sandbox::{Fault, Service};
use sealflow_store::jobs::{State, WAITS_FOR_CA};
use sealflow_tests::{db::TestStore, on_both, process::was_killed};
use serde_json::Value;

use super::{Contract, JobId, Platform, contract, prepare, stamp, waits::signed};
use crate::{
    api::World,
    jobs::puppet::{end_rest, in_time, wait_for, wait_for_state},
};

on_both!(
    a_process_that_dies_costs_no_second_certificate,
    a_request_that_was_refused_is_not_sent_again,
    a_second_delivery_beside_the_first_has_the_same_certificate,
    an_authority_that_decides_later_is_asked_for_the_same,
);

impl Platform {
    /// What the certification authority was asked for: how often each request came, and whether it was granted.
    pub(super) async fn enrolments(&self) -> Vec<(u64, bool)> {
        let url = format!("{}api/enrolments", self.vendors.page());
        let list: Vec<Value> = reqwest::get(url).await.unwrap().json().await.unwrap();
        list.iter().map(|one| (one["asked"].as_u64().unwrap(), one["issued"].as_bool().unwrap())).collect()
    }

    /// Has the certification authority answer with this status until it is told otherwise.
    async fn certifies(&self, status: Option<u16>) {
        self.fault(status.map(|code| (Service::Est, Fault::Status { code }))).await;
    }

    fn secret(&self) -> [u8; 32] {
        std::fs::read(self.program.data_dir.join("secret.key")).unwrap().try_into().unwrap()
    }
}

/// What the job keeps.
async fn kept(world: &World, job: JobId) -> Option<String> {
    let mut read = world.db.store.read().await.unwrap();
    let kept = sqlx::query_scalar("select kept from jobs where id = $1").bind(job.to_string());
    kept.fetch_one(&mut *read).await.unwrap()
}

/// Waits until the job was begun so often and waits for its certificate.
async fn wait_undecided(world: &World, job: JobId) {
    let is_waiting = |reason: Option<&str>| reason.is_some_and(|text| text.starts_with(WAITS_FOR_CA));
    wait_for(&world.db.store, job, |job| {
        job.state == State::Available && job.run_at.as_ms() > 0 && is_waiting(job.last_error.as_deref())
    })
    .await;
}

/// Only who has the platform's secret can use the key, and only for this job.
fn assert_hidden(kept: &str, job: JobId, secret: &[u8; 32]) {
    let value: Value = serde_json::from_str(kept).unwrap();
    let bytes = |name: &str| hex::decode(value[name].as_str().unwrap()).unwrap();
    let (wrapped, csr) = (bytes("key"), bytes("csr"));
    assert!(PKey::private_key_from_der(&wrapped).is_err() && PKey::private_key_from_pkcs8(&wrapped).is_err());
    let by = |secret: &[u8; 32], purpose: &str| WrappingKey::derive(secret, purpose).unwrap();
    let purpose = format!("job/{job}");
    let unwrapped = |by| OneOffKey::unwrapped(Algorithm::P256, &wrapped, &by);
    assert!(unwrapped(by(&[0; 32], &purpose)).is_err());
    assert!(unwrapped(by(secret, "job/another")).is_err());
    let key = unwrapped(by(secret, &purpose)).unwrap();
    let request = X509Req::from_der(&csr).unwrap();
    assert_eq!(request.public_key().unwrap().public_key_to_der().unwrap(), key.public_key_der().unwrap());
}

/// The first signer is stamped, and the authority has not decided yet.
async fn undecided(world: &World) -> (Contract, Platform, JobId) {
    let contract = contract(world).await;
    let platform = Platform::start(&world.db, 1, "").await;
    prepare(world, &contract).await;
    platform.certifies(Some(202)).await;
    let job = stamp(world, &contract, contract.recipients[0], "stamp").await;
    wait_undecided(world, job).await;
    (contract, platform, job)
}

async fn an_authority_that_decides_later_is_asked_for_the_same(db: TestStore) {
    let world = World::open(db).await;
    let (contract, mut platform, job) = undecided(&world).await;
    assert_eq!(platform.enrolments().await, [(1, false)]);
    let first = kept(&world, job).await.unwrap();
    assert_hidden(&first, job, &platform.secret());

    // Another process asks again.
    platform.running.kill().await.unwrap();
    platform.running = platform.program.start("").unwrap();
    end_rest(&world.db.store, job).await;
    wait_undecided(&world, job).await;
    assert_eq!(platform.enrolments().await, [(2, false)]);
    assert_eq!(kept(&world, job).await.unwrap(), first);
    assert_eq!(platform.certificates().await, 0);

    platform.certifies(None).await;
    end_rest(&world.db.store, job).await;
    wait_for_state(&world.db.store, job, State::Done).await;
    assert_eq!(platform.enrolments().await, [(3, true)]);
    assert_eq!(platform.certificates().await, 1);
    assert_eq!(kept(&world, job).await, None, "the key is still there");
    assert!(signed(&world, &contract).await.is_some());
    platform.running.stop().await.unwrap();
}

async fn a_request_that_was_refused_is_not_sent_again(db: TestStore) {
    let world = World::open(db).await;
    let (_, mut platform, job) = undecided(&world).await;
    platform.certifies(Some(400)).await;
    end_rest(&world.db.store, job).await;
    wait_for_state(&world.db.store, job, State::Dead).await;
    assert_eq!(kept(&world, job).await, None);

    platform.certifies(None).await;
    let mut tx = world.tx().await;
    sealflow_store::jobs::retry_dead(&mut tx, job).await.unwrap();
    tx.commit().await.unwrap();
    wait_for_state(&world.db.store, job, State::Done).await;
    assert_eq!(platform.enrolments().await, [(1, true), (1, false)]);
    platform.running.stop().await.unwrap();
}

async fn a_process_that_dies_costs_no_second_certificate(db: TestStore) {
    let world = World::open(db).await;
    let contract = contract(&world).await;
    let mut platform = Platform::start(&world.db, 1, "").await;
    prepare(&world, &contract).await;
    platform.running.stop().await.unwrap();
    let points =
        ["before_enrolment", "after_certificate", "after_enrolment", "after_timestamp", "after_blob"];
    platform.running = platform.program.start(&at(points[0])).unwrap();
    let job = stamp(&world, &contract, contract.recipients[0], "stamp").await;
    for next in points.iter().skip(1).map(Some).chain([None]) {
        let status = in_time(platform.running.ended()).await.unwrap();
        assert!(was_killed(status), "{status}\n{}", platform.program.log_tail());
        assert_hidden(&kept(&world, job).await.unwrap(), job, &platform.secret());
        expire(&world).await;
        platform.running = platform.program.start(&next.map(|point| at(point)).unwrap_or_default()).unwrap();
    }
    wait_for_state(&world.db.store, job, State::Done).await;
    // Who died just after the certificate did not know of it, and asked for the same once more.
    assert_eq!(platform.enrolments().await, [(2, true)]);
    assert_eq!(platform.certificates().await, 1);
    assert_eq!(kept(&world, job).await, None);
    platform.running.stop().await.unwrap();
}

fn at(point: &str) -> String {
    format!("handlers::stamp_signature::{point}=return")
}

/// Nobody need wait for the leases of the dead.
async fn expire(world: &World) {
    world.execute("update jobs set leased_until_ms = 1 where state = 'running'").await;
}

/// The first one is at the timestamp authority with the job when another takes it: they go on side by side.
async fn a_second_delivery_beside_the_first_has_the_same_certificate(db: TestStore) {
    let world = World::open(db).await;
    let contract = contract(&world).await;
    let mut platform = Platform::start(&world.db, 2, "").await;
    prepare(&world, &contract).await;
    let job = stamp(&world, &contract, contract.recipients[0], "stamp").await;
    in_time(platform.gate.arrived(1)).await;
    let mut second = platform.program.start_part(&["work"], &[]).unwrap();
    expire(&world).await;
    assert_eq!(wait_for_state(&world.db.store, job, State::Done).await.attempts, 2);
    // Both stop in order, so that the first one has tried to write its result, too.
    platform.running.stop().await.unwrap();
    second.stop().await.unwrap();
    assert_eq!(platform.enrolments().await, [(1, true)]);
    assert_eq!(platform.certificates().await, 1);
    assert_eq!(kept(&world, job).await, None);
    assert_eq!(world.count("select count(*) from revisions where kind = 'signed'").await, 1);
}
