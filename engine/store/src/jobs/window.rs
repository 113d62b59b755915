//! Counts the calls of the last period, so that no period ever sees more than the limit.
//!
//! A token bucket would let twice its size through within one period (what it had saved, and what it gains meanwhile);
//! vendors count periods. So the grants of the last period are kept, summed up by slices of it.

use serde::{Deserialize, Serialize};

/// Grants are summed up by slices of the period: the row stays small, and a slice counts until its last grant is old
/// enough, so the limit holds exactly.
const SLICES: i64 = 50;

/// At most `max` calls in any period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rate {
    /// How many calls.
    pub max: u32,
    /// In how long, in milliseconds.
    pub period_ms: i64,
}

impl Rate {
    /// At most `max` calls in any second.
    #[must_use]
    pub const fn per_second(max: u32) -> Self {
        Self { max, period_ms: 1_000 }
    }
}

/// The grants of the last period, oldest first: when the newest of a slice was given, and how many.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Window(Vec<(i64, u32)>);

impl Window {
    /// Forgets what is older than a period. What seems to come from the future was given before a clock was set back:
    /// it counts as given now.
    pub(super) fn move_to(&mut self, now_ms: i64, rate: Rate) {
        self.0.retain(|(at_ms, _)| at_ms.saturating_add(rate.period_ms) > now_ms);
        for (at_ms, _) in &mut self.0 {
            *at_ms = (*at_ms).min(now_ms);
        }
    }

    /// How many more there may be now.
    pub(super) fn free(&self, rate: Rate) -> u32 {
        rate.max.saturating_sub(self.given())
    }

    /// How many were given in the last period.
    pub(super) fn given(&self) -> u32 {
        self.0.iter().fold(0, |sum, (_, count)| sum.saturating_add(*count))
    }

    /// Notes grants.
    pub(super) fn grant(&mut self, now_ms: i64, count: u32, rate: Rate) {
        let slice_ms = (rate.period_ms / SLICES).max(1);
        match self.0.last_mut() {
            Some((at_ms, sum)) if at_ms.div_euclid(slice_ms) == now_ms.div_euclid(slice_ms) => {
                *at_ms = now_ms;
                *sum = sum.saturating_add(count);
            }
            _ => self.0.push((now_ms, count)),
        }
    }

    /// When the next may be given; none: now.
    pub(super) fn free_at_ms(&self, rate: Rate) -> Option<i64> {
        let mut given = self.given();
        for (at_ms, count) in &self.0 {
            if given < rate.max {
                break;
            }
            given -= count;
            if given < rate.max {
                return Some(at_ms.saturating_add(rate.period_ms));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate::per_second(20);

    /// Asks for `asked` at each of these times; tells when how many were given.
    fn play(rate: Rate, times: impl IntoIterator<Item = i64>, asked: u32) -> Vec<(i64, u32)> {
        let mut window = Window::default();
        let mut given = Vec::new();
        for now_ms in times {
            window.move_to(now_ms, rate);
            let count = window.free(rate).min(asked);
            if count > 0 {
                window.grant(now_ms, count, rate);
                given.push((now_ms, count));
            }
            assert!(window.0.len() <= 52, "the row grows: {}", window.0.len());
        }
        given
    }

    #[test]
    fn no_period_sees_more_than_the_limit_and_little_is_lost() {
        for (rate, asked) in [(RATE, 1), (RATE, 7), (RATE, 100), (Rate { max: 3, period_ms: 70 }, 2)] {
            let given = play(rate, (0..20_000).step_by(3), asked);
            for (n, (from, _)) in given.iter().enumerate() {
                let within = given[n..].iter().take_while(|(at, _)| *at < from + rate.period_ms);
                assert!(within.map(|(_, count)| count).sum::<u32>() <= rate.max);
            }
            let total: u32 = given.iter().map(|(_, count)| count).sum();
            let ideal = 20_000 * i64::from(rate.max) / rate.period_ms;
            assert!(i64::from(total) >= ideal * 93 / 100, "{total} of {ideal}");
        }
    }

    #[test]
    fn it_tells_when_the_next_is_free() {
        let mut window = Window::default();
        assert_eq!(window.free_at_ms(RATE), None);
        window.grant(100, 15, RATE);
        assert_eq!((window.free(RATE), window.free_at_ms(RATE)), (5, None));
        window.grant(400, 5, RATE);
        assert_eq!((window.free(RATE), window.free_at_ms(RATE)), (0, Some(1_100)));
        window.move_to(1_099, RATE);
        assert_eq!(window.free(RATE), 0);
        window.move_to(1_100, RATE);
        assert_eq!(window.free(RATE), 15);
        // A limit that was lowered meanwhile: more were given than it allows.
        assert_eq!(window.free_at_ms(Rate::per_second(3)), Some(1_400));
        assert_eq!(window.free(Rate::per_second(3)), 0);
    }

    #[test]
    fn a_clock_that_is_set_back_blocks_for_a_period_at_most() {
        let mut window = Window::default();
        window.grant(7_200_000, 20, RATE);
        window.move_to(0, RATE);
        assert_eq!((window.free(RATE), window.free_at_ms(RATE)), (0, Some(1_000)));
        window.move_to(1_000, RATE);
        assert_eq!(window.free(RATE), 20);
    }
}
