//! A clock that jumps by hours, forth and back: timers fire once each and in order, leases hold, histories never go
//! back in time.

use std::{sync::Arc, time::Duration};

use sealflow_core::{Actor, EventId, EventKind, ids::InstanceId};
use sealflow_jobs::{Config, Ctx, Done, Registry, Runtime};
use sealflow_store::{
    StartInstance, Store, Subject,
    instances::{self, history},
    jobs::{self, Kind, NewJob, State},
    submit, timers,
};
use sealflow_tests::{
    db::TestStore,
    faults::{
        plan::Random,
        scenes::{Cast, Definitions, Scene},
    },
    on_both,
};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

const HOUR_MS: i64 = 3_600_000;
const INSTANCES: usize = 12;
const DEADLINE: Duration = Duration::from_secs(60);

on_both!(
    a_jump_forward_fires_what_is_due_once_and_a_jump_back_nothing,
    a_running_job_outlives_a_jump_back,
    a_running_job_that_a_jump_forward_takes_away_counts_once,
);

/// Workers whose jobs wait for a permit each.
struct Work {
    permits: Arc<Semaphore>,
    begun: Arc<Semaphore>,
    stop: CancellationToken,
    running: tokio::task::JoinHandle<()>,
}

impl Work {
    fn start(store: &Store, lease_ms: u64) -> Self {
        let (permits, begun) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
        let mut registry = Registry::default();
        let tools = (permits.clone(), begun.clone());
        registry.add(
            Kind::SendSms,
            tools,
            |_: Ctx, (permits, begun): (Arc<Semaphore>, Arc<Semaphore>), _: Value| async move {
                begun.add_permits(1);
                permits.acquire().await.unwrap().forget();
                Ok(Done::new("sent"))
            },
        );
        let config = Config { lease_ms, poll_ms: 20, ..Config::default() };
        let stop = CancellationToken::new();
        let runtime = Runtime { store: store.clone(), registry, config };
        let running = tokio::spawn(sealflow_jobs::run(runtime, stop.clone()));
        Self { permits, begun, stop, running }
    }

    async fn begun(&self) {
        tokio::time::timeout(DEADLINE, self.begun.acquire()).await.unwrap().unwrap().forget();
    }

    async fn stop(self) {
        self.stop.cancel();
        self.running.await.unwrap();
    }
}

/// Polls until it is so.
async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let polling = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(DEADLINE, polling).await.unwrap_or_else(|_| panic!("{what} did not happen"));
}

async fn start(store: &Store, definitions: &Definitions) -> InstanceId {
    let cast = Cast::new(Scene::Errand, &mut Random::new(1));
    let new = StartInstance {
        id: cast.id,
        definition: definitions.get(Scene::Errand).unwrap().hash().clone(),
        subject: Subject { kind: "test".to_owned(), id: cast.id.to_string() },
        input: cast.input,
        event_id: EventId("start".to_owned()),
        actor: Actor::System,
    };
    let mut tx = store.begin().await.unwrap();
    submit::start(&mut tx, &new).await.unwrap();
    tx.commit().await.unwrap();
    cast.id
}

/// The timers that fired, in the history's order.
async fn fired(store: &Store, id: InstanceId) -> Vec<String> {
    let all = history::list(&mut store.read().await.unwrap(), id, 0, 1_000).await.unwrap();
    assert!(all.windows(2).all(|pair| pair[0].event.at <= pair[1].event.at), "back in time: {all:?}");
    let names = all.into_iter().filter_map(|entry| match entry.event.kind {
        EventKind::TimerFired { key, .. } => Some(key.rsplit(['/', '.', ':']).next().unwrap().to_owned()),
        _ => None,
    });
    names.collect()
}

async fn a_jump_forward_fires_what_is_due_once_and_a_jump_back_nothing(db: TestStore) {
    let definitions = Definitions::load().unwrap();
    definitions.publish(&db.store).await.unwrap();
    let work = Work::start(&db.store, 600_000_000);
    work.permits.add_permits(INSTANCES);
    let mut ids = Vec::new();
    for _ in 0..INSTANCES {
        ids.push(start(&db.store, &definitions).await);
    }
    let store = &db.store;
    let status =
        async |id| instances::get(&mut store.read().await.unwrap(), id).await.unwrap().unwrap().status;
    let everywhere = async |what: &str, count: usize| {
        for id in &ids {
            until(what, async || fired(store, *id).await.len() >= count).await;
        }
    };
    for id in &ids {
        until("asking", async || status(*id).await == "waiting").await;
    }
    // Forth by ninety minutes: the hint of every instance, and nothing else.
    store.shift_clock(HOUR_MS * 3 / 2);
    everywhere("the first hint", 1).await;
    // Back by two hours: the workers look, and find nothing of these. That they looked is seen by another instance, whose
    // hint was set when the clock was still further back.
    store.shift_clock(-10 * HOUR_MS);
    work.permits.add_permits(1);
    let probe = start(store, &definitions).await;
    until("the probe is asking", async || status(probe).await == "waiting").await;
    store.shift_clock(-HOUR_MS / 2);
    until("the probe's hint", async || !fired(store, probe).await.is_empty()).await;
    for id in &ids {
        assert_eq!(fired(store, *id).await, ["nudge"]);
        assert_eq!(timers::of_instance(&mut store.read().await.unwrap(), *id).await.unwrap().len(), 2);
    }
    // Forth over everything: the window ends it; what was due before it comes before it.
    store.shift_clock(5 * HOUR_MS);
    for id in &ids {
        until("the window", async || status(*id).await == "expired").await;
        assert_eq!(fired(store, *id).await, ["nudge", "nudge", "window"]);
        assert!(timers::of_instance(&mut store.read().await.unwrap(), *id).await.unwrap().is_empty());
    }
    work.stop().await;
}

async fn insert(store: &Store, key: &str) -> sealflow_core::ids::JobId {
    let mut tx = store.begin().await.unwrap();
    let job = NewJob { kind: Kind::SendSms, key: key.to_owned(), payload: json!({}), run_at: None };
    let id = jobs::insert(&mut tx, &job).await.unwrap();
    tx.commit().await.unwrap();
    id
}

async fn a_running_job_outlives_a_jump_back(db: TestStore) {
    let work = Work::start(&db.store, 1_500);
    let id = insert(&db.store, "a").await;
    work.begun().await;
    let get = async || jobs::get(&mut db.store.read().await.unwrap(), id).await.unwrap().unwrap();
    let leased = get().await.leased_until.unwrap();
    db.store.shift_clock(-2 * HOUR_MS);
    // Renewed by the clock as it is now.
    until("a renewal", async || {
        get().await.leased_until.is_some_and(|until| until < leased.plus_ms(-HOUR_MS))
    })
    .await;
    assert_eq!((get().await.state, get().await.attempts), (State::Running, 1));
    work.permits.add_permits(1);
    until("the end", async || get().await.state == State::Done).await;
    assert_eq!(get().await.attempts, 1);
    work.stop().await;
}

async fn a_running_job_that_a_jump_forward_takes_away_counts_once(db: TestStore) {
    let definitions = Definitions::load().unwrap();
    definitions.publish(&db.store).await.unwrap();
    let work = Work::start(&db.store, 4_000);
    let id = start(&db.store, &definitions).await;
    work.begun().await;
    // Every lease is over at once; whether the renewal or the look for dead workers comes first is chance.
    db.store.shift_clock(2 * HOUR_MS);
    let job = jobs::of_instance(&mut db.store.read().await.unwrap(), id).await.unwrap().remove(0);
    until("a second attempt or a renewal", async || {
        let now = jobs::get(&mut db.store.read().await.unwrap(), job.id).await.unwrap().unwrap();
        now.attempts > 1 || now.leased_until > job.leased_until
    })
    .await;
    work.permits.add_permits(2);
    until("the result", async || {
        let state = instances::get(&mut db.store.read().await.unwrap(), id).await.unwrap().unwrap();
        state.status == "waiting"
    })
    .await;
    let results = history::list(&mut db.store.read().await.unwrap(), id, 0, 100).await.unwrap();
    let results = results.iter().filter(|entry| matches!(entry.event.kind, EventKind::JobResult { .. }));
    assert_eq!(results.count(), 1);
    work.stop().await;
}
