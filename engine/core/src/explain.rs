//! What an instance waits for, said so that a page or an operator can show it.

use serde::{Deserialize, Serialize};

use crate::{
    Timestamp,
    definition::Definition,
    ids::PersonId,
    state::{Place, State},
};

/// One thing that would move the instance on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "waits_for", rename_all = "snake_case")]
pub enum Wait {
    /// A person does a task.
    Person {
        /// The task's key.
        key: String,
        /// Which form.
        form: String,
        /// Who.
        assignee: PersonId,
        /// Where.
        place: Place,
        /// What the person can do there.
        actions: Vec<String>,
        /// Since when.
        since: Timestamp,
    },
    /// A worker does a job.
    Worker {
        /// The job's key.
        key: String,
        /// Which handler.
        kind: String,
        /// Where.
        place: Place,
        /// Since when.
        since: Timestamp,
    },
    /// A timer is due.
    Clock {
        /// The timer's key.
        key: String,
        /// Where.
        place: Place,
        /// The state that it leads to, as the definition names it; none when it leads nowhere.
        to: Option<String>,
        /// When.
        due_at: Timestamp,
    },
}

/// Everything that the instance waits for: persons first, then workers, then the clock. Empty when it has ended.
#[must_use]
pub fn explain(def: &Definition, state: &State) -> Vec<Wait> {
    let workflow = def.workflow();
    let persons = state.open_tasks().map(|(key, task)| Wait::Person {
        key: key.to_owned(),
        form: task.form.clone(),
        assignee: task.assignee,
        place: task.place.clone(),
        actions: workflow
            .state(&task.place.path.0)
            .map(|state| state.on.keys().cloned().collect())
            .unwrap_or_default(),
        since: task.since,
    });
    let workers = state.waiting_jobs().map(|(key, job)| Wait::Worker {
        key: key.to_owned(),
        kind: job.kind.clone(),
        place: job.place.clone(),
        since: job.since,
    });
    let clock = state.set_timers().map(|(key, timer)| Wait::Clock {
        key: key.to_owned(),
        place: timer.place.clone(),
        to: workflow
            .timers(&timer.place.path.0)
            .and_then(|timers| timers.get(&timer.name))
            .and_then(|timer| timer.then.to.clone()),
        due_at: timer.due_at,
    });
    persons.chain(workers).chain(clock).collect()
}
