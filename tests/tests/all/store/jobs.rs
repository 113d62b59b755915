//! Jobs are taken in order, each by one worker, and only when they may run.

use std::collections::HashSet;

use sealflow_core::Timestamp;
use sealflow_store::{
    Store,
    jobs::{self, Claim, Kind, NewJob, Queue, State},
};
use sealflow_tests::{db::TestStore, on_both};
use serde_json::json;

use super::errand::{Errand, LEASE_MS, claim, claim_at, now};

on_both!(
    urgent_jobs_come_first_and_no_more_than_asked,
    a_job_is_not_taken_before_its_time,
    a_key_is_used_once,
    a_paused_queue_gives_nothing,
    many_workers_take_each_job_once,
    a_job_of_an_instance_knows_its_key,
    a_kind_without_worker_is_dead_from_the_start,
    a_commit_wakes_the_queue_and_a_rollback_does_not,
);

pub(super) fn job(kind: Kind, key: &str) -> NewJob {
    NewJob { kind, key: key.to_owned(), payload: json!({"n": key}), run_at: None }
}

pub(super) async fn insert(store: &Store, jobs: &[NewJob]) {
    let mut tx = store.begin().await.unwrap();
    for job in jobs {
        jobs::insert(&mut tx, job).await.unwrap();
    }
    tx.commit().await.unwrap();
}

async fn urgent_jobs_come_first_and_no_more_than_asked(db: TestStore) {
    insert(&db.store, &[job(Kind::SendSms, "a"), job(Kind::SendSms, "b"), job(Kind::SendCode, "code")]).await;
    let first = claim(&db.store, Queue::Sms, 2).await;
    let keys: Vec<&str> = first.iter().map(|job| job.key.as_str()).collect();
    assert_eq!(keys, ["code", "a"]);
    assert_eq!(first[1].payload, r#"{"n":"a"}"#);
    assert_eq!((first[1].attempt, first[1].lease_epoch), (1, 1));
    assert!(claim(&db.store, Queue::Email, 10).await.is_empty());
    assert!(claim(&db.store, Queue::Sms, 0).await.is_empty());
    assert_eq!(claim(&db.store, Queue::Sms, 10).await.len(), 1);
    assert!(claim(&db.store, Queue::Sms, 10).await.is_empty());
}

async fn a_job_is_not_taken_before_its_time(db: TestStore) {
    let now = now(&db.store).await;
    let mut later = job(Kind::SendSms, "later");
    later.run_at = Some(now.plus_ms(60_000));
    insert(&db.store, &[later]).await;
    assert!(claim_at(&db.store, Queue::Sms, 1, now.plus_ms(59_999)).await.is_empty());
    assert_eq!(claim_at(&db.store, Queue::Sms, 1, now.plus_ms(60_000)).await.len(), 1);
}

async fn a_key_is_used_once(db: TestStore) {
    let mut tx = db.store.begin().await.unwrap();
    let first = jobs::insert(&mut tx, &job(Kind::SendSms, "key")).await.unwrap();
    let second = jobs::insert(&mut tx, &job(Kind::SendCode, "key")).await.unwrap();
    assert_eq!(first, second);
    tx.commit().await.unwrap();
    let claimed = claim(&db.store, Queue::Sms, 10).await;
    assert_eq!(claimed.len(), 1);
    assert_eq!(claimed[0].kind, "send_sms");
}

async fn a_paused_queue_gives_nothing(db: TestStore) {
    insert(&db.store, &[job(Kind::SendSms, "a"), job(Kind::SendEmail, "b")]).await;
    let mut tx = db.store.begin().await.unwrap();
    jobs::pause(&mut tx, Queue::Sms).await.unwrap();
    tx.commit().await.unwrap();
    assert!(claim(&db.store, Queue::Sms, 10).await.is_empty());
    assert_eq!(claim(&db.store, Queue::Email, 10).await.len(), 1);
    let mut tx = db.store.begin().await.unwrap();
    jobs::resume(&mut tx, Queue::Sms).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(claim(&db.store, Queue::Sms, 10).await.len(), 1);
}

async fn many_workers_take_each_job_once(db: TestStore) {
    let all: Vec<NewJob> = (0..200).map(|n| job(Kind::SendSms, &n.to_string())).collect();
    insert(&db.store, &all).await;
    let other = db.reopen().await.unwrap();
    let workers: Vec<_> = (0..6)
        .map(|n| {
            let store = if n % 2 == 0 { db.store.clone() } else { other.clone() };
            tokio::spawn(async move {
                let mut taken = Vec::new();
                loop {
                    let batch = claim(&store, Queue::Sms, 7).await;
                    if batch.is_empty() {
                        return taken;
                    }
                    assert!(batch.len() <= 7);
                    taken.extend(batch.into_iter().map(|job| job.key));
                }
            })
        })
        .collect();
    let mut taken = Vec::new();
    for worker in workers {
        taken.extend(worker.await.unwrap());
    }
    // On PostgreSQL a worker may pass over rows that another is taking and stop early; none is taken twice.
    taken.extend(claim(&db.store, Queue::Sms, 200).await.into_iter().map(|job| job.key));
    assert_eq!(taken.len(), 200);
    assert_eq!(taken.into_iter().collect::<HashSet<_>>().len(), 200);
}

async fn a_job_of_an_instance_knows_its_key(db: TestStore) {
    let errand = Errand::start(&db.store).await;
    let job = claim(&db.store, Queue::Sms, 1).await.pop().unwrap();
    assert_eq!(job.instance_id, Some(errand.id));
    assert_eq!(job.key_in_instance(), Some("work/0"));
}

async fn a_kind_without_worker_is_dead_from_the_start(db: TestStore) {
    let errand = Errand::start_asking(&db.store).await;
    errand.act("e1", "pay").await.unwrap();
    let dead = errand.jobs().await.pop().unwrap();
    assert_eq!(
        (dead.state, dead.queue, dead.kind.as_str()),
        (State::Dead, Queue::Unassigned, "pay_micro_deposit")
    );
    assert!(dead.last_error.unwrap().contains("pay_micro_deposit"));
    let mut tx = db.store.begin().await.unwrap();
    let retried = jobs::retry_dead(&mut tx, dead.id).await;
    assert!(matches!(retried, Err(jobs::RetryDeadError::UnknownKind(_))));
}

async fn a_commit_wakes_the_queue_and_a_rollback_does_not(db: TestStore) {
    let signal = db.store.job_signal(Queue::Sms);
    let mut tx = db.store.begin().await.unwrap();
    jobs::insert(&mut tx, &job(Kind::SendSms, "undone")).await.unwrap();
    tx.rollback().await.unwrap();
    let mut later = job(Kind::SendSms, "later");
    later.run_at = Some(Timestamp(i64::MAX));
    insert(&db.store, &[later, job(Kind::SendEmail, "other")]).await;
    let waiting = signal.notified();
    tokio::pin!(waiting);
    assert!(!waiting.as_mut().enable());
    insert(&db.store, &[job(Kind::SendSms, "now")]).await;
    waiting.await;
    let claim = Claim { queue: Queue::Sms, slots: 10, worker: "w", lease_ms: LEASE_MS };
    let mut tx = db.store.begin().await.unwrap();
    let now = tx.now();
    assert_eq!(jobs::claim(&mut tx, &claim, now).await.unwrap().len(), 1);
}

/// On PostgreSQL a commit of another process is signalled too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_process_is_woken() {
    let db = TestStore::new(sealflow_tests::db::Engine::Postgres).await.unwrap();
    let other = db.reopen().await.unwrap();
    let signal = db.store.job_signal(Queue::Sms);
    let listening = {
        let store = db.store.clone();
        tokio::spawn(async move { store.listen().await })
    };
    // The first signal says that the connection is up.
    signal.notified().await;
    insert(&other, &[job(Kind::SendSms, "elsewhere")]).await;
    tokio::time::timeout(std::time::Duration::from_secs(20), signal.notified()).await.unwrap();
    listening.abort();
}
