//! Workers die, lose the database, or lose a lease: the jobs go on elsewhere.

use sealflow_jobs::Config;
use sealflow_store::jobs::{self, Kind, State};
use sealflow_tests::{
    db::{Engine, TestStore},
    on_both, pg,
};
use serde_json::json;

use super::puppet::{Workers, get, insert, quick, try_end_rest, wait_for, wait_for_state};

on_both!(
    a_crashed_workers_job_is_taken_up_again,
    a_restarted_process_is_another_worker,
    a_poison_pill_is_dead_after_its_attempts,
    whoever_loses_the_lease_stops_and_cannot_report,
);

/// Of those that die: a lease short enough to wait for its end, and long enough not to be lost on a busy machine.
fn short() -> Config {
    Config { lease_ms: 1_500, ..quick() }
}

async fn a_crashed_workers_job_is_taken_up_again(db: TestStore) {
    let id = insert(&db.store, Kind::SendSms, "a", json!(0)).await;
    let mut first = Workers::start(&db.store, short());
    let call = first.call().await;
    call.ctx.before_outside_call().await.unwrap();
    first.crash().await;
    let left = get(&db.store, id).await;
    assert_eq!((left.state, left.attempts), (State::Running, 1));
    let mut second = Workers::start(&db.store, quick());
    let again = second.call().await;
    assert_eq!((again.id(), again.ctx.attempt()), (id, 2));
    assert_eq!(again.ctx.earlier_outside_call(), left.outside_call_at);
    again.done();
    wait_for_state(&db.store, id, State::Done).await;
    second.stop().await;
    drop(call);
}

async fn a_restarted_process_is_another_worker(db: TestStore) {
    let id = insert(&db.store, Kind::SendSms, "a", json!(0)).await;
    let mut first = Workers::start(&db.store, short());
    let call = first.call().await;
    first.crash().await;
    // Were it the same worker, its lease would be renewed for ever.
    let mut second = Workers::start(&db.store, quick());
    let again = second.call().await;
    assert_eq!(again.id(), id);
    again.done();
    wait_for_state(&db.store, id, State::Done).await;
    second.stop().await;
    drop(call);
}

/// It kills its worker each time. Nobody reports anything; the claims are what is counted.
async fn a_poison_pill_is_dead_after_its_attempts(db: TestStore) {
    let id = insert(&db.store, Kind::SendSms, "poison", json!(0)).await;
    let mut tx = db.store.begin().await.unwrap();
    sqlx::query("update jobs set max_attempts = 3").execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
    for attempt in 1..=3 {
        let mut workers = Workers::start(&db.store, short());
        if attempt > 1 {
            let rests =
                wait_for(&db.store, id, |job| job.state != State::Running || job.attempts == attempt).await;
            if rests.state == State::Available {
                let _ = try_end_rest(&db.store, id).await;
            }
        }
        let call = workers.call().await;
        assert_eq!((call.id(), call.ctx.attempt()), (id, attempt));
        workers.crash().await;
        drop(call);
    }
    let mut workers = Workers::start(&db.store, quick());
    let job = wait_for_state(&db.store, id, State::Dead).await;
    assert_eq!(job.attempts, 3);
    let error = job.last_error.unwrap();
    assert!(error.contains("3 attempts ended with a worker that died or hung"), "{error}");
    // The others are not harmed.
    let good = insert(&db.store, Kind::SendSms, "good", json!(1)).await;
    let call = workers.call().await;
    assert_eq!(call.id(), good);
    call.done();
    wait_for_state(&db.store, good, State::Done).await;
    workers.stop().await;
}

async fn whoever_loses_the_lease_stops_and_cannot_report(db: TestStore) {
    let id = insert(&db.store, Kind::SendSms, "a", json!(0)).await;
    let mut first = Workers::start(&db.store, Config { lease_ms: 3_000, ..quick() });
    let call = first.call().await;
    let late = call.ctx.clone();
    // As if it had not renewed for long: somebody takes the job away.
    let mut tx = db.store.begin().await.unwrap();
    let far = tx.now().plus_ms(86_400_000);
    assert_eq!(jobs::reap(&mut tx, far).await.unwrap().released, 1);
    sqlx::query("update jobs set run_at_ms = $1").bind(far.as_ms()).execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
    call.aborted().await;
    let refused = late.before_outside_call().await;
    assert_eq!(refused, Err(sealflow_jobs::JobError::LeaseLost));
    first.stop().await;
    let job = get(&db.store, id).await;
    assert_eq!((job.state, job.outside_call_at), (State::Available, None));
}

/// Every connection is cut while a job runs; it is done all the same, and so are those after it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_goes_away_and_comes_back_ends_nothing() {
    let db = TestStore::new(Engine::Postgres).await.unwrap();
    let mut workers = Workers::start(&db.store, quick());
    for n in 0..5 {
        let id = insert_patiently(&db, n).await;
        let call = workers.call().await;
        assert_eq!(call.id(), id);
        let mut tx = db.store.begin().await.unwrap();
        let cut = "select pg_terminate_backend(pid) from pg_stat_activity \
                   where datname = current_database() and pid <> pg_backend_pid()";
        sqlx::query(cut).execute(tx.conn()).await.unwrap();
        drop(tx);
        call.done();
        let store = db.reopen().await.unwrap();
        wait_for_state(&store, id, State::Done).await;
        store.close().await;
    }
    workers.stop().await;
}

/// Nothing can be written any more; a stop ends all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_ends_without_a_database() {
    let db = TestStore::new(Engine::Postgres).await.unwrap();
    let mut workers = Workers::start(&db.store, Config { stop_grace_ms: 50, ..quick() });
    insert(&db.store, Kind::SendSms, "a", json!(0)).await;
    let call = workers.call().await;
    pg::drop_database(&db.config.database_url).await.unwrap();
    call.done();
    workers.stop().await;
}

/// A connection of the pool may be one that was cut.
async fn insert_patiently(db: &TestStore, n: u32) -> sealflow_core::ids::JobId {
    loop {
        let Ok(mut tx) = db.store.begin().await else { continue };
        let job = jobs::NewJob { kind: Kind::SendSms, key: n.to_string(), payload: json!(n), run_at: None };
        let Ok(id) = jobs::insert(&mut tx, &job).await else { continue };
        if tx.commit().await.is_ok() {
            return id;
        }
    }
}
