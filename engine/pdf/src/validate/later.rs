//! Why: a seal may appear in a signature field only together with a signature. A word in its place, or nothing, would show
//! somebody's seal whom nobody asked.

use super::byte_range;
use crate::read::{
    Error,
    file::File,
    object::{Dictionary, Object},
    xref::Place,
};

/// What a signature field got in a later revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Later {
    Signature,
    /// A document timestamp that shows nothing.
    Timestamp,
}

impl Later {
    /// What the field holds now: nothing, unless its value is an object of its own that is new and whose byte range is sound.
    pub(super) fn of(signed: &File<'_>, now: &File<'_>, field: &Dictionary) -> Result<Option<Self>, Error> {
        let Some(Object::Reference(reference)) = field.get("V") else { return Ok(None) };
        if !matches!(signed.xref.place(reference.number), None | Some(Place::Free)) {
            return Ok(None);
        }
        let value = now.load(*reference)?;
        let Some(dictionary) = value.object.as_dictionary() else { return Ok(None) };
        if byte_range::check(now.bytes, &value, dictionary).is_err() {
            return Ok(None);
        }
        let is_timestamp = dictionary.is("SubFilter", "ETSI.RFC3161") && !is_seen(now, field)?;
        Ok(Some(if is_timestamp { Self::Timestamp } else { Self::Signature }))
    }

    /// The word for such a change.
    pub(super) fn kind(self) -> &'static str {
        match self {
            Self::Signature => "signature_added",
            Self::Timestamp => "timestamp_added",
        }
    }
}

/// Whether a field with its widget could show something.
fn is_seen(file: &File<'_>, field: &Dictionary) -> Result<bool, Error> {
    Ok(field.get("AP").is_some() || has_room(file, field)?)
}

/// Whether a field with its widget could show something, if it had an appearance.
pub(super) fn has_room(file: &File<'_>, field: &Dictionary) -> Result<bool, Error> {
    if field.get("Kids").is_some() {
        return Ok(true);
    }
    let corners: Vec<f64> = match file.entry(field, "Rect")? {
        Object::Null => return Ok(false),
        Object::Array(corners) => corners.iter().filter_map(Object::as_f64).collect(),
        _ => return Ok(true),
    };
    let &[x0, y0, x1, y1] = corners.as_slice() else { return Ok(true) };
    Ok(x0 != x1 && y0 != y1)
}
