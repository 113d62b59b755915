//! The time of day, as the vendors write it.

use jiff::{
    Timestamp,
    civil::{Date, DateTime},
    tz::Offset,
};

/// China's time; no summer time since 1991.
const CHINA: Offset = Offset::constant(8);

/// Milliseconds since 1970 UTC.
pub(crate) fn now_ms() -> i64 {
    Timestamp::now().as_millisecond()
}

fn in_china(at_ms: i64) -> DateTime {
    CHINA.to_datetime(Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::UNIX_EPOCH))
}

/// `2017-05-25 00:00:00`.
pub(crate) fn china_text(at_ms: i64) -> String {
    in_china(at_ms).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// The day in China.
pub(crate) fn china_date(at_ms: i64) -> Date {
    in_china(at_ms).date()
}
