//! 签署前附件: what the recipient hands in before he signs.
//!
//! The action is `submit_attachments` with `files: [{name, type, bytes, sha256}]`, all of them at once. The rules are data
//! of the instance, so that one condition serves every role however many items it has.

use serde_json::{Map, Value, json};

use super::{branch::those, party::Step};
use crate::model::contract_type::{AttachmentRule, ContractType, RecipientRole};

/// No item is missing and none has too many files.
const COMPLETE: &str = "attachment_rules[recipient.role].all(rule, \
     size(event.files.filter(file, file.name == rule.name)) >= rule.min_count && \
     size(event.files.filter(file, file.name == rule.name)) <= rule.max_count)";
/// Every file belongs to an item and is of a kind and size that it allows.
const KNOWN: &str = "event.files.all(file, attachment_rules[recipient.role].exists(rule, \
     rule.name == file.name && file.type in rule.types && file.bytes > 0 && file.bytes <= rule.max_bytes))";

pub(super) fn step<'a>(roles: &[&'a RecipientRole]) -> Step<'a> {
    let mut more = Map::new();
    more.insert("set".to_owned(), json!({"attachments": "event.files"}));
    Step {
        state: "attachments".to_owned(),
        asked: those(roles, |role| !rules(role).is_empty()),
        task: json!({"form": "attachments", "assignee": "recipient.person_id"}),
        action: "submit_attachments",
        guard: Some(format!("has(event.files) && {COMPLETE} && {KNOWN}")),
        more,
    }
}

/// The rules of every role that has some.
pub(super) fn data(contract_type: &ContractType) -> Option<Value> {
    let asked = contract_type.recipients.iter().filter(|role| !rules(role).is_empty());
    let of_role = |role: &RecipientRole| {
        let rules: Vec<Value> = rules(role).iter().map(rule).collect();
        (role.role.clone(), Value::Array(rules))
    };
    let all: Map<String, Value> = asked.map(of_role).collect();
    (!all.is_empty()).then_some(Value::Object(all))
}

fn rules(role: &RecipientRole) -> &[AttachmentRule] {
    role.pre_sign.as_ref().map_or(&[], |checks| checks.attachments.as_slice())
}

fn rule(rule: &AttachmentRule) -> Value {
    json!({
        "name": rule.name,
        "min_count": u32::from(rule.required),
        "max_count": rule.max_count,
        "max_bytes": rule.max_bytes,
        "types": rule.types,
    })
}
