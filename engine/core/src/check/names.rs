//! Names: how they look, and that each means one thing.

use std::collections::{BTreeMap, BTreeSet};

use super::{Checker, Scope, Spot};
use crate::{expr::Kind, model::Each, step::STAY};

/// What expressions always see, and what CEL keeps for itself.
const RESERVED: &[&str] = &[
    "actor",
    "as",
    "bool",
    "break",
    "bytes",
    "const",
    "continue",
    "double",
    "dyn",
    "else",
    "event",
    "false",
    "for",
    "function",
    "if",
    "import",
    "in",
    "int",
    "let",
    "list",
    "loop",
    "map",
    "namespace",
    "now",
    "null",
    "null_type",
    "optional",
    "package",
    "return",
    "string",
    "true",
    "type",
    "uint",
    "var",
    "void",
    "while",
];

/// Lower-case letters, digits and `_`, beginning with a letter, at most 64.
pub(super) fn is_name(name: &str) -> bool {
    name.len() <= 64
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

impl Checker<'_> {
    pub(super) fn name(&mut self, spot: &Spot, name: &str, what: &str) {
        if !is_name(name) {
            let message = format!("`{name}` is no {what}");
            self.fault(
                spot,
                message,
                Some("up to 64 lower-case letters, digits and `_`, a letter first".to_owned()),
            );
        }
    }

    pub(super) fn variable(&mut self, spot: &Spot, name: &str, seen: &mut BTreeSet<String>) {
        self.name(spot, name, "variable");
        if RESERVED.contains(&name) {
            self.fault(spot, format!("`{name}` has a meaning of its own in expressions"), None);
        } else if !seen.insert(name.to_owned()) {
            self.fault(spot, format!("`{name}` is declared twice"), None);
        }
    }

    /// The instance's variables and counters.
    pub(super) fn declarations(&mut self, top: &Spot) -> Scope {
        let workflow = self.workflow;
        let mut seen = BTreeSet::new();
        for (index, name) in workflow.input.iter().enumerate() {
            self.variable(&top.then("input").then(index), name, &mut seen);
        }
        for name in workflow.data.keys() {
            self.variable(&top.then("data").name(name), name, &mut seen);
        }
        let mut kinds: BTreeMap<String, Kind> =
            workflow.data.iter().map(|(name, value)| (name.clone(), Kind::of(value))).collect();
        let settable = seen.clone();
        for name in workflow.counters.keys() {
            self.variable(&top.then("counters").name(name), name, &mut seen);
            kinds.insert(name.clone(), Kind::Int);
        }
        let always = [("event", Kind::Map), ("now", Kind::Int), ("actor", Kind::Map)];
        kinds.extend(always.map(|(name, kind)| (name.to_owned(), kind)));
        seen.extend(["event", "now", "actor"].map(str::to_owned));
        Scope { readable: seen, settable, counters: workflow.counters.keys().cloned().collect(), kinds }
    }

    /// The scope inside an `each`: an item's own names hide none of the instance's.
    pub(super) fn item_declarations(&mut self, spot: &Spot, each: &Each, outer: &Scope) -> Scope {
        let mut scope = outer.clone();
        self.variable(&spot.then("as"), &each.name, &mut scope.readable);
        for (name, value) in &each.data {
            self.variable(&spot.then("data").name(name), name, &mut scope.readable);
            scope.settable.insert(name.clone());
            scope.kinds.insert(name.clone(), Kind::of(value));
        }
        for name in each.counters.keys() {
            self.variable(&spot.then("counters").name(name), name, &mut scope.readable);
            scope.counters.insert(name.clone());
            scope.kinds.insert(name.clone(), Kind::Int);
        }
        scope
    }

    pub(super) fn state_name(&mut self, spot: &Spot, name: &str) {
        self.name(spot, name, "state name");
        if name == STAY {
            self.fault(spot, format!("`{STAY}` means not to leave a state"), None);
        }
    }

    pub(super) fn counters_raised<'n>(&mut self, spot: &Spot, names: impl Iterator<Item = &'n String>) {
        for name in names {
            if !self.raised.contains(name) {
                self.fault(&spot.name(name), format!("nothing raises the counter `{name}`"), None);
            }
        }
    }
}
