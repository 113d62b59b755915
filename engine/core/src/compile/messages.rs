//! Messages to recipients, as jobs.

use serde_json::{Value, json};

/// A message to the recipient at hand.
pub(super) fn payload(template: &str) -> Value {
    json!({"template": template, "contract_id": "{contract.id}", "recipient_id": "{recipient.id}"})
}

/// A message to the recipient at hand that nobody waits for.
pub(super) fn detached(template: &str) -> Value {
    json!({"kind": "send_sms", "payload": payload(template)})
}

/// Tells the others who were told of the contract that it will not be signed.
pub(super) fn declined() -> Value {
    json!({
        "in": "recipients.filter(other, other.id in notified && other.id != recipient.id)",
        "as": "other",
        "kind": "send_sms",
        "key": "declined/{other.id}",
        "payload": {"template": "declined", "contract_id": "{contract.id}", "recipient_id": "{other.id}"},
    })
}

/// Tells the cc recipients.
pub(super) fn cc(moment: &str, template: &str) -> Value {
    json!({
        "in": "has(contract.cc) ? contract.cc : []",
        "as": "cc",
        "kind": "send_sms",
        "key": format!("cc/{moment}/{{cc.id}}"),
        "payload": {"template": template, "contract_id": "{contract.id}", "recipient_id": "{cc.id}"},
    })
}
