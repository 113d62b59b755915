//! No-op jobs through the runtime that production uses: inserted before, then drained; the clock runs from the first
//! handler's begin until no job is left and all rows say done.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use sealflow_jobs::{Config, Ctx, Done, Registry, Runtime, run as work};
use sealflow_store::{
    Dialect, Store,
    jobs::{self, Kind, NewJob},
};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::Bench;

/// How many are inserted in one transaction.
const INSERT_BATCH: usize = 1_000;

/// What the handler notes.
#[derive(Debug, Default)]
struct Noted {
    begun: OnceLock<Instant>,
    ran: AtomicUsize,
}

/// Jobs a second.
pub(super) async fn run(bench: &Bench, dialect: Dialect, jobs: usize, concurrency: usize) -> Result<f64> {
    let database = bench.databases.make(dialect).await?;
    let store = database.store().await?;
    fill(&store, jobs).await?;
    let noted = Arc::new(Noted::default());
    let mut registry = Registry::default();
    registry.add(Kind::SendEmail, noted.clone(), |_: Ctx, noted: Arc<Noted>, _: Value| async move {
        noted.begun.get_or_init(Instant::now);
        noted.ran.fetch_add(1, Ordering::Relaxed);
        Ok(Done::new("sent"))
    });
    let stop = CancellationToken::new();
    let runtime =
        Runtime { store: store.clone(), registry, config: Config { concurrency, ..Config::default() } };
    let working = tokio::spawn(work(runtime, stop.clone()));
    while noted.ran.load(Ordering::Relaxed) < jobs {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    while left(&store).await? {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let seconds = noted.begun.get().map_or(0.0, |begun| begun.elapsed().as_secs_f64());
    stop.cancel();
    working.await?;
    let done: i64 = sqlx::query_scalar("select count(*) from jobs where state = 'done' and attempts = 1")
        .fetch_one(&mut *store.read().await?)
        .await?;
    ensure!(usize::try_from(done)? == jobs, "{done} of {jobs} jobs are done at the first attempt");
    store.close().await;
    database.drop().await?;
    #[expect(clippy::cast_precision_loss, reason = "a small count")]
    Ok(jobs as f64 / seconds)
}

/// Puts jobs into the table, and leaves it as autovacuum would.
pub(super) async fn fill(store: &Store, jobs: usize) -> Result<()> {
    let mut at = 0;
    while at < jobs {
        let batch: Vec<NewJob> = (at..jobs.min(at + INSERT_BATCH))
            .map(|n| NewJob {
                kind: Kind::SendEmail,
                key: format!("noop/{n}"),
                payload: json!({ "n": n }),
                run_at: None,
            })
            .collect();
        let mut tx = store.begin().await?;
        jobs::insert_all(&mut tx, &batch.iter().collect::<Vec<_>>()).await?;
        tx.commit().await?;
        at += INSERT_BATCH;
    }
    settle(store).await
}

/// Statistics and visibility as autovacuum leaves them some time after a load.
pub(super) async fn settle(store: &Store) -> Result<()> {
    let mut reader = store.read().await?;
    if store.dialect() == Dialect::Postgres {
        sqlx::raw_sql("vacuum analyze").execute(&mut *reader).await?;
    }
    Ok(())
}

async fn left(store: &Store) -> Result<bool> {
    let left: i64 = sqlx::query_scalar(
        "select count(*) from (select 1 from jobs where state in ('available', 'running') limit 1) as l",
    )
    .fetch_one(&mut *store.read().await?)
    .await?;
    Ok(left > 0)
}
