//! Expressions (CEL) over an instance's data. Pure: the same variables give the same value, always.
//!
//! CEL leaves the order of a map's keys open, and the library draws it at random. A definition must not depend on
//! that, so every loop over a map is rewritten to run over its sorted keys before it is kept.

mod convert;
mod rewrite;
mod template;

use std::{
    fmt,
    sync::{Arc, LazyLock, OnceLock, atomic::AtomicU64},
};

use cel::{Context, Env, IdedExpr};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Value;

pub(crate) use rewrite::RANDOM;
pub use template::{Part, Template};

/// The longest expression, in bytes.
pub const BYTES_MAX: usize = 1_024;
/// How deep loops may be nested in one expression: the work is bounded by the size of the data to this power.
pub const LOOPS_MAX: usize = 2;

static ENV: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));

/// An expression, as written and as parsed.
#[derive(Clone)]
pub struct Expr {
    source: String,
    parsed: Arc<OnceLock<Result<Parsed, ParseError>>>,
}

struct Parsed {
    expression: IdedExpr,
    variables: Vec<String>,
    functions: Vec<String>,
}

/// Why a text is no expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ParseError {
    /// For the author of the definition.
    pub message: String,
    /// Line and column in the expression, from 1, where the parser knows it.
    pub position: Option<(usize, usize)>,
}

/// Why an expression has no value. It never carries values: they may be personal data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It is no expression at all.
    #[error("the expression cannot be parsed")]
    Parse(#[source] ParseError),
    /// A map has no such key.
    #[error("there is no `{0}`")]
    NoSuchKey(String),
    /// No such variable or function.
    #[error("`{0}` is not known here")]
    Undeclared(String),
    /// An operator or function was given the wrong kind of value.
    #[error("{0} cannot be applied to these values")]
    WrongTypes(String),
    /// Division by zero, overflow, index out of bounds.
    #[error("the calculation has no result")]
    Arithmetic,
    /// The value is not what the place needs.
    #[error("the value is no {0}")]
    NotA(&'static str),
    /// The value cannot be kept as JSON.
    #[error("the value cannot be kept")]
    NotKept,
    /// Anything else.
    #[error("the expression cannot be worked out")]
    Other,
}

/// Where an expression finds its variables.
pub(crate) trait Variables {
    /// The variable's value, if there is one of that name.
    fn get(&self, name: &str) -> Option<Value>;
    /// The source of `random(low, high)`.
    fn draws(&self) -> Arc<AtomicU64>;
}

impl Expr {
    /// Wraps a text; whether it is an expression shows when it is checked or worked out.
    #[must_use]
    pub fn new(source: impl Into<String>) -> Self {
        Self { source: source.into(), parsed: Arc::new(OnceLock::new()) }
    }

    /// As written.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    fn parsed(&self) -> Result<&Parsed, &ParseError> {
        self.parsed.get_or_init(|| rewrite::parse(&ENV, &self.source)).as_ref()
    }

    /// The parser's complaint, if it is no expression.
    #[must_use]
    pub fn parse_error(&self) -> Option<&ParseError> {
        self.parsed().err()
    }

    /// The variables that it needs, sorted; those of its own loops are not among them.
    #[must_use]
    pub fn variables(&self) -> &[String] {
        self.parsed().map_or(&[], |parsed| &parsed.variables)
    }

    /// The functions that it calls, sorted; operators are not among them.
    #[must_use]
    pub fn functions(&self) -> &[String] {
        self.parsed().map_or(&[], |parsed| &parsed.functions)
    }

    /// Its value.
    pub(crate) fn evaluate(&self, variables: &dyn Variables) -> Result<Value, Error> {
        let parsed = self.parsed().map_err(|error| Error::Parse(error.clone()))?;
        let mut context = Context::with_env(Arc::clone(&ENV));
        for name in &parsed.variables {
            let value = variables.get(name).ok_or_else(|| Error::Undeclared(name.clone()))?;
            context.add_variable_from_value(name.clone(), convert::to_cel(&value));
        }
        rewrite::add_functions(&mut context, &parsed.functions, variables)?;
        let value = cel::Value::resolve(&parsed.expression, &context).map_err(|error| convert::error(&error))?;
        convert::to_json(&value)
    }

    /// Its value, which must be true or false.
    pub(crate) fn holds(&self, variables: &dyn Variables) -> Result<bool, Error> {
        self.evaluate(variables)?.as_bool().ok_or(Error::NotA("true or false"))
    }
}

impl fmt::Debug for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Expr({:?})", self.source)
    }
}

impl PartialEq for Expr {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Serialize for Expr {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.source)
    }
}

impl<'de> Deserialize<'de> for Expr {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(source) => Ok(Self::new(source)),
            literal @ (Value::Null | Value::Bool(_) | Value::Number(_)) => Ok(Self::new(literal.to_string())),
            _ => Err(de::Error::custom("an expression is one text")),
        }
    }
}

impl JsonSchema for Expr {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Expr".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "An expression (CEL) over the instance's data, `event`, `actor` and `now`.",
            "type": ["string", "number", "boolean", "null"],
        })
    }
}
