//! What a contract type needs of the platform that runs it, so that one can say beforehand what it does not offer.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{ContractType, RecipientRole, Routing, SubjectMethod};
use crate::model::IntentMethod;

/// Something that a contract type may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Feature {
    /// Intent by a code by SMS.
    IntentSmsCode,
    /// Intent by a code by e-mail.
    IntentEmailCode,
    /// Intent by the signing password.
    IntentSigningPassword,
    /// Intent by a face check.
    IntentFace,
    /// Subject verification by a code by SMS.
    VerifyBySmsCode,
    /// Subject verification by the signing password.
    VerifyBySigningPassword,
    /// Subject verification by a face check.
    VerifyByFace,
    /// Attachments before signing.
    Attachments,
    /// More than one agreement for a role.
    SeveralAgreements,
    /// Optional roles, or several recipients for one role.
    RecipientCounts,
    /// Groups, or fewer signatures than recipients.
    GroupsOrEnough,
    /// Approval before sending.
    ApprovalBeforeSending,
    /// Approval after a recipient confirmed.
    ApprovalAfterIntent,
    /// Signing without being asked.
    AutoSign,
    /// Copies.
    Cc,
    /// Ending another contract.
    Rescission,
}

impl ContractType {
    /// What it asks for. Where one of several methods is enough, each of them is named.
    #[must_use]
    pub fn features(&self) -> BTreeSet<Feature> {
        let mut features: BTreeSet<Feature> = self.recipients.iter().flat_map(of_role).collect();
        let mut add = |asked: bool, feature| {
            if asked {
                features.insert(feature);
            }
        };
        add(self.routing == Routing::Groups || self.need.is_some(), Feature::GroupsOrEnough);
        add(self.approval.is_some(), Feature::ApprovalBeforeSending);
        add(self.cc.is_some(), Feature::Cc);
        add(self.rescinds, Feature::Rescission);
        features
    }

    /// What it cannot do without and `offered` does not have. Of several methods one is enough.
    #[must_use]
    pub fn missing(&self, offered: &[Feature]) -> BTreeSet<Feature> {
        let has = |feature: &Feature| offered.contains(feature);
        let mut missing: BTreeSet<Feature> = self.features().into_iter().filter(|it| !has(it)).collect();
        // A method that is not offered is missed only by a role that has no other.
        missing.retain(|feature| !feature.is_method());
        for role in &self.recipients {
            let intent: Vec<Feature> = role.intent_methods.iter().copied().map(intent).collect();
            let verify: Vec<Feature> = subject_methods(role).map(verify).collect();
            for methods in [intent, verify] {
                if !methods.iter().any(has) {
                    missing.extend(methods);
                }
            }
        }
        missing
    }
}

impl Feature {
    const fn is_method(self) -> bool {
        matches!(
            self,
            Self::IntentSmsCode
                | Self::IntentEmailCode
                | Self::IntentSigningPassword
                | Self::IntentFace
                | Self::VerifyBySmsCode
                | Self::VerifyBySigningPassword
                | Self::VerifyByFace
        )
    }
}

fn of_role(role: &RecipientRole) -> Vec<Feature> {
    let mut features: Vec<Feature> = role.intent_methods.iter().copied().map(intent).collect();
    features.extend(subject_methods(role).map(verify));
    let attachments = role.pre_sign.as_ref().is_some_and(|checks| !checks.attachments.is_empty());
    let asked = [
        (attachments, Feature::Attachments),
        (role.agreements().count() > 1, Feature::SeveralAgreements),
        ((role.min, role.max) != (1, 1), Feature::RecipientCounts),
        (role.approval.is_some(), Feature::ApprovalAfterIntent),
        (role.auto_sign, Feature::AutoSign),
    ];
    features.extend(asked.into_iter().filter_map(|(asked, feature)| asked.then_some(feature)));
    features
}

fn subject_methods(role: &RecipientRole) -> impl Iterator<Item = SubjectMethod> {
    let verification = role.pre_sign.as_ref().and_then(|checks| checks.subject_verification.as_ref());
    verification.into_iter().flat_map(|it| it.any_of.iter().copied())
}

const fn intent(method: IntentMethod) -> Feature {
    match method {
        IntentMethod::SmsCode => Feature::IntentSmsCode,
        IntentMethod::EmailCode => Feature::IntentEmailCode,
        IntentMethod::SigningPassword => Feature::IntentSigningPassword,
        IntentMethod::Face => Feature::IntentFace,
    }
}

const fn verify(method: SubjectMethod) -> Feature {
    match method {
        SubjectMethod::SmsCode => Feature::VerifyBySmsCode,
        SubjectMethod::SigningPassword => Feature::VerifyBySigningPassword,
        SubjectMethod::Face => Feature::VerifyByFace,
    }
}
