//! A definition that has been checked: what an instance is pinned to, by the hash of its content.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::{Value, json};

use crate::{
    canonical::{canonical, hash},
    model::{ContractType, Workflow},
};

/// SHA-256 of a definition's canonical JSON, 64 lower-case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DefinitionHash(pub String);

impl fmt::Display for DefinitionHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A workflow, with the contract type that it was compiled from if there is one. Serialized as canonical JSON.
///
/// Loading from source checks everything. Reading back from JSON checks the form only: a definition that instances
/// are pinned to stays readable when later versions check more.
#[derive(Debug, Clone, PartialEq)]
pub struct Definition {
    workflow: Workflow,
    contract_type: Option<ContractType>,
    hash: DefinitionHash,
}

#[derive(Deserialize)]
struct Stored {
    workflow: Workflow,
    #[serde(default)]
    contract_type: Option<ContractType>,
}

impl Definition {
    /// Wraps what has been checked.
    pub(crate) fn new(
        workflow: Workflow,
        contract_type: Option<ContractType>,
    ) -> Result<Self, serde_json::Error> {
        let json = to_json(&workflow, contract_type.as_ref())?;
        Ok(Self { workflow, contract_type, hash: DefinitionHash(hash(&json)) })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.workflow.workflow.name
    }

    /// Its version.
    #[must_use]
    pub const fn version(&self) -> u32 {
        self.workflow.workflow.version
    }

    /// The hash of its content.
    #[must_use]
    pub const fn hash(&self) -> &DefinitionHash {
        &self.hash
    }

    /// What is run.
    #[must_use]
    pub const fn workflow(&self) -> &Workflow {
        &self.workflow
    }

    /// What it was compiled from, for a contract.
    #[must_use]
    pub const fn contract_type(&self) -> Option<&ContractType> {
        self.contract_type.as_ref()
    }
}

fn to_json(workflow: &Workflow, contract_type: Option<&ContractType>) -> Result<Value, serde_json::Error> {
    let mut json = json!({"workflow": serde_json::to_value(workflow)?});
    if let Some(contract_type) = contract_type {
        json["contract_type"] = serde_json::to_value(contract_type)?;
    }
    Ok(canonical(json))
}

impl Serialize for Definition {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        to_json(&self.workflow, self.contract_type.as_ref())
            .map_err(serde::ser::Error::custom)?
            .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Definition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Through a value: two of the fields inside are read from either of several forms, which needs one anyway.
        let stored: Stored =
            serde_json::from_value(Value::deserialize(deserializer)?).map_err(de::Error::custom)?;
        Self::new(stored.workflow, stored.contract_type).map_err(de::Error::custom)
    }
}
