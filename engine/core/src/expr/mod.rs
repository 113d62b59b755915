//! Expressions (CEL) over an instance's data. Pure: the same variables give the same value, always.
//!
//! CEL leaves the order of a map's keys open, and the library draws it at random. A definition must not depend on
//! that, so every loop over a map is rewritten to run over its sorted keys before it is kept.

mod convert;
mod kinds;
mod plain;
mod rewrite;
mod template;

use std::{
    borrow::Cow,
    fmt,
    sync::{Arc, LazyLock, OnceLock, atomic::AtomicU64},
};

use cel::{Context, Env, IdedExpr};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Value;

pub(crate) use kinds::Kind;
use plain::Plain;
pub(crate) use rewrite::RANDOM;
pub use template::{Part, Template};

/// The longest expression, in bytes.
pub const BYTES_MAX: usize = 1_024;
/// How deep loops may be nested in one expression.
pub const LOOPS_MAX: usize = 2;
/// How often `+` may be there in one expression: each may copy all that an instance keeps.
pub const SUMS_MAX: usize = 64;
/// What all loops of one step may spend: elements that are looped over, and pieces of 64 bytes that are joined.
pub const BUDGET: u64 = 200_000;

/// Without optional values: definitions have `has(…)` and null, and need no third way to say that nothing is there.
static ENV: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib().with_optional_support(false)));

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
    /// Whether it has loops.
    loops: bool,
    /// The short way, when it has one.
    plain: Option<Plain>,
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
    /// It loops over more than a step may spend.
    #[error("the expression is too much work: its loops go over more than {BUDGET} elements")]
    TooMuchWork,
    /// Anything else.
    #[error("the expression cannot be worked out")]
    Other,
}

/// Where an expression finds its variables.
pub(crate) trait Variables {
    /// The variable's value, if there is one of that name.
    fn get(&self, name: &str) -> Option<Cow<'_, Value>>;
    /// The source of `random(low, high)`.
    fn draws(&self) -> Arc<AtomicU64>;
    /// What the loops of this step may still spend; [`BUDGET`] when it begins.
    fn budget(&self) -> Arc<AtomicU64>;
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

    /// The kind of its value, as far as it can be known, and what in it can never work.
    pub(crate) fn kind(&self, of_variable: &dyn Fn(&str) -> Kind) -> (Kind, Vec<String>) {
        let Ok(parsed) = self.parsed() else { return (Kind::Any, Vec::new()) };
        let mut kinds = kinds::Kinds { of_variable, own: Vec::new(), faults: Vec::new() };
        let kind = kinds.of(&parsed.expression);
        (kind, kinds.faults)
    }

    /// Its value.
    pub(crate) fn evaluate(&self, variables: &dyn Variables) -> Result<Value, Error> {
        let parsed = self.parsed().map_err(|error| Error::Parse(error.clone()))?;
        if let Some(value) = parsed.plain.as_ref().and_then(|plain| plain.value(variables)) {
            return Ok(value);
        }
        let mut context = Context::with_env(Arc::clone(&ENV));
        for name in &parsed.variables {
            let value = variables.get(name).ok_or_else(|| Error::Undeclared(name.clone()))?;
            context.add_variable_from_value(name.clone(), convert::to_cel(&value));
        }
        rewrite::add_functions(&mut context, parsed, variables)?;
        let value =
            cel::Value::resolve(&parsed.expression, &context).map_err(|error| convert::error(&error))?;
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

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap is the test's failure")]

    use std::{
        borrow::Cow,
        sync::{Arc, atomic::AtomicU64},
    };

    use serde_json::{Value, json};

    use super::{BUDGET, Error, Expr, Variables};

    struct Given(Value, Arc<AtomicU64>);

    impl Variables for Given {
        fn get(&self, name: &str) -> Option<Cow<'_, Value>> {
            self.0.get(name).map(Cow::Borrowed)
        }

        fn budget(&self) -> Arc<AtomicU64> {
            Arc::clone(&self.1)
        }

        fn draws(&self) -> Arc<AtomicU64> {
            Arc::new(AtomicU64::new(42))
        }
    }

    fn given_of(values: Value) -> Given {
        Given(values, Arc::new(AtomicU64::new(BUDGET)))
    }

    fn value(source: &str, given: Value) -> Result<Value, Error> {
        Expr::new(source).evaluate(&given_of(given))
    }

    #[test]
    fn works_out_values() {
        assert_eq!(value("a.b + 1", json!({"a": {"b": 2}})), Ok(json!(3)));
        assert_eq!(value("a.filter(x, x > 1).map(x, x * 2)", json!({"a": [1, 2, 3]})), Ok(json!([4, 6])));
        assert_eq!(value("has(a.b) ? a.b : null", json!({"a": {}})), Ok(Value::Null));
        assert_eq!(value("size('中文')", json!({})), Ok(json!(2)));
    }

    #[test]
    fn says_what_is_missing_but_no_values() {
        assert_eq!(value("a.b", json!({"a": {}})), Err(Error::NoSuchKey("b".to_owned())));
        assert_eq!(value("a + 1", json!({})), Err(Error::Undeclared("a".to_owned())));
        let error = value("a + 1", json!({"a": "13800138000"})).unwrap_err();
        assert!(!error.to_string().contains("138"), "{error}");
        let error = value("a > 1", json!({"a": "13800138000"})).unwrap_err();
        assert!(!error.to_string().contains("138"), "{error}");
        assert_eq!(value("1 / 0", json!({})), Err(Error::Arithmetic));
        assert!(matches!(value("a.?b", json!({"a": {}})), Err(Error::Parse(_))));
        assert!(matches!(value("b'x'", json!({})), Err(Error::NotKept)));
    }

    #[test]
    fn loops_over_maps_run_in_the_order_of_keys() {
        let map: Value =
            (0..50).map(|n| (format!("k{n:02}"), json!(n))).collect::<serde_json::Map<_, _>>().into();
        let sorted: Vec<String> = (0..50).map(|n| format!("k{n:02}")).collect();
        assert_eq!(value("m.map(k, k)", json!({"m": map})), Ok(json!(sorted)));
        assert_eq!(value("m.filter(k, m[k] < 3)", json!({"m": map})), Ok(json!(["k00", "k01", "k02"])));
        assert_eq!(value("{'b': 1, 'a': 2}.map(k, k)", json!({})), Ok(json!(["a", "b"])));
    }

    #[test]
    fn random_numbers_stay_in_range_and_come_again() {
        let list = value("[1, 2, 3, 4, 5, 6, 7, 8].map(x, random(1, 3))", json!({})).unwrap();
        assert!(list.as_array().unwrap().iter().all(|n| (1..=3).contains(&n.as_i64().unwrap())), "{list}");
        assert_eq!(value("[1, 2, 3, 4, 5, 6, 7, 8].map(x, random(1, 3))", json!({})), Ok(list));
        assert_eq!(value("random(5, 5)", json!({})), Ok(json!(5)));
        assert_eq!(value("random(2, 1)", json!({})), Err(Error::Other));
    }

    #[test]
    fn lists_what_it_needs() {
        let expr =
            Expr::new("recipients.filter(r, r.id in notified).map(r, r.name) + [string(random(1, 9))]");
        assert_eq!(expr.variables(), ["notified", "recipients"]);
        assert_eq!(expr.functions(), ["random", "string"]);
    }

    #[test]
    fn refuses_what_would_be_too_much_work() {
        assert!(Expr::new(" ".repeat(2_000) + "1").parse_error().is_some());
        let nested = "a.exists(x, a.exists(y, a.exists(z, x + y + z > 0)))";
        assert!(Expr::new(nested).parse_error().unwrap().message.contains("nested"));
        assert!(Expr::new("a.exists(x, a.exists(y, x + y > 0))").parse_error().is_none());
    }

    /// Loops over what is as large as data may be: deep ones are refused when they are read, wide ones when they have
    /// spent what a step may spend.
    #[test]
    fn an_expression_that_would_run_for_ever_is_refused_soon() {
        let list: Vec<u32> = (0..1_000).collect();
        let text = "x".repeat(100_000);
        let given = json!({"a": list, "s": text});
        let begun = std::time::Instant::now();
        let deep = "a.map(b, a.map(c, a.map(d, a.map(e, a.map(f, a.map(g, b + c + d + e + f + g))))))";
        assert!(matches!(value(deep, given.clone()), Err(Error::Parse(_))));
        for wide in [
            "size(a.map(b, a.map(c, b * c))) == 0",
            "a.exists(b, a.all(c, b != c || true)) && a.all(b, a.exists(c, b + c > 5000))",
            "a.map(b, s + s)",
            "a.filter(b, size(a + a + a) > 0 && size(a + a + a) > 0 && size(a + a + a) > 0) == []",
            "true || a.all(b, a.all(c, true)) || a.all(b, a.all(c, true))",
        ] {
            let result = value(wide, given.clone());
            assert!(matches!(&result, Err(Error::TooMuchWork) | Ok(Value::Bool(_))), "{wide}: {result:?}");
        }
        assert_eq!(value("size(a.map(b, a.map(c, b * c))) == 0", given.clone()), Err(Error::TooMuchWork));
        let one = given_of(given);
        let sum = Expr::new("size(a.filter(b, b % 2 == 0)) == 500");
        let times = (0..).take_while(|_| sum.evaluate(&one) == Ok(json!(true))).count();
        assert_eq!(times as u64, BUDGET / 1_001, "what one step spends is counted together");
        // Generous: a debug build on a busy machine.
        assert!(begun.elapsed().as_secs() < 60, "{:?}", begun.elapsed());
        assert!(
            Expr::new(format!("1{}", "+1".repeat(65))).parse_error().unwrap().message.contains("65 times")
        );
    }

    /// The short way and the long way give the same.
    #[test]
    fn names_fields_and_constants_need_no_interpreter() {
        let given = json!({"a": {"b": {"c": 2.5}, "n": null}, "t": "x", "u": 18_446_744_073_709_551_615_u64});
        for source in
            ["a.b.c", "a.b", "a.n", "t", "u", "'x'", "\"y\\n\"", "5", "-5", "2.5", "null", "true", "7u"]
        {
            let long = format!("[{source}][0]");
            assert_eq!(value(source, given.clone()), value(&long, given.clone()), "{source}");
        }
        assert_eq!(value("a.x.c", given.clone()), Err(Error::NoSuchKey("x".to_owned())));
        assert!(value("t.x", given.clone()).is_err() && value("b", given).is_err());
    }

    /// Whatever an author writes within the limit must neither crash nor exhaust the stack of a worker thread.
    #[test]
    fn the_worst_shapes_end_in_a_value_or_an_error() {
        let shapes = [
            "(".repeat(511) + "1" + &")".repeat(511),
            "[".repeat(511) + &"]".repeat(511),
            "!".repeat(1_000) + "true",
            "-".repeat(1_000) + "1",
            "a".to_owned() + &".a".repeat(500),
            "1".to_owned() + &"+1".repeat(500),
            "a".to_owned() + &"[0]".repeat(330),
            "{'a':".repeat(200) + "1",
            "true?".repeat(150) + "1" + &":1".repeat(150),
            "a.map(x,".repeat(100) + "x" + &")".repeat(100),
            "true&&".repeat(160) + "true",
            "'".repeat(1_001),
            "\u{0}\u{7f}\u{202e}".repeat(100),
        ];
        let work = move || {
            for shape in shapes {
                let _ = Expr::new(shape.get(..1_024.min(shape.len())).unwrap_or(&shape))
                    .evaluate(&given_of(json!({"a": [1]})));
            }
        };
        std::thread::Builder::new().stack_size(2 * 1_024 * 1_024).spawn(work).unwrap().join().unwrap();
    }
}
