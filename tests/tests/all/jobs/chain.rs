//! A local job is done with the one before it, in its transaction; the rows and the history are as without.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use sealflow_core::{Actor, EventId, ids::InstanceId};
use sealflow_jobs::{Ctx, Done, JobError, Registry, Runtime, desk, run};
use sealflow_store::{
    StartInstance, Store, Subject, definitions, instances,
    instances::wait_until_ended,
    jobs::{self, Kind, Queue, State},
    submit,
};
use sealflow_tests::{db::TestStore, on_both};
use serde::Deserialize;
use serde_json::json;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::puppet::{in_time, quick};
use crate::store::errand::claim;

on_both!(
    local_jobs_are_done_with_the_first,
    a_local_job_that_fails_is_claimed,
    a_local_job_that_panics_or_never_ends_is_claimed,
    after_a_lost_lease_each_job_is_claimed,
    a_desk_runs_local_jobs_with_the_event,
    running_tells_the_end,
);

#[derive(Debug, Clone, Copy, Deserialize)]
struct Payload {
    n: u32,
}

/// What a handler saw: its number, and whether the first job was committed as done by then.
type Seen = Arc<Mutex<Vec<(u32, bool)>>>;

#[derive(Clone, Copy)]
enum Trick {
    None,
    Fail,
    Panic,
    Hang,
}

async fn handle(ctx: Ctx, (seen, trick): (Seen, Trick), payload: Payload) -> Result<Done, JobError> {
    let id = ctx.instance_id().unwrap();
    let all = jobs::of_instance(&mut ctx.store().read().await.unwrap(), id).await.unwrap();
    let is_committed = all.iter().any(|job| job.key.ends_with("/first") && job.state == State::Done);
    let is_first_time = {
        let mut seen = seen.lock().unwrap();
        let is_first_time = seen.iter().all(|(n, _)| *n != payload.n);
        seen.push((payload.n, is_committed));
        is_first_time
    };
    match trick {
        Trick::Fail if payload.n == 2 && is_first_time => {
            Err(JobError::Retry { error: "as the test asked".to_owned(), not_before: None })
        }
        Trick::Panic if payload.n == 2 && is_first_time => panic!("as the test asked"),
        Trick::Hang if payload.n == 2 && is_first_time => std::future::pending().await,
        _ => Ok(Done::new("prepared")),
    }
}

async fn new_chain(store: &Store) -> StartInstance {
    let source = include_str!("chain.yaml");
    let definition = sealflow_core::load(source, "chain.yaml").unwrap().definition;
    let mut tx = store.begin().await.unwrap();
    definitions::publish(&mut tx, &definition, source).await.unwrap();
    tx.commit().await.unwrap();
    let id = InstanceId::from_uuid(Uuid::now_v7());
    StartInstance {
        id,
        definition: definition.hash().clone(),
        subject: Subject { kind: "chain".to_owned(), id: id.to_string() },
        input: json!({"clerk": Uuid::now_v7()}),
        event_id: EventId("start".to_owned()),
        actor: Actor::System,
    }
}

async fn start(store: &Store) -> InstanceId {
    let new = new_chain(store).await;
    let mut tx = store.begin().await.unwrap();
    submit::start(&mut tx, &new).await.unwrap();
    tx.commit().await.unwrap();
    new.id
}

fn registry(seen: &Seen, trick: Trick) -> Registry {
    let mut registry = Registry::default();
    registry.add_local(Kind::PrepareDocument, (seen.clone(), trick), handle);
    // However slow the machine is, only what hangs is left.
    let seconds = if matches!(trick, Trick::Hang) { 1 } else { 60 };
    registry.set_local_time(Duration::from_secs(seconds));
    registry
}

fn work(store: &Store, seen: &Seen, trick: Trick) -> (CancellationToken, JoinHandle<()>) {
    let registry = registry(seen, trick);
    let stop = CancellationToken::new();
    let runtime = Runtime { store: store.clone(), registry, config: quick() };
    (stop.clone(), tokio::spawn(run(runtime, stop)))
}

/// Runs the instance to its end; tells what the handlers saw.
async fn run_to_end(store: &Store, id: InstanceId, trick: Trick) -> Vec<(u32, bool)> {
    let seen = Seen::default();
    let (stop, working) = work(store, &seen, trick);
    let ended = wait_until_ended(store, id, Duration::from_secs(30)).await.unwrap().unwrap();
    assert_eq!((ended.status.as_str(), ended.seq), ("done", 4));
    stop.cancel();
    in_time(working).await.unwrap();
    let mut reader = store.read().await.unwrap();
    let mut keys: Vec<_> = jobs::of_instance(&mut reader, id)
        .await
        .unwrap()
        .into_iter()
        .map(|job| (job.key, job.state, job.finished_at.is_some()))
        .collect();
    keys.sort();
    let wanted = ["first", "second", "third"].map(|key| (format!("{id}/{key}"), State::Done, true));
    assert_eq!(keys, wanted);
    let history = instances::history::list(&mut reader, id, 0, 10).await.unwrap();
    assert_eq!(history.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [1, 2, 3, 4]);
    drop(reader);
    let seen = seen.lock().unwrap();
    seen.clone()
}

async fn local_jobs_are_done_with_the_first(db: TestStore) {
    let id = start(&db.store).await;
    let seen = run_to_end(&db.store, id, Trick::None).await;
    assert_eq!(seen, [(1, false), (2, false), (3, false)]);
}

async fn a_local_job_that_fails_is_claimed(db: TestStore) {
    let id = start(&db.store).await;
    let seen = run_to_end(&db.store, id, Trick::Fail).await;
    assert_eq!(seen[..3], [(1, false), (2, false), (2, true)]);
    // The attempt that was not committed does not count.
    let all = jobs::of_instance(&mut db.store.read().await.unwrap(), id).await.unwrap();
    assert!(all.iter().all(|job| job.attempts == 1));
}

async fn a_local_job_that_panics_or_never_ends_is_claimed(db: TestStore) {
    for trick in [Trick::Panic, Trick::Hang] {
        let id = start(&db.store).await;
        let seen = run_to_end(&db.store, id, trick).await;
        assert_eq!(seen[..3], [(1, false), (2, false), (2, true)]);
    }
}

/// A job that kills its worker must be the one whose attempts are counted.
async fn after_a_lost_lease_each_job_is_claimed(db: TestStore) {
    let id = start(&db.store).await;
    assert_eq!(claim(&db.store, Queue::Pdf, 1).await.len(), 1);
    let mut tx = db.store.begin().await.unwrap();
    let far = tx.now().plus_ms(86_400_000);
    assert_eq!(jobs::reap(&mut tx, far).await.unwrap().released, 1);
    sqlx::query("update jobs set run_at_ms = 0").execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
    let seen = run_to_end(&db.store, id, Trick::None).await;
    assert_eq!(seen[..2], [(1, false), (2, true)]);
}

/// What fails at the desk is left for the workers; nothing of it counts.
async fn a_desk_runs_local_jobs_with_the_event(db: TestStore) {
    for (trick, ended_at_once) in [(Trick::None, 3), (Trick::Fail, 1), (Trick::Panic, 1), (Trick::Hang, 1)] {
        let seen = Seen::default();
        let new = new_chain(&db.store).await;
        let submitted = desk(&db.store, registry(&seen, trick)).start(new.clone()).await.unwrap();
        assert_eq!((submitted.seq, submitted.effects.started_jobs.len()), (1, 1));
        let all = jobs::of_instance(&mut db.store.read().await.unwrap(), new.id).await.unwrap();
        let done = all.iter().filter(|job| job.state == State::Done && job.attempts == 1).count();
        assert_eq!((done, all.len()), (ended_at_once, 3.min(ended_at_once + 1)));
        assert!(seen.lock().unwrap().iter().all(|(_, is_committed)| !is_committed));
        run_to_end(&db.store, new.id, Trick::None).await;
    }
}

/// Who runs an instance to its end hears of the end, whether it came with the start or from a worker later; and hears
/// the same when he asks again.
async fn running_tells_the_end(db: TestStore) {
    for trick in [Trick::None, Trick::Fail] {
        let seen = Seen::default();
        let (stop, working) = work(&db.store, &seen, trick);
        let desk = desk(&db.store, registry(&seen, trick));
        let new = new_chain(&db.store).await;
        for _ in 0..2 {
            let ended = desk.run(new.clone(), Duration::from_secs(30)).await.unwrap();
            assert_eq!((ended.id, ended.status.as_str(), ended.seq), (new.id, "done", 4));
            let stored = instances::get(&mut db.store.read().await.unwrap(), new.id).await.unwrap().unwrap();
            assert_eq!((stored.finished_at, stored.state), (ended.finished_at, ended.state));
        }
        stop.cancel();
        in_time(working).await.unwrap();
    }
}
