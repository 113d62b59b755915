//! Free hands of this process: a job that is written while its queue is empty goes to one of them with the commit, as
//! taken, and need not be claimed.
//!
//! ```text
//! event ─ step ─ reserve a free hand ─ write the job as running, leased to it ─ commit ─ hand over
//!                        │                             │                          │
//!                        none: the job waits           the queue is paused:       the process dies:
//!                        to be claimed                 the same                   the lease runs out
//! ```
//!
//! The row is the same as after a claim. A transaction that is not committed gives its hands back. When it is not known
//! whether it was committed, nothing is handed over: should the job be there, its lease runs out.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use uuid::Uuid;

use super::{ClaimedJob, Lease, NewRow, Queue, cache};
use crate::{
    Error, Store, Tx,
    db::{
        Commit,
        many::{
            self,
            Column::{Number, Text},
            Many,
        },
        together::Together,
    },
};

/// What an insert of taken jobs reads of a row.
const COLUMNS: &[(&str, many::Column)] = &[
    ("id", Text),
    ("queue", Text),
    ("kind", Text),
    ("key", Text),
    ("payload", Text),
    ("priority", Number),
    ("run_at_ms", Number),
    ("max_attempts", Number),
    ("instance_id", Text),
    ("awaited", Number),
    ("item", Text),
    ("concurrency_key", Text),
    ("created_at_ms", Number),
    ("token", Text),
    ("until_ms", Number),
    ("taken_by", Text),
];
static INSERT_TAKEN: Many = Many::new(include_str!("insert_taken.sql"), COLUMNS);

/// The hands of one worker for a queue.
#[derive(Debug, Clone)]
pub struct Offer {
    /// Whose jobs they do.
    pub queue: Queue,
    /// Who takes them; one name a process.
    pub worker: Arc<str>,
    /// How long they are his without renewal, in milliseconds.
    pub lease_ms: i64,
    /// One permit for a free hand.
    pub hands: Arc<Semaphore>,
    /// Whether nothing waits in the queue, as far as the worker knows: else the most urgent job is next, not the newest.
    pub is_drained: Arc<AtomicBool>,
    /// Where taken jobs go.
    pub out: mpsc::UnboundedSender<Given>,
}

/// A job that was written as taken, committed.
#[derive(Debug)]
pub struct Given {
    /// The job.
    pub job: ClaimedJob,
    /// The hand that took it.
    pub hand: OwnedSemaphorePermit,
    /// A moment before its lease began.
    pub since: Instant,
}

/// The hands of this process. Each is offered until its [`Offered`] is dropped.
#[derive(Debug, Default)]
pub(crate) struct Offers(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    offers: HashMap<u64, Offer>,
    /// Numbers them.
    count: u64,
}

/// Hands that are being offered.
#[derive(Debug)]
pub struct Offered {
    store: Store,
    number: u64,
}

impl Drop for Offered {
    fn drop(&mut self) {
        self.store.offers().lock().offers.remove(&self.number);
    }
}

impl Offers {
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A hand that is free, with whose it is.
    fn free_hand(&self, queue: Queue) -> Option<(Offer, OwnedSemaphorePermit)> {
        let known = self.lock();
        let of_queue = known.offers.values().filter(|offer| offer.queue == queue);
        of_queue.filter(|offer| offer.is_drained.load(Ordering::Acquire)).find_map(|offer| {
            let hand = offer.hands.clone().try_acquire_owned().ok()?;
            Some((offer.clone(), hand))
        })
    }
}

impl Store {
    /// Has jobs that this process writes go to these hands at once, for as long as what is returned is kept.
    #[must_use]
    pub fn offer_hands(&self, offer: Offer) -> Offered {
        let mut known = self.offers().lock();
        known.count += 1;
        let number = known.count;
        known.offers.insert(number, offer);
        Offered { store: self.clone(), number }
    }
}

/// A free hand and the job that it took, until the commit.
#[derive(Debug)]
pub(crate) struct Reserved {
    given: Given,
    out: mpsc::UnboundedSender<Given>,
}

impl Reserved {
    pub(crate) fn hand_over(self) {
        // When the worker is gone the lease runs out.
        let _ = self.out.send(self.given);
    }
}

/// A row to insert as taken.
#[derive(Serialize)]
struct TakenRow<'a> {
    #[serde(flatten)]
    row: &'a NewRow,
    token: &'a str,
    until_ms: i64,
    taken_by: &'a str,
}

/// Jobs to write: those that free hands take, and the others.
#[derive(Debug, Default)]
pub(crate) struct Shared<'a> {
    reserved: Vec<(&'a NewRow, Reserved, Offer)>,
    pub(crate) others: Vec<&'a NewRow>,
}

/// Reserves a free hand for each of the jobs that may begin at once.
pub(crate) fn reserve<'a>(tx: &Tx, rows: impl Iterator<Item = &'a NewRow>) -> Shared<'a> {
    let mut shared = Shared::default();
    for row in rows {
        let may_begin = row.is_open() && row.is_due(tx.now()) && cache::is_free(tx.store(), row.queue());
        match may_begin.then(|| tx.store().offers().free_hand(row.queue())).flatten() {
            Some((offer, hand)) => {
                let mut job = row.claimed();
                job.lease = Lease { job_id: row.id, token: Uuid::new_v4().simple().to_string() };
                let given = Given { job, hand, since: tx.begun_at() };
                let out = offer.out.clone();
                shared.reserved.push((row, Reserved { given, out }, offer));
            }
            None => shared.others.push(row),
        }
    }
    shared
}

impl Shared<'_> {
    /// Inserts what was taken, together with what else a step writes.
    pub(crate) fn insert(&self, together: &mut Together, tx: &Tx) -> Result<(), Error> {
        let rows: Vec<TakenRow<'_>> = self
            .reserved
            .iter()
            .map(|(row, reserved, offer)| TakenRow {
                row,
                token: &reserved.given.job.lease.token,
                until_ms: tx.now().plus_ms(offer.lease_ms).as_ms(),
                taken_by: &offer.worker,
            })
            .collect();
        together.telling(&INSERT_TAKEN, &rows)
    }

    /// Has them handed over with the commit, as far as they were written as taken: not when their queue is paused, nor when
    /// their key was used before.
    pub(crate) fn hand_over(self, tx: &mut Tx, written: &[String]) {
        let is_written = |reserved: &Reserved| {
            let id = reserved.given.job.lease.job_id.to_string();
            written.contains(&id)
        };
        let taken: Vec<Reserved> =
            self.reserved.into_iter().map(|(_, reserved, _)| reserved).filter(is_written).collect();
        if !taken.is_empty() {
            tx.label(Commit::Claim);
            tx.hand_over(taken);
        }
    }
}
