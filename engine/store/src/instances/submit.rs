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

use std::cmp::max;

use sealflow_core::{
    Actor, DefinitionHash, Effect, Event, EventId, EventKind, Rejection, State, Timestamp, ids::InstanceId,
};

use super::{
    GET, Instance, LOCK_POSTGRES, NewEvent, Row, StartInstance, Submitted, Summary, effects,
    history::{self, Disposition, Entry},
};
use crate::{
    Tx,
    db::{
        Commit,
        row::{to_i64, to_json},
    },
    definitions, timers,
};

/// The longest event id, in characters.
pub const EVENT_ID_LENGTH_MAX: usize = 128;
/// The longest kind or id of a subject, in characters.
const SUBJECT_LENGTH_MAX: usize = 64;

const UPDATE: &str = include_str!("update.sql");
const INSERT: &str = include_str!("insert.sql");

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
    check_event_id(&new.event_id)?;
    let fits = |text: &str| !text.is_empty() && text.chars().count() <= SUBJECT_LENGTH_MAX;
    if !fits(&new.subject.kind) || !fits(&new.subject.id) {
        return Err(Error::BadSubject);
    }
    if let Some(known) = known_start(tx, new).await? {
        return Ok(known);
    }
    let definition = definitions::get(tx, &new.definition)
        .await?
        .ok_or_else(|| Error::UnknownDefinition(new.definition.clone()))?;
    let event = stamped(new.event_id.clone(), new.actor.clone(), EventKind::Started, now);
    let (state, wanted) =
        sealflow_core::start(&definition, new.input.clone(), &event).map_err(Error::Rejected)?;
    if !insert(tx, new, &state, now).await? {
        // Somebody else inserted it since we looked.
        return known_start(tx, new).await?.ok_or(Error::Conflict(new.id));
    }
    let step = Step { event, state: &state, effects: &wanted, seq: 1 };
    step.write(tx, new.id).await
}

async fn known_start(tx: &mut Tx, new: &StartInstance) -> Result<Option<Submitted>, Error> {
    let first = history::list(tx.conn(), new.id, 0, 1).await?;
    match first.into_iter().next() {
        None => Ok(None),
        Some(entry) if entry.event.id == new.event_id && entry.event.actor == new.actor => {
            Ok(Some(entry.into_submitted()))
        }
        Some(_) => Err(Error::AlreadyStarted(new.id)),
    }
}

async fn insert(tx: &mut Tx, new: &StartInstance, state: &State, now: Timestamp) -> Result<bool, Error> {
    let inserted = sqlx::query(INSERT)
        .bind(new.id.to_string())
        .bind(&new.definition.0)
        .bind(&new.subject.kind)
        .bind(&new.subject.id)
        .bind(to_json("an instance's state", state)?)
        .bind(state.status())
        .bind(state.outcome())
        .bind(now.as_ms())
        .bind(state.is_final().then_some(now.as_ms()))
        .execute(tx.conn())
        .await?;
    Ok(inserted.rows_affected() == 1)
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
    check_event_id(&event.id)?;
    let instance = lock(tx, id).await?.ok_or(Error::UnknownInstance(id))?;
    if let Some(known) = history::find(tx.conn(), id, &event.id).await? {
        if !same_intent(&known.event, &event) {
            return Err(Error::EventIdReused(event.id.0));
        }
        return Ok(known.into_submitted());
    }
    let definition = definitions::get(tx, &instance.definition)
        .await?
        .ok_or_else(|| Error::UnknownDefinition(instance.definition.clone()))?;
    // Clocks may be set back; a history is never.
    let event = stamped(event.id, event.actor, event.kind, max(now, instance.updated_at));
    if let EventKind::TimerFired { key, generation } = &event.kind {
        timers::fired(tx, id, key, *generation).await?;
    }
    let seq = instance.seq + 1;
    match sealflow_core::step(&definition, &instance.state, &event) {
        Ok((state, wanted)) => {
            update(tx, &instance, &state, event.at).await?;
            Step { event, state: &state, effects: &wanted, seq }.write(tx, id).await
        }
        Err(rejection) if rejection.is_stale() => {
            tracing::info!(instance.id = %id, rule = rejection.code(), "an event came too late and is ignored");
            update(tx, &instance, &instance.state, event.at).await?;
            ignore(tx, &instance, event, seq).await
        }
        Err(rejection) => Err(Error::Rejected(rejection)),
    }
}

async fn lock(tx: &mut Tx, id: InstanceId) -> Result<Option<Instance>, Error> {
    let statement = tx.store().dialect().pick(GET, LOCK_POSTGRES);
    let row: Option<Row> = sqlx::query_as(statement).bind(id.to_string()).fetch_optional(tx.conn()).await?;
    Ok(row.map(Instance::try_from).transpose()?)
}

async fn update(tx: &mut Tx, instance: &Instance, state: &State, at: Timestamp) -> Result<(), Error> {
    let finished_at = instance.finished_at.or_else(|| state.is_final().then_some(at));
    let updated = sqlx::query(UPDATE)
        .bind(instance.id.to_string())
        .bind(to_i64(instance.seq))
        .bind(to_json("an instance's state", state)?)
        .bind(state.status())
        .bind(state.outcome())
        .bind(at.as_ms())
        .bind(finished_at.map(Timestamp::as_ms))
        .execute(tx.conn())
        .await?;
    if updated.rows_affected() == 0 { Err(Error::Conflict(instance.id)) } else { Ok(()) }
}

async fn ignore(tx: &mut Tx, instance: &Instance, event: Event, seq: u64) -> Result<Submitted, Error> {
    let entry = Entry {
        seq,
        event,
        disposition: Disposition::Ignored,
        status: instance.status.clone(),
        effects: Summary::default(),
    };
    history::append(tx, instance.id, &entry).await?;
    tx.label(Commit::Submit);
    Ok(Submitted { duplicate: false, ..entry.into_submitted() })
}

/// A step that was taken.
struct Step<'a> {
    event: Event,
    state: &'a State,
    effects: &'a [Effect],
    seq: u64,
}

impl Step<'_> {
    async fn write(self, tx: &mut Tx, id: InstanceId) -> Result<Submitted, Error> {
        let at = self.event.at;
        let entry = Entry {
            seq: self.seq,
            event: self.event,
            disposition: Disposition::Applied,
            status: self.state.status().to_owned(),
            effects: Summary::of(self.effects),
        };
        history::append(tx, id, &entry).await?;
        effects::apply(tx, id, self.state, at, self.effects).await?;
        tx.label(Commit::Submit);
        Ok(Submitted { duplicate: false, ..entry.into_submitted() })
    }
}

fn check_event_id(id: &EventId) -> Result<(), Error> {
    if id.0.is_empty() || id.0.chars().count() > EVENT_ID_LENGTH_MAX {
        Err(Error::BadEventId)
    } else {
        Ok(())
    }
}

fn stamped(id: EventId, actor: Actor, kind: EventKind, at: Timestamp) -> Event {
    Event { id, at, random: rand::random(), actor, kind }
}

/// Whether a second delivery means the same. The data is not compared: a repeated request may carry it again in
/// another form, and the first one counts.
fn same_intent(known: &Event, new: &NewEvent) -> bool {
    let same_kind = match (&known.kind, &new.kind) {
        (EventKind::Started, EventKind::Started) => true,
        (EventKind::Action { name: a, item: i, .. }, EventKind::Action { name: b, item: j, .. }) => {
            a == b && i == j
        }
        (EventKind::JobResult { key: a, .. }, EventKind::JobResult { key: b, .. }) => a == b,
        (
            EventKind::TimerFired { key: a, generation: g },
            EventKind::TimerFired { key: b, generation: h },
        ) => a == b && g == h,
        _ => false,
    };
    same_kind && known.actor == new.actor
}
