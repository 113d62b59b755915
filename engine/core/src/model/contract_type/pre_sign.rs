//! Checks before signing, in the order in which a recipient meets them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{IntentMethod, Title};

/// Checks before signing. In this order: who it is, what is agreed to, what is handed in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PreSign {
    /// Who it is (签署前主体认证).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject_verification: Option<SubjectVerification>,
    /// The agreement that must be accepted: the name of a text under `workflows/agreements`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreement: Option<String>,
    /// Several agreements, each accepted by itself, in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 5))]
    pub agreements: Vec<String>,
    /// What must be handed in (签署前附件).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 10))]
    pub attachments: Vec<AttachmentRule>,
}

impl PreSign {
    /// The agreements in order, in whichever spelling they were written.
    pub fn agreements(&self) -> impl Iterator<Item = &str> {
        self.agreement.iter().chain(&self.agreements).map(String::as_str)
    }
}

/// The signer proves once more who he is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SubjectVerification {
    /// One of these is enough.
    #[schemars(length(min = 1, max = 3))]
    pub any_of: Vec<SubjectMethod>,
}

/// How a signer proves who he is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SubjectMethod {
    /// The signing password.
    SigningPassword,
    /// A face check.
    Face,
    /// A one-time code by SMS.
    SmsCode,
}

impl SubjectMethod {
    /// The same as a task's method.
    #[must_use]
    pub const fn as_method(self) -> IntentMethod {
        match self {
            Self::SigningPassword => IntentMethod::SigningPassword,
            Self::Face => IntentMethod::Face,
            Self::SmsCode => IntentMethod::SmsCode,
        }
    }
}

/// Something that must or may be handed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AttachmentRule {
    /// Unique for the role.
    pub name: String,
    /// For people.
    pub title: Title,
    /// Whether signing waits for it.
    pub required: bool,
    /// Which kinds of file.
    #[schemars(length(min = 1, max = 3))]
    pub types: Vec<AttachmentType>,
    /// The largest file, in bytes.
    #[schemars(range(min = 1, max = 52_428_800))]
    pub max_bytes: u32,
    /// How many files at most.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    #[schemars(range(min = 1, max = 20))]
    pub max_count: u32,
}

/// A kind of file that can be handed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AttachmentType {
    /// A PDF file.
    Pdf,
    /// A JPEG image.
    Jpeg,
    /// A PNG image.
    Png,
}

impl AttachmentType {
    /// As written in definitions and events.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Jpeg => "jpeg",
            Self::Png => "png",
        }
    }
}

/// The document must be read to the end, for at least this long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ForcedReading {
    /// Seconds.
    #[schemars(range(min = 0, max = 3600))]
    pub min_seconds: u32,
}

pub(super) const fn one() -> u32 {
    1
}

pub(super) const fn is_one(number: &u32) -> bool {
    *number == 1
}
