//! JSON to CEL values and back, with nothing lost and nothing of the values in errors.

use std::{collections::HashMap, sync::Arc};

use cel::{ExecutionError, Value as Cel, objects::Key};
use serde_json::{Map, Number, Value};

use super::Error;

pub(super) fn to_cel(value: &Value) -> Cel {
    match value {
        Value::Null => Cel::Null,
        Value::Bool(value) => Cel::Bool(*value),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(int), _) => Cel::Int(int),
            (None, Some(uint)) => Cel::UInt(uint),
            (None, None) => Cel::Float(number.as_f64().unwrap_or_default()),
        },
        Value::String(text) => Cel::String(Arc::new(text.clone())),
        Value::Array(values) => Cel::List(Arc::new(values.iter().map(to_cel).collect())),
        Value::Object(map) => {
            let map: HashMap<Key, Cel> =
                map.iter().map(|(key, value)| (Key::String(Arc::new(key.clone())), to_cel(value))).collect();
            Cel::Map(cel::objects::Map { map: Arc::new(map) })
        }
    }
}

pub(super) fn to_json(value: &Cel) -> Result<Value, Error> {
    Ok(match value {
        Cel::Null => Value::Null,
        Cel::Bool(value) => Value::Bool(*value),
        Cel::Int(value) => Value::from(*value),
        Cel::UInt(value) => Value::from(*value),
        Cel::Float(value) => Value::Number(Number::from_f64(*value).ok_or(Error::Arithmetic)?),
        Cel::String(text) => Value::String(text.as_ref().clone()),
        Cel::List(values) => Value::Array(values.iter().map(to_json).collect::<Result<_, _>>()?),
        Cel::Map(map) => {
            let mut entries: Vec<(String, Value)> = Vec::with_capacity(map.map.len());
            for (key, value) in map.map.iter() {
                match key {
                    Key::String(key) => entries.push((key.as_ref().clone(), to_json(value)?)),
                    _ => return Err(Error::NotKept),
                }
            }
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(entries.into_iter().collect::<Map<_, _>>())
        }
        _ => return Err(Error::NotKept),
    })
}

/// The library's errors print the values they met; ours do not.
pub(super) fn error(error: &ExecutionError) -> Error {
    match error {
        ExecutionError::NoSuchKey(key) => Error::NoSuchKey(key.as_ref().chars().take(64).collect()),
        ExecutionError::UndeclaredReference(name) => Error::Undeclared(name.as_ref().clone()),
        ExecutionError::NoSuchOverload(overload) => Error::WrongTypes(operator(overload.function())),
        ExecutionError::UnsupportedBinaryOperator(name, ..) => Error::WrongTypes(operator(name)),
        ExecutionError::ValuesNotComparable(..) => Error::WrongTypes("a comparison".to_owned()),
        ExecutionError::DivisionByZero(_)
        | ExecutionError::RemainderByZero(_)
        | ExecutionError::Overflow(..)
        | ExecutionError::IndexOutOfBounds(_) => Error::Arithmetic,
        ExecutionError::FunctionError { function, .. } if function == super::rewrite::SORTED => {
            Error::TooMuchWork
        }
        _ => Error::Other,
    }
}

/// `_+_` is how the library spells the operator `+`.
fn operator(name: &str) -> String {
    format!("`{}`", name.replace('_', ""))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap is the test's failure")]

    use serde_json::json;

    use super::{to_cel, to_json};

    #[test]
    fn json_survives_the_way_there_and_back() {
        let value = json!({"a": [1, -2, 2.5, "三", true, null], "b": {"c": 18_446_744_073_709_551_615_u64}});
        assert_eq!(to_json(&to_cel(&value)).unwrap(), value);
    }
}
