//! Writes reports of the workers: as many as are waiting in one transaction, because a commit costs the same for one as
//! for many.
//!
//! A report that cannot be written (the lease is lost, the instance refuses the result) is undone to its savepoint and
//! does not touch the others. When the database fails, the whole group is tried again until it is written.

use std::sync::Arc;

use sealflow_core::ids::InstanceId;
use sealflow_store::{
    Dialect, Error, Store, Tx, instances,
    jobs::{self, AckError, Complete, CompleteError, ErrorClass, Failure, Lease, Provider, Released},
};
use tokio::sync::{Mutex, mpsc, oneshot};

use super::{
    chain::{self, Awaited, Local},
    retry::Patience,
};
use crate::registry::JobError;

/// The most reports in one transaction.
const GROUP_MAX: usize = 100;
/// The most results that nobody waits for in one transaction: they are one statement.
const PLAIN_MAX: usize = 1_000;
/// How many reports may wait; more wait with their workers.
const WAITING_MAX: usize = 1_000;
/// Transactions at a time on PostgreSQL; SQLite has one writer.
const POSTGRES_WRITERS: usize = 4;

/// What a worker reports about a job.
#[derive(Debug)]
pub(crate) enum Report {
    /// Its result.
    Complete {
        /// The result.
        complete: Complete,
        /// The instance that waits for it.
        awaited_by: Option<InstanceId>,
        /// Whether it was the first attempt.
        is_first_attempt: bool,
    },
    /// An attempt failed.
    Failed(Lease, Failure),
    /// A time to wait for.
    Wait(Lease, sealflow_core::Timestamp, String),
    /// Its provider asked for a rest.
    Throttled(Lease, Provider, Option<i64>, String),
    /// It is given up.
    Bury(Lease, String),
    /// It was not begun, or stopped: for another worker.
    HandBack(Lease),
    /// A vendor is about to be called.
    MarkOutside(Lease),
    /// What the next attempt needs to know.
    Keep(Lease, Option<String>),
}

/// What became of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Written {
    /// As reported.
    Accepted,
    /// The job will be tried again.
    Retried,
    /// The job is dead.
    Dead,
}

/// A report that changed nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ReportError {
    /// Somebody else has the job.
    #[error("the job is no longer leased to this worker")]
    LeaseLost,
    /// The database does not take it.
    #[error("the report cannot be written")]
    Refused,
    /// The process is stopping.
    #[error("nothing is written any more")]
    Closed,
}

/// Why a group is not written.
#[derive(Debug, thiserror::Error)]
pub(super) enum GroupError {
    /// The database.
    #[error(transparent)]
    Store(#[from] Error),
    /// One of the results, for a reason that may pass.
    #[error(transparent)]
    Result(CompleteError),
}

impl GroupError {
    fn is_transient(&self) -> bool {
        match self {
            Self::Store(error) => error.is_transient(),
            Self::Result(error) => error.is_transient(),
        }
    }
}

/// Takes reports. Clones are the same.
#[derive(Debug, Clone)]
pub(crate) struct Committer {
    reports: mpsc::Sender<Waiting>,
    /// Results that are only noted go a way of their own: there may be many, and they are quick.
    plain: mpsc::Sender<Waiting>,
}

/// The end of one way; several transactions may take from it.
pub(super) type Commits = Arc<Mutex<mpsc::Receiver<Waiting>>>;

/// The other ends of a [`Committer`].
#[derive(Debug)]
pub(super) struct Ends {
    pub(super) reports: Commits,
    pub(super) plain: Commits,
}

/// Tells what became of a report.
#[derive(Debug)]
pub(crate) struct Answer(oneshot::Receiver<Result<Written, ReportError>>);

impl Answer {
    /// Returns when the report is committed, or refused.
    pub(crate) async fn written(self) -> Result<Written, ReportError> {
        self.0.await.unwrap_or(Err(ReportError::Closed))
    }
}

/// A report, and where its worker waits.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) report: Report,
    pub(super) answer: oneshot::Sender<Result<Written, ReportError>>,
}

pub(super) fn channel() -> (Committer, Ends) {
    let (reports, waiting) = mpsc::channel(WAITING_MAX);
    let (plain, waiting_plain) = mpsc::channel(WAITING_MAX);
    let end = |waiting| Arc::new(Mutex::new(waiting));
    (Committer { reports, plain }, Ends { reports: end(waiting), plain: end(waiting_plain) })
}

/// For each transaction at a time, where it takes reports from, and how many.
pub(super) fn shares(store: &Store, ends: &Ends) -> Vec<(Commits, usize)> {
    let writers = match store.dialect() {
        Dialect::Sqlite => 1,
        Dialect::Postgres => POSTGRES_WRITERS,
    };
    let mut shares = vec![(ends.reports.clone(), GROUP_MAX); writers];
    // One: what waits while it writes makes the next group the bigger.
    shares.push((ends.plain.clone(), PLAIN_MAX));
    shares
}

impl Committer {
    /// Returns when the report is committed, or refused.
    pub(crate) async fn commit(&self, report: Report) -> Result<Written, ReportError> {
        self.hand_in(report).await?.written().await
    }

    /// Returns when the report is among those that are being written; they are a bounded number.
    pub(crate) async fn hand_in(&self, report: Report) -> Result<Answer, ReportError> {
        let (answer, answered) = oneshot::channel();
        let way = if report.plain().is_some() { &self.plain } else { &self.reports };
        way.send(Waiting { report, answer }).await.map_err(|_| ReportError::Closed)?;
        Ok(Answer(answered))
    }
}

/// Writes reports until every [`Committer`] is gone.
pub(super) async fn run(store: Store, local: Local, commits: Commits, group_max: usize) {
    let mut group = Vec::with_capacity(group_max);
    loop {
        // Others wait for the lock here, or for the first report.
        if commits.lock().await.recv_many(&mut group, group_max).await == 0 {
            return;
        }
        let results = write_patiently(&store, &local, &group).await;
        for (waiting, result) in group.drain(..).zip(results) {
            // Nobody waits any more when the worker was aborted; the row tells.
            let _ = waiting.answer.send(result);
        }
    }
}

/// Tries until the group is written. What the database will never take is found by writing one by one.
async fn write_patiently(
    store: &Store,
    local: &Local,
    group: &[Waiting],
) -> Vec<Result<Written, ReportError>> {
    let mut patience = Patience::new();
    loop {
        let error = match write(store, local, group).await {
            Ok(results) => return results,
            Err(error) => error,
        };
        let text = crate::registry::chain(&error);
        if error.is_transient() {
            tracing::warn!(error = text, reports = group.len(), "reports of workers are not written yet");
            tokio::time::sleep(patience.next()).await;
        } else if group.len() == 1 {
            tracing::error!(error = text, "a report of a worker cannot be written; its lease will run out");
            return vec![Err(ReportError::Refused)];
        } else {
            let mut results = Vec::with_capacity(group.len());
            for one in group.chunks(1) {
                results.extend(Box::pin(write_patiently(store, local, one)).await);
            }
            return results;
        }
    }
}

async fn write(
    store: &Store,
    local: &Local,
    group: &[Waiting],
) -> Result<Vec<Result<Written, ReportError>>, GroupError> {
    let mut tx = store.begin().await?;
    let one_by_one: Vec<InstanceId> =
        group.iter().filter_map(|waiting| waiting.report.locked_alone()).collect();
    if !one_by_one.is_empty() {
        // All of them, so that they are taken in one order.
        let all: Vec<InstanceId> = group.iter().filter_map(|waiting| waiting.report.instance_id()).collect();
        instances::lock_instances(&mut tx, &all).await?;
    }
    let plain: Vec<Lease> = group.iter().filter_map(|waiting| waiting.report.plain()).cloned().collect();
    let lost = jobs::complete_plain(&mut tx, &plain).await?;
    let awaited: Vec<Awaited<'_>> = group.iter().filter_map(|waiting| waiting.report.awaited()).collect();
    let mut taken = chain::write(&mut tx, local, &awaited).await?.into_iter();
    let mut results = Vec::with_capacity(group.len());
    for Waiting { report, .. } in group {
        results.push(match (report.plain(), report.awaited()) {
            (Some(lease), _) if lost.contains(&lease.job_id) => Err(ReportError::LeaseLost),
            (Some(_), _) => Ok(Written::Accepted),
            (None, Some(_)) => taken.next().unwrap_or(Err(ReportError::Refused)),
            (None, None) => write_one(&mut tx, report).await?,
        });
    }
    tx.commit().await?;
    Ok(results)
}

async fn write_one(tx: &mut Tx, report: &Report) -> Result<Result<Written, ReportError>, GroupError> {
    let written = match report {
        Report::Complete { complete, .. } => return write_result(tx, complete).await,
        Report::Failed(lease, failure) => {
            jobs::retry_later(tx, lease, failure).await.map(|released| match released {
                Released::RetryAt(_) => Written::Retried,
                Released::Dead => Written::Dead,
            })
        }
        Report::Wait(lease, until, reason) => {
            jobs::wait_until(tx, lease, *until, reason).await.map(|()| Written::Retried)
        }
        Report::Throttled(lease, provider, rest_ms, error) => {
            jobs::throttled(tx, lease, *provider, *rest_ms, error).await.map(|_| Written::Retried)
        }
        Report::Bury(lease, reason) => jobs::bury(tx, lease, reason).await.map(|()| Written::Dead),
        Report::HandBack(lease) => jobs::hand_back(tx, lease).await.map(|()| Written::Retried),
        Report::MarkOutside(lease) => jobs::mark_outside_call(tx, lease).await.map(|()| Written::Accepted),
        Report::Keep(lease, kept) => jobs::keep(tx, lease, kept.as_deref()).await.map(|()| Written::Accepted),
    };
    answered(written)
}

/// A result that is refused is undone. Its job is tried again when what it wanted to write is out of date, else put
/// aside for a person.
async fn write_result(tx: &mut Tx, complete: &Complete) -> Result<Result<Written, ReportError>, GroupError> {
    tx.savepoint().await?;
    let error = match jobs::complete(tx, complete).await {
        Ok(_) => {
            tx.keep().await?;
            return Ok(Ok(Written::Accepted));
        }
        Err(error) if error.is_transient() => return Err(GroupError::Result(error)),
        Err(error) => error,
    };
    tx.undo().await?;
    let lease = &complete.lease;
    let text = crate::registry::chain(&error);
    let put_aside = match error {
        CompleteError::LeaseLost(_) => return Ok(Err(ReportError::LeaseLost)),
        // What it wanted to write is out of date, so it is worked out again.
        CompleteError::Change(_) => {
            tracing::info!(job.id = %lease.job_id, error = text, "what a job wanted to write is out of date");
            let failure = Failure { class: ErrorClass::Retry, error: text, not_before: None };
            jobs::retry_later(tx, lease, &failure).await.map(|released| match released {
                Released::RetryAt(_) => Written::Retried,
                Released::Dead => Written::Dead,
            })
        }
        CompleteError::Submit(_) | CompleteError::Store(_) => {
            tracing::error!(job.id = %lease.job_id, error = text, "an instance does not take a job's result");
            jobs::bury(tx, lease, &text).await.map(|()| Written::Dead)
        }
    };
    answered(put_aside)
}

fn answered(written: Result<Written, AckError>) -> Result<Result<Written, ReportError>, GroupError> {
    match written {
        Ok(written) => Ok(Ok(written)),
        Err(AckError::LeaseLost(_)) => Ok(Err(ReportError::LeaseLost)),
        Err(AckError::Store(error)) => Err(error.into()),
    }
}

impl Report {
    /// What a handler's error means for its job; none: nothing is to be reported.
    pub(super) fn of_error(lease: &Lease, error: JobError) -> Option<Self> {
        let failed =
            |class, error, not_before| Self::Failed(lease.clone(), Failure { class, error, not_before });
        Some(match error {
            JobError::Retry { error, not_before } => failed(ErrorClass::Retry, error, not_before),
            JobError::Unknown { error } => failed(ErrorClass::Unknown, error, None),
            JobError::Throttled { provider, rest_ms, error } => {
                Self::Throttled(lease.clone(), provider, rest_ms, error)
            }
            JobError::Wait { until, reason } => Self::Wait(lease.clone(), until, reason),
            JobError::GiveUp { reason } => Self::Bury(lease.clone(), reason),
            JobError::Stopped => Self::HandBack(lease.clone()),
            JobError::LeaseLost => return None,
        })
    }

    /// The instance that is locked to write it.
    fn instance_id(&self) -> Option<InstanceId> {
        match self {
            Self::Complete { awaited_by, .. } => *awaited_by,
            _ => None,
        }
    }

    /// A result that an instance waits for and that changes nothing else: many of them are a few statements.
    fn awaited(&self) -> Option<Awaited<'_>> {
        match self {
            Self::Complete { complete, awaited_by: Some(instance_id), is_first_attempt }
                if complete.changes.is_empty() =>
            {
                let (instance_id, is_first_attempt) = (*instance_id, *is_first_attempt);
                Some(Awaited { complete, instance_id, is_first_attempt })
            }
            _ => None,
        }
    }

    /// The instance that is locked to write it, when it is written on its own.
    fn locked_alone(&self) -> Option<InstanceId> {
        self.instance_id().filter(|_| self.awaited().is_none())
    }

    /// A result that is only noted: many of them are one statement.
    fn plain(&self) -> Option<&Lease> {
        match self {
            Self::Complete { complete, awaited_by: None, .. } if complete.changes.is_empty() => {
                Some(&complete.lease)
            }
            _ => None,
        }
    }
}
