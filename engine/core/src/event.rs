//! What can happen to an instance. Nothing else changes one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    Timestamp,
    definition::DefinitionHash,
    ids::{OrganizationId, PersonId},
};

/// Names one happening, so that a second delivery of it changes nothing. At most 128 characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventId(pub String);

/// Who caused an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Actor {
    /// The platform itself.
    System,
    /// A due timer.
    Clock,
    /// A job that reports its result.
    Worker,
    /// Who runs the platform: only the platform's own operators are ever this actor.
    Operator { id: PersonId },
    /// A person, for himself or for an organization.
    Person { id: PersonId, acting_as: Option<OrganizationId> },
}

/// One happening, with the time and the randomness that the step may use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// For de-duplication.
    pub id: EventId,
    /// When the store accepted it, by the database's clock.
    pub at: Timestamp,
    /// Drawn once by the store; the only source of randomness of a step.
    pub random: u64,
    /// Who caused it.
    pub actor: Actor,
    /// What happened.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum EventKind {
    /// The first event of every instance.
    Started,
    /// Somebody did something: `accept`, `confirm`, `decline`, `withdraw`, …
    Action {
        /// The action's name, as in the definition's `on`.
        name: String,
        /// The item of an `each` that it concerns (a recipient's id), if it does.
        item: Option<String>,
        /// What was entered; checked against the definition's guards.
        data: Value,
    },
    /// A job that this instance asked for has ended.
    JobResult {
        /// The key of the `JobRequest`.
        key: String,
        /// The outcome's name, as in the definition's `on`.
        outcome: String,
        /// What the job found.
        data: Value,
    },
    /// A timer that this instance set is due.
    TimerFired {
        /// The key of the `TimerRequest`.
        key: String,
        /// The generation of the `TimerRequest`; an older one does nothing.
        generation: u64,
    },
    /// It goes on under another definition; see [`crate::migrate`].
    Migrated {
        /// The new definition.
        to: DefinitionHash,
        /// Which state took the place of which, where the paths differ.
        states: BTreeMap<String, String>,
    },
}
