//! The interpreter: `(definition, state, event) → (state, effects)`, or the rule that refuses the event.
//!
//! Total and deterministic. An event finds the transition that it takes from the innermost state outwards; taking it
//! leaves states, changes data, enters states; what that brings about without waiting (decisions, ended items) is
//! worked off before the step ends, at most [`TRANSITIONS_MAX`] of it.

mod adopt;
mod dispatch;
mod each;
mod enter;
mod rejection;
mod run;
mod scope;
mod target;
pub(crate) mod trace;
mod transition;
mod uses;

use serde_json::Value;

use crate::{
    Effect, Event, EventKind,
    canonical::{self, canonical},
    definition::Definition,
    state::State,
};

pub(crate) use adopt::{Adopted, adopt};
pub(crate) use dispatch::DONE;
pub use dispatch::possible_actions;
pub use rejection::Rejection;
pub(crate) use target::{children, resolve};
pub(crate) use trace::Stepped;
pub(crate) use transition::STAY;

/// How many transitions one event may cause.
pub const TRANSITIONS_MAX: u32 = 1_000;
/// How large an event's data, or all data of an instance, may be, in bytes of JSON.
pub const DATA_BYTES_MAX: usize = 256 * 1_024;
/// How many elements a list or object in the data may have.
pub const DATA_LENGTH_MAX: usize = 1_000;
/// How deep data may be nested.
pub const DATA_DEPTH_MAX: usize = 32;
/// How many items an `each` may have.
pub const ITEMS_MAX: usize = 200;
/// How many persons one task may be given to.
pub const ASSIGNEES_MAX: usize = 50;
/// How many named job keys an instance may use in its life.
pub const JOB_KEYS_MAX: usize = 10_000;
/// The longest item id, in bytes.
pub const ITEM_ID_BYTES_MAX: usize = 64;
/// The longest job key, in bytes.
pub const JOB_KEY_BYTES_MAX: usize = 200;

/// Starts an instance.
///
/// # Errors
/// [`Rejection`] when the input is not what the definition asks for.
pub fn start(def: &Definition, input: Value, event: &Event) -> Result<(State, Vec<Effect>), Rejection> {
    start_traced(def, input, event).map(Stepped::into_result)
}

/// Like [`start`], telling what it went through.
pub(crate) fn start_traced<'a>(
    def: &'a Definition,
    input: Value,
    event: &'a Event,
) -> Result<Stepped<'a>, Rejection> {
    check_size("the input", &input)?;
    run::Run::start(def, canonical(input), event)
}

/// Takes one step.
///
/// # Errors
/// [`Rejection`] says which rule refuses the event; the state is then unchanged.
pub fn step(def: &Definition, state: &State, event: &Event) -> Result<(State, Vec<Effect>), Rejection> {
    step_traced(def, state, event).map(Stepped::into_result)
}

/// Like [`step`], telling what it went through.
pub(crate) fn step_traced<'a>(
    def: &'a Definition,
    state: &State,
    event: &'a Event,
) -> Result<Stepped<'a>, Rejection> {
    if state.definition() != def.hash() {
        return Err(Rejection::WrongDefinition);
    }
    match &event.kind {
        EventKind::Started => {
            Err(Rejection::UnknownActionHere { action: "started".to_owned(), state: state.at().to_string() })
        }
        // Another function does that, which knows both definitions.
        EventKind::Migrated { .. } => Err(Rejection::WrongDefinition),
        EventKind::Action { name, item, data } => {
            if state.is_final() {
                return Err(Rejection::Finished);
            }
            check_size("the event's data", data)?;
            let mut run = run::Run::new(def, state, event, data);
            run.action(name, item.as_deref())?;
            run.settle()
        }
        EventKind::JobResult { key, outcome, data } => {
            if !state.jobs.contains_key(key) {
                return Err(Rejection::JobNotWaitedFor { key: key.clone() });
            }
            check_size("the event's data", data)?;
            let mut run = run::Run::new(def, state, event, data);
            run.job_result(key, outcome)?;
            run.settle()
        }
        EventKind::TimerFired { key, generation } => {
            let mut run = run::Run::new(def, state, event, &Value::Null);
            run.timer_fired(key, *generation)?;
            run.settle()
        }
    }
}

/// How many bytes the data has, when that and its shape are within the limits.
fn check_size(what: &'static str, data: &Value) -> Result<usize, Rejection> {
    let too_large = |limit| Err(Rejection::DataTooLarge { what, limit });
    let (longest, deepest) = canonical::shape(data);
    let bytes = canonical::size(data);
    if bytes > DATA_BYTES_MAX {
        return too_large(DATA_BYTES_MAX);
    }
    if longest > DATA_LENGTH_MAX {
        return too_large(DATA_LENGTH_MAX);
    }
    if deepest > DATA_DEPTH_MAX {
        return too_large(DATA_DEPTH_MAX);
    }
    Ok(bytes)
}
