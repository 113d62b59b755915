//! A contract type becomes a workflow.
//!
//! ```text
//! open ─ preparing → signing (each recipient, by routing)
//!  │                    notifying → acting ─ agreement → reading → signing → stamping → signed
//!  │ withdraw, deadline                │ decline, remind, reminder
//!  ▼                                   ▼
//! withdrawn, expired                declined            open → completing (each recipient) → completed
//! ```
//!
//! It is written as the YAML would be, so that it can be read beside one.

use serde_json::{Map, Value, json};

use crate::model::{
    ContractType, Workflow,
    contract_type::{RecipientRole, Routing},
};

/// How often a sender may remind one recipient by hand.
const REMINDS_MAX: u32 = 20;

/// How often stamping may fail and be confirmed anew, for one recipient.
const STAMP_FAILURES_MAX: u32 = 3;

/// How long the reason for declining may be, in characters.
const REASON_CHARS_MAX: u32 = 500;

/// Compiles a checked contract type.
pub(crate) fn contract_type(contract_type: &ContractType) -> Result<Workflow, serde_json::Error> {
    serde_json::from_value(json!({
        "workflow": contract_type.header,
        "title": contract_type.title,
        "input": ["contract", "recipients"],
        "require": require(contract_type),
        "data": {
            // The ids of the recipients who were told of the contract.
            "notified": [],
            // {recipient_id, reason, at_ms} once somebody declined.
            "declined": null,
            // {reason, at_ms} once the sender withdrew.
            "withdrawn": null,
        },
        "initial": "open",
        "states": {
            "open": open(contract_type),
            "completing": completing(),
            "completed": {"status": "completed", "final": "completed"},
            "declined": {"status": "declined", "final": "declined"},
            "withdrawn": {"status": "withdrawn", "final": "withdrawn"},
            "expired": {"status": "expired", "final": "expired"},
        },
    }))
}

/// The recipients are those of the type, in its order.
fn require(contract_type: &ContractType) -> Vec<String> {
    let count = contract_type.recipients.len();
    let mut conditions = vec![format!("size(recipients) == {count}")];
    for (index, recipient) in contract_type.recipients.iter().enumerate() {
        let (role, kind) = (&recipient.role, recipient.kind.as_str());
        conditions
            .push(format!("recipients[{index}].role == '{role}' && recipients[{index}].kind == '{kind}'"));
    }
    conditions
}

fn open(contract_type: &ContractType) -> Value {
    let order = match contract_type.routing {
        Routing::Sequential => "sequential",
        Routing::Parallel => "parallel",
    };
    let own_deadline = match contract_type.deadline_ms() {
        Some(ms) => format!("now + {ms}"),
        None => "null".to_owned(),
    };
    json!({
        "status": "in_progress",
        "initial": "preparing",
        "timers": {
            "deadline": {
                "at": format!("has(contract.deadline_at_ms) && contract.deadline_at_ms != null ? contract.deadline_at_ms : {own_deadline}"),
                "to": "expired",
            },
        },
        "on": {
            "withdraw": {
                "by": "contract.sender_person_id",
                "set": {"withdrawn": "{'reason': has(event.reason) ? event.reason : null, 'at_ms': now}"},
                "to": "withdrawn",
            },
        },
        "states": {
            "preparing": {
                "job": {
                    "kind": "prepare_document",
                    "key": "prepare",
                    "payload": {"contract_id": "{contract.id}"},
                },
                "on": {"prepared": "signing"},
            },
            "signing": {
                "each": {
                    "in": "recipients",
                    "as": "recipient",
                    "order": order,
                    "data": {"confirmation": null, "confirmed_at_ms": null},
                    "counters": {"reminds": REMINDS_MAX, "stamp_failures": STAMP_FAILURES_MAX},
                    "initial": "notifying",
                    "states": signing(contract_type),
                },
                "on": {"done": "completing"},
            },
        },
    })
}

/// The states of one recipient.
fn signing(contract_type: &ContractType) -> Value {
    json!({
        // Not waited for: who has the message may act at once, also when the gateway's answer is late or lost. A message
        // that cannot be sent is a dead job for the operators; the sender can remind.
        "notifying": {
            "enter": {
                "set": {"notified": "notified + [recipient.id]"},
                "start": [{
                    "kind": "send_sms",
                    "key": "notify/{recipient.id}",
                    "payload": sms_payload("sign_request"),
                }],
            },
            "always": "acting",
        },
        "acting": acting(contract_type),
        "stamping": {
            "job": {
                "kind": "stamp_signature",
                "key": "stamp/{recipient.id}/{stamp_failures}",
                "payload": {
                    "contract_id": "{contract.id}",
                    "recipient_id": "{recipient.id}",
                    "confirmation": "{confirmation}",
                    "confirmed_at_ms": "{confirmed_at_ms}",
                },
            },
            "on": {
                "stamped": "signed",
                // Nothing was put on the document: the recipient confirms once more.
                "failed": {"raise": "stamp_failures", "to": "acting/signing"},
            },
        },
        "signed": {"final": "signed"},
    })
}

/// The tasks of one recipient, with what can happen during any of them.
fn acting(contract_type: &ContractType) -> Value {
    let mut states = Map::new();
    let agreement = roles(contract_type, |recipient| recipient.pre_sign.is_some());
    let reading = roles(contract_type, |recipient| recipient.forced_reading.is_some());
    let to_signing = vec![json!({"to": "signing"})];
    let mut to_reading = Vec::new();
    if let Some(condition) = condition(&reading, contract_type) {
        to_reading.push(condition.branch("reading"));
        states.insert("reading".to_owned(), task("reading", &json!({"finish_reading": "signing"})));
        if condition.always() {
            to_reading.clear();
            to_reading.push(json!({"to": "reading"}));
        } else {
            to_reading.extend(to_signing.clone());
        }
    } else {
        to_reading = to_signing;
    }
    let mut first = to_reading.clone();
    if let Some(condition) = condition(&agreement, contract_type) {
        states.insert("agreement".to_owned(), task("agreement", &json!({"accept": to_reading})));
        if condition.always() {
            first = vec![json!({"to": "agreement"})];
        } else {
            first.insert(0, condition.branch("agreement"));
        }
    }
    states.insert("beginning".to_owned(), json!({"always": first}));
    states.insert("signing".to_owned(), confirm(contract_type));
    let mut acting = json!({
        "initial": "beginning",
        "states": states,
        "on": {"decline": decline(), "remind": remind()},
    });
    if let Some(reminders) = &contract_type.reminders {
        acting["timers"] = json!({
            "reminder": {"every": reminders.every, "limit": reminders.limit, "start": [detached(sms_payload("reminder"))]},
        });
    }
    acting
}

/// A task for the recipient whose turn it is.
fn task(form: &str, on: &Value) -> Value {
    json!({"task": {"form": form, "assignee": "recipient.person_id"}, "on": on})
}

fn confirm(contract_type: &ContractType) -> Value {
    let mut task = json!({"form": "sign", "assignee": "recipient.person_id"});
    let mut methods = contract_type.recipients.iter().map(|recipient| &recipient.intent_methods);
    // Where the roles differ, the contract type says what each may use.
    if let Some(first) = methods.next().filter(|first| methods.all(|other| other == *first)) {
        task["methods"] = json!(first);
    }
    json!({
        "task": task,
        "on": {
            "confirm": {
                "set": {"confirmation": "event", "confirmed_at_ms": "now"},
                "to": "stamping",
            },
        },
    })
}

fn decline() -> Value {
    json!({
        "by": "recipient.person_id",
        "if": format!("has(event.reason) && size(event.reason) > 0 && size(event.reason) <= {REASON_CHARS_MAX}"),
        "set": {"declined": "{'recipient_id': recipient.id, 'reason': event.reason, 'at_ms': now}"},
        "start": [{
            "in": "recipients.filter(other, other.id in notified && other.id != recipient.id)",
            "as": "other",
            "kind": "send_sms",
            "key": "declined/{other.id}",
            "payload": {"template": "declined", "contract_id": "{contract.id}", "recipient_id": "{other.id}"},
        }],
        "to": "declined",
    })
}

fn remind() -> Value {
    json!({
        "by": "contract.sender_person_id",
        "raise": "reminds",
        "start": [detached(sms_payload("reminder"))],
    })
}

fn completing() -> Value {
    json!({
        // Everybody has signed: the contract is completed, whatever becomes of the messages that say so.
        "status": "completed",
        "each": {
            "in": "recipients",
            "as": "recipient",
            "order": "parallel",
            "initial": "notifying",
            "states": {
                "notifying": {
                    "job": sms("completed", "completed/{recipient.id}"),
                    "on": {"sent": "notified", "failed": "notified"},
                },
                "notified": {"final": "notified"},
            },
        },
        "on": {"done": "completed"},
    })
}

fn sms(template: &str, key: &str) -> Value {
    json!({"kind": "send_sms", "key": key, "payload": sms_payload(template)})
}

fn sms_payload(template: &str) -> Value {
    json!({"template": template, "contract_id": "{contract.id}", "recipient_id": "{recipient.id}"})
}

fn detached(payload: Value) -> Value {
    json!({"kind": "send_sms", "payload": payload})
}

fn roles(contract_type: &ContractType, asks: impl Fn(&RecipientRole) -> bool) -> Vec<&str> {
    contract_type
        .recipients
        .iter()
        .filter(|recipient| asks(recipient))
        .map(|recipient| recipient.role.as_str())
        .collect()
}

/// Whether a step is for the recipient at hand.
enum Condition {
    Always,
    If(String),
}

impl Condition {
    const fn always(&self) -> bool {
        matches!(self, Self::Always)
    }

    fn branch(&self, to: &str) -> Value {
        match self {
            Self::Always => json!({"to": to}),
            Self::If(condition) => json!({"if": condition, "to": to}),
        }
    }
}

/// None when no role is asked.
fn condition(roles: &[&str], contract_type: &ContractType) -> Option<Condition> {
    if roles.is_empty() {
        return None;
    }
    if roles.len() == contract_type.recipients.len() {
        return Some(Condition::Always);
    }
    let list: Vec<String> = roles.iter().map(|role| format!("'{role}'")).collect();
    Some(Condition::If(format!("recipient.role in [{}]", list.join(", "))))
}
