//! The job table: how many no-op jobs a second end as done, how fast jobs come in, and whether a crowd slows claims.

mod crowd;
mod drain;
mod insert;

use anyhow::Result;
use sealflow_store::Dialect;

use crate::{Bench, peers::Drained, report::median};

/// Jobs in the table before a run begins.
const JOBS: usize = 20_000;
/// The same for a peer that would take too long.
const JOBS_SLOW: usize = 5_000;
/// What SQLite shall do at concurrency 50.
const SQLITE_WANTED: f64 = 15_000.0;

pub(crate) async fn measure(bench: &mut Bench) -> Result<()> {
    for concurrency in [1, 10, 50] {
        noop_postgres(bench, concurrency).await?;
    }
    for concurrency in [1, 10, 50] {
        noop_sqlite(bench, concurrency).await?;
    }
    if bench.wants("jobs/insert/postgres/c32") || bench.wants("jobs/insert_own_begin_commit/postgres/c32") {
        insert::measure(bench).await?;
    }
    if bench.wants("jobs/claim_p99/postgres") {
        crowd::measure(bench).await?;
    }
    Ok(())
}

/// Our rate and the peers', taken in turns so that a slow minute of the machine meets all.
async fn noop_postgres(bench: &mut Bench, concurrency: usize) -> Result<()> {
    let name = format!("jobs/noop/postgres/c{concurrency}");
    if !bench.wants(&name) {
        return Ok(());
    }
    let with_peers = concurrency > 1;
    let (mut ours, mut graphile, mut boss) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..bench.runs {
        ours.push(drain::run(bench, Dialect::Postgres, JOBS, concurrency).await?);
        if with_peers {
            graphile.push(peer(bench, "graphile-worker.mjs", JOBS, concurrency, &["localQueue"]).await?);
            boss.push(peer(bench, "pg-boss.mjs", JOBS, concurrency, &[]).await?);
        }
    }
    let ours = median(ours);
    if !with_peers {
        bench.report.alone(&name, ours, "jobs/s");
        return Ok(());
    }
    bench.report.beside(&name, ours, "jobs/s", "graphile-worker localQueue", median(graphile));
    bench.report.beside(&name, ours, "jobs/s", "pg-boss batch 100", median(boss));
    let plain = peer(bench, "graphile-worker.mjs", JOBS_SLOW, concurrency, &["default"]).await?;
    bench.report.beside(&name, ours, "jobs/s", "graphile-worker default", plain);
    Ok(())
}

async fn peer(bench: &Bench, script: &str, jobs: usize, concurrency: usize, more: &[&str]) -> Result<f64> {
    let database = bench.databases.make(Dialect::Postgres).await?;
    let (count, concurrency) = (jobs.to_string(), concurrency.to_string());
    let mut args = vec![database.url.as_str(), &count, &concurrency];
    args.extend(more);
    let drained: Drained = bench.peers.node(script, &args).await?;
    database.drop().await?;
    Ok(drained.jobs / drained.seconds)
}

async fn noop_sqlite(bench: &mut Bench, concurrency: usize) -> Result<()> {
    let name = format!("jobs/noop/sqlite/c{concurrency}");
    if !bench.wants(&name) {
        return Ok(());
    }
    let mut ours = Vec::new();
    for _ in 0..bench.runs {
        ours.push(drain::run(bench, Dialect::Sqlite, JOBS, concurrency).await?);
    }
    if concurrency == 50 {
        bench.report.beside(&name, median(ours), "jobs/s", "wanted", SQLITE_WANTED);
    } else {
        bench.report.alone(&name, median(ours), "jobs/s");
    }
    Ok(())
}
