//! Takes starts and events of many callers, and commits as many as are waiting in one transaction, because a commit costs
//! the same for one as for many.
//!
//! Each caller hears what came of his own; a refused one does not touch the others. A transaction that the database gave
//! up is tried again, and so is one whose commit got no answer: the events' ids tell what has happened already, so that
//! the repeat reads back before it writes.

use std::{sync::Arc, time::Duration};

use sealflow_core::ids::InstanceId;
use tokio::sync::{Mutex, mpsc, oneshot};

use super::{
    NewEvent, StartInstance, Submitted,
    batch::{Awaited, Batch},
    submit::Error,
};
use crate::{Dialect, Store};

/// The most events in one transaction.
const GROUP_MAX: usize = 64;
/// How many may wait; more wait with their callers.
const WAITING_MAX: usize = 1_000;
/// Transactions at a time on PostgreSQL; SQLite has one writer.
const POSTGRES_WRITERS: usize = 2;
/// How often a transaction is tried when the database cannot take it, and the first rest between; doubled each time.
const TRIES_MAX: u32 = 6;
const REST_FIRST: Duration = Duration::from_millis(20);

/// What a caller wants.
#[derive(Debug)]
enum Wanted {
    Start(StartInstance),
    Submit(InstanceId, NewEvent),
}

#[derive(Debug)]
struct Waiting {
    wanted: Wanted,
    answer: oneshot::Sender<Result<Submitted, Error>>,
}

type Line = Arc<Mutex<mpsc::Receiver<Waiting>>>;

/// Where callers hand in. Clones are the same desk; it closes when all are gone.
#[derive(Debug, Clone)]
pub struct Desk {
    line: mpsc::Sender<Waiting>,
}

impl Desk {
    /// Opens a desk of its own in this process; must be called in a runtime.
    #[must_use]
    pub fn open(store: &Store) -> Self {
        let (line, waiting) = mpsc::channel(WAITING_MAX);
        let waiting = Arc::new(Mutex::new(waiting));
        let writers = match store.dialect() {
            Dialect::Sqlite => 1,
            Dialect::Postgres => POSTGRES_WRITERS,
        };
        for _ in 0..writers {
            tokio::spawn(serve(store.clone(), waiting.clone()));
        }
        Self { line }
    }

    /// Starts an instance; returns when it is committed. See [`super::start`].
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn start(&self, new: StartInstance) -> Result<Submitted, Error> {
        self.hand_in(Wanted::Start(new)).await
    }

    /// Submits an event; returns when it is committed. See [`super::submit()`].
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn submit(&self, id: InstanceId, event: NewEvent) -> Result<Submitted, Error> {
        self.hand_in(Wanted::Submit(id, event)).await
    }

    async fn hand_in(&self, wanted: Wanted) -> Result<Submitted, Error> {
        let closed = || Error::from(sqlx::Error::PoolClosed);
        let (answer, answered) = oneshot::channel();
        self.line.send(Waiting { wanted, answer }).await.map_err(|_| closed())?;
        answered.await.map_err(|_| closed())?
    }
}

async fn serve(store: Store, line: Line) {
    let mut group = Vec::with_capacity(GROUP_MAX);
    loop {
        // The others wait for the lock here, or for the first caller.
        if line.lock().await.recv_many(&mut group, GROUP_MAX).await == 0 {
            return;
        }
        answer(&store, &mut group).await;
    }
}

/// Tries a group; when something in it cannot be written, one by one, so that each hears his own answer.
async fn answer(store: &Store, group: &mut Vec<Waiting>) {
    match write_patiently(store, group).await {
        Ok(results) => {
            for (waiting, result) in group.drain(..).zip(results) {
                // Nobody waits any more when the caller was aborted.
                let _ = waiting.answer.send(result);
            }
        }
        Err(error) if group.len() == 1 => {
            if let Some(waiting) = group.pop() {
                let _ = waiting.answer.send(Err(error));
            }
        }
        Err(_) => {
            for waiting in group.drain(..) {
                let mut alone = vec![waiting];
                Box::pin(answer(store, &mut alone)).await;
            }
        }
    }
}

async fn write_patiently(store: &Store, group: &[Waiting]) -> Result<Vec<Result<Submitted, Error>>, Error> {
    let mut rest = REST_FIRST;
    for _ in 1..TRIES_MAX {
        match write(store, group).await {
            Err(error) if error.is_transient() => {
                tracing::warn!(error = &error as &dyn std::error::Error, "events are not written yet");
            }
            result => return result,
        }
        tokio::time::sleep(rest / 2 + rest.mul_f64(rand::random_range(0.0..0.5))).await;
        rest *= 2;
    }
    write(store, group).await
}

async fn write(store: &Store, group: &[Waiting]) -> Result<Vec<Result<Submitted, Error>>, Error> {
    let mut tx = store.begin().await?;
    let now = tx.now();
    let awaited: Vec<Awaited> = group.iter().map(|waiting| waiting.wanted.awaited()).collect();
    let mut batch = Batch::load(&mut tx, &awaited).await?;
    let mut results = Vec::with_capacity(group.len());
    for Waiting { wanted, .. } in group {
        results.push(match wanted {
            Wanted::Start(new) => {
                batch.learn(&mut tx, &new.definition).await?;
                batch.start(new, now)
            }
            Wanted::Submit(id, event) => batch.submit(*id, event.clone(), now),
        });
    }
    batch.write(&mut tx).await?;
    tx.commit().await?;
    Ok(results)
}

impl Wanted {
    fn awaited(&self) -> Awaited {
        match self {
            Self::Start(new) => Awaited { instance_id: new.id, event_id: Some(new.event_id.clone()) },
            Self::Submit(id, event) => Awaited { instance_id: *id, event_id: Some(event.id.clone()) },
        }
    }
}
