//! Most expressions are a name, a field of it, or a constant: they need no interpreter.

use std::borrow::Cow;

use cel::common::ast::{Expr as Ast, IdedExpr};
use serde_json::Value;

use super::{Variables, convert};

/// An expression without operators.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Plain {
    /// Always the same.
    Constant(Value),
    /// A variable, and the names of fields inwards.
    Path(String, Vec<String>),
}

impl Plain {
    pub(super) fn of(node: &IdedExpr) -> Option<Self> {
        let mut fields = Vec::new();
        let mut node = node;
        loop {
            match &node.expr {
                Ast::Literal(literal) if fields.is_empty() => {
                    let value = cel::Value::try_from(literal.to_val().as_ref()).ok()?;
                    return convert::to_json(&value).ok().map(Self::Constant);
                }
                Ast::Ident(name) if !name.starts_with(['.', '@']) => {
                    fields.reverse();
                    return Some(Self::Path(name.clone(), fields));
                }
                Ast::Select(select) if !select.test => {
                    fields.push(select.field.clone());
                    node = &select.operand;
                }
                _ => return None,
            }
        }
    }

    /// Its value; none when something is missing on the way, which the interpreter then says.
    pub(super) fn value(&self, variables: &dyn Variables) -> Option<Value> {
        let (name, fields) = match self {
            Self::Constant(value) => return Some(value.clone()),
            Self::Path(name, fields) => (name, fields),
        };
        let inner = |value: &Value| {
            let mut value = value;
            for field in fields {
                value = value.as_object()?.get(field)?;
            }
            Some(value.clone())
        };
        match variables.get(name)? {
            Cow::Borrowed(value) => inner(value),
            Cow::Owned(value) if fields.is_empty() => Some(value),
            Cow::Owned(value) => inner(&value),
        }
    }
}
