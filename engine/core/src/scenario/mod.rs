//! Scenarios: runs of a definition that are written down beside it, and are its tests.
//!
//! A scenario says who does what, which jobs end how, how the clock goes on, and what must be true after each step.

mod cast;
mod compare;
mod expect;
mod fault;
mod model;
mod names;
mod play;
mod run;

use serde_json::Value;

use crate::{Diagnostic, parse, simulate::Happening};

pub use cast::Cast;
pub use model::Scenario;
pub use names::{NoTime, shown, time};
pub use run::run;

/// The most steps of a scenario.
pub const STEPS_MAX: usize = 1_000;

/// What became of a scenario.
#[derive(Debug, Clone)]
pub struct Report {
    /// Its sentence; empty when the file could not be read.
    pub title: String,
    /// Everything that happened, as far as it came.
    pub path: Vec<Happening>,
    /// The names that stand for ids.
    pub cast: Cast,
    /// How many steps were done as written.
    pub steps: usize,
    /// Where it is not as written; empty when it passed.
    pub faults: Vec<Diagnostic>,
}

impl Report {
    /// Whether everything was as written.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.faults.is_empty()
    }
}

/// The JSON Schema of a scenario's YAML, for editors.
#[must_use]
pub fn schema() -> Value {
    parse::schema_of::<Scenario>()
}
