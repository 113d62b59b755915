//! Pages of instances, for operators.

use sealflow_core::{DefinitionHash, Timestamp, ids::InstanceId};

use super::Subject;
use crate::{
    Conn, Error,
    db::row::{parse, to_u64},
    jobs::Page,
};

const LIST: &str = include_str!("list.sql");
const COUNT: &str = include_str!("count.sql");

/// The most instances on one page.
pub const PAGE_SIZE_MAX: u32 = 200;

/// Which instances to list.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only with this status.
    pub status: Option<String>,
    /// Only the instance, or those of the subject, with this id.
    pub id: Option<String>,
}

/// An instance without its state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceSummary {
    /// Its id.
    pub id: InstanceId,
    /// What it runs.
    pub definition: DefinitionHash,
    /// The definition's name.
    pub definition_name: String,
    /// The definition's version.
    pub definition_version: u64,
    /// What it drives.
    pub subject: Subject,
    /// The state's public name.
    pub status: String,
    /// The number of its last event.
    pub seq: u64,
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
    name: String,
    version: i64,
    subject_kind: String,
    subject_id: String,
    status: String,
    seq: i64,
    created_at_ms: i64,
    updated_at_ms: i64,
    finished_at_ms: Option<i64>,
}

impl TryFrom<Row> for InstanceSummary {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        Ok(Self {
            id: parse("an instance's id", &row.id)?,
            definition: DefinitionHash(row.definition_hash),
            definition_name: row.name,
            definition_version: to_u64("a definition's version", row.version)?,
            subject: Subject { kind: row.subject_kind, id: row.subject_id },
            status: row.status,
            seq: to_u64("an instance's event number", row.seq)?,
            created_at: Timestamp(row.created_at_ms),
            updated_at: Timestamp(row.updated_at_ms),
            finished_at: row.finished_at_ms.map(Timestamp),
        })
    }
}

/// A page of instances, the newest first; pages count from 1.
///
/// # Errors
/// When the database cannot be reached.
pub async fn list(
    conn: &mut Conn,
    filter: &Filter,
    page: u32,
    page_size: u32,
) -> Result<Page<InstanceSummary>, Error> {
    let page_size = i64::from(page_size.clamp(1, PAGE_SIZE_MAX));
    let offset = i64::from(page.max(1) - 1) * page_size;
    let (status, id) = (filter.status.as_deref(), filter.id.as_deref());
    let total: i64 = sqlx::query_scalar(COUNT).bind(status).bind(id).fetch_one(&mut *conn).await?;
    let rows: Vec<Row> =
        sqlx::query_as(LIST).bind(status).bind(id).bind(page_size).bind(offset).fetch_all(&mut *conn).await?;
    let items = rows.into_iter().map(InstanceSummary::try_from).collect::<Result<_, _>>()?;
    Ok(Page { items, total: to_u64("a count", total)? })
}
