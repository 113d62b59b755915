//! YAML as a tree that remembers where everything was written, so that every later check can point at it.

use std::fmt;

use serde::{Deserialize, Deserializer, de};
use serde_json::{Map, Number, Value};
use serde_saphyr::Spanned;

/// A line and a column, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Position {
    pub(crate) line: u64,
    pub(crate) column: u64,
}

/// A node and where it begins.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) position: Position,
    pub(crate) content: Content,
}

#[derive(Debug, Clone)]
pub(crate) enum Content {
    Scalar(Value),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_position: Position,
    pub(crate) value: Node,
}

/// A step inwards: a key or an index; or, as the last one, the key itself and not what it leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Segment {
    Key(String),
    Name(String),
    Index(usize),
}

impl From<&str> for Segment {
    fn from(key: &str) -> Self {
        Self::Key(key.to_owned())
    }
}

impl From<usize> for Segment {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

/// Reads one YAML document.
pub(crate) fn read(source: &str) -> Result<Node, serde_saphyr::Error> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: 40,
            max_nodes: 50_000,
            max_events: 200_000,
            max_aliases: 1_000,
            max_documents: 1,
        },
        strict_booleans: true,
        merge_keys: serde_saphyr::options::MergeKeyPolicy::Error,
    };
    serde_saphyr::from_str_with_options(source, options)
}

impl Node {
    /// As JSON, without positions.
    pub(crate) fn to_json(&self) -> Value {
        match &self.content {
            Content::Scalar(value) => value.clone(),
            Content::List(nodes) => Value::Array(nodes.iter().map(Self::to_json).collect()),
            Content::Map(entries) => Value::Object(
                entries.iter().map(|entry| (entry.key.clone(), entry.value.to_json())).collect::<Map<_, _>>(),
            ),
        }
    }

    /// Where the node at `path` was written, or the nearest node around it. Short spellings have fewer levels than
    /// the model: an index into what is no list stays where it is.
    pub(crate) fn find(&self, path: &[Segment]) -> Position {
        let mut node = self;
        let mut position = self.position;
        for segment in path {
            match (segment, &node.content) {
                (Segment::Key(key), Content::Map(entries)) => {
                    let Some(entry) = entries.iter().find(|entry| entry.key == *key) else { return position };
                    node = &entry.value;
                    position = match node.content {
                        Content::Scalar(_) => node.position,
                        Content::List(_) | Content::Map(_) => entry.key_position,
                    };
                }
                (Segment::Index(index), Content::List(nodes)) => {
                    let Some(inner) = nodes.get(*index) else { return position };
                    node = inner;
                    position = node.position;
                }
                (Segment::Name(name), Content::Map(entries)) => {
                    return entries
                        .iter()
                        .find(|entry| entry.key == *name)
                        .map_or(position, |entry| entry.key_position);
                }
                (Segment::Index(_), _) => {}
                (Segment::Key(_) | Segment::Name(_), _) => return position,
            }
        }
        position
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Entry> {
        match &self.content {
            Content::Map(entries) => entries.iter().find(|entry| entry.key == key),
            Content::Scalar(_) | Content::List(_) => None,
        }
    }
}

fn position<T>(spanned: &Spanned<T>) -> Position {
    Position { line: spanned.referenced.line().max(1), column: spanned.referenced.column().max(1) }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Content>::deserialize(deserializer)?;
        Ok(Self { position: position(&spanned), content: spanned.value })
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ContentVisitor)
    }
}

struct ContentVisitor;

impl<'de> de::Visitor<'de> for ContentVisitor {
    type Value = Content;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Content, E> {
        Ok(Content::Scalar(Value::Null))
    }

    fn visit_none<E: de::Error>(self) -> Result<Content, E> {
        Ok(Content::Scalar(Value::Null))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Content, D::Error> {
        Content::deserialize(deserializer)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Content, E> {
        Ok(Content::Scalar(Value::Bool(value)))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Content, E> {
        Ok(Content::Scalar(Value::from(value)))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Content, E> {
        Ok(Content::Scalar(Value::from(value)))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Content, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom("the number is not finite"))?;
        Ok(Content::Scalar(Value::Number(number)))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Content, E> {
        Ok(Content::Scalar(Value::String(value.to_owned())))
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut access: A) -> Result<Content, A::Error> {
        let mut nodes = Vec::new();
        while let Some(node) = access.next_element()? {
            nodes.push(node);
        }
        Ok(Content::List(nodes))
    }

    fn visit_map<A: de::MapAccess<'de>>(self, mut access: A) -> Result<Content, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = access.next_key::<Spanned<String>>()? {
            let value = access.next_value()?;
            entries.push(Entry { key_position: position(&key), key: key.value, value });
        }
        Ok(Content::Map(entries))
    }
}
