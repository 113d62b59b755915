//! Other sources than definitions, read in the same way: YAML, its form checked against the type's schema.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use super::{
    SOURCE_BYTES_MAX, read,
    tree::{self, Node, Position},
};
use crate::Diagnostic;

/// The tree with its places, and what it says.
pub(crate) fn read_source<T: DeserializeOwned + JsonSchema>(
    source: &str,
    file_name: &str,
) -> Result<(Node, T), Vec<Diagnostic>> {
    let at = |position: Position, message: String, help: Option<String>| Diagnostic {
        file: file_name.to_owned(),
        line: position.line.max(1),
        column: position.column.max(1),
        message,
        help,
    };
    let top = Position { line: 1, column: 1 };
    if source.len() > SOURCE_BYTES_MAX {
        let message = format!("the source has {} bytes, more than {SOURCE_BYTES_MAX}", source.len());
        return Err(vec![at(top, message, None)]);
    }
    let node = tree::read(source).map_err(|error| {
        let position = error
            .location()
            .map_or(top, |location| Position { line: location.line(), column: location.column() });
        let text = error.without_snippet().render();
        vec![at(position, format!("not readable as YAML: {}", text.lines().next().unwrap_or_default()), None)]
    })?;
    let said = read::<T>(&node).map_err(|faults| {
        faults.into_iter().map(|fault| at(fault.position, fault.message, fault.help)).collect::<Vec<_>>()
    })?;
    Ok((node, said))
}
