//! Takes starts, events and jobs of many callers, and commits as many as are waiting in one transaction, because a commit
//! costs the same for one as for many.
//!
//! On PostgreSQL one that comes alone needs no transaction around it (`desk/write.rs`).
//!
//! Each caller hears what came of his own; a refused one does not touch the others. A transaction that the database gave
//! up is tried again, and so is one whose commit got no answer: the events' ids tell what has happened already, so that
//! the repeat reads back before it writes.

mod write;

use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};

use sealflow_core::ids::{InstanceId, JobId};
use tokio::sync::{Mutex, mpsc, oneshot};

use super::{Instance, NewEvent, StartInstance, Submitted, batch::Awaited, submit::Error, wait_until_ended};
use crate::{
    Dialect, Store,
    jobs::{NewJob, Round},
};

/// The most events and jobs in one transaction.
const GROUP_MAX: usize = 64;
/// How many may wait; more wait with their callers.
const WAITING_MAX: usize = 1_000;
/// Transactions at a time on PostgreSQL; SQLite has one writer.
const POSTGRES_WRITERS: usize = 3;
/// How often a transaction is tried when the database cannot take it, and the first rest between; doubled each time.
const TRIES_MAX: u32 = 6;
const REST_FIRST: Duration = Duration::from_millis(20);

/// What a caller wants, and where he waits.
#[derive(Debug)]
enum Waiting {
    Event(Wanted, oneshot::Sender<Result<Answer, Error>>),
    Job(NewJob, oneshot::Sender<Result<JobId, crate::Error>>),
}

/// A start or an event.
#[derive(Debug)]
enum Wanted {
    Start(StartInstance),
    Submit(InstanceId, NewEvent),
}

/// What came of an event.
#[derive(Debug)]
struct Answer {
    submitted: Submitted,
    /// The instance, when it had ended before the transaction had.
    ended: Option<Instance>,
}

/// What came of a group: of its events and of its jobs, each in their order.
#[derive(Debug, Default)]
struct Written {
    events: Vec<Result<Answer, Error>>,
    jobs: Vec<JobId>,
}

type Line = Arc<Mutex<mpsc::Receiver<Waiting>>>;

/// Runs jobs that an event starts at once, in the event's transaction: for a process whose workers have handlers that touch
/// nothing outside.
pub trait Follow: fmt::Debug + Send + Sync {
    /// Runs what the last event started, and what that starts; the group's first event came at `since`.
    fn follow<'a>(
        &'a self,
        round: &'a mut Round,
        since: Instant,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>>;
}

/// What the writers of a desk share.
#[derive(Debug)]
struct Writer {
    store: Store,
    follow: Option<Arc<dyn Follow>>,
}

/// Where callers hand in. Clones are the same desk; it closes when all are gone.
#[derive(Debug, Clone)]
pub struct Desk {
    store: Store,
    events: mpsc::Sender<Waiting>,
    /// Jobs go a way of their own, with one transaction at a time: it costs next to nothing but its flush, and what waits
    /// while it is flushed makes the next group the bigger.
    jobs: mpsc::Sender<Waiting>,
}

impl Desk {
    /// Opens a desk of its own in this process; must be called in a runtime.
    #[must_use]
    pub fn open(store: &Store) -> Self {
        Self::open_with(store, None)
    }

    /// Like [`Desk::open`]; what an event starts is run at once where `follow` can.
    #[must_use]
    pub fn open_with(store: &Store, follow: Option<Arc<dyn Follow>>) -> Self {
        let writers = match store.dialect() {
            Dialect::Sqlite => 1,
            Dialect::Postgres => POSTGRES_WRITERS,
        };
        let writer = Arc::new(Writer { store: store.clone(), follow });
        let way = |writers| {
            let (line, waiting) = mpsc::channel(WAITING_MAX);
            let waiting = Arc::new(Mutex::new(waiting));
            for _ in 0..writers {
                tokio::spawn(serve(writer.clone(), waiting.clone()));
            }
            line
        };
        Self { store: store.clone(), events: way(writers), jobs: way(1) }
    }

    /// Starts an instance; returns when it is committed. See [`super::start`].
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn start(&self, new: StartInstance) -> Result<Submitted, Error> {
        Ok(self.hand_in(Wanted::Start(new)).await?.submitted)
    }

    /// Starts an instance and waits until it has ended, at most for `patience`; tells how it stands then. An instance
    /// whose jobs are all run with its start has ended with it, and nothing is read again.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn run(&self, new: StartInstance, patience: Duration) -> Result<Instance, Error> {
        let id = new.id;
        match self.hand_in(Wanted::Start(new)).await?.ended {
            Some(ended) => Ok(ended),
            None => wait_until_ended(&self.store, id, patience).await?.ok_or(Error::UnknownInstance(id)),
        }
    }

    /// Submits an event; returns when it is committed. See [`super::submit()`].
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn submit(&self, id: InstanceId, event: NewEvent) -> Result<Submitted, Error> {
        Ok(self.hand_in(Wanted::Submit(id, event)).await?.submitted)
    }

    /// Inserts a job; returns when it is committed. Tells its id, and that of the first one when the key was used before.
    ///
    /// # Errors
    /// When the database refuses it.
    pub async fn enqueue(&self, job: NewJob) -> Result<JobId, crate::Error> {
        let (answer, answered) = oneshot::channel();
        self.jobs.send(Waiting::Job(job, answer)).await.map_err(|_| sqlx::Error::PoolClosed)?;
        answered.await.map_err(|_| sqlx::Error::PoolClosed)?
    }

    async fn hand_in(&self, wanted: Wanted) -> Result<Answer, Error> {
        let (answer, answered) = oneshot::channel();
        self.events.send(Waiting::Event(wanted, answer)).await.map_err(|_| sqlx::Error::PoolClosed)?;
        answered.await.map_err(|_| sqlx::Error::PoolClosed)?
    }
}

async fn serve(writer: Arc<Writer>, line: Line) {
    let mut group = Vec::with_capacity(GROUP_MAX);
    loop {
        // The others wait for the lock here, or for the first caller.
        if line.lock().await.recv_many(&mut group, GROUP_MAX).await == 0 {
            return;
        }
        answer(&writer, &mut group).await;
    }
}

/// Tries a group; when something in it cannot be written, one by one, so that each hears his own answer.
async fn answer(writer: &Writer, group: &mut Vec<Waiting>) {
    match write_patiently(writer, group).await {
        Ok(written) => {
            let (mut events, mut jobs) = (written.events.into_iter(), written.jobs.into_iter());
            for waiting in group.drain(..) {
                // Nobody waits any more when the caller was aborted.
                match waiting {
                    Waiting::Event(_, answer) => {
                        if let Some(event) = events.next() {
                            let _ = answer.send(event);
                        }
                    }
                    Waiting::Job(_, answer) => {
                        if let Some(id) = jobs.next() {
                            let _ = answer.send(Ok(id));
                        }
                    }
                }
            }
        }
        Err(error) if group.len() == 1 => match group.pop() {
            Some(Waiting::Event(_, answer)) => drop(answer.send(Err(error))),
            Some(Waiting::Job(_, answer)) => drop(answer.send(Err(of_store(error)))),
            None => {}
        },
        Err(_) => {
            for waiting in group.drain(..) {
                let mut alone = vec![waiting];
                Box::pin(answer(writer, &mut alone)).await;
            }
        }
    }
}

/// A job alone fails for no other reason than the database's.
fn of_store(error: Error) -> crate::Error {
    match error {
        Error::Store(error) => error,
        error => sqlx::Error::Protocol(error.to_string()).into(),
    }
}

async fn write_patiently(writer: &Writer, group: &[Waiting]) -> Result<Written, Error> {
    let mut rest = REST_FIRST;
    for _ in 1..TRIES_MAX {
        match write::write(writer, group).await {
            Err(error) if error.is_transient() => {
                tracing::warn!(error = &error as &dyn std::error::Error, "events are not written yet");
            }
            result => return result,
        }
        tokio::time::sleep(rest / 2 + rest.mul_f64(rand::random_range(0.0..0.5))).await;
        rest *= 2;
    }
    write::write(writer, group).await
}

impl Wanted {
    const fn instance_id(&self) -> InstanceId {
        match self {
            Self::Start(new) => new.id,
            Self::Submit(id, _) => *id,
        }
    }

    fn awaited(&self) -> Awaited {
        match self {
            Self::Start(new) => Awaited { instance_id: new.id, event_id: Some(new.event_id.clone()) },
            Self::Submit(id, event) => Awaited { instance_id: *id, event_id: Some(event.id.clone()) },
        }
    }
}
