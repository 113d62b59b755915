//! Random walks: whatever a definition waits for is done, or something is tried that it does not wait for.

use sealflow_core::{Actor, Definition, Event, EventKind, State, catalog, ids::PersonId, state::Place};
use serde_json::{Map, Value, json};

use crate::drive::{ANNE, BERT, CARL, event, person};

/// What is tried; what it means depends on where the instance then is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Try {
    pub(crate) what: u8,
    pub(crate) index: usize,
    pub(crate) name: usize,
    pub(crate) data: usize,
}

/// The event that this try means now; none when there is nothing of its kind.
pub(crate) fn to_event(def: &Definition, state: &State, one: Try, at: i64) -> Option<Event> {
    let (actor, kind) = match one.what % 16 {
        0..=5 => task(def, state, one)?,
        6..=9 => job(state, one)?,
        10 => timer(state, one)?,
        11 => incident(def, state, one)?,
        12 => around(def, state, one)?,
        _ => stray(def, state, one),
    };
    Some(event(at, at.unsigned_abs().wrapping_mul(0x9e37_79b9), actor, kind))
}

fn pick<T>(list: &[T], index: usize) -> Option<&T> {
    list.get(index % list.len().max(1))
}

/// What the instance itself keeps is the right answer to most questions that it asks.
fn data(state: &State, one: Try) -> Value {
    let other = [
        json!({}),
        Value::Null,
        json!({"reason": "理由", "fen": "5", "account": "62010000", "yes": true}),
        json!([1.5e300, {"b": 1, "a": 0.1}]),
        json!({"fen": 5, "code": "x", "list": ["a", "b"]}),
    ];
    if one.data.is_multiple_of(3) {
        return other[one.data % other.len()].clone();
    }
    let own = serde_json::to_value(state).unwrap()["data"].as_object().cloned().unwrap_or_default();
    let mut right: Map<String, Value> = own.into_iter().filter(|(_, value)| !value.is_null()).collect();
    for (name, value) in [("reason", json!("理由")), ("account", json!("62010000")), ("yes", json!(true))] {
        right.entry(name).or_insert(value);
    }
    Value::Object(right)
}

fn action(state: &State, one: Try, name: String, place: &Place) -> EventKind {
    EventKind::Action { name, item: place.item.clone(), data: data(state, one) }
}

/// The names of all that somebody can do at a place, from inside outwards.
fn names(def: &Definition, place: &Place) -> Vec<String> {
    let workflow = def.workflow();
    let inner = (1..=place.path.0.len()).rev().filter_map(|len| workflow.state(&place.path.0[..len]));
    inner.flat_map(|state| state.on.keys()).chain(workflow.on.keys()).cloned().collect()
}

fn task(def: &Definition, state: &State, one: Try) -> Option<(Actor, EventKind)> {
    let tasks: Vec<_> = state.open_tasks().collect();
    let (_, task) = pick(&tasks, one.index)?;
    let own: Vec<String> = def.workflow().state(&task.place.path.0)?.on.keys().cloned().collect();
    let name = pick(&own, one.name)?.clone();
    Some((Actor::Person { id: task.assignee, acting_as: None }, action(state, one, name, &task.place)))
}

fn incident(def: &Definition, state: &State, one: Try) -> Option<(Actor, EventKind)> {
    let incidents: Vec<_> = state.open_incidents().collect();
    let (_, incident) = pick(&incidents, one.index)?;
    let name = pick(&names(def, &incident.place), one.name)?.clone();
    Some((Actor::Operator { id: CARL.parse().unwrap() }, action(state, one, name, &incident.place)))
}

fn job(state: &State, one: Try) -> Option<(Actor, EventKind)> {
    let jobs: Vec<_> = state.waiting_jobs().collect();
    let (key, job) = pick(&jobs, one.index)?;
    let outcomes = catalog::job_kind(&job.kind).map(|kind| kind.outcomes).unwrap_or_default();
    let outcome = if one.name % 9 == 8 { "nonsense" } else { pick(outcomes, one.name)? };
    let data = data(state, one);
    Some((Actor::Worker, EventKind::JobResult { key: (*key).to_owned(), outcome: outcome.to_owned(), data }))
}

fn timer(state: &State, one: Try) -> Option<(Actor, EventKind)> {
    let timers: Vec<_> = state.set_timers().collect();
    let (key, timer) = pick(&timers, one.index)?;
    let generation = timer.generation - u64::from(one.name % 5 == 4);
    Some((Actor::Clock, EventKind::TimerFired { key: (*key).to_owned(), generation }))
}

/// Somebody does something that a state further out allows: withdraw, decline.
fn around(def: &Definition, state: &State, one: Try) -> Option<(Actor, EventKind)> {
    let items = state.each_runs().iter().filter(|run| run.running).flat_map(|run| &run.items);
    let mut places: Vec<Place> = items
        .filter_map(|item| match &item.progress {
            sealflow_core::ItemProgress::Active { path } => {
                Some(Place { path: path.clone(), item: Some(item.id.clone()) })
            }
            _ => None,
        })
        .collect();
    places.push(Place { path: state.at().clone(), item: None });
    let place = pick(&places, one.index)?;
    let name = pick(&names(def, place), one.name)?.clone();
    let people: Vec<PersonId> = people(state);
    let who = *pick(&people, one.data)?;
    Some((Actor::Person { id: who, acting_as: None }, action(state, one, name, place)))
}

/// Everybody whose id is somewhere in the data.
fn people(state: &State) -> Vec<PersonId> {
    fn collect(value: &Value, found: &mut Vec<PersonId>) {
        match value {
            Value::String(text) => found.extend(text.parse::<PersonId>().ok()),
            Value::Array(values) => values.iter().for_each(|value| collect(value, found)),
            Value::Object(map) => map.values().for_each(|value| collect(value, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    collect(&serde_json::to_value(state).unwrap()["data"], &mut found);
    found.sort_unstable();
    found.dedup();
    found.push(ANNE.parse().unwrap());
    found
}

/// What nobody waits for.
fn stray(def: &Definition, state: &State, one: Try) -> (Actor, EventKind) {
    let place = Place { path: state.at().clone(), item: None };
    let known = pick(&names(def, &place), one.name).cloned();
    let item = one.index.is_multiple_of(3).then(|| format!("r{}", one.index % 4));
    let name = known.unwrap_or_else(|| "nothing".to_owned());
    let acted = EventKind::Action { name, item, data: data(state, one) };
    match one.index % 7 {
        0 => {
            (Actor::Worker, EventKind::JobResult { key: "x".into(), outcome: "sent".into(), data: json!({}) })
        }
        1 => (Actor::Clock, EventKind::TimerFired { key: "x:y".to_owned(), generation: 1 }),
        2 => (person(ANNE), EventKind::Started),
        3 => (Actor::System, acted),
        4 => (Actor::Operator { id: CARL.parse().unwrap() }, acted),
        5 => (person(BERT), acted),
        _ => (person("01900000-0000-7000-8000-00000000000d"), acted),
    }
}

/// Tries from a seed (splitmix64), the same on every machine and in every version of a library.
pub(crate) fn seeded(seed: u64, count: usize) -> Vec<Try> {
    let mut at = seed;
    let mut next = || {
        at = at.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = at;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) >> 40).unwrap()
    };
    (0..count)
        .map(|_| Try { what: u8::try_from(next() % 16).unwrap(), index: next(), name: next(), data: next() })
        .collect()
}
