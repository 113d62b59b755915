//! Which files of completed contracts are to get what lets them be validated for years.

use sealflow_core::ids::DocumentId;
use sqlx::Row as _;

use crate::{
    contracts,
    db::{Conn, Error},
    rows,
};

const DUE: &str = include_str!("archive/due.sql");

/// What is due.
#[derive(Debug, Clone, Copy)]
pub struct Due {
    /// Signed for the last time before this.
    pub signed_before_ms: i64,
    /// Archived before this.
    pub archived_before_ms: Option<i64>,
}

/// A newest revision that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueRevision {
    /// Whose.
    pub document_id: DocumentId,
    /// Its number.
    pub n: i64,
}

/// The key of the job for a revision: there is never a second one.
#[must_use]
pub fn job_key(document: DocumentId, n: i64) -> String {
    format!("raise/{document}/{n}")
}

/// Newest revisions that are due and have no job yet, the oldest first.
///
/// # Errors
/// The database's.
pub async fn due(conn: &mut Conn, due: Due, limit: u32) -> Result<Vec<DueRevision>, Error> {
    let found = sqlx::query(DUE)
        .bind(contracts::COMPLETED)
        .bind(due.signed_before_ms)
        .bind(due.archived_before_ms.unwrap_or(i64::MIN))
        .bind(i64::from(limit))
        .fetch_all(conn)
        .await?;
    found
        .iter()
        .map(|row| Ok(DueRevision { document_id: rows::id(row, "id")?, n: row.try_get("n")? }))
        .collect()
}
