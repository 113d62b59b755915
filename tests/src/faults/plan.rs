//! What a seed decides before anything runs.

use std::collections::HashMap;

use sealflow_store::failpoint;

use super::{
    bank::{FAULTS, Fault},
    engine,
    scenes::{SCENES, Scene},
};

/// Numbers that look drawn and are the same for the same seed (splitmix64).
#[derive(Debug, Clone)]
pub struct Random {
    state: u64,
}

impl Random {
    /// From a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// Any number.
    pub const fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below the limit, which is not 0.
    pub const fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    /// True so many times in a hundred.
    pub const fn percent(&mut self, share: u64) -> bool {
        self.below(100) < share
    }

    /// One of these.
    pub fn pick<T: Copy>(&mut self, from: &[T]) -> Option<T> {
        let length = u64::try_from(from.len()).ok().filter(|length| *length > 0)?;
        from.get(usize::try_from(self.below(length)).ok()?).copied()
    }
}

/// Where a life of the engine ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Death {
    /// The fail point.
    pub point: &'static str,
    /// How often it is passed before.
    pub passes: u64,
}

impl Death {
    /// As the crate `fail` reads it.
    #[must_use]
    pub fn fail_points(self) -> String {
        match self.passes {
            0 => format!("{}=return", self.point),
            passes => format!("{}={passes}*off->return", self.point),
        }
    }
}

/// What a seed decides.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The seed.
    pub seed: u64,
    /// Which instances run side by side.
    pub scenes: Vec<Scene>,
    /// How the first lives of the engine end; the one after them goes on to the end.
    pub deaths: Vec<Death>,
    /// What the bank does with which payment.
    pub faults: HashMap<u64, Fault>,
    /// How far the clock jumps between two lives, in milliseconds; back, too.
    pub jumps_ms: Vec<i64>,
    /// What is drawn later: what people do.
    pub random: Random,
}

/// Two hours.
const JUMP_MS: u64 = 7_200_000;

impl Plan {
    /// What this seed decides.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let points = points();
        let scenes = (0..2 + random.below(3)).filter_map(|_| random.pick(SCENES)).collect();
        let mut deaths = Vec::new();
        for life in 0..1 + random.below(3) {
            // The first death goes through the points in turn, so that a few seeds visit all of them.
            let point = match life {
                0 => points.get(usize::try_from(seed).unwrap_or_default() % points.len().max(1)).copied(),
                _ => random.pick(&points),
            };
            let passes = random.below(2) * random.below(9);
            deaths.extend(point.map(|point| Death { point, passes }));
        }
        let faults = (0..12).filter(|_| random.percent(30)).filter_map(|n| {
            Some((n, FAULTS.get(usize::try_from(n * 7 + seed).ok()? % FAULTS.len()).copied()?))
        });
        let faults: HashMap<u64, Fault> = faults.collect();
        let jumps_ms = deaths
            .iter()
            .map(|_| match random.below(5) {
                0 => i64::try_from(random.below(JUMP_MS)).unwrap_or_default(),
                1 => -i64::try_from(random.below(JUMP_MS)).unwrap_or_default(),
                _ => 0,
            })
            .collect();
        Self { seed, scenes, deaths, faults, jumps_ms, random }
    }
}

/// Every fail point that a seed may choose.
#[must_use]
pub fn points() -> Vec<&'static str> {
    failpoint::ALL.iter().chain(engine::FAIL_POINTS).copied().collect()
}
