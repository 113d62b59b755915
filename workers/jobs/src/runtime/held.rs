//! The jobs in this process's hands: their leases are renewed while they are here, and whoever works on one learns when
//! the lease is lost.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use sealflow_core::ids::JobId;
use sealflow_store::{
    Store,
    jobs::{Lease, Queue},
};
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;

/// The jobs in this process's hands. Clones are the same list.
#[derive(Debug, Clone, Default)]
pub(super) struct Held {
    jobs: Arc<Mutex<HashMap<JobId, Entry>>>,
}

#[derive(Debug)]
struct Entry {
    lease: Lease,
    lost: CancellationToken,
    /// Counted from before the claim or the renewal was asked for, so never later than the database counts.
    leased_at: Instant,
}

/// Keeps a job on the list until it is dropped.
#[derive(Debug)]
pub(super) struct Hold {
    held: Held,
    lease: Lease,
    lost: CancellationToken,
}

/// Who works on a job: busy until there is a report, and answerable for the lease until the report is written.
#[derive(Debug)]
pub(super) struct Hand {
    pub(super) hold: Hold,
    slot: Mutex<Option<OwnedSemaphorePermit>>,
    /// Where a job may wait for this one to end.
    freed: Option<(Store, Queue)>,
}

impl Hand {
    pub(super) fn new(hold: Hold, slot: OwnedSemaphorePermit) -> Self {
        Self { hold, slot: Mutex::new(Some(slot)), freed: None }
    }

    /// When the job has ended, those that wait for its slot over all processes are looked for.
    pub(super) fn tells(&mut self, store: Store, queue: Queue) {
        self.freed = Some((store, queue));
    }

    /// The work is over: the slot is for the next job, while the report of this one is being written.
    pub(super) fn is_free(&self) {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

impl Drop for Hand {
    fn drop(&mut self) {
        // First the slot, so that whoever is woken finds it free.
        self.is_free();
        if let Some((store, queue)) = &self.freed {
            store.slot_freed(*queue);
        }
    }
}

impl Held {
    fn lock(&self) -> MutexGuard<'_, HashMap<JobId, Entry>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a job on the list; `asked_at` is when its claim began.
    pub(super) fn hold(&self, lease: &Lease, asked_at: Instant) -> Hold {
        let lost = CancellationToken::new();
        let entry = Entry { lease: lease.clone(), lost: lost.clone(), leased_at: asked_at };
        self.lock().insert(lease.job_id, entry);
        Hold { held: self.clone(), lease: lease.clone(), lost }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.lock().len()
    }

    /// The leases to renew.
    pub(super) fn leases(&self) -> Vec<Lease> {
        self.lock().values().map(|entry| entry.lease.clone()).collect()
    }

    /// Notes which leases were renewed and which are lost.
    pub(super) fn renewed(&self, asked: &[Lease], lost: &[JobId], asked_at: Instant) {
        let mut jobs = self.lock();
        for lease in asked {
            let Some(entry) = jobs.get_mut(&lease.job_id) else { continue };
            if entry.lease != *lease {
                continue;
            }
            if lost.contains(&lease.job_id) {
                entry.lost.cancel();
            } else {
                entry.leased_at = asked_at;
            }
        }
    }

    /// Gives up those that could not be renewed for so long that somebody else may have them.
    pub(super) fn expire(&self, lease: Duration) {
        for entry in self.lock().values() {
            if entry.leased_at.elapsed() > lease {
                entry.lost.cancel();
            }
        }
    }
}

impl Hold {
    /// Resolves when somebody else may have the job.
    pub(super) async fn lost(&self) {
        self.lost.cancelled().await;
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut jobs = self.held.lock();
        // The same job may be in our hands again under a newer lease.
        if jobs.get(&self.lease.job_id).is_some_and(|entry| entry.lease == self.lease) {
            jobs.remove(&self.lease.job_id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lease(token: &str) -> Lease {
        let job_id = JobId::from_uuid(uuid::Uuid::nil());
        Lease { job_id, token: token.to_owned() }
    }

    #[test]
    fn a_job_is_held_until_dropped_and_a_newer_lease_stays() {
        let held = Held::default();
        let first = held.hold(&lease("a"), Instant::now());
        let second = held.hold(&lease("b"), Instant::now());
        drop(first);
        assert_eq!(held.leases(), [lease("b")]);
        drop(second);
        assert_eq!(held.len(), 0);
    }

    #[tokio::test]
    async fn a_lost_lease_is_told_and_a_renewed_one_is_not() {
        let held = Held::default();
        let hold = held.hold(&lease("a"), Instant::now());
        held.renewed(&[lease("older")], &[hold.lease.job_id], Instant::now());
        held.renewed(&[lease("a")], &[], Instant::now());
        held.expire(Duration::from_secs(60));
        assert!(!hold.lost.is_cancelled());
        held.renewed(&[lease("a")], &[hold.lease.job_id], Instant::now());
        hold.lost().await;
    }

    #[tokio::test]
    async fn a_lease_that_cannot_be_renewed_is_given_up() {
        let held = Held::default();
        let Some(long_ago) = Instant::now().checked_sub(Duration::from_secs(5)) else { return };
        let hold = held.hold(&lease("a"), long_ago);
        held.expire(Duration::from_secs(4));
        hold.lost().await;
    }
}
