//! The pure heart of Sealflow: definitions, instance state and `step`.
//!
//! Nothing here reads a clock, draws a random number or touches the outside; time and randomness arrive in the
//! [`Event`], so that a history can be replayed and a rule can be tested without a database.
//!
//! [`load`] turns YAML into a checked [`Definition`]; [`start`] and [`step`] turn events into the next [`State`] and
//! the [`Effect`]s that the store carries out in the same transaction.

pub mod auto_sign;
pub mod canonical;
pub mod catalog;
mod check;
mod compile;
pub mod daily;
pub mod definition;
pub mod diagnostic;
pub mod diff;
pub mod duration;
pub mod effect;
pub mod event;
pub mod explain;
pub mod expr;
pub mod graph;
pub mod ids;
mod library;
pub mod migrate;
pub mod model;
mod parse;
pub mod scenario;
pub mod simulate;
pub mod state;
pub mod step;
pub mod time;
pub mod ways;

pub use auto_sign::{AutoSignFacts, AutoSignRefusal, auto_sign_refusals};
pub use definition::{Definition, DefinitionHash};
pub use diagnostic::Diagnostic;
pub use effect::{Effect, IncidentRequest, JobRequest, TaskRequest, TimerRequest};
pub use event::{Actor, Event, EventId, EventKind};
pub use explain::{Wait, explain};
pub use library::Library;
pub use model::ContractType;
pub use parse::{Loaded, SOURCE_BYTES_MAX, load, load_all, load_with, schema};
pub use state::{ItemProgress, OpenIncident, OpenTask, State};
pub use step::{Rejection, possible_actions, start, step};
pub use time::Timestamp;
