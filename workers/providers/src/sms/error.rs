//! The ways in which a call to the SMS gateway can end, sorted by what has to be done next.

use jiff::{ToSpan as _, civil::Time};

use super::wire;
use crate::http::{Failure, SetupError};

/// A call to the SMS gateway that did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configuration makes no working client.
    #[error("the SMS client cannot be set up")]
    Setup(#[source] SetupError),
    /// No connection was made; nothing was sent. Try again later.
    #[error("the SMS gateway cannot be reached")]
    Unreached(#[source] Failure),
    /// The account sends too fast; nothing was sent. Try again later.
    #[error("the SMS gateway asks to slow down ({code}, request {request_id})")]
    Throttled {
        /// The vendor's code.
        code: String,
        /// The vendor's id of this request.
        request_id: String,
    },
    /// The message may or may not have been taken. Ask with [`super::SmsClient::find`] before sending again.
    #[error("it is not known whether the SMS gateway took the message")]
    Unknown(#[source] Unclear),
    /// This phone has had its share; nothing was sent. Wait until [`LimitWindow::until_at_ms`].
    #[error("the phone has reached the SMS gateway's limit for one {window} (request {request_id})")]
    PerNumberLimit {
        /// Which limit.
        window: LimitWindow,
        /// The vendor's id of this request.
        request_id: String,
    },
    /// A definite no that another attempt does not change. Stop, and call a person.
    #[error("the SMS gateway refuses: {reason} ({code}, request {request_id})")]
    Rejected {
        /// What is wrong.
        reason: Reason,
        /// The vendor's code, or our own where nothing was sent.
        code: String,
        /// The vendor's id of this request; empty where nothing was sent.
        request_id: String,
    },
}

/// Why the result is not known.
#[derive(Debug, thiserror::Error)]
pub enum Unclear {
    /// The connection broke, or time ran out after the request went out.
    #[error("no answer arrived")]
    NoAnswer(#[source] Failure),
    /// A server error without the vendor's own words.
    #[error("the server answered {0}")]
    Status(u16),
    /// The vendor says that its own system failed.
    #[error("the gateway's system failed ({code}, request {request_id})")]
    SystemError {
        /// The vendor's code.
        code: String,
        /// The vendor's id of this request.
        request_id: String,
    },
    /// An answer that is not the vendor's JSON.
    #[error("the answer cannot be read")]
    Unreadable(#[source] serde_json::Error),
}

/// What a refusal is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Key id, secret, clock or permission.
    Credentials,
    /// The signature (签名) is not approved.
    SignName,
    /// The template is not approved, or its variables do not fit.
    Template,
    /// No money, or the account is closed.
    Balance,
    /// The phone number is not one.
    Number,
    /// The phone or a word is on a list.
    Blacklist,
    /// The account's own daily or monthly cap.
    AccountCap,
    /// Anything else.
    Other,
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Credentials => "the credentials are not accepted",
            Self::SignName => "the signature is not approved",
            Self::Template => "the template or its variables do not fit",
            Self::Balance => "the account has no balance or is closed",
            Self::Number => "the phone number is not valid",
            Self::Blacklist => "the phone or a word is blocked",
            Self::AccountCap => "the account's own cap is reached",
            Self::Other => "the request is not accepted",
        })
    }
}

/// The period of a limit for one phone number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitWindow {
    /// One minute.
    Minute,
    /// One hour.
    Hour,
    /// One calendar day in China.
    Day,
}

impl LimitWindow {
    /// When the next message may be tried, in milliseconds since 1970 UTC, if it is `now_ms`.
    #[must_use]
    pub fn until_at_ms(self, now_ms: i64) -> i64 {
        const MINUTE_MS: i64 = 60_000;
        match self {
            Self::Minute => now_ms.saturating_add(MINUTE_MS),
            Self::Hour => now_ms.saturating_add(60 * MINUTE_MS),
            Self::Day => {
                next_midnight_in_china(now_ms).unwrap_or_else(|| now_ms.saturating_add(24 * 60 * MINUTE_MS))
            }
        }
    }
}

impl std::fmt::Display for LimitWindow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
        })
    }
}

fn next_midnight_in_china(now_ms: i64) -> Option<i64> {
    let tomorrow = wire::china_date(now_ms)?.checked_add(1.day()).ok()?;
    Some(wire::CHINA.to_timestamp(tomorrow.to_datetime(Time::midnight())).ok()?.as_millisecond())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is the test's failure")]
mod tests {
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn a_day_ends_at_midnight_in_china() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap().as_millisecond();
        let now = at("2026-11-23T15:30:00Z"); // 23:30 in China
        assert_eq!(LimitWindow::Day.until_at_ms(now), at("2026-11-23T16:00:00Z"));
        assert_eq!(LimitWindow::Day.until_at_ms(at("2026-11-23T16:00:00Z")), at("2026-11-24T16:00:00Z"));
        assert_eq!(LimitWindow::Minute.until_at_ms(now), now + 60_000);
        assert_eq!(LimitWindow::Hour.until_at_ms(now), now + 3_600_000);
    }
}
