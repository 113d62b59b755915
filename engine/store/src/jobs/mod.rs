//! The job table: what is slow or outside, done by workers, at least once and never lost.
//!
//! A job is inserted in the transaction that wants it. A worker claims it with a lease (token and time), renews the
//! lease while it works, and writes the result only while the lease is its own. Whoever dies loses the lease, and the
//! job is taken up again. Attempts are counted when a job is claimed, so that one that kills its worker ends as `dead`.
//!
//! ```text
//!            insert                claim                 complete
//!              │                     │                      │
//!              ▼                     ▼                      ▼
//!          available ───────────► running ──────────────► done
//!           │  ▲  ▲                │  │
//!   cancel  │  │  └── retry, wait, ┘  │ bury, attempts used up
//!           ▼  │       lease lost     ▼
//!      cancelled └────── retry ────  dead
//! ```
//!
//! While its queue is empty, a free hand of the process takes a job with the transaction that inserts it (`offers.rs`).
//!
//! Functions take `now` as an argument; production code passes [`Tx::now`](crate::Tx::now).

mod ack;
mod backoff;
mod budgets;
mod cache;
mod claim;
mod claim_limited;
mod dead;
mod insert;
mod kept;
mod kinds;
mod lease;
mod limits;
mod list;
mod offers;
mod ops;
mod round;
mod throttle;
mod window;

use sealflow_core::{
    Timestamp,
    ids::{InstanceId, JobId},
};
use serde_json::Value;

pub use ack::{
    AckError, Complete, CompleteError, Failure, Released, bury, complete, complete_plain, hand_back,
    mark_outside_call, retry_later, wait_until,
};
pub use backoff::{ErrorClass, delay_ms};
pub(crate) use cache::{Cache as LimitsCache, Changing as ChangingLimits};
pub use claim::{Claim, claim, claim_now};
pub use dead::{DeadFilter, DiscardError, RETRY_ALL_MAX, discard, retry_all_dead};
pub use insert::{NewJob, insert, insert_all};
pub(crate) use insert::{NewRow, cancel_many, insert_many, wake_many};
pub use kept::{keep, kept};
pub use kinds::{Concurrency, Kind, Provider, Queue, Traits};
pub use lease::{Reaped, reap, renew};
pub use limits::{ConfiguredLimits, Limits, Scope, SetBy, apply_configured, set_rate, set_slots};
pub use list::{Filter, JobSummary, PAGE_SIZE_MAX, Page, get, list, of_instance};
pub use offers::{Given, Offer, Offered};
pub(crate) use offers::{Offers, Reserved, reserve};
pub use ops::{QueueStats, RetryDeadError, delete_finished, pause, queue_stats, resume, retry_dead};
pub use round::{Round, StartedJob};

pub use throttle::{ProviderStats, SlotLimit, provider_stats, slot_limits, throttled};
pub use window::Rate;

use crate::text_enum::text_enum;

text_enum! {
    /// Where a job is in its life.
    State ("state of a job") {
        /// Waits for a worker, perhaps not before a time.
        Available = "available",
        /// A worker holds the lease.
        Running = "running",
        /// Its result is written.
        Done = "done",
        /// Gave up; waits for a person.
        Dead = "dead",
        /// Nobody wants it any more; it never ran.
        Cancelled = "cancelled",
    }
}

/// How the reason of a job begins that waits for the timestamp authority; people who wait for it are told.
pub const WAITS_FOR_TIMESTAMP: &str = "waits for the timestamp authority";
/// The same for the token where signers' keys are made.
pub const WAITS_FOR_KEY: &str = "waits for the token of the signing keys";
/// The same for the authority that certifies them.
pub const WAITS_FOR_CA: &str = "waits for the certification authority";

/// The right to write a job's result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Which job.
    pub job_id: JobId,
    /// Drawn when it was claimed.
    pub token: String,
}

/// A job in a worker's hands.
#[derive(Debug, Clone)]
pub struct ClaimedJob {
    /// The right to write its result.
    pub lease: Lease,
    /// How often it was claimed: tells this lease from an earlier one in logs.
    pub lease_epoch: u64,
    /// Its key; never used twice, so also good as a key towards vendors.
    pub key: String,
    /// The kind's word, as it was inserted. It may be one that this version does not know.
    pub kind: String,
    /// The handler's input, as it was inserted.
    pub payload: String,
    /// From 1; this one included.
    pub attempt: u32,
    /// After how many it is dead.
    pub max_attempts: u32,
    /// When an earlier attempt was about to call outside: what came of it must be asked first.
    pub earlier_outside_call_at: Option<Timestamp>,
    /// The instance that asked for it.
    pub instance_id: Option<InstanceId>,
    /// Whether that instance waits for the result.
    pub awaited: bool,
    /// The item of an `each` that it serves.
    pub item: Option<String>,
}

impl ClaimedJob {
    /// The key as the instance's definition knows it.
    #[must_use]
    pub fn key_in_instance(&self) -> Option<&str> {
        key_in(self.instance_id?, &self.key)
    }
}

/// The key in the table of a job that an instance asked for.
pub(crate) fn key_of(instance_id: InstanceId, key: &str) -> String {
    format!("{instance_id}/{key}")
}

/// The key as the instance's definition knows it.
fn key_in(instance_id: InstanceId, key: &str) -> Option<&str> {
    key.strip_prefix(&instance_id.to_string())?.strip_prefix('/')
}

/// What a worker found, as the instance is told.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The outcome's name, as in the definition's `on`.
    pub name: String,
    /// What was found.
    pub data: Value,
}
