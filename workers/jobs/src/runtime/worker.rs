//! One apalis worker for a queue: its layers, and the handler at the core.

use std::{any::Any, time::Duration};

use apalis::layers::{
    WorkerBuilderExt as _,
    catch_panic::{CatchPanicLayer, PanicError},
    tracing::TraceLayer,
};
use apalis_core::{
    error::{BoxDynError, WorkerError},
    task::Task,
    worker::builder::WorkerBuilder,
};
use sealflow_store::jobs::Queue;
use tokio_util::task::AbortOnDropHandle;
use tracing::{Instrument as _, Span};

use super::{Parts, backend::JobTable, fetch::Claimed};
use crate::registry::{Ctx, Done, JobError};

/// Works on a queue until the stop is asked for and its jobs have ended.
pub(super) async fn run(parts: Parts, queue: Queue) {
    let limit = Duration::from_millis(parts.config.time_limit_ms.max(1));
    let handler_parts = parts.clone();
    // The first layer is the outermost.
    let worker = WorkerBuilder::new(format!("{}/{queue}", parts.worker).as_str())
        .backend(JobTable::new(&parts, queue))
        .timeout(limit)
        .layer(CatchPanicLayer::with_panic_handler(panicked))
        .layer(TraceLayer::new().make_span_with(span).on_failure(()))
        .build(tower::service_fn(move |task: Task<Claimed>| handle(handler_parts.clone(), task)));
    let stop = parts.stop.clone();
    let ended = worker
        .run_until(async move {
            stop.cancelled().await;
            Ok::<(), WorkerError>(())
        })
        .await;
    if let Err(error) = ended {
        tracing::error!(queue = queue.as_str(), error = &error as &dyn std::error::Error, "a worker ended");
    }
}

/// What was said is in the process's log; it may quote what the handler worked on.
fn panicked(_: &Box<dyn Any + Send>) -> PanicError {
    PanicError("the handler panicked".to_owned())
}

fn span(task: &Task<Claimed>) -> Span {
    let job = &task.args.job;
    tracing::info_span!(
        "job",
        job.id = %job.lease.job_id,
        job.kind = job.kind,
        job.attempt = job.attempt,
        instance.id = job.instance_id.map(tracing::field::display),
    )
}

/// Runs the handler in a task of its own, so that a busy one does not hold up the others. When nobody waits for it any
/// more (time limit, lost lease, stop), the task is aborted.
async fn handle(parts: Parts, task: Task<Claimed>) -> Result<Done, BoxDynError> {
    let Claimed { job, hand } = task.args;
    let ctx = Ctx { store: parts.store, job: job.clone(), committer: parts.committer };
    let registry = parts.registry;
    let attempt = async move { registry.run(&job.kind, ctx, &job.payload).await };
    let attempt = AbortOnDropHandle::new(tokio::spawn(attempt.instrument(Span::current())));
    tokio::select! {
        biased;
        () = hand.hold.lost() => Err(JobError::LeaseLost.into()),
        () = parts.stop_now.cancelled() => Err(JobError::Stopped.into()),
        result = attempt => Ok(result??),
    }
}
