//! States one by one: their kind, their form or job, what is inside them.

use std::collections::BTreeMap;

use super::{Checker, DEPTH_MAX, Scope, Spot};
use crate::{
    catalog,
    diagnostic::did_you_mean,
    expr::Kind,
    model::{Each, Enter, Job, Order, StateDef, Task},
};

impl Checker<'_> {
    pub(super) fn initial(&mut self, spot: &Spot, initial: &str, states: &BTreeMap<String, StateDef>) {
        if !states.contains_key(initial) {
            let help = did_you_mean(initial, states.keys().map(String::as_str));
            self.fault(&spot.then("initial"), format!("there is no state `{initial}` here"), help);
        }
    }

    /// The states directly under `path`; `spot` is where their `states` is written.
    pub(super) fn states_of(
        &mut self,
        spot: &Spot,
        path: &mut Vec<String>,
        states: &BTreeMap<String, StateDef>,
        scope: &Scope,
    ) {
        let spot = spot.then("states");
        if path.len() >= DEPTH_MAX {
            return self.fault(&spot, format!("states are nested more than {DEPTH_MAX} deep"), None);
        }
        for (name, state) in states {
            self.states += 1;
            self.state_name(&spot.name(name), name);
            let spot = spot.then(name.as_str());
            path.push(name.clone());
            self.state(&spot, path, state, scope);
            path.pop();
        }
    }

    fn state(&mut self, spot: &Spot, path: &mut Vec<String>, state: &StateDef, scope: &Scope) {
        let kinds = Self::kinds(state);
        if kinds.len() > 1 {
            self.fault(spot, format!("a state is one of {}, not several", kinds.join(", ")), None);
        }
        let in_item = self.workflow.each_around(path).is_some();
        if state.status.is_some() && in_item {
            let help = Some("the status is the instance's; an item has its progress".to_owned());
            self.fault(&spot.then("status"), "a state of an item has no `status`".to_owned(), help);
        }
        if let Some(enter) = &state.enter {
            self.enter(&spot.then("enter"), enter, scope);
        }
        if let Some(task) = &state.task {
            self.task(&spot.then("task"), path, task, scope);
        }
        if let Some(job) = &state.job {
            self.job(&spot.then("job"), job, scope);
        }
        if let Some(incident) = &state.incident {
            self.text(&spot.then("incident").then("reason"), &incident.reason, scope);
        }
        if let Some(uses) = &state.uses {
            self.uses(spot, uses, state, scope, in_item);
        }
        if let Some(each) = &state.each {
            let spot = spot.then("each");
            if in_item {
                self.fault(&spot, "an `each` inside an `each` is not possible".to_owned(), None);
            }
            self.each(&spot, path, each, scope);
        }
        self.composite(spot, path, state, scope);
        if state.finish.is_some() && !(state.on.is_empty() && state.timers.is_empty()) {
            self.fault(spot, "nothing leads on from a `final` state".to_owned(), None);
        }
        if let Some(outcome) = &state.finish {
            self.name(&spot.then("final"), outcome, "outcome");
        }
        self.decision(spot, path, state, scope);
        self.ways_on(spot, path, &state.on, &state.timers, scope);
    }

    fn composite(&mut self, spot: &Spot, path: &mut Vec<String>, state: &StateDef, scope: &Scope) {
        match (&state.initial, state.states.is_empty()) {
            (Some(initial), false) => {
                self.initial(spot, initial, &state.states);
                self.states_of(spot, path, &state.states, scope);
                let ends = state.states.values().any(|inner| inner.finish.is_some());
                if ends != state.on.contains_key("done") {
                    let message = if ends {
                        "inner states are `final`, but nothing follows `done`"
                    } else {
                        "`done` never comes: no inner state is `final`"
                    };
                    self.fault(spot, message.to_owned(), None);
                }
            }
            (None, false) => {
                self.fault(spot, "`initial` is missing: which inner state is first?".to_owned(), None)
            }
            (Some(_), true) => {
                self.fault(&spot.then("initial"), "there are no inner states".to_owned(), None)
            }
            (None, true) => {}
        }
    }

    fn enter(&mut self, spot: &Spot, enter: &Enter, scope: &Scope) {
        self.assignments(&spot.then("set"), &enter.set, scope);
        self.starts(&spot.then("start"), &enter.start, scope);
    }

    fn task(&mut self, spot: &Spot, path: &[String], task: &Task, scope: &Scope) {
        if !catalog::FORMS.contains(&task.form.as_str()) {
            let help = did_you_mean(&task.form, catalog::FORMS.iter().copied());
            self.fault(&spot.then("form"), format!("there is no form `{}`", task.form), help);
        }
        self.gives(
            &spot.then("assignee"),
            &task.assignee,
            scope,
            &[Kind::Text, Kind::List],
            "the assignee is",
        );
        if let Some(deadline) = &task.deadline {
            self.deadline(&spot.then("deadline"), path, deadline, scope);
        }
    }

    fn job(&mut self, spot: &Spot, job: &Job, scope: &Scope) {
        self.job_kind(&spot.then("kind"), &job.kind);
        if let Some(key) = &job.key {
            self.text(&spot.then("key"), key, scope);
        }
        self.payload(&spot.then("payload"), &job.payload, scope);
    }

    pub(super) fn job_kind(&mut self, spot: &Spot, kind: &str) {
        if catalog::job_kind(kind).is_none() {
            let help = did_you_mean(kind, catalog::JOB_KINDS.iter().map(|kind| kind.name));
            self.fault(spot, format!("there is no job kind `{kind}`"), help);
        }
    }

    fn each(&mut self, spot: &Spot, path: &mut Vec<String>, each: &Each, outer: &Scope) {
        self.gives(&spot.then("in"), &each.list, outer, &[Kind::List], "`in` gives");
        if let Some(need) = &each.need {
            self.gives(&spot.then("need"), need, outer, &[Kind::Int], "`need` gives");
        }
        let scope = self.item_declarations(spot, each, outer);
        let mut element = outer.clone();
        element.readable.insert(each.name.clone());
        for (name, expr, kind) in [("id", &each.id, Kind::Text), ("group", &each.group, Kind::Int)] {
            if let Some(expr) = expr {
                self.gives(&spot.then(name), expr, &element, &[kind], &format!("`{name}` gives"));
            }
        }
        match (each.order, &each.group) {
            (Order::Grouped, None) => self.fault(spot, "`order: grouped` needs `group`".to_owned(), None),
            (Order::Sequential | Order::Parallel, Some(_)) => {
                self.fault(&spot.then("group"), "`group` needs `order: grouped`".to_owned(), None);
            }
            _ => {}
        }
        self.initial(spot, &each.initial, &each.states);
        self.states_of(spot, path, &each.states, &scope);
        self.counters_raised(&spot.then("counters"), each.counters.keys());
        if !each.states.values().any(|state| state.finish.is_some()) {
            self.fault(spot, "no state of an item is `final`: items never end".to_owned(), None);
        }
        let done = self.workflow.state(path).is_some_and(|state| state.on.contains_key("done"));
        if !done {
            self.fault(spot, "nothing follows `done`: the items' end".to_owned(), None);
        }
    }
}
