//! Taking jobs: as many as there are free hands, the most urgent first.

use std::sync::LazyLock;

use sealflow_core::Timestamp;
use uuid::Uuid;

use super::{ClaimedJob, Lease, Queue, cache, claim_limited};
use crate::{
    Conn, Dialect, Error, Store, Tx,
    db::{
        Commit,
        row::{parse, to_u64},
    },
    failpoint,
};

const SQLITE: &str = include_str!("claim.sqlite.sql");
/// In a transaction, whose time is a parameter.
static POSTGRES: LazyLock<String> = LazyLock::new(|| postgres("$2"));
/// As a transaction of its own, whose time the server tells; the parameter moves it.
static POSTGRES_ALONE: LazyLock<String> = LazyLock::new(|| {
    postgres("(cast(floor(extract(epoch from statement_timestamp()) * 1000) as bigint) + $2)")
});

fn postgres(now: &str) -> String {
    include_str!("claim.postgres.sql").replace("{now}", now)
}

/// What a worker wants.
#[derive(Debug, Clone)]
pub struct Claim<'a> {
    /// From which queue.
    pub queue: Queue,
    /// How many hands are free.
    pub slots: u32,
    /// Who takes them; one name a process.
    pub worker: &'a str,
    /// How long they are his without renewal, in milliseconds.
    pub lease_ms: i64,
}

#[derive(sqlx::FromRow)]
pub(super) struct Row {
    id: String,
    key: String,
    kind: String,
    payload: String,
    attempts: i64,
    max_attempts: i64,
    lease_epoch: i64,
    outside_call_at_ms: Option<i64>,
    instance_id: Option<String>,
    awaited: i64,
    item: Option<String>,
    priority: i64,
    run_at_ms: i64,
}

/// Takes jobs in a transaction of their own, whose commit may be lost when the server crashes: then they are available
/// again. What calls outside is marked by a commit that is kept.
///
/// # Errors
/// When the database cannot be reached. Jobs that were taken nevertheless come back when their lease ends.
pub async fn claim_now(store: &Store, claim: &Claim<'_>) -> Result<Vec<ClaimedJob>, Error> {
    if store.dialect() == Dialect::Postgres && claim.slots > 0 && cache::is_free(store, claim.queue) {
        return claim_alone(store, claim).await;
    }
    let mut tx = store.begin_relaxed().await?;
    let now = tx.now();
    let claimed = self::claim(&mut tx, claim, now).await?;
    tx.commit().await?;
    Ok(claimed)
}

/// Takes up to `slots` jobs that are due. A paused queue gives none, one with limits what they allow.
///
/// # Errors
/// When the database cannot be reached.
pub async fn claim(tx: &mut Tx, claim: &Claim<'_>, now: Timestamp) -> Result<Vec<ClaimedJob>, Error> {
    if claim.slots == 0 {
        return Ok(Vec::new());
    }
    let limits = cache::current(tx).await?;
    if limits.apply_to(claim.queue) {
        return claim_limited::claim(tx, &limits, claim, now).await;
    }
    let text = tx.store().dialect().pick(SQLITE, &POSTGRES);
    let claimed = take(tx.conn(), text, claim, now.as_ms()).await?;
    if !claimed.is_empty() {
        tx.label(Commit::Claim);
    }
    Ok(claimed)
}

/// One trip to the server. There is no moment between the statement and its commit, so only the fail point after it.
async fn claim_alone(store: &Store, claim: &Claim<'_>) -> Result<Vec<ClaimedJob>, Error> {
    loop {
        let mut alone = store.alone().await?;
        match take(alone.conn(), &POSTGRES_ALONE, claim, store.clock_shift_ms()).await {
            Ok(claimed) => {
                alone.give_back();
                if !claimed.is_empty() {
                    failpoint::hit(Commit::Claim.after());
                }
                return Ok(claimed);
            }
            Err(error) if alone.was_broken(&error) => {}
            Err(error) => return Err(error),
        }
    }
}

async fn take(
    conn: &mut Conn,
    text: &'static str,
    claim: &Claim<'_>,
    now_ms: i64,
) -> Result<Vec<ClaimedJob>, Error> {
    let token = Uuid::new_v4().simple().to_string();
    let rows: Vec<Row> = sqlx::query_as(text)
        .bind(claim.queue.as_str())
        .bind(now_ms)
        .bind(&token)
        .bind(claim.lease_ms)
        .bind(claim.worker)
        .bind(i64::from(claim.slots))
        .fetch_all(conn)
        .await?;
    into_jobs(rows, &token)
}

/// The jobs of these rows in their order; RETURNING promises none.
pub(super) fn into_jobs(mut rows: Vec<Row>, token: &str) -> Result<Vec<ClaimedJob>, Error> {
    rows.sort_by(|a, b| (a.priority, a.run_at_ms, &a.id).cmp(&(b.priority, b.run_at_ms, &b.id)));
    rows.into_iter().map(|row| row.into_job(token)).collect()
}

impl Row {
    fn into_job(self, token: &str) -> Result<ClaimedJob, Error> {
        Ok(ClaimedJob {
            lease: Lease { job_id: parse("a job's id", &self.id)?, token: token.to_owned() },
            lease_epoch: to_u64("a job's lease epoch", self.lease_epoch)?,
            key: self.key,
            kind: self.kind,
            payload: self.payload,
            attempt: u32::try_from(self.attempts).unwrap_or(u32::MAX),
            max_attempts: u32::try_from(self.max_attempts).unwrap_or(0),
            earlier_outside_call_at: self.outside_call_at_ms.map(Timestamp),
            instance_id: self.instance_id.as_deref().map(|id| parse("a job's instance", id)).transpose()?,
            awaited: self.awaited != 0,
            item: self.item,
        })
    }
}
