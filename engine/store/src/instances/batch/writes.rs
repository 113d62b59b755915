//! What a batch writes: the rows of each table, gathered over all its events.

use std::collections::BTreeMap;

use sealflow_core::{
    Effect, IncidentRequest, State, TaskRequest, TimerRequest, Timestamp,
    ids::{InstanceId, JobId},
};
use serde::Serialize;

use super::{Error, Loaded};
use crate::{
    Tx,
    db::{
        many::{
            Column::{Number, Text},
            Many,
        },
        row::{to_i64, to_json},
        together::Together,
    },
    incidents,
    instances::history::Entry,
    jobs::{self, ClaimedJob, NewRow},
    tasks::{self, TaskRow},
    timers::{self, TimerRow},
};

static INSERT: Many = Many::new(
    include_str!("insert.sql"),
    &[
        ("id", Text),
        ("definition_hash", Text),
        ("subject_kind", Text),
        ("subject_id", Text),
        ("state", Text),
        ("status", Text),
        ("seq", Number),
        ("outcome", Text),
        ("created_at_ms", Number),
        ("updated_at_ms", Number),
        ("finished_at_ms", Number),
    ],
);
static UPDATE: Many = Many::new(
    include_str!("update.sql"),
    &[
        ("id", Text),
        ("state", Text),
        ("status", Text),
        ("seq", Number),
        ("stored_seq", Number),
        ("outcome", Text),
        ("updated_at_ms", Number),
        ("finished_at_ms", Number),
    ],
);
static APPEND: Many = Many::new(
    include_str!("append.sql"),
    &[
        ("instance_id", Text),
        ("seq", Number),
        ("event_id", Text),
        ("at_ms", Number),
        ("event", Text),
        ("disposition", Text),
        ("status", Text),
        ("effects", Text),
    ],
);

#[derive(Serialize)]
struct InstanceRow<'a> {
    id: String,
    definition_hash: &'a str,
    subject_kind: &'a str,
    subject_id: &'a str,
    state: String,
    status: &'a str,
    seq: i64,
    stored_seq: i64,
    outcome: Option<&'a str>,
    created_at_ms: i64,
    updated_at_ms: i64,
    finished_at_ms: Option<i64>,
}

#[derive(Debug, Serialize)]
struct HistoryRow {
    instance_id: String,
    seq: i64,
    event_id: String,
    at_ms: i64,
    event: String,
    disposition: &'static str,
    status: String,
    effects: String,
}

/// The last word about a timer, a task or an incident.
#[derive(Debug)]
enum Last<T> {
    There(T),
    Gone,
}

/// The rows of each table.
#[derive(Debug, Default)]
pub(super) struct Writes {
    history: Vec<HistoryRow>,
    pub(super) jobs: Vec<Started>,
    cancelled_jobs: Vec<(InstanceId, String)>,
    timers: BTreeMap<(InstanceId, String), Last<TimerRequest>>,
    /// Up to which generation a timer has fired.
    fired: BTreeMap<(InstanceId, String), u64>,
    tasks: BTreeMap<(InstanceId, String), Last<(TaskRequest, Timestamp)>>,
    incidents: BTreeMap<(InstanceId, String), Last<(IncidentRequest, Timestamp)>>,
}

/// A job that a step asked for.
#[derive(Debug)]
pub(crate) struct Started {
    pub(crate) instance_id: InstanceId,
    /// As the instance knows it.
    pub(crate) key: String,
    pub(super) row: NewRow,
    awaited: bool,
}

impl Started {
    pub(crate) fn id(&self) -> JobId {
        self.row.id
    }

    pub(crate) fn kind(&self) -> &str {
        self.row.kind()
    }

    /// Whether its instance waits for it and nobody has run it.
    pub(crate) fn is_open(&self) -> bool {
        self.awaited && self.row.is_open()
    }

    pub(crate) fn claimed(&self) -> ClaimedJob {
        self.row.claimed()
    }
}

impl Writes {
    pub(super) fn history(&mut self, id: InstanceId, entry: &Entry) -> Result<(), Error> {
        self.history.push(HistoryRow {
            instance_id: id.to_string(),
            seq: to_i64(entry.seq),
            event_id: entry.event.id.0.clone(),
            at_ms: entry.event.at.as_ms(),
            event: to_json("an event", &entry.event)?,
            disposition: entry.disposition.as_str(),
            status: entry.status.clone(),
            effects: to_json("an event's effects", &entry.effects)?,
        });
        Ok(())
    }

    /// A timer has fired: it is dropped, unless it is set anew.
    pub(super) fn fired(&mut self, id: InstanceId, key: String, generation: u64) {
        let fired = self.fired.entry((id, key)).or_default();
        *fired = generation.max(*fired);
    }

    /// What a step asked for, in order.
    pub(super) fn effects(
        &mut self,
        id: InstanceId,
        state: &State,
        (at, now): (Timestamp, Timestamp),
        effects: &[Effect],
    ) -> Result<(), Error> {
        for effect in effects {
            match effect {
                Effect::StartJob(job) => {
                    let awaited = state.waiting_jobs().any(|(key, _)| key == job.key);
                    let row = NewRow::of_request(id, job, awaited, now)?;
                    self.jobs.push(Started { instance_id: id, key: job.key.clone(), row, awaited });
                }
                Effect::CancelJob { key } => self.cancel(id, key, now),
                Effect::SetTimer(timer) => {
                    self.timers.insert((id, timer.key.clone()), Last::There(timer.clone()));
                }
                Effect::CancelTimer { key } => {
                    self.timers.insert((id, key.clone()), Last::Gone);
                }
                Effect::OpenTask(task) => {
                    self.tasks.insert((id, task.key.clone()), Last::There((task.clone(), at)));
                }
                Effect::CloseTask { key } => {
                    self.tasks.insert((id, key.clone()), Last::Gone);
                }
                Effect::OpenIncident(incident) => {
                    self.incidents.insert((id, incident.key.clone()), Last::There((incident.clone(), at)));
                }
                Effect::CloseIncident { key } => {
                    self.incidents.insert((id, key.clone()), Last::Gone);
                }
                // The instance's row tells it; what it still waited for is dropped by effects of its own.
                Effect::Finish { .. } => {}
            }
        }
        Ok(())
    }

    fn cancel(&mut self, id: InstanceId, key: &str, now: Timestamp) {
        match self.jobs.iter_mut().find(|job| job.instance_id == id && job.key == key) {
            Some(job) => job.row.cancel(now),
            None => self.cancelled_jobs.push((id, key.to_owned())),
        }
    }
}

impl Writes {
    /// Whether [`Writes::write`] is one statement, on PostgreSQL.
    pub(super) fn is_one_statement(&self) -> bool {
        let tells = |last: &Last<(TaskRequest, Timestamp)>| matches!(last, Last::There((task, _)) if task.item.is_some());
        self.incidents.is_empty() && !self.tasks.values().any(tells)
    }

    /// Writes all of it together; `changed` are the instances that an event took further.
    pub(super) async fn write(self, tx: &mut Tx, changed: &[&Loaded]) -> Result<(), Error> {
        let mut together = Together::default();
        guard_instances(&mut together, changed)?;
        together.part(&APPEND, &self.history)?;
        jobs::cancel_many(&mut together, &self.cancelled_jobs, tx.now())?;
        let jobs = jobs::reserve(tx, self.jobs.iter().map(|job| &job.row));
        jobs::insert_many(&mut together, &jobs.others)?;
        jobs.insert(&mut together, tx)?;
        let (set, dropped) = timer_rows(self.fired, self.timers);
        timers::write_many(&mut together, &set, &dropped)?;
        let (opened, closed) = task_rows(self.tasks);
        tasks::write_many(&mut together, &opened, &closed)?;
        let Some(taken) = together.run(tx).await? else {
            // Which of them was changed by another is not told; the caller tries again in any case.
            let id = changed.first().map(|loaded| loaded.instance.id);
            return Err(id.map_or_else(|| sqlx::Error::RowNotFound.into(), Error::Conflict));
        };
        jobs::wake_many(tx, &jobs.others);
        jobs.hand_over(tx, &taken);
        tasks::opened(tx, &opened).await?;
        // One by one: they are rare.
        for ((id, key), last) in self.incidents {
            match last {
                Last::There((incident, at)) => incidents::open(tx, id, &incident, at).await?,
                Last::Gone => incidents::close(tx, id, &key).await?,
            }
        }
        Ok(())
    }
}

/// Nothing is written when one of them was changed, or started, by another.
fn guard_instances(together: &mut Together, changed: &[&Loaded]) -> Result<(), Error> {
    let (mut new, mut known) = (Vec::new(), Vec::new());
    for loaded in changed {
        let row = row_of(loaded)?;
        if loaded.stored_seq == 0 { new.push(row) } else { known.push(row) }
    }
    together.guard(&INSERT, &new)?;
    Ok(together.guard(&UPDATE, &known)?)
}

fn row_of(loaded: &Loaded) -> Result<InstanceRow<'_>, crate::Error> {
    let instance = &loaded.instance;
    Ok(InstanceRow {
        id: instance.id.to_string(),
        definition_hash: &instance.definition.0,
        subject_kind: &instance.subject.kind,
        subject_id: &instance.subject.id,
        state: to_json("an instance's state", &instance.state)?,
        status: &instance.status,
        seq: to_i64(instance.seq),
        stored_seq: to_i64(loaded.stored_seq),
        outcome: instance.outcome.as_deref(),
        created_at_ms: instance.created_at.as_ms(),
        updated_at_ms: instance.updated_at.as_ms(),
        finished_at_ms: instance.finished_at.map(Timestamp::as_ms),
    })
}

/// The timers to set, and those to drop. One that fired and is set anew needs no dropping: a later setting counts.
fn timer_rows(
    fired: BTreeMap<(InstanceId, String), u64>,
    last: BTreeMap<(InstanceId, String), Last<TimerRequest>>,
) -> (Vec<TimerRow>, Vec<TimerRow>) {
    let (mut set, mut dropped) = (Vec::new(), Vec::new());
    for ((id, key), generation) in fired {
        if !last.contains_key(&(id, key.clone())) {
            dropped.push(TimerRow::dropped(id, key, generation));
        }
    }
    for ((id, key), last) in last {
        match last {
            Last::There(timer) => set.push(TimerRow::set(id, &timer)),
            Last::Gone => dropped.push(TimerRow::dropped(id, key, u64::MAX)),
        }
    }
    (set, dropped)
}

/// The tasks to open, and those to close.
fn task_rows(
    last: BTreeMap<(InstanceId, String), Last<(TaskRequest, Timestamp)>>,
) -> (Vec<TaskRow>, Vec<TaskRow>) {
    let (mut opened, mut closed) = (Vec::new(), Vec::new());
    for ((id, key), last) in last {
        match last {
            Last::There((task, at)) => opened.push(TaskRow::opened(id, task, at)),
            Last::Gone => closed.push(TaskRow::closed(id, key)),
        }
    }
    (opened, closed)
}
