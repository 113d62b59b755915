//! Every way on that a workflow knows, with a name of its own: for drawing, comparing and measuring definitions.

use std::fmt;

use serde::Serialize;

use crate::{
    model::{Timer, Transition, Transitions, Workflow},
    state::StatePath,
    step::{self, STAY},
};

/// What makes an instance take a way.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(tag = "cause", content = "name", rename_all = "snake_case")]
pub enum Cause {
    /// An action, a job's outcome, or `done`.
    On(String),
    /// A timer.
    Timer(String),
    /// A decision, at once.
    Always,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::On(event) => write!(f, "on {event}"),
            Self::Timer(name) => write!(f, "timer {name}"),
            Self::Always => f.write_str("always"),
        }
    }
}

/// Names one way of a workflow.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct WayId {
    /// The state that it is written in; empty for the whole workflow.
    pub holder: StatePath,
    /// What makes an instance take it.
    #[serde(flatten)]
    pub cause: Cause,
    /// Its place among the ways of this cause, from 0.
    pub index: usize,
    /// It is the one for a counter at its limit.
    pub otherwise: bool,
}

impl fmt::Display for WayId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let holder = if self.holder.0.is_empty() { "workflow".to_owned() } else { self.holder.to_string() };
        write!(f, "{holder}: {}", self.cause)?;
        if self.index > 0 {
            write!(f, " [{}]", self.index + 1)?;
        }
        if self.otherwise { f.write_str(" else") } else { Ok(()) }
    }
}

/// One way of a workflow.
#[derive(Debug, Clone)]
pub struct Way<'a> {
    /// Its name.
    pub id: WayId,
    /// As it is written.
    pub transition: &'a Transition,
    /// The state that it enters; none when it stays.
    pub target: Option<StatePath>,
}

impl Way<'_> {
    /// Where it leads, as written.
    #[must_use]
    pub fn to(&self) -> Option<&str> {
        let to = if self.id.otherwise { &self.transition.otherwise } else { &self.transition.to };
        to.as_deref().filter(|to| *to != STAY)
    }
}

/// The paths of all states, outer ones before inner ones, in the order of their names.
#[must_use]
pub fn states(workflow: &Workflow) -> Vec<StatePath> {
    fn inside(workflow: &Workflow, path: &mut Vec<String>, all: &mut Vec<StatePath>) {
        for name in step::children(workflow, path).into_iter().flat_map(std::collections::BTreeMap::keys) {
            path.push(name.clone());
            all.push(StatePath(path.clone()));
            inside(workflow, path, all);
            path.pop();
        }
    }
    let mut all = Vec::new();
    inside(workflow, &mut Vec::new(), &mut all);
    all
}

/// Every way: those of the workflow, then those of each state.
#[must_use]
pub fn ways(workflow: &Workflow) -> Vec<Way<'_>> {
    let holders = std::iter::once(StatePath::default()).chain(states(workflow));
    holders.flat_map(|holder| ways_of(workflow, &holder)).collect()
}

/// The ways that are written in the state at `holder`, or in the workflow for the empty path.
#[must_use]
pub fn ways_of<'a>(workflow: &'a Workflow, holder: &StatePath) -> Vec<Way<'a>> {
    let state = workflow.state(&holder.0);
    let on = state.map_or(&workflow.on, |state| &state.on);
    let mut ways = Vec::new();
    for (event, transitions) in on {
        let cause = Cause::On(event.clone());
        listed(&mut ways, workflow, holder, &cause, transitions);
    }
    for (name, Timer { then, .. }) in workflow.timers(&holder.0) {
        both(&mut ways, workflow, holder, &Cause::Timer(name.to_owned()), 0, then);
    }
    if let Some(state) = state {
        listed(&mut ways, workflow, holder, &Cause::Always, &state.always);
    }
    ways
}

fn listed<'a>(
    ways: &mut Vec<Way<'a>>,
    workflow: &Workflow,
    holder: &StatePath,
    cause: &Cause,
    transitions: &'a Transitions,
) {
    for (index, transition) in transitions.iter().enumerate() {
        both(ways, workflow, holder, cause, index, transition);
    }
}

/// The way itself, and the one for a counter at its limit.
fn both<'a>(
    ways: &mut Vec<Way<'a>>,
    workflow: &Workflow,
    holder: &StatePath,
    cause: &Cause,
    index: usize,
    transition: &'a Transition,
) {
    for otherwise in [false, true] {
        if otherwise && (transition.raise.is_none() || transition.otherwise.is_none()) {
            continue;
        }
        let id = WayId { holder: holder.clone(), cause: cause.clone(), index, otherwise };
        let mut way = Way { id, transition, target: None };
        way.target = way.to().and_then(|to| step::resolve(workflow, &holder.0, to)).map(StatePath);
        ways.push(way);
    }
}

/// The name of a transition that is written in the state at `holder`.
pub(crate) fn name_of(
    workflow: &Workflow,
    holder: &StatePath,
    transition: &Transition,
    otherwise: bool,
) -> Option<WayId> {
    ways_of(workflow, holder)
        .into_iter()
        .find(|way| std::ptr::eq(way.transition, transition) && way.id.otherwise == otherwise)
        .map(|way| way.id)
}
