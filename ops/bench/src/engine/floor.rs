//! What no engine on this server can do without, for an event and the step after it: a trip that reads a row, and one that
//! writes two and is flushed; on a connection of its own, after the same rest.

use std::time::Instant;

use anyhow::Result;
use sealflow_store::Dialect;
use sqlx::{Connection as _, Executor as _, PgConnection};

use super::{
    Soon,
    event::{EVENTS, REST},
};
use crate::{Bench, report::percentile};

pub(super) async fn run(bench: &Bench) -> Result<Soon> {
    let database = bench.databases.make(Dialect::Postgres).await?;
    let mut events = PgConnection::connect(&database.url).await?;
    events
        .execute("create table seen (id bigint primary key); create table taken (id bigint primary key)")
        .await?;
    let mut times = Vec::new();
    for n in 0..i64::try_from(EVENTS)? {
        tokio::time::sleep(REST).await;
        let begun = Instant::now();
        sqlx::query("select id from seen where id = $1").bind(n).fetch_optional(&mut events).await?;
        sqlx::query("with taken as (insert into taken (id) values ($1)) insert into seen (id) values ($1)")
            .bind(n)
            .execute(&mut events)
            .await?;
        times.push(begun.elapsed().as_secs_f64() * 1_000.0);
    }
    events.close().await?;
    database.drop().await?;
    Ok(Soon { p50_ms: percentile(times.clone(), 0.5), p99_ms: percentile(times, 0.99) })
}
