//! What kind of value an expression gives, as far as that can be known before there are values.
//!
//! Only what is certain is a fault: `Any` is what comes from outside, and everything fits it.

use cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr as Ast, IdedExpr, LiteralValue};
use serde_json::Value;

use super::rewrite::{ADD, RANDOM, SORTED};

/// A kind of value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Not known.
    Any,
    Null,
    Bool,
    Int,
    Uint,
    Double,
    Text,
    List,
    Map,
    /// Times, types and the like, which cannot be kept.
    Other,
}

impl Kind {
    /// The kind of a variable that begins with this value. One that begins with null may become anything.
    pub(crate) fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::Any,
            Value::Bool(_) => Self::Bool,
            Value::Number(number) if number.is_f64() => Self::Double,
            Value::Number(_) => Self::Int,
            Value::String(_) => Self::Text,
            Value::Array(_) => Self::List,
            Value::Object(_) => Self::Map,
        }
    }

    /// For people.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Any => "anything",
            Self::Null => "null",
            Self::Bool => "true or false",
            Self::Int | Self::Uint => "a whole number",
            Self::Double => "a number with a fraction",
            Self::Text => "a text",
            Self::List => "a list",
            Self::Map => "a map",
            Self::Other => "a value that cannot be kept",
        }
    }

    const fn is_number(self) -> bool {
        matches!(self, Self::Int | Self::Uint | Self::Double)
    }

    /// Whether a variable of this kind may become a value of the other.
    pub(crate) fn takes(self, value: Self) -> bool {
        self == Self::Any
            || matches!(value, Self::Any | Self::Null)
            || self == value
            || (self.is_number() && value.is_number())
    }

    /// What either of two branches gives.
    fn join(self, other: Self) -> Self {
        match (self, other) {
            (a, b) if a == b => a,
            (Self::Null, b) => b,
            (a, Self::Null) => a,
            _ => Self::Any,
        }
    }
}

/// Works out kinds, and collects what can never work.
pub(super) struct Kinds<'a> {
    /// The kind of a variable.
    pub(super) of_variable: &'a dyn Fn(&str) -> Kind,
    pub(super) own: Vec<(String, Kind)>,
    pub(super) faults: Vec<String>,
}

impl Kinds<'_> {
    pub(super) fn of(&mut self, node: &IdedExpr) -> Kind {
        match &node.expr {
            Ast::Unspecified => Kind::Any,
            Ast::Literal(literal) => of_literal(literal),
            Ast::Ident(name) => self.of_name(name),
            Ast::List(list) => {
                list.elements.iter().for_each(|element| {
                    self.of(element);
                });
                Kind::List
            }
            Ast::Map(map) => {
                for entry in &map.entries {
                    if let EntryExpr::MapEntry(entry) = &entry.expr {
                        self.of(&entry.key);
                        self.of(&entry.value);
                    }
                }
                Kind::Map
            }
            Ast::Struct(_) => Kind::Other,
            Ast::Select(select) => {
                let operand = self.of(&select.operand);
                if !matches!(operand, Kind::Any | Kind::Map) {
                    self.fault(format!("{} has no `{}`", operand.words(), select.field));
                }
                if select.test { Kind::Bool } else { Kind::Any }
            }
            Ast::Comprehension(comprehension) => self.of_loop(comprehension),
            Ast::Call(call) => self.of_call(call),
        }
    }

    fn fault(&mut self, message: String) {
        if !self.faults.contains(&message) {
            self.faults.push(message);
        }
    }

    fn of_name(&self, name: &str) -> Kind {
        let own = self.own.iter().rev().find(|(other, _)| other == name);
        own.map_or_else(|| (self.of_variable)(name.trim_start_matches('.')), |(_, kind)| *kind)
    }

    fn of_loop(&mut self, comprehension: &ComprehensionExpr) -> Kind {
        let range = self.of(&comprehension.iter_range);
        if !matches!(range, Kind::Any | Kind::List) {
            self.fault(format!("{} has no elements", range.words()));
        }
        let first = self.of(&comprehension.accu_init);
        let outside = self.own.len();
        self.own.push((comprehension.accu_var.clone(), first));
        self.own.push((comprehension.iter_var.clone(), Kind::Any));
        if let Some(second) = &comprehension.iter_var2 {
            self.own.push((second.clone(), Kind::Any));
        }
        self.of(&comprehension.loop_cond);
        self.of(&comprehension.loop_step);
        let result = self.of(&comprehension.result);
        self.own.truncate(outside);
        result
    }

    fn of_call(&mut self, call: &CallExpr) -> Kind {
        let target = call.target.as_ref().map(|target| self.of(target));
        let args: Vec<Kind> = target.into_iter().chain(call.args.iter().map(|arg| self.of(arg))).collect();
        let (first, second) =
            (args.first().copied().unwrap_or(Kind::Any), args.get(1).copied().unwrap_or(Kind::Any));
        match call.func_name.as_str() {
            "_?_:_" => {
                self.must(first, &[Kind::Bool], "a condition");
                second.join(args.get(2).copied().unwrap_or(Kind::Any))
            }
            "_&&_" | "_||_" | "!_" => {
                for kind in args {
                    self.must(kind, &[Kind::Bool], "a condition");
                }
                Kind::Bool
            }
            "_+_" | ADD => {
                let fits = |kind: Kind| kind.is_number() || matches!(kind, Kind::Text | Kind::List);
                self.calculation("+", first, second, fits)
            }
            "_-_" => self.calculation("-", first, second, Kind::is_number),
            "_*_" => self.calculation("*", first, second, Kind::is_number),
            "_/_" => self.calculation("/", first, second, Kind::is_number),
            "_%_" => self.calculation("%", first, second, Kind::is_number),
            "-_" => self.calculation("-", first, first, Kind::is_number),
            "_<_" | "_<=_" | "_>_" | "_>=_" => self.order(first, second),
            "_==_" | "_!=_" => self.equality(first, second),
            "@in" => {
                self.must(second, &[Kind::List, Kind::Map], "what `in` looks through");
                Kind::Bool
            }
            "_[_]" => {
                self.must(first, &[Kind::List, Kind::Map], "what `[…]` looks into");
                Kind::Any
            }
            SORTED => {
                if first == Kind::Map {
                    Kind::List
                } else {
                    first
                }
            }
            "size" => {
                self.must(first, &[Kind::Text, Kind::List, Kind::Map], "what `size` counts");
                Kind::Int
            }
            "contains" | "endsWith" | "matches" | "startsWith" => {
                self.must(first, &[Kind::Text], &format!("what `{}` looks into", call.func_name));
                Kind::Bool
            }
            RANDOM | "int" => Kind::Int,
            "uint" => Kind::Uint,
            "double" => Kind::Double,
            "string" => Kind::Text,
            "bool" | "@not_strictly_false" => Kind::Bool,
            "bytes" | "duration" | "timestamp" | "type" => Kind::Other,
            name if name.starts_with("get") => Kind::Int,
            _ => Kind::Any,
        }
    }

    fn must(&mut self, kind: Kind, wanted: &[Kind], what: &str) {
        if kind != Kind::Any && !wanted.contains(&kind) {
            let words: Vec<&str> = wanted.iter().map(|kind| kind.words()).collect();
            self.fault(format!("{what} must be {}, not {}", words.join(" or "), kind.words()));
        }
    }

    fn calculation(&mut self, sign: &str, a: Kind, b: Kind, fits: impl Fn(Kind) -> bool) -> Kind {
        let usable = |kind| kind == Kind::Any || fits(kind);
        if !(usable(a) && usable(b) && (a == b || a == Kind::Any || b == Kind::Any)) {
            self.fault(format!("`{sign}` cannot be applied to {} and {}", a.words(), b.words()));
            return Kind::Any;
        }
        if a == Kind::Any { b } else { a }
    }

    fn order(&mut self, a: Kind, b: Kind) -> Kind {
        let usable = |kind: Kind| {
            kind.is_number() || matches!(kind, Kind::Any | Kind::Text | Kind::Bool | Kind::Other)
        };
        let same = a == b || a == Kind::Any || b == Kind::Any || (a.is_number() && b.is_number());
        if !(usable(a) && usable(b) && same) {
            self.fault(format!("{} and {} have no order", a.words(), b.words()));
        }
        Kind::Bool
    }

    fn equality(&mut self, a: Kind, b: Kind) -> Kind {
        let open = |kind| matches!(kind, Kind::Any | Kind::Null);
        if !(open(a) || open(b) || a == b || (a.is_number() && b.is_number())) {
            self.fault(format!("{} is never equal to {}", a.words(), b.words()));
        }
        Kind::Bool
    }
}

fn of_literal(literal: &LiteralValue) -> Kind {
    match literal {
        LiteralValue::Boolean(_) => Kind::Bool,
        LiteralValue::Bytes(_) => Kind::Other,
        LiteralValue::Double(_) => Kind::Double,
        LiteralValue::Int(_) => Kind::Int,
        LiteralValue::Null => Kind::Null,
        LiteralValue::String(_) => Kind::Text,
        LiteralValue::UInt(_) => Kind::Uint,
    }
}
