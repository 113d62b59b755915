//! The states of one recipient, from the message to the signature.

use serde_json::{Map, Value, json};

use super::{
    agreement, approval, attachments, auto_sign,
    branch::{Branch, those, transitions, ways},
    intent, messages, reading, reason_given, sign, subject_verification,
};
use crate::model::contract_type::{ContractType, RecipientRole};

/// How often a sender may remind one recipient by hand.
const REMINDS_MAX: u32 = 20;

/// A task that comes before signing.
pub(super) struct Step<'a> {
    /// The state's name.
    pub(super) state: String,
    /// Who has to do it.
    pub(super) asked: Vec<&'a RecipientRole>,
    /// What has to be done.
    pub(super) task: Value,
    /// The action that ends it.
    pub(super) action: &'static str,
    /// Only if this holds.
    pub(super) guard: Option<String>,
    /// What else the action does.
    pub(super) more: Map<String, Value>,
}

/// What an `each` over recipients of these roles declares for every one of them.
pub(super) fn declare(each: &mut Value, roles: &[&RecipientRole]) {
    each["data"] = json!({"confirmation": null, "confirmed_at_ms": null});
    each["counters"] = json!({"reminds": REMINDS_MAX, "stamp_failures": sign::FAILURES_MAX});
    let checks = || roles.iter().filter_map(|role| role.pre_sign.as_ref());
    if checks().any(|checks| checks.subject_verification.is_some()) {
        each["data"]["verified"] = Value::Null;
    }
    if checks().any(|checks| !checks.attachments.is_empty()) {
        each["data"]["attachments"] = json!([]);
    }
    if roles.iter().any(|role| role.approval.is_some()) {
        approval::declare(approval::AFTER_INTENT, each);
    }
}

/// The states of a recipient with one of these roles.
pub(super) fn states(contract_type: &ContractType, roles: &[&RecipientRole]) -> Value {
    let approved = those(roles, |role| role.approval.is_some());
    let confirmed = |roles: &[&RecipientRole]| {
        ways(roles, std::iter::once(("approval", approved.as_slice())), "stamping")
    };
    let mut states = json!({
        "notifying": notifying(roles),
        "acting": acting(contract_type, roles, &confirmed(roles)),
        "stamping": sign::state(),
        "signed": {"final": "signed"},
    });
    if !approved.is_empty() {
        let mut state = approval::after_intent(&approved);
        state["on"] = json!({"decline": decline(), "remind": remind()});
        states["approval"] = state;
    }
    let automatic = auto_sign::roles(roles);
    if !automatic.is_empty() {
        states[auto_sign::STATE] = auto_sign::state(&confirmed(&automatic));
    }
    states
}

/// Not waited for: who has the message may act at once, also when the gateway's answer is late or lost. A message that
/// cannot be sent is a dead job for the operators; the sender can remind.
fn notifying(roles: &[&RecipientRole]) -> Value {
    let mut message = json!({
        "kind": "send_sms",
        "key": "notify/{recipient.id}",
        "payload": messages::payload("sign_request"),
    });
    let mut always = json!("acting");
    let automatic = auto_sign::roles(roles);
    if !automatic.is_empty() {
        let condition = auto_sign::ready(roles, &automatic);
        message["if"] = json!(format!("!({condition})"));
        always = json!([{"if": condition, "to": auto_sign::STATE}, {"to": "acting"}]);
    }
    json!({
        "enter": {"set": {"notified": "notified + [recipient.id]"}, "start": [message]},
        "always": always,
    })
}

/// The tasks of one recipient, with what can happen during any of them.
fn acting(contract_type: &ContractType, roles: &[&RecipientRole], confirmed: &[Branch]) -> Value {
    let mut steps = vec![subject_verification::step(roles)];
    steps.extend(agreement::steps(roles));
    steps.extend([attachments::step(roles), reading::step(roles)]);
    let steps: Vec<Step<'_>> = steps.into_iter().filter(|step| !step.asked.is_empty()).collect();
    let next = |roles: &[&RecipientRole], after: usize| {
        let stops = steps.iter().skip(after).map(|step| (step.state.as_str(), step.asked.as_slice()));
        ways(roles, stops, "signing")
    };
    let mut states = Map::new();
    for (index, step) in steps.iter().enumerate() {
        let on = transitions(&next(&step.asked, index + 1), step.guard.as_deref(), &step.more);
        states.insert(step.state.clone(), json!({"task": step.task, "on": {step.action: on}}));
    }
    states.insert("beginning".to_owned(), json!({"always": transitions(&next(roles, 0), None, &Map::new())}));
    states.insert("signing".to_owned(), intent::state(roles, confirmed));
    json!({
        "initial": "beginning",
        "states": states,
        "on": {"decline": decline(), "remind": remind()},
        "timers": reminders(contract_type),
    })
}

/// Reminders while the recipient has something to do.
fn reminders(contract_type: &ContractType) -> Map<String, Value> {
    let mut timers = Map::new();
    let Some(reminders) = &contract_type.reminders else { return timers };
    let message = [messages::detached("reminder")];
    let mut reminder = json!({"limit": reminders.limit, "start": message});
    match (&reminders.every, &reminders.daily) {
        (Some(every), _) => reminder["every"] = json!(every),
        (None, daily) => reminder["daily"] = json!(daily),
    }
    timers.insert("reminder".to_owned(), reminder);
    for (index, before) in reminders.before_deadline.iter().enumerate() {
        let Ok(before_ms) = before.as_ms() else { continue };
        // One that would be due already is not sent: the recipient was told just now.
        let at = format!(
            "deadline_at_ms != null && deadline_at_ms - {before_ms} > now ? deadline_at_ms - {before_ms} : null"
        );
        timers.insert(format!("before_deadline_{}", index + 1), json!({"at": at, "start": message}));
    }
    timers
}

fn decline() -> Value {
    json!({
        "by": "recipient.person_id",
        "if": reason_given(),
        "set": {"declined": "{'recipient_id': recipient.id, 'reason': event.reason, 'at_ms': now}"},
        "start": [messages::declined()],
        "to": "declined",
    })
}

fn remind() -> Value {
    json!({
        "by": "contract.sender_person_id",
        "raise": "reminds",
        "start": [messages::detached("reminder")],
    })
}
