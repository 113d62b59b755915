//! Jobs are done, once, by whoever is free, as soon as they are there.

use std::{collections::HashSet, time::Duration};

use sealflow_jobs::{Config, Done};
use sealflow_store::jobs::{self, JobSummary, Kind, Queue, State};
use sealflow_tests::{db::TestStore, on_both};
use serde_json::json;

use super::puppet::{Workers, all, in_time, insert, insert_many, quick, wait_for, wait_for_state};
use crate::store::errand::Errand;

on_both!(
    a_result_moves_the_instance_on,
    no_wake_up_is_lost,
    two_processes_do_not_do_a_job_twice,
    no_more_jobs_are_taken_than_there_are_hands,
    a_paused_queue_rests_and_goes_on,
    a_lease_is_renewed_as_long_as_the_work_goes_on,
    due_timers_are_fired,
);

async fn a_result_moves_the_instance_on(db: TestStore) {
    let mut workers = Workers::start(&db.store, quick());
    let errand = Errand::start(&db.store).await;
    let call = workers.call().await;
    assert_eq!((call.ctx.instance_id(), call.ctx.attempt(), call.ctx.item()), (Some(errand.id), 1, None));
    assert_eq!(call.payload, json!({"round": 0}));
    let id = call.id();
    call.done();
    wait_for_state(&db.store, id, State::Done).await;
    assert_eq!(errand.get().await.status, "waiting");
    workers.stop().await;
}

async fn no_wake_up_is_lost(db: TestStore) {
    // So long that a lost one shows as time run out.
    let mut workers = Workers::start(&db.store, Config { poll_ms: 600_000, concurrency: 1, ..quick() });
    for n in 0..100 {
        let id = insert(&db.store, Kind::SendSms, &n.to_string(), json!(n)).await;
        let call = workers.call().await;
        assert_eq!(call.id(), id);
        call.done();
    }
    workers.stop().await;
    assert!(all(&db.store).await.iter().all(|job| job.state == State::Done && job.attempts == 1));
}

async fn two_processes_do_not_do_a_job_twice(db: TestStore) {
    insert_many(&db.store, 100).await;
    let other = db.reopen().await.unwrap();
    let mut first = Workers::start(&db.store, quick());
    let mut second = Workers::start(&other, quick());
    let mut begun = HashSet::new();
    in_time(async {
        while begun.len() < 100 {
            let call = tokio::select! { call = first.call() => call, call = second.call() => call };
            assert!(begun.insert(call.id()), "a job was begun twice");
            call.done();
        }
    })
    .await;
    first.stop().await;
    second.stop().await;
    assert!(all(&db.store).await.iter().all(|job| job.state == State::Done && job.attempts == 1));
}

async fn no_more_jobs_are_taken_than_there_are_hands(db: TestStore) {
    insert_many(&db.store, 20).await;
    let mut workers = Workers::start(&db.store, Config { concurrency: 3, ..quick() });
    let mut calls = vec![workers.call().await, workers.call().await, workers.call().await];
    // A free hand would take a job of the other queue at once; by then the first queue has been looked at as well.
    insert(&db.store, Kind::SendEmail, "other queue", json!(0)).await;
    workers.call().await.done();
    assert!(workers.another_call().is_none());
    let taken = |job: &&JobSummary| job.queue == Queue::Sms && job.state == State::Running;
    assert_eq!(all(&db.store).await.iter().filter(taken).count(), 3);
    calls.remove(0).done();
    calls.push(workers.call().await);
    for call in calls {
        call.done();
    }
    for _ in 0..16 {
        workers.call().await.done();
    }
    workers.stop().await;
}

async fn a_paused_queue_rests_and_goes_on(db: TestStore) {
    let mut tx = db.store.begin().await.unwrap();
    jobs::pause(&mut tx, Queue::Sms).await.unwrap();
    tx.commit().await.unwrap();
    let mut workers = Workers::start(&db.store, Config { poll_ms: 600_000, ..quick() });
    let paused = insert(&db.store, Kind::SendSms, "paused", json!(1)).await;
    insert(&db.store, Kind::SendEmail, "other", json!(2)).await;
    let other = workers.call().await;
    assert_ne!(other.id(), paused);
    other.done();
    assert!(workers.another_call().is_none());
    let mut tx = db.store.begin().await.unwrap();
    jobs::resume(&mut tx, Queue::Sms).await.unwrap();
    tx.commit().await.unwrap();
    let call = workers.call().await;
    assert_eq!(call.id(), paused);
    call.done();
    workers.stop().await;
}

async fn a_lease_is_renewed_as_long_as_the_work_goes_on(db: TestStore) {
    let config = Config { lease_ms: 3_000, ..quick() };
    let other = db.reopen().await.unwrap();
    let id = insert(&db.store, Kind::SendSms, "long", json!(0)).await;
    let mut workers = Workers::start(&db.store, config.clone());
    let call = workers.call().await;
    // The others reap what is not renewed.
    let mut others = Workers::start(&other, config);
    let first = wait_for_state(&db.store, id, State::Running).await.leased_until.unwrap();
    let later =
        wait_for(&db.store, id, |job| job.leased_until.is_none_or(|until| until > first.plus_ms(3_500)))
            .await;
    assert_eq!((later.state, later.attempts), (State::Running, 1));
    assert!(others.another_call().is_none());
    call.finish(Ok(Done::new("sent")));
    assert_eq!(wait_for_state(&db.store, id, State::Done).await.attempts, 1);
    workers.stop().await;
    others.stop().await;
}

async fn due_timers_are_fired(db: TestStore) {
    let errand = Errand::start_asking(&db.store).await;
    let mut tx = db.store.begin().await.unwrap();
    sqlx::query("update timers set try_at_ms = 0").execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
    let workers = Workers::start(&db.store, quick());
    wait_for_status(&errand, "expired").await;
    workers.stop().await;
}

async fn wait_for_status(errand: &Errand, status: &str) {
    in_time(async {
        while errand.get().await.status != status {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
}
