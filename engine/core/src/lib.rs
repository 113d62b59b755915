//! The pure heart of Sealflow: definitions, instance state and `step`.
//!
//! Nothing here reads a clock, draws a random number or touches the outside; time and randomness arrive in the
//! [`Event`], so that a history can be replayed and a rule can be tested without a database.

pub mod effect;
pub mod event;
pub mod ids;
pub mod time;

pub use effect::{Effect, JobRequest, TaskRequest, TimerRequest};
pub use event::{Actor, Event, EventId, EventKind};
pub use time::Timestamp;
