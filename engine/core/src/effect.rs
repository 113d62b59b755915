//! What a step asks the store to do, in the same transaction as the new state.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Timestamp, ids::PersonId};

/// One thing to do after a step. Every effect of an instance has a key that no other effect of it ever has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "snake_case")]
pub enum Effect {
    /// Insert a job.
    StartJob(JobRequest),
    /// The instance no longer waits for this job: a job not yet started is not run.
    CancelJob { key: String },
    /// Set a timer, or move it when the key is known.
    SetTimer(TimerRequest),
    /// Drop a timer.
    CancelTimer { key: String },
    /// A person has something to do.
    OpenTask(TaskRequest),
    /// It is done, or no longer wanted.
    CloseTask { key: String },
    /// Something is wrong that an operator has to decide.
    OpenIncident(IncidentRequest),
    /// It is decided, or no longer matters.
    CloseIncident { key: String },
    /// The instance reached a final state.
    Finish { outcome: String },
}

/// A job that the instance waits for (or, with `detached`, only starts).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobRequest {
    /// Unique within the instance for ever, for example `notify/<recipient>`.
    pub key: String,
    /// Which handler: `send_sms`, `stamp_signature`, …
    pub kind: String,
    /// The handler's input.
    pub payload: Value,
    /// The item of an `each` that it serves.
    pub item: Option<String>,
}

/// A timer of the instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimerRequest {
    /// Unique within the instance.
    pub key: String,
    /// Raised each time the key is set; a fired timer of an older generation does nothing.
    pub generation: u64,
    /// When it is due.
    pub due_at: Timestamp,
}

/// Something that a person has to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskRequest {
    /// Unique within the instance.
    pub key: String,
    /// Which form: `agreement`, `reading`, `sign`, …
    pub form: String,
    /// Who may do it.
    pub assignee: PersonId,
    /// The item of an `each` (a recipient's id) that it belongs to.
    pub item: Option<String>,
    /// Until when, when it has a deadline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Timestamp>,
}

/// Something that an operator has to decide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentRequest {
    /// Unique within the instance.
    pub key: String,
    /// What is wrong.
    pub reason: String,
    /// The item of an `each` (a recipient's id) that it belongs to.
    pub item: Option<String>,
}
