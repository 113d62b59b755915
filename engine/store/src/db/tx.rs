//! A transaction, with the database's time and the queues to wake when it is committed.

use std::{collections::BTreeSet, time::Instant};

use sealflow_core::{Timestamp, ids::InstanceId};

use super::{
    Conn, Error, Store,
    lines::{Line, Lines},
};
use crate::{
    failpoint,
    jobs::{ChangingLimits, Queue, Reserved},
};

/// A transaction that may write. Dropped without commit it is rolled back.
#[derive(Debug)]
pub struct Tx {
    line: Line,
    store: Store,
    begun_at: Instant,
    now: Timestamp,
    wake: BTreeSet<Queue>,
    commits: BTreeSet<Commit>,
    ended: Vec<InstanceId>,
    changing: Vec<ChangingLimits>,
    /// Jobs that were written as taken by free hands of this process.
    taken: Vec<Reserved>,
    /// How many of them there were at the savepoint.
    taken_before: usize,
}

/// What a commit makes lasting, for the fail points around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Commit {
    /// An event of an instance.
    Submit,
    /// Jobs were taken.
    Claim,
    /// A vendor is about to be called.
    MarkOutside,
    /// A job is done, with what it changed.
    Complete,
    /// A job goes back: to be tried again, or dead.
    Release,
    /// A timer fired.
    Fire,
}

impl Commit {
    pub(crate) const fn before(self) -> &'static str {
        match self {
            Self::Submit => "store::submit::before_commit",
            Self::Claim => "jobs::claim::before_commit",
            Self::MarkOutside => "jobs::mark_outside::before_commit",
            Self::Complete => "jobs::complete::before_commit",
            Self::Release => "jobs::release::before_commit",
            Self::Fire => "timers::fire::before_commit",
        }
    }

    pub(crate) const fn after(self) -> &'static str {
        match self {
            Self::Submit => "store::submit::after_commit",
            Self::Claim => "jobs::claim::after_commit",
            Self::MarkOutside => "jobs::mark_outside::after_commit",
            Self::Complete => "jobs::complete::after_commit",
            Self::Release => "jobs::release::after_commit",
            Self::Fire => "timers::fire::after_commit",
        }
    }
}

impl Tx {
    pub(super) async fn begin(store: &Store, lines: &Lines) -> Result<Self, Error> {
        let begun_at = Instant::now();
        let (line, now) = lines.begin().await?;
        Ok(Self::on(line, store, begun_at, now))
    }

    /// Begins nothing: each statement is a transaction of its own, and the first one tells the clock. Tells whether its
    /// connection is known to work.
    pub(super) async fn unbegun(store: &Store, lines: &Lines) -> Result<(Self, bool), Error> {
        let begun_at = Instant::now();
        let (line, is_fresh) = lines.unbegun().await?;
        Ok((Self::on(line, store, begun_at, Timestamp(0)), is_fresh))
    }

    fn on(line: Line, store: &Store, begun_at: Instant, now: Timestamp) -> Self {
        Self {
            line,
            store: store.clone(),
            begun_at,
            now: store.shifted(now),
            wake: BTreeSet::new(),
            commits: BTreeSet::new(),
            ended: Vec::new(),
            changing: Vec::new(),
            taken: Vec::new(),
            taken_before: 0,
        }
    }

    /// The clock, as the first statement of a transaction told that was not begun.
    pub(crate) fn tell_now(&mut self, now: Timestamp) {
        self.now = self.store.shifted(now);
    }

    /// The database's clock, read once when the transaction began.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// A moment of this process before [`Tx::now`].
    pub(crate) fn begun_at(&self) -> Instant {
        self.begun_at
    }

    /// For the statements of an aggregate.
    pub fn conn(&mut self) -> &mut Conn {
        self.line.connection()
    }

    /// The store that it belongs to.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Wakes this queue's workers after the commit.
    pub(crate) fn wake(&mut self, queue: Queue) {
        self.wake.insert(queue);
    }

    /// Gives jobs that were written as taken to the hands that took them, after the commit.
    pub(crate) fn hand_over(&mut self, jobs: Vec<Reserved>) {
        self.taken.extend(jobs);
    }

    /// Tells those who wait for the end of this instance, after the commit.
    pub(crate) fn ended(&mut self, id: InstanceId) {
        self.ended.push(id);
    }

    /// What this process knows of the limits does not count until this transaction has ended.
    pub(crate) fn changes_limits(&mut self, changing: ChangingLimits) {
        self.changing.push(changing);
    }

    /// Sets off the fail points around the commit.
    pub(crate) fn label(&mut self, commit: Commit) {
        self.commits.insert(commit);
    }

    /// Makes it lasting and wakes the workers of the queues that got jobs.
    ///
    /// # Errors
    /// With [`Error::Unreachable`] the commit may have happened or not: read back by the event's or the job's key.
    pub async fn commit(self) -> Result<(), Error> {
        for commit in &self.commits {
            failpoint::hit(commit.before());
        }
        self.line.commit().await?;
        drop(self.changing);
        for commit in &self.commits {
            failpoint::hit(commit.after());
        }
        for job in self.taken {
            job.hand_over();
        }
        self.store.wake(self.wake);
        self.store.tell_ended(&self.ended);
        Ok(())
    }

    /// Undoes it.
    ///
    /// # Errors
    /// When the connection broke; then the database undoes it by itself.
    pub async fn rollback(self) -> Result<(), Error> {
        self.line.rollback().await
    }

    /// Marks a point that [`Tx::undo`] returns to. There is one at a time.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn savepoint(&mut self) -> Result<(), Error> {
        sqlx::raw_sql("savepoint sealflow_part").execute(self.conn()).await?;
        self.taken_before = self.taken.len();
        Ok(())
    }

    /// Keeps what was written since the savepoint.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn keep(&mut self) -> Result<(), Error> {
        sqlx::raw_sql("release savepoint sealflow_part").execute(self.conn()).await?;
        Ok(())
    }

    /// Undoes what was written since the savepoint, and goes on.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn undo(&mut self) -> Result<(), Error> {
        sqlx::raw_sql("rollback to savepoint sealflow_part").execute(self.conn()).await?;
        self.taken.truncate(self.taken_before);
        self.keep().await
    }
}
