//! Why: an object may have two uses, so that a key which may change leads to what a page draws as well. What a later revision
//! puts there must then be of the kind that belongs there, which nothing can draw.

use crate::read::{
    Error,
    file::{File, Loaded},
    object::{Dictionary, Object},
};

/// Keys of a metadata stream (ISO 32000-2, table 347); its bytes stand in the file, not in another one.
const METADATA: [&str; 5] = ["Type", "Subtype", "Length", "Filter", "DecodeParms"];
/// Keys of the document information dictionary (table 349) that hold strings.
const INFORMATION: [&[u8]; 8] =
    [b"Title", b"Author", b"Subject", b"Keywords", b"Creator", b"Producer", b"CreationDate", b"ModDate"];
/// References that are followed into an extension's words, or into an appearance that shows nothing.
const DEPTH_MAX: usize = 4;

/// The value, unless it is a stream; null when there is none.
pub(super) fn plain(file: &File<'_>, value: Option<&Object>) -> Result<Option<Object>, Error> {
    let Some(value) = value else { return Ok(Some(Object::Null)) };
    let loaded = file.follow(value)?;
    Ok(loaded.stream.is_none().then_some(loaded.object))
}

/// Whether the value is of the kind, or there is none.
pub(super) fn is(
    file: &File<'_>,
    value: Option<&Object>,
    kind: impl Fn(&Object) -> bool,
) -> Result<bool, Error> {
    Ok(plain(file, value)?.is_some_and(|value| value == Object::Null || kind(&value)))
}

pub(super) fn is_string(file: &File<'_>, value: Option<&Object>) -> Result<bool, Error> {
    is(file, value, |value| value.as_string().is_some())
}

/// Whether the document information may hold this.
pub(super) fn is_information(file: &File<'_>, key: &[u8], value: Option<&Object>) -> Result<bool, Error> {
    Ok(INFORMATION.contains(&key) && is_string(file, value)?)
}

pub(super) fn is_integer(file: &File<'_>, value: Option<&Object>) -> Result<bool, Error> {
    is(file, value, |value| value.as_integer().is_some())
}

/// Whether a catalog may say this under a key that tells about the file: its version, its extensions, its metadata, and the
/// document security store.
pub(super) fn is_about_the_file(file: &File<'_>, key: &str, value: Option<&Object>) -> Result<bool, Error> {
    match (key, value) {
        ("Version", _) => is(file, value, |value| value.as_name().is_some()),
        ("Extensions", _) => Ok(is(file, value, |value| value.as_dictionary().is_some())?
            && value.map_or(Ok(true), |value| has_no_stream(file, value, DEPTH_MAX))?),
        ("Metadata", Some(value)) => {
            let loaded = file.follow(value)?;
            Ok(loaded.object == Object::Null || is_metadata(&loaded))
        }
        ("DSS", _) => {
            let Some(store) = plain(file, value)? else { return Ok(false) };
            let store = store.into_dictionary().unwrap_or_default();
            every(&store, |key, value| is_validation_data(file, key, Some(value)))
        }
        _ => Ok(key == "Metadata"),
    }
}

/// Whether the document security store may hold this (ETSI EN 319 142-1, 5.4.2).
pub(super) fn is_validation_data(file: &File<'_>, key: &[u8], value: Option<&Object>) -> Result<bool, Error> {
    match key {
        b"Type" => is(file, value, |value| value.as_name().is_some()),
        b"Certs" | b"OCSPs" | b"CRLs" => is_streams(file, value),
        b"VRI" => {
            let Some(related) = plain(file, value)? else { return Ok(false) };
            let related = related.into_dictionary().unwrap_or_default();
            every(&related, |_, related| {
                let Some(Object::Dictionary(related)) = plain(file, Some(related))? else { return Ok(false) };
                every(&related, |key, value| match key {
                    b"Cert" | b"OCSP" | b"CRL" => is_streams(file, Some(value)),
                    b"TS" => Ok(true),
                    _ => Ok(plain(file, Some(value))?.is_some_and(|value| value.as_dictionary().is_none())),
                })
            })
        }
        _ => Ok(false),
    }
}

/// An array of streams, or none.
fn is_streams(file: &File<'_>, value: Option<&Object>) -> Result<bool, Error> {
    let items = match plain(file, value)? {
        Some(Object::Null) => return Ok(true),
        Some(Object::Array(items)) => items,
        _ => return Ok(false),
    };
    items.iter().try_fold(true, |all, item| Ok(all && file.follow(item)?.stream.is_some()))
}

/// Whether it is XMP metadata and nothing else.
pub(super) fn is_metadata(loaded: &Loaded<'_>) -> bool {
    loaded.stream.is_some()
        && loaded.object.as_dictionary().is_some_and(|dictionary| {
            dictionary.is("Type", "Metadata")
                && dictionary.is("Subtype", "XML")
                && dictionary.iter().all(|(key, _)| METADATA.iter().any(|known| known.as_bytes() == key))
        })
}

/// Whether a field's appearance is one form for each of these states, or there is none: some programs (endesive) give an invisible
/// signature a dictionary that is no form.
pub(super) fn is_appearance(
    file: &File<'_>,
    value: Option<&Object>,
    states: &[&[u8]],
) -> Result<bool, Error> {
    let shown = match plain(file, value)? {
        Some(Object::Null) => return Ok(true),
        Some(Object::Dictionary(shown)) => shown,
        _ => return Ok(false),
    };
    every(&shown, |state, form| {
        let form = file.follow(form)?;
        let is_form = form.stream.is_some()
            && form.object.as_dictionary().is_some_and(|dictionary| dictionary.is("Subtype", "Form"));
        let is_nothing = form.stream.is_none()
            && (form.object == Object::Null || form.object.as_dictionary().is_some())
            && has_no_stream(file, &form.object, DEPTH_MAX)?;
        Ok(states.contains(&state) && (is_form || is_nothing))
    })
}

/// Whether a signature field without a signature shows nothing of its own: no ground, no border.
pub(super) fn is_bare(file: &File<'_>, field: &Dictionary) -> Result<bool, Error> {
    let looks = is(file, field.get("MK"), |looks| {
        looks.as_dictionary().is_some_and(|looks| looks.iter().all(|(key, _)| key == b"R"))
    })?;
    Ok(looks && ["AP", "Border", "BS"].iter().all(|key| field.get(key).is_none()))
}

fn has_no_stream(file: &File<'_>, value: &Object, depth: usize) -> Result<bool, Error> {
    match value {
        Object::Reference(_) if depth == 0 => Ok(false),
        Object::Reference(_) => match plain(file, Some(value))? {
            Some(value) => has_no_stream(file, &value, depth - 1),
            None => Ok(false),
        },
        Object::Array(items) => {
            items.iter().try_fold(true, |all, item| Ok(all && has_no_stream(file, item, depth)?))
        }
        Object::Dictionary(entries) => every(entries, |_, value| has_no_stream(file, value, depth)),
        _ => Ok(true),
    }
}

fn every(dictionary: &Dictionary, is: impl Fn(&[u8], &Object) -> Result<bool, Error>) -> Result<bool, Error> {
    dictionary.iter().try_fold(true, |all, (key, value)| Ok(all && is(key, value)?))
}
