//! What operators do: look at queues, pause them, try dead jobs again; and throwing away what is long done.

use sealflow_core::{Timestamp, ids::JobId};
use serde::Serialize;

use super::{Queue, State};
use crate::{
    Error, Tx,
    db::Conn,
    db::row::{parse, to_u64},
};

const STATS: &str = include_str!("stats.sql");
const RETRY_DEAD: &str = include_str!("retry_dead.sql");
const DELETE_FINISHED: &str = include_str!("delete_finished.sql");

/// Ids are made by the clock of whoever inserts, times of an end are the database's: so far they may differ.
const CLOCKS_MS: i64 = 86_400_000;

/// A queue at a glance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct QueueStats {
    /// Which queue.
    pub queue: Queue,
    /// No job is taken from it.
    pub paused: bool,
    /// Jobs that are due and wait.
    pub depth: u64,
    /// Jobs that wait for a later time.
    pub scheduled: u64,
    /// Jobs in a worker's hands.
    pub running: u64,
    /// Jobs that wait for a person.
    pub dead: u64,
    /// How long the oldest due job waits, in milliseconds.
    pub oldest_age_ms: Option<i64>,
}

#[derive(sqlx::FromRow)]
struct Row {
    queue: String,
    depth: i64,
    scheduled: i64,
    running: i64,
    dead: i64,
    oldest_run_at_ms: Option<i64>,
}

/// Every queue, in a fixed order. `Unassigned` is told only when it has jobs.
///
/// # Errors
/// When the database cannot be reached.
pub async fn queue_stats(conn: &mut Conn, now: Timestamp) -> Result<Vec<QueueStats>, Error> {
    let rows: Vec<Row> = sqlx::query_as(STATS).bind(now.as_ms()).fetch_all(&mut *conn).await?;
    let paused: Vec<String> =
        sqlx::query_scalar("select queue from queue_control where paused = 1").fetch_all(&mut *conn).await?;
    let mut all = Vec::with_capacity(Queue::ALL.len());
    for queue in Queue::ALL.iter().copied() {
        let row = rows.iter().find(|row| row.queue == queue.as_str());
        if row.is_none() && queue == Queue::Unassigned {
            continue;
        }
        let count = |of: fn(&Row) -> i64| row.map_or(Ok(0), |row| to_u64("a count", of(row)));
        all.push(QueueStats {
            queue,
            paused: paused.iter().any(|name| name == queue.as_str()),
            depth: count(|row| row.depth)?,
            scheduled: count(|row| row.scheduled)?,
            running: count(|row| row.running)?,
            dead: count(|row| row.dead)?,
            oldest_age_ms: row
                .and_then(|row| row.oldest_run_at_ms)
                .map(|at| now.as_ms().saturating_sub(at).max(0)),
        });
    }
    Ok(all)
}

/// Stops taking jobs from a queue; those taken are finished.
///
/// # Errors
/// When the database cannot be reached.
pub async fn pause(tx: &mut Tx, queue: Queue) -> Result<(), Error> {
    set_paused(tx, queue, true).await
}

/// Takes jobs from the queue again.
///
/// # Errors
/// When the database cannot be reached.
pub async fn resume(tx: &mut Tx, queue: Queue) -> Result<(), Error> {
    set_paused(tx, queue, false).await?;
    tx.wake(queue);
    Ok(())
}

async fn set_paused(tx: &mut Tx, queue: Queue, paused: bool) -> Result<(), Error> {
    let now = tx.now();
    sqlx::query(
        "insert into queue_control (queue, paused, changed_at_ms) values ($1, $2, $3) \
         on conflict (queue) do update set paused = excluded.paused, changed_at_ms = excluded.changed_at_ms",
    )
    .bind(queue.as_str())
    .bind(i64::from(paused))
    .bind(now.as_ms())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Why a job is not tried again.
#[derive(Debug, thiserror::Error)]
pub enum RetryDeadError {
    /// There is none with this id.
    #[error("there is no job {0}")]
    Unknown(JobId),
    /// It is in another state.
    #[error("the job {job_id} is {state}, not dead")]
    NotDead {
        /// Which job.
        job_id: JobId,
        /// Its state.
        state: State,
    },
    /// No version of this program that is at work knows its kind.
    #[error("this version has no worker for the job {0}")]
    UnknownKind(JobId),
    /// The database.
    #[error(transparent)]
    Store(#[from] Error),
}

/// Tries a dead job again, with all its attempts. What it may have done outside stays noted.
///
/// # Errors
/// When it is not dead, or its kind is still unknown.
pub async fn retry_dead(tx: &mut Tx, job_id: JobId) -> Result<(), RetryDeadError> {
    let row: Option<(String, String)> = sqlx::query_as("select state, kind from jobs where id = $1")
        .bind(job_id.to_string())
        .fetch_optional(tx.conn())
        .await
        .map_err(Error::from)?;
    let Some((state, kind)) = row else { return Err(RetryDeadError::Unknown(job_id)) };
    let state: State = parse("a job's state", &state)?;
    if state != State::Dead {
        return Err(RetryDeadError::NotDead { job_id, state });
    }
    let Ok(kind) = kind.parse::<super::Kind>() else { return Err(RetryDeadError::UnknownKind(job_id)) };
    let now = tx.now();
    let retried = sqlx::query(RETRY_DEAD)
        .bind(job_id.to_string())
        .bind(now.as_ms())
        .bind(kind.queue().as_str())
        .bind(i64::from(kind.max_attempts()))
        .execute(tx.conn())
        .await
        .map_err(Error::from)?;
    if retried.rows_affected() == 0 {
        // Somebody else was quicker; it is being tried again.
        return Err(RetryDeadError::NotDead { job_id, state: State::Available });
    }
    tx.wake(kind.queue());
    Ok(())
}

/// Deletes jobs that were done or cancelled before `before`, at most `max`; tells how many. Dead ones are kept.
///
/// # Errors
/// When the database cannot be reached.
pub async fn delete_finished(tx: &mut Tx, before: Timestamp, max: u32) -> Result<u64, Error> {
    let deleted = sqlx::query(DELETE_FINISHED)
        .bind(before.as_ms())
        .bind(i64::from(max))
        .bind(first_id_after(before.plus_ms(CLOCKS_MS)))
        .execute(tx.conn())
        .await?;
    Ok(deleted.rows_affected())
}

/// What is before the ids that were made from this time on, and after those made before it.
fn first_id_after(time: Timestamp) -> String {
    let ms = u64::try_from(time.as_ms()).unwrap_or(0);
    format!("{:08x}-{:04x}", ms >> 16, ms & 0xffff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_sorted_by_the_time_they_were_made() {
        let id = uuid::Uuid::now_v7().to_string();
        let (seconds, nanos) = uuid::Uuid::parse_str(&id)
            .ok()
            .and_then(|id| id.get_timestamp())
            .map_or((0, 0), |made| made.to_unix());
        let made = Timestamp(i64::try_from(seconds * 1_000 + u64::from(nanos) / 1_000_000).unwrap_or(0));
        assert!(first_id_after(made) <= id && id < first_id_after(made.plus_ms(1)));
    }
}
