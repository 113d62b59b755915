//! New jobs, in the transaction that wants them; and those no longer wanted.

use sealflow_core::{
    JobRequest, Timestamp,
    ids::{InstanceId, JobId},
};
use serde_json::Value;
use uuid::Uuid;

use super::{Kind, Queue, State, key_of};
use crate::{
    Error, Tx,
    db::row::{parse, to_json},
};

const INSERT: &str = include_str!("insert.sql");

/// A job to insert, outside of any instance.
#[derive(Debug, Clone)]
pub struct NewJob {
    /// What it does.
    pub kind: Kind,
    /// Never used twice; a second insert finds the first. At most 200 characters.
    pub key: String,
    /// The handler's input.
    pub payload: Value,
    /// Not before this time; none: at once.
    pub run_at: Option<Timestamp>,
}

/// A row, before it has an id.
struct Row<'a> {
    queue: Queue,
    kind: &'a str,
    key: String,
    payload: &'a Value,
    state: State,
    priority: i64,
    run_at: Timestamp,
    max_attempts: u32,
    last_error: Option<String>,
    instance_id: Option<InstanceId>,
    awaited: bool,
    item: Option<&'a str>,
    concurrency_key: Option<String>,
}

/// Inserts a job, and wakes its workers when the transaction is committed. Tells its id, and that of the first one when
/// the key was used before.
///
/// # Errors
/// When the database refuses it.
pub async fn insert(tx: &mut Tx, job: &NewJob) -> Result<JobId, Error> {
    let now = tx.now();
    let row = Row {
        queue: job.kind.queue(),
        kind: job.kind.as_str(),
        key: job.key.clone(),
        payload: &job.payload,
        state: State::Available,
        priority: job.kind.priority(),
        run_at: job.run_at.unwrap_or(now),
        max_attempts: job.kind.max_attempts(),
        last_error: None,
        instance_id: None,
        awaited: false,
        item: None,
        concurrency_key: job.kind.concurrency_key(&job.payload),
    };
    write(tx, &row).await
}

/// Inserts a job that an instance asked for, and perhaps waits for. One of a kind that nobody knows is dead from the start, for a person to
/// see: the definition needs a newer version of this program.
pub(crate) async fn insert_request(
    tx: &mut Tx,
    instance_id: InstanceId,
    request: &JobRequest,
    awaited: bool,
) -> Result<JobId, Error> {
    let kind: Option<Kind> = request.kind.parse().ok();
    let row = Row {
        queue: kind.map_or(Queue::Unassigned, Kind::queue),
        kind: &request.kind,
        key: key_of(instance_id, &request.key),
        payload: &request.payload,
        state: if kind.is_some() { State::Available } else { State::Dead },
        priority: kind.map_or(0, Kind::priority),
        run_at: tx.now(),
        max_attempts: kind.map_or(1, Kind::max_attempts),
        last_error: kind
            .is_none()
            .then(|| format!("this version has no worker for jobs of kind {:?}", request.kind)),
        instance_id: Some(instance_id),
        awaited,
        item: request.item.as_deref(),
        concurrency_key: kind.and_then(|kind| kind.concurrency_key(&request.payload)),
    };
    write(tx, &row).await
}

async fn write(tx: &mut Tx, row: &Row<'_>) -> Result<JobId, Error> {
    let now = tx.now();
    let id = JobId::from_uuid(Uuid::now_v7());
    let inserted = sqlx::query(INSERT)
        .bind(id.to_string())
        .bind(row.queue.as_str())
        .bind(row.kind)
        .bind(&row.key)
        .bind(to_json("a job's payload", row.payload)?)
        .bind(row.state.as_str())
        .bind(row.priority)
        .bind(row.run_at.as_ms())
        .bind(i64::from(row.max_attempts))
        .bind(row.last_error.as_deref())
        .bind(row.instance_id.map(|id| id.to_string()))
        .bind(i64::from(row.awaited))
        .bind(row.item)
        .bind(now.as_ms())
        .bind((row.state == State::Dead).then_some(now.as_ms()))
        .bind(row.concurrency_key.as_deref())
        .execute(tx.conn())
        .await?;
    if inserted.rows_affected() == 0 {
        let known: String = sqlx::query_scalar("select id from jobs where key = $1")
            .bind(&row.key)
            .fetch_one(tx.conn())
            .await?;
        return parse("a job's id", &known);
    }
    if row.state == State::Available && row.run_at <= now {
        tx.wake(row.queue);
    }
    Ok(id)
}

/// Cancels a job of an instance that no worker has taken. One that runs is left to end; its result will be ignored.
pub(crate) async fn cancel(tx: &mut Tx, instance_id: InstanceId, key: &str) -> Result<(), Error> {
    sqlx::query(
        "update jobs set state = 'cancelled', finished_at_ms = $2 where key = $1 and state = 'available'",
    )
    .bind(key_of(instance_id, key))
    .bind(tx.now().as_ms())
    .execute(tx.conn())
    .await?;
    Ok(())
}
