//! `use`: a definition that runs inside another, with variables of its own.

use serde_json::Value;

use super::{
    Rejection,
    run::{Run, first_scope},
};
use crate::{
    canonical::canonical,
    model::Frame,
    state::{Place, StatePath, UseRun},
};

impl Run<'_> {
    /// The definition at `place` begins: its variables are new on every entry.
    pub(super) fn open_use(&mut self, place: &Place, frame: &Frame) -> Result<(), Rejection> {
        let holder = outer(place);
        let Some(uses) = self.workflow.state(&holder.path.0).and_then(|state| state.uses.as_ref()) else {
            return Err(self.broken(&place.path.0));
        };
        let mut scope = first_scope(&frame.data, &frame.counters);
        for (name, expr) in &uses.with {
            scope.data.insert(name.clone(), canonical(self.visible(&holder).value(expr)?));
        }
        self.state.uses.push(UseRun { place: place.clone(), scope });
        for condition in &frame.require {
            if !self.visible(place).holds(condition)? {
                return Err(Rejection::GuardRefused { guard: condition.source().to_owned() });
            }
        }
        Ok(())
    }

    /// The definition at `place` has ended: its outcome is an event of the state that uses it, its variables are what
    /// the event brings.
    pub(super) fn use_ended(&mut self, place: &Place, outcome: &str) -> Result<(), Rejection> {
        let holder = outer(place);
        let data = self.state.use_around(place).map(|run| run.scope.data.clone()).unwrap_or_default();
        self.event_data = Value::Object(data.into_iter().collect());
        match self.find(std::slice::from_ref(&holder), outcome)? {
            Some((holder, transition)) => self.take(&holder, transition),
            None => Err(Rejection::BrokenDefinition {
                state: holder.to_string(),
                reason: "nothing follows this outcome",
            }),
        }
    }
}

/// The state around `place`.
fn outer(place: &Place) -> Place {
    let len = place.path.0.len().saturating_sub(1);
    Place { path: StatePath(place.path.0.get(..len).unwrap_or_default().to_vec()), item: place.item.clone() }
}
