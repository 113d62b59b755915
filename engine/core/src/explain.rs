//! What an instance waits for, said so that a page or an operator can show it.

use serde::{Deserialize, Serialize};

use crate::{
    Timestamp,
    definition::Definition,
    ids::PersonId,
    simulate,
    state::{Place, State, StatePath},
    ways::{self, Cause, Way},
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
        /// Until when, when it has a deadline.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        due_at: Option<Timestamp>,
    },
    /// An operator decides.
    Operator {
        /// The incident's key.
        key: String,
        /// What is wrong.
        reason: String,
        /// Where.
        place: Place,
        /// What the operator can do there.
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

/// Everything that the instance waits for: persons first, then operators, then workers, then the
/// clock. Empty when it has ended.
#[must_use]
pub fn explain(def: &Definition, state: &State) -> Vec<Wait> {
    let workflow = def.workflow();
    let actions = |place: &Place| {
        workflow.state(&place.path.0).map(|state| state.on.keys().cloned().collect()).unwrap_or_default()
    };
    let persons = state.open_tasks().map(|(key, task)| Wait::Person {
        key: key.to_owned(),
        form: task.form.clone(),
        assignee: task.assignee,
        place: task.place.clone(),
        actions: actions(&task.place),
        since: task.since,
        due_at: task.due_at,
    });
    let operators = state.open_incidents().map(|(key, incident)| Wait::Operator {
        key: key.to_owned(),
        reason: incident.reason.clone(),
        place: incident.place.clone(),
        actions: actions(&incident.place),
        since: incident.since,
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
        to: workflow.timer(&timer.place.path.0, &timer.name).and_then(|timer| timer.then.to.clone()),
        due_at: timer.due_at,
    });
    persons.chain(operators).chain(workers).chain(clock).collect()
}

/// One way that the instance could go from where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Next {
    /// The state that it is written in: the one where the instance or the item is, or one around it.
    pub holder: Place,
    /// What makes the instance take it.
    #[serde(flatten)]
    pub cause: Cause,
    /// Who may do it, as written; none for a task's assignee, a job or a timer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Its condition, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// The state that it leads to; none when the instance stays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<StatePath>,
    /// The counter that it raises.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raises: Option<Raises>,
}

/// A counter that a way raises, and how far it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Raises {
    /// Its name.
    pub counter: String,
    /// How often it was raised.
    pub count: u32,
    /// How often it may be.
    pub limit: u32,
    /// Where the way leads at the limit, as written; none when it is refused then.
    pub at_limit: Option<String>,
}

/// Every way that leads on from where the instance and its items stand, innermost first. Empty when it has ended.
#[must_use]
pub fn next(def: &Definition, state: &State) -> Vec<Next> {
    if state.is_final() {
        return Vec::new();
    }
    let workflow = def.workflow();
    let mut all: Vec<Next> = Vec::new();
    for place in simulate::active_places(state) {
        for len in (0..=place.path.0.len()).rev() {
            let path = StatePath(place.path.0.get(..len).unwrap_or_default().to_vec());
            let inside = workflow.each_around(&place.path.0).is_some_and(|(depth, _)| len > depth);
            let holder = Place { path, item: place.item.clone().filter(|_| inside) };
            for way in ways::ways_of(workflow, &holder.path) {
                if !way.id.otherwise {
                    let next = one(def, state, &holder, &way);
                    if !all.contains(&next) {
                        all.push(next);
                    }
                }
            }
        }
    }
    all
}

fn one(def: &Definition, state: &State, holder: &Place, way: &Way<'_>) -> Next {
    let transition = way.transition;
    let raises = transition.raise.as_ref().map(|counter| {
        let item = holder.item.as_deref().and_then(|id| state.running_item(id));
        let of_item = item.and_then(|item| item.scope.counters.get(counter));
        let limit_of_item =
            def.workflow().each_around(&holder.path.0).and_then(|(_, each)| each.counters.get(counter));
        Raises {
            counter: counter.clone(),
            count: of_item.copied().or_else(|| state.counter(counter)).unwrap_or_default(),
            limit: limit_of_item
                .or_else(|| def.workflow().counters.get(counter))
                .copied()
                .unwrap_or_default(),
            at_limit: transition.otherwise.clone(),
        }
    });
    Next {
        holder: holder.clone(),
        cause: way.id.cause.clone(),
        by: transition.by.as_ref().map(|by| by.source().to_owned()),
        condition: transition.guard.as_ref().map(|guard| guard.source().to_owned()),
        to: way.target.clone(),
        raises,
    }
}
