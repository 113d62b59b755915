//! Many seeds, several at a time, and what they counted.

use std::{
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Instant,
};

use anyhow::{Context as _, Result, anyhow};
use tokio::task::JoinSet;

use super::{
    figures::Figures,
    seed::{self, Ground},
};
use crate::db::Engine;

/// Which seeds run.
#[derive(Debug, Clone, Copy)]
pub struct Extent {
    /// The first seed.
    pub first: u64,
    /// How many at most.
    pub count: u64,
    /// No more are begun after it.
    pub until: Option<Instant>,
    /// How many at a time.
    pub at_a_time: usize,
}

struct Shared {
    next: AtomicU64,
    failed: AtomicBool,
    figures: Mutex<Figures>,
}

/// Runs the seeds; `tell` hears the figures after each.
///
/// # Errors
/// The first seed that failed, and how to run it alone.
pub async fn run(
    engine: Engine,
    executable: &Path,
    extent: Extent,
    tell: impl Fn(&Figures) + Send + Sync + 'static,
) -> Result<Figures> {
    let shared = Arc::new(Shared {
        next: AtomicU64::new(0),
        failed: AtomicBool::new(false),
        figures: Mutex::new(Figures::default()),
    });
    let tell = Arc::new(tell);
    let mut lanes = JoinSet::new();
    for _ in 0..extent.at_a_time.max(1) {
        let (shared, tell, executable) = (shared.clone(), tell.clone(), executable.to_owned());
        lanes.spawn(async move {
            let done = lane(engine, &executable, extent, &shared, &*tell).await;
            if done.is_err() {
                shared.failed.store(true, Ordering::SeqCst);
            }
            done
        });
    }
    let mut failure = None;
    while let Some(ended) = lanes.join_next().await {
        let ended = ended.map_err(|error| anyhow!("a lane broke: {error}")).flatten();
        failure = failure.or(ended.err());
    }
    if let Some(failure) = failure {
        return Err(failure);
    }
    Ok(shared.figures.lock().unwrap_or_else(PoisonError::into_inner).clone())
}

/// One seed after another on one database.
async fn lane(
    engine: Engine,
    executable: &Path,
    extent: Extent,
    shared: &Shared,
    tell: &(impl Fn(&Figures) + Sync),
) -> Result<()> {
    let ground = Ground::open(engine, executable).await?;
    loop {
        let number = shared.next.fetch_add(1, Ordering::SeqCst);
        let over = extent.until.is_some_and(|until| Instant::now() >= until);
        if number >= extent.count || over || shared.failed.load(Ordering::SeqCst) {
            ground.store.close().await;
            return Ok(());
        }
        let seed = extent.first.wrapping_add(number);
        let counted = seed::run(&ground, seed).await.with_context(|| alone(engine, seed))?;
        let mut figures = shared.figures.lock().unwrap_or_else(PoisonError::into_inner);
        figures.add(&counted);
        tell(&figures);
    }
}

/// How to run a seed by itself.
fn alone(engine: Engine, seed: u64) -> String {
    let test = match engine {
        Engine::Sqlite => "on_sqlite",
        Engine::Postgres => "on_postgres",
    };
    format!(
        "seed {seed} failed; to run it alone: \
         FAULT_SEED={seed} cargo test -p sealflow-tests --test all faults::seeds::{test} -- --nocapture"
    )
}
