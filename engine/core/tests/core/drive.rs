//! Drives one instance, event by event, and says its effects in words.

use sealflow_core::{
    Actor, Definition, Effect, Event, EventId, EventKind, Rejection, State, Timestamp, ids::PersonId, load,
    start, step,
};
use serde_json::{Value, json};

/// Persons for tests; their ids differ in the last digit.
pub(crate) const ANNE: &str = "01900000-0000-7000-8000-00000000000a";
pub(crate) const BERT: &str = "01900000-0000-7000-8000-00000000000b";
pub(crate) const CARL: &str = "01900000-0000-7000-8000-00000000000c";

pub(crate) struct Drive {
    pub(crate) def: Definition,
    pub(crate) state: State,
    pub(crate) effects: Vec<Effect>,
    /// The clock, in milliseconds.
    pub(crate) at: i64,
    /// The randomness of the next event.
    pub(crate) random: u64,
}

pub(crate) fn definition(source: &str) -> Definition {
    match load(source, "test.yaml") {
        Ok(loaded) => loaded.definition,
        Err(faults) => panic!("{}", faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")),
    }
}

/// What was stored before later checks were there: read without them.
pub(crate) fn unchecked(source: &str) -> Definition {
    let workflow: Value = serde_saphyr::from_str(source).unwrap();
    serde_json::from_value(json!({ "workflow": workflow })).unwrap()
}

/// A workflow with a head, for tests that only care about what follows.
pub(crate) fn workflow(rest: &str) -> String {
    format!("workflow: {{name: test, version: 1, dsl: 1}}\n{rest}")
}

pub(crate) fn event(at: i64, random: u64, actor: Actor, kind: EventKind) -> Event {
    Event { id: EventId("e".to_owned()), at: Timestamp(at), random, actor, kind }
}

pub(crate) fn person(id: &str) -> Actor {
    Actor::Person { id: id.parse::<PersonId>().unwrap(), acting_as: None }
}

impl Drive {
    pub(crate) fn try_start(source: &str, input: Value) -> Result<Self, Rejection> {
        Self::try_run(definition(source), input)
    }

    pub(crate) fn try_run(def: Definition, input: Value) -> Result<Self, Rejection> {
        let (state, effects) = start(&def, input, &event(0, 7, Actor::System, EventKind::Started))?;
        Ok(Self { def, state, effects, at: 0, random: 7 })
    }

    pub(crate) fn start(source: &str, input: Value) -> Self {
        Self::try_start(source, input).unwrap_or_else(|error| panic!("{error:?}"))
    }

    pub(crate) fn try_event(&mut self, actor: Actor, kind: EventKind) -> Result<(), Rejection> {
        let (state, effects) = step(&self.def, &self.state, &event(self.at, self.random, actor, kind))?;
        self.state = state;
        self.effects = effects;
        Ok(())
    }

    pub(crate) fn job(&mut self, key: &str, outcome: &str) -> Result<(), Rejection> {
        self.job_with(key, outcome, json!({}))
    }

    pub(crate) fn job_with(&mut self, key: &str, outcome: &str, data: Value) -> Result<(), Rejection> {
        let kind = EventKind::JobResult { key: key.to_owned(), outcome: outcome.to_owned(), data };
        self.try_event(Actor::Worker, kind)
    }

    pub(crate) fn act(
        &mut self,
        who: &str,
        name: &str,
        item: Option<&str>,
        data: Value,
    ) -> Result<(), Rejection> {
        let kind = EventKind::Action { name: name.to_owned(), item: item.map(str::to_owned), data };
        self.try_event(person(who), kind)
    }

    /// Lets the timer with this key fire at its due time.
    pub(crate) fn fire(&mut self, key: &str) -> Result<(), Rejection> {
        let (generation, due_at) = self
            .state
            .set_timers()
            .find(|(other, _)| *other == key)
            .map(|(_, timer)| (timer.generation, timer.due_at))
            .expect("a timer with this key");
        self.at = self.at.max(due_at.as_ms());
        self.try_event(Actor::Clock, EventKind::TimerFired { key: key.to_owned(), generation })
    }

    /// The effects of the last event.
    pub(crate) fn words(&self) -> Vec<String> {
        self.effects.iter().map(word).collect()
    }

    pub(crate) fn payload(&self, key: &str) -> Value {
        self.effects
            .iter()
            .find_map(|effect| match effect {
                Effect::StartJob(job) if job.key == key => Some(job.payload.clone()),
                _ => None,
            })
            .expect("a job with this key")
    }

    pub(crate) fn at(&self) -> String {
        self.state.at().to_string()
    }
}

fn word(effect: &Effect) -> String {
    match effect {
        Effect::StartJob(job) => format!("start {} {}", job.kind, job.key),
        Effect::CancelJob { key } => format!("cancel job {key}"),
        Effect::SetTimer(timer) => format!("set {} at {}", timer.key, timer.due_at.as_ms()),
        Effect::CancelTimer { key } => format!("cancel timer {key}"),
        Effect::OpenTask(task) => format!("open {} {}", task.form, task.key),
        Effect::CloseTask { key } => format!("close {key}"),
        Effect::OpenIncident(incident) => format!("incident {}: {}", incident.key, incident.reason),
        Effect::CloseIncident { key } => format!("close incident {key}"),
        Effect::Finish { outcome } => format!("finish {outcome}"),
    }
}
