//! Jobs that the clock starts: one job a tick, whichever processes look at the clock.
//!
//! A schedule is a row with its last tick. Whoever finds a tick due inserts its job, under the unique key
//! `schedule:<name>:<time>`, and moves the last tick on in the same transaction; another process passes the row over.
//! What happens with ticks that were missed (no process ran, the clock jumped ahead) is the schedule's [`CatchUp`]. A
//! clock that is set back takes no tick twice: the job's key is used.

mod plan;

use std::{collections::BTreeMap, fmt, str::FromStr};

use sealflow_core::Timestamp;
use sealflow_store::{
    Error as StoreError, Tx,
    jobs::Kind,
    schedules::{self, Schedule as Row},
};
use serde_json::Value;

pub use plan::{Plan, PlanError};

/// A tick this late was not missed: the processes look at the clock every second or so.
const LATE_MAX_MS: i64 = 60_000;
/// The most missed ticks that can be caught up.
const CAUGHT_UP_MAX: u32 = 1_000;
/// The longest name; it is part of the jobs' keys.
const NAME_LENGTH_MAX: usize = 100;

/// What happens with ticks that were missed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CatchUp {
    /// Nothing: the next tick is the next one.
    Skip,
    /// One job for all of them.
    Once,
    /// A job for each, but only for the newest so many.
    All(u32),
}

impl fmt::Display for CatchUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Skip => f.write_str("skip"),
            Self::Once => f.write_str("once"),
            Self::All(max) => write!(f, "all/{max}"),
        }
    }
}

impl FromStr for CatchUp {
    type Err = ScheduleError;

    fn from_str(text: &str) -> Result<Self, ScheduleError> {
        match text {
            "skip" => Ok(Self::Skip),
            "once" => Ok(Self::Once),
            _ => {
                let max = text.strip_prefix("all/").and_then(|max| max.parse().ok());
                let max = max.filter(|max| (1..=CAUGHT_UP_MAX).contains(max));
                max.map(Self::All).ok_or_else(|| ScheduleError::CatchUp(text.chars().take(40).collect()))
            }
        }
    }
}

/// A schedule that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ScheduleError {
    /// Its name is part of keys.
    #[error("the schedule's name {0:?} is not of 1 to {NAME_LENGTH_MAX} letters, digits and underscores")]
    Name(String),
    /// When it ticks.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// What happens with missed ticks.
    #[error("{0:?} is no rule for missed ticks: skip, once, or all/<1 to {CAUGHT_UP_MAX}>")]
    CatchUp(String),
    /// There is no such kind of job.
    #[error("there is no kind of job {0:?}")]
    Kind(String),
}

/// A schedule of the settings.
#[derive(Debug, Clone)]
pub struct Schedule {
    name: String,
    expression: String,
    time_zone: String,
    plan: Plan,
    catch_up: CatchUp,
    kind: Kind,
    payload: Value,
}

impl Schedule {
    /// Checks what the settings say.
    ///
    /// # Errors
    /// What is wrong, and how it would be right.
    pub fn new(
        name: &str,
        (expression, time_zone): (&str, &str),
        catch_up: &str,
        (kind, payload): (&str, Value),
    ) -> Result<Self, ScheduleError> {
        let well_named = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if name.is_empty() || name.len() > NAME_LENGTH_MAX || !well_named {
            return Err(ScheduleError::Name(name.chars().take(NAME_LENGTH_MAX).collect()));
        }
        Ok(Self {
            name: name.to_owned(),
            expression: expression.to_owned(),
            time_zone: time_zone.to_owned(),
            plan: Plan::new(expression, time_zone)?,
            catch_up: catch_up.parse()?,
            kind: kind.parse().map_err(|_| ScheduleError::Kind(kind.chars().take(40).collect()))?,
            payload,
        })
    }

    fn row(&self, now: Timestamp) -> Row {
        Row {
            name: self.name.clone(),
            expression: self.expression.clone(),
            time_zone: self.time_zone.clone(),
            catch_up: self.catch_up.to_string(),
            kind: self.kind.as_str().to_owned(),
            payload: self.payload.clone(),
            last_tick_at: now,
            next_tick_at: self.plan.next_after(now),
            paused: false,
        }
    }
}

/// Brings the rows to what the settings say. A new schedule begins now.
///
/// # Errors
/// When the database cannot be reached.
pub async fn configure(tx: &mut Tx, configured: &[Schedule], now: Timestamp) -> Result<(), StoreError> {
    let wanted: BTreeMap<&str, &Schedule> =
        configured.iter().map(|schedule| (schedule.name.as_str(), schedule)).collect();
    for row in schedules::list(tx.conn()).await? {
        if !wanted.contains_key(row.name.as_str()) {
            schedules::remove(tx, &row.name).await?;
        }
    }
    for schedule in wanted.values() {
        schedules::put(tx, &schedule.row(now)).await?;
    }
    Ok(())
}

/// Takes the ticks that are due at `now`; tells how many jobs were started.
///
/// # Errors
/// When the database cannot be reached.
pub async fn tick(tx: &mut Tx, now: Timestamp) -> Result<usize, StoreError> {
    let mut started = 0;
    for row in schedules::due(tx, now).await? {
        let Some((kind, plan, catch_up)) = understood(&row) else { continue };
        // A clock that was set back; what it shows once more was taken, or is taken now.
        let last = row.last_tick_at.min(now);
        let ticks = to_take(&plan, catch_up, last, now);
        for tick in &ticks.taken {
            schedules::start(tx, &row, kind, *tick).await?;
        }
        started += ticks.taken.len();
        if ticks.missed {
            tracing::warn!(
                schedule = row.name,
                catch_up = row.catch_up,
                taken = ticks.taken.len(),
                "ticks were missed"
            );
        }
        schedules::ticked(tx, &row.name, ticks.newest.unwrap_or(last), plan.next_after(now)).await?;
    }
    Ok(started)
}

/// What the row says, unless another version wrote it: then that version's processes take the tick.
fn understood(row: &Row) -> Option<(Kind, Plan, CatchUp)> {
    let kind = row.kind.parse().ok()?;
    let plan = Plan::new(&row.expression, &row.time_zone).ok()?;
    Some((kind, plan, row.catch_up.parse().ok()?))
}

/// Ticks that are due.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Ticks {
    /// Those that start a job, oldest first.
    taken: Vec<Timestamp>,
    /// The newest of all.
    newest: Option<Timestamp>,
    /// Whether some came too late.
    missed: bool,
}

fn to_take(plan: &Plan, catch_up: CatchUp, last: Timestamp, now: Timestamp) -> Ticks {
    let max = match catch_up {
        CatchUp::All(max) => max,
        // One more, to see whether there are more.
        CatchUp::Skip | CatchUp::Once => 2,
    };
    let mut taken = plan.latest(last, now, max);
    let newest = taken.last().copied();
    let late = |tick: &Timestamp| now.as_ms() - tick.as_ms() > LATE_MAX_MS;
    let missed = taken.first().is_some_and(late);
    match catch_up {
        CatchUp::All(_) => {}
        CatchUp::Once => drop(taken.drain(..taken.len().saturating_sub(1))),
        CatchUp::Skip => taken.retain(|tick| !late(tick)),
    }
    Ticks { taken, newest, missed }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap is the test's failure")]

    use super::*;

    const HOUR_MS: i64 = 3_600_000;

    fn taken(catch_up: CatchUp, last_ms: i64, now_ms: i64) -> (Vec<i64>, bool) {
        let hourly = Plan::new("0 0 * * * *", "UTC").unwrap();
        let ticks = to_take(&hourly, catch_up, Timestamp(last_ms), Timestamp(now_ms));
        let hours = ticks.taken.iter().map(|tick| tick.as_ms() / HOUR_MS).collect();
        (hours, ticks.missed)
    }

    #[test]
    fn missed_ticks_are_caught_up_as_the_rule_says() {
        // Three ticks went by, the newest ten minutes ago.
        let late = 3 * HOUR_MS + 600_000;
        assert_eq!(taken(CatchUp::Skip, 0, late), (vec![], true));
        assert_eq!(taken(CatchUp::Once, 0, late), (vec![3], true));
        assert_eq!(taken(CatchUp::All(10), 0, late), (vec![1, 2, 3], true));
        assert_eq!(taken(CatchUp::All(2), 0, late), (vec![2, 3], true));
        // The newest is on time.
        assert_eq!(taken(CatchUp::Skip, 0, 3 * HOUR_MS + 900), (vec![3], true));
        assert_eq!(taken(CatchUp::Skip, 2 * HOUR_MS, 3 * HOUR_MS + 900), (vec![3], false));
        assert_eq!(taken(CatchUp::Once, 3 * HOUR_MS, late), (vec![], false));
    }

    #[test]
    fn the_settings_are_checked() {
        let schedule = |name, cron, zone, catch_up, kind| {
            Schedule::new(name, (cron, zone), catch_up, (kind, Value::Null))
        };
        assert!(schedule("a_1", "0 10 3 * * *", "Asia/Shanghai", "all/7", "forget_jobs").is_ok());
        let refused = [
            (schedule("a:b", "0 10 3 * * *", "UTC", "once", "forget_jobs"), "name"),
            (schedule("a", "0 10 25 * * *", "UTC", "once", "forget_jobs"), "expression"),
            (schedule("a", "0 10 3 * * *", "Europe/Shanghai", "once", "forget_jobs"), "time zone"),
            (schedule("a", "0 10 3 * * *", "UTC", "all/0", "forget_jobs"), "missed ticks"),
            (schedule("a", "0 10 3 * * *", "UTC", "once", "forget_you"), "kind of job"),
        ];
        for (refused, word) in refused {
            let text = refused.unwrap_err().to_string();
            assert!(text.contains(word), "{text}");
        }
    }
}
