//! Internal approval (审批): levels in order, each decided by people of one organization.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{duration::Duration, model::Title};

/// Levels that approve one after the other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// In order; each begins when the one before it has approved.
    #[schemars(length(min = 1, max = 10))]
    pub levels: Vec<ApprovalLevel>,
}

/// One level of an approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApprovalLevel {
    /// Unique in the contract type.
    pub name: String,
    /// For people.
    pub title: Title,
    /// How many of its approvers must agree.
    pub rule: ApprovalRule,
    /// Whom the organization's members with this role are; without it the approvers are named at sending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approvers: Option<OrganizationRole>,
    /// What becomes of the level when nobody decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<ApprovalTimeout>,
}

/// How many approvers of a level must agree. A level is refused as soon as that many no longer can.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ApprovalRule {
    /// `any` or `all`.
    Named(NamedRule),
    /// This many.
    Need(Need),
}

/// A rule with a name of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NamedRule {
    /// One is enough (或签).
    Any,
    /// Every one (会签).
    All,
}

/// `{need: 2}`: two are enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Need {
    /// How many.
    #[schemars(range(min = 1, max = 50))]
    pub need: u32,
}

/// A role in an organization whose holders approve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OrganizationRole {
    /// Which.
    pub role: MemberRole,
}

/// Roles of members that may approve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MemberRole {
    /// 审批人
    Approver,
    /// 企业管理员
    OrgAdmin,
}

impl MemberRole {
    /// As written in definitions.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approver => "approver",
            Self::OrgAdmin => "org_admin",
        }
    }
}

/// What happens when a level has not decided in time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApprovalTimeout {
    /// This long after the level began.
    pub after: Duration,
    /// Then.
    pub then: TimeoutRule,
}

/// How a level ends that nobody decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TimeoutRule {
    /// The next level, which ranks higher, decides instead; the last level cannot escalate.
    Escalate,
    /// It counts as refused.
    Reject,
    /// It counts as approved.
    Approve,
}
