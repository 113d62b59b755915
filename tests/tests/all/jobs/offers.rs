//! A job that is written while its queue is empty goes to a free hand of the same process, with the commit and without a
//! claim; and waits to be claimed whenever that may not be.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use sealflow_jobs::Config;
use sealflow_store::{
    Tx,
    jobs::{self, Given, Kind, NewJob, Offer, Offered, Queue, Scope, SetBy, State},
};
use sealflow_tests::{db::TestStore, on_both};
use serde_json::Value;
use tokio::sync::{Semaphore, mpsc};

use super::puppet::{Workers, get, in_time, quick, wait_for_state};
use crate::store::errand::{Errand, claim, claim_at, now, result, sent};

on_both!(
    a_free_hand_takes_a_job_with_its_commit,
    what_holds_a_queue_back_holds_its_hands_back,
    a_transaction_that_is_undone_gives_its_hand_back,
    a_hand_that_dies_after_the_commit_loses_the_lease,
    a_job_whose_key_was_used_before_is_given_to_nobody,
    workers_run_what_their_process_writes,
    workers_that_stop_give_it_back,
);

/// The end of the key of an errand's first job.
const FIRST: &str = "work/1";

/// Hands as a worker offers them.
struct Hands {
    free: Arc<Semaphore>,
    is_drained: Arc<AtomicBool>,
    given: mpsc::UnboundedReceiver<Given>,
    _offered: Offered,
}

fn offer(db: &TestStore, count: usize) -> Hands {
    let (free, is_drained) = (Arc::new(Semaphore::new(count)), Arc::new(AtomicBool::new(true)));
    let (out, given) = mpsc::unbounded_channel();
    let _offered = db.store.offer_hands(Offer {
        queue: Queue::Sms,
        worker: "hands".into(),
        lease_ms: 10_000,
        hands: free.clone(),
        is_drained: is_drained.clone(),
        out,
    });
    Hands { free, is_drained, given, _offered }
}

/// A transaction in which the errand's next job is written, and the job's state there.
async fn written(errand: &Errand) -> (Tx, State) {
    // Has the limits read: they are trusted for a second.
    claim(&errand.store, Queue::Email, 1).await;
    let mut tx = errand.store.begin().await.unwrap();
    errand.act_in(&mut tx, "again", "again").await.unwrap();
    let state: String = sqlx::query_scalar("select state from jobs where key = $1")
        .bind(format!("{}/{FIRST}", errand.id))
        .fetch_one(tx.conn())
        .await
        .unwrap();
    (tx, state.parse().unwrap())
}

/// The same, when a hand has taken it.
async fn until_taken(errand: &Errand) -> Tx {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let (tx, state) = written(errand).await;
        if state == State::Running {
            return tx;
        }
        tx.rollback().await.unwrap();
        assert!(Instant::now() < deadline, "no hand takes the job");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn a_free_hand_takes_a_job_with_its_commit(db: TestStore) {
    let (first, second) = (Errand::start_asking(&db.store).await, another_asking(&db).await);
    let mut hands = offer(&db, 1);
    let tx = until_taken(&first).await;
    assert!(hands.given.try_recv().is_err(), "it is not committed");
    // The only hand is taken.
    if db.store.dialect() == sealflow_store::Dialect::Postgres {
        let (other, state) = written(&second).await;
        assert_eq!(state, State::Available);
        other.rollback().await.unwrap();
    }
    tx.commit().await.unwrap();
    let given = hands.given.try_recv().unwrap();
    let row = get(&db.store, given.job.lease.job_id).await;
    assert_eq!((row.state, row.attempts, row.instance_id), (State::Running, 1, Some(first.id)));
    assert_eq!((given.job.attempt, given.job.lease_epoch, given.job.awaited), (1, 1, true));
    let until = row.leased_until.unwrap();
    assert!(until > now(&db.store).await && until <= now(&db.store).await.plus_ms(10_000));
    assert!(claim(&db.store, Queue::Sms, 9).await.is_empty());
    let mut tx = db.store.begin().await.unwrap();
    jobs::complete(&mut tx, &result(&given.job, sent())).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(get(&db.store, given.job.lease.job_id).await.state, State::Done);
    assert_eq!((first.get().await.status.as_str(), hands.free.available_permits()), ("waiting", 0));
    drop(given);
    until_taken(&second).await.rollback().await.unwrap();
}

async fn another_asking(db: &TestStore) -> Errand {
    let another = Errand::start_another(&db.store).await;
    another.work().await;
    another
}

async fn what_holds_a_queue_back_holds_its_hands_back(db: TestStore) {
    let errand = Errand::start_asking(&db.store).await;
    let mut hands = offer(&db, 1);
    until_taken(&errand).await.rollback().await.unwrap();
    // Other jobs may be more urgent.
    hands.is_drained.store(false, Ordering::Release);
    waits(&errand).await;
    hands.is_drained.store(true, Ordering::Release);
    until_taken(&errand).await.rollback().await.unwrap();

    let mut tx = db.store.begin().await.unwrap();
    jobs::set_slots(&mut tx, Scope::Queue(Queue::Sms), Some(5), SetBy::Person).await.unwrap();
    tx.commit().await.unwrap();
    waits(&errand).await;
    let mut tx = db.store.begin().await.unwrap();
    jobs::set_slots(&mut tx, Scope::Queue(Queue::Sms), None, SetBy::Person).await.unwrap();
    tx.commit().await.unwrap();
    until_taken(&errand).await.rollback().await.unwrap();

    let mut tx = db.store.begin().await.unwrap();
    jobs::pause(&mut tx, Queue::Sms).await.unwrap();
    tx.commit().await.unwrap();
    let (tx, state) = written(&errand).await;
    assert_eq!(state, State::Available);
    tx.commit().await.unwrap();
    assert!(hands.given.try_recv().is_err());
    assert_eq!(hands.free.available_permits(), 1);
    let mut tx = db.store.begin().await.unwrap();
    jobs::resume(&mut tx, Queue::Sms).await.unwrap();
    tx.commit().await.unwrap();
    // As any job that waited: nothing of the hand is left.
    let job = claim(&db.store, Queue::Sms, 1).await.pop().unwrap();
    assert_eq!((job.attempt, job.lease_epoch), (1, 1));
}

async fn waits(errand: &Errand) {
    let (tx, state) = written(errand).await;
    assert_eq!(state, State::Available);
    tx.rollback().await.unwrap();
}

async fn a_transaction_that_is_undone_gives_its_hand_back(db: TestStore) {
    let errand = Errand::start_asking(&db.store).await;
    let mut hands = offer(&db, 1);
    let tx = until_taken(&errand).await;
    assert_eq!(hands.free.available_permits(), 0);
    drop(tx);
    assert_eq!(hands.free.available_permits(), 1);
    // What is undone to a savepoint is not there, though the rest is committed.
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        claim(&db.store, Queue::Email, 1).await;
        let mut tx = db.store.begin().await.unwrap();
        tx.savepoint().await.unwrap();
        errand.act_in(&mut tx, "again", "again").await.unwrap();
        let was_taken = hands.free.available_permits() == 0;
        tx.undo().await.unwrap();
        assert_eq!(hands.free.available_permits(), 1);
        tx.commit().await.unwrap();
        assert!(hands.given.try_recv().is_err());
        if was_taken {
            break;
        }
        assert!(Instant::now() < deadline, "no hand takes the job");
    }
    assert_eq!(errand.jobs().await.len(), 1);
}

/// Between the commit and the handing over the process may die: then nobody has the job, until its lease has run out.
async fn a_hand_that_dies_after_the_commit_loses_the_lease(db: TestStore) {
    let errand = Errand::start_asking(&db.store).await;
    let hands = offer(&db, 1);
    let tx = until_taken(&errand).await;
    drop(hands);
    tx.commit().await.unwrap();
    assert!(claim(&db.store, Queue::Sms, 1).await.is_empty());
    let late = now(&db.store).await.plus_ms(10_001);
    let mut tx = db.store.begin().await.unwrap();
    assert_eq!(jobs::reap(&mut tx, late).await.unwrap().released, 1);
    tx.commit().await.unwrap();
    let again = claim_at(&db.store, Queue::Sms, 1, late.plus_ms(86_400_000)).await.pop().unwrap();
    assert_eq!((again.attempt, again.lease_epoch, again.instance_id), (2, 2, Some(errand.id)));
}

async fn a_job_whose_key_was_used_before_is_given_to_nobody(db: TestStore) {
    let errand = Errand::start_asking(&db.store).await;
    let key = format!("{}/{FIRST}", errand.id);
    let mut tx = db.store.begin().await.unwrap();
    let job = NewJob { kind: Kind::SendSms, key, payload: Value::Null, run_at: None };
    let id = jobs::insert(&mut tx, &job).await.unwrap();
    tx.commit().await.unwrap();
    let mut hands = offer(&db, 1);
    let (tx, state) = written(&errand).await;
    assert_eq!(state, State::Available);
    tx.commit().await.unwrap();
    assert!(hands.given.try_recv().is_err());
    assert_eq!((hands.free.available_permits(), get(&db.store, id).await.attempts), (1, 0));
}

/// One hand: it is free while nothing waits for it.
async fn workers_run_what_their_process_writes(db: TestStore) {
    let errand = Errand::start_asking(&db.store).await;
    let mut workers = Workers::start(&db.store, Config { concurrency: 1, ..quick() });
    until_taken(&errand).await.commit().await.unwrap();
    let call = workers.call().await;
    assert_eq!((call.ctx.instance_id(), call.ctx.attempt()), (Some(errand.id), 1));
    // Its lease is as good as any.
    call.ctx.before_outside_call().await.unwrap();
    let id = call.id();
    call.done();
    let job = wait_for_state(&db.store, id, State::Done).await;
    assert_eq!((job.attempts, errand.get().await.status.as_str()), (1, "waiting"));
    assert!(workers.another_call().is_none());
    workers.stop().await;
}

async fn workers_that_stop_give_it_back(db: TestStore) {
    let errand = Errand::start_asking(&db.store).await;
    let workers = Workers::start(&db.store, quick());
    let tx = until_taken(&errand).await;
    workers.ask_to_stop();
    let stopping = tokio::spawn(workers.stop());
    tx.commit().await.unwrap();
    in_time(stopping).await.unwrap();
    let job = errand.jobs().await.into_iter().find(|job| job.key.ends_with(FIRST)).unwrap();
    let mut reader = db.store.read().await.unwrap();
    let epoch: i64 = sqlx::query_scalar("select lease_epoch from jobs where id = $1")
        .bind(job.id.to_string())
        .fetch_one(&mut *reader)
        .await
        .unwrap();
    assert_eq!((job.state, job.attempts, epoch), (State::Available, 0, 1));
}
