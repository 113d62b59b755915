//! Times of day in a time zone, and times written out. The zones' rules are built in: what the machine knows of time
//! zones changes no step.
//!
//! Where clocks are set forward, a time that is skipped is due as much later as the clocks jump (02:30 becomes 03:30);
//! where they are set back, a time that comes twice is due the first time only.

use std::{collections::BTreeSet, sync::LazyLock};

use jiff::{
    ToSpan as _, civil,
    tz::{TimeZone, TimeZoneDatabase},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Timestamp;

static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// A time of day: `{at: "09:00", zone: Asia/Shanghai, days: [mon, tue, wed, thu, fri]}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Daily {
    /// `HH:MM`, from 00:00 to 23:59.
    pub at: String,
    /// A name of the IANA time zone database, such as `Asia/Shanghai`.
    pub zone: String,
    /// On which days of the week; on all when it is not given.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub days: BTreeSet<Day>,
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Day {
    /// Monday.
    Mon,
    /// Tuesday.
    Tue,
    /// Wednesday.
    Wed,
    /// Thursday.
    Thu,
    /// Friday.
    Fri,
    /// Saturday.
    Sat,
    /// Sunday.
    Sun,
}

/// Why a text is no time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Not `HH:MM`.
    #[error("{0:?} is no time of day")]
    Time(String),
    /// Not in the database.
    #[error("there is no time zone {0:?}")]
    Zone(String),
    /// A date, but not a point in time.
    #[error("{0:?} is no time with its distance from UTC")]
    Moment(String),
}

impl Daily {
    /// The time of day.
    pub(crate) fn time(&self) -> Result<civil::Time, Error> {
        let number = |text: Option<&str>| text?.parse::<i8>().ok();
        let digits = self.at.len() == 5 && self.at.chars().all(|c| c.is_ascii_digit() || c == ':');
        let parts = digits.then(|| self.at.split_once(':')).flatten();
        parts
            .and_then(|(hour, minute)| Some((number(Some(hour))?, number(Some(minute))?)))
            .and_then(|(hour, minute)| civil::Time::new(hour, minute, 0, 0).ok())
            .ok_or_else(|| Error::Time(self.at.chars().take(40).collect()))
    }

    /// The time zone.
    pub(crate) fn time_zone(&self) -> Result<TimeZone, Error> {
        let unknown = || Error::Zone(self.zone.chars().take(64).collect());
        ZONES.get(&self.zone).map_err(|_| unknown())
    }

    /// The first such time after `at`; none at the end of the calendar, or when the time or the zone means nothing.
    #[must_use]
    pub fn next_after(&self, at: Timestamp) -> Option<Timestamp> {
        let (time, zone) = (self.time().ok()?, self.time_zone().ok()?);
        let mut date = zone.to_datetime(jiff::Timestamp::from_millisecond(at.as_ms()).ok()?).date();
        // A week and a day: on the one day of the week, today's time may have passed.
        for _ in 0..=8 {
            if self.days.is_empty() || self.days.contains(&Day::of(date)) {
                let due = zone.to_ambiguous_timestamp(date.to_datetime(time)).compatible().ok()?;
                if due.as_millisecond() > at.as_ms() {
                    return Some(Timestamp(due.as_millisecond()));
                }
            }
            date = date.checked_add(1.day()).ok()?;
        }
        None
    }
}

impl Day {
    fn of(date: civil::Date) -> Self {
        match date.weekday() {
            civil::Weekday::Monday => Self::Mon,
            civil::Weekday::Tuesday => Self::Tue,
            civil::Weekday::Wednesday => Self::Wed,
            civil::Weekday::Thursday => Self::Thu,
            civil::Weekday::Friday => Self::Fri,
            civil::Weekday::Saturday => Self::Sat,
            civil::Weekday::Sunday => Self::Sun,
        }
    }
}

/// The names of all time zones.
pub(crate) fn zones() -> Vec<String> {
    ZONES.available().map(|name| name.as_str().to_owned()).collect()
}

/// The point in time that a text writes out; none when it is no date at all, and so an expression.
pub(crate) fn absolute(text: &str) -> Option<Result<Timestamp, Error>> {
    let is_date = text.len() >= 10
        && text.chars().zip("dddd-dd-dd".chars()).all(|(c, form)| match form {
            'd' => c.is_ascii_digit(),
            form => c == form,
        });
    is_date.then(|| {
        let plain = text.chars().all(|c| c.is_ascii_digit() || "-:.+TZ".contains(c));
        let moment = plain.then(|| text.parse::<jiff::Timestamp>().ok()).flatten();
        moment
            .map(|moment| Timestamp(moment.as_millisecond()))
            .ok_or_else(|| Error::Moment(text.chars().take(40).collect()))
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap is the test's failure")]

    use super::{Daily, Day, Error, Timestamp, absolute};

    fn ms(text: &str) -> Timestamp {
        absolute(text).unwrap().unwrap()
    }

    fn daily(at: &str, zone: &str, days: &[Day]) -> Daily {
        Daily { at: at.to_owned(), zone: zone.to_owned(), days: days.iter().copied().collect() }
    }

    #[test]
    fn is_due_today_or_tomorrow_never_now() {
        let nine = daily("09:00", "Asia/Shanghai", &[]);
        let due = ms("2026-11-24T09:00:00+08:00");
        assert_eq!(nine.next_after(ms("2026-11-24T08:59:59+08:00")), Some(due));
        assert_eq!(nine.next_after(due), Some(ms("2026-11-25T09:00:00+08:00")), "strictly after");
        // Already the next day in Shanghai, still the day before in UTC.
        assert_eq!(nine.next_after(ms("2026-11-24T23:30:00Z")), Some(ms("2026-11-25T09:00:00+08:00")));
    }

    #[test]
    fn keeps_to_its_days() {
        let week = [Day::Mon, Day::Tue, Day::Wed, Day::Thu, Day::Fri];
        // 2026-11-27 is a Friday.
        let next = daily("18:00", "Asia/Shanghai", &week).next_after(ms("2026-11-27T18:00:00+08:00"));
        assert_eq!(next, Some(ms("2026-11-30T18:00:00+08:00")));
        let friday = daily("18:00", "Asia/Shanghai", &[Day::Fri]);
        assert_eq!(friday.next_after(ms("2026-11-27T18:00:00+08:00")), Some(ms("2026-12-04T18:00:00+08:00")));
    }

    /// In Berlin clocks went from 02:00 to 03:00 on 2026-03-29 and go from 03:00 to 02:00 on 2026-10-25.
    #[test]
    fn a_skipped_time_is_later_and_a_doubled_one_comes_once() {
        let daily = daily("02:30", "Europe/Berlin", &[]);
        assert_eq!(daily.next_after(ms("2026-03-29T00:00:00+01:00")), Some(ms("2026-03-29T03:30:00+02:00")));
        assert_eq!(daily.next_after(ms("2026-03-29T03:30:00+02:00")), Some(ms("2026-03-30T02:30:00+02:00")));
        let first = ms("2026-10-25T02:30:00+02:00");
        assert_eq!(daily.next_after(ms("2026-10-25T00:00:00+02:00")), Some(first));
        assert_eq!(
            daily.next_after(first),
            Some(ms("2026-10-26T02:30:00+01:00")),
            "not at 02:30+01:00 again"
        );
    }

    #[test]
    fn refuses_what_is_no_time() {
        for at in ["24:00", "9:00", "09:60", "+9:00", "09.00", "", "09:00:00"] {
            assert!(matches!(daily(at, "UTC", &[]).time(), Err(Error::Time(_))), "{at}");
            assert_eq!(daily(at, "UTC", &[]).next_after(Timestamp(0)), None, "{at}");
        }
        for zone in ["Asia/Shangai", "", "+08:00", "../etc"] {
            assert!(matches!(daily("09:00", zone, &[]).time_zone(), Err(Error::Zone(_))), "{zone}");
        }
        assert!(daily("23:59", "UTC", &[]).time().is_ok());
        assert_eq!(daily("09:00", "UTC", &[]).next_after(Timestamp(i64::MAX)), None);
    }

    #[test]
    fn a_written_time_needs_its_distance_from_utc() {
        assert_eq!(absolute("2026-12-31T18:00:00+08:00"), Some(Ok(Timestamp(1_798_711_200_000))));
        assert_eq!(absolute("2026-12-31T10:00:00Z"), Some(Ok(Timestamp(1_798_711_200_000))));
        for text in
            ["2026-12-31", "2026-12-31T18:00:00", "2026-13-31T18:00:00Z", "2026-12-31T18:00:00+08:00[x]"]
        {
            assert!(matches!(absolute(text), Some(Err(Error::Moment(_)))), "{text}");
        }
        assert_eq!(absolute("now + 5"), None);
        assert_eq!(absolute("due"), None);
    }
}
