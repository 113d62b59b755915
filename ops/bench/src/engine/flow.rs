//! Workflows of five no-op jobs: a client starts one and waits for its end, then the next.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use sealflow_core::{Definition, ids::PersonId};
use sealflow_jobs::{Ctx, Done, Registry, desk};
use sealflow_store::{Dialect, instances::Desk, jobs::Kind};
use serde_json::Value;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::{SECONDS, new_instance, publish, workers};
use crate::Bench;

/// Longer than any workflow takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// How the five jobs are run.
#[derive(Debug, Clone, Copy)]
pub(super) enum Steps {
    /// Their handler is local: all of them are run with the start, in one transaction.
    Local,
    /// Each is claimed, and each result is committed before the next is.
    Claimed,
}

/// Workflows a second.
pub(super) async fn run(bench: &Bench, dialect: Dialect, clients: usize, steps: Steps) -> Result<f64> {
    let database = bench.databases.make(dialect).await?;
    let store = database.store().await?;
    let mut registry = Registry::default();
    let source = include_str!("noop.yaml");
    let source = match steps {
        Steps::Local => {
            registry.add_local(Kind::PrepareDocument, (), |_: Ctx, (), _: Value| async move {
                Ok(Done::new("prepared"))
            });
            source.to_owned()
        }
        // A queue without limits over all processes.
        Steps::Claimed => {
            registry.add(Kind::SendEmail, (), |_: Ctx, (), _: Value| async move { Ok(Done::new("sent")) });
            source.replace("prepare_document", "send_email").replace("{prepared: ", "{failed: done, sent: ")
        }
    };
    let desk = desk(&store, registry.clone());
    let (stop, working) = workers(&store, registry);
    let definition = publish(&store, &source).await?;
    one(&desk, &definition).await?;
    let count = Arc::new(AtomicU64::new(0));
    let begun = Instant::now();
    let mut running = JoinSet::new();
    for _ in 0..clients {
        let (desk, definition, count) = (desk.clone(), definition.clone(), count.clone());
        running.spawn(async move {
            while begun.elapsed() < Duration::from_secs(SECONDS) {
                one(&desk, &definition).await?;
                count.fetch_add(1, Ordering::Relaxed);
            }
            anyhow::Ok(())
        });
    }
    while let Some(ended) = running.join_next().await {
        ended??;
    }
    let (count, seconds) = (count.load(Ordering::Relaxed), begun.elapsed().as_secs_f64());
    stop.cancel();
    working.await?;
    let jobs: i64 = sqlx::query_scalar("select count(*) from jobs where state = 'done' and attempts = 1")
        .fetch_one(&mut *store.read().await?)
        .await?;
    ensure!(u64::try_from(jobs)? == (count + 1) * 5, "{jobs} jobs are done after {count} workflows");
    store.close().await;
    database.drop().await?;
    #[expect(clippy::cast_precision_loss, reason = "a small count")]
    Ok(count as f64 / seconds)
}

async fn one(desk: &Desk, definition: &Definition) -> Result<()> {
    let new = new_instance(definition, PersonId::from_uuid(Uuid::now_v7()));
    let ended = desk.run(new, PATIENCE).await?;
    ensure!(ended.finished_at.is_some() && ended.seq == 6, "the workflow has not ended: {}", ended.status);
    Ok(())
}
