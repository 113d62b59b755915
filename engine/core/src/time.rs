//! Points in time as data: the core has no clock of its own.

use serde::{Deserialize, Serialize};

/// Milliseconds since 1970-01-01 00:00 UTC, as the databases store it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The point `ms` later; saturates at the ends of the range.
    #[must_use]
    pub const fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// The point so many days of 24 hours earlier; saturates at the ends of the range.
    #[must_use]
    pub fn minus_days(self, days: u32) -> Self {
        const DAY_MS: i64 = 86_400_000;
        // At most 2^32 days, which is far within the range.
        Self(self.0.saturating_sub(DAY_MS * i64::from(days)))
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub const fn as_ms(self) -> i64 {
        self.0
    }
}
