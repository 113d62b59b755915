//! A seal that is disabled (停用) cannot be used from that moment on: not even by a signature that was confirmed before and is being
//! made. What has been put on stays.

use sealflow_core::ids::SealId;
use sealflow_pdf::validate;
use sealflow_store::{
    documents::{self, RevisionKind},
    jobs::{Kind, State, retry_dead},
    seals,
};
use sealflow_tests::{
    db::{Engine, TestStore},
    on_both,
};
use serde_json::json;
use tokio::net::TcpStream;

use super::{Contract, Platform, downloaded, marks, prepare, stamp};
use crate::{
    api::{World, world::SENDER},
    jobs::puppet::{all, in_time, wait_for_state},
};

/// Enables or disables every seal of the organization.
async fn turn(world: &World, organization: &str, enabled: bool) {
    let admin = world.as_person(SENDER).await;
    let list = format!("/api/organizations/{organization}/seals");
    for seal in admin.get(&list).await.expect(200)["seals"].as_array().unwrap() {
        let path = format!("/api/seals/{}", seal["id"].as_str().unwrap());
        admin.put(&path, &json!({"name": seal["name"], "enabled": enabled})).await.expect(200);
    }
}

async fn kinds(world: &World, contract: &Contract) -> Vec<RevisionKind> {
    let mut read = world.db.store.read().await.unwrap();
    let revisions = documents::revisions(&mut read, contract.document).await.unwrap();
    revisions.iter().map(|revision| revision.kind).collect()
}

async fn a_seal_that_is_disabled_while_it_is_put_on_is_not_on(db: TestStore) {
    use RevisionKind::{Original, Prepared, Signed};
    let world = World::open(db).await;
    let organization = world.organization().await;
    let contract = marks::contract(&world).await;
    let store = &world.db.store;
    // The first signature waits for its timestamp until somebody else is at the door: its seal has been drawn by then.
    let mut platform = Platform::start(&world.db, 2, "").await;
    prepare(&world, &contract).await;
    let company = contract.recipients[1];
    let job = stamp(&world, &contract, company, "stamp").await;
    in_time(platform.gate.arrived(1)).await;
    turn(&world, &organization, false).await;
    let other = TcpStream::connect(platform.gate.address).await.unwrap();

    // What it would write is refused; the next attempt looks at the seal, and sees it.
    let dead = wait_for_state(store, job, State::Dead).await;
    let why = dead.last_error.unwrap();
    assert!(dead.attempts == 2 && why.contains("cannot be used"), "{} attempts: {why}", dead.attempts);
    assert_eq!(kinds(&world, &contract).await, [Original, Prepared]);
    drop(other);

    // Enabled again, it is put on when a person says so; and what is on stays when it is disabled.
    turn(&world, &organization, true).await;
    let mut tx = store.begin().await.unwrap();
    retry_dead(&mut tx, job).await.unwrap();
    tx.commit().await.unwrap();
    wait_for_state(store, job, State::Done).await;
    turn(&world, &organization, false).await;
    assert_eq!(kinds(&world, &contract).await, [Original, Prepared, Signed]);
    let report = validate(&downloaded(&world, &contract).await, &platform.trust()).unwrap();
    assert!(report.passed() && report.signatures.len() == 1, "{report:#?}");

    // The other signer has no seal, and is not held up.
    let person = stamp(&world, &contract, contract.recipients[0], "stamp").await;
    wait_for_state(store, person, State::Done).await;
    assert_eq!(kinds(&world, &contract).await, [Original, Prepared, Signed, Signed]);
    let stamped = all(store).await.into_iter().filter(|job| job.kind == Kind::StampSignature.as_str());
    assert_eq!(stamped.count(), 2);
    platform.running.stop().await.unwrap();
}

/// Whoever disables a seal waits for what is being written with it, and nobody else does. (SQLite has one writer anyhow.)
#[tokio::test]
async fn a_seal_is_not_disabled_while_it_is_written_that_it_is_on() {
    let world = World::open(TestStore::new(Engine::Postgres).await.unwrap()).await;
    let mut tx = world.tx().await;
    let id: String = sqlx::query_scalar("select id from seals").fetch_one(tx.conn()).await.unwrap();
    let id: SealId = id.parse().unwrap();
    assert!(seals::hold(&mut tx, id).await.unwrap());
    let mut beside = world.tx().await;
    assert!(seals::hold(&mut beside, id).await.unwrap());
    beside.commit().await.unwrap();
    let mut disabling = world.tx().await;
    sqlx::query("set local lock_timeout = '100ms'").execute(disabling.conn()).await.unwrap();
    assert!(seals::set_enabled(disabling.conn(), id, false).await.is_err(), "it did not wait");
    drop(disabling);
    tx.commit().await.unwrap();

    let mut disabling = world.tx().await;
    seals::set_enabled(disabling.conn(), id, false).await.unwrap();
    disabling.commit().await.unwrap();
    assert!(!seals::hold(&mut world.tx().await, id).await.unwrap());
}

on_both!(a_seal_that_is_disabled_while_it_is_put_on_is_not_on,);
