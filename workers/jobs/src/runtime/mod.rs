//! Runs the workers of one process: takes jobs, keeps their leases, writes what came of them, fires timers,
//! takes the ticks of schedules.
//!
//! ```text
//!   job table ──► fetch ──► backend ──► apalis worker ─► report ─► time limit ─► catch panic ─► handler
//!      ▲  ▲       (free slots)             (one a queue)    │
//!      │  └── upkeep: renew own leases, reap expired ones   │
//!      └───────────────── commit (many reports, one transaction) ◄┘
//! ```
//!
//! Nothing here ends because of the database: every part tries again, and rows hold all that must not be lost. A
//! process that dies leaves leases that run out.

mod backend;
mod chain;
mod clock;
pub(crate) mod commit;
mod cron;
mod fetch;
mod held;
mod pace;
mod report;
mod retry;
mod upkeep;
mod worker;

use std::{sync::Arc, time::Duration};

use sealflow_store::{
    Store,
    jobs::{ConfiguredLimits, Queue},
};
use tokio::task::JoinSet;
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};
use uuid::Uuid;

use crate::{cron::Schedule, registry::Registry};
pub use chain::desk;

use chain::Local;
use commit::Committer;
use held::Held;

/// How long to wait before a part that broke is started again.
const AFTER_BREAK: Duration = Duration::from_secs(1);

/// How long handing back may take; longer only when the database does not answer.
const HAND_BACK_TIME: Duration = Duration::from_secs(5);

/// How the workers behave.
#[derive(Debug, Clone)]
pub struct Config {
    /// How long a claimed job is ours without renewal, in milliseconds. After a crash its jobs wait this long.
    pub lease_ms: u64,
    /// How often queues and timers are looked at when nothing woke us, in milliseconds.
    pub poll_ms: u64,
    /// Jobs at a time in each queue.
    pub concurrency: usize,
    /// How long one attempt may take, in milliseconds.
    pub time_limit_ms: u64,
    /// How long running jobs may go on after a stop was asked for, in milliseconds; then they are handed back.
    pub stop_grace_ms: u64,
    /// The limits and schedules of the settings, written at the start; none: the rows stay as they are.
    pub control: Option<Control>,
}

/// What the settings say about the queues as a whole.
#[derive(Debug, Clone, Default)]
pub struct Control {
    /// What holds jobs back.
    pub limits: ConfiguredLimits,
    /// What the clock starts.
    pub schedules: Vec<Schedule>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            lease_ms: 15_000,
            poll_ms: 1_000,
            concurrency: 8,
            time_limit_ms: 120_000,
            stop_grace_ms: 20_000,
            control: None,
        }
    }
}

impl Config {
    fn lease(&self) -> Duration {
        Duration::from_millis(self.lease_ms.max(1))
    }

    fn lease_ms(&self) -> i64 {
        i64::try_from(self.lease_ms.max(1)).unwrap_or(i64::MAX)
    }

    fn poll(&self) -> Duration {
        Duration::from_millis(self.poll_ms.max(1))
    }

    fn concurrency(&self) -> usize {
        self.concurrency.clamp(1, 1_000)
    }
}

/// What the workers of a process work with.
#[derive(Debug, Clone)]
pub struct Runtime {
    /// Where the jobs are.
    pub store: Store,
    /// Who does them.
    pub registry: Registry,
    /// How.
    pub config: Config,
}

/// What the parts share.
#[derive(Debug, Clone)]
struct Parts {
    store: Store,
    registry: Arc<Registry>,
    config: Arc<Config>,
    committer: Committer,
    held: Held,
    /// One name a process, never used again: a restarted process is another worker.
    worker: Arc<str>,
    /// Take nothing more.
    stop: CancellationToken,
    /// Hand back what is still running.
    stop_now: CancellationToken,
}

/// Works until `shutdown`, then finishes what runs (for `stop_grace_ms`), hands back the rest, and returns.
pub async fn run(runtime: Runtime, shutdown: CancellationToken) {
    let Runtime { store, registry, config } = runtime;
    let (committer, commits) = commit::channel();
    let parts = Parts {
        store,
        registry: Arc::new(registry),
        config: Arc::new(config),
        committer,
        held: Held::default(),
        worker: Uuid::now_v7().to_string().into(),
        stop: shutdown,
        stop_now: CancellationToken::new(),
    };
    tracing::info!(worker.id = %parts.worker, "the workers begin");
    // These go on while the running jobs end: their leases are renewed, their results written.
    let mut services = JoinSet::new();
    let local = Local::new(&parts.store, &parts.registry, &parts.worker);
    for (commits, group_max) in commit::shares(&parts.store, &commits) {
        let (store, local) = (parts.store.clone(), local.clone());
        let commits = move || commit::run(store.clone(), local.clone(), commits.clone(), group_max);
        services.spawn(keep("commit", commits));
    }
    services.spawn(keep_with("renew", &parts, upkeep::renew));
    services.spawn(keep_with("listen", &parts, listen));
    services.spawn(keep_with("reap", &parts, upkeep::reap));
    services.spawn(keep_with("clock", &parts, clock::run));
    services.spawn(keep_with("cron", &parts, cron::run));

    cron::configure(&parts).await;
    let mut workers = JoinSet::new();
    for queue in Queue::WORKED {
        workers.spawn(keep_with(queue.as_str(), &parts, |parts| worker::run(parts, *queue)));
    }
    parts.stop.cancelled().await;
    tracing::info!(jobs.running = parts.held.len(), "the workers stop");
    let grace = Duration::from_millis(parts.config.stop_grace_ms);
    if tokio::time::timeout(grace, join(&mut workers)).await.is_err() {
        tracing::warn!(jobs.running = parts.held.len(), "jobs did not end in time and are handed back");
        parts.stop_now.cancel();
        if tokio::time::timeout(HAND_BACK_TIME, join(&mut workers)).await.is_err() {
            tracing::error!(
                jobs.running = parts.held.len(),
                "jobs are not handed back; their leases will run out"
            );
        }
    }
    workers.shutdown().await;
    services.shutdown().await;
    tracing::info!(worker.id = %parts.worker, "the workers have stopped");
}

async fn join(tasks: &mut JoinSet<()>) {
    while tasks.join_next().await.is_some() {}
}

/// Runs a part in a task of its own, and again when it broke: a fault in one place must not end the work.
async fn keep<F, R>(name: &'static str, part: F)
where
    F: Fn() -> R,
    R: Future<Output = ()> + Send + 'static,
{
    while let Err(error) = AbortOnDropHandle::new(tokio::spawn(part())).await {
        tracing::error!(part = name, error = &error as &dyn std::error::Error, "a part of the workers broke");
        tokio::time::sleep(AFTER_BREAK).await;
    }
}

fn keep_with<F, R>(name: &'static str, parts: &Parts, part: F) -> impl Future<Output = ()> + Send + 'static
where
    F: Fn(Parts) -> R + Send + Sync + 'static,
    R: Future<Output = ()> + Send + 'static,
{
    let parts = parts.clone();
    keep(name, move || part(parts.clone()))
}

async fn listen(parts: Parts) {
    tokio::select! {
        () = parts.store.listen() => {}
        () = parts.stop.cancelled() => {}
    }
}
