//! Everybody has signed: the contract is completed, whatever becomes of the messages that say so, and of the jobs that
//! the contract type wants started.

use serde_json::{Value, json};

use super::messages;
use crate::model::contract_type::{CcMoment, ContractType};

pub(super) fn state(contract_type: &ContractType) -> Value {
    let mut start: Vec<Value> = contract_type.on_completion.iter().map(|start| json!(start)).collect();
    if contract_type.cc.as_ref().is_some_and(|cc| cc.told_at.contains(&CcMoment::Completion)) {
        start.push(messages::cc("completed", "completed"));
    }
    // Where not all must sign, some may never have been told of the contract.
    let told = if contract_type.need.is_some() || !contract_type.groups.is_empty() {
        "recipients.filter(r, r.id in notified)"
    } else {
        "recipients"
    };
    let mut state = json!({
        "status": "completed",
        "each": {
            "in": told,
            "as": "recipient",
            "order": "parallel",
            "initial": "notifying",
            "states": {
                "notifying": {
                    "job": {
                        "kind": "send_sms",
                        "key": "completed/{recipient.id}",
                        "payload": messages::payload("completed"),
                    },
                    "on": {"sent": "notified", "failed": "notified"},
                },
                "notified": {"final": "notified"},
            },
        },
        "on": {"done": "completed"},
    });
    if !start.is_empty() {
        state["enter"] = json!({"start": start});
    }
    state
}
