//! What a scenario can say, in the words of its YAML. Its JSON Schema is made from these types.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

/// One run of a definition, step by step, with what must be true after each step.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What it shows, in one sentence.
    pub scenario: String,
    /// When it starts, with an offset: `2026-03-02T09:00:00+08:00`.
    #[serde(default = "first_time")]
    pub at: String,
    /// Stands for chance, so that a run repeats.
    #[serde(default = "first_seed")]
    pub seed: u64,
    /// Names used in the steps that the input does not name: strangers.
    #[serde(default)]
    pub people: BTreeSet<String>,
    /// Who starts the instance: a name, or `system`.
    #[serde(default)]
    pub by: Option<String>,
    /// What the instance is started with. `$name` is the id of that person or organization.
    #[serde(default)]
    pub input: BTreeMap<String, Value>,
    /// The start is refused.
    #[serde(default)]
    pub refused: Option<Refused>,
    /// What must be true after the start.
    #[serde(default)]
    pub expect: Option<Expect>,
    /// What happens, in order.
    #[serde(default)]
    pub steps: Vec<Step>,
}

fn first_time() -> String {
    "2026-03-02T09:00:00+08:00".to_owned()
}

const fn first_seed() -> u64 {
    1
}

/// One step: at most one of `do`, `job`, `advance` and `advance_to`, and what must be true afterwards.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Somebody does something: the action's name.
    #[serde(default, rename = "do")]
    pub action: Option<String>,
    /// Who does it: a name, or `system`.
    #[serde(default)]
    pub by: Option<String>,
    /// The organization that he acts for: a name.
    #[serde(default)]
    pub acting_as: Option<String>,
    /// The item of an `each` that it concerns.
    #[serde(default)]
    pub item: Option<String>,
    /// What is entered.
    #[serde(default)]
    pub data: Option<Value>,
    /// A job that is waited for ends.
    #[serde(default)]
    pub job: Option<JobEnds>,
    /// The clock goes on by this duration; timers fire, each at its time.
    #[serde(default)]
    pub advance: Option<String>,
    /// The clock goes on to this time, or to the firing of the timer with this key.
    #[serde(default)]
    pub advance_to: Option<String>,
    /// It is refused by this rule, and changes nothing.
    #[serde(default)]
    pub refused: Option<Refused>,
    /// It is delivered twice; the second delivery changes nothing.
    #[serde(default)]
    pub again: bool,
    /// What must be true afterwards.
    #[serde(default)]
    pub expect: Option<Expect>,
    /// A remark.
    #[serde(default)]
    pub note: Option<String>,
}

/// The result of a job.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JobEnds {
    /// Its key.
    #[serde(default)]
    pub key: Option<String>,
    /// Its kind, where only one job of the kind is waited for.
    #[serde(default)]
    pub kind: Option<String>,
    /// The item that it serves, beside `kind`.
    #[serde(default)]
    pub item: Option<String>,
    /// What it reports.
    pub outcome: String,
    /// What it found.
    #[serde(default)]
    pub data: Option<Value>,
}

/// The rule that refuses a step: its code, and what its message contains.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Refused {
    /// The code, for example `wrong_person`.
    Code(String),
    /// The code with a part of the message.
    Message(RefusedWith),
}

/// The rule that refuses a step, and what its message contains.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RefusedWith {
    /// For example `guard_refused`.
    pub code: String,
    /// A part of the message: the guard, the counter.
    pub contains: String,
}

impl Refused {
    pub(super) fn code(&self) -> &str {
        match self {
            Self::Code(code) | Self::Message(RefusedWith { code, .. }) => code,
        }
    }

    pub(super) fn contains(&self) -> Option<&str> {
        match self {
            Self::Code(_) => None,
            Self::Message(with) => Some(&with.contains),
        }
    }
}

/// What must be true. Lists are complete; maps name what matters.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// The instance's status.
    #[serde(default)]
    pub status: Option<String>,
    /// The instance's state, from the top.
    #[serde(default)]
    pub at: Option<String>,
    /// How it ended; `null` while it runs.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Option<String>")]
    pub outcome: Option<Value>,
    /// All open tasks.
    #[serde(default)]
    pub tasks: Option<Vec<TaskIs>>,
    /// All jobs that are waited for.
    #[serde(default)]
    pub jobs: Option<Vec<JobIs>>,
    /// All jobs that this step started, waited for or not.
    #[serde(default)]
    pub started: Option<Vec<JobIs>>,
    /// All timers that are set.
    #[serde(default)]
    pub timers: Option<Vec<TimerIs>>,
    /// Variables of the instance.
    #[serde(default)]
    pub data: BTreeMap<String, Value>,
    /// Counters of the instance.
    #[serde(default)]
    pub counters: BTreeMap<String, u32>,
    /// Items of an `each`.
    #[serde(default)]
    pub items: BTreeMap<String, ItemIs>,
    /// All actions that a person could take now, by the person's name; `name@item` for an item.
    #[serde(default)]
    pub actions: BTreeMap<String, BTreeSet<String>>,
    /// Expressions (CEL) over the data and counters of the instance that must hold.
    #[serde(default)]
    pub that: Vec<String>,
}

/// Null is an answer too.
fn given<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// An open task: its form, or more of it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum TaskIs {
    /// The form.
    Form(String),
    /// As far as it matters.
    Task(TaskFields),
}

/// What is known of a task.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskFields {
    /// Which form.
    #[serde(default)]
    pub form: Option<String>,
    /// Whose: a name.
    #[serde(default)]
    pub by: Option<String>,
    /// For which item.
    #[serde(default)]
    pub item: Option<String>,
    /// In which state.
    #[serde(default)]
    pub at: Option<String>,
}

/// A job: its key or kind, or more of it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum JobIs {
    /// The key, or the kind.
    Named(String),
    /// As far as it matters.
    Job(JobFields),
}

/// What is known of a job.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JobFields {
    /// Its key.
    #[serde(default)]
    pub key: Option<String>,
    /// Its kind.
    #[serde(default)]
    pub kind: Option<String>,
    /// For which item.
    #[serde(default)]
    pub item: Option<String>,
    /// Entries of its payload; only where the job was started by this step.
    #[serde(default)]
    pub payload: BTreeMap<String, Value>,
}

/// A timer: its key, or the key with the time.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum TimerIs {
    /// The key.
    Key(String),
    /// With its time.
    Timer(TimerFields),
}

/// A timer and when it is due.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TimerFields {
    /// Its key.
    pub key: String,
    /// How long from now.
    #[serde(default)]
    pub after: Option<String>,
    /// At which time, with an offset.
    #[serde(default)]
    pub at: Option<String>,
}

/// An item: where it is, or more of it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ItemIs {
    /// The innermost state's name, the outcome of an item that ended, `waiting`, or `stopped`.
    At(String),
    /// As far as it matters.
    Item(ItemFields),
}

/// What is known of an item.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ItemFields {
    /// The innermost state's name, the outcome of an item that ended, `waiting`, or `stopped`.
    #[serde(default)]
    pub at: Option<String>,
    /// Its own variables.
    #[serde(default)]
    pub data: BTreeMap<String, Value>,
    /// Its own counters.
    #[serde(default)]
    pub counters: BTreeMap<String, u32>,
}
