//! One store over two engines: opening, transactions, the dialects, and waking workers after a commit.

mod alone;
mod dialect;
mod ended;
mod error;
mod group;
mod lines;
pub(crate) mod many;
mod open;
pub(crate) mod row;
pub(crate) mod together;
mod tx;
mod wake;

use std::{
    ops::{Deref, DerefMut},
    sync::Arc,
    time::Duration,
};

use sealflow_core::{Timestamp, ids::InstanceId};
use sqlx::{Any, AnyConnection, AnyPool, pool::PoolConnection};
use tokio::sync::Notify;

use lines::Lines;

pub use dialect::Dialect;
pub use error::Error;
pub use open::{Config, OpenError};
pub use tx::{Commit, Tx};

use crate::{
    blobs::Blobs,
    definitions,
    failpoint::ClockShift,
    jobs::{LimitsCache, Offers, Queue},
    refusals,
};

/// The longest rest before a queue is looked at again; polling does it sooner.
const REST_MAX: Duration = Duration::from_secs(60);

/// A connection to either engine. Statements use `$1` placeholders.
pub type Conn = AnyConnection;

/// The database and the blobs. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    dialect: Dialect,
    database_url: String,
    /// SQLite: exactly one.
    writers: Lines,
    /// Whose commits do not wait for the disk. SQLite: the same as the writers.
    relaxed: Lines,
    readers: AnyPool,
    wake: wake::Wake,
    ended: ended::Ended,
    blobs: Blobs,
    definitions: definitions::Cache,
    limits: LimitsCache,
    offers: Offers,
    clock_shift: ClockShift,
    refusals: refusals::Pending,
}

impl Store {
    /// Opens the database, brings its schema up to date and finds the blobs.
    ///
    /// # Errors
    /// When the address is of no known engine, the database cannot be reached, or a migration fails.
    pub async fn open(config: &Config) -> Result<Self, OpenError> {
        let opened = open::open(config).await?;
        let wake = wake::Wake::new(opened.dialect, &opened.readers);
        let (writers, max) = opened.writers;
        let writers = Lines::new(opened.dialect, writers, max);
        let relaxed = match opened.relaxed {
            Some((pool, max)) => Lines::new(opened.dialect, pool, max),
            None => writers.clone(),
        };
        Ok(Self {
            inner: Arc::new(Inner {
                dialect: opened.dialect,
                database_url: opened.database_url,
                writers,
                relaxed,
                readers: opened.readers,
                wake,
                ended: ended::Ended::default(),
                blobs: opened.blobs,
                definitions: definitions::Cache::default(),
                limits: LimitsCache::default(),
                offers: Offers::default(),
                clock_shift: ClockShift::default(),
                refusals: refusals::Pending::default(),
            }),
        })
    }

    /// Which engine it is.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.inner.dialect
    }

    /// Begins a transaction that may write. On SQLite there is one at a time; the others wait here.
    ///
    /// # Errors
    /// When no connection is to be had in time.
    pub async fn begin(&self) -> Result<Tx, Error> {
        Tx::begin(self, &self.inner.writers).await
    }

    /// Begins a transaction whose commit does not wait for the disk where that can be chosen (PostgreSQL): a crash of the
    /// database may undo it. For what is done again by itself then, such as a claim; a later commit of
    /// [`Store::begin`] makes it last too.
    ///
    /// # Errors
    /// When no connection is to be had in time.
    pub async fn begin_relaxed(&self) -> Result<Tx, Error> {
        Tx::begin(self, &self.inner.relaxed).await
    }

    /// A connection that only reads. Each statement sees the newest committed state.
    ///
    /// # Errors
    /// When no connection is to be had in time.
    pub async fn read(&self) -> Result<Reader, Error> {
        Ok(Reader { connection: self.inner.readers.acquire().await? })
    }

    /// The database's clock, for those who only read; a transaction has its own.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn now(&self, conn: &mut Conn) -> Result<Timestamp, Error> {
        let now = Timestamp(sqlx::query_scalar(self.inner.dialect.now()).fetch_one(conn).await?);
        Ok(self.inner.clock_shift.applied(now))
    }

    /// Moves the clock as this store sees it, by so much from the database's: for tests of clocks that jump. What waits for
    /// a time looks again at once, so that such tests need not poll quickly.
    #[cfg(feature = "failpoints")]
    pub fn shift_clock(&self, shift_ms: i64) {
        self.inner.clock_shift.set(shift_ms);
        self.inner.wake.wake_all_here();
    }

    /// Resolves when a test moved the clock; otherwise never.
    pub async fn clock_moved(&self) {
        self.inner.clock_shift.moved().await;
    }

    /// How a transaction sees the clock.
    pub(crate) fn shifted(&self, now: Timestamp) -> Timestamp {
        self.inner.clock_shift.applied(now)
    }

    /// Where the content-addressed files are.
    #[must_use]
    pub fn blobs(&self) -> &Blobs {
        &self.inner.blobs
    }

    /// Signalled when a transaction committed jobs for this queue: by this process at once, by another process (on
    /// PostgreSQL, while [`Store::listen`] runs) soon after. A signal may be missing, so waiters also poll.
    #[must_use]
    pub fn job_signal(&self, queue: Queue) -> Arc<Notify> {
        self.inner.wake.signal(queue)
    }

    /// Passes on what other processes signal, for as long as it is polled. On SQLite it waits for ever: one process
    /// works on the file, or polling must do.
    pub async fn listen(&self) {
        self.inner.wake.listen(&self.inner.database_url, self.inner.dialect).await;
    }

    pub(crate) fn definitions(&self) -> &definitions::Cache {
        &self.inner.definitions
    }

    pub(crate) fn limits(&self) -> &LimitsCache {
        &self.inner.limits
    }

    /// The free hands of this process.
    pub(crate) fn offers(&self) -> &Offers {
        &self.inner.offers
    }

    /// A job of this queue ended: one that waited for its slot may begin.
    pub fn slot_freed(&self, queue: Queue) {
        if self.limits().known().is_some_and(|limits| limits.has_slots(queue)) {
            self.wake([queue]);
        }
    }

    /// Whether anything but its order and a pause holds this queue's jobs back, as far as this process knows.
    #[must_use]
    pub fn job_limits_apply(&self, queue: Queue) -> bool {
        self.limits().known().is_some_and(|limits| limits.apply_to(queue))
    }

    /// Wakes this process's workers of a queue after a while; once, however often it is asked for meanwhile.
    pub(crate) fn wake_after(&self, queue: Queue, after_ms: i64) {
        if !self.inner.wake.is_new_rest(queue) {
            return;
        }
        let rest = Duration::from_millis(u64::try_from(after_ms).unwrap_or(0)).min(REST_MAX);
        let inner = Arc::downgrade(&self.inner);
        tokio::spawn(async move {
            tokio::time::sleep(rest).await;
            if let Some(inner) = inner.upgrade() {
                inner.wake.end_rest(queue);
            }
        });
    }

    pub(crate) fn refusals(&self) -> &refusals::Pending {
        &self.inner.refusals
    }

    pub(crate) fn wake(&self, queues: impl IntoIterator<Item = Queue>) {
        for queue in queues {
            self.inner.wake.wake(queue);
        }
    }

    /// Signalled when this process has committed the end of an instance.
    pub(crate) fn wait_for_end(&self, id: InstanceId) -> ended::Wait {
        self.inner.ended.wait(id)
    }

    pub(crate) fn tell_ended(&self, ids: &[InstanceId]) {
        self.inner.ended.tell(ids);
    }

    /// Closes the connections: waits for those in use.
    pub async fn close(&self) {
        self.inner.readers.close().await;
        self.inner.relaxed.close().await;
        self.inner.writers.close().await;
    }
}

/// A connection that only reads; goes back to its pool when dropped.
#[derive(Debug)]
pub struct Reader {
    connection: PoolConnection<Any>,
}

impl Deref for Reader {
    type Target = Conn;

    fn deref(&self) -> &Conn {
        &self.connection
    }
}

impl DerefMut for Reader {
    fn deref_mut(&mut self) -> &mut Conn {
        &mut self.connection
    }
}
