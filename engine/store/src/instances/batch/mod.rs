//! Several events of several instances: worked out in memory, then written together.
//!
//! ```text
//! load: lock the rows, look for the event ids ─ submit, submit, … (core::step, in memory) ─ write: a statement a table
//! ```
//!
//! A step is a function, so whether an event is refused is known before anything is written: a refused one leaves
//! nothing behind and does not touch the others. Two events of one instance see each other's state, in their order.

mod load;
mod migrate;
mod writes;

use std::{
    cmp::max,
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use sealflow_core::{
    Actor, Definition, DefinitionHash, Event, EventId, EventKind, State, Timestamp, ids::InstanceId,
};
use serde::Serialize;

use super::{
    Instance, NewEvent, StartInstance, Submitted, Summary,
    history::{Disposition, Entry},
    submit::Error,
};
use crate::{Store, Tx, db::Commit, definitions, refusals};
use writes::{Started, Writes};

/// The longest event id, in characters.
pub const EVENT_ID_LENGTH_MAX: usize = 128;
/// The longest kind or id of a subject, in characters.
pub(super) const SUBJECT_LENGTH_MAX: usize = 64;

/// What is looked up before an event is worked out.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub(crate) struct Awaited {
    /// Whose event.
    pub(crate) instance_id: InstanceId,
    /// Its id; none when it cannot have come before, because who reports it holds the lease of a job.
    pub(crate) event_id: Option<EventId>,
}

/// Events that are written together.
#[derive(Debug)]
pub(crate) struct Batch {
    instances: BTreeMap<InstanceId, Loaded>,
    definitions: HashMap<DefinitionHash, Arc<Definition>>,
    known: HashMap<(InstanceId, EventId), Entry>,
    writes: Writes,
    now: Timestamp,
    /// Where refusals are noted.
    store: Store,
}

/// An instance as it is after the events so far.
#[derive(Debug)]
struct Loaded {
    instance: Instance,
    /// The number of its last event in the database; 0 when it is not there.
    stored_seq: u64,
}

impl Batch {
    /// Locks the instances, in one order, so that two transactions that take several wait for each other instead of for
    /// ever, and reads what is needed to work out their events. Those that are not there are passed over.
    pub(crate) async fn load(tx: &mut Tx, awaited: &[Awaited]) -> Result<Self, crate::Error> {
        let loaded = load::load(tx, awaited).await?;
        Self::of(tx, loaded).await
    }

    /// Reads what is needed to work out one event, without a lock, in a transaction that was not begun. What was read may
    /// be out of date when the batch is written: nothing is written then.
    pub(crate) async fn look(tx: &mut Tx, asked: &Awaited) -> Result<Self, crate::Error> {
        let loaded = load::look(tx, asked).await?;
        Self::of(tx, loaded).await
    }

    async fn of(tx: &mut Tx, loaded: load::Loaded) -> Result<Self, crate::Error> {
        let mut batch = Self {
            instances: BTreeMap::new(),
            definitions: HashMap::new(),
            known: loaded.known,
            writes: Writes::default(),
            now: tx.now(),
            store: tx.store().clone(),
        };
        for instance in loaded.instances {
            batch.learn(tx, &instance.definition).await?;
            let stored_seq = instance.seq;
            batch.instances.insert(instance.id, Loaded { instance, stored_seq });
        }
        Ok(batch)
    }

    /// Has a definition at hand.
    pub(crate) async fn learn(&mut self, tx: &mut Tx, hash: &DefinitionHash) -> Result<(), crate::Error> {
        if !self.definitions.contains_key(hash)
            && let Some(definition) = definitions::get(tx, hash).await?
        {
            self.definitions.insert(hash.clone(), definition);
        }
        Ok(())
    }

    fn definition(&self, hash: &DefinitionHash) -> Result<Arc<Definition>, Error> {
        self.definitions.get(hash).cloned().ok_or_else(|| Error::UnknownDefinition(hash.clone()))
    }

    /// Works out a start. A repeated one answers the first one's result.
    pub(crate) fn start(&mut self, new: &StartInstance, now: Timestamp) -> Result<Submitted, Error> {
        check_start(new)?;
        if self.instances.contains_key(&new.id) {
            return match self.known.get(&(new.id, new.event_id.clone())) {
                Some(entry) if entry.seq == 1 && entry.event.actor == new.actor => {
                    Ok(entry.clone().into_submitted())
                }
                _ => Err(Error::AlreadyStarted(new.id)),
            };
        }
        let definition = self.definition(&new.definition)?;
        let event = stamped(new.event_id.clone(), new.actor.clone(), EventKind::Started, now);
        let (state, effects) =
            sealflow_core::start(&definition, new.input.clone(), &event).map_err(Error::Rejected)?;
        let instance = Instance {
            id: new.id,
            definition: new.definition.clone(),
            subject: new.subject.clone(),
            state: state.clone(),
            status: String::new(),
            seq: 0,
            outcome: None,
            created_at: now,
            updated_at: now,
            finished_at: None,
        };
        self.instances.insert(new.id, Loaded { instance, stored_seq: 0 });
        self.writes.effects(new.id, &state, (now, self.now), &effects)?;
        let summary = Summary::of(&effects);
        self.take(new.id, state, event, Disposition::Applied, summary)
    }

    /// Works out an event. One that was submitted before answers what came of it then.
    pub(crate) fn submit(
        &mut self,
        id: InstanceId,
        event: NewEvent,
        now: Timestamp,
    ) -> Result<Submitted, Error> {
        check_event_id(&event.id)?;
        let loaded = self.instances.get(&id).ok_or(Error::UnknownInstance(id))?;
        if let Some(known) = self.known.get(&(id, event.id.clone())) {
            if !same_intent(&known.event, &event) {
                return Err(Error::EventIdReused(event.id.0));
            }
            return Ok(known.clone().into_submitted());
        }
        let instance = &loaded.instance;
        let definition = self.definition(&instance.definition)?;
        // Clocks may be set back; a history is never.
        let event = stamped(event.id, event.actor, event.kind, max(now, instance.updated_at));
        let fired = match &event.kind {
            EventKind::TimerFired { key, generation } => Some((key.clone(), *generation)),
            _ => None,
        };
        let (state, disposition, effects) = match sealflow_core::step(&definition, &instance.state, &event) {
            Ok((state, effects)) => (state, Disposition::Applied, effects),
            Err(rejection) if rejection.is_stale() => {
                tracing::info!(instance.id = %id, rule = rejection.code(), "an event came too late and is ignored");
                (instance.state.clone(), Disposition::Ignored, Vec::new())
            }
            Err(rejection) => {
                refusals::note(&self.store, id, &event, &rejection);
                return Err(Error::Rejected(rejection));
            }
        };
        if let Some((key, generation)) = fired {
            self.writes.fired(id, key, generation);
        }
        self.writes.effects(id, &state, (event.at, self.now), &effects)?;
        let summary = Summary::of(&effects);
        self.take(id, state, event, disposition, summary)
    }

    fn take(
        &mut self,
        id: InstanceId,
        state: State,
        event: Event,
        disposition: Disposition,
        effects: Summary,
    ) -> Result<Submitted, Error> {
        let loaded = self.instances.get_mut(&id).ok_or(Error::UnknownInstance(id))?;
        let instance = &mut loaded.instance;
        instance.seq += 1;
        instance.updated_at = event.at;
        state.status().clone_into(&mut instance.status);
        instance.outcome = state.outcome().map(str::to_owned);
        instance.finished_at = instance.finished_at.or_else(|| state.is_final().then_some(event.at));
        instance.state = state;
        let entry = Entry { seq: instance.seq, event, disposition, status: instance.status.clone(), effects };
        let submitted = Submitted { duplicate: false, ..entry.clone().into_submitted() };
        self.writes.history(id, &entry)?;
        self.known.insert((id, entry.event.id.clone()), entry);
        Ok(submitted)
    }

    /// An instance after the events so far, if it has ended.
    pub(crate) fn ended(&self, id: InstanceId) -> Option<Instance> {
        let instance = &self.instances.get(&id)?.instance;
        instance.finished_at.is_some().then(|| instance.clone())
    }

    /// The jobs that the events so far asked for.
    pub(crate) fn started(&self) -> &[Started] {
        &self.writes.jobs
    }

    /// A started job was run in this transaction.
    pub(crate) fn done(&mut self, place: usize, worker: &str, now: Timestamp) {
        if let Some(started) = self.writes.jobs.get_mut(place) {
            started.row.done(worker, now);
        }
    }

    /// Whether [`Batch::write`] is one statement, on PostgreSQL.
    pub(crate) fn is_one_statement(&self) -> bool {
        self.writes.is_one_statement()
    }

    /// Writes all of it. Nothing may be submitted afterwards.
    pub(crate) async fn write(self, tx: &mut Tx) -> Result<(), Error> {
        let changed: Vec<&Loaded> =
            self.instances.values().filter(|loaded| loaded.instance.seq > loaded.stored_seq).collect();
        if changed.is_empty() {
            return Ok(());
        }
        for loaded in &changed {
            if loaded.instance.finished_at.is_some() {
                tx.ended(loaded.instance.id);
            }
        }
        tx.label(Commit::Submit);
        self.writes.write(tx, &changed).await
    }
}

fn check_start(new: &StartInstance) -> Result<(), Error> {
    check_event_id(&new.event_id)?;
    let fits = |text: &str| !text.is_empty() && text.chars().count() <= SUBJECT_LENGTH_MAX;
    if fits(&new.subject.kind) && fits(&new.subject.id) { Ok(()) } else { Err(Error::BadSubject) }
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
