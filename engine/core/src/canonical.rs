//! One spelling for every JSON value, so that the same state is the same bytes and a definition has one hash.

use serde_json::{Map, Number, Value};
use sha2::{Digest, Sha256};

/// Keys sorted at every depth, and numbers in a form that survives being written and read.
#[must_use]
pub fn canonical(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<(String, Value)> = map.into_iter().collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(
                entries.into_iter().map(|(key, value)| (key, canonical(value))).collect::<Map<_, _>>(),
            )
        }
        Value::Array(values) => Value::Array(values.into_iter().map(canonical).collect()),
        Value::Number(number) => Value::Number(settled(number)),
        other => other,
    }
}

/// A reader of decimal text may miss the nearest float by one unit in the last place. Reading until nothing changes
/// gives the value that a replay from stored text sees too.
fn settled(number: Number) -> Number {
    if !number.is_f64() {
        return number;
    }
    let mut number = number;
    for _ in 0..8 {
        match serde_json::from_str::<Number>(&number.to_string()) {
            Ok(again) if again != number => number = again,
            _ => break,
        }
    }
    number
}

/// The SHA-256 of a canonical value's compact text, in lower-case hexadecimal.
#[must_use]
pub fn hash(value: &Value) -> String {
    hex::encode(Sha256::digest(value.to_string().as_bytes()))
}

/// How many bytes the compact text of `value` has, counted without building it.
#[must_use]
pub fn size(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(true) => 4,
        Value::Bool(false) => 5,
        Value::Number(number) => number.to_string().len(),
        Value::String(text) => text.len() + 2,
        Value::Array(values) => 2 + values.iter().map(|value| size(value) + 1).sum::<usize>(),
        Value::Object(map) => 2 + map.iter().map(|(key, value)| key.len() + 4 + size(value)).sum::<usize>(),
    }
}

/// The longest list or object, and the deepest nesting, inside `value`.
#[must_use]
pub fn shape(value: &Value) -> (usize, usize) {
    let within = |values: &mut dyn Iterator<Item = &Value>, len: usize| {
        values.fold((len, 1), |(longest, deepest), value| {
            let (inner_longest, inner_deepest) = shape(value);
            (longest.max(inner_longest), deepest.max(inner_deepest + 1))
        })
    };
    match value {
        Value::Array(values) => within(&mut values.iter(), values.len()),
        Value::Object(map) => within(&mut map.values(), map.len()),
        _ => (0, 0),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{canonical, hash, shape, size};

    #[test]
    fn key_order_does_not_change_the_hash() {
        let one = canonical(json!({"b": {"y": 1, "x": 2}, "a": [3]}));
        let two = canonical(json!({"a": [3], "b": {"x": 2, "y": 1}}));
        assert_eq!(one.to_string(), two.to_string());
        assert_eq!(hash(&one), hash(&two));
        assert_ne!(hash(&one), hash(&canonical(json!({"a": [3]}))));
    }

    #[test]
    fn measures_size_and_shape() {
        assert_eq!(size(&json!(null)), 4);
        assert!(size(&json!({"a": "bcd"})) >= r#"{"a":"bcd"}"#.len());
        assert_eq!(shape(&json!({"a": [1, 2, 3]})), (3, 2));
    }
}
