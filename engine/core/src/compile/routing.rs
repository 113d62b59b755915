//! Who signs when: one after the other, all at once, or group after group; all of them, or enough of them.
//!
//! Groups of which only some must sign are states of their own, one after the other: an `each` counts for itself who
//! has signed. In all other cases one `each` has everybody.

use serde_json::{Map, Value, json};

use super::{branch::list, party};
use crate::model::contract_type::{ContractType, RecipientRole, Routing};

/// The first of the states in which recipients sign, and all of them.
pub(super) fn states(contract_type: &ContractType) -> (String, Map<String, Value>) {
    let everybody: Vec<&RecipientRole> = contract_type.recipients.iter().collect();
    if contract_type.groups.is_empty() {
        let mut each = each(contract_type, &everybody, "recipients".to_owned());
        each["order"] = json!(match contract_type.routing {
            Routing::Sequential => "sequential",
            Routing::Parallel => "parallel",
            Routing::Groups => "grouped",
        });
        if contract_type.routing == Routing::Groups {
            each["group"] = json!("role_groups[recipient.role]");
        }
        if let Some(need) = contract_type.need {
            each["need"] = json!(need.to_string());
        }
        let state = json!({"each": each, "on": {"done": "completing"}});
        return ("signing".to_owned(), std::iter::once(("signing".to_owned(), state)).collect());
    }
    let numbers = numbers(contract_type);
    let mut states = Map::new();
    for (index, number) in numbers.iter().enumerate() {
        let roles: Vec<&RecipientRole> =
            everybody.iter().copied().filter(|role| role.group == Some(*number)).collect();
        let names: Vec<&str> = roles.iter().map(|role| role.role.as_str()).collect();
        let mut each =
            each(contract_type, &roles, format!("recipients.filter(r, r.role in {})", list(&names)));
        each["order"] = json!("parallel");
        if let Some(group) = contract_type.groups.iter().find(|group| group.group == *number) {
            each["need"] = json!(group.need.to_string());
        }
        let next = numbers.get(index + 1).map_or_else(|| "completing".to_owned(), |next| name(*next));
        states.insert(name(*number), json!({"each": each, "on": {"done": next}}));
    }
    (numbers.first().copied().map(name).unwrap_or_default(), states)
}

/// The group of every role, where one `each` needs it.
pub(super) fn data(contract_type: &ContractType) -> Option<Value> {
    let needed = contract_type.routing == Routing::Groups && contract_type.groups.is_empty();
    let group = |role: &RecipientRole| (role.role.clone(), json!(role.group));
    needed.then(|| Value::Object(contract_type.recipients.iter().map(group).collect()))
}

/// The groups' numbers in order.
fn numbers(contract_type: &ContractType) -> Vec<u32> {
    let mut numbers: Vec<u32> = contract_type.recipients.iter().filter_map(|role| role.group).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

fn name(group: u32) -> String {
    format!("signing_{group}")
}

fn each(contract_type: &ContractType, roles: &[&RecipientRole], of: String) -> Value {
    let mut each = json!({
        "in": of,
        "as": "recipient",
        "initial": "notifying",
        "states": party::states(contract_type, roles),
    });
    party::declare(&mut each, roles);
    each
}
