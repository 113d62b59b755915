//! Tells workers that a commit brought jobs, so that they need not wait for their next poll.
//!
//! Within a process a `Notify` per queue does it. Between processes PostgreSQL's NOTIFY does, sent after the commit in
//! a statement of its own and coalesced: inside the transaction it would take a lock of the whole server through the
//! commit. Every signal may be lost; polling is the backstop.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use sqlx::{AnyPool, postgres::PgListener};
use tokio::sync::{Notify, mpsc};
use uuid::Uuid;

use super::Dialect;
use crate::jobs::Queue;

/// The channel of NOTIFY; the payload is a queue's name and who signals: he has woken his own workers already.
const CHANNEL: &str = "sealflow_jobs";
/// How often signals are sent at most: each is a transaction of the server.
const SEND_EVERY: Duration = Duration::from_millis(5);
/// How many signals may wait for the sender; more are dropped, as the queue is being looked at anyway.
const WAITING_MAX: usize = 1024;
/// How long to wait before another try to listen.
const RECONNECT_AFTER: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Wake {
    signals: Vec<(Queue, Arc<Notify>)>,
    others: Option<mpsc::Sender<Queue>>,
    /// Queues that will be woken after a rest.
    resting: Mutex<BTreeSet<Queue>>,
    /// Who we are among those who signal.
    name: String,
}

impl Wake {
    pub(super) fn new(dialect: Dialect, pool: &AnyPool) -> Self {
        let signals = Queue::ALL.iter().map(|queue| (*queue, Arc::new(Notify::new()))).collect();
        let name = Uuid::new_v4().simple().to_string();
        let others = match dialect {
            Dialect::Sqlite => None,
            Dialect::Postgres => {
                let (sender, receiver) = mpsc::channel(WAITING_MAX);
                tokio::spawn(send_all(pool.clone(), receiver, name.clone()));
                Some(sender)
            }
        };
        Self { signals, others, resting: Mutex::default(), name }
    }

    pub(super) fn signal(&self, queue: Queue) -> Arc<Notify> {
        self.signals
            .iter()
            .find(|(known, _)| *known == queue)
            .map_or_else(|| Arc::new(Notify::new()), |(_, signal)| signal.clone())
    }

    pub(super) fn wake(&self, queue: Queue) {
        self.wake_here(queue);
        if let Some(others) = &self.others {
            // Full means that signals are under way already; closed means that the store is being closed.
            let _ = others.try_send(queue);
        }
    }

    /// Notes that a queue will be woken after a rest; false when that was noted before.
    pub(super) fn is_new_rest(&self, queue: Queue) -> bool {
        self.resting.lock().unwrap_or_else(PoisonError::into_inner).insert(queue)
    }

    pub(super) fn end_rest(&self, queue: Queue) {
        self.resting.lock().unwrap_or_else(PoisonError::into_inner).remove(&queue);
        self.wake_here(queue);
    }

    fn wake_here(&self, queue: Queue) {
        for (known, signal) in &self.signals {
            if *known == queue {
                signal.notify_one();
            }
        }
    }

    /// Listens for other processes' signals for as long as it is polled.
    pub(super) async fn listen(&self, database_url: &str, dialect: Dialect) {
        if dialect == Dialect::Sqlite {
            return std::future::pending().await;
        }
        loop {
            if let Err(error) = self.listen_once(database_url).await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "not listening for jobs; polling goes on"
                );
            }
            tokio::time::sleep(RECONNECT_AFTER).await;
        }
    }

    async fn listen_once(&self, database_url: &str) -> Result<(), sqlx::Error> {
        let mut listener = PgListener::connect(database_url).await?;
        listener.listen(CHANNEL).await?;
        // What was signalled before is not told again.
        self.wake_all_here();
        loop {
            match listener.try_recv().await? {
                Some(notification) => {
                    let (queue, from) = notification.payload().split_once(' ').unwrap_or_default();
                    if let (Ok(queue), true) = (queue.parse(), from != self.name) {
                        self.wake_here(queue);
                    }
                }
                // The connection broke and is back; signals in between are lost.
                None => self.wake_all_here(),
            }
        }
    }

    pub(super) fn wake_all_here(&self) {
        for (_, signal) in &self.signals {
            signal.notify_one();
        }
    }
}

/// Sends what is waiting, each queue once, until the store is dropped.
async fn send_all(pool: AnyPool, mut receiver: mpsc::Receiver<Queue>, name: String) {
    let mut waiting = Vec::new();
    while receiver.recv_many(&mut waiting, WAITING_MAX).await > 0 {
        let queues: BTreeSet<Queue> = waiting.drain(..).collect();
        for queue in queues {
            let sent = sqlx::query("select pg_notify($1, $2)")
                .bind(CHANNEL)
                .bind(format!("{queue} {name}"))
                .execute(&pool)
                .await;
            if let Err(error) = sent {
                tracing::debug!(
                    error = &error as &dyn std::error::Error,
                    "a signal was not sent; polling finds the job"
                );
            }
        }
        tokio::time::sleep(SEND_EVERY).await;
    }
}
