//! From an event until the next step runs, on a quiet engine where many instances wait.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use sealflow_core::ids::{InstanceId, PersonId};
use sealflow_jobs::{Ctx, Done, Registry};
use sealflow_store::{
    Dialect, Store,
    instances::{self, Desk},
    jobs::Kind,
};
use serde_json::Value;
use tokio::sync::mpsc;
use uuid::Uuid;

use super::{Soon, action, crowd, new_instance, publish, workers};
use crate::{Bench, report::percentile};

/// How many events are measured, and how many instances take them in turns: a history of a hundred rounds is no usual one.
pub(super) const EVENTS: usize = 200;
const INSTANCES: usize = 20;
/// How often it is looked whether the result is written and the instance waits again.
pub(super) const REST: Duration = Duration::from_millis(10);

pub(super) async fn run(bench: &Bench, crowd: u32) -> Result<Soon> {
    let database = bench.databases.make(Dialect::Postgres).await?;
    let store = database.store().await?;
    let definition = publish(&store, include_str!("waiter.yaml")).await?;
    let clerk = PersonId::from_uuid(Uuid::now_v7());
    let desk = Desk::open(&store);
    let mut ids = Vec::with_capacity(INSTANCES);
    for _ in 0..INSTANCES {
        let new = new_instance(&definition, clerk);
        ids.push(new.id);
        desk.start(new).await?;
    }
    if let Some(first) = ids.first() {
        crowd::fill(&store, *first, crowd).await?;
    }
    let (began, begins) = mpsc::unbounded_channel();
    let mut registry = Registry::default();
    registry.add(
        Kind::SendEmail,
        began,
        |_: Ctx, began: mpsc::UnboundedSender<Instant>, _: Value| async move {
            // The measurement is over when nobody listens.
            let _ = began.send(Instant::now());
            Ok(Done::new("sent"))
        },
    );
    let (stop, working) = workers(&store, registry);
    // In a task of its own, as a server answers requests.
    let times = tokio::spawn(send(store.clone(), desk, ids, clerk, begins)).await??;
    stop.cancel();
    working.await?;
    store.close().await;
    database.drop().await?;
    Ok(Soon { p50_ms: percentile(times.clone(), 0.5), p99_ms: percentile(times, 0.99) })
}

/// Sends the events; tells how long each took until the next step began.
async fn send(
    store: Store,
    desk: Desk,
    ids: Vec<InstanceId>,
    clerk: PersonId,
    mut begins: mpsc::UnboundedReceiver<Instant>,
) -> Result<Vec<f64>> {
    let mut times = Vec::with_capacity(EVENTS);
    for (n, id) in ids.iter().cycle().take(EVENTS).enumerate() {
        let sent = Instant::now();
        desk.submit(*id, action(clerk, format!("go/{n}"), "go")).await?;
        let begun = begins.recv().await.context("the workers have ended")?;
        times.push(begun.saturating_duration_since(sent).as_secs_f64() * 1_000.0);
        rest(&store, *id).await?;
    }
    Ok(times)
}

/// Lets the engine become quiet again.
async fn rest(store: &Store, id: InstanceId) -> Result<()> {
    loop {
        tokio::time::sleep(REST).await;
        let instance =
            instances::get(&mut *store.read().await?, id).await?.context("the instance is gone")?;
        if instance.status == "waiting" {
            return Ok(());
        }
    }
}
