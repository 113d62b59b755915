//! 自动签署: what speaks against signing for a person who switched it on. All of it is said, not only the first.

use serde::{Deserialize, Serialize};

use crate::model::contract_type::{ContractType, FieldKind, RecipientRole};

/// What the contract at hand and the person's account say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AutoSignFacts {
    /// The person has a default signature.
    pub default_signature: bool,
    /// The sender placed the fields.
    pub positions_set: bool,
    /// The contract has fields that the person must fill in.
    pub fill_in_fields: bool,
}

/// Why a contract is not signed by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AutoSignRefusal {
    /// The person has no default signature.
    NoDefaultSignature,
    /// The sender set no position.
    NoPosition,
    /// There are fields to fill in.
    FillInFields,
    /// Subject verification, an agreement or attachments come before signing.
    ChecksBeforeSigning,
    /// The document must be read first.
    ForcedReading,
}

/// Everything that speaks against it, in the order of [`AutoSignRefusal`]; a role that is not in the contract type has
/// no position.
#[must_use]
pub fn auto_sign_refusals(
    contract_type: &ContractType,
    role: &str,
    facts: AutoSignFacts,
) -> Vec<AutoSignRefusal> {
    let role = contract_type.role(role);
    let placed = role.is_some_and(|role| !role.fields.is_empty());
    let mut refusals = Vec::new();
    if !facts.default_signature {
        refusals.push(AutoSignRefusal::NoDefaultSignature);
    }
    if !facts.positions_set && !placed {
        refusals.push(AutoSignRefusal::NoPosition);
    }
    let of_role = role.map(refused_by_role).unwrap_or_default();
    if facts.fill_in_fields && !of_role.contains(&AutoSignRefusal::FillInFields) {
        refusals.push(AutoSignRefusal::FillInFields);
    }
    refusals.extend(of_role);
    refusals
}

/// What the role itself has against it, in every contract.
pub(crate) fn refused_by_role(role: &RecipientRole) -> Vec<AutoSignRefusal> {
    let checks = role.pre_sign.as_ref().is_some_and(|checks| {
        checks.subject_verification.is_some()
            || checks.agreements().next().is_some()
            || !checks.attachments.is_empty()
    });
    let reasons = [
        (role.fields.iter().any(|field| field.kind == FieldKind::Text), AutoSignRefusal::FillInFields),
        (checks, AutoSignRefusal::ChecksBeforeSigning),
        (role.forced_reading.is_some(), AutoSignRefusal::ForcedReading),
    ];
    reasons.into_iter().filter_map(|(holds, reason)| holds.then_some(reason)).collect()
}
