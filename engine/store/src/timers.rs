//! Timers as rows: the database's clock decides, and whoever looks first fires them. The event's id is made of key and
//! generation, so that one fired twice happens once; an older generation does nothing.

use sealflow_core::{Actor, EventId, EventKind, TimerRequest, Timestamp, ids::InstanceId};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::{
    Conn, Error, Tx,
    db::{
        Commit,
        many::{Column, Many},
        row::{parse, to_i64, to_u64},
        together::Together,
    },
    instances::{NewEvent, Submitted, submit},
    jobs::{ErrorClass, delay_ms},
};

static SET_MANY: Many = Many::new(
    include_str!("timers/set_many.sql"),
    &[
        ("instance_id", Column::Text),
        ("key", Column::Text),
        ("generation", Column::Number),
        ("due_at_ms", Column::Number),
    ],
);
static DROP_MANY: Many = Many::new(
    include_str!("timers/drop_many.sql"),
    &[("instance_id", Column::Text), ("key", Column::Text), ("generation", Column::Number)],
);

const TAKE_SQLITE: &str = include_str!("timers/take_due.sqlite.sql");
const TAKE_POSTGRES: &str = include_str!("timers/take_due.postgres.sql");

/// A timer that is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timer {
    /// Whose.
    pub instance_id: InstanceId,
    /// Unique within the instance.
    pub key: String,
    /// Raised each time the key is set.
    pub generation: u64,
    /// When it is due.
    pub due_at: Timestamp,
    /// How often firing it has failed.
    pub tries: u32,
    /// Why it failed last.
    pub last_error: Option<String>,
}

#[derive(sqlx::FromRow)]
struct Row {
    instance_id: String,
    key: String,
    generation: i64,
    due_at_ms: i64,
    tries: i64,
    last_error: Option<String>,
}

impl TryFrom<Row> for Timer {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        Ok(Self {
            instance_id: parse("a timer's instance", &row.instance_id)?,
            key: row.key,
            generation: to_u64("a timer's generation", row.generation)?,
            due_at: Timestamp(row.due_at_ms),
            tries: u32::try_from(row.tries).unwrap_or(u32::MAX),
            last_error: row.last_error,
        })
    }
}

/// Timers that are due at `now`, the longest due first, at most `limit`.
///
/// # Errors
/// When the database cannot be reached.
pub async fn due(conn: &mut Conn, now: Timestamp, limit: u32) -> Result<Vec<Timer>, Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "select instance_id, key, generation, due_at_ms, tries, last_error from timers \
         where try_at_ms <= $1 order by try_at_ms limit $2",
    )
    .bind(now.as_ms())
    .bind(i64::from(limit))
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Timer::try_from).collect()
}

/// Whether any timer is due, without waiting for anybody.
///
/// # Errors
/// When the database cannot be reached.
pub async fn any_due(conn: &mut Conn, now: Timestamp) -> Result<bool, Error> {
    let due: Option<i64> = sqlx::query_scalar("select 1 from timers where try_at_ms <= $1 limit 1")
        .bind(now.as_ms())
        .fetch_optional(conn)
        .await?;
    Ok(due.is_some())
}

/// Timers that are due, the longest due first, at most `limit`, for this transaction alone: their instances are locked,
/// and those that somebody else holds are passed over, so that several processes share the work.
///
/// # Errors
/// When the database cannot be reached.
pub async fn take_due(tx: &mut Tx, now: Timestamp, limit: u32) -> Result<Vec<Timer>, Error> {
    let statement = tx.store().dialect().pick(TAKE_SQLITE, TAKE_POSTGRES);
    let rows: Vec<Row> =
        sqlx::query_as(statement).bind(now.as_ms()).bind(i64::from(limit)).fetch_all(tx.conn()).await?;
    rows.into_iter().map(Timer::try_from).collect()
}

/// The timers of an instance, the soonest first.
///
/// # Errors
/// When the database cannot be reached.
pub async fn of_instance(conn: &mut Conn, id: InstanceId) -> Result<Vec<Timer>, Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "select instance_id, key, generation, due_at_ms, tries, last_error from timers \
         where instance_id = $1 order by due_at_ms, key",
    )
    .bind(id.to_string())
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Timer::try_from).collect()
}

/// Fires a timer: submits its event. One that was set anew or cancelled meanwhile is kept as ignored.
///
/// # Errors
/// See [`submit::Error`].
pub async fn fire(tx: &mut Tx, timer: &Timer) -> Result<Submitted, submit::Error> {
    let now = tx.now();
    fire_at(tx, timer, now).await
}

/// Like [`fire`], at a time given by the caller: for tests of what time does.
///
/// # Errors
/// See [`submit::Error`].
pub async fn fire_at(tx: &mut Tx, timer: &Timer, now: Timestamp) -> Result<Submitted, submit::Error> {
    let submitted = submit::submit_at(tx, timer.instance_id, event_of(timer), now).await?;
    if submitted.duplicate {
        let dropped = TimerRow::dropped(timer.instance_id, timer.key.clone(), timer.generation);
        drop_many(tx, &[dropped]).await?;
    }
    tx.label(Commit::Fire);
    Ok(submitted)
}

/// Fires timers of any instances together: the same as one after the other, at the price of little more than one. One
/// that an instance refuses does not touch the others.
///
/// # Errors
/// When nothing of them was written; the transaction must be rolled back then. What became of each is told apart.
pub async fn fire_many(
    tx: &mut Tx,
    timers: &[Timer],
) -> Result<Vec<Result<Submitted, submit::Error>>, submit::Error> {
    let events = timers.iter().map(|timer| (timer.instance_id, event_of(timer))).collect();
    let submitted = submit::submit_many(tx, events).await?;
    let known = timers.iter().zip(&submitted);
    let stale: Vec<TimerRow> = known
        .filter(|(_, submitted)| submitted.as_ref().is_ok_and(|submitted| submitted.duplicate))
        .map(|(timer, _)| TimerRow::dropped(timer.instance_id, timer.key.clone(), timer.generation))
        .collect();
    drop_many(tx, &stale).await?;
    tx.label(Commit::Fire);
    Ok(submitted)
}

fn event_of(timer: &Timer) -> NewEvent {
    NewEvent {
        id: event_id(timer),
        actor: Actor::Clock,
        kind: EventKind::TimerFired { key: timer.key.clone(), generation: timer.generation },
    }
}

/// The same for every firing of one setting. A key too long for an event's id is named by its hash.
fn event_id(timer: &Timer) -> EventId {
    let plain = format!("timer/{}/{}", timer.key, timer.generation);
    if plain.chars().count() <= submit::EVENT_ID_LENGTH_MAX {
        return EventId(plain);
    }
    EventId(format!("timer/#{}/{}", hex::encode(Sha256::digest(&timer.key)), timer.generation))
}

/// Puts off a timer that could not be fired, so that it does not stand in the way of others.
///
/// # Errors
/// When the database cannot be reached.
pub async fn put_off(tx: &mut Tx, timer: &Timer, error: &str) -> Result<(), Error> {
    let try_at = tx.now().plus_ms(delay_ms(ErrorClass::Retry, timer.tries.saturating_add(1), rand::random()));
    sqlx::query(
        "update timers set try_at_ms = $4, tries = tries + 1, last_error = $5 \
         where instance_id = $1 and key = $2 and generation = $3",
    )
    .bind(timer.instance_id.to_string())
    .bind(&timer.key)
    .bind(to_i64(timer.generation))
    .bind(try_at.as_ms())
    .bind(error)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// A timer to set, or to drop up to a generation.
#[derive(Debug, Serialize)]
pub(crate) struct TimerRow {
    instance_id: String,
    key: String,
    generation: i64,
    due_at_ms: i64,
}

impl TimerRow {
    pub(crate) fn set(id: InstanceId, timer: &TimerRequest) -> Self {
        Self {
            instance_id: id.to_string(),
            key: timer.key.clone(),
            generation: to_i64(timer.generation),
            due_at_ms: timer.due_at.as_ms(),
        }
    }

    pub(crate) fn dropped(id: InstanceId, key: String, generation: u64) -> Self {
        Self { instance_id: id.to_string(), key, generation: to_i64(generation), due_at_ms: 0 }
    }
}

/// Sets and drops timers, together with what else a step writes; no timer is in both lists.
pub(crate) fn write_many(
    together: &mut Together,
    set: &[TimerRow],
    dropped: &[TimerRow],
) -> Result<(), Error> {
    together.part(&DROP_MANY, dropped)?;
    together.part(&SET_MANY, set)
}

/// Drops timers whose firing was written before, up to their generations.
async fn drop_many(tx: &mut Tx, timers: &[TimerRow]) -> Result<(), Error> {
    if !timers.is_empty() {
        DROP_MANY.query(tx.store().dialect(), timers)?.execute(tx.conn()).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use sealflow_core::ids::InstanceId;

    use super::*;

    fn timer(key: String, generation: u64) -> Timer {
        let instance_id = InstanceId::from_uuid(uuid::Uuid::nil());
        Timer { instance_id, key, generation, due_at: Timestamp(0), tries: 0, last_error: None }
    }

    #[test]
    fn an_event_id_is_of_key_and_generation_and_always_fits() {
        assert_eq!(event_id(&timer("deadline".to_owned(), 3)).0, "timer/deadline/3");
        let long = event_id(&timer("s/".repeat(200), u64::MAX));
        assert!(long.0.chars().count() <= submit::EVENT_ID_LENGTH_MAX);
        assert_ne!(long, event_id(&timer("t/".repeat(200), u64::MAX)));
        assert_ne!(long, event_id(&timer("s/".repeat(200), 1)));
    }
}
