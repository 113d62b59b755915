//! Reports what came of each attempt. It stands outside of every other layer, so that time-outs and panics are results
//! like any other, and the worker goes on in any case.

use std::{
    convert::Infallible,
    task::{Context, Poll},
    time::Instant,
};

use apalis::layers::catch_panic::PanicError;
use apalis_core::{error::BoxDynError, task::Task};
use futures::future::BoxFuture;
use sealflow_store::jobs::{ClaimedJob, Complete, ErrorClass, Failure, Kind, Queue};
use tower::{Layer, Service, timeout::error::Elapsed};

use super::{
    commit::{Committer, Report, ReportError, Written},
    fetch::Claimed,
};
use crate::registry::{Done, JobError, chain};

/// Puts a [`ReportService`] around the worker's layers.
#[derive(Debug, Clone)]
pub(super) struct ReportLayer {
    queue: Queue,
    committer: Committer,
}

impl ReportLayer {
    pub(super) const fn new(queue: Queue, committer: Committer) -> Self {
        Self { queue, committer }
    }
}

impl<S> Layer<S> for ReportLayer {
    type Service = ReportService<S>;

    fn layer(&self, inner: S) -> ReportService<S> {
        ReportService { inner, queue: self.queue, committer: self.committer.clone() }
    }
}

/// Reports what the inner service gives, and never fails.
#[derive(Debug, Clone)]
pub(super) struct ReportService<S> {
    inner: S,
    queue: Queue,
    committer: Committer,
}

impl<S> Service<Task<Claimed>> for ReportService<S>
where
    S: Service<Task<Claimed>, Response = Done, Error = BoxDynError>,
    S::Future: Send + 'static,
{
    type Response = ();
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<(), Infallible>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        match self.inner.poll_ready(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Ok(())) => Poll::Ready(Ok(())),
            Poll::Ready(Err(error)) => {
                // None of our layers refuses; should one, its call will fail and be reported.
                tracing::error!(
                    error = &*error as &dyn std::error::Error,
                    "a layer of the worker is not ready"
                );
                Poll::Ready(Ok(()))
            }
        }
    }

    fn call(&mut self, task: Task<Claimed>) -> Self::Future {
        let claimed = task.args.clone();
        let (queue, committer) = (self.queue, self.committer.clone());
        let attempt = self.inner.call(task);
        Box::pin(async move {
            let begun = Instant::now();
            let result = attempt.await;
            let class = classed(&result);
            let report = report_of(&claimed.job, result);
            let written = match report {
                Some(report) => match committer.hand_in(report).await {
                    Ok(answer) => {
                        // Others may be begun while this one's report is written; how many wait is bounded there.
                        claimed.hand.is_free();
                        answer.written().await
                    }
                    Err(error) => Err(error),
                },
                None => Err(ReportError::LeaseLost),
            };
            tell(queue, &claimed.job, class, written);
            measure(queue, &claimed.job, written, begun);
            Ok(())
        })
    }
}

/// What the log says about an attempt.
fn classed(result: &Result<Done, BoxDynError>) -> String {
    match result {
        Ok(done) => done.outcome().to_owned(),
        Err(error) => chain(&**error),
    }
}

fn report_of(job: &ClaimedJob, result: Result<Done, BoxDynError>) -> Option<Report> {
    let lease = job.lease.clone();
    let failed = |class, error: &str| {
        Some(Report::Failed(lease.clone(), Failure { class, error: error.to_owned(), not_before: None }))
    };
    let error = match result {
        Ok(done) => {
            let (outcome, changes) = done.into_parts();
            let complete = Complete { lease, outcome, changes };
            return Some(Report::Complete {
                complete,
                awaited_by: job.instance_id.filter(|_| job.awaited),
                is_first_attempt: job.attempt == 1,
            });
        }
        Err(error) => error,
    };
    match error.downcast::<JobError>() {
        Ok(error) => Report::of_error(&lease, *error),
        Err(error) if error.is::<Elapsed>() => failed(ErrorClass::Timeout, "the attempt took too long"),
        // The message of a panic may quote what it worked on, so it is left to the process's log.
        Err(error) if is_panic(&*error) => failed(ErrorClass::Panic, "the handler panicked"),
        Err(error) => failed(ErrorClass::Retry, &chain(&*error)),
    }
}

fn is_panic(error: &(dyn std::error::Error + 'static)) -> bool {
    error.is::<PanicError>()
        || error.downcast_ref::<tokio::task::JoinError>().is_some_and(tokio::task::JoinError::is_panic)
}

fn tell(queue: Queue, job: &ClaimedJob, what: String, written: Result<Written, ReportError>) {
    let (id, kind, queue, attempt) = (job.lease.job_id, job.kind.as_str(), queue.as_str(), job.attempt);
    match written {
        Ok(Written::Accepted) => {
            tracing::info!(job.id = %id, job.kind = kind, queue, attempt, outcome = what, "a job is done");
        }
        Ok(Written::Retried) => {
            tracing::warn!(job.id = %id, job.kind = kind, queue, attempt, reason = what, "a job goes back");
        }
        Ok(Written::Dead) => {
            tracing::error!(job.id = %id, job.kind = kind, queue, attempt, reason = what, "a job is dead");
        }
        Err(error) => {
            tracing::warn!(job.id = %id, job.kind = kind, queue, attempt, %error, "an attempt is not reported");
        }
    }
}

fn measure(queue: Queue, job: &ClaimedJob, written: Result<Written, ReportError>, begun: Instant) {
    let kind = job.kind.parse().map_or("unknown", Kind::as_str);
    let result = match written {
        Ok(Written::Accepted) => "done",
        Ok(Written::Retried) => "retried",
        Ok(Written::Dead) => "dead",
        Err(_) => "unreported",
    };
    let labels = [("queue", queue.as_str()), ("kind", kind), ("result", result)];
    metrics::counter!("sealflow_job_attempts_total", &labels).increment(1);
    metrics::histogram!("sealflow_job_attempt_seconds", &labels).record(begun.elapsed().as_secs_f64());
}
