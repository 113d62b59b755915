//! What the clock starts: schedules with their last tick. Whoever takes a tick inserts its job and moves the last tick on
//! in one transaction, so that a tick is taken once, by whichever process looks first.
//!
//! When a tick is due stands in the expression, which the workers read (`sealflow_jobs::cron`); here are the rows.

use sealflow_core::{Timestamp, ids::JobId};
use serde_json::Value;

use crate::{
    Conn, Error, Tx,
    db::row::{from_json, to_json},
    jobs::{self, Kind, NewJob},
};

const LIST: &str = "select name, expression, time_zone, catch_up, kind, payload, last_tick_at_ms, next_tick_at_ms, paused \
                    from schedules order by name";
const PUT: &str = include_str!("schedules/put.sql");
const DUE_SQLITE: &str = include_str!("schedules/due.sqlite.sql");
const DUE_POSTGRES: &str = include_str!("schedules/due.postgres.sql");

/// A schedule as its row says.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    /// Its name; part of its jobs' keys.
    pub name: String,
    /// When, as a cron expression.
    pub expression: String,
    /// Whose clock on the wall it is, as an IANA name.
    pub time_zone: String,
    /// What happens with missed ticks, as the workers write it.
    pub catch_up: String,
    /// What its jobs do; it may be a word that this version does not know.
    pub kind: String,
    /// What its jobs are given.
    pub payload: Value,
    /// The planned time of the last tick that was taken, or when it was first seen.
    pub last_tick_at: Timestamp,
    /// The planned time of the next tick.
    pub next_tick_at: Option<Timestamp>,
    /// No ticks are taken.
    pub paused: bool,
}

#[derive(sqlx::FromRow)]
struct Row {
    name: String,
    expression: String,
    time_zone: String,
    catch_up: String,
    kind: String,
    payload: String,
    last_tick_at_ms: i64,
    next_tick_at_ms: Option<i64>,
    paused: i64,
}

impl TryFrom<Row> for Schedule {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        Ok(Self {
            name: row.name,
            expression: row.expression,
            time_zone: row.time_zone,
            catch_up: row.catch_up,
            kind: row.kind,
            payload: from_json("a schedule's payload", &row.payload)?,
            last_tick_at: Timestamp(row.last_tick_at_ms),
            next_tick_at: row.next_tick_at_ms.map(Timestamp),
            paused: row.paused != 0,
        })
    }
}

/// All schedules by name.
///
/// # Errors
/// When the database cannot be reached.
pub async fn list(conn: &mut Conn) -> Result<Vec<Schedule>, Error> {
    let rows: Vec<Row> = sqlx::query_as(LIST).fetch_all(conn).await?;
    rows.into_iter().map(Schedule::try_from).collect()
}

/// One schedule.
///
/// # Errors
/// When the database cannot be reached.
pub async fn get(conn: &mut Conn, name: &str) -> Result<Option<Schedule>, Error> {
    Ok(list(conn).await?.into_iter().find(|schedule| schedule.name == name))
}

/// Writes a schedule of the settings. One whose expression or zone changed begins anew at its `last_tick_at`: ticks that
/// it never promised are not caught up. A pause stays.
///
/// # Errors
/// When the database cannot be reached.
pub async fn put(tx: &mut Tx, schedule: &Schedule) -> Result<(), Error> {
    let now = tx.now();
    sqlx::query(PUT)
        .bind(&schedule.name)
        .bind(&schedule.expression)
        .bind(&schedule.time_zone)
        .bind(&schedule.catch_up)
        .bind(&schedule.kind)
        .bind(to_json("a schedule's payload", &schedule.payload)?)
        .bind(schedule.last_tick_at.as_ms())
        .bind(schedule.next_tick_at.map(Timestamp::as_ms))
        .bind(now.as_ms())
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Takes a schedule away.
///
/// # Errors
/// When the database cannot be reached.
pub async fn remove(tx: &mut Tx, name: &str) -> Result<(), Error> {
    sqlx::query("delete from schedules where name = $1").bind(name).execute(tx.conn()).await?;
    Ok(())
}

/// Whether any tick is due, without waiting for anybody.
///
/// # Errors
/// When the database cannot be reached.
pub async fn any_due(conn: &mut Conn, now: Timestamp) -> Result<bool, Error> {
    let due: Option<i64> = sqlx::query_scalar(
        "select 1 from schedules where paused = 0 and (next_tick_at_ms <= $1 or last_tick_at_ms > $1) limit 1",
    )
    .bind(now.as_ms())
    .fetch_optional(conn)
    .await?;
    Ok(due.is_some())
}

/// The schedules with a tick to take, for this transaction alone; also those whose last tick seems to lie ahead, because
/// the clock was set back.
///
/// # Errors
/// When the database cannot be reached.
pub async fn due(tx: &mut Tx, now: Timestamp) -> Result<Vec<Schedule>, Error> {
    let statement = tx.store().dialect().pick(DUE_SQLITE, DUE_POSTGRES);
    let rows: Vec<Row> = sqlx::query_as(statement).bind(now.as_ms()).fetch_all(tx.conn()).await?;
    rows.into_iter().map(Schedule::try_from).collect()
}

/// Inserts the job of a tick. A tick that was taken before finds its job and changes nothing.
///
/// # Errors
/// When the database cannot be reached.
pub async fn start(tx: &mut Tx, schedule: &Schedule, kind: Kind, tick: Timestamp) -> Result<JobId, Error> {
    let key = format!("schedule:{}:{}", schedule.name, tick.as_ms());
    jobs::insert(tx, &NewJob { kind, key, payload: schedule.payload.clone(), run_at: None }).await
}

/// Notes that the ticks up to `last` are taken.
///
/// # Errors
/// When the database cannot be reached.
pub async fn ticked(tx: &mut Tx, name: &str, last: Timestamp, next: Option<Timestamp>) -> Result<(), Error> {
    sqlx::query("update schedules set last_tick_at_ms = $2, next_tick_at_ms = $3 where name = $1")
        .bind(name)
        .bind(last.as_ms())
        .bind(next.map(Timestamp::as_ms))
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Stops taking ticks, or takes them again; those of the pause are not caught up. False: there is no such schedule.
///
/// # Errors
/// When the database cannot be reached.
pub async fn set_paused(tx: &mut Tx, name: &str, paused: bool) -> Result<bool, Error> {
    let now = tx.now();
    let changed = sqlx::query(
        "update schedules set paused = $2, changed_at_ms = $3, \
         last_tick_at_ms = case when paused = 1 and $2 = 0 then $3 else last_tick_at_ms end where name = $1",
    )
    .bind(name)
    .bind(i64::from(paused))
    .bind(now.as_ms())
    .execute(tx.conn())
    .await?;
    Ok(changed.rows_affected() > 0)
}

/// Starts a schedule's job now, beside its ticks. None: there is no such schedule, or this version does not know its
/// kind.
///
/// # Errors
/// When the database cannot be reached.
pub async fn run_now(tx: &mut Tx, name: &str) -> Result<Option<JobId>, Error> {
    let Some(schedule) = get(tx.conn(), name).await? else { return Ok(None) };
    let Ok(kind) = schedule.kind.parse() else { return Ok(None) };
    let now = tx.now();
    Ok(Some(start(tx, &schedule, kind, now).await?))
}
