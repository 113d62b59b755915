//! An input with readable names, for those who play a definition by hand.

use serde_json::Value;

use super::names::{Moment, Names};
use crate::{Diagnostic, SOURCE_BYTES_MAX, Timestamp, ids::PersonId, parse::tree};

/// An input whose `$name`s have become ids, and the way back.
#[derive(Debug, Clone, Default)]
pub struct Cast {
    names: Names,
    /// What the instance is started with.
    pub input: Value,
}

impl Cast {
    pub(super) fn of(names: Names) -> Self {
        Self { names, input: Value::Null }
    }

    /// Reads an input from YAML or JSON; `name` only names it in faults.
    ///
    /// # Errors
    /// When it cannot be read, or a time in it is none.
    pub fn read(source: &str, name: &str, now: Timestamp) -> Result<Self, Diagnostic> {
        let fault = |line: u64, column: u64, message: String, help| Diagnostic {
            file: name.to_owned(),
            line: line.max(1),
            column: column.max(1),
            message,
            help,
        };
        if source.len() > SOURCE_BYTES_MAX {
            return Err(fault(1, 1, format!("more than {SOURCE_BYTES_MAX} bytes"), None));
        }
        let node = tree::read(source).map_err(|error| {
            let (line, column) =
                error.location().map_or((1, 1), |location| (location.line(), location.column()));
            fault(line, column, "neither JSON nor YAML".to_owned(), None)
        })?;
        let input = node.to_json();
        let mut names = Names::default();
        names.collect(&input);
        let moment = Moment { start: now, now, scope: None };
        let filled =
            names.fill(&input, &moment).map_err(|unknown| fault(1, 1, unknown.message, unknown.help))?;
        Ok(Self { names, input: filled })
    }

    /// A text with names in the place of ids.
    #[must_use]
    pub fn readable(&self, text: &str) -> String {
        self.names.readable_text(text)
    }

    /// The person of this name.
    #[must_use]
    pub fn person(&self, name: &str) -> Option<PersonId> {
        self.names.id(name).ok().map(PersonId::from_uuid)
    }
}
