//! Instances: one running definition each, changed by events only.

pub(crate) mod batch;
mod desk;
mod effects;
pub mod history;
mod list;
pub mod migrate;
pub mod submit;
mod wait;

use sealflow_core::{Actor, DefinitionHash, EventId, EventKind, State, Timestamp, ids::InstanceId};
use serde_json::Value;

pub use desk::{Desk, Follow};
pub use effects::Summary;
pub use list::{Filter, InstanceSummary, PAGE_SIZE_MAX, list};
pub use submit::{start, submit, submit_many};
pub use wait::wait_until_ended;

use crate::{
    Conn, Dialect, Error, Tx,
    db::row::{from_json, parse, to_u64},
};

/// What an instance drives: for the application, which projects its own tables from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// For example `contract`. At most 64 characters.
    pub kind: String,
    /// Its id. At most 64 characters.
    pub id: String,
}

/// An instance to start.
#[derive(Debug, Clone)]
pub struct StartInstance {
    /// Drawn by the caller, so that a repeated start is recognized.
    pub id: InstanceId,
    /// What it runs.
    pub definition: DefinitionHash,
    /// What it drives.
    pub subject: Subject,
    /// What the definition starts from.
    pub input: Value,
    /// For de-duplication. At most 128 characters.
    pub event_id: EventId,
    /// Who starts it.
    pub actor: Actor,
}

/// An event to submit; the store adds the time and the random number.
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// For de-duplication within the instance. At most 128 characters.
    pub id: EventId,
    /// Who caused it.
    pub actor: Actor,
    /// What happened.
    pub kind: EventKind,
}

/// What came of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submitted {
    /// Its number in the instance's history, from 1.
    pub seq: u64,
    /// It had been submitted before; this is what came of it then.
    pub duplicate: bool,
    /// It answered to something that is no longer awaited, and changed nothing.
    pub ignored: bool,
    /// The instance's status after it.
    pub status: String,
    /// What the step asked for.
    pub effects: Summary,
}

/// An instance as it stands.
#[derive(Debug, Clone)]
pub struct Instance {
    /// Its id.
    pub id: InstanceId,
    /// What it runs.
    pub definition: DefinitionHash,
    /// What it drives.
    pub subject: Subject,
    /// The engine's state.
    pub state: State,
    /// The state's public name.
    pub status: String,
    /// The number of its last event.
    pub seq: u64,
    /// How it ended.
    pub outcome: Option<String>,
    /// When it was started.
    pub created_at: Timestamp,
    /// When its last event was.
    pub updated_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    definition_hash: String,
    subject_kind: String,
    subject_id: String,
    state: String,
    status: String,
    seq: i64,
    outcome: Option<String>,
    created_at_ms: i64,
    updated_at_ms: i64,
    finished_at_ms: Option<i64>,
}

impl TryFrom<Row> for Instance {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        Ok(Self {
            id: parse("an instance's id", &row.id)?,
            definition: DefinitionHash(row.definition_hash),
            subject: Subject { kind: row.subject_kind, id: row.subject_id },
            state: from_json("an instance's state", &row.state)?,
            status: row.status,
            seq: to_u64("an instance's event number", row.seq)?,
            outcome: row.outcome,
            created_at: Timestamp(row.created_at_ms),
            updated_at: Timestamp(row.updated_at_ms),
            finished_at: row.finished_at_ms.map(Timestamp),
        })
    }
}

const GET: &str = include_str!("get.sql");

/// Takes the write locks of these instances, in one order, so that two transactions that take several wait for each
/// other instead of for ever. Those that are not there are passed over. SQLite has one writer and needs none.
///
/// # Errors
/// When the database cannot be reached.
pub async fn lock_instances(tx: &mut Tx, ids: &[InstanceId]) -> Result<(), Error> {
    if tx.store().dialect() == Dialect::Sqlite {
        return Ok(());
    }
    let mut ids: Vec<String> = ids.iter().map(InstanceId::to_string).collect();
    ids.sort_unstable();
    ids.dedup();
    for id in ids {
        sqlx::query("select 1 from instances where id = $1 for update")
            .bind(id)
            .fetch_optional(tx.conn())
            .await?;
    }
    Ok(())
}

/// An instance.
///
/// # Errors
/// When the database cannot be reached, or holds what this version cannot read.
pub async fn get(conn: &mut Conn, id: InstanceId) -> Result<Option<Instance>, Error> {
    let row: Option<Row> = sqlx::query_as(GET).bind(id.to_string()).fetch_optional(conn).await?;
    row.map(Instance::try_from).transpose()
}

/// The instance that drives a subject; the newest, when it was driven more than once.
///
/// # Errors
/// When the database cannot be reached, or holds what this version cannot read.
pub async fn of_subject(conn: &mut Conn, subject: &Subject) -> Result<Option<Instance>, Error> {
    let row: Option<Row> = sqlx::query_as(include_str!("of_subject.sql"))
        .bind(&subject.kind)
        .bind(&subject.id)
        .fetch_optional(conn)
        .await?;
    row.map(Instance::try_from).transpose()
}
