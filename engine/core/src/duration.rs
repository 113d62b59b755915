//! Durations as definitions write them (ISO 8601), turned into milliseconds.

use jiff::{Span, SpanRelativeTo, Unit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The longest duration that a definition may ask for, in days.
pub const DAYS_MAX: i64 = 3_660;

/// An ISO 8601 duration such as `PT2H` or `P30D`. A day is 24 hours; months and years are refused because their
/// length depends on a calendar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Duration(String);

/// Why a text is no usable duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Not ISO 8601.
    #[error("{0:?} is no ISO 8601 duration")]
    Syntax(String),
    /// Has years or months.
    #[error("{0:?} has years or months, whose length depends on the calendar")]
    Calendar(String),
    /// Zero, negative, or longer than [`DAYS_MAX`] days.
    #[error("{0:?} is not between one second and {DAYS_MAX} days")]
    Range(String),
}

impl Duration {
    /// Wraps a text; [`Duration::as_ms`] tells whether it means anything.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// As written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The length in milliseconds.
    ///
    /// # Errors
    /// [`Error`] when the text is no duration of between one second and [`DAYS_MAX`] days.
    pub fn as_ms(&self) -> Result<i64, Error> {
        let text: String = self.0.chars().take(40).collect();
        // The parser also reads “2 hours”; one spelling is enough.
        let plain =
            self.0.starts_with('P') && self.0.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
        let span: Option<Span> = self.0.parse().ok().filter(|_| plain);
        let span = span.ok_or_else(|| Error::Syntax(text.clone()))?;
        if span.get_years() != 0 || span.get_months() != 0 {
            return Err(Error::Calendar(text));
        }
        let ms = span
            .total((Unit::Millisecond, SpanRelativeTo::days_are_24_hours()))
            .map_err(|_| Error::Range(text.clone()))?;
        #[expect(clippy::cast_possible_truncation, reason = "the range is checked before the cast")]
        if (1_000.0..=DAYS_MAX as f64 * 86_400_000.0).contains(&ms) {
            Ok(ms as i64)
        } else {
            Err(Error::Range(text))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Duration, Error};

    #[test]
    fn reads_hours_days_and_weeks() {
        assert_eq!(Duration::new("PT2H").as_ms(), Ok(7_200_000));
        assert_eq!(Duration::new("P1W").as_ms(), Ok(7 * 86_400_000));
        assert_eq!(Duration::new("P1DT30M").as_ms(), Ok(86_400_000 + 1_800_000));
    }

    #[test]
    fn refuses_calendar_units_nonsense_and_zero() {
        assert!(matches!(Duration::new("P1M").as_ms(), Err(Error::Calendar(_))));
        for text in ["two hours", "2 hours", "30d", "pt2h", "-PT2H", "PT0.5H", ""] {
            assert!(matches!(Duration::new(text).as_ms(), Err(Error::Syntax(_))), "{text}");
        }
        assert!(matches!(Duration::new("PT0S").as_ms(), Err(Error::Range(_))));
        assert!(matches!(Duration::new("P99999D").as_ms(), Err(Error::Range(_))));
    }
}
