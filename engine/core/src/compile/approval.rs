//! 审批: levels in order, each with a task for all who have not decided yet.
//!
//! ```text
//! level_a ─ deciding ─ approve, enough ──► level_b ─ … ──► what follows
//!    ▲         │ approve, not enough yet: deciding again, for the others
//!    │         │ reject: as soon as too few are left ──► refused
//!    │         │ return to the level before, or to the submitter
//!    └─────────┘ delegate: somebody else decides, once per person
//! ```
//!
//! It is used twice: before sending, by the sender's people, and after a recipient confirmed, by his. Who decides, who
//! agreed and who refused are variables; every decision is also appended to `approvals`, the record of the approval.

use serde_json::{Map, Value, json};

use super::{REASON_CHARS_MAX, messages, reason_given};
use crate::model::contract_type::{
    Approval, ApprovalLevel, ApprovalRule, NamedRule, RecipientRole, TimeoutRule,
};

/// How often one approval may go back.
const RETURNS_MAX: u32 = 10;
/// How many people a level may be given to.
pub(crate) const APPROVERS_MAX: u32 = 20;

/// Where an approval stands in the contract's way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    /// Begins its variables' names.
    prefix: &'static str,
    /// Where the input names the approvers of each level.
    pub(super) approvers: &'static str,
    /// What follows when all levels agreed.
    passed: &'static str,
    /// What follows when a level refused.
    refused: &'static str,
    /// Where it goes when it is returned to whoever submitted it.
    returned: &'static str,
    /// Whose it is, for the record.
    recipient: &'static str,
}

pub(super) const BEFORE_SENDING: Part = Part {
    prefix: "sending",
    approvers: "contract.approvers",
    passed: "preparing",
    refused: "rejected",
    returned: "returned",
    recipient: "null",
};

pub(super) const AFTER_INTENT: Part = Part {
    prefix: "signing",
    approvers: "recipient.approvers",
    passed: "stamping",
    refused: "declined",
    returned: "acting/signing",
    recipient: "recipient.id",
};

/// Declares the variables and the counter of an approval, in a workflow or an `each`.
pub(super) fn declare(part: Part, holder: &mut Value) {
    for name in ["pending", "approved", "against", "delegated"] {
        holder["data"][part.variable(name)] = json!([]);
    }
    holder["counters"][part.variable("returns")] = json!(RETURNS_MAX);
}

/// The state before sending; the sender may change nothing and submit anew what was returned to him.
pub(super) fn before_sending(approval: &Approval) -> Value {
    let part = BEFORE_SENDING;
    let mut states = levels(part, approval);
    let first = approval.levels.first().map(state_name).unwrap_or_default();
    let again = json!({"set": {"approvals": part.entry("''", "resubmit", "actor.id", "null")}, "to": first});
    states.insert(
        part.returned.to_owned(),
        json!({
            "task": {"form": "resubmission", "assignee": "contract.sender_person_id"},
            "on": {"resubmit": again},
        }),
    );
    json!({"status": "pending_approval", "initial": first, "states": states})
}

/// The state after a recipient confirmed: a decision leads to the first level of his role.
pub(super) fn after_intent(roles: &[&RecipientRole]) -> Value {
    let mut states = Map::new();
    let mut ways = Vec::new();
    for role in roles {
        let Some(approval) = &role.approval else { continue };
        let first = approval.levels.first().map(state_name).unwrap_or_default();
        ways.push(json!({"if": format!("recipient.role == '{}'", role.role), "to": first}));
        states.extend(levels(AFTER_INTENT, approval));
    }
    // Only these roles come here, so the last needs no condition.
    if let Some(Value::Object(last)) = ways.last_mut() {
        last.remove("if");
    }
    states.insert("choosing".to_owned(), json!({"always": ways}));
    json!({"initial": "choosing", "states": states})
}

fn levels(part: Part, approval: &Approval) -> Map<String, Value> {
    let levels = approval.levels.as_slice();
    let states = levels.iter().enumerate().map(|(index, level)| {
        let before = index.checked_sub(1).and_then(|before| levels.get(before)).map(state_name);
        let next = levels.get(index + 1).map_or_else(|| part.passed.to_owned(), state_name);
        (state_name(level), part.level(level, before.as_deref(), &next))
    });
    states.collect()
}

fn state_name(level: &ApprovalLevel) -> String {
    format!("level_{}", level.name)
}

impl Part {
    fn variable(self, name: &str) -> String {
        format!("{}_{name}", self.prefix)
    }

    fn level(self, level: &ApprovalLevel, before: Option<&str>, next: &str) -> Value {
        let name = format!("'{}'", level.name);
        let mut state = json!({
            "enter": {"set": {
                self.variable("pending"): format!("{}['{}']", self.approvers, level.name),
                self.variable("approved"): "[]",
                self.variable("against"): "[]",
                self.variable("delegated"): "[]",
            }},
            "initial": "deciding",
            "states": {"deciding": {
                "task": {"form": "approval", "assignee": self.variable("pending")},
                "on": {
                    "approve": self.approve(level, &name, next),
                    "reject": self.reject(level, &name),
                    "return": self.send_back(&name, before),
                    "delegate": self.delegate(&name),
                },
            }},
        });
        if let Some(timeout) = &level.timeout {
            let mut then = match timeout.then {
                TimeoutRule::Escalate => self.leads("escalated", &name, next),
                TimeoutRule::Approve => self.leads("approved_by_timeout", &name, next),
                TimeoutRule::Reject => self.refuse("rejected_by_timeout", &name, "null", "'timeout'"),
            };
            then["after"] = json!(timeout.after);
            state["timers"] = json!({"timeout": then});
        }
        state
    }

    /// What a timer does: nobody decided.
    fn leads(self, decision: &str, level: &str, to: &str) -> Value {
        json!({"set": {"approvals": self.entry(level, decision, "null", "null")}, "to": to})
    }

    fn approve(self, level: &ApprovalLevel, name: &str, next: &str) -> Value {
        let approved = self.variable("approved");
        let reason_fits = format!("(!has(event.reason) || size(event.reason) <= {REASON_CHARS_MAX})");
        let record = self.entry(name, "approve", "actor.id", "has(event.reason) ? event.reason : null");
        let enough = match level.rule {
            ApprovalRule::Named(NamedRule::Any) => {
                return json!({"if": reason_fits, "set": {"approvals": record}, "to": next});
            }
            ApprovalRule::Named(NamedRule::All) => format!("size({}) == 1", self.variable("pending")),
            ApprovalRule::Need(need) => format!("size({approved}) + 1 >= {}", need.need),
        };
        json!([
            {"if": format!("{reason_fits} && {enough}"), "set": {"approvals": record}, "to": next},
            {
                "if": reason_fits,
                "set": {
                    "approvals": record,
                    approved.clone(): format!("{approved} + [actor.id]"),
                    self.variable("pending"): self.others(),
                },
                "to": "deciding",
            },
        ])
    }

    fn reject(self, level: &ApprovalLevel, name: &str) -> Value {
        let (pending, approved, against) =
            (self.variable("pending"), self.variable("approved"), self.variable("against"));
        let reason = reason_given();
        let mut refuse = self.refuse("reject", name, "actor.id", "event.reason");
        let needed = match level.rule {
            // One who refuses is enough.
            ApprovalRule::Named(NamedRule::All) => {
                refuse["if"] = json!(reason);
                return refuse;
            }
            ApprovalRule::Named(NamedRule::Any) => 1,
            ApprovalRule::Need(need) => need.need,
        };
        refuse["if"] = json!(format!("{reason} && size({pending}) - 1 + size({approved}) < {needed}"));
        json!([
            refuse,
            {
                "if": reason,
                "set": {
                    "approvals": self.entry(name, "reject", "actor.id", "event.reason"),
                    against.clone(): format!("{against} + [actor.id]"),
                    pending: self.others(),
                },
                "to": "deciding",
            },
        ])
    }

    /// The level as a whole refused.
    fn refuse(self, decision: &str, level: &str, person: &str, reason: &str) -> Value {
        let mut refuse = json!({
            "set": {"approvals": self.entry(level, decision, person, reason)},
            "to": self.refused,
        });
        if self.recipient == "null" {
            refuse["set"]["rejected"] = json!(format!(
                "{{'level': {level}, 'person_id': {person}, 'reason': {reason}, 'at_ms': now}}"
            ));
        } else {
            refuse["set"]["declined"] =
                json!(format!("{{'recipient_id': recipient.id, 'reason': {reason}, 'at_ms': now}}"));
            refuse["start"] = json!([messages::declined()]);
        }
        refuse
    }

    fn send_back(self, name: &str, before: Option<&str>) -> Value {
        let back = |to: &str, state: &str| {
            json!({
                "if": format!("{} && has(event.to) && event.to == '{to}'", reason_given()),
                "raise": self.variable("returns"),
                "set": {"approvals": self.entry(name, &format!("return_to_{to}"), "actor.id", "event.reason")},
                "to": state,
            })
        };
        let mut ways = vec![back("submitter", self.returned)];
        ways.extend(before.map(|before| back("level_before", before)));
        Value::Array(ways)
    }

    fn delegate(self, name: &str) -> Value {
        let delegated = self.variable("delegated");
        let taken: Vec<String> = ["delegated", "pending", "approved", "against"]
            .iter()
            .map(|people| format!("!(event.person_id in {})", self.variable(people)))
            .collect();
        let record = self.entry(name, "delegate", "actor.id", "event.person_id");
        let pending = self.variable("pending");
        let instead = format!("{pending}.map(p, p == actor.id ? event.person_id : p)");
        json!({
            "if": format!("has(event.person_id) && !(actor.id in {delegated}) && {}", taken.join(" && ")),
            "set": {
                "approvals": record,
                delegated.clone(): format!("{delegated} + [actor.id]"),
                pending: instead,
            },
            "to": "deciding",
        })
    }

    fn others(self) -> String {
        format!("{}.filter(p, p != actor.id)", self.variable("pending"))
    }

    /// `approvals` with one more entry. For a delegation the reason is the person who decides instead.
    fn entry(self, level: &str, decision: &str, person: &str, reason: &str) -> String {
        format!(
            "approvals + [{{'level': {level}, 'recipient_id': {}, 'person_id': {person}, 'decision': '{decision}', \
             'reason': {reason}, 'at_ms': now}}]",
            self.recipient
        )
    }
}

/// Conditions on the input: the sender's people are named.
pub(super) fn require_before_sending(approval: &Approval) -> Vec<String> {
    let of = BEFORE_SENDING.approvers;
    let named = approval.levels.iter().map(|level| named(level, of));
    std::iter::once(format!("has({of})")).chain(named).collect()
}

/// Conditions on the input: the people of every recipient with this role are named.
pub(super) fn require_after_intent(approval: &Approval, role: &str) -> Vec<String> {
    let of_role = |holds: &str| format!("recipients.all(r, r.role != '{role}' || ({holds}))");
    let named = approval.levels.iter().map(|level| of_role(&named(level, "r.approvers")));
    std::iter::once(of_role("has(r.approvers)")).chain(named).collect()
}

/// The level has approvers, as many as it needs. One who is named twice still decides once.
fn named(level: &ApprovalLevel, of: &str) -> String {
    let least = match level.rule {
        ApprovalRule::Named(_) => 1,
        ApprovalRule::Need(need) => need.need,
    };
    let name = &level.name;
    let people = format!("{of}['{name}']");
    format!("'{name}' in {of} && size({people}) >= {least} && size({people}) <= {APPROVERS_MAX}")
}
