//! Jobs that come in, each committed before its client goes on, beside one-row inserts into a plain table.
//!
//! Through the desk, which writes those that wait at the same time together; and each in a transaction that the client
//! begins and commits, as whoever writes rows of his own with a job does.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::Result;
use sealflow_store::{
    Dialect, Store,
    instances::Desk,
    jobs::{self, Kind, NewJob},
};
use serde_json::json;
use sqlx::postgres::{PgPool, PgPoolOptions};
use uuid::Uuid;

use crate::{Bench, report::median};

/// Who inserts at the same time.
const CLIENTS: u32 = 32;
/// How long each run takes.
const TIME: Duration = Duration::from_secs(2);

pub(super) async fn measure(bench: &mut Bench) -> Result<()> {
    let (mut desk, mut alone, mut plain) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..bench.runs {
        let database = bench.databases.make(Dialect::Postgres).await?;
        let store = database.store().await?;
        // Without a look at each connection before it is used: one round trip for a row.
        let pool = PgPoolOptions::new()
            .max_connections(CLIENTS)
            .test_before_acquire(false)
            .connect(&database.url)
            .await?;
        sqlx::raw_sql("create table plain (id text primary key, payload text not null)")
            .execute(&pool)
            .await?;
        plain.push(plain_rows(&pool).await?);
        desk.push(jobs_by_desk(&store).await?);
        alone.push(jobs_alone(&store).await?);
        pool.close().await;
        store.close().await;
        database.drop().await?;
    }
    let plain = median(plain);
    let peer = "plain one-row INSERT";
    bench.report.beside("jobs/insert/postgres/c32", median(desk), "jobs/s", peer, plain);
    bench.report.beside("jobs/insert_own_begin_commit/postgres/c32", median(alone), "jobs/s", peer, plain);
    Ok(())
}

fn new_job(count: &AtomicU64) -> NewJob {
    let n = count.load(Ordering::Relaxed);
    let key = Uuid::now_v7().to_string();
    NewJob { kind: Kind::SendEmail, key, payload: json!({ "n": n }), run_at: None }
}

async fn jobs_by_desk(store: &Store) -> Result<f64> {
    let desk = Desk::open(store);
    all_clients(move |count| {
        let desk = desk.clone();
        async move {
            desk.enqueue(new_job(&count)).await?;
            Ok(())
        }
    })
    .await
}

async fn jobs_alone(store: &Store) -> Result<f64> {
    let store = store.clone();
    all_clients(move |count| {
        let store = store.clone();
        async move {
            let mut tx = store.begin().await?;
            jobs::insert(&mut tx, &new_job(&count)).await?;
            tx.commit().await?;
            Ok(())
        }
    })
    .await
}

async fn plain_rows(pool: &PgPool) -> Result<f64> {
    let pool = pool.clone();
    all_clients(move |count| {
        let pool = pool.clone();
        async move {
            let n = count.load(Ordering::Relaxed);
            sqlx::query("insert into plain (id, payload) values ($1, $2)")
                .bind(Uuid::now_v7().to_string())
                .bind(json!({ "n": n }).to_string())
                .execute(&pool)
                .await?;
            Ok(())
        }
    })
    .await
}

/// Has every client insert one after the other until the time is over; tells how many there were a second.
async fn all_clients<F, R>(insert: F) -> Result<f64>
where
    F: Fn(Arc<AtomicU64>) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Result<()>> + Send + 'static,
{
    let count = Arc::new(AtomicU64::new(0));
    let begun = Instant::now();
    let mut clients = tokio::task::JoinSet::new();
    for _ in 0..CLIENTS {
        let (insert, count) = (insert.clone(), count.clone());
        clients.spawn(async move {
            while begun.elapsed() < TIME {
                insert(count.clone()).await?;
                count.fetch_add(1, Ordering::Relaxed);
            }
            anyhow::Ok(())
        });
    }
    while let Some(ended) = clients.join_next().await {
        ended??;
    }
    #[expect(clippy::cast_precision_loss, reason = "a small count")]
    Ok(count.load(Ordering::Relaxed) as f64 / begun.elapsed().as_secs_f64())
}
