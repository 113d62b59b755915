//! Readable names in place of ids and times. `$supplier` is an id, the same in every run; `$after P3D` and
//! `$time 2026-03-05T00:00:00+08:00` are times in milliseconds; `$data.fen` is what a variable holds now.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::{State, Timestamp, diagnostic::did_you_mean, duration::Duration, state::Scope};

/// What is wrong with a text that begins with `$`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unknown {
    pub(super) message: String,
    pub(super) help: Option<String>,
}

/// The names of a scenario, with their ids.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    known: BTreeMap<String, Uuid>,
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// The id that a name stands for: it looks like one that was drawn, and is always the same.
fn id_of(name: &str) -> Uuid {
    let digest = Sha256::digest(name.as_bytes());
    let mut bytes = [0_u8; 16];
    bytes.iter_mut().zip(digest).for_each(|(byte, drawn)| *byte = drawn);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

impl Names {
    pub(super) fn add(&mut self, name: &str) {
        self.known.insert(name.to_owned(), id_of(name));
    }

    /// Takes up every `$name` of the input.
    pub(super) fn collect(&mut self, value: &Value) {
        match value {
            Value::String(text) => {
                if let Some(name) = text.strip_prefix('$').filter(|name| is_name(name) && *name != "now") {
                    self.add(name);
                }
            }
            Value::Array(values) => values.iter().for_each(|value| self.collect(value)),
            Value::Object(map) => map.values().for_each(|value| self.collect(value)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    pub(super) fn id(&self, name: &str) -> Result<Uuid, Unknown> {
        let plain = name.strip_prefix('$').unwrap_or(name);
        self.known.get(plain).copied().ok_or_else(|| Unknown {
            message: format!("nobody here is called `{plain}`"),
            help: did_you_mean(plain, self.known.keys().map(String::as_str))
                .or_else(|| Some("the names are those of the input (`$name`) and of `people`".to_owned())),
        })
    }

    /// Puts ids and times in the place of names.
    pub(super) fn fill(&self, value: &Value, moment: &Moment<'_>) -> Result<Value, Unknown> {
        Ok(match value {
            Value::String(text) => self.fill_text(text, moment)?,
            Value::Array(values) => {
                Value::Array(values.iter().map(|value| self.fill(value, moment)).collect::<Result<_, _>>()?)
            }
            Value::Object(map) => Value::Object(
                map.iter()
                    .map(|(key, value)| Ok((key.clone(), self.fill(value, moment)?)))
                    .collect::<Result<Map<_, _>, _>>()?,
            ),
            plain => plain.clone(),
        })
    }

    fn fill_text(&self, text: &str, moment: &Moment<'_>) -> Result<Value, Unknown> {
        let Some(rest) = text.strip_prefix('$') else { return Ok(Value::from(text)) };
        if rest.starts_with('$') {
            return Ok(Value::from(rest));
        }
        if rest == "now" {
            return Ok(Value::from(moment.now.as_ms()));
        }
        if let Some(duration) = rest.strip_prefix("after ") {
            return duration_ms(duration).map(|ms| Value::from(moment.start.plus_ms(ms).as_ms()));
        }
        if let Some(time) = rest.strip_prefix("time ") {
            return time_ms(time).map(|time| Value::from(time.as_ms()));
        }
        if let Some(path) = rest.strip_prefix("data.") {
            return moment.variable(path);
        }
        self.id(rest).map(|id| Value::from(id.to_string()))
    }

    /// Puts names in the place of their ids, for comparing and for messages.
    pub(super) fn readable(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::from(self.readable_text(text)),
            Value::Array(values) => values.iter().map(|value| self.readable(value)).collect(),
            Value::Object(map) => {
                map.iter().map(|(key, value)| (self.readable_text(key), self.readable(value))).collect()
            }
            plain => plain.clone(),
        }
    }

    pub(super) fn readable_text(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (name, id) in &self.known {
            let id = id.to_string();
            if text.contains(&id) {
                text = text.replace(&id, &format!("${name}"));
            }
        }
        text
    }
}

/// What time it is, and what the instance holds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment<'a> {
    pub(super) start: Timestamp,
    pub(super) now: Timestamp,
    pub(super) scope: Option<&'a Scope>,
}

impl<'a> Moment<'a> {
    pub(super) fn of(start: Timestamp, now: Timestamp, state: &'a State) -> Self {
        Self { start, now, scope: Some(&state.scope) }
    }

    fn variable(&self, path: &str) -> Result<Value, Unknown> {
        let unknown = || Unknown {
            message: format!("there is no variable `{path}` now"),
            help: self.scope.and_then(|scope| did_you_mean(path, scope.data.keys().map(String::as_str))),
        };
        let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
        let value = self.scope.and_then(|scope| scope.data.get(first)).ok_or_else(unknown)?;
        let Some(rest) = rest else { return Ok(value.clone()) };
        value.pointer(&format!("/{}", rest.replace('.', "/"))).cloned().ok_or_else(unknown)
    }
}

pub(super) fn duration_ms(text: &str) -> Result<i64, Unknown> {
    Duration::new(text).as_ms().map_err(|error| Unknown { message: error.to_string(), help: None })
}

pub(super) fn time_ms(text: &str) -> Result<Timestamp, Unknown> {
    let time: Result<jiff::Timestamp, _> = text.parse();
    time.map(|time| Timestamp(time.as_millisecond())).map_err(|_| Unknown {
        message: format!("`{text}` is no time"),
        help: Some("write it with an offset: 2026-03-02T09:00:00+08:00".to_owned()),
    })
}

/// A time for people, in the zone of the platform's users.
#[must_use]
pub fn shown(time: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(time.as_ms())
        .map(|time| time.to_zoned_datetime(jiff::tz::TimeZone::fixed(jiff::tz::offset(8))))
        .map_or_else(|_| time.as_ms().to_string(), |zoned| zoned.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string())
}

/// A text that is no time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no time with an offset, such as 2026-03-02T09:00:00+08:00")]
pub struct NoTime(String);

/// Reads a time as scenarios write it.
///
/// # Errors
/// When it is none, or has no offset.
pub fn time(text: &str) -> Result<Timestamp, NoTime> {
    time_ms(text).map_err(|_| NoTime(text.chars().take(64).collect()))
}
