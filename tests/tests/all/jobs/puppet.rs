//! Handlers that do what the test says, when it says so; and the runtime around them.

use std::{future::Future, time::Duration};

use sealflow_core::ids::JobId;
use sealflow_jobs::{Config, Ctx, Done, JobError, Registry, Runtime, run};
use sealflow_store::{
    Store,
    jobs::{self, Filter, JobSummary, Kind, NewJob, State},
};
use serde_json::{Value, json};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

/// How long a test waits for what must happen.
const DEADLINE: Duration = Duration::from_secs(30);

/// An attempt that has begun and waits for the test.
pub(crate) struct Call {
    pub(crate) ctx: Ctx,
    pub(crate) payload: Value,
    answer: oneshot::Sender<Answer>,
}

enum Answer {
    Finish(Result<Done, JobError>),
    Panic,
}

impl Call {
    pub(crate) fn id(&self) -> JobId {
        self.ctx.job_id()
    }

    pub(crate) fn finish(self, result: Result<Done, JobError>) {
        assert!(self.answer.send(Answer::Finish(result)).is_ok(), "the attempt was aborted");
    }

    pub(crate) fn done(self) {
        self.finish(Ok(Done::new("sent")));
    }

    pub(crate) fn panic(self) {
        assert!(self.answer.send(Answer::Panic).is_ok(), "the attempt was aborted");
    }

    /// Resolves when the attempt was aborted.
    pub(crate) async fn aborted(mut self) {
        in_time(self.answer.closed()).await;
    }
}

type Calls = mpsc::UnboundedSender<Call>;

async fn play(ctx: Ctx, calls: Calls, payload: Value) -> Result<Done, JobError> {
    let (answer, answered) = oneshot::channel();
    let _ = calls.send(Call { ctx, payload, answer });
    match answered.await {
        Ok(Answer::Finish(result)) => result,
        Ok(Answer::Panic) => panic!("as the test asked"),
        // The test dropped the call: it never ends.
        Err(_) => std::future::pending().await,
    }
}

/// Workers that have been started.
pub(crate) struct Workers {
    calls: mpsc::UnboundedReceiver<Call>,
    stop: CancellationToken,
    running: JoinHandle<()>,
}

/// Quick in everything, and woken rather than polling where a test does not say otherwise.
pub(crate) fn quick() -> Config {
    Config {
        lease_ms: 60_000,
        poll_ms: 30,
        concurrency: 8,
        time_limit_ms: 60_000,
        stop_grace_ms: 60_000,
        control: None,
    }
}

impl Workers {
    pub(crate) fn start(store: &Store, config: Config) -> Self {
        let (sender, calls) = mpsc::unbounded_channel();
        let mut registry = Registry::default();
        registry.add(Kind::SendSms, sender.clone(), play);
        registry.add(Kind::StampSignature, sender.clone(), play);
        registry.add(Kind::SendEmail, sender, play);
        registry.add(Kind::SendCode, (), |_: Ctx, (), strict: Strict| async move {
            assert_eq!(strict.n, strict.m);
            Ok(Done::new("sent"))
        });
        let stop = CancellationToken::new();
        let runtime = Runtime { store: store.clone(), registry, config };
        let running = tokio::spawn(run(runtime, stop.clone()));
        Self { calls, stop, running }
    }

    /// The next attempt that begins.
    pub(crate) async fn call(&mut self) -> Call {
        in_time(self.calls.recv()).await.unwrap()
    }

    /// An attempt that has begun and was not asked for yet.
    pub(crate) fn another_call(&mut self) -> Option<Call> {
        self.calls.try_recv().ok()
    }

    /// Asks them to stop.
    pub(crate) fn ask_to_stop(&self) {
        self.stop.cancel();
    }

    /// Asks them to stop, and waits for it.
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        in_time(self.running).await.unwrap();
    }

    /// Ends them at once: nothing more is written, leases stay as they are.
    pub(crate) async fn crash(self) {
        self.running.abort();
        let _ = in_time(self.running).await;
    }
}

/// A payload that must have two numbers.
#[derive(serde::Deserialize)]
pub(crate) struct Strict {
    n: u64,
    m: u64,
}

pub(crate) async fn in_time<F: Future>(what: F) -> F::Output {
    tokio::time::timeout(DEADLINE, what).await.expect("it did not happen in time")
}

pub(crate) async fn insert(store: &Store, kind: Kind, key: &str, payload: Value) -> JobId {
    let mut tx = store.begin().await.unwrap();
    let job = NewJob { kind, key: key.to_owned(), payload, run_at: None };
    let id = jobs::insert(&mut tx, &job).await.unwrap();
    tx.commit().await.unwrap();
    id
}

pub(crate) async fn insert_many(store: &Store, count: usize) {
    let mut tx = store.begin().await.unwrap();
    for n in 0..count {
        let job = NewJob { kind: Kind::SendSms, key: n.to_string(), payload: json!(n), run_at: None };
        jobs::insert(&mut tx, &job).await.unwrap();
    }
    tx.commit().await.unwrap();
}

pub(crate) async fn get(store: &Store, id: JobId) -> JobSummary {
    jobs::get(&mut store.read().await.unwrap(), id).await.unwrap().unwrap()
}

pub(crate) async fn all(store: &Store) -> Vec<JobSummary> {
    jobs::list(&mut store.read().await.unwrap(), &Filter::default(), 1, 200).await.unwrap().items
}

/// Waits until a job's row is as wanted; the row is what the outside sees of the workers.
pub(crate) async fn wait_for(store: &Store, id: JobId, wanted: impl Fn(&JobSummary) -> bool) -> JobSummary {
    in_time(async {
        loop {
            let job = get(store, id).await;
            if wanted(&job) {
                return job;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await
}

pub(crate) async fn wait_for_state(store: &Store, id: JobId, state: State) -> JobSummary {
    wait_for(store, id, |job| job.state == state).await
}

/// Lets the rest after a failure be over.
pub(crate) async fn end_rest(store: &Store, id: JobId) {
    assert!(try_end_rest(store, id).await);
}

/// The same, unless a worker was quicker.
pub(crate) async fn try_end_rest(store: &Store, id: JobId) -> bool {
    let mut tx = store.begin().await.unwrap();
    let rested = sqlx::query("update jobs set run_at_ms = 0 where id = $1 and state = 'available'")
        .bind(id.to_string())
        .execute(tx.conn())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    rested.rows_affected() == 1
}
