//! Why: objects that are copied into a new revision must come out as they went in, so numbers keep their spelling and
//! dictionaries their order.

use std::{collections::HashMap, sync::Arc};

use super::name::Name;

/// Up to so many entries of a dictionary are compared one by one.
const FEW: usize = 32;

/// An indirect object's number and generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Reference {
    pub(crate) number: u32,
    pub(crate) generation: u16,
}

/// A PDF object. Streams are no variant: their dictionary is the object, and their bytes stay where they are in the file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Object {
    Null,
    Boolean(bool),
    Integer(i64),
    /// A number with a point, as it is spelled.
    Real(Box<str>),
    Name(Name),
    String(Vec<u8>),
    Array(Vec<Object>),
    Dictionary(Dictionary),
    Reference(Reference),
}

impl Object {
    pub(crate) fn name(name: &str) -> Self {
        Self::Name(name.as_bytes().into())
    }

    /// A real with at most three decimals; what is no number becomes 0.
    pub(crate) fn number(value: f64) -> Self {
        if value == 0.0 {
            return Self::Integer(0);
        }
        let text = number_text(value);
        match text.parse() {
            Ok(integer) => Self::Integer(integer),
            Err(_) => Self::Real(text.into()),
        }
    }

    pub(crate) fn as_integer(&self) -> Option<i64> {
        match self {
            Self::Integer(value) => Some(*value),
            _ => None,
        }
    }

    pub(crate) fn as_usize(&self) -> Option<usize> {
        self.as_integer().and_then(|value| usize::try_from(value).ok())
    }

    pub(crate) fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Integer(value) => Some(*value as f64),
            Self::Real(text) => text.parse().ok().filter(|value: &f64| value.is_finite()),
            _ => None,
        }
    }

    pub(crate) fn as_name(&self) -> Option<&[u8]> {
        match self {
            Self::Name(name) => Some(name),
            _ => None,
        }
    }

    pub(crate) fn as_string(&self) -> Option<&[u8]> {
        match self {
            Self::String(bytes) => Some(bytes),
            _ => None,
        }
    }

    pub(crate) fn as_array(&self) -> Option<&[Self]> {
        match self {
            Self::Array(items) => Some(items),
            _ => None,
        }
    }

    pub(crate) fn as_dictionary(&self) -> Option<&Dictionary> {
        match self {
            Self::Dictionary(dictionary) => Some(dictionary),
            _ => None,
        }
    }

    pub(crate) fn into_dictionary(self) -> Option<Dictionary> {
        match self {
            Self::Dictionary(dictionary) => Some(dictionary),
            _ => None,
        }
    }

    pub(crate) fn as_reference(&self) -> Option<Reference> {
        match self {
            Self::Reference(reference) => Some(*reference),
            _ => None,
        }
    }
}

impl From<Reference> for Object {
    fn from(reference: Reference) -> Self {
        Self::Reference(reference)
    }
}

impl From<Dictionary> for Object {
    fn from(dictionary: Dictionary) -> Self {
        Self::Dictionary(dictionary)
    }
}

impl From<i64> for Object {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

/// The shortest spelling with at most three decimals.
pub(crate) fn number_text(value: f64) -> String {
    if !value.is_finite() {
        return "0".to_owned();
    }
    let text = format!("{value:.3}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// A dictionary in its written order. A key that is written twice keeps the later value, as most viewers do. Copies share their
/// entries until one is changed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Dictionary(Arc<Vec<(Name, Object)>>);

impl PartialEq for Dictionary {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0 == other.0
    }
}

impl Dictionary {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Builds a dictionary from entries in their order.
    pub(crate) fn of<const N: usize>(entries: [(&str, Object); N]) -> Self {
        Self(Arc::new(entries.into_iter().map(|(key, value)| (key.as_bytes().into(), value)).collect()))
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Object> {
        self.0.iter().find(|(name, _)| **name == *key.as_bytes()).map(|(_, value)| value)
    }

    pub(crate) fn set(&mut self, key: &str, value: Object) {
        let entries = Arc::make_mut(&mut self.0);
        match entries.iter_mut().find(|(name, _)| **name == *key.as_bytes()) {
            Some((_, old)) => *old = value,
            None => entries.push((key.as_bytes().into(), value)),
        }
    }

    /// Entries as they are written in a file, and whether a name is written twice. There may be a million, and many of one name.
    pub(super) fn written(entries: Vec<(Name, Object)>) -> (Self, bool) {
        let mut rest = entries.as_slice();
        let mut is_twice = entries.len() > FEW;
        while let (false, Some(((key, _), later))) = (is_twice, rest.split_first()) {
            is_twice = later.iter().any(|(other, _)| other == key);
            rest = later;
        }
        if is_twice { Self::last_of_each(entries) } else { (Self(Arc::new(entries)), false) }
    }

    /// The last entry of each key, at the place of the first, and whether a key stood twice.
    fn last_of_each(entries: Vec<(Name, Object)>) -> (Self, bool) {
        let count = entries.len();
        let mut places: HashMap<Box<[u8]>, usize> = HashMap::new();
        let mut kept: Vec<(Name, Object)> = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            let known = if kept.len() < FEW { kept.iter().position(|(name, _)| *name == key) } else { None };
            if kept.len() == FEW && places.is_empty() {
                places.extend(kept.iter().enumerate().map(|(at, (name, _))| ((**name).into(), at)));
            }
            match known.or_else(|| places.get(&*key).copied()).and_then(|at| kept.get_mut(at)) {
                Some((_, old)) => *old = value,
                None => {
                    if kept.len() >= FEW {
                        places.insert((*key).into(), kept.len());
                    }
                    kept.push((key, value));
                }
            }
        }
        let has_doubles = kept.len() < count;
        (Self(Arc::new(kept)), has_doubles)
    }

    pub(crate) fn remove(&mut self, key: &str) -> Option<Object> {
        let at = self.0.iter().position(|(name, _)| **name == *key.as_bytes())?;
        Some(Arc::make_mut(&mut self.0).remove(at).1)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&[u8], &Object)> {
        self.0.iter().map(|(key, value)| (&**key, value))
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (&[u8], &mut Object)> {
        Arc::make_mut(&mut self.0).iter_mut().map(|(key, value)| (&**key, value))
    }

    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut Object> {
        Arc::make_mut(&mut self.0).iter_mut().map(|(_, value)| value)
    }

    /// Whether the entry is this name.
    pub(crate) fn is(&self, key: &str, name: &str) -> bool {
        self.get(key).and_then(Object::as_name) == Some(name.as_bytes())
    }
}
