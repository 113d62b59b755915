//! The states as a graph: every state is reached, and every state that is not final is left.

use std::collections::{BTreeMap, BTreeSet};

use super::{Checker, Spot};
use crate::{
    model::{StateDef, Transition, Workflow},
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
                if Self::kinds(state).iter().all(|kind| !matches!(*kind, "states" | "final"))
                    && !is_left(self.workflow, path)
                {
                    self.fault(&spot, format!("nothing leads out of the state `{name}`"), None);
                }
                if let Some((_, inner)) = state.inner() {
                    let inside = if state.each.is_some() { spot.then("each") } else { spot };
                    self.unreached(&inside, path, inner, reached);
                }
            }
            path.pop();
        }
    }
}

/// Everything that leads on from the state at `path` itself.
fn ways<'a>(workflow: &'a Workflow, path: &[String]) -> Vec<&'a Transition> {
    let timers = workflow.timers(path).map(|(_, timer)| &timer.then);
    match workflow.state(path) {
        Some(state) => state.on.values().flatten().chain(timers).chain(&state.always).collect(),
        None => workflow.on.values().flatten().chain(timers).collect(),
    }
}

fn targets(workflow: &Workflow, path: &[String]) -> Vec<Vec<String>> {
    ways(workflow, path)
        .into_iter()
        .flat_map(|transition| [&transition.to, &transition.otherwise])
        .flatten()
        .filter(|to| *to != STAY)
        .filter_map(|to| resolve(workflow, path, to))
        .collect()
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

/// Whether some transition, here or further out, leads to another state.
fn is_left(workflow: &Workflow, path: &[String]) -> bool {
    (0..=path.len())
        .rev()
        .any(|len| path.get(..len).is_some_and(|holder| !targets(workflow, holder).is_empty()))
}
