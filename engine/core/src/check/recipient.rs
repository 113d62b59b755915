//! What is asked of the recipients of a contract type, and of those who approve.

use std::collections::BTreeSet;

use super::{Checker, Spot};
use crate::{
    compile::APPROVERS_MAX,
    model::{
        ContractType, IntentMethod,
        contract_type::{
            Approval, ApprovalLevel, ApprovalRule, FieldKind, PreSign, RecipientKind, RecipientRole,
            SubjectMethod, TimeoutRule,
        },
    },
};

impl Checker<'_> {
    pub(super) fn recipient(&mut self, spot: &Spot, recipient: &RecipientRole) {
        self.name(&spot.then("role"), &recipient.role, "role");
        self.title(&spot.then("title"), &recipient.title);
        if recipient.min > recipient.max {
            let message = format!("at least {} is more than at most {}", recipient.min, recipient.max);
            self.fault(&spot.then("min"), message, None);
        }
        if let Some(checks) = &recipient.pre_sign {
            self.pre_sign(&spot.then("pre_sign"), checks);
        }
        let methods = spot.then("intent_methods");
        self.unique(&methods, &recipient.intent_methods, "this method");
        if recipient.intent_methods == [IntentMethod::Face] {
            self.face_alone(&methods);
        }
        if recipient.auto_sign && recipient.kind == RecipientKind::Organization {
            self.fault(&spot.then("auto_sign"), "only a person can switch auto-sign on".to_owned(), None);
        }
        self.fields(spot, recipient);
    }

    fn fields(&mut self, spot: &Spot, recipient: &RecipientRole) {
        for (index, field) in recipient.fields.iter().enumerate() {
            let spot = spot.then("fields").then(index);
            let is_seal = matches!(field.kind, FieldKind::Seal | FieldKind::CrossPageSeal);
            if is_seal && recipient.kind == RecipientKind::Person {
                let help = Some("a person signs with a `signature`".to_owned());
                self.fault(&spot.then("kind"), "only an organization has seals".to_owned(), help);
            }
            if field.seal_kind.is_some() && !is_seal {
                self.fault(&spot.then("seal_kind"), "`seal_kind` belongs to `kind: seal`".to_owned(), None);
            }
            let spans = field.kind == FieldKind::CrossPageSeal;
            for (name, given) in [("to_page", field.to_page.is_some()), ("edge", field.edge.is_some())] {
                if given && !spans {
                    let message = format!("`{name}` belongs to `kind: cross_page_seal`");
                    self.fault(&spot.then(name), message, None);
                }
            }
            if field.style.is_some() && !matches!(field.kind, FieldKind::Date | FieldKind::Text) {
                let message = "`style` belongs to `kind: date` and `kind: text`".to_owned();
                self.fault(&spot.then("style"), message, None);
            }
        }
        let signs = |kind| matches!(kind, FieldKind::Signature | FieldKind::Seal);
        if !recipient.fields.is_empty() && !recipient.fields.iter().any(|field| signs(field.kind)) {
            self.fault(&spot.then("fields"), "no field is a signature or a seal".to_owned(), None);
        }
    }

    fn pre_sign(&mut self, spot: &Spot, checks: &PreSign) {
        if *checks == PreSign::default() {
            self.fault(spot, "`pre_sign` asks for nothing".to_owned(), None);
        }
        if let Some(name) = &checks.agreement {
            let spot = spot.then("agreement");
            self.name(&spot, name, "name of an agreement");
            if !checks.agreements.is_empty() {
                let help = Some("name them all under `agreements`".to_owned());
                self.fault(&spot, "`agreement` and `agreements` say the same".to_owned(), help);
            }
        }
        let agreements = spot.then("agreements");
        self.unique(&agreements, &checks.agreements, "this agreement");
        for (index, name) in checks.agreements.iter().enumerate() {
            self.name(&agreements.then(index), name, "name of an agreement");
        }
        if let Some(verification) = &checks.subject_verification {
            let spot = spot.then("subject_verification").then("any_of");
            self.unique(&spot, &verification.any_of, "this method");
            if verification.any_of == [SubjectMethod::Face] {
                self.face_alone(&spot);
            }
        }
        let names: Vec<&str> = checks.attachments.iter().map(|rule| rule.name.as_str()).collect();
        self.unique(&spot.then("attachments"), &names, "an attachment of this name");
        for (index, rule) in checks.attachments.iter().enumerate() {
            let spot = spot.then("attachments").then(index);
            self.name(&spot.then("name"), &rule.name, "name of an attachment");
            self.title(&spot.then("title"), &rule.title);
            self.unique(&spot.then("types"), &rule.types, "this type");
        }
    }

    /// The law forbids to make a person's face the only way.
    fn face_alone(&mut self, spot: &Spot) {
        let help = Some("offer another method beside it".to_owned());
        self.fault(spot, "a face check must not be the only method".to_owned(), help);
    }

    /// The levels of all approvals: their names are unique in the contract type, as its input names approvers by them.
    pub(super) fn approval_levels(&mut self, top: &Spot, contract_type: &ContractType) {
        let mut names = BTreeSet::new();
        if let Some(approval) = &contract_type.approval {
            self.approval(&top.then("approval"), approval, &mut names);
        }
        for (index, role) in contract_type.recipients.iter().enumerate() {
            if let Some(approval) = &role.approval {
                let spot = top.then("recipients").then(index).then("approval");
                self.approval(&spot, approval, &mut names);
            }
        }
    }

    fn approval<'a>(&mut self, spot: &Spot, approval: &'a Approval, names: &mut BTreeSet<&'a str>) {
        let last = approval.levels.len().saturating_sub(1);
        for (index, level) in approval.levels.iter().enumerate() {
            let spot = spot.then("levels").then(index);
            if !names.insert(&level.name) {
                self.fault(&spot.then("name"), format!("the level `{}` is there twice", level.name), None);
            }
            self.level(&spot, level, index == last);
        }
    }

    fn level(&mut self, spot: &Spot, level: &ApprovalLevel, last: bool) {
        self.name(&spot.then("name"), &level.name, "name of a level");
        // The name of its state is a little longer.
        if level.name.len() > 50 {
            self.fault(&spot.then("name"), "a level's name has at most 50 letters".to_owned(), None);
        }
        self.title(&spot.then("title"), &level.title);
        if let ApprovalRule::Need(need) = level.rule
            && need.need > APPROVERS_MAX
        {
            let message = format!("a level has at most {APPROVERS_MAX} approvers");
            self.fault(&spot.then("rule").then("need"), message, None);
        }
        if let Some(timeout) = &level.timeout {
            let spot = spot.then("timeout");
            self.duration(&spot.then("after"), &timeout.after);
            if last && timeout.then == TimeoutRule::Escalate {
                let help = Some("`reject` or `approve`".to_owned());
                self.fault(&spot.then("then"), "no level ranks higher than the last".to_owned(), help);
            }
        }
    }
}
