//! apalis's view of a queue: it hands out what [`super::fetch`] took, and hands back what nobody began.

use std::{
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll, ready},
};

use apalis_core::{
    backend::{Backend, BackendConfig, finalize::Ephemeral, queue::Queue as QueueName},
    task::{Task, builder::TaskBuilder, task_id::TaskId},
    worker::context::WorkerContext,
};
use futures::future::BoxFuture;
use sealflow_store::jobs::Queue;
use tokio::sync::{Semaphore, mpsc};
use tokio_util::task::AbortOnDropHandle;

use super::{
    Parts,
    commit::{Committer, Report},
    fetch::{self, Claimed},
    keep_with,
    report::ReportLayer,
};

/// One queue of the job table.
pub(super) struct JobTable {
    queue: Queue,
    claimed: mpsc::Receiver<Claimed>,
    committer: Committer,
    report: ReportLayer,
    closing: Option<BoxFuture<'static, ()>>,
    _fetch: AbortOnDropHandle<()>,
}

impl JobTable {
    pub(super) fn new(parts: &Parts, queue: Queue) -> Self {
        // Room for every hand, so that what was taken never waits to be handed over.
        let (out, claimed) = mpsc::channel(parts.config.concurrency());
        let slots = Arc::new(Semaphore::new(parts.config.concurrency()));
        let fetch =
            keep_with("fetch", parts, move |parts| fetch::run(parts, queue, slots.clone(), out.clone()));
        Self {
            queue,
            claimed,
            committer: parts.committer.clone(),
            report: ReportLayer::new(queue, parts.committer.clone()),
            closing: None,
            _fetch: AbortOnDropHandle::new(tokio::spawn(fetch)),
        }
    }

    fn task(&self, claimed: Claimed) -> Task<Claimed> {
        let attempt = usize::try_from(claimed.job.attempt.saturating_sub(1)).unwrap_or(usize::MAX);
        TaskBuilder::new(claimed.clone())
            .task_id(TaskId::from(claimed.job.lease.job_id.to_string()))
            .queue(QueueName::from(self.queue.as_str()))
            .attempt(attempt)
            .build()
    }
}

impl Backend for JobTable {
    type Task = Task<Claimed>;
    /// Faults of the database are waited out before they get here.
    type Error = Infallible;

    fn poll_ready(&mut self, _: &mut Context<'_>, _: &WorkerContext) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
        _: &WorkerContext,
    ) -> Poll<Option<Result<Task<Claimed>, Infallible>>> {
        let claimed = ready!(self.claimed.poll_recv(cx));
        Poll::Ready(claimed.map(|claimed| Ok(self.task(claimed))))
    }

    fn poll_close(&mut self, cx: &mut Context<'_>, _: &WorkerContext) -> Poll<Result<(), Infallible>> {
        let closing = self.closing.get_or_insert_with(|| {
            let (_, empty) = mpsc::channel(1);
            let claimed = std::mem::replace(&mut self.claimed, empty);
            Box::pin(hand_back(claimed, self.committer.clone()))
        });
        closing.as_mut().poll(cx).map(Ok)
    }
}

/// Waits for the last claim under way and gives back what it and those before brought.
async fn hand_back(mut claimed: mpsc::Receiver<Claimed>, committer: Committer) {
    while let Some(claimed) = claimed.recv().await {
        if let Err(error) = committer.commit(Report::HandBack(claimed.job.lease.clone())).await {
            let job = claimed.job.lease.job_id;
            tracing::info!(job.id = %job, %error, "a job is not handed back; its lease will run out");
        }
    }
}

impl BackendConfig for JobTable {
    type Args = Claimed;
    type Id = TaskId;
    type Kind = Ephemeral;
    type Config = ();
    type Layer = ReportLayer;

    fn config(&self) -> &() {
        &()
    }

    fn middleware(&mut self, _: &mut WorkerContext) -> ReportLayer {
        self.report.clone()
    }
}
