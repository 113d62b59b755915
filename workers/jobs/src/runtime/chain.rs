//! Runs what a result starts at once, when it is local, and has its result committed with the first.
//!
//! A handler that touches nothing outside ([`crate::Registry::add_local`]) need not wait for a commit of its own: until
//! the transaction is committed nobody can tell whether it ran. A crash loses the whole chain, and its first job is done
//! again under its lease, as always.
//!
//! The history, the jobs' rows and their keys are the same as without. Only a first attempt is followed by a chain: when a
//! worker died of it, the next attempt goes step by step, so that the job that kills is the one whose attempts are
//! counted.

use std::{panic::AssertUnwindSafe, sync::Arc};

use futures::{FutureExt as _, future::BoxFuture};
use sealflow_core::ids::InstanceId;
use sealflow_store::{
    Store, Tx,
    instances::{Desk, Follow},
    jobs::{ClaimedJob, Complete, CompleteError, Outcome, Round},
};
use tokio::time::Instant;
use uuid::Uuid;

use super::commit::{self, Committer, GroupError, ReportError, Written};
use crate::registry::{Ctx, Registry};

/// The most jobs that follow one result.
const JOBS_MAX: usize = 32;

/// Runs local jobs for the writers of reports. Clones are the same.
#[derive(Debug, Clone)]
pub(super) struct Local {
    store: Store,
    registry: Arc<Registry>,
    worker: Arc<str>,
    /// Takes nothing: what a local handler would report before its end has no row yet.
    closed: Committer,
}

/// A result that an instance waits for and that changes nothing else.
#[derive(Debug, Clone, Copy)]
pub(super) struct Awaited<'a> {
    pub(super) complete: &'a Complete,
    pub(super) instance_id: InstanceId,
    /// Whether a chain may follow.
    pub(super) is_first_attempt: bool,
}

impl Local {
    pub(super) fn new(store: &Store, registry: &Arc<Registry>, worker: &Arc<str>) -> Self {
        let (closed, _) = commit::channel();
        Self { store: store.clone(), registry: registry.clone(), worker: worker.clone(), closed }
    }

    /// What the job found; none when it must be done the usual way.
    async fn run(&self, job: ClaimedJob, until: Instant) -> Option<Outcome> {
        let (kind, payload) = (job.kind.clone(), job.payload.clone());
        let ctx = Ctx { store: self.store.clone(), job: Arc::new(job), committer: self.closed.clone() };
        let attempt =
            AssertUnwindSafe(async { self.registry.run(&kind, ctx, &payload).await }).catch_unwind();
        let done = tokio::time::timeout_at(until, attempt).await.ok()?.ok()?.ok()?;
        let (outcome, changes) = done.into_parts();
        changes.is_empty().then_some(outcome)
    }
}

/// A desk that runs the local jobs which its events start in the events' own transactions. Its process need not run workers:
/// what is not local, or fails, is claimed as ever. A handler that could end the process must not be local: here nobody
/// would count that it did.
#[must_use]
pub fn desk(store: &Store, registry: Registry) -> Desk {
    let worker: Arc<str> = format!("desk/{}", Uuid::now_v7()).into();
    let local = Local::new(store, &Arc::new(registry), &worker);
    Desk::open_with(store, Some(Arc::new(local)))
}

impl Follow for Local {
    fn follow<'a>(&'a self, round: &'a mut Round, since: std::time::Instant) -> BoxFuture<'a, ()> {
        follow(round, self, Instant::from_std(since) + self.registry.local_time()).boxed()
    }
}

/// Takes results, runs the chains that they start, and writes all of it.
pub(super) async fn write(
    tx: &mut Tx,
    local: &Local,
    results: &[Awaited<'_>],
) -> Result<Vec<Result<Written, ReportError>>, GroupError> {
    if results.is_empty() {
        return Ok(Vec::new());
    }
    let leases: Vec<_> = results.iter().map(|result| (&result.complete.lease, result.instance_id)).collect();
    let mut round = Round::load(tx, &leases).await?;
    let until = Instant::now() + local.registry.local_time();
    let mut written = Vec::with_capacity(results.len());
    for result in results {
        let Complete { lease, outcome, .. } = result.complete;
        written.push(match round.take(lease, outcome) {
            Ok(_) => Ok(Written::Accepted),
            Err(CompleteError::LeaseLost(_)) => Err(ReportError::LeaseLost),
            Err(error) => {
                let text = crate::registry::chain(&error);
                tracing::error!(job.id = %lease.job_id, error = text, "an instance does not take a job's result");
                round.refuse(lease.job_id, &text);
                Ok(Written::Dead)
            }
        });
        if result.is_first_attempt {
            follow(&mut round, local, until).await;
        }
        round.leave_started();
    }
    round.write(tx).await.map_err(|error| GroupError::Result(CompleteError::Submit(error)))?;
    Ok(written)
}

async fn follow(round: &mut Round, local: &Local, until: Instant) {
    for _ in 0..JOBS_MAX {
        if Instant::now() >= until {
            return;
        }
        let Some((started, job)) = round.next_started(|kind| local.registry.is_local(kind)) else { return };
        let id = job.lease.job_id;
        match local.run(job, until).await {
            Some(outcome) if round.finish(started, &local.worker, &outcome) => {
                tracing::debug!(job.id = %id, outcome = outcome.name, "a local job is done at once");
            }
            _ => tracing::debug!(job.id = %id, "a local job is left to be claimed"),
        }
    }
}
