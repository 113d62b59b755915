//! 意愿认证: the recipient confirms, now, to exactly this content. What he confirmed with is kept for the signature.

use serde_json::{Value, json};

use super::branch::{Branch, by_role, list, transitions};
use crate::model::{IntentMethod, contract_type::RecipientRole};

/// The state in which the recipient confirms; `next` is what follows.
pub(super) fn state(roles: &[&RecipientRole], next: &[Branch]) -> Value {
    let mut task = json!({"form": "sign", "assignee": "recipient.person_id"});
    let mut methods = roles.iter().map(|role| &role.intent_methods);
    // Where the roles differ, the contract type says what each may use.
    if let Some(first) = methods.next().filter(|first| methods.all(|other| other == *first)) {
        task["methods"] = json!(first);
    }
    let allowed = by_role(roles, |role| {
        list(&role.intent_methods.iter().copied().map(IntentMethod::as_str).collect::<Vec<_>>())
    });
    let guard = format!("!has(event.method) || event.method in {allowed}");
    let set = json!({"confirmation": "event", "confirmed_at_ms": "now"});
    let more = std::iter::once(("set".to_owned(), set)).collect();
    json!({"task": task, "on": {"confirm": transitions(next, Some(&guard), &more)}})
}
