//! What a process knows of the limits: each keeps what it last read for a second, so that a queue without limits is
//! claimed from in one statement. A change is everywhere within that time, and in this process with its commit: while a
//! transaction changes limits, and until the first look after it, nothing that was read counts.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::{Queue, limits::Limits};
use crate::{Error, Store, Tx};

/// How long a process trusts what it read.
const TRUSTED: Duration = Duration::from_secs(1);

/// The limits as they were read last.
#[derive(Debug, Default)]
pub(crate) struct Cache(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    limits: Option<(Instant, Arc<Limits>)>,
    /// What was read before the newest change does not count.
    changes: u64,
    /// Transactions that change limits.
    changing: usize,
}

impl Cache {
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// As read last, however long ago.
    pub(crate) fn known(&self) -> Option<Arc<Limits>> {
        self.lock().limits.as_ref().map(|(_, limits)| limits.clone())
    }

    /// As of a second ago at most.
    pub(super) fn fresh(&self) -> Option<Arc<Limits>> {
        let kept = self.lock();
        let trusted = kept.limits.as_ref().filter(|(at, _)| kept.changing == 0 && at.elapsed() < TRUSTED);
        trusted.map(|(_, limits)| limits.clone())
    }

    fn changes(&self) -> u64 {
        self.lock().changes
    }

    /// Keeps what was read when there had been so many changes.
    fn keep(&self, limits: &Arc<Limits>, changes: u64) {
        let mut kept = self.lock();
        if kept.changing == 0 && kept.changes == changes {
            kept.limits = Some((Instant::now(), limits.clone()));
        }
    }
}

/// A transaction that changes limits, until it has ended.
#[derive(Debug)]
pub(crate) struct Changing(Store);

impl Changing {
    fn new(store: &Store) -> Self {
        store.limits().lock().changing += 1;
        Self(store.clone())
    }
}

impl Drop for Changing {
    fn drop(&mut self) {
        let mut kept = self.0.limits().lock();
        kept.changing = kept.changing.saturating_sub(1);
        kept.changes += 1;
        kept.limits = None;
    }
}

/// The limits as of a second ago at most.
pub(super) async fn current(tx: &mut Tx) -> Result<Arc<Limits>, Error> {
    if let Some(limits) = tx.store().limits().fresh() {
        return Ok(limits);
    }
    let changes = tx.store().limits().changes();
    let limits = Arc::new(Limits::read(tx.conn()).await?);
    tx.store().limits().keep(&limits, changes);
    Ok(limits)
}

/// Whether nothing but its order and a pause holds this queue's jobs back, surely and as of a second ago at most.
pub(super) fn is_free(store: &Store, queue: Queue) -> bool {
    store.limits().fresh().is_some_and(|limits| !limits.apply_to(queue))
}

/// Says that this transaction changes limits.
pub(super) fn change(tx: &mut Tx) {
    let changing = Changing::new(tx.store());
    tx.changes_limits(changing);
}
