//! What the test and the engine under test say to each other: one JSON text a line.

use sealflow_core::{
    DefinitionHash,
    ids::{InstanceId, PersonId},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How an engine is started: its one argument.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Settings {
    /// The database.
    pub database_url: String,
    /// The folder of the blobs.
    pub blobs_dir: std::path::PathBuf,
    /// Where the bank answers.
    pub bank: String,
    /// How far its clock is from the database's.
    pub shift_ms: i64,
    /// How long a job is leased.
    pub lease_ms: u64,
    /// How often it looks when nothing wakes it.
    pub poll_ms: u64,
    /// Jobs at a time in each queue.
    pub concurrency: usize,
    /// How long a call of the bank may take.
    pub call_timeout_ms: u64,
    /// How long a job may take.
    pub time_limit_ms: u64,
}

impl Settings {
    /// Quick in everything but polling: what is signalled must not need it, and it costs more than the work.
    #[must_use]
    pub fn new(store: &sealflow_store::Config, bank: &str) -> Self {
        Self {
            database_url: store.database_url.clone(),
            blobs_dir: store.blobs_dir.clone(),
            bank: bank.to_owned(),
            shift_ms: 0,
            lease_ms: 10_000,
            poll_ms: 500,
            concurrency: 4,
            call_timeout_ms: 250,
            time_limit_ms: 60_000,
        }
    }
}

/// A command, with a number by which its reply is found.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Request {
    /// Given back in the reply.
    pub id: u64,
    /// What to do.
    pub command: Command,
}

/// What an engine can be asked for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Command {
    /// Starts an instance.
    Start {
        /// Drawn by the test.
        instance: InstanceId,
        /// What it runs.
        definition: DefinitionHash,
        /// What it starts from.
        input: Value,
        /// For de-duplication.
        event_id: String,
        /// Who starts it.
        person: PersonId,
    },
    /// Somebody does something.
    Act {
        /// Where.
        instance: InstanceId,
        /// For de-duplication.
        event_id: String,
        /// Who.
        person: PersonId,
        /// The action.
        name: String,
        /// The item of an `each`.
        item: Option<String>,
        /// What is entered.
        data: Value,
    },
    /// Moves its clock.
    Clock {
        /// From the database's.
        shift_ms: i64,
    },
}

/// The answer to a request.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Reply {
    /// The request's number.
    pub id: u64,
    /// What came of it.
    pub answer: Answer,
}

/// What came of a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    /// Committed.
    Done {
        /// It had been there before.
        duplicate: bool,
    },
    /// A rule refuses it; nothing was written.
    Refused {
        /// Which.
        why: String,
    },
    /// The database failed: whether it was committed is not known.
    Unknown {
        /// How.
        why: String,
    },
}
