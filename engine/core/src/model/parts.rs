//! States that hold a definition of their own or wait for an operator.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::StateDef;
use crate::expr::{Expr, Template};

/// Runs another definition inside a state. Its outcomes are events of the state; `event` then has its variables.
///
/// When a definition is loaded, what it uses is put into it: the hash of its content covers all of it, and nothing else
/// is needed to run it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Use {
    /// Which definition: the name of a workflow.
    pub workflow: String,
    /// Which version of it.
    pub version: u32,
    /// What it is started with: one expression for each name of its `input`, worked out on every entry.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub with: BTreeMap<String, Expr>,
    /// The definition as one state, under its name; put there on loading.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(skip)]
    pub body: BTreeMap<String, StateDef>,
}

/// What a definition has for itself when it runs inside another: its states see nothing else.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Frame {
    /// The names that `with` gives.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub input: BTreeSet<String>,
    /// Conditions on them, checked on every entry.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub require: Vec<Expr>,
    /// Further variables with their first values.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub data: BTreeMap<String, Value>,
    /// Counters with their limits.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub counters: BTreeMap<String, u32>,
}

/// Waits for an operator: something that only a person who runs the platform can decide.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Incident {
    /// What is wrong, for the operators: a text, with `{…}` around expressions.
    pub reason: Template,
}
