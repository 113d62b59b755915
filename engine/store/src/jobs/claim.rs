//! Taking jobs: as many as there are free hands, the most urgent first.

use sealflow_core::Timestamp;
use uuid::Uuid;

use super::{ClaimedJob, Lease, Queue, claim_limited, limits};
use crate::{
    Error, Tx,
    db::{
        Commit,
        row::{parse, to_u64},
    },
};

const SQLITE: &str = include_str!("claim.sqlite.sql");
const POSTGRES: &str = include_str!("claim.postgres.sql");

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

/// Takes up to `slots` jobs that are due. A paused queue gives none, one with limits what they allow.
///
/// # Errors
/// When the database cannot be reached.
pub async fn claim(tx: &mut Tx, claim: &Claim<'_>, now: Timestamp) -> Result<Vec<ClaimedJob>, Error> {
    if claim.slots == 0 {
        return Ok(Vec::new());
    }
    let limits = limits::current(tx).await?;
    if limits.apply_to(claim.queue) {
        return claim_limited::claim(tx, &limits, claim, now).await;
    }
    let token = Uuid::new_v4().simple().to_string();
    let statement = tx.store().dialect().pick(SQLITE, POSTGRES);
    let rows: Vec<Row> = sqlx::query_as(statement)
        .bind(claim.queue.as_str())
        .bind(now.as_ms())
        .bind(&token)
        .bind(now.plus_ms(claim.lease_ms).as_ms())
        .bind(claim.worker)
        .bind(i64::from(claim.slots))
        .fetch_all(tx.conn())
        .await?;
    if !rows.is_empty() {
        tx.label(Commit::Claim);
    }
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
