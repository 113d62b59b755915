//! What is needed to work out events: the instances, locked, and those of the events that came before.

use std::collections::HashMap;

use sealflow_core::{EventId, Timestamp, ids::InstanceId};
use sqlx::{FromRow as _, Row as _, any::AnyRow};

use super::Awaited;
use crate::{
    Dialect, Error, Tx,
    db::many::{Column::Text, Many},
    instances::{
        Instance, Row,
        history::{self, Entry},
    },
};

static SQLITE: Many = Many::new(include_str!("load.sql"), &[("instance_id", Text), ("event_id", Text)]);
static POSTGRES: Many = Many::new(
    concat!(include_str!("load.sql"), " for update of instances"),
    &[("instance_id", Text), ("event_id", Text)],
);
/// PostgreSQL only: SQLite has no trips to save.
const LOOK: &str = include_str!("look.sql");

/// What there is of what was asked for.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    pub(super) instances: Vec<Instance>,
    pub(super) known: HashMap<(InstanceId, EventId), Entry>,
}

/// Locks the instances in the order of their ids and finds the events, in one trip.
pub(super) async fn load(tx: &mut Tx, awaited: &[Awaited]) -> Result<Loaded, Error> {
    let dialect = tx.store().dialect();
    let statement = match dialect {
        Dialect::Sqlite => &SQLITE,
        Dialect::Postgres => &POSTGRES,
    };
    let rows = statement.query(dialect, awaited)?.fetch_all(tx.conn()).await?;
    let (mut loaded, mut waited) = (Loaded::default(), false);
    for row in &rows {
        let instance = Instance::try_from(Row::from_row(row)?)?;
        waited |= row.try_get::<i64, _>("seq")? != row.try_get::<i64, _>("seen_seq")?;
        if let Some(entry) = entry(row)? {
            loaded.known.insert((instance.id, entry.event.id.clone()), entry);
        }
        if loaded.instances.last().is_none_or(|last| last.id != instance.id) {
            loaded.instances.push(instance);
        }
    }
    if waited {
        // The events were looked for before the locks were ours.
        let asked: Vec<&Awaited> = awaited.iter().filter(|asked| asked.event_id.is_some()).collect();
        loaded.known = history::find_many(tx, &asked).await?;
    }
    Ok(loaded)
}

/// Finds an instance and its event, without a lock, in a transaction that was not begun; the clock comes with them.
pub(super) async fn look(tx: &mut Tx, asked: &Awaited) -> Result<Loaded, Error> {
    let row = sqlx::query(LOOK)
        .bind(asked.instance_id.to_string())
        .bind(asked.event_id.as_ref().map(|id| &id.0))
        .fetch_one(tx.conn())
        .await?;
    tx.tell_now(Timestamp(row.try_get("now_ms")?));
    let mut loaded = Loaded::default();
    if row.try_get::<Option<String>, _>("id")?.is_some() {
        let instance = Instance::try_from(Row::from_row(&row)?)?;
        loaded.known.extend(entry(&row)?.map(|entry| ((instance.id, entry.event.id.clone()), entry)));
        loaded.instances.push(instance);
    }
    Ok(loaded)
}

fn entry(row: &AnyRow) -> Result<Option<Entry>, Error> {
    if row.try_get::<Option<i64>, _>("event_seq")?.is_none() {
        return Ok(None);
    }
    Ok(Some(history::entry_of(
        row,
        ["event_seq", "event", "event_disposition", "event_status", "event_effects"],
    )?))
}
