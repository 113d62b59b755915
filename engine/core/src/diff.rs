//! What two versions of a definition have different, said in the words of the language, and whether running instances
//! could go from one to the other.

use std::{collections::BTreeMap, fmt};

use serde::Serialize;
use serde_json::{Map, Value};

use crate::{
    Definition,
    migrate::{Plan, Reason, StateMap},
    model::Workflow,
    state::StatePath,
    ways::{self, Cause, WayId},
};

/// What became of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Only the new version has it.
    Added,
    /// Only the old version has it.
    Removed,
    /// Both have it, each in its own way.
    Changed,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What became of it.
    pub kind: Kind,
    /// What it is: `state`, `transition`, `timer`, `counter`, `variable`, `input`, `requirement`, `definition`.
    pub what: &'static str,
    /// Which.
    pub name: String,
    /// For what has changed, each entry with its old and its new value.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<Detail>,
}

/// One entry that has changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Detail {
    /// Its key, as in the YAML: `if`, `to`, `after`, `task.form`.
    pub key: String,
    /// Before; none when it was not there.
    pub old: Option<Value>,
    /// After; none when it is there no longer.
    pub new: Option<Value>,
}

/// What is different, and what stands against moving running instances.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diff {
    /// In the order of the parts.
    pub changes: Vec<Change>,
    /// Empty when an instance could be moved whatever state it is in.
    pub against_migration: Vec<Reason>,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match self.kind {
            Kind::Added => '+',
            Kind::Removed => '-',
            Kind::Changed => '~',
        };
        write!(f, "{sign} {} {}", self.what, self.name)?;
        for Detail { key, old, new } in &self.details {
            let shown = |value: &Option<Value>| value.as_ref().map_or_else(|| "nothing".to_owned(), plain);
            write!(f, "\n    {key}: {} → {}", shown(old), shown(new))?;
        }
        Ok(())
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Compares two versions; the map says which states are meant to be the same when instances are moved.
///
/// # Errors
/// When the map names states that are not there.
pub fn diff(old: &Definition, new: &Definition, map: &StateMap) -> Result<Diff, Vec<Reason>> {
    let (old, new) = (old.workflow(), new.workflow());
    let plan = Plan::new(old, new, map)?;
    let mut changes = Vec::new();
    declarations(&mut changes, old, new);
    compare(&mut changes, "state", &states(old), &states(new));
    compare(&mut changes, "transition", &transitions(old), &transitions(new));
    compare(&mut changes, "timer", &timers(old), &timers(new));
    Ok(Diff { changes, against_migration: plan.against_all() })
}

fn declarations(changes: &mut Vec<Change>, old: &Workflow, new: &Workflow) {
    let title = |workflow: &Workflow| {
        let mut entries = Map::new();
        entries.insert("initial".to_owned(), Value::from(workflow.initial.as_str()));
        if let Some(title) = &workflow.title {
            entries.insert("title.zh".to_owned(), Value::from(title.zh.as_str()));
            entries.insert("title.en".to_owned(), Value::from(title.en.as_str()));
        }
        BTreeMap::from([(workflow.workflow.name.clone(), entries)])
    };
    compare(changes, "definition", &title(old), &title(new));
    let named = |names: Vec<String>| -> Parts { names.into_iter().map(|name| (name, Map::new())).collect() };
    let inputs = |workflow: &Workflow| named(workflow.input.iter().cloned().collect());
    compare(changes, "input", &inputs(old), &inputs(new));
    let requirements =
        |workflow: &Workflow| named(workflow.require.iter().map(|expr| expr.source().to_owned()).collect());
    compare(changes, "requirement", &requirements(old), &requirements(new));
    let one = |key: &str, value: Value| Map::from_iter([(key.to_owned(), value)]);
    let variables = |workflow: &Workflow| -> Parts {
        workflow.data.iter().map(|(name, value)| (name.clone(), one("first value", value.clone()))).collect()
    };
    compare(changes, "variable", &variables(old), &variables(new));
    let counters = |workflow: &Workflow| -> Parts {
        let own =
            workflow.counters.iter().map(|(name, limit)| (name.clone(), one("limit", Value::from(*limit))));
        let of_items = ways::states(workflow).into_iter().flat_map(|path| {
            let each = workflow.state(&path.0).and_then(|state| state.each.as_deref());
            let counters = each.map(|each| each.counters.clone()).unwrap_or_default();
            counters.into_iter().map(move |(name, limit)| (format!("{path}: {name}"), limit))
        });
        own.chain(of_items.map(|(name, limit)| (name, one("limit", Value::from(limit))))).collect()
    };
    compare(changes, "counter", &counters(old), &counters(new));
}

/// Parts by name, each with its entries.
type Parts = BTreeMap<String, Map<String, Value>>;

/// Every state by its path, without what has a part of its own: inner states, ways, timers, counters.
fn states(workflow: &Workflow) -> Parts {
    let entries = |path: &StatePath| {
        let state = workflow.state(&path.0)?;
        let mut entries = as_map(serde_json::to_value(state));
        for key in ["states", "on", "timers", "always"] {
            entries.remove(key);
        }
        let mut flat = Map::new();
        for (key, value) in entries {
            match value {
                Value::Object(inner) => {
                    for (name, value) in inner {
                        if key != "each" || !matches!(name.as_str(), "states" | "counters") {
                            flat.insert(format!("{key}.{name}"), value);
                        }
                    }
                }
                value => {
                    flat.insert(key, value);
                }
            }
        }
        Some(flat)
    };
    ways::states(workflow)
        .into_iter()
        .filter_map(|path| entries(&path).map(|entries| (path.to_string(), entries)))
        .collect()
}

/// Every way of an event or a decision, by its name.
fn transitions(workflow: &Workflow) -> Parts {
    ways::ways(workflow)
        .into_iter()
        .filter(|way| !way.id.otherwise && !matches!(way.id.cause, Cause::Timer(_)))
        .map(|way| (name(&way.id), as_map(serde_json::to_value(way.transition))))
        .collect()
}

fn timers(workflow: &Workflow) -> Parts {
    let holders = std::iter::once(StatePath::default()).chain(ways::states(workflow));
    let mut parts = Parts::new();
    for holder in holders {
        for (timer_name, timer) in workflow.timers(&holder.0) {
            let id = WayId {
                holder: holder.clone(),
                cause: Cause::Timer(timer_name.to_owned()),
                index: 0,
                otherwise: false,
            };
            parts.insert(name(&id), as_map(serde_json::to_value(timer)));
        }
    }
    parts
}

fn name(id: &WayId) -> String {
    id.to_string()
}

fn as_map(value: Result<Value, serde_json::Error>) -> Map<String, Value> {
    match value {
        Ok(Value::Object(map)) => map,
        _ => Map::new(),
    }
}

fn compare(changes: &mut Vec<Change>, what: &'static str, old: &Parts, new: &Parts) {
    for (name, entries) in old {
        let Some(others) = new.get(name) else {
            changes.push(Change { kind: Kind::Removed, what, name: name.clone(), details: Vec::new() });
            continue;
        };
        let keys: std::collections::BTreeSet<&String> = entries.keys().chain(others.keys()).collect();
        let details: Vec<Detail> = keys
            .into_iter()
            .filter(|key| entries.get(*key) != others.get(*key))
            .map(|key| Detail {
                key: key.clone(),
                old: entries.get(key).cloned(),
                new: others.get(key).cloned(),
            })
            .collect();
        if !details.is_empty() {
            changes.push(Change { kind: Kind::Changed, what, name: name.clone(), details });
        }
    }
    for name in new.keys().filter(|name| !old.contains_key(*name)) {
        changes.push(Change { kind: Kind::Added, what, name: name.clone(), details: Vec::new() });
    }
}
