//! New jobs, in the transaction that wants them; and those no longer wanted.

use std::collections::HashMap;

use sealflow_core::{
    JobRequest, Timestamp,
    ids::{InstanceId, JobId},
};
use serde::Serialize;
use serde_json::Value;
use sqlx::Row as _;
use uuid::Uuid;

use super::{ClaimedJob, Kind, Lease, Queue, State, key_of};
use crate::{
    Error, Tx,
    db::{
        many::{
            self,
            Column::{Number, Text},
            Many,
        },
        row::{parse, to_json},
        together::Together,
    },
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

/// What an insert reads of a row.
const COLUMNS: &[(&str, many::Column)] = &[
    ("id", Text),
    ("queue", Text),
    ("kind", Text),
    ("key", Text),
    ("payload", Text),
    ("state", Text),
    ("priority", Number),
    ("run_at_ms", Number),
    ("attempts", Number),
    ("max_attempts", Number),
    ("worker", Text),
    ("last_error", Text),
    ("instance_id", Text),
    ("awaited", Number),
    ("item", Text),
    ("concurrency_key", Text),
    ("created_at_ms", Number),
    ("finished_at_ms", Number),
];
static INSERT_MANY: Many = Many::new(include_str!("insert_many.sql"), COLUMNS);
static INSERT_ALL: Many = Many::new(concat!(include_str!("insert_many.sql"), "returning id"), COLUMNS);
static FIND_MANY: Many =
    Many::new("select id, key from jobs where key in (select r.key from {rows})", &[("key", Text)]);
static CANCEL_MANY: Many = Many::new(include_str!("cancel_many.sql"), &[("key", Text), ("at_ms", Number)]);

/// A row to insert.
#[derive(Debug, Serialize)]
pub(crate) struct NewRow {
    pub(crate) id: JobId,
    queue: Queue,
    kind: String,
    key: String,
    payload: String,
    state: State,
    priority: i64,
    run_at_ms: i64,
    attempts: u32,
    max_attempts: u32,
    worker: Option<String>,
    last_error: Option<String>,
    instance_id: Option<InstanceId>,
    awaited: u8,
    item: Option<String>,
    concurrency_key: Option<String>,
    created_at_ms: i64,
    finished_at_ms: Option<i64>,
}

impl NewRow {
    /// A job that an instance asked for, and perhaps waits for. One of a kind that nobody knows is dead from the start,
    /// for a person to see: the definition needs a newer version of this program.
    pub(crate) fn of_request(
        instance_id: InstanceId,
        request: &JobRequest,
        awaited: bool,
        now: Timestamp,
    ) -> Result<Self, Error> {
        let kind: Option<Kind> = request.kind.parse().ok();
        Ok(Self {
            id: JobId::from_uuid(Uuid::now_v7()),
            queue: kind.map_or(Queue::Unassigned, Kind::queue),
            kind: request.kind.clone(),
            key: key_of(instance_id, &request.key),
            payload: to_json("a job's payload", &request.payload)?,
            state: if kind.is_some() { State::Available } else { State::Dead },
            priority: kind.map_or(0, Kind::priority),
            run_at_ms: now.as_ms(),
            attempts: 0,
            max_attempts: kind.map_or(1, Kind::max_attempts),
            worker: None,
            last_error: kind
                .is_none()
                .then(|| format!("this version has no worker for jobs of kind {:?}", request.kind)),
            instance_id: Some(instance_id),
            awaited: u8::from(awaited),
            item: request.item.clone(),
            concurrency_key: kind.and_then(|kind| kind.concurrency_key(&request.payload)),
            created_at_ms: now.as_ms(),
            finished_at_ms: kind.is_none().then_some(now.as_ms()),
        })
    }

    /// A job outside of any instance.
    fn of_new(job: &NewJob, now: Timestamp) -> Result<Self, Error> {
        Ok(Self {
            id: JobId::from_uuid(Uuid::now_v7()),
            queue: job.kind.queue(),
            kind: job.kind.as_str().to_owned(),
            key: job.key.clone(),
            payload: to_json("a job's payload", &job.payload)?,
            state: State::Available,
            priority: job.kind.priority(),
            run_at_ms: job.run_at.unwrap_or(now).as_ms(),
            attempts: 0,
            max_attempts: job.kind.max_attempts(),
            worker: None,
            last_error: None,
            instance_id: None,
            awaited: 0,
            item: None,
            concurrency_key: job.kind.concurrency_key(&job.payload),
            created_at_ms: now.as_ms(),
            finished_at_ms: None,
        })
    }

    /// Whether it waits to be claimed.
    pub(crate) fn is_open(&self) -> bool {
        self.state == State::Available
    }

    /// Whether its time has come.
    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        self.run_at_ms <= now.as_ms()
    }

    pub(super) fn queue(&self) -> Queue {
        self.queue
    }

    pub(crate) fn kind(&self) -> &str {
        &self.kind
    }

    /// It was run by `worker` in the same transaction that wanted it.
    pub(crate) fn done(&mut self, worker: &str, now: Timestamp) {
        self.state = State::Done;
        self.attempts = 1;
        self.worker = Some(worker.to_owned());
        self.finished_at_ms = Some(now.as_ms());
    }

    /// As it would be claimed, but without a lease: it is not in the table yet.
    pub(crate) fn claimed(&self) -> ClaimedJob {
        ClaimedJob {
            lease: Lease { job_id: self.id, token: String::new() },
            lease_epoch: 1,
            key: self.key.clone(),
            kind: self.kind.clone(),
            payload: self.payload.clone(),
            attempt: 1,
            max_attempts: self.max_attempts,
            earlier_outside_call_at: None,
            instance_id: self.instance_id,
            awaited: self.awaited != 0,
            item: self.item.clone(),
        }
    }

    /// It is no longer wanted, in the same transaction that wanted it.
    pub(crate) fn cancel(&mut self, now: Timestamp) {
        if self.state == State::Available {
            self.state = State::Cancelled;
            self.finished_at_ms = Some(now.as_ms());
        }
    }
}

/// Inserts a job, and wakes its workers when the transaction is committed. Tells its id, and that of the first one when
/// the key was used before.
///
/// # Errors
/// When the database refuses it.
pub async fn insert(tx: &mut Tx, job: &NewJob) -> Result<JobId, Error> {
    let row = NewRow::of_new(job, tx.now())?;
    write(tx, &row).await
}

/// Inserts many jobs: the same as one after the other, at the price of little more than one.
///
/// # Errors
/// When the database refuses them.
pub async fn insert_all(tx: &mut Tx, jobs: &[&NewJob]) -> Result<Vec<JobId>, Error> {
    if jobs.is_empty() {
        return Ok(Vec::new());
    }
    let now = tx.now();
    let rows: Vec<NewRow> = jobs.iter().map(|job| NewRow::of_new(job, now)).collect::<Result<_, _>>()?;
    // In the order of the keys: two transactions that insert the same ones then wait for each other, not for ever.
    let mut sorted: Vec<&NewRow> = rows.iter().collect();
    sorted.sort_by(|a, b| (&a.key, a.id).cmp(&(&b.key, b.id)));
    let dialect = tx.store().dialect();
    let new = INSERT_ALL.query(dialect, &sorted)?.fetch_all(tx.conn()).await?;
    wake_many(tx, &sorted);
    if new.len() == rows.len() {
        return Ok(rows.iter().map(|row| row.id).collect());
    }
    let mut known = HashMap::with_capacity(rows.len());
    for row in FIND_MANY.query(dialect, &sorted)?.fetch_all(tx.conn()).await? {
        let (id, key): (String, String) = (row.try_get("id")?, row.try_get("key")?);
        known.insert(key, parse::<JobId>("a job's id", &id)?);
    }
    rows.iter().map(|row| known.get(&row.key).copied().ok_or(sqlx::Error::RowNotFound.into())).collect()
}

async fn write(tx: &mut Tx, row: &NewRow) -> Result<JobId, Error> {
    let inserted = sqlx::query(INSERT)
        .bind(row.id.to_string())
        .bind(row.queue.as_str())
        .bind(&row.kind)
        .bind(&row.key)
        .bind(&row.payload)
        .bind(row.state.as_str())
        .bind(row.priority)
        .bind(row.run_at_ms)
        .bind(i64::from(row.max_attempts))
        .bind(row.last_error.as_deref())
        .bind(row.instance_id.map(|id| id.to_string()))
        .bind(i64::from(row.awaited))
        .bind(row.item.as_deref())
        .bind(row.created_at_ms)
        .bind(row.finished_at_ms)
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
    wake(tx, row);
    Ok(row.id)
}

fn wake(tx: &mut Tx, row: &NewRow) {
    if row.state == State::Available && row.run_at_ms <= tx.now().as_ms() {
        tx.wake(row.queue);
    }
}

/// Inserts jobs that instances asked for, together with what else they write. One whose key was used before is there
/// already. See [`wake_many`].
pub(crate) fn insert_many(together: &mut Together, rows: &[&NewRow]) -> Result<(), Error> {
    together.part(&INSERT_MANY, rows)
}

/// Wakes the workers of new jobs when the transaction is committed.
pub(crate) fn wake_many(tx: &mut Tx, rows: &[&NewRow]) {
    for row in rows {
        wake(tx, row);
    }
}

/// Cancels jobs of instances that no worker has taken. One that runs is left to end; its result will be ignored.
pub(crate) fn cancel_many(
    together: &mut Together,
    jobs: &[(InstanceId, String)],
    now: Timestamp,
) -> Result<(), Error> {
    let at_ms = now.as_ms();
    let rows: Vec<Cancelled> =
        jobs.iter().map(|(id, key)| Cancelled { key: key_of(*id, key), at_ms }).collect();
    together.part(&CANCEL_MANY, &rows)
}

#[derive(Serialize)]
struct Cancelled {
    key: String,
    at_ms: i64,
}
