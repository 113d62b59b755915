//! What a campaign counted.

use std::{collections::BTreeMap, fmt, time::Duration};

/// What was counted, over any number of seeds.
#[derive(Debug, Clone, Default)]
pub struct Figures {
    /// Seeds that ran to their end and were found right.
    pub seeds: u64,
    /// Instances in them.
    pub instances: u64,
    /// Processes killed, by fail point.
    pub kills: BTreeMap<&'static str, u64>,
    /// Processes started.
    pub starts: u64,
    /// All starts together, from the process to its first word.
    pub starting: Duration,
    /// Events in the histories.
    pub events: u64,
    /// Timers fired.
    pub timers: u64,
    /// Jobs done.
    pub jobs: u64,
    /// Payments asked of the bank.
    pub payments: u64,
    /// Times that the bank was asked about a payment.
    pub queries: u64,
    /// Debits in its books.
    pub debits: u64,
    /// How often the bank misbehaved, by fault.
    pub faults: BTreeMap<String, u64>,
    /// Commands repeated because the engine died before it answered.
    pub repeated: u64,
    /// Those of them that had been committed.
    pub duplicates: u64,
    /// Jumps of the clock.
    pub jumps: u64,
}

impl Figures {
    /// Adds another's.
    pub fn add(&mut self, other: &Self) {
        self.seeds += other.seeds;
        self.instances += other.instances;
        self.starts += other.starts;
        self.starting += other.starting;
        self.events += other.events;
        self.timers += other.timers;
        self.jobs += other.jobs;
        self.payments += other.payments;
        self.queries += other.queries;
        self.debits += other.debits;
        self.repeated += other.repeated;
        self.duplicates += other.duplicates;
        self.jumps += other.jumps;
        for (point, count) in &other.kills {
            *self.kills.entry(point).or_default() += count;
        }
        for (fault, count) in &other.faults {
            *self.faults.entry(fault.clone()).or_default() += count;
        }
    }

    /// Processes killed.
    #[must_use]
    pub fn killed(&self) -> u64 {
        self.kills.values().sum()
    }

    /// The fail points at which none was killed.
    #[must_use]
    pub fn never(&self, points: &[&'static str]) -> Vec<&'static str> {
        points.iter().filter(|point| !self.kills.contains_key(*point)).copied().collect()
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let start_ms = self.starting.as_secs_f64() * 1_000.0 / (self.starts.max(1) as f64);
        writeln!(
            f,
            "{} seeds, {} instances, {} processes started ({start_ms:.0} ms each), {} killed",
            self.seeds,
            self.instances,
            self.starts,
            self.killed()
        )?;
        writeln!(
            f,
            "{} events, {} timers fired, {} jobs done, {} jumps of the clock, {} commands repeated ({} had been committed)",
            self.events, self.timers, self.jobs, self.jumps, self.repeated, self.duplicates
        )?;
        writeln!(
            f,
            "bank: {} payments asked, {} queries, {} debits; faults {:?}",
            self.payments, self.queries, self.debits, self.faults
        )?;
        write!(f, "kills by fail point: {:#?}", self.kills)
    }
}
