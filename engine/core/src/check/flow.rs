//! The states as a graph: every state is reached, and every state that is not final is left.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Checker, Spot,
    graph::{targets, ways},
};
use crate::{
    model::{StateDef, Workflow},
    step::{STAY, resolve},
};

impl Checker<'_> {
    pub(super) fn flow(&mut self, top: &Spot) {
        let reached = reached(self.workflow);
        self.unreached(top, &mut Vec::new(), &self.workflow.states, &reached);
        if !self
            .workflow
            .states
            .iter()
            .any(|(name, state)| state.finish.is_some() && reached.contains(std::slice::from_ref(name)))
        {
            self.fault(
                &top.then("states"),
                "no `final` state is reached: instances never end".to_owned(),
                None,
            );
        }
        if self.findings.is_empty() {
            self.ends(&reached);
            self.circles(&reached);
        }
    }

    fn unreached(
        &mut self,
        spot: &Spot,
        path: &mut Vec<String>,
        states: &BTreeMap<String, StateDef>,
        reached: &BTreeSet<Vec<String>>,
    ) {
        let spot = spot.then("states");
        for (name, state) in states {
            let spot = spot.then(name.as_str());
            path.push(name.clone());
            if !reached.contains(path.as_slice()) {
                self.fault(&spot, format!("nothing leads to the state `{name}`"), None);
            } else {
                if Self::kinds(state).iter().all(|kind| !matches!(*kind, "states" | "final")) {
                    self.left(&spot, name, path);
                }
                if let Some((_, inner)) = state.inner() {
                    let inside = if state.each.is_some() { spot.then("each") } else { spot };
                    self.unreached(&inside, path, inner, reached);
                }
            }
            path.pop();
        }
    }

    /// Some transition, here or further out, leads to another state; not only until a counter is used up.
    fn left(&mut self, spot: &Spot, name: &str, path: &[String]) {
        let workflow = self.workflow;
        let leads = |holder: &[String], to: &Option<String>| {
            to.as_deref().is_some_and(|to| to != STAY && resolve(workflow, holder, to).is_some())
        };
        let mut used_up: Option<&str> = None;
        for holder in (0..=path.len()).rev().filter_map(|len| path.get(..len)) {
            for way in ways(workflow, holder) {
                match &way.raise {
                    None if leads(holder, &way.to) => return,
                    Some(_) if leads(holder, &way.otherwise) => return,
                    Some(counter) if leads(holder, &way.to) => used_up = used_up.or(Some(counter)),
                    _ => {}
                }
            }
        }
        match used_up {
            Some(counter) => {
                let message =
                    format!("once `{counter}` is at its limit, nothing leads out of the state `{name}`");
                self.fault(spot, message, Some("say with `else` where it leads then".to_owned()));
            }
            None => self.fault(spot, format!("nothing leads out of the state `{name}`"), None),
        }
    }
}

/// The paths of all states that can be entered.
fn reached(workflow: &Workflow) -> BTreeSet<Vec<String>> {
    let mut reached = BTreeSet::new();
    let mut open = vec![vec![workflow.initial.clone()]];
    open.extend(targets(workflow, &[]));
    while let Some(path) = open.pop() {
        if !reached.insert(path.clone()) {
            continue;
        }
        open.extend((1..path.len()).filter_map(|len| path.get(..len).map(<[String]>::to_vec)));
        open.extend(targets(workflow, &path));
        if let Some((first, _)) = workflow.state(&path).and_then(StateDef::inner) {
            let mut inner = path;
            inner.push(first.to_owned());
            open.push(inner);
        }
    }
    reached
}
