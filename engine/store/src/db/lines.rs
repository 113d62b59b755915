//! Connections for transactions, kept ready: the pool beneath asks the server whether a connection is alive each time
//! that it is taken and given back, which costs as much as a small transaction.
//!
//! A connection goes back to the shelf only after a transaction that ended well; any other goes to the pool, which looks
//! whether it still works. One that broke on the shelf is noticed when the next transaction begins on it, and replaced.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use sealflow_core::Timestamp;
use sqlx::{Any, AnyPool, Row as _, pool::PoolConnection};
use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore},
};

use super::{
    Conn, Dialect, Error,
    group::{self, Group},
};

/// How long to wait for a connection.
pub(super) const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(15);

/// The connections of a store. Clones are the same.
#[derive(Debug, Clone)]
pub(super) struct Lines {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    dialect: Dialect,
    pool: AnyPool,
    /// As many as the pool may open.
    free: Arc<Semaphore>,
    waiting: AtomicUsize,
    shelf: Mutex<Shelf>,
}

#[derive(Debug, Default)]
struct Shelf {
    idle: Vec<PoolConnection<Any>>,
    group: Option<(PoolConnection<Any>, Group)>,
    /// Numbers the groups.
    groups: u64,
}

/// A connection on which a transaction runs. Dropped, the transaction is undone.
#[derive(Debug)]
pub(super) struct Line {
    lines: Lines,
    held: Option<Held>,
    /// Else each statement is a transaction of its own, and nothing is to be ended.
    has_begun: bool,
}

/// What a transaction holds until it ends.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) connection: PoolConnection<Any>,
    /// On SQLite: the transactions that end with this one.
    pub(super) group: Option<Group>,
    pub(super) permit: OwnedSemaphorePermit,
}

impl Lines {
    pub(super) fn new(dialect: Dialect, pool: AnyPool, connections: u32) -> Self {
        let permits = usize::try_from(connections).unwrap_or(1);
        let inner = Inner {
            dialect,
            pool,
            free: Arc::new(Semaphore::new(permits)),
            waiting: AtomicUsize::new(0),
            shelf: Mutex::default(),
        };
        Self { inner: Arc::new(inner) }
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.inner.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many transactions wait to begin.
    pub(super) fn waiting(&self) -> usize {
        self.inner.waiting.load(Ordering::Relaxed)
    }

    /// Begins a transaction; tells the database's clock.
    pub(super) async fn begin(&self) -> Result<(Line, Timestamp), Error> {
        let mut permit = self.permit().await?;
        if let Some((connection, group)) = self.take_group() {
            let mut line = self.line(Held { connection, group: Some(group), permit });
            let now = line.run(group::JOIN).await?;
            return Ok((line, now));
        }
        let begin = self.inner.dialect.begin();
        loop {
            let (mut held, is_fresh) = self.take(permit).await?;
            held.group = (self.inner.dialect == Dialect::Sqlite).then(|| self.new_group());
            let mut line = self.line(held);
            match (line.run(begin).await, line.held.take()) {
                // It broke while nobody used it.
                (Err(Error::Unreachable(_)), Some(held)) if !is_fresh => permit = held.permit,
                (Ok(now), held) => {
                    line.held = held;
                    return Ok((line, now));
                }
                (Err(error), held) => {
                    line.held = held;
                    return Err(error);
                }
            }
        }
    }

    /// A connection on which nothing has begun, and whether it comes from the pool, which knows that it works.
    async fn take(&self, permit: OwnedSemaphorePermit) -> Result<(Held, bool), Error> {
        let idle = self.shelf().idle.pop();
        let is_fresh = idle.is_none();
        let connection = match idle {
            Some(connection) => connection,
            None => self.inner.pool.acquire().await?,
        };
        Ok((Held { connection, group: None, permit }, is_fresh))
    }

    /// A connection for a statement that is a transaction of its own; see [`Lines::take`].
    pub(super) async fn alone(&self) -> Result<(Held, bool), Error> {
        let permit = self.permit().await?;
        self.take(permit).await
    }

    /// The same as a line, on which no transaction begins.
    pub(super) async fn unbegun(&self) -> Result<(Line, bool), Error> {
        let (held, is_fresh) = self.alone().await?;
        let mut line = self.line(held);
        line.has_begun = false;
        Ok((line, is_fresh))
    }

    async fn permit(&self) -> Result<OwnedSemaphorePermit, Error> {
        let counted = Waiting::new(&self.inner.waiting);
        let permit = tokio::time::timeout(ACQUIRE_TIMEOUT, self.inner.free.clone().acquire_owned()).await;
        drop(counted);
        permit
            .map_err(|_| sqlx::Error::PoolTimedOut)
            .and_then(|permit| permit.map_err(|_| sqlx::Error::PoolClosed))
            .map_err(Error::from)
    }

    fn line(&self, held: Held) -> Line {
        Line { lines: self.clone(), held: Some(held), has_begun: true }
    }

    fn new_group(&self) -> Group {
        let mut shelf = self.shelf();
        shelf.groups += 1;
        Group::new(shelf.groups)
    }

    fn take_group(&self) -> Option<(PoolConnection<Any>, Group)> {
        self.shelf().group.take()
    }

    /// Leaves a group open for the next transaction.
    pub(super) fn leave_open(&self, connection: PoolConnection<Any>, group: Group) {
        self.shelf().group = Some((connection, group));
    }

    /// Ends a group that is still open when nobody joins it after all.
    pub(super) async fn end_if_open(&self, number: u64) {
        let Ok(permit) = self.inner.free.clone().acquire_owned().await else { return };
        let open = {
            let mut shelf = self.shelf();
            if shelf.group.as_ref().is_some_and(|(_, group)| group.number() == number) {
                shelf.group.take()
            } else {
                None
            }
        };
        if let Some((connection, group)) = open {
            group::end(self.clone(), Held { connection, group: Some(group), permit }).await;
        }
    }

    /// Takes a connection back whose transaction has ended well.
    pub(super) fn give_back(&self, held: Held) {
        let mut shelf = self.shelf();
        if !self.inner.pool.is_closed() {
            shelf.idle.push(held.connection);
        }
    }

    /// Closes the connections: waits for those in use.
    pub(super) async fn close(&self) {
        let closing = self.inner.pool.close();
        let idle = std::mem::take(&mut self.shelf().idle);
        drop(idle);
        closing.await;
    }
}

impl Line {
    /// For statements.
    pub(super) fn connection(&mut self) -> &mut Conn {
        match &mut self.held {
            Some(held) => &mut held.connection,
            // Only what consumes the line takes it away.
            None => unreachable!("a transaction that has ended is not used"),
        }
    }

    /// Runs a text whose last statement tells the clock.
    async fn run(&mut self, text: &'static str) -> Result<Timestamp, Error> {
        // Not `fetch_one`: it takes the first answer, which is that of a statement without rows.
        let rows = sqlx::raw_sql(text).fetch_all(self.connection()).await?;
        let now = rows.last().ok_or(sqlx::Error::RowNotFound)?;
        Ok(Timestamp(now.try_get(0)?))
    }

    /// Makes the transaction lasting.
    pub(super) async fn commit(mut self) -> Result<(), Error> {
        if self.held.as_ref().is_some_and(|held| held.group.is_some()) {
            return self.commit_in_group().await;
        }
        if self.has_begun {
            sqlx::raw_sql("commit").execute(self.connection()).await?;
        }
        if let Some(held) = self.held.take() {
            self.lines.give_back(held);
        }
        Ok(())
    }

    async fn commit_in_group(mut self) -> Result<(), Error> {
        sqlx::raw_sql(group::KEEP).execute(self.connection()).await?;
        match self.held.take() {
            Some(held) => group::wait(&self.lines, held).await,
            None => Ok(()),
        }
    }

    /// Undoes the transaction; returns when it is undone.
    pub(super) async fn rollback(mut self) -> Result<(), Error> {
        if let Some(held) = self.held.take().filter(|_| self.has_begun) {
            // In a task of its own: it must end even when nobody waits for it any more.
            tokio::spawn(undo(self.lines.clone(), held)).await.map_err(|_| sqlx::Error::WorkerCrashed)?;
        }
        Ok(())
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if !self.has_begun {
            // The pool looks whether the connection still works.
            return;
        }
        // Without a runtime the process is ending, and the database undoes what is open.
        if let (Some(held), Ok(runtime)) = (self.held.take(), Handle::try_current()) {
            runtime.spawn(undo(self.lines.clone(), held));
        }
    }
}

async fn undo(lines: Lines, mut held: Held) {
    if held.group.is_some() {
        return group::undo(lines, held).await;
    }
    if sqlx::raw_sql("rollback").execute(&mut *held.connection).await.is_ok() {
        lines.give_back(held);
    }
}

/// Counts who waits, for as long as it does.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
