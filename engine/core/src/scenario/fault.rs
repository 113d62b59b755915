//! What is not as the scenario says, and where in the step it was written.

use super::names::Unknown;
use crate::parse::tree::Segment;

/// A fault, and the keys in the step that lead to its place.
pub(super) struct Fault {
    pub(super) keys: Vec<Segment>,
    pub(super) message: String,
    pub(super) help: Option<String>,
}

impl Fault {
    pub(super) fn at(key: &str, message: impl Into<String>) -> Self {
        Self { keys: vec![key.into()], message: message.into(), help: None }
    }

    pub(super) fn unknown(key: &str, unknown: Unknown) -> Self {
        Self { help: unknown.help, ..Self::at(key, unknown.message) }
    }
}
