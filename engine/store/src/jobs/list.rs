//! Looking at jobs: one, those of an instance, a page of many.

use sealflow_core::{
    Timestamp,
    ids::{InstanceId, JobId},
};

use super::{Queue, State};
use crate::{
    Error,
    db::{
        Conn,
        row::{parse, to_u64},
    },
};

const LIST: &str = include_str!("list.sql");
const COUNT: &str = include_str!("count.sql");
const GET: &str = concat!("select ", include_str!("columns.sql"), " from jobs where id = $1");
const OF_INSTANCE: &str = concat!(
    "select ",
    include_str!("columns.sql"),
    " from jobs where instance_id = $1 order by created_at_ms, id"
);

/// The most jobs on one page.
pub const PAGE_SIZE_MAX: u32 = 200;

/// A job as operators see it; without its payload, which may hold personal data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobSummary {
    /// Its id.
    pub id: JobId,
    /// Where it waits.
    pub queue: Queue,
    /// The kind's word; it may be one that this version does not know.
    pub kind: String,
    /// Never used twice.
    pub key: String,
    /// Where it is in its life.
    pub state: State,
    /// How often it was claimed.
    pub attempts: u32,
    /// After how many it is dead.
    pub max_attempts: u32,
    /// Not taken before.
    pub run_at: Timestamp,
    /// Until when its worker holds it.
    pub leased_until: Option<Timestamp>,
    /// When it last was about to call outside.
    pub outside_call_at: Option<Timestamp>,
    /// What went wrong last.
    pub last_error: Option<String>,
    /// The instance that asked for it.
    pub instance_id: Option<InstanceId>,
    /// The item of an `each` that it serves.
    pub item: Option<String>,
    /// When it was inserted.
    pub created_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

/// Which jobs to list.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only in this state.
    pub state: Option<State>,
    /// Only of this queue.
    pub queue: Option<Queue>,
    /// Only of this instance.
    pub instance_id: Option<InstanceId>,
}

/// One page of a list, the newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// Its rows.
    pub items: Vec<T>,
    /// How many there are on all pages.
    pub total: u64,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    queue: String,
    kind: String,
    key: String,
    state: String,
    attempts: i64,
    max_attempts: i64,
    run_at_ms: i64,
    leased_until_ms: Option<i64>,
    outside_call_at_ms: Option<i64>,
    last_error: Option<String>,
    instance_id: Option<String>,
    item: Option<String>,
    created_at_ms: i64,
    finished_at_ms: Option<i64>,
}

impl TryFrom<Row> for JobSummary {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        Ok(Self {
            id: parse("a job's id", &row.id)?,
            queue: parse("a job's queue", &row.queue)?,
            kind: row.kind,
            key: row.key,
            state: parse("a job's state", &row.state)?,
            attempts: u32::try_from(row.attempts).unwrap_or(u32::MAX),
            max_attempts: u32::try_from(row.max_attempts).unwrap_or(u32::MAX),
            run_at: Timestamp(row.run_at_ms),
            leased_until: row.leased_until_ms.map(Timestamp),
            outside_call_at: row.outside_call_at_ms.map(Timestamp),
            last_error: row.last_error,
            instance_id: row.instance_id.as_deref().map(|id| parse("a job's instance", id)).transpose()?,
            item: row.item,
            created_at: Timestamp(row.created_at_ms),
            finished_at: row.finished_at_ms.map(Timestamp),
        })
    }
}

/// One job.
///
/// # Errors
/// When the database cannot be reached.
pub async fn get(conn: &mut Conn, job_id: JobId) -> Result<Option<JobSummary>, Error> {
    let row: Option<Row> = sqlx::query_as(GET).bind(job_id.to_string()).fetch_optional(conn).await?;
    row.map(JobSummary::try_from).transpose()
}

/// All jobs that an instance asked for, in the order of asking.
///
/// # Errors
/// When the database cannot be reached.
pub async fn of_instance(conn: &mut Conn, instance_id: InstanceId) -> Result<Vec<JobSummary>, Error> {
    let rows: Vec<Row> = sqlx::query_as(OF_INSTANCE).bind(instance_id.to_string()).fetch_all(conn).await?;
    rows.into_iter().map(JobSummary::try_from).collect()
}

/// A page of jobs, the newest first; pages count from 1.
///
/// # Errors
/// When the database cannot be reached.
pub async fn list(
    conn: &mut Conn,
    filter: &Filter,
    page: u32,
    page_size: u32,
) -> Result<Page<JobSummary>, Error> {
    let page_size = i64::from(page_size.clamp(1, PAGE_SIZE_MAX));
    let offset = i64::from(page.max(1) - 1) * page_size;
    let state = filter.state.map(State::as_str);
    let queue = filter.queue.map(Queue::as_str);
    let instance = filter.instance_id.map(|id| id.to_string());
    let total: i64 = sqlx::query_scalar(COUNT)
        .bind(state)
        .bind(queue)
        .bind(instance.as_deref())
        .fetch_one(&mut *conn)
        .await?;
    let rows: Vec<Row> = sqlx::query_as(LIST)
        .bind(state)
        .bind(queue)
        .bind(instance.as_deref())
        .bind(page_size)
        .bind(offset)
        .fetch_all(&mut *conn)
        .await?;
    let items = rows.into_iter().map(JobSummary::try_from).collect::<Result<_, _>>()?;
    Ok(Page { items, total: to_u64("a count", total)? })
}
