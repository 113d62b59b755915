//! What the form alone cannot show: names that lead nowhere, conditions that cannot hold, states nobody reaches.

use crate::{
    model::{ContractType, Workflow},
    parse::tree::Segment,
};

/// A fault and where in the definition it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) path: Vec<Segment>,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

pub(crate) fn workflow(_workflow: &Workflow) -> Vec<Finding> {
    Vec::new()
}

pub(crate) fn contract_type(_contract_type: &ContractType) -> Vec<Finding> {
    Vec::new()
}
