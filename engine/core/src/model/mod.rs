//! The definition language: what a workflow can say, in the words of its YAML.
//!
//! The same types are read from YAML, written as canonical JSON, and described to editors by a JSON Schema; so there
//! is one description of the language and no second one to disagree with it.

pub mod contract_type;
mod parts;
mod transition;

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::expr::{Expr, Template};

pub use contract_type::ContractType;
pub use parts::{Frame, Incident, Use};
pub use transition::{JobStart, Timer, Transition, Transitions};

/// Which definition this is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// Lower-case letters, digits and `_`.
    pub name: String,
    /// Raised with every change; a version that was used never changes.
    pub version: u32,
    /// The version of this language.
    #[schemars(range(min = 1, max = 1))]
    pub dsl: u32,
}

/// A name for people, in both languages of the pages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Title {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

/// A workflow: states, and what leads from one to another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Workflow {
    /// Which definition this is.
    pub workflow: Header,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<Title>,
    /// The names that the instance's input must bring; expressions may use them.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub input: BTreeSet<String>,
    /// Conditions on the input, checked before the instance starts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub require: Vec<Expr>,
    /// Further variables with their first values; `set` changes them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub data: BTreeMap<String, Value>,
    /// How often each counter may be raised.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub counters: BTreeMap<String, u32>,
    /// The first state.
    pub initial: String,
    /// The states by name.
    pub states: BTreeMap<String, StateDef>,
    /// What leads on from every state.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub on: BTreeMap<String, Transitions>,
    /// Timers that run as long as the instance.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub timers: BTreeMap<String, Timer>,
}

/// One state. At most one of `task`, `job`, `incident`, `each`, `use`, `states`, `final` and `always` says what kind it
/// is; a state with none of them only waits.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StateDef {
    /// What the instance's status is while it is here, unless an inner state says otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Waits for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<Task>,
    /// Waits for a worker.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<Job>,
    /// Waits for an operator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<Incident>,
    /// Runs another definition.
    #[serde(default, rename = "use", skip_serializing_if = "Option::is_none")]
    pub uses: Option<Box<Use>>,
    /// Runs its inner states for every item of a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub each: Option<Box<Each>>,
    /// The first inner state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initial: Option<String>,
    /// Inner states.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub states: BTreeMap<String, StateDef>,
    /// Ends the instance, the item or the state around it, with this outcome.
    #[serde(default, rename = "final", skip_serializing_if = "Option::is_none")]
    pub finish: Option<String>,
    /// Leads on at once: a decision. The last one must have no `if`.
    #[serde(default, skip_serializing_if = "Transitions::is_empty")]
    pub always: Transitions,
    /// Done on every entry, before the job or task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enter: Option<Enter>,
    /// What leads on: a person's action, a job's outcome, or `done` (the inner states or enough items ended).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub on: BTreeMap<String, Transitions>,
    /// Timers that run while the instance is here.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub timers: BTreeMap<String, Timer>,
    /// Marks a definition that was put here by `use`; nobody writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(skip)]
    pub frame: Option<Box<Frame>>,
}

/// Waits for a person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Task {
    /// Which form the pages show.
    pub form: String,
    /// Who may do it: an expression that gives a person's id, or a list of up to 50 of which any may do it.
    pub assignee: Expr,
    /// How the person may confirm, where the form asks for that.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub methods: Vec<IntentMethod>,
    /// Until when it must be done, and where it leads when it is not: a timer of the state, named `deadline`, whose
    /// time is shown with the open task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Box<Timer>>,
}

/// How a person confirms his will (意愿认证).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum IntentMethod {
    /// A one-time code by SMS.
    SmsCode,
    /// A one-time code by e-mail.
    EmailCode,
    /// The signing password.
    SigningPassword,
    /// A face check.
    Face,
}

impl IntentMethod {
    /// As written in definitions and events.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SmsCode => "sms_code",
            Self::EmailCode => "email_code",
            Self::SigningPassword => "signing_password",
            Self::Face => "face",
        }
    }
}

/// Waits for a worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// Which handler.
    pub kind: String,
    /// Names the intent within the instance: the same key is never asked for twice. Without one, every entry is an
    /// intent of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Template>,
    /// The handler's input: literals, with `{…}` around expressions.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub payload: BTreeMap<String, Template>,
}

/// What every entry of a state does.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Enter {
    /// New values of variables, all worked out before the first is assigned.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub set: BTreeMap<String, Expr>,
    /// Jobs that nobody waits for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub start: Vec<JobStart>,
}

/// Inner states that run once for every item of a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Each {
    /// The list: an expression, worked out once on entry.
    #[serde(rename = "in")]
    pub list: Expr,
    /// What an item is called in expressions.
    #[serde(default = "item_name", rename = "as")]
    pub name: String,
    /// An item's id, unique in the list; `<name>.id` when it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Expr>,
    /// Which items run at the same time.
    #[serde(default)]
    pub order: Order,
    /// With `order: grouped`, an item's group number; a group starts when the one before has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<Expr>,
    /// How many items must end; all of them when it is not given. The rest is then called off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub need: Option<Expr>,
    /// Variables that every item has for itself.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub data: BTreeMap<String, Value>,
    /// Counters that every item has for itself.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub counters: BTreeMap<String, u32>,
    /// An item's first state.
    pub initial: String,
    /// An item's states; one of them is `final`.
    pub states: BTreeMap<String, StateDef>,
}

fn item_name() -> String {
    "item".to_owned()
}

/// Which items of an `each` run at the same time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// One after the other, as in the list.
    #[default]
    Sequential,
    /// All at once.
    Parallel,
    /// Group after group; all of a group at once.
    Grouped,
}

/// The name of the timer that a task's `deadline` makes.
pub const DEADLINE: &str = "deadline";

impl StateDef {
    /// Its timers by name, with the deadline of its task.
    pub fn all_timers(&self) -> impl Iterator<Item = (&str, &Timer)> {
        let deadline = self.task.as_ref().and_then(|task| task.deadline.as_deref());
        let named = self.timers.iter().map(|(name, timer)| (name.as_str(), timer));
        named.chain(deadline.map(|timer| (DEADLINE, timer)))
    }

    /// The inner states with the first one's name: of a composite state, of an `each`, or what `use` put here.
    #[must_use]
    pub fn inner(&self) -> Option<(&str, &BTreeMap<String, StateDef>)> {
        match (&self.each, &self.uses, &self.initial) {
            (Some(each), ..) => Some((&each.initial, &each.states)),
            (None, Some(uses), _) => uses.body.keys().next().map(|name| (name.as_str(), &uses.body)),
            (None, None, Some(initial)) => Some((initial, &self.states)),
            (None, None, None) => None,
        }
    }

    /// How many states it is, with those inside it.
    #[must_use]
    pub fn count(&self) -> usize {
        1 + self.inner().map_or(0, |(_, states)| states.values().map(Self::count).sum())
    }

    /// How many definitions are put into one another here.
    #[must_use]
    pub fn uses_depth(&self) -> usize {
        let inner = self.inner().into_iter().flat_map(|(_, states)| states.values());
        usize::from(self.uses.is_some()) + inner.map(Self::uses_depth).max().unwrap_or_default()
    }

    /// Whether it or a state inside it is an `each`.
    #[must_use]
    pub fn has_each(&self) -> bool {
        self.each.is_some() || self.inner().is_some_and(|(_, states)| states.values().any(Self::has_each))
    }
}

impl Workflow {
    /// No states at all.
    pub(crate) fn empty(header: Header) -> Self {
        Self {
            workflow: header,
            title: None,
            input: BTreeSet::new(),
            require: Vec::new(),
            data: BTreeMap::new(),
            counters: BTreeMap::new(),
            initial: String::new(),
            states: BTreeMap::new(),
            on: BTreeMap::new(),
            timers: BTreeMap::new(),
        }
    }

    /// The outcomes of its final states.
    #[must_use]
    pub fn outcomes(&self) -> BTreeSet<&str> {
        self.states.values().filter_map(|state| state.finish.as_deref()).collect()
    }

    /// The state at a path of names from the top; none for the empty path.
    #[must_use]
    pub fn state(&self, path: &[String]) -> Option<&StateDef> {
        let (first, rest) = path.split_first()?;
        rest.iter().try_fold(self.states.get(first)?, |state, name| state.inner()?.1.get(name))
    }

    /// What leads on from the state at `path`, or from the whole workflow for the empty path.
    #[must_use]
    pub fn transitions(&self, path: &[String], event: &str) -> Option<&Transitions> {
        if path.is_empty() { self.on.get(event) } else { self.state(path)?.on.get(event) }
    }

    /// The timers of the state at `path` with their names, or of the whole workflow for the empty path; none at all
    /// when there is no such state.
    pub fn timers(&self, path: &[String]) -> impl Iterator<Item = (&str, &Timer)> {
        let of_workflow =
            path.is_empty().then(|| self.timers.iter().map(|(name, timer)| (name.as_str(), timer)));
        let of_state = self.state(path).map(StateDef::all_timers);
        of_workflow.into_iter().flatten().chain(of_state.into_iter().flatten())
    }

    /// The timer of that name of the state at `path`, or of the whole workflow for the empty path.
    #[must_use]
    pub fn timer(&self, path: &[String], name: &str) -> Option<&Timer> {
        self.timers(path).find_map(|(other, timer)| (other == name).then_some(timer))
    }

    /// How many names of `path` lead to the `each` state around it, and that `each`.
    #[must_use]
    pub fn each_around(&self, path: &[String]) -> Option<(usize, &Each)> {
        (1..path.len()).find_map(|len| Some((len, self.state(path.get(..len)?)?.each.as_deref()?)))
    }
}
