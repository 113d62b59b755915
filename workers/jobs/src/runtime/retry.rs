//! Patience with the database: wait a little longer each time, spread over processes.

use std::time::Duration;

/// Rests after failures, twice as long each time.
#[derive(Debug)]
pub(super) struct Patience {
    failures: u32,
}

const FIRST_MS: u64 = 50;
const LONGEST_MS: u64 = 5_000;

impl Patience {
    pub(super) const fn new() -> Self {
        Self { failures: 0 }
    }

    /// It worked: the next failure is the first again.
    pub(super) fn reset(&mut self) {
        self.failures = 0;
    }

    /// How long to rest now.
    pub(super) fn next(&mut self) -> Duration {
        let whole = (FIRST_MS << self.failures.min(10)).min(LONGEST_MS);
        self.failures = self.failures.saturating_add(1);
        Duration::from_millis(whole / 2 + rand::random_range(0..=whole / 2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rests_grow_to_a_limit_and_start_over() {
        let mut patience = Patience::new();
        assert!(patience.next() <= Duration::from_millis(FIRST_MS));
        for _ in 0..100 {
            assert!(patience.next() <= Duration::from_millis(LONGEST_MS));
        }
        assert!(patience.next() >= Duration::from_millis(LONGEST_MS / 2));
        patience.reset();
        assert!(patience.next() <= Duration::from_millis(FIRST_MS));
    }
}
