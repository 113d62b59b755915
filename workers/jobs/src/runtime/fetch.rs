//! Takes jobs from the table: never more than there are free hands, so that none waits here under a lease while another
//! process is idle.

use std::{sync::Arc, time::Instant};

use sealflow_store::{
    Error, Store,
    jobs::{self, Claim, ClaimedJob, Queue},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use super::{Parts, held::Hold, retry::Patience};

/// A job in our hands, with the hand that holds it. Clones are the same job.
#[derive(Debug, Clone)]
pub(super) struct Claimed {
    pub(super) job: Arc<ClaimedJob>,
    pub(super) hand: Arc<Hand>,
}

/// What is given back when nobody works on the job any more.
#[derive(Debug)]
pub(super) struct Hand {
    pub(super) hold: Hold,
    slot: Option<OwnedSemaphorePermit>,
    /// Where a job may wait for this one to end.
    freed: Option<(Store, Queue)>,
}

impl Drop for Hand {
    fn drop(&mut self) {
        // First the hand, so that whoever is woken finds it free.
        drop(self.slot.take());
        if let Some((store, queue)) = &self.freed {
            store.slot_freed(*queue);
        }
    }
}

impl Claimed {
    pub(super) fn new(job: ClaimedJob, hold: Hold, slot: OwnedSemaphorePermit) -> Self {
        Self { job: Arc::new(job), hand: Arc::new(Hand { hold, slot: Some(slot), freed: None }) }
    }

    /// Has jobs that wait for its slot looked for when it ends.
    fn telling(mut self, store: &Store, queue: Queue) -> Self {
        if let Some(hand) = Arc::get_mut(&mut self.hand) {
            hand.freed = Some((store.clone(), queue));
        }
        self
    }
}

/// Takes jobs of a queue until the stop is asked for; `slots` are the free hands.
pub(super) async fn run(parts: Parts, queue: Queue, slots: Arc<Semaphore>, out: mpsc::Sender<Claimed>) {
    let signal = parts.store.job_signal(queue);
    loop {
        let mut free = tokio::select! {
            biased;
            () = parts.stop.cancelled() => return,
            free = slots.clone().acquire_owned() => match free {
                Ok(free) => free,
                // Only a closed semaphore refuses, and nobody closes this one.
                Err(_) => return,
            },
        };
        let more = u32::try_from(slots.available_permits()).unwrap_or(u32::MAX);
        if let Ok(more) = slots.clone().try_acquire_many_owned(more) {
            free.merge(more);
        }
        let asked = free.num_permits();
        let Some((claimed, asked_at)) = claim(&parts, queue, asked).await else { return };
        let drained = claimed.len() < asked;
        for job in claimed {
            let Some(slot) = free.split(1) else { break };
            let hold = parts.held.hold(&job.lease, asked_at);
            let claimed = Claimed::new(job, hold, slot).telling(&parts.store, queue);
            if out.send(claimed).await.is_err() {
                return;
            }
        }
        drop(free);
        if drained {
            tokio::select! {
                () = parts.stop.cancelled() => return,
                () = signal.notified() => {}
                () = tokio::time::sleep(parts.config.poll()) => {}
            }
        }
    }
}

/// Claims, patiently; none when the stop is asked for meanwhile.
async fn claim(parts: &Parts, queue: Queue, slots: usize) -> Option<(Vec<ClaimedJob>, Instant)> {
    let mut patience = Patience::new();
    loop {
        let asked_at = Instant::now();
        match try_claim(parts, queue, slots).await {
            Ok(claimed) => return Some((claimed, asked_at)),
            Err(error) => {
                tracing::warn!(
                    queue = queue.as_str(),
                    error = &error as &dyn std::error::Error,
                    "no jobs to be had"
                );
            }
        }
        tokio::select! {
            () = parts.stop.cancelled() => return None,
            () = tokio::time::sleep(patience.next()) => {}
        }
    }
}

async fn try_claim(parts: &Parts, queue: Queue, slots: usize) -> Result<Vec<ClaimedJob>, Error> {
    // A lost claim only makes its jobs available again; what calls outside is marked by a commit that is kept.
    let mut tx = parts.store.begin_relaxed().await?;
    let claim = Claim {
        queue,
        slots: u32::try_from(slots).unwrap_or(u32::MAX),
        worker: &parts.worker,
        lease_ms: parts.config.lease_ms(),
    };
    let now = tx.now();
    let claimed = jobs::claim(&mut tx, &claim, now).await?;
    tx.commit().await?;
    Ok(claimed)
}
