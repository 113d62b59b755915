//! How long a failed job rests: twice as long each time, by the class of the failure, with jitter so that jobs which
//! failed together do not come back together.

use crate::text_enum::text_enum;

text_enum! {
    /// Why an attempt ended without a result.
    ErrorClass ("class of error") {
        /// It surely did not happen: busy, throttled, refused for now.
        Retry = "retry",
        /// It may have happened: the next attempt asks first.
        Unknown = "unknown",
        /// It took longer than it may.
        Timeout = "timeout",
        /// The handler panicked.
        Panic = "panic",
        /// Its worker stopped renewing the lease.
        LeaseExpired = "lease_expired",
    }
}

impl ErrorClass {
    const fn first_ms(self) -> i64 {
        match self {
            Self::LeaseExpired => 0,
            Self::Retry | Self::Unknown => 1_000,
            Self::Timeout | Self::Panic => 2_000,
        }
    }

    const fn longest_ms(self) -> i64 {
        match self {
            Self::Unknown => 120_000,
            Self::Retry | Self::Timeout | Self::Panic | Self::LeaseExpired => 600_000,
        }
    }
}

/// Milliseconds until the next attempt, after `attempts` (from 1) have failed. `random` spreads it over the upper
/// half. A lease that expired for the first time costs nothing: most likely its process was restarted.
#[must_use]
pub fn delay_ms(class: ErrorClass, attempts: u32, random: u64) -> i64 {
    let first = class.first_ms();
    let (first, doublings) = match (first, attempts) {
        (0, 0 | 1) => return 0,
        (0, _) => (1_000, attempts - 2),
        _ => (first, attempts.saturating_sub(1)),
    };
    let whole = first.saturating_mul(1_i64 << doublings.min(20)).min(class.longest_ms());
    let half = whole / 2;
    let jitter = i64::try_from(random % u64::try_from(half + 1).unwrap_or(1)).unwrap_or(0);
    half + jitter
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_doubles_up_to_a_limit() {
        let longest = |attempts| delay_ms(ErrorClass::Retry, attempts, 500 * 999_983 * (1 << 20));
        assert!((500..=1_000).contains(&longest(1)));
        assert!((1_000..=2_000).contains(&longest(2)));
        assert!((300_000..=600_000).contains(&longest(30)));
        assert!((300_000..=600_000).contains(&delay_ms(ErrorClass::Retry, u32::MAX, u64::MAX)));
    }

    #[test]
    fn jitter_stays_in_the_upper_half() {
        for random in 0..2_000 {
            assert!((500..=1_000).contains(&delay_ms(ErrorClass::Retry, 1, random)));
        }
        assert_ne!(delay_ms(ErrorClass::Retry, 1, 1), delay_ms(ErrorClass::Retry, 1, 2));
    }

    #[test]
    fn a_first_lost_lease_is_taken_up_at_once_and_a_second_rests() {
        assert_eq!(delay_ms(ErrorClass::LeaseExpired, 1, 7), 0);
        assert!(delay_ms(ErrorClass::LeaseExpired, 2, 7) >= 500);
    }
}
