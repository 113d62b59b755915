//! Moves running instances to another version of their definition: each in a transaction of its own, as an event of its
//! history, or not at all.

use sealflow_core::{
    Definition,
    ids::InstanceId,
    migrate::{Reason, StateMap},
};

use super::{
    batch::{Awaited, Batch},
    submit::Error,
};
use crate::{Conn, Tx, db::row::parse};

/// The most instances that are listed at once.
pub const PAGE_MAX: i64 = 500;

/// What came of it for one instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Migrated {
    /// It runs the new definition now, or would.
    Moved,
    /// It ran it before.
    AlreadyThere,
    /// It stays where it is.
    Not(Vec<Reason>),
}

/// Whether to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Run {
    /// Only tell what would come of it.
    Dry,
    /// Do it.
    Real,
}

/// The running instances of a definition's version, of all its compilations but `except`, in the order of their ids,
/// after one of them.
///
/// # Errors
/// When the database cannot be reached.
pub async fn running(
    conn: &mut Conn,
    name: &str,
    version: u32,
    except: &Definition,
    after: Option<InstanceId>,
) -> Result<Vec<InstanceId>, crate::Error> {
    let ids: Vec<String> = sqlx::query_scalar(include_str!("running.sql"))
        .bind(name)
        .bind(i64::from(version))
        .bind(&except.hash().0)
        .bind(after.map(|id| id.to_string()).unwrap_or_default())
        .bind(PAGE_MAX)
        .fetch_all(conn)
        .await?;
    ids.iter().map(|id| parse("an instance's id", id)).collect()
}

/// Moves one instance, or tells every reason against it.
///
/// # Errors
/// See [`Error`]; nothing is written then.
pub async fn migrate(
    tx: &mut Tx,
    id: InstanceId,
    to: &Definition,
    map: &StateMap,
    run: Run,
) -> Result<Migrated, Error> {
    let awaited = Awaited { instance_id: id, event_id: None };
    let mut batch = Batch::load(tx, &[awaited]).await?;
    let migrated = batch.migrate(id, to, map)?;
    if run == Run::Dry || migrated != Migrated::Moved {
        return Ok(migrated);
    }
    batch.write(tx).await?;
    sqlx::query("update instances set definition_hash = $2 where id = $1")
        .bind(id.to_string())
        .bind(&to.hash().0)
        .execute(tx.conn())
        .await?;
    Ok(Migrated::Moved)
}
