//! What the instance's input must be for this contract type. The engine refuses anything else, whoever made it.

use super::{approval, branch::list};
use crate::model::contract_type::{ContractType, RecipientRole, Routing};

pub(super) fn conditions(contract_type: &ContractType) -> Vec<String> {
    let roles = contract_type.recipients.as_slice();
    let mut conditions = if roles.iter().all(|role| (role.min, role.max) == (1, 1)) {
        each_once(roles)
    } else {
        as_many_as_allowed(contract_type)
    };
    match &contract_type.cc {
        Some(cc) => conditions.push(format!("!has(contract.cc) || size(contract.cc) <= {}", cc.max)),
        None => conditions.push("!has(contract.cc) || size(contract.cc) == 0".to_owned()),
    }
    if contract_type.rescinds {
        const NAMED: &str = "has(contract.rescinds_contract_id) && contract.rescinds_contract_id != null && contract.rescinds_contract_id != contract.id";
        conditions.push(NAMED.to_owned());
    }
    if let Some(before) = &contract_type.approval {
        conditions.extend(approval::require_before_sending(before));
    }
    for role in roles {
        if let Some(after) = &role.approval {
            conditions.extend(approval::require_after_intent(after, &role.role));
        }
    }
    conditions
}

/// The recipients are those of the type, in its order.
fn each_once(roles: &[RecipientRole]) -> Vec<String> {
    let mut conditions = vec![format!("size(recipients) == {}", roles.len())];
    for (index, recipient) in roles.iter().enumerate() {
        let (role, kind) = (&recipient.role, recipient.kind.as_str());
        conditions
            .push(format!("recipients[{index}].role == '{role}' && recipients[{index}].kind == '{kind}'"));
    }
    conditions
}

/// Every role has as many recipients as it may have, of its kind; in sequence, those of earlier roles come first.
fn as_many_as_allowed(contract_type: &ContractType) -> Vec<String> {
    let roles = contract_type.recipients.as_slice();
    let names: Vec<&str> = roles.iter().map(|role| role.role.as_str()).collect();
    let mut conditions = vec![format!("recipients.all(r, r.role in {})", list(&names))];
    for RecipientRole { role, kind, min, max, .. } in roles {
        let of_role = format!("size(recipients.filter(r, r.role == '{role}'))");
        let kind = kind.as_str();
        conditions.push(format!(
            "{of_role} >= {min} && {of_role} <= {max} && recipients.all(r, r.role != '{role}' || r.kind == '{kind}')"
        ));
    }
    if let Some(need) = contract_type.need {
        conditions.push(format!("size(recipients) >= {need}"));
    }
    for group in &contract_type.groups {
        let of_group: Vec<&str> = roles
            .iter()
            .filter(|role| role.group == Some(group.group))
            .map(|role| role.role.as_str())
            .collect();
        conditions.push(format!(
            "size(recipients.filter(r, r.role in {})) >= {}",
            list(&of_group),
            group.need
        ));
    }
    if contract_type.routing == Routing::Sequential {
        for (index, earlier) in names.iter().enumerate() {
            for later in names.iter().skip(index + 1) {
                conditions.push(in_order(earlier, later));
            }
        }
    }
    conditions
}

/// No recipient of the role `later` stands before one of `earlier`.
fn in_order(earlier: &str, later: &str) -> String {
    let of = |role: &str| format!("recipients.filter(r, r.role == '{role}').map(r, r.role)");
    format!(
        "recipients.filter(r, r.role in ['{earlier}', '{later}']).map(r, r.role) == {} + {}",
        of(earlier),
        of(later)
    )
}
