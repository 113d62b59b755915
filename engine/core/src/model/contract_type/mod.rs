//! Contract types (业务类型): the signing policy that an administrator edits. They compile to workflows.

mod approval;
mod features;
mod fields;
mod pre_sign;
mod recipient;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Header, JobStart, Title};
use crate::{daily::Daily, duration::Duration};

pub use approval::{
    Approval, ApprovalLevel, ApprovalRule, ApprovalTimeout, MemberRole, NamedRule, Need, OrganizationRole,
    TimeoutRule,
};
pub use features::Feature;
pub use fields::{
    Edge, FieldKind, FieldPlacement, NamedPage, Page, SealKind, TextAlign, TextColor, TextFont, TextOverflow,
    TextStyle,
};
pub use pre_sign::{
    AttachmentRule, AttachmentType, ForcedReading, PreSign, SubjectMethod, SubjectVerification,
};
pub(crate) use recipient::agreement_step;
pub use recipient::{RecipientKind, RecipientRole};

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
    /// How many signatures complete the contract; without it, all of them. Who has not signed by then is called off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 200))]
    pub need: Option<u32>,
    /// With `routing: groups`: the groups of which fewer than all must sign.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub groups: Vec<Group>,
    /// How long the recipients have, from sending, unless the contract says otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Duration>,
    /// How a recipient who has not signed is reminded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reminders: Option<Reminders>,
    /// The contract is a rescission (解约): its input names the completed contract that it ends.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rescinds: bool,
    /// The sender's own people approve before anybody else sees the contract.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<Approval>,
    /// Who gets a copy (抄送) and is never asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cc: Option<Cc>,
    /// Who takes part, in routing order.
    #[schemars(length(min = 1, max = 50))]
    pub recipients: Vec<RecipientRole>,
    /// Jobs that are started when everybody has signed. Nobody waits for them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    pub on_completion: Vec<JobStart>,
}

/// In which order the recipients sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Routing {
    /// One after the other, as they are listed.
    Sequential,
    /// All at the same time.
    Parallel,
    /// Group after group, as the roles' `group` says; all of a group at the same time.
    Groups,
}

/// A group of which not all must sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// Its number.
    #[schemars(range(min = 1, max = 50))]
    pub group: u32,
    /// How many of its recipients must sign; the others are called off then.
    #[schemars(range(min = 1, max = 200))]
    pub need: u32,
}

/// Reminders to a recipient whose turn it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reminders {
    /// How far apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<Duration>,
    /// Or at a time of day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub daily: Option<Daily>,
    /// How many at most.
    #[schemars(range(min = 1, max = 100))]
    pub limit: u32,
    /// Also this long before the deadline.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 5))]
    pub before_deadline: Vec<Duration>,
}

/// Who gets a copy and is never asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cc {
    /// When they are told.
    #[schemars(length(min = 1, max = 2))]
    pub told_at: Vec<CcMoment>,
    /// How many at most.
    #[schemars(range(min = 1, max = 50))]
    pub max: u32,
}

/// When a cc recipient is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CcMoment {
    /// When the first recipient is asked.
    Send,
    /// When everybody has signed.
    Completion,
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

    /// The approval levels, those before sending first.
    pub fn approval_levels(&self) -> impl Iterator<Item = &ApprovalLevel> {
        let approvals = self.recipients.iter().filter_map(|recipient| recipient.approval.as_ref());
        self.approval.iter().chain(approvals).flat_map(|approval| &approval.levels)
    }
}
