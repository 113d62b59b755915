//! What follows what: which states can come to an end, and which go round without waiting for anybody.

use std::collections::{BTreeMap, BTreeSet};

use super::{Checker, Spot};
use crate::{
    catalog,
    library::Library,
    model::{StateDef, Transition, Use, Workflow},
    step::{DONE, STAY, resolve},
};

type Path = Vec<String>;

impl Checker<'_> {
    /// Every state leads to an end in the end.
    pub(super) fn ends(&mut self, reached: &BTreeSet<Path>) {
        let workflow = self.workflow;
        let mut before: BTreeMap<Path, Vec<&Path>> = BTreeMap::new();
        for path in reached {
            for next in successors(workflow, path) {
                before.entry(next).or_default().push(path);
            }
        }
        let is_end = |path: &&Path| {
            path.len() == 1 && workflow.state(path).is_some_and(|state| state.finish.is_some())
        };
        let mut ends: BTreeSet<&Path> = reached.iter().filter(is_end).collect();
        let mut open: Vec<&Path> = ends.iter().copied().collect();
        while let Some(path) = open.pop() {
            for previous in before.get(path).into_iter().flatten().copied() {
                if ends.insert(previous) {
                    open.push(previous);
                }
            }
        }
        for path in reached.iter().filter(|path| !ends.contains(path)) {
            let name = path.last().map(String::as_str).unwrap_or_default();
            let message = format!("no `final` state can be reached from `{name}`");
            self.fault(&spot_of(workflow, path), message, None);
        }
    }

    /// Decisions and jobs that lead back to themselves need something that ends it.
    pub(super) fn circles(&mut self, reached: &BTreeSet<Path>) {
        let workflow = self.workflow;
        let library = self.library;
        let next: BTreeMap<&Path, Vec<Path>> =
            reached.iter().map(|path| (path, by_itself(workflow, library, path))).collect();
        let mut seen: BTreeSet<&Path> = BTreeSet::new();
        for start in reached {
            if seen.contains(start) {
                continue;
            }
            let Some(circle) = circle_from(start, &next) else { continue };
            seen.extend(reached.iter().filter(|path| circle.contains(path)));
            let names: Vec<String> =
                circle.iter().chain([start]).map(|path| format!("`{}`", path.join("/"))).collect();
            let message = format!("{} goes round without end", names.join(" → "));
            let help = Some(
                "let a counter (`raise` with `else`), a task, an incident or a timer stand in the way"
                    .to_owned(),
            );
            self.fault(&spot_of(workflow, start), message, help);
        }
    }
}

/// The shortest way from `start` back to it; none when there is none.
fn circle_from<'a>(start: &'a Path, next: &BTreeMap<&'a Path, Vec<Path>>) -> Option<Vec<Path>> {
    let mut from: BTreeMap<Path, Path> = BTreeMap::new();
    let mut open = std::collections::VecDeque::from([start.clone()]);
    while let Some(path) = open.pop_front() {
        for following in next.get(&path).into_iter().flatten() {
            if following == start {
                let mut circle = vec![path.clone()];
                let mut at = &path;
                while let Some(previous) = from.get(at) {
                    circle.push(previous.clone());
                    at = previous;
                }
                circle.reverse();
                return Some(circle);
            }
            if !from.contains_key(following) {
                from.insert(following.clone(), path.clone());
                open.push_back(following.clone());
            }
        }
    }
    None
}

/// Where a state is written.
pub(super) fn spot_of(workflow: &Workflow, path: &[String]) -> Spot {
    let mut spot = Spot::default();
    for (index, name) in path.iter().enumerate() {
        let around = path.get(..index).and_then(|around| workflow.state(around));
        if around.is_some_and(|state| state.each.is_some()) {
            spot = spot.then("each");
        }
        spot = spot.then("states").then(name.as_str());
    }
    spot
}

/// Everything that leads on from the state at `path` itself.
pub(super) fn ways<'a>(workflow: &'a Workflow, path: &[String]) -> Vec<&'a Transition> {
    let timers = workflow.timers(path).map(|(_, timer)| &timer.then);
    match workflow.state(path) {
        Some(state) => state.on.values().flatten().chain(timers).chain(&state.always).collect(),
        None => workflow.on.values().flatten().chain(timers).collect(),
    }
}

/// Where the ways on from the state at `path` itself lead.
pub(super) fn targets(workflow: &Workflow, path: &[String]) -> Vec<Path> {
    ways(workflow, path)
        .into_iter()
        .flat_map(|transition| [&transition.to, &transition.otherwise])
        .flatten()
        .filter(|to| *to != STAY)
        .filter_map(|to| resolve(workflow, path, to))
        .collect()
}

/// What may follow the state at `path`, whoever or whatever causes it.
fn successors(workflow: &Workflow, path: &[String]) -> Vec<Path> {
    let mut next: Vec<Path> = (0..=path.len())
        .filter_map(|len| path.get(..len))
        .flat_map(|holder| targets(workflow, holder))
        .collect();
    next.extend(first_inside(workflow, path));
    next
}

fn first_inside(workflow: &Workflow, path: &[String]) -> Option<Path> {
    let (first, _) = workflow.state(path)?.inner()?;
    let mut inner = path.to_vec();
    inner.push(first.to_owned());
    Some(inner)
}

/// What follows the state at `path` without a person, a timer or a counter: by decisions, jobs and ends alone.
fn by_itself(workflow: &Workflow, library: &Library, path: &[String]) -> Vec<Path> {
    let Some(state) = workflow.state(path) else { return Vec::new() };
    let mut next = Vec::new();
    match &state.uses {
        Some(uses) => {
            for outcome in outcomes_by_itself(uses, library) {
                let on = state.on.get(outcome).map(|on| on.0.as_slice()).unwrap_or_default();
                follow(workflow, path, on, &mut next);
            }
        }
        None => next.extend(first_inside(workflow, path)),
    }
    follow(workflow, path, &state.always.0, &mut next);
    if let Some(kind) = state.job.as_ref().and_then(|job| catalog::job_kind(&job.kind)) {
        for outcome in kind.outcomes {
            for holder in (0..=path.len()).rev().filter_map(|len| path.get(..len)) {
                let on = workflow.transitions(holder, outcome).map(|on| on.0.as_slice()).unwrap_or_default();
                follow(workflow, holder, on, &mut next);
                if on.iter().any(certain) {
                    break;
                }
            }
        }
    }
    if state.finish.is_some() {
        let around = path.get(..path.len().saturating_sub(1)).unwrap_or_default();
        if let Some(on) = workflow.state(around).and_then(|around: &StateDef| around.on.get(DONE)) {
            follow(workflow, around, &on.0, &mut next);
        }
    }
    next
}

/// The outcomes that a used definition comes to without a person, a timer or a counter.
fn outcomes_by_itself<'a>(uses: &Use, library: &'a Library) -> BTreeSet<&'a str> {
    let Some(used) = library.get(&uses.workflow, uses.version) else { return BTreeSet::new() };
    let workflow = used.workflow();
    let mut open = vec![vec![workflow.initial.clone()]];
    let mut seen = BTreeSet::new();
    while let Some(path) = open.pop() {
        if !seen.contains(&path) {
            open.extend(by_itself(workflow, library, &path));
            seen.insert(path);
        }
    }
    let top = seen.iter().filter(|path| path.len() == 1);
    top.filter_map(|path| workflow.state(path)?.finish.as_deref()).collect()
}

/// A transition that nobody has to cause and that is always taken.
pub(super) fn certain(transition: &Transition) -> bool {
    transition.by.is_none() && transition.guard.is_none()
}

/// Adds where transitions lead that no person causes. One that raises a counter is taken so often and no more; what
/// follows at its limit is not bounded by it.
fn follow(workflow: &Workflow, holder: &[String], on: &[Transition], next: &mut Vec<Path>) {
    for transition in on.iter().filter(|transition| transition.by.is_none()) {
        let to = if transition.raise.is_some() { &transition.otherwise } else { &transition.to };
        if let Some(to) = to.as_deref().filter(|to| *to != STAY) {
            next.extend(resolve(workflow, holder, to));
        }
    }
}
