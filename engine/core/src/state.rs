//! Where an instance stands: everything that [`crate::step`] needs to know, and nothing that it can work out again.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    Timestamp,
    definition::DefinitionHash,
    ids::PersonId,
    model::{IntentMethod, StateDef, Workflow},
};

/// Names of states from the top to an inner one; written `signing/acting/agreement`.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct StatePath(pub Vec<String>);

impl From<String> for StatePath {
    fn from(text: String) -> Self {
        Self(text.split('/').filter(|name| !name.is_empty()).map(str::to_owned).collect())
    }
}

impl From<StatePath> for String {
    fn from(path: StatePath) -> Self {
        path.0.join("/")
    }
}

impl fmt::Display for StatePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("/"))
    }
}

/// A state of the instance, or of one item of an `each`.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// From the top, through the `each` state if it is inside one.
    pub path: StatePath,
    /// The item, inside an `each`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.item {
            Some(item) => write!(f, "{}@{item}", self.path),
            None => write!(f, "{}", self.path),
        }
    }
}

/// Variables and counters: the instance's, or an item's own.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Scope {
    /// By name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub data: BTreeMap<String, Value>,
    /// By name: how often each was raised.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub counters: BTreeMap<String, u32>,
}

/// Something that a person has to do now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenTask {
    /// Where.
    #[serde(flatten)]
    pub place: Place,
    /// Which form.
    pub form: String,
    /// Who may do it.
    pub assignee: PersonId,
    /// How the person may confirm.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub methods: Vec<IntentMethod>,
    /// Since when.
    pub since: Timestamp,
    /// Until when, when it has a deadline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Timestamp>,
}

/// Something that an operator has to decide now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenIncident {
    /// Where.
    #[serde(flatten)]
    pub place: Place,
    /// What is wrong.
    pub reason: String,
    /// Since when.
    pub since: Timestamp,
}

/// The variables of a definition that runs inside another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UseRun {
    /// The state that stands for the definition.
    #[serde(flatten)]
    pub place: Place,
    /// Its variables and counters.
    #[serde(flatten)]
    pub scope: Scope,
}

/// A job that a state waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingJob {
    /// Where.
    #[serde(flatten)]
    pub place: Place,
    /// Which handler.
    pub kind: String,
    /// Since when.
    pub since: Timestamp,
}

/// A timer that is set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetTimer {
    /// Where.
    #[serde(flatten)]
    pub place: Place,
    /// Its name there.
    pub name: String,
    /// Only a firing of this generation counts.
    pub generation: u64,
    /// When.
    pub due_at: Timestamp,
    /// How often it came already.
    pub fired: u32,
}

/// How far an item of an `each` is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "progress", rename_all = "snake_case")]
pub enum ItemProgress {
    /// Its turn has not come.
    Waiting,
    /// It is in this state.
    Active {
        /// From the top.
        path: StatePath,
    },
    /// It ended by itself.
    Done {
        /// The name of its final state's outcome.
        outcome: String,
    },
    /// It was in this state when the instance went on without it (declined, withdrawn, expired, enough others done).
    Stopped {
        /// From the top.
        path: StatePath,
    },
}

impl ItemProgress {
    /// The innermost state's name, while there is one.
    #[must_use]
    pub fn state(&self) -> Option<&str> {
        match self {
            Self::Active { path } | Self::Stopped { path } => path.0.last().map(String::as_str),
            Self::Waiting | Self::Done { .. } => None,
        }
    }
}

/// One item of an `each`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// Unique in its `each`.
    pub id: String,
    /// Items of one group run at the same time.
    pub group: i64,
    /// The element of the list, as it was when the `each` began; null when the `each` is over.
    pub value: Value,
    /// How far it is.
    #[serde(flatten)]
    pub progress: ItemProgress,
    /// Its own variables and counters.
    #[serde(flatten)]
    pub scope: Scope,
}

/// An `each` state that was entered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EachRun {
    /// The state.
    pub path: StatePath,
    /// Whether the instance is in it now.
    pub running: bool,
    /// How many items must end.
    pub need: usize,
    /// In the list's order.
    pub items: Vec<Item>,
}

/// Where an instance stands. Serialized, the same state is always the same bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct State {
    pub(crate) definition: DefinitionHash,
    pub(crate) status: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) outcome: Option<String>,
    pub(crate) at: StatePath,
    #[serde(flatten)]
    pub(crate) scope: Scope,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) each: Vec<EachRun>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) uses: Vec<UseRun>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) tasks: BTreeMap<String, OpenTask>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) incidents: BTreeMap<String, OpenIncident>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) jobs: BTreeMap<String, WaitingJob>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) timers: BTreeMap<String, SetTimer>,
    /// Every job key that a definition named so far: none is asked for twice.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) used_keys: BTreeSet<String>,
    /// The last number given to a task, a timer's generation or an unnamed job.
    pub(crate) serial: u64,
    pub(crate) started_at: Timestamp,
    pub(crate) changed_at: Timestamp,
}

impl State {
    /// The definition that it belongs to.
    #[must_use]
    pub fn definition(&self) -> &DefinitionHash {
        &self.definition
    }

    /// As the definition's `status` says: `in_progress`, `completed`, …
    #[must_use]
    pub fn status(&self) -> &str {
        &self.status
    }

    /// Whether it has ended; then it accepts nothing any more.
    #[must_use]
    pub const fn is_final(&self) -> bool {
        self.outcome.is_some()
    }

    /// The outcome of the final state that it ended in.
    #[must_use]
    pub fn outcome(&self) -> Option<&str> {
        self.outcome.as_deref()
    }

    /// The instance's state, from the top; in an `each`, the `each` state.
    #[must_use]
    pub fn at(&self) -> &StatePath {
        &self.at
    }

    /// A variable of the instance.
    #[must_use]
    pub fn data(&self, name: &str) -> Option<&Value> {
        self.scope.data.get(name)
    }

    /// How often a counter of the instance was raised.
    #[must_use]
    pub fn counter(&self, name: &str) -> Option<u32> {
        self.scope.counters.get(name).copied()
    }

    /// What persons have to do now, with the tasks' keys.
    pub fn open_tasks(&self) -> impl Iterator<Item = (&str, &OpenTask)> {
        self.tasks.iter().map(|(key, task)| (key.as_str(), task))
    }

    /// What operators have to decide now, with the incidents' keys.
    pub fn open_incidents(&self) -> impl Iterator<Item = (&str, &OpenIncident)> {
        self.incidents.iter().map(|(key, incident)| (key.as_str(), incident))
    }

    /// The definitions that run inside this one now, with their variables.
    #[must_use]
    pub fn use_runs(&self) -> &[UseRun] {
        &self.uses
    }

    /// The jobs that it waits for, with their keys.
    pub fn waiting_jobs(&self) -> impl Iterator<Item = (&str, &WaitingJob)> {
        self.jobs.iter().map(|(key, job)| (key.as_str(), job))
    }

    /// The timers that are set, with their keys.
    pub fn set_timers(&self) -> impl Iterator<Item = (&str, &SetTimer)> {
        self.timers.iter().map(|(key, timer)| (key.as_str(), timer))
    }

    /// Every `each` that was entered, in the order of the first entry.
    #[must_use]
    pub fn each_runs(&self) -> &[EachRun] {
        &self.each
    }

    /// How far an item is, in the first `each` that has it: for a contract, the signing of a recipient.
    #[must_use]
    pub fn item_progress(&self, item: &str) -> Option<&ItemProgress> {
        self.item(item).map(|item| &item.progress)
    }

    /// An item with its own variables, in the first `each` that has it.
    #[must_use]
    pub fn item(&self, item: &str) -> Option<&Item> {
        self.each.iter().flat_map(|run| &run.items).find(|other| other.id == item)
    }

    /// When it started.
    #[must_use]
    pub const fn started_at(&self) -> Timestamp {
        self.started_at
    }

    /// When an event last changed it.
    #[must_use]
    pub const fn changed_at(&self) -> Timestamp {
        self.changed_at
    }

    /// The innermost definition that runs inside this one and that `place` belongs to.
    pub(crate) fn use_around(&self, place: &Place) -> Option<&UseRun> {
        let around = |run: &&UseRun| {
            place.path.0.starts_with(&run.place.path.0)
                && (run.place.item.is_none() || run.place.item == place.item)
        };
        self.uses.iter().filter(around).max_by_key(|run| run.place.path.0.len())
    }

    /// The same, to be changed.
    pub(crate) fn use_around_mut(&mut self, place: &Place) -> Option<&mut UseRun> {
        let place = self.use_around(place)?.place.clone();
        self.uses.iter_mut().find(|run| run.place == place)
    }

    /// The running `each` at the instance's state.
    pub(crate) fn running(&self) -> Option<&EachRun> {
        self.each.iter().find(|run| run.running)
    }

    pub(crate) fn running_item(&self, id: &str) -> Option<&Item> {
        self.running()?.items.iter().find(|item| item.id == id)
    }

    pub(crate) fn running_item_mut(&mut self, id: &str) -> Option<&mut Item> {
        self.each.iter_mut().find(|run| run.running)?.items.iter_mut().find(|item| item.id == id)
    }

    /// Whether the instance or the item is in `place`, or in a state inside it.
    pub(crate) fn is_in(&self, place: &Place) -> bool {
        let at = match &place.item {
            None => &self.at,
            Some(id) => match self.running_item(id).map(|item| &item.progress) {
                Some(ItemProgress::Active { path }) => path,
                _ => return false,
            },
        };
        at.0.starts_with(&place.path.0)
    }

    /// The status that the active states give, innermost first.
    pub(crate) fn status_of<'a>(workflow: &'a Workflow, at: &StatePath) -> Option<&'a str> {
        (1..=at.0.len())
            .rev()
            .filter_map(|len| workflow.state(at.0.get(..len)?))
            .find_map(|state: &StateDef| state.status.as_deref())
    }
}
