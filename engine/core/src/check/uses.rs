//! `use`: the definition must be there, be given what it asks for, and have all its outcomes followed.

use super::{Checker, STATES_MAX, Scope, Spot};
use crate::{
    definition::Definition,
    diagnostic::did_you_mean,
    library::USES_DEPTH_MAX,
    model::{StateDef, Use},
};

impl<'a> Checker<'a> {
    pub(super) fn uses(&mut self, spot: &Spot, uses: &Use, state: &StateDef, scope: &Scope, in_item: bool) {
        let place = spot.then("use");
        for (name, expr) in &uses.with {
            self.expression(&place.then("with").then(name.as_str()), expr, scope);
        }
        let Some(used) = self.used(&place, uses) else { return };
        let workflow = used.workflow();
        for name in workflow.input.iter().filter(|name| !uses.with.contains_key(*name)) {
            let help = Some(format!("`with: {{{name}: …}}`"));
            self.fault(&place, format!("`{}` is not given its input `{name}`", uses.workflow), help);
        }
        for name in uses.with.keys().filter(|name| !workflow.input.contains(*name)) {
            let help = did_you_mean(name, workflow.input.iter().map(String::as_str));
            let message = format!("`{}` does not ask for `{name}`", uses.workflow);
            self.fault(&place.then("with").name(name), message, help);
        }
        for outcome in workflow.outcomes() {
            let follows = state.on.get(outcome).is_some_and(|on| on.iter().any(|way| way.by.is_none()));
            if !follows {
                let help = Some(format!("`on: {{{outcome}: …}}`"));
                self.fault(
                    spot,
                    format!("nothing follows the outcome `{outcome}` of `{}`", uses.workflow),
                    help,
                );
            }
        }
        if in_item && workflow.states.values().any(StateDef::has_each) {
            let message =
                format!("an `each` inside an `each` is not possible, and `{}` has one", uses.workflow);
            self.fault(&place, message, None);
        }
        let depth = 1 + workflow.states.values().map(StateDef::uses_depth).max().unwrap_or_default();
        if depth > USES_DEPTH_MAX {
            let message = format!("definitions use one another more than {USES_DEPTH_MAX} deep");
            self.fault(&place, message, None);
        }
        // Counted before anything is copied: many uses of large definitions must not grow without end.
        self.states = self.states.saturating_add(workflow.states.values().map(StateDef::count).sum());
        if self.states > STATES_MAX {
            let message = format!("with `{}` there are more than {STATES_MAX} states", uses.workflow);
            self.fault(&place, message, None);
        }
    }

    /// The definition that is meant.
    fn used(&mut self, place: &Spot, uses: &Use) -> Option<&'a Definition> {
        let (name, version) = (uses.workflow.as_str(), uses.version);
        let own = &self.workflow.workflow;
        if (own.name.as_str(), own.version) == (name, version) {
            self.fault(&place.then("workflow"), format!("`{name}` version {version} uses itself"), None);
            return None;
        }
        let library = self.library;
        match library.get(name, version) {
            Some(used) if used.contract_type().is_some() => {
                let message = format!("`{name}` is a contract type: only a workflow can be used");
                self.fault(&place.then("workflow"), message, None);
                None
            }
            Some(used) => Some(used),
            None => {
                let versions = library.versions(name);
                if versions.is_empty() {
                    let help = did_you_mean(name, library.names());
                    self.fault(&place.then("workflow"), format!("there is no definition `{name}`"), help);
                } else {
                    let versions: Vec<String> = versions.iter().map(u32::to_string).collect();
                    let help = Some(format!("known here: {}", versions.join(", ")));
                    self.fault(&place.then("version"), format!("`{name}` has no version {version}"), help);
                }
                None
            }
        }
    }

    /// The outcomes of the definition that a state uses.
    pub(super) fn outcomes_of_used(&self, state: &StateDef) -> Vec<&'a str> {
        let used = state.uses.as_ref().and_then(|uses| self.library.get(&uses.workflow, uses.version));
        used.map(|used| used.workflow().outcomes().into_iter().collect()).unwrap_or_default()
    }
}
