//! Takes jobs from the table: as many as there are free hands, and, while jobs are short, some ahead.
//!
//! A claim costs a transaction, so workers with short jobs would mostly wait for claims. While jobs end quickly we
//! therefore take what the next [`AHEAD`] will need, at most [`AHEAD_MAX`]. These jobs are ours like those that run:
//! their leases are renewed, and they go back when the process stops. With jobs that take longer nothing is taken ahead,
//! so that none waits here under a lease while another process is idle; should the jobs suddenly become slow, what was
//! taken goes back after [`STALE_AFTER`].
//!
//! While the table has no more jobs, the free hands are offered to whoever writes jobs in this process: such a job comes
//! to us with its commit, without a claim.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use futures::{FutureExt as _, future::BoxFuture};
use sealflow_store::{
    Error, Store,
    jobs::{self, Claim, ClaimedJob, Given, Offer, Offered, Queue},
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
    task::JoinSet,
};

use super::{
    Parts,
    commit::{Committer, Report},
    held::{Hand, Hold},
    pace::Pace,
    retry::Patience,
};

/// For how long jobs are taken ahead.
const AHEAD: Duration = Duration::from_millis(50);
/// The most jobs taken ahead.
const AHEAD_MAX: usize = 1_000;
/// How long a job that was taken ahead may wait here.
const STALE_AFTER: Duration = Duration::from_millis(250);

/// A job in our hands, with the hand that holds it. Clones are the same job.
#[derive(Debug, Clone)]
pub(super) struct Claimed {
    pub(super) job: Arc<ClaimedJob>,
    pub(super) hand: Arc<Hand>,
}

impl Claimed {
    pub(super) fn new(job: ClaimedJob, hold: Hold, slot: OwnedSemaphorePermit) -> Self {
        Self { job: Arc::new(job), hand: Arc::new(Hand::new(hold, slot)) }
    }

    /// Has jobs that wait for its slot looked for when it ends.
    fn telling(mut self, store: &Store, queue: Queue) -> Self {
        if let Some(hand) = Arc::get_mut(&mut self.hand) {
            hand.tells(store.clone(), queue);
        }
        self
    }
}

/// A job that was taken and waits for a hand.
#[derive(Debug)]
struct Waiting {
    job: ClaimedJob,
    hold: Hold,
    since: Instant,
}

type Claiming = BoxFuture<'static, Option<Vec<Waiting>>>;

/// What is under way.
struct Fetch {
    parts: Parts,
    queue: Queue,
    slots: Arc<Semaphore>,
    ahead: VecDeque<Waiting>,
    /// A hand that is free, for the next job.
    hand: Option<OwnedSemaphorePermit>,
    /// The claim under way, and for how many jobs it asks.
    claiming: Option<(Claiming, usize)>,
    /// The last claim brought less than it asked for: there is no more before this time, or a signal.
    drained_until: Option<Instant>,
    /// Told to those who write jobs: nothing waits, here or in the table.
    is_drained: Arc<AtomicBool>,
    pace: Pace,
    going_back: JoinSet<()>,
}

/// Takes jobs of a queue until the stop is asked for, then gives back what nobody began; `slots` are the free hands.
pub(super) async fn run(parts: Parts, queue: Queue, slots: Arc<Semaphore>, out: mpsc::Sender<Claimed>) {
    let signal = parts.store.job_signal(queue);
    let stop = parts.stop.clone();
    let pace = Pace::new(Instant::now());
    let (ahead, going_back) = (VecDeque::new(), JoinSet::new());
    let (hand, claiming, drained_until, is_drained) = (None, None, None, Arc::default());
    let mut fetch =
        Fetch { parts, queue, slots, ahead, hand, claiming, drained_until, is_drained, pace, going_back };
    let (offered, mut given) = fetch.offer();
    while !stop.is_cancelled() {
        if !fetch.hand_out(&out).await {
            return;
        }
        fetch.claim_if_wanted();
        fetch.tell_drained();
        let stale_at = fetch.ahead.front().map(|first| first.since + STALE_AFTER);
        tokio::select! {
            biased;
            () = stop.cancelled() => {}
            Some(given) = given.recv() => {
                if !fetch.hand_over(given, &out).await {
                    return;
                }
            }
            claimed = claimed(&mut fetch.claiming) => fetch.take(claimed),
            hand = fetch.slots.clone().acquire_owned(), if fetch.wants_hand() => fetch.hand = hand.ok(),
            () = signal.notified(), if fetch.drained_until.is_some() => fetch.drained_until = None,
            () = at(fetch.drained_until) => fetch.drained_until = None,
            () = at(stale_at) => fetch.give_back_stale(),
        }
    }
    drop(offered);
    fetch.give_back_all(given).await;
}

/// What the claim under way brings; none under way: never.
async fn claimed(claiming: &mut Option<(Claiming, usize)>) -> Option<Vec<Waiting>> {
    match claiming {
        Some((claiming, _)) => claiming.await,
        None => std::future::pending().await,
    }
}

/// Resolves at a time; none: never.
async fn at(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time.into()).await,
        None => std::future::pending().await,
    }
}

impl Fetch {
    /// Gives jobs to free hands; false when nobody takes them any more.
    async fn hand_out(&mut self, out: &mpsc::Sender<Claimed>) -> bool {
        while let Some(next) = self.ahead.pop_front() {
            let hand = self.hand.take().or_else(|| self.slots.clone().try_acquire_owned().ok());
            let Some(hand) = hand else {
                self.ahead.push_front(next);
                break;
            };
            self.pace.begun();
            let claimed = Claimed::new(next.job, next.hold, hand).telling(&self.parts.store, self.queue);
            if out.send(claimed).await.is_err() {
                return false;
            }
        }
        true
    }

    /// Offers the free hands to those who write jobs.
    fn offer(&self) -> (Offered, mpsc::UnboundedReceiver<Given>) {
        let (out, given) = mpsc::unbounded_channel();
        let offered = self.parts.store.offer_hands(Offer {
            queue: self.queue,
            worker: self.parts.worker.clone(),
            lease_ms: self.parts.config.lease_ms(),
            hands: self.slots.clone(),
            is_drained: self.is_drained.clone(),
            out,
        });
        (offered, given)
    }

    /// Gives a job to the hand that took it when it was written; false when nobody takes it any more.
    async fn hand_over(&mut self, given: Given, out: &mpsc::Sender<Claimed>) -> bool {
        let Given { job, hand, since } = given;
        self.pace.begun();
        let hold = self.parts.held.hold(&job.lease, since);
        out.send(Claimed::new(job, hold, hand).telling(&self.parts.store, self.queue)).await.is_ok()
    }

    /// Tells whether a new job is the next one.
    fn tell_drained(&self) {
        let is_drained = self.drained_until.is_some() && self.ahead.is_empty() && self.claiming.is_none();
        self.is_drained.store(is_drained, Ordering::Release);
    }

    /// Whether a hand is waited for; while nothing waits for one, all of them are offered.
    fn wants_hand(&self) -> bool {
        self.hand.is_none() && (self.drained_until.is_none() || !self.ahead.is_empty())
    }

    /// Begins a claim when hands are free, or when half of what was taken ahead is gone.
    fn claim_if_wanted(&mut self) {
        if self.claiming.is_some() || self.drained_until.is_some() {
            return;
        }
        let free = self.slots.available_permits() + usize::from(self.hand.is_some());
        let busy = self.parts.config.concurrency().saturating_sub(free);
        let likely = self.pace.in_time(Instant::now(), busy, AHEAD).min(AHEAD_MAX);
        // What waits here would use up limits that are counted over all processes.
        let ahead = if self.parts.store.job_limits_apply(self.queue) { 0 } else { likely };
        if free == 0 && self.ahead.len() * 2 >= ahead {
            return;
        }
        let asked = (free + ahead).saturating_sub(self.ahead.len());
        if asked > 0 {
            let claiming = claim(self.parts.clone(), self.queue, asked).boxed();
            self.claiming = Some((claiming, asked));
        }
    }

    fn take(&mut self, claimed: Option<Vec<Waiting>>) {
        let asked = self.claiming.take().map_or(0, |(_, asked)| asked);
        let Some(claimed) = claimed else { return };
        self.drained_until = (claimed.len() < asked).then(|| Instant::now() + self.parts.config.poll());
        self.ahead.extend(claimed);
        if self.ahead.is_empty() && self.drained_until.is_some() {
            self.hand = None;
        }
    }

    /// The jobs have become slow: what waits goes back, for whoever is idle.
    fn give_back_stale(&mut self) {
        let fresh = self.ahead.iter().position(|waiting| waiting.since.elapsed() < STALE_AFTER);
        let stale: Vec<Waiting> = self.ahead.drain(..fresh.unwrap_or(self.ahead.len())).collect();
        self.pace.slow_down(Instant::now());
        self.give_back(stale);
    }

    fn give_back(&mut self, jobs: Vec<Waiting>) {
        for waiting in jobs {
            self.going_back.spawn(give_back(waiting, self.parts.committer.clone()));
        }
        while self.going_back.try_join_next().is_some() {}
    }

    /// Waits for the claim under way, and for the transactions that write jobs as taken.
    async fn give_back_all(mut self, mut given: mpsc::UnboundedReceiver<Given>) {
        if let Some((claiming, _)) = self.claiming.take() {
            self.ahead.extend(claiming.await.into_iter().flatten());
        }
        let rest = self.ahead.drain(..).collect();
        self.give_back(rest);
        while let Some(Given { job, since, .. }) = given.recv().await {
            let hold = self.parts.held.hold(&job.lease, since);
            self.give_back(vec![Waiting { job, hold, since: Instant::now() }]);
        }
        while self.going_back.join_next().await.is_some() {}
    }
}

/// Gives back a job that was not begun. Its lease is renewed until that is written.
async fn give_back(waiting: Waiting, committer: Committer) {
    let lease = waiting.job.lease.clone();
    if let Err(error) = committer.commit(Report::HandBack(lease)).await {
        let job = waiting.job.lease.job_id;
        tracing::info!(job.id = %job, %error, "a job is not handed back; its lease will run out");
    }
    drop(waiting.hold);
}

/// Claims, patiently; none when the stop is asked for meanwhile.
async fn claim(parts: Parts, queue: Queue, asked: usize) -> Option<Vec<Waiting>> {
    let mut patience = Patience::new();
    loop {
        let since = Instant::now();
        match try_claim(&parts, queue, asked).await {
            Ok(claimed) => {
                let held = claimed.into_iter().map(|job| {
                    let hold = parts.held.hold(&job.lease, since);
                    Waiting { job, hold, since: Instant::now() }
                });
                return Some(held.collect());
            }
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

async fn try_claim(parts: &Parts, queue: Queue, asked: usize) -> Result<Vec<ClaimedJob>, Error> {
    let claim = Claim {
        queue,
        slots: u32::try_from(asked).unwrap_or(u32::MAX),
        worker: &parts.worker,
        lease_ms: parts.config.lease_ms(),
    };
    jobs::claim_now(&parts.store, &claim).await
}
