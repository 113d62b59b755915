//! Contract types (业务类型): the signing policy that an administrator edits. They compile to workflows.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Header, IntentMethod, Title};
use crate::duration::Duration;

/// A signing policy: who signs, in which order, after which checks, and until when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ContractType {
    /// Which definition this is.
    #[serde(rename = "contract_type")]
    pub header: Header,
    /// For people.
    pub title: Title,
    /// In which order the recipients sign.
    pub routing: Routing,
    /// How long the recipients have, from sending, unless the contract says otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Duration>,
    /// How a recipient who has not signed is reminded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reminders: Option<Reminders>,
    /// Who takes part, in routing order.
    #[schemars(length(min = 1, max = 50))]
    pub recipients: Vec<RecipientRole>,
}

/// In which order the recipients sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Routing {
    /// One after the other, as they are listed.
    Sequential,
    /// All at the same time.
    Parallel,
}

/// Reminders to a recipient whose turn it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reminders {
    /// How far apart.
    pub every: Duration,
    /// How many at most.
    #[schemars(range(min = 1, max = 100))]
    pub limit: u32,
}

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
    /// What comes before the document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pre_sign: Option<PreSign>,
    /// The document must be read to the end first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forced_reading: Option<ForcedReading>,
    /// How the recipient may confirm his will; one of them is enough.
    #[schemars(length(min = 1))]
    pub intent_methods: Vec<IntentMethod>,
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

/// Checks before signing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PreSign {
    /// The agreement that must be accepted: the name of a text under `workflows/agreements`.
    pub agreement: String,
}

/// The document must be read to the end, for at least this long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ForcedReading {
    /// Seconds.
    #[schemars(range(min = 0, max = 3600))]
    pub min_seconds: u32,
}

/// A field (签署区) and its place: millimetres from the top left corner of the page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FieldPlacement {
    /// What it is.
    pub kind: FieldKind,
    /// On which page.
    pub page: Page,
    /// Millimetres from the left edge.
    #[schemars(range(min = 0, max = 2000))]
    pub x_mm: f64,
    /// Millimetres from the top edge.
    #[schemars(range(min = 0, max = 2000))]
    pub y_mm: f64,
    /// Width in millimetres.
    #[schemars(range(min = 1, max = 500))]
    pub w_mm: f64,
    /// Height in millimetres.
    #[schemars(range(min = 1, max = 500))]
    pub h_mm: f64,
    /// For a seal: which kind of seal may be put here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seal_kind: Option<SealKind>,
}

/// What a field is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    /// A person's signature (签名).
    Signature,
    /// An organization's seal (印章).
    Seal,
    /// The day of signing.
    Date,
    /// A text that the signer enters.
    Text,
}

impl FieldKind {
    /// As written in definitions.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Signature => "signature",
            Self::Seal => "seal",
            Self::Date => "date",
            Self::Text => "text",
        }
    }
}

/// Which kind of seal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SealKind {
    /// 公章
    Official,
    /// 合同专用章
    Contract,
    /// 财务专用章
    Finance,
    /// 发票专用章
    Invoice,
    /// 人事专用章
    Hr,
    /// 法人章
    LegalRep,
    /// Any other seal.
    Other,
}

/// A page of the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Page {
    /// `first` or `last`.
    Named(NamedPage),
    /// Counted from 1.
    Number(#[schemars(range(min = 1, max = 10_000))] u32),
}

/// A page by its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NamedPage {
    /// The first page.
    First,
    /// The last page.
    Last,
}

impl Page {
    /// The page's number from 1 in a document of `page_count` pages; none when it has no such page.
    #[must_use]
    pub fn number(self, page_count: u32) -> Option<u32> {
        let number = match self {
            Self::Named(NamedPage::First) => 1,
            Self::Named(NamedPage::Last) => page_count,
            Self::Number(number) => number,
        };
        (1..=page_count).contains(&number).then_some(number)
    }
}

impl SealKind {
    /// As written in definitions.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Official => "official",
            Self::Contract => "contract",
            Self::Finance => "finance",
            Self::Invoice => "invoice",
            Self::Hr => "hr",
            Self::LegalRep => "legal_rep",
            Self::Other => "other",
        }
    }
}

impl ContractType {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.header.name
    }

    /// Its version.
    #[must_use]
    pub const fn version(&self) -> u32 {
        self.header.version
    }

    /// What is asked of the recipient with this role.
    #[must_use]
    pub fn role(&self, role: &str) -> Option<&RecipientRole> {
        self.recipients.iter().find(|recipient| recipient.role == role)
    }

    /// How long the recipients have, in milliseconds.
    #[must_use]
    pub fn deadline_ms(&self) -> Option<i64> {
        self.deadline.as_ref()?.as_ms().ok()
    }
}

impl RecipientRole {
    /// The agreement that must be accepted first.
    #[must_use]
    pub fn agreement(&self) -> Option<&str> {
        self.pre_sign.as_ref().map(|pre_sign| pre_sign.agreement.as_str())
    }
}
