//! One part in a contract, and what is asked of whoever plays it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Approval, FieldPlacement, ForcedReading, PreSign,
    pre_sign::{is_one, one},
};
use crate::model::{IntentMethod, Title};

/// One part in the contract, and what is asked of whoever plays it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecipientRole {
    /// Unique in the contract type.
    pub role: String,
    /// For people.
    pub title: Title,
    /// Who plays it.
    pub kind: RecipientKind,
    /// How many recipients have it at least; 0 makes the role optional.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    #[schemars(range(min = 0, max = 50))]
    pub min: u32,
    /// How many recipients have it at most.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    #[schemars(range(min = 1, max = 50))]
    pub max: u32,
    /// With `routing: groups`: in which group they sign.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 50))]
    pub group: Option<u32>,
    /// What comes before the document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pre_sign: Option<PreSign>,
    /// The document must be read to the end first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forced_reading: Option<ForcedReading>,
    /// How the recipient may confirm his will; one of them is enough.
    #[schemars(length(min = 1))]
    pub intent_methods: Vec<IntentMethod>,
    /// The recipient's own people approve after he confirmed, before the document is signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<Approval>,
    /// Whoever has switched auto-sign (自动签署) on may be signed for without being asked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub auto_sign: bool,
    /// What is put on the document, and where.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldPlacement>,
}

/// Who plays a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RecipientKind {
    /// A natural person.
    Person,
    /// An organization, for which its transactor (经办人) acts.
    Organization,
}

impl RecipientKind {
    /// As written in definitions and instance data.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Organization => "organization",
        }
    }
}

impl RecipientRole {
    /// The first agreement that must be accepted.
    #[must_use]
    pub fn agreement(&self) -> Option<&str> {
        self.agreements().next()
    }

    /// The agreements that must be accepted, in order.
    pub fn agreements(&self) -> impl Iterator<Item = &str> {
        self.pre_sign.iter().flat_map(PreSign::agreements)
    }

    /// The names of the states that a recipient of this role passes before he signs, in order: those of the workflow
    /// that the contract type compiles to.
    #[must_use]
    pub fn steps(&self) -> Vec<String> {
        let checks = self.pre_sign.as_ref();
        let mut steps = Vec::new();
        if checks.is_some_and(|checks| checks.subject_verification.is_some()) {
            steps.push("subject_verification".to_owned());
        }
        steps.extend((0..self.agreements().count()).map(agreement_step));
        if checks.is_some_and(|checks| !checks.attachments.is_empty()) {
            steps.push("attachments".to_owned());
        }
        if self.forced_reading.is_some() {
            steps.push("reading".to_owned());
        }
        steps
    }

    /// The agreement that is asked for in the state of this name.
    #[must_use]
    pub fn agreement_at(&self, state: &str) -> Option<&str> {
        self.agreements().enumerate().find(|(index, _)| agreement_step(*index) == state).map(|(_, name)| name)
    }
}

/// The state in which the agreement with this index is asked for.
pub(crate) fn agreement_step(index: usize) -> String {
    match index {
        0 => "agreement".to_owned(),
        index => format!("agreement_{}", index + 1),
    }
}
