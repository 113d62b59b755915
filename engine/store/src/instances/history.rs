//! What happened to an instance, in order and without gaps.

use std::collections::HashMap;

use sealflow_core::{Event, EventId, ids::InstanceId};
use sqlx::{Row as _, any::AnyRow};

use super::{Submitted, Summary, batch::Awaited};
use crate::{
    Conn, Error, Tx,
    db::{
        many::{Column, Many},
        row::{from_json, parse, to_i64, to_u64},
    },
    text_enum::text_enum,
};

static FIND_MANY: Many =
    Many::new(include_str!("find_many.sql"), &[("instance_id", Column::Text), ("event_id", Column::Text)]);

/// The most entries read at once.
pub const ENTRIES_MAX: u32 = 1_000;

text_enum! {
    /// What came of an event.
    Disposition ("disposition of an event") {
        /// It took the instance a step further.
        Applied = "applied",
        /// It answered to something that was no longer awaited.
        Ignored = "ignored",
    }
}

/// One event of an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// From 1.
    pub seq: u64,
    /// What happened, when, and who caused it.
    pub event: Event,
    /// What came of it.
    pub disposition: Disposition,
    /// The instance's status afterwards.
    pub status: String,
    /// What the step asked for.
    pub effects: Summary,
}

#[derive(sqlx::FromRow)]
struct Row {
    seq: i64,
    event: String,
    disposition: String,
    status: String,
    effects: String,
}

impl TryFrom<Row> for Entry {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        Ok(Self {
            seq: to_u64("an event's number", row.seq)?,
            event: from_json("an event", &row.event)?,
            disposition: parse("an event's disposition", &row.disposition)?,
            status: row.status,
            effects: from_json("an event's effects", &row.effects)?,
        })
    }
}

/// The entry of a row that has these columns: number, event, disposition, status, effects.
pub(super) fn entry_of(
    row: &AnyRow,
    [seq, event, disposition, status, effects]: [&str; 5],
) -> Result<Entry, Error> {
    Entry::try_from(Row {
        seq: row.try_get(seq)?,
        event: row.try_get(event)?,
        disposition: row.try_get(disposition)?,
        status: row.try_get(status)?,
        effects: row.try_get(effects)?,
    })
}

impl Entry {
    /// What a repeated submit answers.
    pub(crate) fn into_submitted(self) -> Submitted {
        Submitted {
            seq: self.seq,
            duplicate: true,
            ignored: self.disposition == Disposition::Ignored,
            status: self.status,
            effects: self.effects,
        }
    }
}

/// The events after `after_seq` (0: from the start), at most `limit`.
///
/// # Errors
/// When the database cannot be reached, or holds what this version cannot read.
pub async fn list(conn: &mut Conn, id: InstanceId, after_seq: u64, limit: u32) -> Result<Vec<Entry>, Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "select seq, event, disposition, status, effects from history \
         where instance_id = $1 and seq > $2 order by seq limit $3",
    )
    .bind(id.to_string())
    .bind(to_i64(after_seq))
    .bind(i64::from(limit.min(ENTRIES_MAX)))
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Entry::try_from).collect()
}

/// The event with this id.
///
/// # Errors
/// When the database cannot be reached, or holds what this version cannot read.
pub async fn find(conn: &mut Conn, id: InstanceId, event_id: &EventId) -> Result<Option<Entry>, Error> {
    let row: Option<Row> = sqlx::query_as(
        "select seq, event, disposition, status, effects from history where instance_id = $1 and event_id = $2",
    )
    .bind(id.to_string())
    .bind(&event_id.0)
    .fetch_optional(conn)
    .await?;
    row.map(Entry::try_from).transpose()
}

/// The events with these ids, of all the instances at once.
pub(super) async fn find_many(
    tx: &mut Tx,
    asked: &[&Awaited],
) -> Result<HashMap<(InstanceId, EventId), Entry>, Error> {
    let rows = FIND_MANY.query(tx.store().dialect(), asked)?.fetch_all(tx.conn()).await?;
    rows.iter()
        .map(|row| {
            let id = parse("an event's instance", &row.try_get::<String, _>("instance_id")?)?;
            let entry = Entry::try_from(<Row as sqlx::FromRow<_>>::from_row(row)?)?;
            Ok(((id, entry.event.id.clone()), entry))
        })
        .collect()
}
