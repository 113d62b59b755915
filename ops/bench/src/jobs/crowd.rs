//! Whether a million waiting instances and a million finished jobs in the tables slow a claim.

use std::time::Instant;

use anyhow::Result;
use sealflow_store::{
    Dialect, Store,
    jobs::{self, Claim, Queue},
};

use super::drain;
use crate::{Bench, report::percentile};

/// Claims that are timed.
const CLAIMS: usize = 2_000;
/// Instances that wait, and jobs that are done.
const CROWD: i64 = 1_000_000;

const DEFINITION: &str =
    "insert into definitions (hash, name, version, compilation, source, compiled, kind, published_at_ms)
    values ('crowd', 'crowd', 1, 1, '', '{}', 'workflow', 1)";
const INSTANCES: &str = "insert into instances (id, definition_hash, subject_kind, subject_id, state, status, seq,
        created_at_ms, updated_at_ms)
    select 'i' || lpad(n::text, 12, '0'), 'crowd', 'bench', n::text, '{\"waiting\":true}', 'in_progress', 1, n, n
    from generate_series(1, $1) n";
const JOBS: &str = "insert into jobs (id, queue, kind, key, payload, state, priority, run_at_ms, attempts, max_attempts,
        lease_epoch, instance_id, awaited, created_at_ms, finished_at_ms)
    select 'j' || lpad(n::text, 12, '0'), 'email', 'send_email', 'i' || lpad(n::text, 12, '0') || '/mail', '{}', 'done',
        0, n, 1, 12, 1, 'i' || lpad(n::text, 12, '0'), 0, n, n + 1
    from generate_series(1, $1) n";

pub(super) async fn measure(bench: &mut Bench) -> Result<()> {
    let database = bench.databases.make(Dialect::Postgres).await?;
    let store = database.store().await?;
    drain::fill(&store, CLAIMS * 2).await?;
    let alone = percentile(claims(&store).await?, 0.99);
    crowd(&store).await?;
    let crowded = percentile(claims(&store).await?, 0.99);
    store.close().await;
    database.drop().await?;
    bench.report.beside("jobs/claim_p99/postgres/crowd", crowded, "ms", "empty tables", alone);
    Ok(())
}

async fn crowd(store: &Store) -> Result<()> {
    let mut tx = store.begin().await?;
    sqlx::query(DEFINITION).execute(tx.conn()).await?;
    sqlx::query(INSTANCES).bind(CROWD).execute(tx.conn()).await?;
    sqlx::query(JOBS).bind(CROWD).execute(tx.conn()).await?;
    tx.commit().await?;
    drain::settle(store).await
}

/// The time of each claim of one job, in milliseconds, as the runtime claims.
async fn claims(store: &Store) -> Result<Vec<f64>> {
    let mut times = Vec::with_capacity(CLAIMS);
    for _ in 0..CLAIMS {
        let begun = Instant::now();
        let mut tx = store.begin().await?;
        let claim = Claim { queue: Queue::Email, slots: 1, worker: "bench", lease_ms: 600_000 };
        let now = tx.now();
        let claimed = jobs::claim(&mut tx, &claim, now).await?;
        tx.commit().await?;
        anyhow::ensure!(claimed.len() == 1, "nothing was left to claim");
        times.push(begun.elapsed().as_secs_f64() * 1_000.0);
    }
    Ok(times)
}
