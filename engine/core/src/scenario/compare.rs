//! Lists as they are, beside lists as they should be.

use serde_json::Value;

/// Whether the two lists do not fit one to one, in any order.
pub(super) fn differ<E>(expected: &[E], actual: &[Value], fits: impl Fn(&E, &Value) -> bool) -> bool {
    if expected.len() != actual.len() {
        return true;
    }
    let mut left: Vec<&Value> = actual.iter().collect();
    for one in expected {
        match left.iter().position(|value| fits(one, value)) {
            Some(index) => drop(left.remove(index)),
            None => return true,
        }
    }
    false
}

pub(super) fn lists(
    what: &str,
    expected: usize,
    actual: &[Value],
    words: impl Fn(&Value) -> String,
) -> String {
    let there: Vec<String> = actual.iter().map(words).collect();
    let there = if there.is_empty() { "none".to_owned() } else { there.join("; ") };
    format!("expected {expected} {what} as listed, but there are: {there}")
}
