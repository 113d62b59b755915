//! Dead jobs, many at once: tried again, or given up for good.

use sealflow_core::ids::JobId;

use super::{Kind, Queue, RetryDeadError, State};
use crate::{Error, Tx, db::row::parse};

const RETRY_ALL: &str = include_str!("retry_all.sql");

/// The most jobs that are tried again in one transaction.
pub const RETRY_ALL_MAX: u32 = 1_000;

/// Which dead jobs.
#[derive(Debug, Clone, Copy, Default)]
pub struct DeadFilter {
    /// Only kinds of this queue.
    pub queue: Option<Queue>,
    /// Only of this kind.
    pub kind: Option<Kind>,
}

/// Tries dead jobs again, the longest dead first, at most [`RETRY_ALL_MAX`]; tells how many. Those of a kind that is
/// still unknown stay dead.
///
/// # Errors
/// When the database cannot be reached.
pub async fn retry_all_dead(tx: &mut Tx, filter: DeadFilter) -> Result<u64, Error> {
    let now = tx.now();
    let wanted = |kind: &Kind| {
        filter.kind.is_none_or(|only| only == *kind) && filter.queue.is_none_or(|only| only == kind.queue())
    };
    let mut retried = 0;
    for kind in Kind::ALL.iter().copied().filter(wanted) {
        let left = u64::from(RETRY_ALL_MAX).saturating_sub(retried);
        let done = sqlx::query(RETRY_ALL)
            .bind(kind.as_str())
            .bind(now.as_ms())
            .bind(kind.queue().as_str())
            .bind(i64::from(kind.max_attempts()))
            .bind(i64::try_from(left).unwrap_or(0))
            .execute(tx.conn())
            .await?
            .rows_affected();
        if done > 0 {
            tx.wake(kind.queue());
        }
        retried += done;
    }
    Ok(retried)
}

/// Why a job is not discarded.
#[derive(Debug, thiserror::Error)]
pub enum DiscardError {
    /// Unknown, or not dead.
    #[error(transparent)]
    NotDead(#[from] RetryDeadError),
    /// Its instance would wait for ever.
    #[error("an instance waits for the job {0}")]
    Awaited(JobId),
    /// The database.
    #[error(transparent)]
    Store(#[from] Error),
}

/// Gives a dead job up for good. One that a running instance waits for is not: it is tried again, or its instance is
/// ended first.
///
/// # Errors
/// When it is not dead, or awaited.
pub async fn discard(tx: &mut Tx, job_id: JobId) -> Result<(), DiscardError> {
    let row: Option<(String, i64)> = sqlx::query_as(
        "select jobs.state, case when awaited = 1 and instances.finished_at_ms is null then 1 else 0 end \
         from jobs left join instances on instances.id = jobs.instance_id where jobs.id = $1",
    )
    .bind(job_id.to_string())
    .fetch_optional(tx.conn())
    .await
    .map_err(Error::from)?;
    let Some((state, awaited)) = row else { return Err(RetryDeadError::Unknown(job_id).into()) };
    let state: State = parse("a job's state", &state)?;
    if state != State::Dead {
        return Err(RetryDeadError::NotDead { job_id, state }.into());
    }
    if awaited != 0 {
        return Err(DiscardError::Awaited(job_id));
    }
    let discarded =
        sqlx::query("update jobs set state = 'cancelled', kept = null where id = $1 and state = 'dead'")
            .bind(job_id.to_string())
            .execute(tx.conn())
            .await
            .map_err(Error::from)?;
    if discarded.rows_affected() == 0 {
        return Err(RetryDeadError::NotDead { job_id, state: State::Available }.into());
    }
    Ok(())
}
