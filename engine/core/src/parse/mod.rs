//! From YAML to a checked definition, with every fault said and placed.

mod all;
mod schema;
mod shape;
mod source;
pub(crate) mod tree;

pub use all::load_all;
pub(crate) use schema::of as schema_of;
pub use schema::schema;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    check::{self, Finding},
    compile,
    definition::Definition,
    diagnostic::{Diagnostic, did_you_mean},
    library::{self, Library},
    model::{ContractType, Workflow},
};
pub(crate) use source::read_source;
use tree::{Node, Position};

/// The largest source, in bytes.
pub const SOURCE_BYTES_MAX: usize = 256 * 1_024;

/// A definition, and the contract type if its source was one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Loaded {
    /// What is run.
    pub definition: Definition,
    /// The signing policy.
    pub contract_type: Option<ContractType>,
}

/// Reads a definition that uses no other: YAML with `workflow:` or `contract_type:` at its head.
///
/// # Errors
/// All faults, in the order of the source; `file_name` is only used to name it in them.
pub fn load(source: &str, file_name: &str) -> Result<Loaded, Vec<Diagnostic>> {
    load_with(source, file_name, &Library::default())
}

/// Reads a definition that may use those of the library.
///
/// # Errors
/// See [`load`].
pub fn load_with(source: &str, file_name: &str, library: &Library) -> Result<Loaded, Vec<Diagnostic>> {
    let source = Source::read(source, file_name)?;
    source.load(library)
}

/// A source that could be read as YAML.
pub(crate) struct Source<'a> {
    file_name: &'a str,
    node: Node,
}

impl<'a> Source<'a> {
    pub(crate) fn read(source: &str, file_name: &'a str) -> Result<Self, Vec<Diagnostic>> {
        let top = Position { line: 1, column: 1 };
        if source.len() > SOURCE_BYTES_MAX {
            let message = format!("the source has {} bytes, more than {SOURCE_BYTES_MAX}", source.len());
            return Err(vec![at(file_name, top, message, None)]);
        }
        let node = tree::read(source).map_err(|error| {
            let position = error
                .location()
                .map_or(top, |location| Position { line: location.line(), column: location.column() });
            let text = error.without_snippet().render();
            let message = format!("not readable as YAML: {}", text.lines().next().unwrap_or_default());
            vec![at(file_name, position, message, None)]
        })?;
        Ok(Self { file_name, node })
    }

    /// A fault at a place of this source.
    pub(crate) fn fault(&self, position: Position, message: String, help: Option<String>) -> Diagnostic {
        at(self.file_name, position, message, help)
    }

    pub(crate) fn load(&self, library: &Library) -> Result<Loaded, Vec<Diagnostic>> {
        if self.node.get("contract_type").is_some() {
            return self.contract_type(library);
        }
        if self.node.get("workflow").is_none() {
            let keys: Vec<&str> = match &self.node.content {
                tree::Content::Map(entries) => entries.iter().map(|entry| entry.key.as_str()).collect(),
                tree::Content::Scalar(_) | tree::Content::List(_) => Vec::new(),
            };
            let help = keys.iter().find_map(|key| {
                did_you_mean(key, ["workflow", "contract_type"])
                    .filter(|help| help.starts_with("did you mean"))
            });
            return Err(vec![self.whole("neither `workflow` nor `contract_type` is here".to_owned(), help)]);
        }
        let mut workflow: Workflow = read(&self.node).map_err(|faults| self.shape(faults))?;
        let findings = check::workflow(&workflow, library);
        if !findings.is_empty() {
            return Err(self.found(findings));
        }
        library::put_in(&mut workflow, library);
        let definition =
            Definition::new(workflow, None).map_err(|error| vec![self.whole(error.to_string(), None)])?;
        Ok(Loaded { definition, contract_type: None })
    }

    fn contract_type(&self, library: &Library) -> Result<Loaded, Vec<Diagnostic>> {
        let contract_type: ContractType = read(&self.node).map_err(|faults| self.shape(faults))?;
        let findings = check::contract_type(&contract_type);
        if !findings.is_empty() {
            return Err(self.found(findings));
        }
        let internal = |message: String| {
            vec![self.whole(format!("the contract type does not compile: {message}"), None)]
        };
        let mut workflow =
            compile::contract_type(&contract_type).map_err(|error| internal(error.to_string()))?;
        if let Some(finding) = check::workflow(&workflow, library).into_iter().next() {
            return Err(internal(finding.message));
        }
        library::put_in(&mut workflow, library);
        let definition = Definition::new(workflow, Some(contract_type.clone()))
            .map_err(|error| internal(error.to_string()))?;
        Ok(Loaded { definition, contract_type: Some(contract_type) })
    }

    fn whole(&self, message: String, help: Option<String>) -> Diagnostic {
        self.fault(Position { line: 1, column: 1 }, message, help)
    }

    fn shape(&self, faults: Vec<shape::Fault>) -> Vec<Diagnostic> {
        sorted(faults.into_iter().map(|fault| self.fault(fault.position, fault.message, fault.help)))
    }

    fn found(&self, findings: Vec<Finding>) -> Vec<Diagnostic> {
        let place =
            |finding: Finding| self.fault(self.node.find(&finding.path), finding.message, finding.help);
        sorted(findings.into_iter().map(place))
    }
}

fn at(file: &str, position: Position, message: String, help: Option<String>) -> Diagnostic {
    Diagnostic {
        file: file.to_owned(),
        line: position.line.max(1),
        column: position.column.max(1),
        message,
        help,
    }
}

fn sorted(diagnostics: impl Iterator<Item = Diagnostic>) -> Vec<Diagnostic> {
    let mut diagnostics: Vec<Diagnostic> = diagnostics.collect();
    diagnostics.sort_by_key(|diagnostic| (diagnostic.line, diagnostic.column));
    diagnostics.dedup();
    diagnostics
}

/// Checks the form against the type's schema, then reads it.
fn read<T: DeserializeOwned + JsonSchema>(node: &Node) -> Result<T, Vec<shape::Fault>> {
    let faults = shape::check(&schema::of::<T>(), node);
    if !faults.is_empty() {
        return Err(faults);
    }
    serde_json::from_value(node.to_json()).map_err(|error| {
        vec![shape::Fault { position: node.position, message: error.to_string(), help: None }]
    })
}
