//! Moves a running instance to another definition, usually a newer version of its own.
//!
//! Nothing is guessed. Every state that the instance is in has a counterpart: the one that the map names, else the one
//! with the same path. Counterparts are of the same kind, a job that is under way is the same job, counts fit below
//! the new limits. Else the instance stays as it is, and every reason is told.
//!
//! What was begun goes on: timers keep their times, tasks their keys where form and person agree. A timer that only
//! the new definition has begins now; one that only the old one has is dropped. No `enter` is done again.

mod convert;
mod plan;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    Definition, DefinitionHash, Diagnostic, Effect, Event, EventKind, State, parse,
    state::Place,
    step::{self, Rejection},
};

pub use plan::Plan;

/// Which state of the new definition takes the place of which state of the old one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StateMap {
    /// Paths from the top, old to new. A state that is not named goes where the state around it goes, under its own
    /// name.
    #[serde(default)]
    pub states: BTreeMap<String, String>,
}

/// The most entries of a map.
pub const ENTRIES_MAX: usize = 1_000;

impl StateMap {
    /// Reads one from YAML.
    ///
    /// # Errors
    /// All faults of its form, in the order of the source; `file_name` only names it in them.
    pub fn read(source: &str, file_name: &str) -> Result<Self, Vec<Diagnostic>> {
        parse::read_source::<Self>(source, file_name).map(|(_, map)| map)
    }
}

/// Why an instance is not moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
pub struct Reason {
    /// Where the instance is, if the reason lies in a state.
    pub place: Option<Place>,
    /// A stable name of the rule, for programs.
    pub code: &'static str,
    /// For the operator.
    pub message: String,
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.place {
            Some(place) => write!(f, "{place}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl Reason {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { place: None, code, message: message.into() }
    }

    pub(crate) fn at(place: &Place, code: &'static str, message: impl Into<String>) -> Self {
        Self { place: Some(place.clone()), code, message: message.into() }
    }
}

/// Moves an instance; the event is a [`EventKind::Migrated`] and names the new definition and the map.
///
/// # Errors
/// Every reason against it; the instance is then unchanged.
pub fn migrate(
    old: &Definition,
    new: &Definition,
    state: &State,
    event: &Event,
) -> Result<(State, Vec<Effect>), Vec<Reason>> {
    let one = |code, message: &str| Err(vec![Reason::new(code, message)]);
    let EventKind::Migrated { to, states } = &event.kind else {
        return one("no_migration", "the event is no migration");
    };
    if state.definition() != old.hash() || to != new.hash() {
        return one("wrong_definition", "the event names other definitions");
    }
    if old.hash() == new.hash() {
        return one("already_there", "the instance runs this definition");
    }
    if state.is_final() {
        return one("finished", "the instance has ended");
    }
    let map = StateMap { states: states.clone() };
    let plan = Plan::new(old.workflow(), new.workflow(), &map)?;
    let converted = convert::convert(&plan, new.hash(), state)?;
    step::adopt(new, converted, event)
}

/// A definition by its hash, for [`replay`].
pub trait Definitions {
    /// The definition with this hash.
    fn find(&self, hash: &DefinitionHash) -> Option<&Definition>;
}

impl Definitions for BTreeMap<DefinitionHash, Definition> {
    fn find(&self, hash: &DefinitionHash) -> Option<&Definition> {
        self.get(hash)
    }
}

/// Why a history does not lead to a state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// The first event is no start.
    #[error("the history does not begin with a start")]
    NoStart,
    /// A definition is missing.
    #[error("there is no definition {0}")]
    UnknownDefinition(DefinitionHash),
    /// A step that was taken then is refused now.
    #[error("the event {event} is refused now")]
    Refused {
        /// The event's id.
        event: String,
        /// Why.
        #[source]
        source: Rejection,
    },
    /// A move that was made then is refused now.
    #[error("the migration {event} is refused now: {reasons}")]
    NotMigrated {
        /// The event's id.
        event: String,
        /// Why.
        reasons: String,
    },
}

/// The state that a history of applied events leads to, from definition to definition.
///
/// # Errors
/// [`ReplayError`] at the first event that does not go on.
pub fn replay(
    definitions: &impl Definitions,
    first: &DefinitionHash,
    input: Value,
    events: &[Event],
) -> Result<State, ReplayError> {
    let find = |hash: &DefinitionHash| {
        definitions.find(hash).ok_or_else(|| ReplayError::UnknownDefinition(hash.clone()))
    };
    let refused = |event: &Event, source| ReplayError::Refused { event: event.id.0.clone(), source };
    let mut definition = find(first)?;
    let Some((started, rest)) = events.split_first().filter(|(event, _)| event.kind == EventKind::Started)
    else {
        return Err(ReplayError::NoStart);
    };
    let (mut state, _) =
        step::start(definition, input, started).map_err(|source| refused(started, source))?;
    for event in rest {
        state = if let EventKind::Migrated { to, .. } = &event.kind {
            let next = find(to)?;
            let moved =
                migrate(definition, next, &state, event).map_err(|reasons| ReplayError::NotMigrated {
                    event: event.id.0.clone(),
                    reasons: reasons.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
                })?;
            definition = next;
            moved.0
        } else {
            step::step(definition, &state, event).map_err(|source| refused(event, source))?.0
        };
    }
    Ok(state)
}
