//! What a worker reports about a job it holds. Every statement asks for the lease: who lost it changes nothing.

use sealflow_core::{
    Actor, EventId, EventKind, Timestamp,
    ids::{InstanceId, JobId},
};

use super::{
    ErrorClass, Lease, Outcome, delay_ms, key_in,
    lease::{missing, tokens},
};
use crate::{
    Change, Error, Tx, change,
    db::{Commit, row::parse},
    instances::{NewEvent, Submitted, submit},
};

const COMPLETE: &str = include_str!("complete.sql");
const COMPLETE_PLAIN_SQLITE: &str = include_str!("complete_plain.sqlite.sql");
const COMPLETE_PLAIN_POSTGRES: &str = include_str!("complete_plain.postgres.sql");
const RELEASE: &str = include_str!("release.sql");
const BURY: &str = include_str!("bury.sql");

/// The most characters of an error that are kept.
const ERROR_LENGTH_MAX: usize = 2_000;

/// A report that was not taken.
#[derive(Debug, thiserror::Error)]
pub enum AckError {
    /// The lease has expired and somebody else has the job, or it was ended otherwise.
    #[error("the job {0} is no longer leased to this worker")]
    LeaseLost(JobId),
    /// The database.
    #[error(transparent)]
    Store(#[from] Error),
}

/// A result that was not taken.
#[derive(Debug, thiserror::Error)]
pub enum CompleteError {
    /// The lease has expired and somebody else has the job, or it was ended otherwise.
    #[error("the job {0} is no longer leased to this worker")]
    LeaseLost(JobId),
    /// What the job wanted to write cannot be written.
    #[error("what the job found cannot be kept")]
    Change(#[source] change::Error),
    /// The instance does not take the result.
    #[error("the instance does not take the result")]
    Submit(#[source] submit::Error),
    /// The database.
    #[error(transparent)]
    Store(#[from] Error),
}

impl CompleteError {
    /// Whether the same call may succeed a little later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::LeaseLost(_) => false,
            Self::Change(error) => error.is_transient(),
            Self::Submit(error) => error.is_transient(),
            Self::Store(error) => error.is_transient(),
        }
    }
}

/// A result.
#[derive(Debug)]
pub struct Complete {
    /// The right to write it.
    pub lease: Lease,
    /// What the instance is told, if one waits.
    pub outcome: Outcome,
    /// What is written with it, in this order.
    pub changes: Vec<Change>,
}

/// Writes a result: the job is done, its instance, if it waits, takes the next step, and its changes are applied. All
/// or nothing, in the caller's transaction. An instance that no longer waits for it ignores it, with its changes.
///
/// # Errors
/// After any error the transaction must be rolled back, or its savepoint.
pub async fn complete(tx: &mut Tx, complete: &Complete) -> Result<Option<Submitted>, CompleteError> {
    let Complete { lease, outcome, changes } = complete;
    let now = tx.now();
    let row: Option<(Option<String>, String, i64)> = sqlx::query_as(COMPLETE)
        .bind(lease.job_id.to_string())
        .bind(&lease.token)
        .bind(now.as_ms())
        .fetch_optional(tx.conn())
        .await
        .map_err(Error::from)?;
    let Some((instance_id, key, awaited)) = row else { return Err(CompleteError::LeaseLost(lease.job_id)) };
    let instance_id: Option<InstanceId> =
        instance_id.as_deref().map(|id| parse("a job's instance", id)).transpose()?;
    tx.label(Commit::Complete);
    let Some(instance_id) = instance_id.filter(|_| awaited != 0) else {
        apply(tx, changes).await?;
        return Ok(None);
    };
    let key_in_instance = key_in(instance_id, &key).unwrap_or_default().to_owned();
    let event = NewEvent {
        id: EventId(format!("job/{}", lease.job_id)),
        actor: Actor::Worker,
        kind: EventKind::JobResult {
            key: key_in_instance,
            outcome: outcome.name.clone(),
            data: outcome.data.clone(),
        },
    };
    // Before the changes: whoever writes an instance and its contract's rows takes the locks in this order.
    let submitted = submit::submit(tx, instance_id, event).await.map_err(CompleteError::Submit)?;
    // Withdrawn or declined meanwhile: what the job made is not wanted, and nobody shall see it.
    if !submitted.ignored {
        apply(tx, changes).await?;
    }
    Ok(Some(submitted))
}

async fn apply(tx: &mut Tx, changes: &[Change]) -> Result<(), CompleteError> {
    for change in changes {
        change.apply(tx).await.map_err(CompleteError::Change)?;
    }
    Ok(())
}

/// Writes results that nobody waits for and that change nothing else, all in one statement. Tells those that were not
/// taken: their lease is lost.
///
/// # Errors
/// When the database cannot be reached.
pub async fn complete_plain(tx: &mut Tx, leases: &[Lease]) -> Result<Vec<JobId>, Error> {
    if leases.is_empty() {
        return Ok(Vec::new());
    }
    let now = tx.now();
    let statement = tx.store().dialect().pick(COMPLETE_PLAIN_SQLITE, COMPLETE_PLAIN_POSTGRES);
    let done: Vec<String> =
        sqlx::query_scalar(statement).bind(tokens(leases)?).bind(now.as_ms()).fetch_all(tx.conn()).await?;
    tx.label(Commit::Complete);
    Ok(missing(leases, &done))
}

/// A failed attempt.
#[derive(Debug, Clone)]
pub struct Failure {
    /// Why.
    pub class: ErrorClass,
    /// For the operators; without personal data. Cut after 2,000 characters.
    pub error: String,
    /// Not before this time, when the vendor said so; else by the class.
    pub not_before: Option<Timestamp>,
}

/// What becomes of a job whose attempt failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Released {
    /// It will be tried again at this time.
    RetryAt(Timestamp),
    /// Its attempts are used up.
    Dead,
}

/// Gives a job back after a failed attempt: it rests and is tried again, or is dead when its attempts are used up.
///
/// # Errors
/// When the lease is lost, or the database cannot be reached.
pub async fn retry_later(tx: &mut Tx, lease: &Lease, failure: &Failure) -> Result<Released, AckError> {
    let counts: Option<(i64, i64)> = sqlx::query_as(
        "select attempts, max_attempts from jobs where id = $1 and lease_token = $2 and state = 'running'",
    )
    .bind(lease.job_id.to_string())
    .bind(&lease.token)
    .fetch_optional(tx.conn())
    .await
    .map_err(Error::from)?;
    let Some((attempts, max_attempts)) = counts else { return Err(AckError::LeaseLost(lease.job_id)) };
    let error = format!("{}: {}", failure.class, failure.error);
    if attempts >= max_attempts {
        bury(tx, lease, &error).await?;
        return Ok(Released::Dead);
    }
    let attempts = u32::try_from(attempts).unwrap_or(u32::MAX);
    let by_class = tx.now().plus_ms(delay_ms(failure.class, attempts, rand::random()));
    let run_at = failure.not_before.map_or(by_class, |given| given.max(by_class));
    release(tx, lease, run_at, 0, Some(&error)).await?;
    Ok(Released::RetryAt(run_at))
}

/// Gives a job back until a known time, for a reason that is no failure: the attempt does not count.
///
/// # Errors
/// When the lease is lost, or the database cannot be reached.
pub async fn wait_until(tx: &mut Tx, lease: &Lease, until: Timestamp, reason: &str) -> Result<(), AckError> {
    release(tx, lease, until, 1, Some(reason)).await
}

/// Gives a job back that was not begun, for another worker to take at once: the attempt does not count.
///
/// # Errors
/// When the lease is lost, or the database cannot be reached.
pub async fn hand_back(tx: &mut Tx, lease: &Lease) -> Result<(), AckError> {
    let now = tx.now();
    release(tx, lease, now, 1, None).await
}

pub(super) async fn release(
    tx: &mut Tx,
    lease: &Lease,
    run_at: Timestamp,
    attempts_back: i64,
    error: Option<&str>,
) -> Result<(), AckError> {
    let queue: Option<String> = sqlx::query_scalar(RELEASE)
        .bind(lease.job_id.to_string())
        .bind(&lease.token)
        .bind(run_at.as_ms())
        .bind(attempts_back)
        .bind(error.map(shortened))
        .fetch_optional(tx.conn())
        .await
        .map_err(Error::from)?;
    let Some(queue) = queue else { return Err(AckError::LeaseLost(lease.job_id)) };
    if run_at <= tx.now() {
        tx.wake(parse("a job's queue", &queue)?);
    }
    tx.label(Commit::Release);
    Ok(())
}

/// Gives a job up: it is dead and waits for a person.
///
/// # Errors
/// When the lease is lost, or the database cannot be reached.
pub async fn bury(tx: &mut Tx, lease: &Lease, reason: &str) -> Result<(), AckError> {
    let now = tx.now();
    let buried = sqlx::query(BURY)
        .bind(lease.job_id.to_string())
        .bind(&lease.token)
        .bind(now.as_ms())
        .bind(shortened(reason))
        .execute(tx.conn())
        .await
        .map_err(Error::from)?;
    if buried.rows_affected() == 0 {
        return Err(AckError::LeaseLost(lease.job_id));
    }
    tx.label(Commit::Release);
    Ok(())
}

/// Notes that a vendor is about to be called. Commit it before the call: whoever takes the job up after a crash then
/// asks the vendor first.
///
/// # Errors
/// When the lease is lost (then do not call), or the database cannot be reached.
pub async fn mark_outside_call(tx: &mut Tx, lease: &Lease) -> Result<(), AckError> {
    let now = tx.now();
    let marked = sqlx::query(
        "update jobs set outside_call_at_ms = $3 where id = $1 and lease_token = $2 and state = 'running'",
    )
    .bind(lease.job_id.to_string())
    .bind(&lease.token)
    .bind(now.as_ms())
    .execute(tx.conn())
    .await
    .map_err(Error::from)?;
    if marked.rows_affected() == 0 {
        return Err(AckError::LeaseLost(lease.job_id));
    }
    tx.label(Commit::MarkOutside);
    Ok(())
}

/// Cuts an error to what a row may hold; PostgreSQL holds no NUL.
pub(super) fn shortened(error: &str) -> String {
    error.chars().filter(|character| *character != '\0').take(ERROR_LENGTH_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_errors_are_cut_between_characters() {
        assert_eq!(shortened("短"), "短");
        assert_eq!(shortened(&"错".repeat(3_000)).chars().count(), ERROR_LENGTH_MAX);
        assert_eq!(shortened("a\0b"), "ab");
    }
}
