//! How fast jobs of a queue end here, to know how many to take ahead.

use std::time::{Duration, Instant};

/// Shorter than this says nothing.
const SPAN_MIN: Duration = Duration::from_millis(2);
/// A pace that was measured is forgotten after this long without another.
const SPAN_MAX: Duration = Duration::from_secs(1);

/// How many jobs end a second, as a moving average.
#[derive(Debug)]
pub(super) struct Pace {
    begun: usize,
    ended_before: usize,
    measured_at: Instant,
    per_second: f64,
}

impl Pace {
    pub(super) fn new(now: Instant) -> Self {
        Self { begun: 0, ended_before: 0, measured_at: now, per_second: 0.0 }
    }

    /// A job was given to a hand.
    pub(super) fn begun(&mut self) {
        self.begun += 1;
    }

    /// How many are likely to end in this time; `busy` have not ended of those that were begun.
    pub(super) fn in_time(&mut self, now: Instant, busy: usize, time: Duration) -> usize {
        let span = now.saturating_duration_since(self.measured_at);
        if span >= SPAN_MIN {
            let ended = self.begun.saturating_sub(busy);
            #[expect(clippy::cast_precision_loss, reason = "a small count")]
            let per_second = ended.saturating_sub(self.ended_before) as f64 / span.as_secs_f64();
            self.per_second =
                if span > SPAN_MAX { per_second } else { f64::midpoint(self.per_second, per_second) };
            self.ended_before = ended;
            self.measured_at = now;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a rate is not negative, and the conversion saturates"
        )]
        let likely = (self.per_second * time.as_secs_f64()) as usize;
        likely
    }

    /// What was measured does not hold any more.
    pub(super) fn slow_down(&mut self, now: Instant) {
        self.per_second = 0.0;
        self.measured_at = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn quick_jobs_are_taken_ahead_and_slow_ones_are_not() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        assert_eq!(pace.in_time(start + 10 * MS, 0, 50 * MS), 0);
        (0..100).for_each(|_| pace.begun());
        // 92 of them ended in ten milliseconds; half of that, since nothing ended before.
        assert_eq!(pace.in_time(start + 20 * MS, 8, 50 * MS), 230);
        // Those eight take a second.
        assert!(pace.in_time(start + 1_021 * MS, 8, 50 * MS) == 0);
    }

    #[test]
    fn jobs_that_have_only_begun_say_nothing() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        (0..50).for_each(|_| pace.begun());
        assert_eq!(pace.in_time(start + 5 * MS, 50, 50 * MS), 0);
    }

    #[test]
    fn a_slow_job_ends_the_taking_ahead() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        (0..100).for_each(|_| pace.begun());
        assert!(pace.in_time(start + 10 * MS, 0, 50 * MS) > 0);
        pace.slow_down(start + 300 * MS);
        assert_eq!(pace.in_time(start + 301 * MS, 0, 50 * MS), 0);
    }
}
