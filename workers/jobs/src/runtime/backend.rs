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

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap is the test's failure")]

    use std::time::Instant;

    use sealflow_core::ids::JobId;
    use sealflow_store::jobs::{ClaimedJob, Lease};
    use uuid::Uuid;

    use super::*;
    use crate::runtime::{
        commit::{self, Written},
        held::Held,
    };

    fn job() -> ClaimedJob {
        ClaimedJob {
            lease: Lease { job_id: JobId::from_uuid(Uuid::now_v7()), token: "token".to_owned() },
            lease_epoch: 1,
            key: "key".to_owned(),
            kind: "send_sms".to_owned(),
            payload: "{}".to_owned(),
            attempt: 1,
            max_attempts: 5,
            earlier_outside_call_at: None,
            instance_id: None,
            awaited: false,
            item: None,
        }
    }

    /// The claim under way when the stop comes may still bring jobs: none of them waits for its lease to run out.
    #[tokio::test]
    async fn what_nobody_began_is_handed_back_until_the_last_claim_has_ended() {
        let (held, slots) = (Held::default(), Arc::new(Semaphore::new(2)));
        let (out, claimed) = mpsc::channel(2);
        let (committer, ends) = commit::channel();
        let closing = tokio::spawn(hand_back(claimed, committer));
        for _ in 0..2 {
            let job = job();
            let id = job.lease.job_id;
            let hold = held.hold(&job.lease, Instant::now());
            let slot = slots.clone().acquire_owned().await.unwrap();
            out.send(Claimed::new(job, hold, slot)).await.unwrap();
            let waiting = ends.reports.lock().await.recv().await.unwrap();
            assert!(matches!(waiting.report, Report::HandBack(lease) if lease.job_id == id));
            waiting.answer.send(Ok(Written::Retried)).unwrap();
        }
        assert!(!closing.is_finished());
        drop(out);
        closing.await.unwrap();
        assert_eq!((held.len(), slots.available_permits()), (0, 2));
    }
}
