//! What the form alone cannot show: names that lead nowhere, conditions that cannot be worked out, states that nobody
//! reaches or leaves. All faults are found, not only the first.

mod contract_type;
mod expressions;
mod flow;
mod graph;
mod names;
mod recipient;
mod states;
mod transitions;
mod uses;

pub(crate) use contract_type::contract_type;

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    expr::Kind,
    library::Library,
    model::{Header, StateDef, Workflow},
    parse::tree::Segment,
};

/// How many states a workflow may have.
pub(crate) const STATES_MAX: usize = 500;
/// How deep states may be nested.
pub(crate) const DEPTH_MAX: usize = 8;

/// A fault and where in the definition it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) path: Vec<Segment>,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

/// A place in the source, as the walk goes.
#[derive(Debug, Clone, Default)]
pub(super) struct Spot(Vec<Segment>);

impl Spot {
    /// The key itself, not what it leads to.
    pub(super) fn name(&self, key: &str) -> Self {
        self.then(Segment::Name(key.to_owned()))
    }

    /// The place one step further in.
    pub(super) fn then(&self, segment: impl Into<Segment>) -> Self {
        let mut path = self.0.clone();
        path.push(segment.into());
        Self(path)
    }
}

/// The names that expressions may use somewhere.
#[derive(Debug, Clone, Default)]
pub(super) struct Scope {
    /// Everything that can be read.
    pub(super) readable: BTreeSet<String>,
    /// What `set` may change.
    pub(super) settable: BTreeSet<String>,
    /// What `raise` may raise.
    pub(super) counters: BTreeSet<String>,
    /// The kinds of variables that are known; the others may be anything.
    pub(super) kinds: BTreeMap<String, Kind>,
}

impl Scope {
    pub(super) fn kind(&self, name: &str) -> Kind {
        self.kinds.get(name).copied().unwrap_or(Kind::Any)
    }
}

pub(super) struct Checker<'a> {
    workflow: &'a Workflow,
    /// What it may use.
    library: &'a Library,
    findings: Vec<Finding>,
    /// Counters that some transition raises.
    raised: BTreeSet<String>,
    states: usize,
}

/// All faults of a workflow of valid form.
pub(crate) fn workflow(workflow: &Workflow, library: &Library) -> Vec<Finding> {
    let mut checker = Checker::new(workflow, library);
    let top = Spot::default();
    checker.header(&top.then("workflow"), &workflow.workflow);
    let scope = checker.declarations(&top);
    for (index, condition) in workflow.require.iter().enumerate() {
        checker.condition(&top.then("require").then(index), condition, &scope);
    }
    checker.initial(&top, &workflow.initial, &workflow.states);
    checker.states_of(&top, &mut Vec::new(), &workflow.states, &scope);
    checker.ways_on(&top, &[], &workflow.on, &workflow.timers, &scope);
    checker.counters_raised(&top.then("counters"), workflow.counters.keys());
    if checker.states > STATES_MAX {
        checker.fault(
            &top.then("states"),
            format!("{} states are more than {STATES_MAX}", checker.states),
            None,
        );
    }
    // Where a name leads nowhere, what is reachable cannot be said.
    if checker.findings.is_empty() {
        checker.flow(&top);
    }
    checker.findings
}

impl<'a> Checker<'a> {
    pub(super) fn new(workflow: &'a Workflow, library: &'a Library) -> Self {
        Self { workflow, library, findings: Vec::new(), raised: BTreeSet::new(), states: 0 }
    }

    pub(super) fn fault(&mut self, spot: &Spot, message: String, help: Option<String>) {
        self.findings.push(Finding { path: spot.0.clone(), message, help });
    }

    pub(super) fn header(&mut self, spot: &Spot, header: &Header) {
        self.name(&spot.then("name"), &header.name, "name");
        if header.version == 0 {
            self.fault(&spot.then("version"), "versions begin at 1".to_owned(), None);
        }
    }

    /// The kinds of a state that exclude one another, as written.
    pub(super) fn kinds(state: &StateDef) -> Vec<&'static str> {
        [
            (state.task.is_some(), "task"),
            (state.job.is_some(), "job"),
            (state.incident.is_some(), "incident"),
            (state.each.is_some(), "each"),
            (state.uses.is_some(), "use"),
            (!state.states.is_empty(), "states"),
            (state.finish.is_some(), "final"),
            (!state.always.is_empty(), "always"),
        ]
        .into_iter()
        .filter_map(|(present, kind)| present.then_some(kind))
        .collect()
    }
}
