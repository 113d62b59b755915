//! What leads from state to state, in its long and its short spellings.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    daily::Daily,
    duration::Duration,
    expr::{Expr, Template},
};

/// One way on. Without `to` the instance stays: nothing is left or entered, and timers run on.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Transition {
    /// Only if this is true.
    #[serde(default, rename = "if", skip_serializing_if = "Option::is_none")]
    pub guard: Option<Expr>,
    /// Who may do it: an expression that gives a person's id, a list of them, or true or false. In a state with a
    /// task it is the task's assignee unless this says otherwise; everywhere else an action needs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Expr>,
    /// Raises this counter; when it is at its limit, `else` is taken instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raise: Option<String>,
    /// Where to go when the counter is at its limit: a state, or `stay`. Without it the event is refused.
    #[serde(default, rename = "else", skip_serializing_if = "Option::is_none")]
    pub otherwise: Option<String>,
    /// New values of variables, all worked out before the first is assigned.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub set: BTreeMap<String, Expr>,
    /// Jobs that nobody waits for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub start: Vec<JobStart>,
    /// The state to enter: looked for beside this one, then beside each state around it. `a/b` is an inner state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// The ways on from one event, tried in order.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Form", into = "Vec<Transition>")]
pub struct Transitions(pub Vec<Transition>);

impl Transitions {
    /// No way on.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// In the order in which they are tried.
    pub fn iter(&self) -> std::slice::Iter<'_, Transition> {
        self.0.iter()
    }
}

impl<'a> IntoIterator for &'a Transitions {
    type Item = &'a Transition;
    type IntoIter = std::slice::Iter<'a, Transition>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl From<Transitions> for Vec<Transition> {
    fn from(transitions: Transitions) -> Self {
        transitions.0
    }
}

/// `entering`, or one transition, or a list of either.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
enum Form {
    /// The state to enter.
    To(String),
    One(Box<Transition>),
    Many(Vec<OneForm>),
}

#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
enum OneForm {
    /// The state to enter.
    To(String),
    One(Box<Transition>),
}

impl From<Form> for Transitions {
    fn from(form: Form) -> Self {
        let to = |to| Transition { to: Some(to), ..Transition::default() };
        Self(match form {
            Form::To(name) => vec![to(name)],
            Form::One(transition) => vec![*transition],
            Form::Many(list) => list
                .into_iter()
                .map(|one| match one {
                    OneForm::To(name) => to(name),
                    OneForm::One(transition) => *transition,
                })
                .collect(),
        })
    }
}

impl JsonSchema for Transitions {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Transitions".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        Form::json_schema(generator)
    }
}

/// A job that nobody waits for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JobStart {
    /// Only if this is true.
    #[serde(default, rename = "if", skip_serializing_if = "Option::is_none")]
    pub guard: Option<Expr>,
    /// Once for every item of this list.
    #[serde(default, rename = "in", skip_serializing_if = "Option::is_none")]
    pub list: Option<Expr>,
    /// What such an item is called in expressions.
    #[serde(default, rename = "as", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Which handler.
    pub kind: String,
    /// As for a job that is waited for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Template>,
    /// The handler's input: literals, with `{…}` around expressions.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub payload: BTreeMap<String, Template>,
}

/// A timer of a state: `after` and `at` are due once; `every` and `daily` come again for as long as the state lasts, or
/// `limit` times.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Timer {
    /// This long after the state was entered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Duration>,
    /// At this time: `2026-12-31T18:00:00+08:00`, or an expression that gives milliseconds since 1970 UTC, or null for
    /// no timer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Expr>,
    /// Again and again, this long apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<Duration>,
    /// At a time of day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub daily: Option<Daily>,
    /// With `every` and `daily`, how often at most; without it, as long as the state lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// What happens when it is due.
    #[serde(flatten)]
    pub then: Transition,
}
