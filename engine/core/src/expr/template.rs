//! Values with expressions in them: `notify/{recipient.id}`.
//!
//! A text that is one `{…}` and nothing else keeps the type of the expression's value; otherwise the value is put into
//! the text. `{{` and `}}` are the characters themselves.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::{Error, Expr, Variables};

/// A JSON value whose texts may hold expressions.
#[derive(Debug, Clone, PartialEq)]
pub enum Template {
    /// Null, true, false or a number.
    Literal(Value),
    /// A text, as written and in parts.
    Text {
        /// As written.
        source: String,
        /// None when a brace has no partner.
        parts: Option<Vec<Part>>,
    },
    /// A list.
    List(Vec<Template>),
    /// An object.
    Map(BTreeMap<String, Template>),
}

/// A part of a text.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// As it is.
    Plain(String),
    /// The value of an expression.
    Expr(Expr),
}

impl Template {
    /// Its expressions.
    #[must_use]
    pub fn expressions(&self) -> Vec<&Expr> {
        match self {
            Self::Literal(_) => Vec::new(),
            Self::Text { parts, .. } => parts
                .iter()
                .flatten()
                .filter_map(|part| if let Part::Expr(expr) = part { Some(expr) } else { None })
                .collect(),
            Self::List(list) => list.iter().flat_map(Self::expressions).collect(),
            Self::Map(map) => map.values().flat_map(Self::expressions).collect(),
        }
    }

    /// The value, with every expression worked out.
    pub(crate) fn fill(&self, variables: &dyn Variables) -> Result<Value, Error> {
        Ok(match self {
            Self::Literal(value) => value.clone(),
            Self::List(list) => {
                Value::Array(list.iter().map(|inner| inner.fill(variables)).collect::<Result<_, _>>()?)
            }
            Self::Map(map) => Value::Object(
                map.iter()
                    .map(|(key, inner)| Ok((key.clone(), inner.fill(variables)?)))
                    .collect::<Result<_, Error>>()?,
            ),
            Self::Text { parts, .. } => {
                match parts.as_deref().ok_or(Error::NotA("text with closed braces"))? {
                    [Part::Expr(expr)] => expr.evaluate(variables)?,
                    parts => {
                        let mut text = String::new();
                        for part in parts {
                            match part {
                                Part::Plain(plain) => text.push_str(plain),
                                Part::Expr(expr) => match expr.evaluate(variables)? {
                                    Value::String(value) => text.push_str(&value),
                                    value @ (Value::Bool(_) | Value::Number(_)) => {
                                        text.push_str(&value.to_string())
                                    }
                                    _ => return Err(Error::NotA("text")),
                                },
                            }
                        }
                        Value::String(text)
                    }
                }
            }
        })
    }
}

impl From<Value> for Template {
    fn from(value: Value) -> Self {
        match value {
            Value::String(source) => Self::Text { parts: parts(&source), source },
            Value::Array(values) => Self::List(values.into_iter().map(Self::from).collect()),
            Value::Object(map) => {
                Self::Map(map.into_iter().map(|(key, value)| (key, Self::from(value))).collect())
            }
            literal => Self::Literal(literal),
        }
    }
}

/// Cuts a text at its braces; none when one has no partner.
fn parts(source: &str) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    let mut plain = String::new();
    let mut rest = source.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '{' | '}' if rest.peek() == Some(&c) => {
                rest.next();
                plain.push(c);
            }
            '{' => {
                if !plain.is_empty() {
                    parts.push(Part::Plain(std::mem::take(&mut plain)));
                }
                parts.push(Part::Expr(Expr::new(expression(&mut rest)?)));
            }
            '}' => return None,
            c => plain.push(c),
        }
    }
    if !plain.is_empty() || parts.is_empty() {
        parts.push(Part::Plain(plain));
    }
    Some(parts)
}

/// Reads up to the closing brace; braces inside quotes or inside other braces do not close it.
fn expression(rest: &mut impl Iterator<Item = char>) -> Option<String> {
    let mut source = String::new();
    let mut depth = 0_usize;
    let mut quote = None;
    while let Some(c) = rest.next() {
        match (quote, c) {
            (Some(_), '\\') => {
                source.push(c);
                source.push(rest.next()?);
                continue;
            }
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '{') => depth += 1,
            (None, '}') if depth == 0 => return Some(source),
            (None, '}') => depth -= 1,
            (None, _) => {}
        }
        source.push(c);
    }
    None
}

impl Serialize for Template {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Literal(value) => value.serialize(serializer),
            Self::Text { source, .. } => serializer.serialize_str(source),
            Self::List(list) => list.serialize(serializer),
            Self::Map(map) => map.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Template {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(Self::from)
    }
}

impl JsonSchema for Template {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Template".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "Any value; in texts, `{…}` around an expression is replaced by its value.",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Expr, Part, parts};

    #[test]
    fn cuts_at_braces_outside_quotes() {
        let expr = |source: &str| Part::Expr(Expr::new(source));
        let plain = |text: &str| Part::Plain(text.to_owned());
        assert_eq!(parts("notify/{r.id}"), Some(vec![plain("notify/"), expr("r.id")]));
        assert_eq!(parts("{ {'a}': 1} }"), Some(vec![expr(" {'a}': 1} ")]));
        assert_eq!(parts("{{x}}"), Some(vec![plain("{x}")]));
        assert_eq!(parts(""), Some(vec![plain("")]));
    }

    #[test]
    fn refuses_a_brace_without_partner() {
        assert_eq!(parts("notify/{r.id"), None);
        assert_eq!(parts("notify/r.id}"), None);
    }
}
