//! Ways on that depend on the recipient's role.

use serde_json::{Map, Value, json};

use crate::model::contract_type::RecipientRole;

/// Which of `roles` something is for, as a condition; none when it is for all of them.
pub(super) fn condition(roles: &[&RecipientRole], asked: &[&RecipientRole]) -> Option<String> {
    let names: Vec<&str> = asked.iter().map(|role| role.role.as_str()).collect();
    (asked.len() < roles.len()).then(|| format!("recipient.role in {}", list(&names)))
}

/// Those of `roles` that `asks` is true for.
pub(super) fn those<'a>(
    roles: &[&'a RecipientRole],
    asks: impl Fn(&RecipientRole) -> bool,
) -> Vec<&'a RecipientRole> {
    roles.iter().copied().filter(|role| asks(role)).collect()
}

/// Each of `roles` to the first of the stops that is for it, else to `last`. A way that no role takes is not there.
pub(super) fn ways<'s, 'r: 's>(
    roles: &[&RecipientRole],
    stops: impl Iterator<Item = (&'s str, &'s [&'r RecipientRole])>,
    last: &str,
) -> Vec<Branch> {
    let mut left = roles.to_vec();
    let mut branches = Vec::new();
    for (stop, asked) in stops {
        let here = those(&left, |role| asked.iter().any(|other| other.role == role.role));
        if here.is_empty() {
            continue;
        }
        branches.push(Branch { condition: condition(&left, &here), to: stop.to_owned() });
        if here.len() == left.len() {
            return branches;
        }
        left.retain(|role| !here.iter().any(|other| other.role == role.role));
    }
    branches.push(Branch { condition: None, to: last.to_owned() });
    branches
}

/// One of several ways on; the last has no condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Branch {
    pub(super) condition: Option<String>,
    pub(super) to: String,
}

/// The branches as transitions, each with `guard` and what else `more` has.
pub(super) fn transitions(branches: &[Branch], guard: Option<&str>, more: &Map<String, Value>) -> Value {
    let transition = |branch: &Branch| {
        let mut transition = more.clone();
        let condition = match (guard, &branch.condition) {
            (Some(guard), Some(condition)) => Some(format!("({guard}) && {condition}")),
            (Some(condition), None) => Some(condition.to_owned()),
            (None, condition) => condition.clone(),
        };
        if let Some(condition) = condition {
            transition.insert("if".to_owned(), json!(condition));
        }
        transition.insert("to".to_owned(), json!(branch.to));
        Value::Object(transition)
    };
    branches.iter().map(transition).collect()
}

/// An expression that has for every role the value that `value` writes for it.
pub(super) fn by_role(roles: &[&RecipientRole], value: impl Fn(&RecipientRole) -> String) -> String {
    let mut values: Vec<(String, Vec<&str>)> = Vec::new();
    for role in roles {
        let value = value(role);
        match values.iter_mut().find(|(other, _)| *other == value) {
            Some((_, names)) => names.push(&role.role),
            None => values.push((value, vec![&role.role])),
        }
    }
    let last = values.pop().map(|(value, _)| value).unwrap_or_else(|| "null".to_owned());
    values
        .iter()
        .rev()
        .fold(last, |rest, (value, names)| format!("(recipient.role in {} ? {value} : {rest})", list(names)))
}

/// A list of texts as an expression. The texts are names: they have no quotes.
pub(super) fn list(texts: &[&str]) -> String {
    let quoted: Vec<String> = texts.iter().map(|text| format!("'{text}'")).collect();
    format!("[{}]", quoted.join(", "))
}
