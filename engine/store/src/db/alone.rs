//! A statement that is a transaction of its own: one trip to the server instead of three.

use sealflow_core::Timestamp;

use super::{
    Conn, Error, Store, Tx,
    lines::{Held, Lines},
};

/// A connection of the relaxed lines on which no transaction has begun. Dropped without [`Alone::give_back`] it goes to
/// the pool, which looks whether it still works.
#[derive(Debug)]
pub(crate) struct Alone {
    lines: Lines,
    held: Held,
    /// It comes from the pool, which knows that it works; one from the shelf may have lost its server meanwhile.
    is_fresh: bool,
}

impl Alone {
    pub(super) async fn take(lines: &Lines) -> Result<Self, Error> {
        let (held, is_fresh) = lines.alone().await?;
        Ok(Self { lines: lines.clone(), held, is_fresh })
    }

    /// For the statement.
    pub(crate) fn conn(&mut self) -> &mut Conn {
        &mut self.held.connection
    }

    /// Whether this error only tells that the connection broke while nobody used it, so that another one may do.
    pub(crate) fn was_broken(&self, error: &Error) -> bool {
        !self.is_fresh && matches!(error, Error::Unreachable(_))
    }

    /// The statement ended well: the next one finds the connection ready.
    pub(crate) fn give_back(self) {
        self.lines.give_back(self.held);
    }
}

impl Store {
    /// A connection for a statement that is a transaction of its own, as little lasting as [`Store::begin_relaxed`].
    pub(crate) async fn alone(&self) -> Result<Alone, Error> {
        Alone::take(&self.inner.relaxed).await
    }

    /// A transaction that is not begun: a look without locks, then at most one statement that writes, which lasts when it
    /// has ended. Two trips instead of four. Tells whether its connection is known to work.
    pub(crate) async fn unbegun(&self) -> Result<(Tx, bool), Error> {
        Tx::unbegun(self, &self.inner.writers).await
    }

    /// How far this store's view of the clock is from the database's, in milliseconds.
    pub(crate) fn clock_shift_ms(&self) -> i64 {
        self.shifted(Timestamp(0)).as_ms()
    }
}
