//! What the form of a contract type cannot show.

use std::collections::BTreeSet;

use super::{Checker, Finding, Spot};
use crate::{
    library::Library,
    model::{
        ContractType, Title, Workflow,
        contract_type::{FieldKind, RecipientKind, RecipientRole},
    },
};

/// The longest title, in characters.
const TITLE_CHARS_MAX: usize = 100;

/// All faults of a contract type of valid form.
pub(crate) fn contract_type(contract_type: &ContractType) -> Vec<Finding> {
    // A contract type has no states of its own; the checker lends its eye for names and durations.
    let nothing = Workflow::empty(contract_type.header.clone());
    let library = Library::default();
    let mut checker = Checker::new(&nothing, &library);
    let top = Spot::default();
    checker.header(&top.then("contract_type"), &contract_type.header);
    checker.title(&top.then("title"), &contract_type.title);
    if let Some(deadline) = &contract_type.deadline {
        checker.duration(&top.then("deadline"), deadline);
    }
    if let Some(reminders) = &contract_type.reminders {
        checker.duration(&top.then("reminders").then("every"), &reminders.every);
    }
    let mut roles = BTreeSet::new();
    for (index, recipient) in contract_type.recipients.iter().enumerate() {
        let spot = top.then("recipients").then(index);
        if !roles.insert(recipient.role.as_str()) {
            checker.fault(&spot.then("role"), format!("the role `{}` is there twice", recipient.role), None);
        }
        checker.recipient(&spot, recipient);
    }
    checker.findings
}

impl Checker<'_> {
    fn title(&mut self, spot: &Spot, title: &Title) {
        for (language, text) in [("zh", &title.zh), ("en", &title.en)] {
            let count = text.chars().count();
            if text.trim().is_empty() || count > TITLE_CHARS_MAX {
                let message = format!("a title has 1 to {TITLE_CHARS_MAX} characters");
                self.fault(&spot.then(language), message, None);
            }
        }
    }

    fn recipient(&mut self, spot: &Spot, recipient: &RecipientRole) {
        self.name(&spot.then("role"), &recipient.role, "role");
        self.title(&spot.then("title"), &recipient.title);
        if let Some(pre_sign) = &recipient.pre_sign {
            let spot = spot.then("pre_sign").then("agreement");
            self.name(&spot, &pre_sign.agreement, "name of an agreement");
        }
        let mut methods = BTreeSet::new();
        for (index, method) in recipient.intent_methods.iter().enumerate() {
            if !methods.insert(*method) {
                self.fault(
                    &spot.then("intent_methods").then(index),
                    "this method is there twice".to_owned(),
                    None,
                );
            }
        }
        for (index, field) in recipient.fields.iter().enumerate() {
            let spot = spot.then("fields").then(index);
            if field.kind == FieldKind::Seal && recipient.kind == RecipientKind::Person {
                let help = Some("a person signs with a `signature`".to_owned());
                self.fault(&spot.then("kind"), "only an organization has seals".to_owned(), help);
            }
            if field.seal_kind.is_some() && field.kind != FieldKind::Seal {
                self.fault(&spot.then("seal_kind"), "`seal_kind` belongs to `kind: seal`".to_owned(), None);
            }
        }
        let signs = |kind| matches!(kind, FieldKind::Signature | FieldKind::Seal);
        if !recipient.fields.is_empty() && !recipient.fields.iter().any(|field| signs(field.kind)) {
            self.fault(&spot.then("fields"), "no field is a signature or a seal".to_owned(), None);
        }
    }
}
