//! What a contract type may need, in words: said where one is chosen that needs more than the platform offers.

use sealflow_core::model::contract_type::Feature;

use super::Language;

/// Names the sentence for a feature that is missing.
pub(crate) const fn key(feature: Feature) -> &'static str {
    match feature {
        Feature::IntentSmsCode => "needs_intent_sms_code",
        Feature::IntentEmailCode => "needs_intent_email_code",
        Feature::IntentSigningPassword => "needs_intent_signing_password",
        Feature::IntentFace => "needs_intent_face",
        Feature::VerifyBySmsCode => "needs_verification_sms_code",
        Feature::VerifyBySigningPassword => "needs_verification_signing_password",
        Feature::VerifyByFace => "needs_verification_face",
        Feature::Attachments => "needs_attachments",
        Feature::SeveralAgreements => "needs_several_agreements",
        Feature::RecipientCounts => "needs_recipient_counts",
        Feature::GroupsOrEnough => "needs_groups",
        Feature::ApprovalBeforeSending => "needs_approval_before_sending",
        Feature::ApprovalAfterIntent => "needs_approval_after_intent",
        Feature::AutoSign => "needs_auto_sign",
        Feature::Cc => "needs_cc",
        Feature::Rescission => "needs_rescission",
    }
}

const ALL: &[Feature] = &[
    Feature::IntentSmsCode,
    Feature::IntentEmailCode,
    Feature::IntentSigningPassword,
    Feature::IntentFace,
    Feature::VerifyBySmsCode,
    Feature::VerifyBySigningPassword,
    Feature::VerifyByFace,
    Feature::Attachments,
    Feature::SeveralAgreements,
    Feature::RecipientCounts,
    Feature::GroupsOrEnough,
    Feature::ApprovalBeforeSending,
    Feature::ApprovalAfterIntent,
    Feature::AutoSign,
    Feature::Cc,
    Feature::Rescission,
];

const fn nouns(feature: Feature) -> (&'static str, &'static str) {
    match feature {
        Feature::IntentSmsCode => ("短信验证码意愿认证", "confirmation by a code by SMS"),
        Feature::IntentEmailCode => ("邮箱验证码意愿认证", "confirmation by a code by e-mail"),
        Feature::IntentSigningPassword => ("签署密码意愿认证", "confirmation by the signing password"),
        Feature::IntentFace => ("人脸意愿认证", "confirmation by a face check"),
        Feature::VerifyBySmsCode => ("签署前短信主体认证", "verification by a code by SMS before signing"),
        Feature::VerifyBySigningPassword => {
            ("签署前密码主体认证", "verification by the signing password before signing")
        }
        Feature::VerifyByFace => ("签署前人脸主体认证", "verification by a face check before signing"),
        Feature::Attachments => ("签署前附件上传", "attachments before signing"),
        Feature::SeveralAgreements => ("多份签署前协议", "several agreements before signing"),
        Feature::RecipientCounts => ("同一角色多个或可选参与方", "several recipients for a role, or none"),
        Feature::GroupsOrEnough => ("分组或部分签署", "groups, or fewer signatures than recipients"),
        Feature::ApprovalBeforeSending => ("发送前审批", "approval before sending"),
        Feature::ApprovalAfterIntent => ("签署方内部审批", "approval by a recipient's own people"),
        Feature::AutoSign => ("自动签署", "signing without being asked"),
        Feature::Cc => ("抄送", "copies"),
        Feature::Rescission => ("解约", "ending another contract"),
    }
}

/// The sentences of a name from [`key`].
pub(super) fn named(key_text: &str, language: Language) -> Option<String> {
    let feature = ALL.iter().find(|feature| key(**feature) == key_text)?;
    let (zh, en) = nouns(*feature);
    Some(match language {
        Language::Chinese => format!("需要{zh}，本平台暂未提供"),
        Language::English => format!("needs {en}, which this platform does not offer yet"),
    })
}

/// Everything that is missing, in one text; none when nothing is.
pub(crate) fn unavailable(missing: &[Feature], language: Language) -> Option<String> {
    let (between, end) = match language {
        Language::Chinese => ("；", "。"),
        Language::English => ("; ", "."),
    };
    let sentences: Vec<String> =
        missing.iter().filter_map(|feature| named(key(*feature), language)).collect();
    (!sentences.is_empty()).then(|| sentences.join(between) + end)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{ALL, Feature, Language, key, named, unavailable};

    #[test]
    fn every_feature_has_words_of_its_own() {
        let keys: BTreeSet<&str> = ALL.iter().map(|feature| key(*feature)).collect();
        assert_eq!(keys.len(), ALL.len());
        for language in [Language::Chinese, Language::English] {
            let words: BTreeSet<Option<String>> =
                ALL.iter().map(|feature| named(key(*feature), language)).collect();
            assert!(words.len() == ALL.len() && !words.contains(&None));
        }
        assert_eq!(named("phone_not_valid", Language::English), None);
    }

    #[test]
    fn all_that_is_missing_is_said() {
        assert_eq!(unavailable(&[], Language::English), None);
        assert_eq!(
            unavailable(&[Feature::Cc, Feature::VerifyByFace], Language::Chinese).as_deref(),
            Some("需要抄送，本平台暂未提供；需要签署前人脸主体认证，本平台暂未提供。")
        );
    }
}
