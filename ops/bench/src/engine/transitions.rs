//! Transitions a second of many callers, each with an instance and transactions of its own.

use std::time::{Duration, Instant};

use anyhow::Result;
use sealflow_core::{Definition, ids::PersonId};
use sealflow_store::{Dialect, Store, instances};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::{SECONDS, action, new_instance, publish};
use crate::Bench;

pub(super) async fn run(bench: &Bench, dialect: Dialect, callers: usize) -> Result<f64> {
    let database = bench.databases.make(dialect).await?;
    let store = database.store().await?;
    let definition = publish(&store, include_str!("waiter.yaml")).await?;
    let begun = Instant::now();
    let mut running = JoinSet::new();
    for _ in 0..callers {
        running.spawn(call(store.clone(), definition.clone(), begun));
    }
    let mut count = 0;
    while let Some(ended) = running.join_next().await {
        count += ended??;
    }
    let seconds = begun.elapsed().as_secs_f64();
    store.close().await;
    database.drop().await?;
    Ok(f64::from(count) / seconds)
}

async fn call(store: Store, definition: Definition, begun: Instant) -> Result<u32> {
    let clerk = PersonId::from_uuid(Uuid::now_v7());
    let new = new_instance(&definition, clerk);
    let mut tx = store.begin().await?;
    instances::start(&mut tx, &new).await?;
    tx.commit().await?;
    let mut count = 0;
    while begun.elapsed() < Duration::from_secs(SECONDS) {
        let mut tx = store.begin().await?;
        instances::submit(&mut tx, new.id, action(clerk, count.to_string(), "note")).await?;
        tx.commit().await?;
        count += 1;
    }
    Ok(count)
}
