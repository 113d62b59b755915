//! What could happen next: for a person who plays an instance through, and for those who ask what it waits for.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use crate::{
    Actor, Definition, State, Timestamp,
    ids::PersonId,
    state::{ItemProgress, StatePath},
    step::possible_actions,
};

/// One thing that could happen next.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "choice", rename_all = "snake_case")]
pub enum Choice {
    /// A person does something.
    Act {
        /// Who.
        person: PersonId,
        /// What.
        action: String,
        /// For which item.
        item: Option<String>,
    },
    /// A job ends.
    Job {
        /// Its key.
        key: String,
        /// How.
        outcome: String,
    },
    /// The clock goes on to this timer.
    Timer {
        /// Its key.
        key: String,
        /// When.
        due_at: Timestamp,
    },
}

/// Everything that could happen next: actions of the persons whom the instance knows, every outcome of the jobs that
/// it waits for, and its timers by time.
#[must_use]
pub fn choices(def: &Definition, state: &State, now: Timestamp) -> Vec<Choice> {
    if state.is_final() {
        return Vec::new();
    }
    let mut actions: BTreeSet<Choice> = BTreeSet::new();
    let mut items: Vec<Option<&str>> = vec![None];
    items.extend(
        state
            .each_runs()
            .iter()
            .filter(|run| run.running)
            .flat_map(|run| &run.items)
            .filter(|item| matches!(item.progress, ItemProgress::Active { .. }))
            .map(|item| Some(item.id.as_str())),
    );
    for person in persons(state) {
        let actor = Actor::Person { id: person, acting_as: None };
        let mut everywhere: Vec<String> = Vec::new();
        for item in &items {
            for action in possible_actions(def, state, &actor, *item, now) {
                // What the whole instance allows is possible for each item too; once is enough.
                if item.is_some() && everywhere.contains(&action) {
                    continue;
                }
                if item.is_none() {
                    everywhere.push(action.clone());
                }
                actions.insert(Choice::Act { person, action, item: item.map(str::to_owned) });
            }
        }
    }
    let jobs = state.waiting_jobs().flat_map(|(key, job)| {
        outcomes(def, &job.place.path)
            .into_iter()
            .map(|outcome| Choice::Job { key: key.to_owned(), outcome })
            .collect::<Vec<_>>()
    });
    let mut timers: Vec<(Timestamp, &str)> =
        state.set_timers().map(|(key, timer)| (timer.due_at, key)).collect();
    timers.sort_unstable();
    let timers = timers.into_iter().map(|(due_at, key)| Choice::Timer { key: key.to_owned(), due_at });
    actions.into_iter().chain(jobs).chain(timers).collect()
}

/// The outcomes that something follows, for the job of the state at `path`: what is written without `by` there or
/// around it, as far as the job's kind can report it.
fn outcomes(def: &Definition, path: &StatePath) -> Vec<String> {
    let workflow = def.workflow();
    let kind = workflow.state(&path.0).and_then(|state| state.job.as_ref()).map(|job| job.kind.as_str());
    let known = kind.and_then(crate::catalog::job_kind);
    let mut names: BTreeSet<String> = BTreeSet::new();
    for len in (0..=path.0.len()).rev() {
        let on = match path.0.get(..len).and_then(|holder| workflow.state(holder)) {
            Some(state) => &state.on,
            None => &workflow.on,
        };
        for (name, transitions) in on {
            let reported = known.is_none_or(|kind| kind.outcomes.contains(&name.as_str()));
            if reported && transitions.iter().any(|transition| transition.by.is_none()) {
                names.insert(name.clone());
            }
        }
    }
    names.into_iter().collect()
}

/// The persons whom the instance knows: those with tasks, and every person's id in its data.
pub(crate) fn persons(state: &State) -> BTreeSet<PersonId> {
    fn walk(value: &Value, found: &mut BTreeSet<PersonId>) {
        match value {
            Value::String(text) => found.extend(text.parse::<PersonId>().ok()),
            Value::Array(values) => values.iter().for_each(|value| walk(value, found)),
            Value::Object(map) => map.values().for_each(|value| walk(value, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    let mut found = BTreeSet::new();
    found.extend(state.open_tasks().map(|(_, task)| task.assignee));
    state.scope.data.values().for_each(|value| walk(value, &mut found));
    for item in state.each_runs().iter().flat_map(|run| &run.items) {
        walk(&item.value, &mut found);
        item.scope.data.values().for_each(|value| walk(value, &mut found));
    }
    found
}
