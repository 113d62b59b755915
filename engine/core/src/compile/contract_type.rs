//! The workflow as a whole: what every contract goes through.

use serde_json::{Map, Value, json};

use super::{approval, attachments, completion, messages, require, routing};
use crate::model::{ContractType, Workflow, contract_type::CcMoment};

/// Compiles a checked contract type.
pub(crate) fn contract_type(contract_type: &ContractType) -> Result<Workflow, serde_json::Error> {
    let mut workflow = json!({
        "workflow": contract_type.header,
        "title": contract_type.title,
        "input": ["contract", "recipients"],
        "require": require::conditions(contract_type),
        "initial": "open",
        "data": data(contract_type),
        "counters": {},
    });
    if contract_type.approval.is_some() {
        approval::declare(approval::BEFORE_SENDING, &mut workflow);
    }
    let mut states = json!({
        "open": open(contract_type),
        "completing": completion::state(contract_type),
        "completed": {"status": "completed", "final": "completed"},
        "declined": {"status": "declined", "final": "declined"},
        "withdrawn": {"status": "withdrawn", "final": "withdrawn"},
        "expired": {"status": "expired", "final": "expired"},
    });
    if contract_type.approval.is_some() {
        states["rejected"] = json!({"status": "rejected", "final": "rejected"});
    }
    workflow["states"] = states;
    serde_json::from_value(workflow)
}

/// The variables beside those of an approval before sending.
fn data(contract_type: &ContractType) -> Value {
    let mut data = json!({
        // The ids of the recipients who were told of the contract.
        "notified": [],
        // {recipient_id, reason, at_ms} once somebody declined.
        "declined": null,
        // {reason, at_ms} once the sender withdrew.
        "withdrawn": null,
    });
    if contract_type.approval_levels().next().is_some() {
        // Every decision: {level, recipient_id, person_id, decision, reason, at_ms}.
        data["approvals"] = json!([]);
    }
    if contract_type.approval.is_some() {
        // {level, person_id, reason, at_ms} once the sender's people refused.
        data["rejected"] = Value::Null;
    }
    if let Some(rules) = attachments::data(contract_type) {
        data["attachment_rules"] = rules;
    }
    if let Some(groups) = routing::data(contract_type) {
        data["role_groups"] = groups;
    }
    if reminds_before_deadline(contract_type) {
        data["deadline_at_ms"] = Value::Null;
    }
    data
}

fn reminds_before_deadline(contract_type: &ContractType) -> bool {
    contract_type.reminders.as_ref().is_some_and(|reminders| !reminders.before_deadline.is_empty())
}

/// The contract's own deadline, or the type's, counted from now.
fn deadline(contract_type: &ContractType) -> String {
    let own = match contract_type.deadline_ms() {
        Some(ms) => format!("now + {ms}"),
        None => "null".to_owned(),
    };
    format!(
        "has(contract.deadline_at_ms) && contract.deadline_at_ms != null ? contract.deadline_at_ms : {own}"
    )
}

/// Everything until the last signature.
fn open(contract_type: &ContractType) -> Value {
    let (first, mut states) = routing::states(contract_type);
    states.insert("preparing".to_owned(), preparing(contract_type, &first));
    let mut open = json!({
        "status": "in_progress",
        "initial": "preparing",
        "timers": {"deadline": {"at": deadline(contract_type), "to": "expired"}},
        "on": {
            "withdraw": {
                "by": "contract.sender_person_id",
                "set": {"withdrawn": "{'reason': has(event.reason) ? event.reason : null, 'at_ms': now}"},
                "to": "withdrawn",
            },
        },
    });
    if let Some(before) = &contract_type.approval {
        states.insert("approving".to_owned(), approval::before_sending(before));
        open["initial"] = json!("approving");
    }
    if reminds_before_deadline(contract_type) {
        open["enter"] = json!({"set": {"deadline_at_ms": deadline(contract_type)}});
    }
    open["states"] = Value::Object(states);
    open
}

fn preparing(contract_type: &ContractType, next: &str) -> Value {
    let mut prepared = Map::new();
    prepared.insert("to".to_owned(), json!(next));
    if contract_type.cc.as_ref().is_some_and(|cc| cc.told_at.contains(&CcMoment::Send)) {
        prepared.insert("start".to_owned(), json!([messages::cc("sent", "cc")]));
    }
    json!({
        "job": {"kind": "prepare_document", "key": "prepare", "payload": {"contract_id": "{contract.id}"}},
        "on": {"prepared": prepared},
    })
}
