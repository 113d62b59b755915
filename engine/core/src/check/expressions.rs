//! Expressions and texts with expressions in them.

use std::collections::BTreeMap;

use super::{Checker, Scope, Spot};
use crate::{
    daily::{Daily, absolute},
    diagnostic::did_you_mean,
    duration::Duration,
    expr::{Expr, Kind, Part, RANDOM, Template},
};

/// CEL's functions, without its operators and macros, and ours.
const FUNCTIONS: &[&str] = &[
    "bool",
    "bytes",
    "contains",
    "double",
    "duration",
    "dyn",
    "endsWith",
    "getDate",
    "getDayOfMonth",
    "getDayOfWeek",
    "getDayOfYear",
    "getFullYear",
    "getHours",
    "getMilliseconds",
    "getMinutes",
    "getMonth",
    "getSeconds",
    "int",
    "matches",
    RANDOM,
    "size",
    "startsWith",
    "string",
    "timestamp",
    "type",
    "uint",
];

impl Checker<'_> {
    /// An expression that gives true or false.
    pub(super) fn condition(&mut self, spot: &Spot, expr: &Expr, scope: &Scope) {
        self.gives(spot, expr, scope, &[Kind::Bool], "a condition gives");
    }

    /// An expression that gives one of these kinds; `what` says so.
    pub(super) fn gives(&mut self, spot: &Spot, expr: &Expr, scope: &Scope, kinds: &[Kind], what: &str) {
        let kind = self.expression(spot, expr, scope);
        if kind != Kind::Any && !kinds.contains(&kind) {
            let words: Vec<&str> = kinds.iter().map(|kind| kind.words()).collect();
            self.fault(spot, format!("{what} {}, not {}", words.join(" or "), kind.words()), None);
        }
    }

    /// The kind of value that it gives.
    pub(super) fn expression(&mut self, spot: &Spot, expr: &Expr, scope: &Scope) -> Kind {
        if let Some(error) = expr.parse_error() {
            let at = error.position.map(|(line, column)| match line {
                0 | 1 => format!(" at its column {column}"),
                line => format!(" at its line {line}, column {column}"),
            });
            let message =
                format!("the expression cannot be read{}: {}", at.unwrap_or_default(), error.message);
            self.fault(spot, message, None);
            return Kind::Any;
        }
        for name in expr.variables() {
            if !scope.readable.contains(name) {
                let help = did_you_mean(name, scope.readable.iter().map(String::as_str));
                self.fault(spot, format!("the variable `{name}` is not declared"), help);
            }
        }
        for name in expr.functions() {
            if !FUNCTIONS.contains(&name.as_str()) {
                let help = did_you_mean(name, FUNCTIONS.iter().copied());
                self.fault(spot, format!("there is no function `{name}`"), help);
            }
        }
        let (kind, faults) = expr.kind(&|name| scope.kind(name));
        for message in faults {
            self.fault(spot, message, None);
        }
        kind
    }

    pub(super) fn assignments(&mut self, spot: &Spot, set: &BTreeMap<String, Expr>, scope: &Scope) {
        for (name, expr) in set {
            let spot = spot.then(name.as_str());
            if !scope.settable.contains(name) {
                let help = if scope.counters.contains(name) {
                    Some("a counter is changed by `raise` only".to_owned())
                } else {
                    did_you_mean(name, scope.settable.iter().map(String::as_str))
                        .filter(|help| help.starts_with("did you mean"))
                        .or_else(|| Some("declare it under `data`".to_owned()))
                };
                self.fault(&spot, format!("the variable `{name}` is not declared"), help);
            }
            let (kind, own) = (self.expression(&spot, expr, scope), scope.kind(name));
            if !own.takes(kind) {
                let message = format!("`{name}` is {} and stays that, not {}", own.words(), kind.words());
                let help = Some("a variable that begins with null may become anything".to_owned());
                self.fault(&spot, message, help);
            }
        }
    }

    /// A text that names something: as written, or put together.
    pub(super) fn text(&mut self, spot: &Spot, template: &Template, scope: &Scope) {
        self.template(spot, template, scope);
        let kind = match template {
            Template::Literal(value) => Kind::of(value),
            Template::List(_) => Kind::List,
            Template::Map(_) => Kind::Map,
            Template::Text { parts, .. } => match parts.as_deref() {
                Some([Part::Expr(expr)]) => expr.kind(&|name| scope.kind(name)).0,
                _ => Kind::Text,
            },
        };
        if !matches!(kind, Kind::Any | Kind::Text) || matches!(template, Template::Literal(_)) {
            self.fault(spot, format!("this must be a text, not {}", kind.words()), None);
        }
    }

    pub(super) fn template(&mut self, spot: &Spot, template: &Template, scope: &Scope) {
        match template {
            Template::Literal(_) => {}
            Template::Text { source, parts: None } => {
                let help = Some("write `{{` or `}}` for the character itself".to_owned());
                self.fault(spot, format!("a brace in `{source}` has no partner"), help);
            }
            Template::Text { source, parts: Some(parts) } => {
                let alone = matches!(parts.as_slice(), [_]);
                for expr in template.expressions() {
                    let kind = self.expression(spot, expr, scope);
                    if !alone && matches!(kind, Kind::List | Kind::Map | Kind::Null | Kind::Other) {
                        let message =
                            format!("`{}` gives {}, which has no text", expr.source(), kind.words());
                        self.fault(spot, message, None);
                    }
                }
                // `contract.id` for `{contract.id}` would send these letters.
                let first = source.split('.').next().unwrap_or_default();
                if source.contains('.') && scope.readable.contains(first) && !source.contains(['{', ' ']) {
                    let help = Some(format!("write `\"{{{source}}}\"` for the value"));
                    self.fault(spot, format!("`{source}` is taken as a text here"), help);
                }
            }
            Template::List(list) => {
                for (index, inner) in list.iter().enumerate() {
                    self.template(&spot.then(index), inner, scope);
                }
            }
            Template::Map(map) => self.payload(spot, map, scope),
        }
    }

    pub(super) fn payload(&mut self, spot: &Spot, payload: &BTreeMap<String, Template>, scope: &Scope) {
        for (name, template) in payload {
            self.template(&spot.then(name.as_str()), template, scope);
        }
    }

    /// A time: written out, or an expression.
    pub(super) fn moment(&mut self, spot: &Spot, at: &Expr, scope: &Scope) {
        match absolute(at.source()) {
            Some(Ok(_)) => {}
            Some(Err(error)) => {
                let help = Some("for example `2026-12-31T18:00:00+08:00`".to_owned());
                self.fault(spot, error.to_string(), help);
            }
            None => self.gives(spot, at, scope, &[Kind::Int, Kind::Null], "a time is"),
        }
    }

    pub(super) fn daily(&mut self, spot: &Spot, daily: &Daily) {
        if let Err(error) = daily.time() {
            self.fault(&spot.then("at"), error.to_string(), Some("for example `\"09:00\"`".to_owned()));
        }
        if let Err(error) = daily.time_zone() {
            let help = did_you_mean(&daily.zone, crate::daily::zones().iter().map(String::as_str));
            let help = help.or_else(|| Some("for example `Asia/Shanghai` or `UTC`".to_owned()));
            self.fault(&spot.then("zone"), error.to_string(), help);
        }
    }

    pub(super) fn duration(&mut self, spot: &Spot, duration: &Duration) {
        if let Err(error) = duration.as_ms() {
            let help = Some("for example `PT2H` (two hours) or `P30D` (thirty days)".to_owned());
            self.fault(spot, error.to_string(), help);
        }
    }
}
