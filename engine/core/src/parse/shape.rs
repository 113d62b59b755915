//! Whether a YAML tree has the form that the JSON Schema describes. All faults are found, each where it was written.
//!
//! It knows the parts of JSON Schema that [`super::schema`] produces, and no others.

use serde_json::{Map, Value};

use super::tree::{Content, Node, Position};
use crate::diagnostic::did_you_mean;

/// A fault and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) position: Position,
    pub(super) message: String,
    pub(super) help: Option<String>,
}

pub(super) struct Shape<'a> {
    definitions: Option<&'a Map<String, Value>>,
    faults: Vec<Fault>,
}

/// All faults of `node` under `schema`, whose `$defs` are used for references.
pub(super) fn check(schema: &Value, node: &Node) -> Vec<Fault> {
    let mut shape = Shape { definitions: schema.get("$defs").and_then(Value::as_object), faults: Vec::new() };
    shape.visit(schema, node);
    shape.faults
}

impl<'a> Shape<'a> {
    fn fault(&mut self, position: Position, message: String, help: Option<String>) {
        self.faults.push(Fault { position, message, help });
    }

    fn follow(&self, schema: &'a Value) -> &'a Value {
        let mut schema = schema;
        // A reference to a reference is possible, a circle of nothing but references is not.
        for _ in 0..8 {
            let name =
                schema.get("$ref").and_then(Value::as_str).and_then(|path| path.strip_prefix("#/$defs/"));
            match name.and_then(|name| self.definitions?.get(name)) {
                Some(target) => schema = target,
                None => break,
            }
        }
        schema
    }

    fn visit(&mut self, schema: &'a Value, node: &Node) {
        let schema = self.follow(schema);
        if let Some(branches) = schema.get("anyOf").or_else(|| schema.get("oneOf")).and_then(Value::as_array)
        {
            return self.visit_branches(branches, node);
        }
        if !has_type(schema, node) {
            let expected = expected(schema);
            return self.fault(node.position, format!("expected {expected}, found {}", found(node)), None);
        }
        match &node.content {
            Content::Scalar(value) => self.visit_scalar(schema, node, value),
            Content::List(nodes) => {
                let short = schema
                    .get("minItems")
                    .and_then(Value::as_u64)
                    .is_some_and(|min| (nodes.len() as u64) < min);
                let long = schema
                    .get("maxItems")
                    .and_then(Value::as_u64)
                    .is_some_and(|max| (nodes.len() as u64) > max);
                if short || long {
                    self.fault(
                        node.position,
                        format!("a list of {} is too {}", nodes.len(), if short { "short" } else { "long" }),
                        None,
                    );
                }
                if let Some(items) = schema.get("items") {
                    nodes.iter().for_each(|node| self.visit(items, node));
                }
            }
            Content::Map(_) => self.visit_map(schema, node),
        }
    }

    /// The branch that fits, or else the faults of the branch that was most likely meant.
    fn visit_branches(&mut self, branches: &'a [Value], node: &Node) {
        let words: Vec<&str> = branches.iter().filter_map(|branch| constant(self.follow(branch))).collect();
        if words.len() == branches.len()
            && let Content::Scalar(Value::String(text)) = &node.content
        {
            if !words.contains(&text.as_str()) {
                self.fault(node.position, format!("`{text}` is not known here"), did_you_mean(text, words));
            }
            return;
        }
        let mut best: Option<Vec<Fault>> = None;
        for branch in branches {
            let branch = self.follow(branch);
            let mut attempt = Shape { definitions: self.definitions, faults: Vec::new() };
            attempt.visit(branch, node);
            if attempt.faults.is_empty() {
                return;
            }
            let fits = may_have_type(branch, node);
            if fits && best.as_ref().is_none_or(|best| attempt.faults.len() < best.len()) {
                best = Some(attempt.faults);
            }
        }
        match best {
            Some(faults) => self.faults.extend(faults),
            None => {
                let kinds: Vec<String> =
                    branches.iter().map(|branch| expected(self.follow(branch))).collect();
                self.fault(
                    node.position,
                    format!("expected {}, found {}", kinds.join(" or "), found(node)),
                    None,
                );
            }
        }
    }

    fn visit_scalar(&mut self, schema: &Value, node: &Node, value: &Value) {
        if let Some(constant) = schema.get("const").filter(|constant| *constant != value) {
            self.fault(node.position, format!("expected {constant}"), None);
        }
        if let Some(words) =
            schema.get("enum").and_then(Value::as_array).filter(|words| !words.contains(value))
        {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let help = did_you_mean(&text, words.iter().filter_map(Value::as_str));
            self.fault(node.position, format!("`{text}` is not known here"), help);
        }
        let limit = |name: &str| schema.get(name).and_then(Value::as_f64);
        if let Some(number) = value.as_f64() {
            if let Some(min) = limit("minimum").filter(|min| number < *min) {
                self.fault(node.position, format!("{value} is less than {min}"), None);
            }
            if let Some(max) = limit("maximum").filter(|max| number > *max) {
                self.fault(node.position, format!("{value} is more than {max}"), None);
            }
        }
    }

    fn visit_map(&mut self, schema: &'a Value, node: &Node) {
        let Content::Map(entries) = &node.content else { return };
        let known = schema.get("properties").and_then(Value::as_object);
        for entry in entries {
            if let Some(inner) = known.and_then(|known| known.get(&entry.key)) {
                self.visit(inner, &entry.value);
                continue;
            }
            match schema.get("additionalProperties") {
                Some(Value::Bool(false)) => {
                    let names = known.into_iter().flat_map(Map::keys).map(String::as_str);
                    self.fault(
                        entry.key_position,
                        format!("`{}` is not known here", entry.key),
                        did_you_mean(&entry.key, names),
                    );
                }
                Some(inner @ Value::Object(_)) => self.visit(inner, &entry.value),
                _ => {}
            }
        }
        for name in
            schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
        {
            if !entries.iter().any(|entry| entry.key == name) {
                self.fault(node.position, format!("`{name}` is missing"), None);
            }
        }
    }
}

fn constant(schema: &Value) -> Option<&str> {
    let words = || schema.get("enum")?.as_array().filter(|words| words.len() == 1)?.first();
    schema.get("const").or_else(words)?.as_str()
}

fn types(schema: &Value) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(name)) => vec![name],
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn has_type(schema: &Value, node: &Node) -> bool {
    let types = types(schema);
    types.is_empty()
        || types.iter().any(|name| match (*name, &node.content) {
            ("object", Content::Map(_)) | ("array", Content::List(_)) => true,
            ("null", Content::Scalar(value)) => value.is_null(),
            ("boolean", Content::Scalar(value)) => value.is_boolean(),
            ("string", Content::Scalar(value)) => value.is_string(),
            ("number", Content::Scalar(value)) => value.is_number(),
            ("integer", Content::Scalar(value)) => value.is_i64() || value.is_u64(),
            _ => false,
        })
}

fn may_have_type(schema: &Value, node: &Node) -> bool {
    match schema.get("anyOf").or_else(|| schema.get("oneOf")).and_then(Value::as_array) {
        Some(branches) => {
            branches.iter().any(|branch| branch.get("$ref").is_some() || has_type(branch, node))
        }
        None => has_type(schema, node),
    }
}

fn expected(schema: &Value) -> String {
    if let Some(word) = constant(schema) {
        return format!("`{word}`");
    }
    let names = types(schema);
    let names: Vec<&str> = names
        .iter()
        .filter(|name| names.len() == 1 || **name != "null")
        .map(|name| match *name {
            "object" => "a map",
            "array" => "a list",
            "string" => "a text",
            "integer" => "a whole number",
            "number" => "a number",
            "boolean" => "true or false",
            "null" => "nothing",
            other => other,
        })
        .collect();
    if names.is_empty() { "something else".to_owned() } else { names.join(" or ") }
}

fn found(node: &Node) -> &'static str {
    match &node.content {
        Content::Map(_) => "a map",
        Content::List(_) => "a list",
        Content::Scalar(Value::Null) => "nothing",
        Content::Scalar(Value::Bool(_)) => "true or false",
        Content::Scalar(Value::Number(_)) => "a number",
        Content::Scalar(_) => "a text",
    }
}
