//! When a schedule ticks: a cron expression on the clock of a wall somewhere.
//!
//! When that clock is set ahead, a time that does not exist ticks at the moment of the change; when it is set back, a time
//! that comes twice ticks the first time. Expressions for every hour count the hours that really pass instead.

use std::{collections::VecDeque, str::FromStr as _};

use chrono::{DateTime, Utc};
use jiff::tz::TimeZone;
use sealflow_core::Timestamp;

/// The longest expression.
const LENGTH_MAX: usize = 200;
/// Changes of the clock that are looked through for a tick; two a year.
const CHANGES_MAX: usize = 400;
/// How far back ticks are looked for at first, in seconds.
const LOOK_BACK_S: i64 = 60;

/// Why a schedule's time cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// Not as `second minute hour day month weekday [year]`.
    #[error(
        "the cron expression {expression:?} cannot be read (second minute hour day month weekday [year])"
    )]
    Expression {
        /// What was given.
        expression: String,
        /// Why.
        #[source]
        source: cron::error::Error,
    },
    /// Crons number the days of the week differently.
    #[error("the cron expression {0:?} numbers the days of the week: name them (Mon, Tue, …)")]
    Weekday(String),
    /// Not in the time zone database.
    #[error("there is no time zone {0:?}; an example is Asia/Shanghai")]
    TimeZone(String),
}

/// The times of a schedule.
#[derive(Debug, Clone)]
pub struct Plan {
    schedule: cron::Schedule,
    zone: TimeZone,
    every_hour: bool,
}

impl Plan {
    /// Reads an expression and the name of a time zone.
    ///
    /// # Errors
    /// What is wrong.
    pub fn new(expression: &str, time_zone: &str) -> Result<Self, PlanError> {
        use cron::TimeUnitSpec as _;

        let shown = || expression.chars().take(LENGTH_MAX).collect::<String>();
        let weekday = expression.split_whitespace().nth(5).unwrap_or_default();
        if weekday.contains(|c: char| c.is_ascii_digit()) {
            return Err(PlanError::Weekday(shown()));
        }
        let readable = if expression.len() > LENGTH_MAX { "" } else { expression };
        let schedule = cron::Schedule::from_str(readable)
            .map_err(|source| PlanError::Expression { expression: shown(), source })?;
        let zone = TimeZone::get(time_zone)
            .map_err(|_| PlanError::TimeZone(time_zone.chars().take(LENGTH_MAX).collect()))?;
        let every_hour = schedule.hours().is_all();
        Ok(Self { schedule, zone, every_hour })
    }

    /// The first tick after this time.
    #[must_use]
    pub fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        self.next_after_s(after.as_ms().div_euclid(1_000)).map(|s| Timestamp(s * 1_000))
    }

    /// The newest ticks after `after` and not after `until`, at most `max`, oldest first.
    pub(super) fn latest(&self, after: Timestamp, until: Timestamp, max: u32) -> Vec<Timestamp> {
        let max = usize::try_from(max).unwrap_or(usize::MAX);
        let (after_s, until_s) = (after.as_ms().div_euclid(1_000), until.as_ms().div_euclid(1_000));
        let mut look_back_s = LOOK_BACK_S;
        // Further back each time, so that a year without a process is not gone through second by second.
        loop {
            let from_s = after_s.max(until_s.saturating_sub(look_back_s));
            let mut found = VecDeque::new();
            let mut at_s = from_s;
            while let Some(next_s) = self.next_after_s(at_s).filter(|next_s| *next_s <= until_s) {
                found.push_back(Timestamp(next_s * 1_000));
                if found.len() > max {
                    found.pop_front();
                }
                at_s = next_s;
            }
            if found.len() >= max || from_s == after_s {
                return found.into();
            }
            look_back_s = look_back_s.saturating_mul(2);
        }
    }

    fn next_after_s(&self, after_s: i64) -> Option<i64> {
        let mut offset_s = self.offset_s(after_s)?;
        // Where the present offset begins to hold, as far as we look.
        let mut begin_s = after_s;
        let mut wall_s = after_s + offset_s;
        for _ in 0..CHANGES_MAX {
            let change = self.next_change_s(begin_s);
            loop {
                let next_wall_s = self.next_on_wall_s(wall_s)?;
                let at_s = next_wall_s - offset_s;
                let Some((change_s, later_offset_s)) = change.filter(|(change_s, _)| at_s >= *change_s)
                else {
                    if !self.every_hour && self.came_before(next_wall_s, offset_s) {
                        wall_s = next_wall_s;
                        continue;
                    }
                    return Some(at_s);
                };
                if !self.every_hour && next_wall_s < change_s + later_offset_s {
                    return Some(change_s);
                }
                (begin_s, offset_s) = (change_s, later_offset_s);
                wall_s = change_s + later_offset_s - 1;
                break;
            }
        }
        None
    }

    /// The first time on the wall's clock after this one that the expression names, whether it exists or not.
    fn next_on_wall_s(&self, wall_s: i64) -> Option<i64> {
        let wall = DateTime::<Utc>::from_timestamp(wall_s, 0)?;
        self.schedule.after(&wall).next().map(|next| next.timestamp())
    }

    /// How far the wall's clock is ahead of UTC.
    fn offset_s(&self, at_s: i64) -> Option<i64> {
        let at = jiff::Timestamp::from_second(at_s).ok()?;
        Some(i64::from(self.zone.to_offset(at).seconds()))
    }

    /// The next change of the wall's clock, and its offset from then on.
    fn next_change_s(&self, after_s: i64) -> Option<(i64, i64)> {
        let after = jiff::Timestamp::from_second(after_s).ok()?;
        let change = self.zone.following(after).next()?;
        Some((change.timestamp().as_second(), i64::from(change.offset().seconds())))
    }

    /// Whether the wall's clock showed this time already, before it was set back to the present offset.
    fn came_before(&self, wall_s: i64, offset_s: i64) -> bool {
        let earlier = |change_s: i64| {
            let before_s = self.offset_s(change_s - 1)?;
            Some(before_s > offset_s && wall_s - before_s < change_s)
        };
        let at = jiff::Timestamp::from_second(wall_s - offset_s + 1).ok();
        let change = at.and_then(|at| self.zone.preceding(at).next());
        change.and_then(|change| earlier(change.timestamp().as_second())).unwrap_or(false)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap is the test's failure")]

    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
    }

    fn ticks(expression: &str, zone: &str, after: &str, count: usize) -> Vec<String> {
        let plan = Plan::new(expression, zone).unwrap();
        let mut last = at(after);
        let next = || {
            last = plan.next_after(last)?;
            Some(jiff::Timestamp::from_millisecond(last.as_ms()).unwrap().to_string())
        };
        std::iter::from_fn(next).take(count).collect()
    }

    #[test]
    fn a_time_of_day_is_that_of_the_zone() {
        let daily = ticks("0 10 3 * * *", "Asia/Shanghai", "2026-11-24T19:10:00Z", 2);
        assert_eq!(daily, ["2026-11-25T19:10:00Z", "2026-11-26T19:10:00Z"]);
        let workdays = ticks("0 0 9 * * Mon-Fri", "Asia/Shanghai", "2026-11-27T01:00:00Z", 1);
        assert_eq!(workdays, ["2026-11-30T01:00:00Z"]);
        assert_eq!(ticks("0 0 0 30 Feb *", "UTC", "2026-01-01T00:00:00Z", 1), Vec::<String>::new());
        assert_eq!(
            ticks("0 0 0 29 Feb *", "Europe/Berlin", "2026-01-01T00:00:00Z", 1),
            ["2028-02-28T23:00:00Z"]
        );
    }

    #[test]
    fn a_time_that_is_skipped_ticks_at_the_change() {
        // In Berlin 02:00 becomes 03:00 on 2026-03-29 at 01:00 UTC.
        let expected = ["2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"];
        assert_eq!(ticks("0 30 2 * * *", "Europe/Berlin", "2026-03-28T00:00:00Z", 3), expected);
        // Both of these are the same moment, which ticks once.
        let both = ticks("0 0 2,3 * * *", "Europe/Berlin", "2026-03-29T00:00:00Z", 2);
        assert_eq!(both, ["2026-03-29T01:00:00Z", "2026-03-30T00:00:00Z"]);
    }

    #[test]
    fn a_time_that_comes_twice_ticks_the_first_time() {
        // In Berlin 03:00 becomes 02:00 on 2026-10-25 at 01:00 UTC.
        let expected = ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"];
        assert_eq!(ticks("0 30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", 2), expected);
        // Also when it is looked at between the two.
        assert_eq!(
            ticks("0 30 2 * * *", "Europe/Berlin", "2026-10-25T01:10:00Z", 1),
            ["2026-10-26T01:30:00Z"]
        );
        assert_eq!(
            ticks("0 30 3 * * *", "Europe/Berlin", "2026-10-25T01:10:00Z", 1),
            ["2026-10-25T02:30:00Z"]
        );
    }

    #[test]
    fn every_hour_counts_the_hours_that_pass() {
        let back = ticks("0 0 * * * *", "Europe/Berlin", "2026-10-24T23:30:00Z", 4);
        let expected =
            ["2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z", "2026-10-25T02:00:00Z", "2026-10-25T03:00:00Z"];
        assert_eq!(back, expected);
        let ahead = ticks("0 */30 * * * *", "Europe/Berlin", "2026-03-29T00:20:00Z", 3);
        assert_eq!(ahead, ["2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z"]);
    }

    #[test]
    fn the_newest_ticks_of_a_long_time_are_found_quickly() {
        let plan = Plan::new("* * * * * *", "UTC").unwrap();
        let (from, until) = (at("1990-01-01T00:00:00Z"), at("2026-01-01T00:00:00Z"));
        let newest = plan.latest(from, until, 3);
        assert_eq!(newest, [until.plus_ms(-2_000), until.plus_ms(-1_000), until]);
        let yearly = Plan::new("0 0 0 1 Jan *", "UTC").unwrap();
        assert_eq!(yearly.latest(from, until, 2), [at("2025-01-01T00:00:00Z"), until]);
        assert_eq!(yearly.latest(until, until, 2), []);
        assert_eq!(yearly.latest(until, from, 2), []);
    }

    #[test]
    fn numbered_weekdays_and_nonsense_are_refused() {
        assert!(matches!(Plan::new("0 0 9 * * 1-5", "UTC"), Err(PlanError::Weekday(_))));
        assert!(matches!(Plan::new("0 0 9 * *", "UTC"), Err(PlanError::Expression { .. })));
        assert!(matches!(Plan::new(&"* ".repeat(4_000), "UTC"), Err(PlanError::Expression { .. })));
        assert!(matches!(Plan::new("0 0 9 * * *", "Mars/Base"), Err(PlanError::TimeZone(_))));
    }
}
