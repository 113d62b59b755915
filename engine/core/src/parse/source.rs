//! Other sources than definitions, read in the same way: YAML, its form checked against the type's schema.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use super::{Source, read, tree::Node};
use crate::Diagnostic;

/// The tree with its places, and what it says.
pub(crate) fn read_source<T: DeserializeOwned + JsonSchema>(
    source: &str,
    file_name: &str,
) -> Result<(Node, T), Vec<Diagnostic>> {
    let source = Source::read(source, file_name)?;
    let said = read::<T>(&source.node).map_err(|faults| source.shape(faults))?;
    Ok((source.node, said))
}
