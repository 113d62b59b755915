//! Which state goes where, and what stands against it, before any instance is looked at.

use std::collections::BTreeMap;

use super::{ENTRIES_MAX, Reason, StateMap};
use crate::{
    diagnostic::did_you_mean,
    model::{StateDef, Workflow},
    state::{Place, StatePath},
    ways,
};

/// How the states of one workflow go to another's.
#[derive(Debug, Clone)]
pub struct Plan<'a> {
    pub(super) old: &'a Workflow,
    pub(super) new: &'a Workflow,
    map: BTreeMap<StatePath, StatePath>,
}

impl<'a> Plan<'a> {
    /// Checks the map against both.
    ///
    /// # Errors
    /// Every name of the map that one of them does not know.
    pub fn new(old: &'a Workflow, new: &'a Workflow, map: &StateMap) -> Result<Self, Vec<Reason>> {
        if map.states.len() > ENTRIES_MAX {
            let message = format!("a map has at most {ENTRIES_MAX} entries");
            return Err(vec![Reason::new("map_too_large", message)]);
        }
        let mut reasons = Vec::new();
        let mut known = |workflow: &Workflow, path: &StatePath, which: &str| {
            if workflow.state(&path.0).is_none() {
                let all: Vec<String> = ways::states(workflow).iter().map(ToString::to_string).collect();
                let help = did_you_mean(&path.to_string(), all.iter().map(String::as_str));
                let help = help.map(|help| format!("; {help}")).unwrap_or_default();
                let message =
                    format!("the map names `{path}`, which the {which} definition does not have{help}");
                reasons.push(Reason::new("unknown_state", message));
            }
        };
        let mut paths = BTreeMap::new();
        for (from, to) in &map.states {
            let (from, to) = (StatePath::from(from.clone()), StatePath::from(to.clone()));
            known(old, &from, "old");
            known(new, &to, "new");
            paths.insert(from, to);
        }
        if reasons.is_empty() { Ok(Self { old, new, map: paths }) } else { Err(reasons) }
    }

    /// Where the state at this path goes: as the map says of it or of the nearest state around it.
    #[must_use]
    pub fn image(&self, path: &StatePath) -> StatePath {
        for len in (1..=path.0.len()).rev() {
            let (head, tail) = path.0.split_at_checked(len).unwrap_or((&path.0, &[]));
            if let Some(image) = self.map.get(&StatePath(head.to_vec())) {
                return StatePath(image.0.iter().chain(tail).cloned().collect());
            }
        }
        path.clone()
    }

    /// What stands against moving an instance, or an item, that waits in the state at `place`.
    pub(super) fn against(&self, place: &Place) -> Option<Reason> {
        let path = &place.path;
        let image = self.image(path);
        let Some(from) = self.old.state(&path.0) else {
            return Some(Reason::at(place, "unknown_state", "the old definition does not have this state"));
        };
        let Some(to) = self.new.state(&image.0) else {
            let message =
                format!("the new definition has no state `{image}`; name its counterpart in the map");
            return Some(Reason::at(place, "no_counterpart", message));
        };
        let (is, will_be) = (kind(from), kind(to));
        if is != will_be {
            let message = format!("it is {is}, but `{image}` is {will_be}");
            return Some(Reason::at(place, "other_kind", message));
        }
        if let (Some(from), Some(to)) = (&from.job, &to.job)
            && from.kind != to.kind
        {
            let message = format!("its job is `{}`, but that of `{image}` is `{}`", from.kind, to.kind);
            return Some(Reason::at(place, "other_job", message));
        }
        // The states around must correspond too: their timers run, and an item stays an item.
        let around = (1..path.0.len()).find_map(|len| {
            let outer = StatePath(path.0.get(..len)?.to_vec());
            let outer_image = self.image(&outer);
            let holds = |workflow: &Workflow, path: &StatePath| {
                let state = workflow.state(&path.0)?;
                Some((state.each.is_some(), state.frame.is_some()))
            };
            let inside = image.0.starts_with(&outer_image.0) && outer_image.0.len() < image.0.len();
            let fits = inside && holds(self.old, &outer) == holds(self.new, &outer_image);
            (!fits).then_some((outer, outer_image))
        });
        if let Some((outer, outer_image)) = around {
            let message = format!("`{image}` is not inside `{outer_image}`, where `{outer}` goes");
            return Some(Reason::at(place, "other_surroundings", message));
        }
        let items = |workflow: &Workflow, path: &StatePath| workflow.each_around(&path.0).is_some();
        if items(self.old, path) != items(self.new, &image) {
            let message = format!("`{path}` and `{image}` are not both inside an `each`");
            return Some(Reason::at(place, "other_surroundings", message));
        }
        None
    }

    /// What stands against moving instances, whatever state they are in: for those who compare two versions.
    #[must_use]
    pub fn against_all(&self) -> Vec<Reason> {
        let waiting = ways::states(self.old).into_iter().filter(|path| {
            self.old.state(&path.0).is_some_and(|state| {
                state.finish.is_none() && state.always.is_empty() && state.initial.is_none()
            })
        });
        let mut reasons: Vec<Reason> =
            waiting.filter_map(|path| self.against(&Place { path, item: None })).collect();
        for name in &self.new.input {
            if !self.old.input.contains(name) && !self.old.data.contains_key(name) {
                reasons.push(missing_input(name));
            }
        }
        reasons
    }
}

pub(super) fn missing_input(name: &str) -> Reason {
    Reason::new("missing_input", format!("the new definition asks for the input `{name}`, which nobody gave"))
}

/// The kind of a state, in words.
fn kind(state: &StateDef) -> &'static str {
    match state {
        StateDef { task: Some(_), .. } => "a task",
        StateDef { job: Some(_), .. } => "a job",
        StateDef { incident: Some(_), .. } => "an incident",
        StateDef { each: Some(_), .. } => "an `each`",
        StateDef { uses: Some(_), .. } => "a state that uses a definition",
        StateDef { finish: Some(_), .. } => "a final state",
        StateDef { initial: Some(_), .. } => "a state with inner states",
        state if !state.always.is_empty() => "a decision",
        _ => "a state that waits",
    }
}
