//! A stop finishes what runs, begins nothing, and leaves nothing behind.

use sealflow_jobs::{Config, JobError};
use sealflow_store::jobs::{Kind, State};
use sealflow_tests::{db::TestStore, on_both};
use serde_json::json;

use super::puppet::{Workers, all, get, insert, insert_many, quick};

on_both!(
    many_in_flight_are_finished_and_the_rest_is_left,
    what_does_not_end_in_time_is_handed_back,
    a_stop_without_work_is_quick,
);

async fn many_in_flight_are_finished_and_the_rest_is_left(db: TestStore) {
    insert_many(&db.store, 100).await;
    let mut workers = Workers::start(&db.store, Config { concurrency: 50, ..quick() });
    let mut calls = Vec::new();
    for _ in 0..50 {
        calls.push(workers.call().await);
    }
    workers.ask_to_stop();
    for call in calls {
        call.done();
    }
    workers.stop().await;
    let jobs = all(&db.store).await;
    let count = |state| jobs.iter().filter(|job| job.state == state).count();
    assert_eq!((count(State::Done), count(State::Available), count(State::Running)), (50, 50, 0));
    assert!(jobs.iter().filter(|job| job.state == State::Available).all(|job| job.attempts == 0));
}

async fn what_does_not_end_in_time_is_handed_back(db: TestStore) {
    let id = insert(&db.store, Kind::SendSms, "a", json!(0)).await;
    let mut workers = Workers::start(&db.store, Config { stop_grace_ms: 50, ..quick() });
    let call = workers.call().await;
    call.ctx.before_outside_call().await.unwrap();
    workers.ask_to_stop();
    call.aborted().await;
    workers.stop().await;
    let job = get(&db.store, id).await;
    assert_eq!((job.state, job.attempts), (State::Available, 0));
    // What it may have done outside is still noted.
    assert!(job.outside_call_at.is_some());
}

async fn a_stop_without_work_is_quick(db: TestStore) {
    let mut workers = Workers::start(&db.store, Config { poll_ms: 600_000, ..quick() });
    let id = insert(&db.store, Kind::SendSms, "a", json!(0)).await;
    workers.call().await.finish(Err(JobError::GiveUp { reason: "enough".to_owned() }));
    workers.stop().await;
    assert_eq!(get(&db.store, id).await.state, State::Dead);
}
