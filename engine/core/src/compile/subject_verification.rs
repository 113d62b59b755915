//! 签署前主体认证: the recipient proves once more who he is, by one of the methods that his role allows.
//!
//! The action is `verify_subject` with the `method`. Whoever submits it has checked the proof; the workflow refuses a
//! method that the role does not allow.

use serde_json::{Map, Value, json};

use super::{
    branch::{by_role, list, those},
    party::Step,
};
use crate::model::{
    IntentMethod,
    contract_type::{RecipientRole, SubjectMethod, SubjectVerification},
};

pub(super) fn step<'a>(roles: &[&'a RecipientRole]) -> Step<'a> {
    let any_of =
        |role: &RecipientRole| verification(role).map_or(&[][..], |it| it.any_of.as_slice()).to_vec();
    let asked = those(roles, |role| verification(role).is_some());
    let allowed = by_role(&asked, |role| {
        let names: Vec<&str> =
            any_of(role).into_iter().map(SubjectMethod::as_method).map(IntentMethod::as_str).collect();
        list(&names)
    });
    let mut task = json!({"form": "subject_verification", "assignee": "recipient.person_id"});
    // Where the roles differ, the contract type says what each may use.
    if let Some(first) = asked.first().map(|role| any_of(role))
        && asked.iter().all(|role| any_of(role) == first)
    {
        task["methods"] = json!(first);
    }
    let set = json!({"set": {"verified": "{'method': event.method, 'at_ms': now}"}});
    Step {
        state: "subject_verification".to_owned(),
        asked,
        task,
        action: "verify_subject",
        guard: Some(format!("has(event.method) && event.method in {allowed}")),
        more: if let Value::Object(set) = set { set } else { Map::new() },
    }
}

fn verification(role: &RecipientRole) -> Option<&SubjectVerification> {
    role.pre_sign.as_ref()?.subject_verification.as_ref()
}
