//! Why events were refused: the last ones of each instance, for those who ask why nothing happened.
//!
//! A refused event writes nothing in its own transaction, which is rolled back. So it is noted in memory and written
//! soon after, in a transaction of its own; many at once are one row with a count. When the process ends in between, a
//! note is lost and nothing else.

use std::sync::{Mutex, PoisonError};

use sealflow_core::{Actor, Event, EventKind, Rejection, Timestamp, ids::InstanceId};

use crate::{Conn, Error, Store, db::row::to_u64};

/// How many rows an instance keeps.
pub const KEPT_MAX: i64 = 20;
/// How many notes wait to be written; more are dropped.
const PENDING_MAX: usize = 256;
/// The longest text that is kept, in characters.
const TEXT_CHARS_MAX: usize = 300;

/// An event that was refused, once or several times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// `action`, `job_result` or `timer_fired`.
    pub event_kind: String,
    /// The action's name, the job's outcome or the timer's key.
    pub name: String,
    /// The rule's code.
    pub rule: String,
    /// The rule in words.
    pub detail: String,
    /// `system`, `clock`, `worker`, or a person's id.
    pub actor: String,
    /// How often.
    pub times: u64,
    /// When first.
    pub first_at: Timestamp,
    /// When last.
    pub last_at: Timestamp,
}

#[derive(Debug, Clone)]
struct Note {
    instance_id: InstanceId,
    refusal: Refusal,
}

/// Notes that are not written yet.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    inner: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    notes: Vec<Note>,
    /// Somebody is writing, and looks again before stopping.
    writing: bool,
}

impl Pending {
    /// Whether the caller must begin to write.
    fn push(&self, note: Note) -> bool {
        let mut waiting = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let same =
            |other: &&mut Note| other.instance_id == note.instance_id && other.refusal.is_like(&note.refusal);
        let room = waiting.notes.len() < PENDING_MAX;
        match waiting.notes.iter_mut().find(same) {
            Some(known) => {
                known.refusal.times += 1;
                known.refusal.last_at = note.refusal.last_at;
            }
            None if room => waiting.notes.push(note),
            None => {}
        }
        !std::mem::replace(&mut waiting.writing, true)
    }

    /// Everything that waits; with nothing, the writer may stop.
    fn take(&self) -> Vec<Note> {
        let mut waiting = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let notes = std::mem::take(&mut waiting.notes);
        waiting.writing = !notes.is_empty();
        notes
    }
}

impl Refusal {
    fn is_like(&self, other: &Self) -> bool {
        self.event_kind == other.event_kind
            && self.name == other.name
            && self.rule == other.rule
            && self.detail == other.detail
            && self.actor == other.actor
    }

    fn of(event: &Event, rejection: &Rejection) -> Self {
        let (event_kind, name) = match &event.kind {
            EventKind::Action { name, .. } => ("action", name.as_str()),
            EventKind::JobResult { outcome, .. } => ("job_result", outcome.as_str()),
            EventKind::TimerFired { key, .. } => ("timer_fired", key.as_str()),
            EventKind::Started => ("started", ""),
            EventKind::Migrated { .. } => ("migrated", ""),
        };
        let actor = match &event.actor {
            Actor::System => "system".to_owned(),
            Actor::Clock => "clock".to_owned(),
            Actor::Worker => "worker".to_owned(),
            Actor::Person { id, .. } | Actor::Operator { id } => id.to_string(),
        };
        Self {
            event_kind: event_kind.to_owned(),
            name: known_word(name),
            rule: rejection.code().to_owned(),
            detail: short(&detail(rejection)),
            actor,
            times: 1,
            first_at: event.at,
            last_at: event.at,
        }
    }
}

/// What a caller sends as a name may be anything; only what can be a name is kept.
fn known_word(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '/' | ':' | '@' | '.' | '#');
    if name.chars().all(plain) && name.len() <= TEXT_CHARS_MAX { name.to_owned() } else { "?".to_owned() }
}

fn detail(rejection: &Rejection) -> String {
    match rejection {
        Rejection::UnknownActionHere { state, .. } => format!("it is not possible in `{state}`"),
        Rejection::UnknownItem { .. } => "there is no such item now".to_owned(),
        Rejection::WrongPerson { .. } => "it is for somebody else".to_owned(),
        other => match std::error::Error::source(other) {
            Some(source) => format!("{other}: {source}"),
            None => other.to_string(),
        },
    }
}

fn short(text: &str) -> String {
    text.chars().take(TEXT_CHARS_MAX).collect()
}

/// Notes a refusal; it is written soon.
pub(crate) fn note(store: &Store, instance_id: InstanceId, event: &Event, rejection: &Rejection) {
    let note = Note { instance_id, refusal: Refusal::of(event, rejection) };
    if !store.refusals().push(note) {
        return;
    }
    let store = store.clone();
    tokio::spawn(async move {
        loop {
            let notes = store.refusals().take();
            if notes.is_empty() {
                return;
            }
            if let Err(error) = write(&store, &notes).await {
                tracing::warn!(error = &error as &dyn std::error::Error, "refusals could not be written");
            }
        }
    });
}

async fn write(store: &Store, notes: &[Note]) -> Result<(), Error> {
    let mut tx = store.begin().await?;
    for Note { instance_id, refusal } in notes {
        sqlx::query(include_str!("refusals/upsert.sql"))
            .bind(instance_id.to_string())
            .bind(&refusal.event_kind)
            .bind(&refusal.name)
            .bind(&refusal.rule)
            .bind(&refusal.detail)
            .bind(&refusal.actor)
            .bind(i64::try_from(refusal.times).unwrap_or(i64::MAX))
            .bind(refusal.first_at.as_ms())
            .bind(refusal.last_at.as_ms())
            .execute(tx.conn())
            .await?;
        sqlx::query(include_str!("refusals/prune.sql"))
            .bind(instance_id.to_string())
            .bind(KEPT_MAX)
            .execute(tx.conn())
            .await?;
    }
    tx.commit().await
}

#[derive(sqlx::FromRow)]
struct Row {
    event_kind: String,
    name: String,
    rule: String,
    detail: String,
    actor: String,
    times: i64,
    first_at_ms: i64,
    last_at_ms: i64,
}

/// The refusals of an instance, the newest first.
///
/// # Errors
/// When the database cannot be reached.
pub async fn of_instance(conn: &mut Conn, id: InstanceId) -> Result<Vec<Refusal>, Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "select event_kind, name, rule, detail, actor, times, first_at_ms, last_at_ms from refusals \
         where instance_id = $1 order by last_at_ms desc, name limit $2",
    )
    .bind(id.to_string())
    .bind(KEPT_MAX)
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Refusal {
                event_kind: row.event_kind,
                name: row.name,
                rule: row.rule,
                detail: row.detail,
                actor: row.actor,
                times: to_u64("a refusal's count", row.times)?,
                first_at: Timestamp(row.first_at_ms),
                last_at: Timestamp(row.last_at_ms),
            })
        })
        .collect()
}
