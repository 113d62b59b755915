//! What an expression can see from where it stands.

use std::{
    borrow::Cow,
    sync::{Arc, atomic::AtomicU64},
};

use serde_json::{Value, json};

use crate::{
    Actor, Timestamp,
    expr::{Expr, Template, Variables},
    model::Workflow,
    state::{Place, Scope, State},
    step::Rejection,
};

/// The variables visible at a place.
pub(super) struct Visible<'a> {
    pub(super) workflow: &'a Workflow,
    pub(super) state: &'a State,
    pub(super) place: &'a Place,
    pub(super) event_data: &'a Value,
    pub(super) actor: &'a Actor,
    pub(super) now: Timestamp,
    pub(super) draws: &'a Arc<AtomicU64>,
    pub(super) budget: &'a Arc<AtomicU64>,
    /// The element of a list that a job is started for.
    pub(super) local: Option<(&'a str, &'a Value)>,
}

impl Variables for Visible<'_> {
    fn get(&self, name: &str) -> Option<Cow<'_, Value>> {
        match name {
            "event" if self.event_data.is_null() => return Some(Cow::Owned(json!({}))),
            "event" => return Some(Cow::Borrowed(self.event_data)),
            "now" => return Some(Cow::Owned(Value::from(self.now.as_ms()))),
            "actor" => return Some(Cow::Owned(actor(self.actor))),
            _ => {}
        }
        if let Some((_, value)) = self.local.filter(|(local, _)| *local == name) {
            return Some(Cow::Borrowed(value));
        }
        let around = self.state.use_around(self.place);
        let outside = around.map_or(0, |run| run.place.path.0.len());
        self.of_item(name, outside)
            .or_else(|| of_scope(around.map_or(&self.state.scope, |run| &run.scope), name))
    }

    fn draws(&self) -> Arc<AtomicU64> {
        Arc::clone(self.draws)
    }

    fn budget(&self) -> Arc<AtomicU64> {
        Arc::clone(self.budget)
    }
}

impl Visible<'_> {
    /// A variable of the item; a definition that runs inside an item does not see it.
    fn of_item(&self, name: &str, outside: usize) -> Option<Cow<'_, Value>> {
        let item = self.state.running_item(self.place.item.as_deref()?)?;
        let (depth, each) = self.workflow.each_around(&self.place.path.0)?;
        if depth < outside {
            return None;
        }
        if each.name == name {
            return Some(Cow::Borrowed(&item.value));
        }
        of_scope(&item.scope, name)
    }

    pub(super) fn value(&self, expr: &Expr) -> Result<Value, Rejection> {
        expr.evaluate(self).map_err(|source| failed(expr.source(), source))
    }

    pub(super) fn holds(&self, expr: &Expr) -> Result<bool, Rejection> {
        expr.holds(self).map_err(|source| failed(expr.source(), source))
    }

    pub(super) fn fill(&self, template: &Template) -> Result<Value, Rejection> {
        template.fill(self).map_err(|source| failed(&text(template), source))
    }
}

pub(super) fn failed(expression: &str, source: crate::expr::Error) -> Rejection {
    Rejection::ExpressionFailed { expression: expression.to_owned(), source }
}

fn of_scope<'s>(scope: &'s Scope, name: &str) -> Option<Cow<'s, Value>> {
    let count = || scope.counters.get(name).map(|count| Cow::Owned(Value::from(*count)));
    scope.data.get(name).map(Cow::Borrowed).or_else(count)
}

/// A template as written, for messages.
pub(super) fn text(template: &Template) -> String {
    match template {
        Template::Text { source, .. } => source.clone(),
        Template::Literal(value) => value.to_string(),
        Template::List(_) => "[…]".to_owned(),
        Template::Map(_) => "{…}".to_owned(),
    }
}

/// The actor as expressions see it.
fn actor(actor: &Actor) -> Value {
    match actor {
        Actor::System => json!({"type": "system"}),
        Actor::Clock => json!({"type": "clock"}),
        Actor::Worker => json!({"type": "worker"}),
        Actor::Operator { id } => json!({"type": "operator", "id": id.to_string()}),
        Actor::Person { id, acting_as } => json!({
            "type": "person",
            "id": id.to_string(),
            "acting_as": acting_as.map(|organization| organization.to_string()),
        }),
    }
}
