//! A thousand seeds on each database: what runs, where the process dies, how the bank misbehaves.
//!
//! `SEALFLOW_FAULT_SEEDS` sets another number, `FAULT_SEED` runs one alone.

use std::{path::Path, time::Instant};

use sealflow_tests::{
    db::Engine,
    faults::{
        campaign::{self, Extent},
        plan,
    },
};

const SEEDS: u64 = 1_000;
/// From this many on every fail point must have been met.
const ENOUGH: u64 = 500;
/// Databases in use at a time: most of a seed is waiting for commits.
const AT_A_TIME: usize = 6;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_sqlite() {
    all(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres() {
    all(Engine::Postgres).await;
}

async fn all(engine: Engine) {
    let number = |name: &str| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    let extent = match number("FAULT_SEED") {
        Some(seed) => Extent { first: seed, count: 1, until: None, at_a_time: 1 },
        None => {
            let count = number("SEALFLOW_FAULT_SEEDS").unwrap_or(SEEDS);
            Extent { first: 0, count, until: None, at_a_time: AT_A_TIME }
        }
    };
    let begun = Instant::now();
    let executable = Path::new(env!("CARGO_BIN_EXE_engine_under_test"));
    let figures = match campaign::run(engine, executable, extent, |_| {}).await {
        Ok(figures) => figures,
        Err(error) => panic!("{error:?}"),
    };
    println!("{engine:?}, {} s: {figures}", begun.elapsed().as_secs());
    assert_eq!(figures.seeds, extent.count);
    if extent.count >= ENOUGH {
        let never = figures.never(&plan::points());
        assert!(never.is_empty(), "fail points at which no process died: {never:?}");
        assert!(figures.timers > 0 && figures.debits > 0 && figures.duplicates > 0);
    }
}
