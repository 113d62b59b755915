//! Transitions and timers: who or what causes them, and where they lead.

use std::collections::{BTreeMap, BTreeSet};

use super::{Checker, Scope, Spot, graph::certain};
use crate::{
    catalog,
    diagnostic::did_you_mean,
    expr::Kind,
    model::{DEADLINE, JobStart, StateDef, Timer, Transition, Transitions},
    step::{DONE, STAY, children, resolve},
};

/// What may cause a transition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cause {
    /// A person, for himself (by the task or the incident) or named by `by`.
    Action,
    /// A job's outcome, or inner states that ended.
    Outcome,
    /// A decision.
    Always,
    /// A timer.
    Timer,
}

impl<'a> Checker<'a> {
    /// What leads on from the state at `path` (empty: from the whole workflow).
    pub(super) fn ways_on(
        &mut self,
        spot: &Spot,
        path: &[String],
        on: &BTreeMap<String, Transitions>,
        timers: &BTreeMap<String, Timer>,
        scope: &Scope,
    ) {
        let outcomes = self.outcomes_within(path);
        let state = self.workflow.state(path);
        let asks = state.is_some_and(|state| state.task.is_some() || state.incident.is_some());
        let used = state.is_none_or(|state| match &state.uses {
            Some(uses) => self.library.get(&uses.workflow, uses.version).is_some(),
            None => true,
        });
        for (event, transitions) in on {
            self.name(&spot.then("on").name(event), event, "name of an action or outcome");
            let spot = spot.then("on").then(event.as_str());
            for (index, transition) in transitions.iter().enumerate() {
                let spot = spot.then(index);
                let cause = if transition.by.is_some() || asks { Cause::Action } else { Cause::Outcome };
                // What an unknown definition ends with cannot be said.
                if cause == Cause::Outcome && used && !outcomes.contains(event.as_str()) {
                    let near = did_you_mean(event, outcomes.iter().copied()).filter(|_| !outcomes.is_empty());
                    let help = near.unwrap_or_else(|| "say with `by` who may do it".to_owned());
                    self.fault(&spot, format!("nothing here causes `{event}`"), Some(help));
                }
                self.transition(&spot, path, transition, cause, scope);
            }
            self.all_reachable(&spot, transitions);
        }
        for (name, timer) in timers {
            self.name(&spot.then("timers").name(name), name, "timer name");
            let spot = spot.then("timers").then(name.as_str());
            self.timer(&spot, path, timer, scope);
        }
        self.job_has_outcome(spot, path);
        if let Some(state) = state.filter(|state| state.task.is_none() && state.incident.is_none()) {
            self.ends_followed(spot, state);
        }
    }

    pub(super) fn decision(&mut self, spot: &Spot, path: &[String], state: &StateDef, scope: &Scope) {
        if state.always.is_empty() {
            return;
        }
        let spot = spot.then("always");
        for (index, transition) in state.always.iter().enumerate() {
            let spot = spot.then(index);
            self.transition(&spot, path, transition, Cause::Always, scope);
            if transition.to.is_none() {
                self.fault(&spot, "a decision must lead on: `to` is missing".to_owned(), None);
            }
        }
        self.all_reachable(&spot, &state.always);
        if state.always.0.last().is_some_and(|last| last.guard.is_some()) {
            self.fault(&spot, "the last branch of a decision must have no `if`".to_owned(), None);
        }
        if !(state.on.is_empty() && state.timers.is_empty()) {
            self.fault(&spot, "a decision does not wait: `on` and `timers` are never used".to_owned(), None);
        }
    }

    /// A transition without conditions hides those after it.
    fn all_reachable(&mut self, spot: &Spot, transitions: &Transitions) {
        let open =
            transitions.iter().position(|transition| transition.guard.is_none() && transition.by.is_none());
        if let Some(open) = open.filter(|open| open + 1 < transitions.0.len()) {
            let message = "is never tried: the one before it has no `if`".to_owned();
            self.fault(&spot.then(open + 1), message, None);
        }
    }

    fn transition(
        &mut self,
        spot: &Spot,
        path: &[String],
        transition: &Transition,
        cause: Cause,
        scope: &Scope,
    ) {
        if let Some(guard) = &transition.guard {
            self.condition(&spot.then("if"), guard, scope);
        }
        match (&transition.by, cause) {
            (Some(by), Cause::Action) => {
                let kinds = [Kind::Text, Kind::List, Kind::Bool, Kind::Null];
                self.gives(&spot.then("by"), by, scope, &kinds, "`by` gives");
            }
            (Some(_), _) => {
                self.fault(&spot.then("by"), "no person causes this: `by` has no meaning".to_owned(), None)
            }
            (None, _) => {}
        }
        self.assignments(&spot.then("set"), &transition.set, scope);
        self.starts(&spot.then("start"), &transition.start, scope);
        match &transition.raise {
            Some(counter) => {
                self.raised.insert(counter.clone());
                // A person is told, and a job that is refused waits for an operator; here nobody is there.
                if transition.otherwise.is_none() && matches!(cause, Cause::Always | Cause::Timer) {
                    let message = format!("what follows when `{counter}` is at its limit?");
                    let help = Some("say it with `else`: a state, or `stay`".to_owned());
                    self.fault(&spot.then("raise"), message, help);
                }
                if !scope.counters.contains(counter) {
                    let help = did_you_mean(counter, scope.counters.iter().map(String::as_str))
                        .filter(|_| !scope.counters.is_empty())
                        .or_else(|| Some("declare it with its limit under `counters`".to_owned()));
                    self.fault(&spot.then("raise"), format!("the counter `{counter}` has no limit"), help);
                }
            }
            None if transition.otherwise.is_some() => {
                self.fault(&spot.then("else"), "`else` belongs to `raise`".to_owned(), None);
            }
            None => {}
        }
        for (key, to) in [("to", &transition.to), ("else", &transition.otherwise)] {
            if let Some(to) = to {
                self.target(&spot.then(key), path, to);
            }
        }
    }

    fn target(&mut self, spot: &Spot, path: &[String], to: &str) {
        if to == STAY || resolve(self.workflow, path, to).is_some() {
            return;
        }
        let near: BTreeSet<&str> = (0..path.len().max(1))
            .filter_map(|level| children(self.workflow, path.get(..level)?))
            .flat_map(BTreeMap::keys)
            .map(String::as_str)
            .collect();
        self.fault(spot, format!("there is no state `{to}` to go to from here"), did_you_mean(to, near));
    }

    pub(super) fn starts(&mut self, spot: &Spot, starts: &[JobStart], scope: &Scope) {
        for (index, start) in starts.iter().enumerate() {
            let spot = spot.then(index);
            let mut inner = scope.clone();
            match (&start.list, &start.name) {
                (Some(list), name) => {
                    self.gives(&spot.then("in"), list, scope, &[Kind::List], "`in` gives");
                    let name = name.as_deref().unwrap_or("item");
                    self.variable(&spot.then("as"), name, &mut inner.readable);
                }
                (None, Some(_)) => self.fault(&spot.then("as"), "`as` belongs to `in`".to_owned(), None),
                (None, None) => {}
            }
            if let Some(guard) = &start.guard {
                self.condition(&spot.then("if"), guard, &inner);
            }
            self.job_kind(&spot.then("kind"), &start.kind);
            if let Some(key) = &start.key {
                self.text(&spot.then("key"), key, &inner);
            }
            self.payload(&spot.then("payload"), &start.payload, &inner);
        }
    }

    fn timer(&mut self, spot: &Spot, path: &[String], timer: &Timer, scope: &Scope) {
        let then = &timer.then;
        match (&timer.after, &timer.at, &timer.every, &timer.daily) {
            (Some(after), None, None, None) => self.duration(&spot.then("after"), after),
            (None, Some(at), None, None) => self.moment(&spot.then("at"), at, scope),
            (None, None, None, Some(daily)) => self.daily(&spot.then("daily"), daily),
            (None, None, Some(every), None) => {
                self.duration(&spot.then("every"), every);
                if then.to.as_deref().is_some_and(|to| to != STAY) {
                    let message = "a repeating timer stays: it has no `to`".to_owned();
                    self.fault(&spot.then("to"), message, Some("use `after` to lead on once".to_owned()));
                }
            }
            _ => self.fault(spot, "a timer has one of `after`, `at`, `every` and `daily`".to_owned(), None),
        }
        match timer.limit {
            Some(_) if timer.every.is_none() && timer.daily.is_none() => {
                self.fault(&spot.then("limit"), "`limit` belongs to `every` and `daily`".to_owned(), None);
            }
            Some(0) => {
                let help = Some("leave it out for a timer that comes as long as the state lasts".to_owned());
                self.fault(&spot.then("limit"), "a timer that never comes".to_owned(), help);
            }
            _ => {}
        }
        if then.to.is_none() && then.set.is_empty() && then.start.is_empty() && then.raise.is_none() {
            self.fault(spot, "this timer does nothing".to_owned(), None);
        }
        self.transition(spot, path, then, Cause::Timer, scope);
    }

    /// The deadline of a task is a timer that leads on.
    pub(super) fn deadline(&mut self, spot: &Spot, path: &[String], deadline: &Timer, scope: &Scope) {
        let state = self.workflow.state(path);
        if state.is_some_and(|state| state.timers.contains_key(DEADLINE)) {
            let message = format!("the timer `{DEADLINE}` is there twice: under `timers` and here");
            self.fault(spot, message, None);
        }
        if deadline.every.is_some() {
            let help = Some("use `after`, `at` or `daily`".to_owned());
            self.fault(&spot.then("every"), "a deadline comes once".to_owned(), help);
        }
        if deadline.then.to.as_deref().is_none_or(|to| to == STAY) {
            let help = Some("say with `to` where the missed deadline leads".to_owned());
            return self.fault(spot, "a deadline leads on: `to` is missing".to_owned(), help);
        }
        self.timer(spot, path, deadline, scope);
    }

    /// The outcomes of all jobs at `path` or inside it, and `done` where inner states can end.
    fn outcomes_within(&self, path: &[String]) -> BTreeSet<&'a str> {
        fn collect(state: &StateDef, outcomes: &mut BTreeSet<&str>) {
            if let Some(kind) = state.job.as_ref().and_then(|job| catalog::job_kind(&job.kind)) {
                outcomes.extend(kind.outcomes);
            }
            if let Some((_, states)) = state.inner() {
                states.values().for_each(|inner| collect(inner, outcomes));
            }
        }
        let mut outcomes = BTreeSet::new();
        match self.workflow.state(path) {
            Some(state) => {
                collect(state, &mut outcomes);
                outcomes.extend(self.outcomes_of_used(state));
                if state.inner().is_some() {
                    outcomes.insert(DONE);
                }
            }
            None => self.workflow.states.values().for_each(|state| collect(state, &mut outcomes)),
        }
        outcomes
    }

    /// Every outcome of the job at `path` must be followed, there or further out.
    fn job_has_outcome(&mut self, spot: &Spot, path: &[String]) {
        let workflow = self.workflow;
        let Some(job) = workflow.state(path).and_then(|state| state.job.as_ref()) else { return };
        let Some(kind) = catalog::job_kind(&job.kind) else { return };
        let followed = |outcome: &&str| -> Vec<&Transition> {
            let holders = (0..=path.len()).filter_map(|len| path.get(..len));
            let on = holders.filter_map(|holder| workflow.transitions(holder, outcome)).flatten();
            on.filter(|transition| transition.by.is_none()).collect()
        };
        if kind.outcomes.iter().all(|outcome| followed(outcome).is_empty()) {
            let help = Some(format!("its outcomes are {}", kind.outcomes.join(", ")));
            return self.fault(spot, format!("nothing follows the job `{}`", job.kind), help);
        }
        for outcome in kind.outcomes {
            let ways = followed(outcome);
            if ways.is_empty() {
                let message = format!("nothing follows the outcome `{outcome}` of the job `{}`", job.kind);
                self.fault(spot, message, Some(format!("`on: {{{outcome}: …}}`")));
            } else if !ways.iter().any(|way| certain(way)) {
                self.only_if(spot, outcome);
            }
        }
    }

    /// `done` and the outcomes of a used definition are followed here, and whatever its variables are.
    pub(super) fn ends_followed(&mut self, spot: &Spot, state: &StateDef) {
        let outcomes = self.outcomes_of_used(state).into_iter().chain([DONE]);
        for outcome in outcomes {
            let Some(on) = state.on.get(outcome) else { continue };
            let by_itself = on.iter().any(|way| way.by.is_none());
            if by_itself && !on.iter().any(certain) {
                self.only_if(spot, outcome);
            }
        }
    }

    fn only_if(&mut self, spot: &Spot, outcome: &str) {
        let message = format!("when no `if` holds, nothing follows `{outcome}`");
        self.fault(&spot.then("on").then(outcome), message, Some("let the last one have no `if`".to_owned()));
    }
}
