//! Leases: renewed while the work goes on, taken away when nobody renews them.

use std::collections::{BTreeMap, HashSet};

use sealflow_core::{Timestamp, ids::JobId};

use super::{ErrorClass, Lease, delay_ms};
use crate::{
    Error, Tx,
    db::row::{parse, to_json},
};

const RENEW_SQLITE: &str = include_str!("renew.sqlite.sql");
const RENEW_POSTGRES: &str = include_str!("renew.postgres.sql");
const EXPIRED_SQLITE: &str = include_str!("expired.sqlite.sql");
const EXPIRED_POSTGRES: &str = include_str!("expired.postgres.sql");
const REAP: &str = include_str!("reap.sql");

/// How many expired leases are looked at in one transaction.
const REAP_MAX: i64 = 200;

/// Renews these leases to `lease_ms` from now. Tells those that are lost: their work must not go on.
///
/// # Errors
/// When the database cannot be reached.
pub async fn renew(tx: &mut Tx, leases: &[Lease], lease_ms: i64) -> Result<Vec<JobId>, Error> {
    if leases.is_empty() {
        return Ok(Vec::new());
    }
    let until = tx.now().plus_ms(lease_ms);
    let statement = tx.store().dialect().pick(RENEW_SQLITE, RENEW_POSTGRES);
    let held: Vec<String> =
        sqlx::query_scalar(statement).bind(tokens(leases)?).bind(until.as_ms()).fetch_all(tx.conn()).await?;
    Ok(missing(leases, &held))
}

/// The tokens by id, as a JSON object for a statement: they belong together, as a lease that this worker lost may have
/// gone to itself under another token. Then the later one counts.
pub(super) fn tokens(leases: &[Lease]) -> Result<String, Error> {
    let tokens: BTreeMap<JobId, &str> =
        leases.iter().map(|lease| (lease.job_id, lease.token.as_str())).collect();
    to_json("leases", &tokens)
}

/// The jobs that a statement did not find.
pub(super) fn missing(leases: &[Lease], found: &[String]) -> Vec<JobId> {
    if found.len() == leases.len() {
        return Vec::new();
    }
    let found: HashSet<&str> = found.iter().map(String::as_str).collect();
    let ids = leases.iter().map(|lease| lease.job_id);
    ids.filter(|id| !found.contains(id.to_string().as_str())).collect()
}

/// A job that killed its workers says so when it is dead: it is the job that must be looked at, not the workers.
fn reason(attempts: u32, dead: bool) -> String {
    let class = ErrorClass::LeaseExpired;
    if dead {
        format!(
            "{class}: given up: {attempts} attempts ended with a worker that died or hung while it had this job"
        )
    } else {
        format!("{class}: its worker stopped renewing the lease (attempt {attempts})")
    }
}

/// What a look at the expired leases found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reaped {
    /// Jobs that can be taken again.
    pub released: u64,
    /// Jobs whose attempts are used up.
    pub dead: u64,
}

/// Takes back the jobs whose lease expired before `now`: they are tried again, or dead when their attempts are used up.
///
/// # Errors
/// When the database cannot be reached.
pub async fn reap(tx: &mut Tx, now: Timestamp) -> Result<Reaped, Error> {
    let expired: Vec<(String, String, String, i64, i64)> =
        sqlx::query_as(tx.store().dialect().pick(EXPIRED_SQLITE, EXPIRED_POSTGRES))
            .bind(now.as_ms())
            .bind(REAP_MAX)
            .fetch_all(tx.conn())
            .await?;
    let mut reaped = Reaped::default();
    for (id, token, queue, attempts, max_attempts) in expired {
        let dead = attempts >= max_attempts;
        let attempts = u32::try_from(attempts).unwrap_or(u32::MAX);
        let run_at = now.plus_ms(delay_ms(ErrorClass::LeaseExpired, attempts, rand::random()));
        sqlx::query(REAP)
            .bind(&id)
            .bind(&token)
            .bind(if dead { "dead" } else { "available" })
            .bind(dead.then_some(now.as_ms()))
            .bind(run_at.as_ms())
            .bind(reason(attempts, dead))
            .execute(tx.conn())
            .await?;
        if dead {
            reaped.dead += 1;
        } else {
            reaped.released += 1;
            tx.wake(parse("a job's queue", &queue)?);
        }
    }
    Ok(reaped)
}
