//! What the form of a contract type cannot show.

use std::collections::BTreeSet;

use super::{Checker, Finding, Scope, Spot};
use crate::{
    library::Library,
    model::{ContractType, Title, Workflow, contract_type::Routing},
};

/// The longest title, in characters.
const TITLE_CHARS_MAX: usize = 100;
/// The longest of all roles' names together, in bytes: they stand beside each other in conditions.
const ROLES_BYTES_MAX: usize = 700;
/// How many recipients a contract may have.
const RECIPIENTS_MAX: u32 = 200;

/// All faults of a contract type of valid form.
pub(crate) fn contract_type(contract_type: &ContractType) -> Vec<Finding> {
    // A contract type has no states of its own; the checker lends its eye for names and durations.
    let nothing = Workflow::empty(contract_type.header.clone());
    let library = Library::default();
    let mut checker = Checker::new(&nothing, &library);
    let top = Spot::default();
    checker.header(&top.then("contract_type"), &contract_type.header);
    checker.title(&top.then("title"), &contract_type.title);
    checker.times(&top, contract_type);
    checker.routing(&top, contract_type);
    checker.approval_levels(&top, contract_type);
    if let Some(cc) = &contract_type.cc {
        checker.unique(&top.then("cc").then("told_at"), &cc.told_at, "this moment");
    }
    let mut roles = BTreeSet::new();
    for (index, recipient) in contract_type.recipients.iter().enumerate() {
        let spot = top.then("recipients").then(index);
        if !roles.insert(recipient.role.as_str()) {
            checker.fault(&spot.then("role"), format!("the role `{}` is there twice", recipient.role), None);
        }
        checker.recipient(&spot, recipient);
    }
    let mut readable: BTreeSet<String> =
        ["contract", "recipients", "notified", "event", "now", "actor"].map(str::to_owned).into();
    if contract_type.approval_levels().next().is_some() {
        readable.insert("approvals".to_owned());
    }
    let scope = Scope { readable, ..Scope::default() };
    checker.starts(&top.then("on_completion"), &contract_type.on_completion, &scope);
    checker.findings
}

impl Checker<'_> {
    pub(super) fn title(&mut self, spot: &Spot, title: &Title) {
        for (language, text) in [("zh", &title.zh), ("en", &title.en)] {
            let count = text.chars().count();
            if text.trim().is_empty() || count > TITLE_CHARS_MAX {
                let message = format!("a title has 1 to {TITLE_CHARS_MAX} characters");
                self.fault(&spot.then(language), message, None);
            }
        }
    }

    /// Every value of a list is there once.
    pub(super) fn unique<T: PartialEq>(&mut self, spot: &Spot, values: &[T], what: &str) {
        for (index, value) in values.iter().enumerate() {
            if values.iter().take(index).any(|other| other == value) {
                self.fault(&spot.then(index), format!("{what} is there twice"), None);
            }
        }
    }

    fn times(&mut self, top: &Spot, contract_type: &ContractType) {
        if let Some(deadline) = &contract_type.deadline {
            self.duration(&top.then("deadline"), deadline);
        }
        let Some(reminders) = &contract_type.reminders else { return };
        let spot = top.then("reminders");
        match (&reminders.every, &reminders.daily) {
            (Some(every), None) => self.duration(&spot.then("every"), every),
            (None, Some(daily)) => self.daily(&spot.then("daily"), daily),
            _ => self.fault(&spot, "reminders have one of `every` and `daily`".to_owned(), None),
        }
        for (index, before) in reminders.before_deadline.iter().enumerate() {
            let spot = spot.then("before_deadline").then(index);
            self.duration(&spot, before);
            let too_early = contract_type.deadline_ms().zip(before.as_ms().ok());
            if too_early.is_some_and(|(deadline, before)| before >= deadline) {
                self.fault(&spot, "this is before the contract is sent".to_owned(), None);
            }
        }
    }

    fn routing(&mut self, top: &Spot, contract_type: &ContractType) {
        let roles = contract_type.recipients.as_slice();
        let most: u32 = roles.iter().fold(0, |sum, role| sum.saturating_add(role.max));
        let names: usize = roles.iter().map(|role| role.role.len() + 4).sum();
        if most > RECIPIENTS_MAX {
            let message = format!("{most} recipients are more than {RECIPIENTS_MAX}");
            self.fault(&top.then("recipients"), message, None);
        }
        if names > ROLES_BYTES_MAX {
            let message = "the roles' names are too long together".to_owned();
            self.fault(&top.then("recipients"), message, Some("shorten them".to_owned()));
        }
        if roles.iter().all(|role| role.min == 0) {
            self.fault(&top.then("recipients"), "every role is optional: nobody would sign".to_owned(), None);
        }
        if contract_type.need.is_some_and(|need| need > most) {
            self.fault(&top.then("need"), format!("there are at most {most} recipients"), None);
        }
        for (index, role) in roles.iter().enumerate() {
            let spot = top.then("recipients").then(index);
            match (contract_type.routing, role.group) {
                (Routing::Groups, None) => {
                    self.fault(&spot, "`routing: groups` needs `group`".to_owned(), None);
                }
                (Routing::Sequential | Routing::Parallel, Some(_)) => {
                    self.fault(&spot.then("group"), "`group` needs `routing: groups`".to_owned(), None);
                }
                _ => {}
            }
        }
        if contract_type.need.is_some() && !contract_type.groups.is_empty() {
            let help = Some("say `need` for each group, or once for all".to_owned());
            self.fault(&top.then("groups"), "`need` counts over all groups already".to_owned(), help);
        }
        for (index, group) in contract_type.groups.iter().enumerate() {
            let spot = top.then("groups").then(index);
            let of_group = roles.iter().filter(|role| role.group == Some(group.group));
            let most = of_group.fold(0_u32, |sum, role| sum.saturating_add(role.max));
            if most == 0 {
                self.fault(&spot.then("group"), format!("no role is in group {}", group.group), None);
            } else if group.need > most {
                let message = format!("group {} has at most {most} recipients", group.group);
                self.fault(&spot.then("need"), message, None);
            }
            if contract_type.groups.iter().take(index).any(|other| other.group == group.group) {
                self.fault(&spot.then("group"), "this group is there twice".to_owned(), None);
            }
        }
    }
}
