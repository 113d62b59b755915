//! The only way an instance changes.
//!
//! ```text
//! lock the row ─ seen this event? ─ core::step ─ compare-and-set ─ history ─ timers, tasks, jobs
//!                     │                 │
//!                     │                 ├ stale job or timer: kept in the history as ignored
//!                     │                 └ refused: nothing is written
//!                     └ answer what came of it then
//! ```
//!
//! All of it is one transaction, the caller's. Time and randomness are drawn here and kept with the event, so that a
//! history replays to the same state.

use sealflow_core::{DefinitionHash, Rejection, Timestamp, ids::InstanceId};

use super::{
    NewEvent, StartInstance, Submitted,
    batch::{Awaited, Batch, SUBJECT_LENGTH_MAX},
};
use crate::Tx;

pub use super::batch::EVENT_ID_LENGTH_MAX;

/// Why an event changed nothing.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No instance has this id.
    #[error("there is no instance {0}")]
    UnknownInstance(InstanceId),
    /// No definition has this hash.
    #[error("there is no definition {0}")]
    UnknownDefinition(DefinitionHash),
    /// Another start, with another event id, was first.
    #[error("the instance {0} was started before")]
    AlreadyStarted(InstanceId),
    /// The event's id is empty or longer than [`EVENT_ID_LENGTH_MAX`].
    #[error("an event's id has 1 to {EVENT_ID_LENGTH_MAX} characters")]
    BadEventId,
    /// The subject's kind or id is empty or too long.
    #[error("a subject's kind and id have 1 to {SUBJECT_LENGTH_MAX} characters each")]
    BadSubject,
    /// The id was used for something else, or by somebody else.
    #[error("the event id {0:?} was used for another event")]
    EventIdReused(String),
    /// A rule of the definition refuses it.
    #[error("the definition refuses the event")]
    Rejected(#[source] Rejection),
    /// Another writer was quicker; the same call may succeed now.
    #[error("the instance {0} was changed at the same time")]
    Conflict(InstanceId),
    /// The database.
    #[error(transparent)]
    Store(#[from] crate::Error),
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

impl Error {
    /// Whether the same call, in a new transaction, may succeed.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Conflict(_) => true,
            Self::Store(error) => error.is_transient(),
            _ => false,
        }
    }
}

/// Starts an instance. A repeated start answers the first one's result.
///
/// # Errors
/// See [`Error`]; nothing is written then.
pub async fn start(tx: &mut Tx, new: &StartInstance) -> Result<Submitted, Error> {
    let now = tx.now();
    start_at(tx, new, now).await
}

/// Like [`start`], at a time given by the caller: for tests of what time does.
///
/// # Errors
/// See [`start`].
pub async fn start_at(tx: &mut Tx, new: &StartInstance, now: Timestamp) -> Result<Submitted, Error> {
    match try_start(tx, new, now).await {
        // Somebody else inserted it since we looked; nothing was written.
        Err(Error::Conflict(_)) => try_start(tx, new, now).await,
        result => result,
    }
}

async fn try_start(tx: &mut Tx, new: &StartInstance, now: Timestamp) -> Result<Submitted, Error> {
    let awaited = Awaited { instance_id: new.id, event_id: Some(new.event_id.clone()) };
    let mut batch = Batch::load(tx, &[awaited]).await?;
    batch.learn(tx, &new.definition).await?;
    let submitted = batch.start(new, now)?;
    batch.write(tx).await?;
    Ok(submitted)
}

/// Takes an instance one step further. An event that was submitted before answers what came of it then.
///
/// # Errors
/// See [`Error`]; nothing is written then.
pub async fn submit(tx: &mut Tx, id: InstanceId, event: NewEvent) -> Result<Submitted, Error> {
    let now = tx.now();
    submit_at(tx, id, event, now).await
}

/// Like [`submit`], at a time given by the caller: for tests of what time does.
///
/// # Errors
/// See [`submit`].
pub async fn submit_at(
    tx: &mut Tx,
    id: InstanceId,
    event: NewEvent,
    now: Timestamp,
) -> Result<Submitted, Error> {
    let awaited = Awaited { instance_id: id, event_id: Some(event.id.clone()) };
    let mut batch = Batch::load(tx, &[awaited]).await?;
    let submitted = batch.submit(id, event, now)?;
    batch.write(tx).await?;
    Ok(submitted)
}

/// Submits events of any instances together: the same as one after the other, at the price of little more than one. A
/// refused one changes nothing and does not touch the others.
///
/// # Errors
/// When nothing of them was written; the transaction must be rolled back then. What became of each event is told apart.
pub async fn submit_many(
    tx: &mut Tx,
    events: Vec<(InstanceId, NewEvent)>,
) -> Result<Vec<Result<Submitted, Error>>, Error> {
    let awaited: Vec<Awaited> = events
        .iter()
        .map(|(id, event)| Awaited { instance_id: *id, event_id: Some(event.id.clone()) })
        .collect();
    let mut batch = Batch::load(tx, &awaited).await?;
    let now = tx.now();
    let submitted = events.into_iter().map(|(id, event)| batch.submit(id, event, now)).collect();
    batch.write(tx).await?;
    Ok(submitted)
}
