//! Why: before objects are compared, it must be sure that both revisions are read in one way: from one chain of revisions, with
//! one key, and each object at its place under its number.

use std::collections::BTreeSet;

use super::{Change, changes::change};
use crate::read::{
    Error,
    file::{File, Loaded},
    numbers::Numbers,
    object::Object,
    xref::Place,
};

/// How objects differ, by number.
#[derive(Debug, Default)]
pub(super) struct Differences {
    /// They are somewhere else, or open.
    pub(super) changed: Numbers,
    /// The signed revision left them open: later bytes may be a part of them, wherever they are.
    pub(super) open: Numbers,
    /// They were not there, as viewers see it.
    pub(super) new: Numbers,
    /// Their generation is another one, so that references to them lead to nothing now, or no longer do.
    pub(super) renumbered: Numbers,
}

/// The later revisions must lead back to the signed one, and keep its root, its encryption and its size.
pub(super) fn changes(signed: &File<'_>, now: &File<'_>) -> Result<Vec<Change>, Error> {
    let mut found = Vec::new();
    let offsets = |file: &File<'_>| file.xref.sections.iter().map(|s| s.offset).collect::<Vec<_>>();
    if !offsets(now).ends_with(&offsets(signed)) {
        found.push(change("revisions_replaced", "the cross-reference", false));
    }
    if now.plain_sections() < now.xref.sections.len().saturating_sub(signed.xref.sections.len()) {
        found.push(change("revision_not_plain", "the cross-reference", false));
    }
    // Viewers see no object whose number the size does not include.
    if size(now) < size(signed) {
        found.push(change("revisions_replaced", "/Size", false));
    }
    let entries = (&signed.xref.trailer, &now.xref.trailer);
    if entries.0.get("Root") != entries.1.get("Root") {
        found.push(change("catalog_replaced", "the catalog", false));
    }
    if is_encrypted(signed) || is_encrypted(now) {
        let same = entries.0.get("Encrypt") == entries.1.get("Encrypt")
            && signed.entry(entries.0, "Encrypt")? == now.entry(entries.1, "Encrypt")?
            && first_id(signed)? == first_id(now)?;
        if !same {
            found.push(change("encryption_changed", "/Encrypt", false));
        }
    }
    Ok(found)
}

fn size(file: &File<'_>) -> usize {
    file.xref.trailer.get("Size").and_then(Object::as_usize).unwrap_or(0)
}

fn is_encrypted(file: &File<'_>) -> bool {
    file.xref.trailer.get("Encrypt").is_some_and(|encrypt| *encrypt != Object::Null)
}

/// The part of the file's name that its key is made with.
fn first_id(file: &File<'_>) -> Result<Option<Object>, Error> {
    let Object::Array(ids) = file.entry(&file.xref.trailer, "ID")? else { return Ok(None) };
    ids.first().map(|id| file.resolve(id)).transpose()
}

impl Differences {
    /// Compares the places of all objects of both.
    pub(super) fn between(signed: &File<'_>, now: &File<'_>) -> Result<Self, Error> {
        let mut differences = Self::by_place(signed, now);
        let is_structure = |number| is_structure(signed, number) && is_structure(now, number);
        let (uses_then, uses_now) = (signed.uses()?, now.uses()?);
        let is_used = |number| uses_then.is_used(number) || uses_now.is_used(number);
        // What holds the file together is no content, if nothing shows it: its objects are compared one by one.
        let is_content = |number: &u32| !is_structure(*number) || is_used(*number);
        let changed: Numbers = differences.changed.iter().filter(is_content).collect();
        // Later bytes may be a part of what the signed revision left open.
        let is_open = |number: &u32| is_used(*number) || signed.containers().contains(*number);
        differences.open = uses_then.open.iter().copied().filter(is_open).collect();
        differences.changed = changed;
        differences.changed.extend(differences.open.iter());
        // Nobody knows what these are. Where nothing leads there, they are nothing.
        if let Some(number) = uses_then.unreadable.iter().find(|number| is_used(**number)) {
            return Err(Error::Damaged { what: format!("object {number} cannot be read") });
        }
        Ok(differences)
    }

    /// Those whose place differs, and those in an object stream that differs.
    fn by_place(signed: &File<'_>, now: &File<'_>) -> Self {
        let mut differences = Self::default();
        // A size may have hidden them.
        let (old_size, new_size) = (size(signed), size(now));
        let was_hidden =
            |number: u32| usize::try_from(number).is_ok_and(|number| number >= old_size && number < new_size);
        for (number, place) in now.xref.iter() {
            match signed.xref.place(number).filter(|_| !was_hidden(number)) {
                None | Some(Place::Free) => {
                    if place != Place::Free {
                        differences.new.insert(number);
                    }
                }
                Some(old) if place != Place::Free && generation(old) != generation(place) => {
                    differences.renumbered.insert(number);
                }
                Some(old) if old != place => {
                    differences.changed.insert(number);
                }
                Some(_) => {}
            }
        }
        let has_moved =
            |number: u32| differences.changed.contains(number) || differences.renumbered.contains(number);
        let moved: Numbers = now.containers().iter().filter(|stream| has_moved(*stream)).collect();
        if moved.is_empty() {
            return differences;
        }
        for (number, place) in now.xref.iter() {
            if matches!(place, Place::In { stream, .. } if moved.contains(stream))
                && !differences.new.contains(number)
            {
                differences.changed.insert(number);
            }
        }
        differences
    }
}

/// Whether the object is what it was, and is written so that all readers read the same.
pub(super) fn is_same(old: Option<&Loaded<'_>>, new: Option<&Loaded<'_>>) -> bool {
    matches!((old, new), (Some(old), Some(new))
        if new.is_plain && (&old.object, old.stream) == (&new.object, new.stream))
}

/// What was added asks for these, and they cannot be read. References may name any number.
///
/// Some readers give up on a file whose newest objects are not where it says, or that asks for what is not there.
pub(super) fn broken(
    signed: &File<'_>,
    now: &File<'_>,
    new: &Numbers,
    changed: &Numbers,
) -> Result<BTreeSet<u32>, Error> {
    let (uses_then, uses_now) = (signed.uses()?, now.uses()?);
    let is_later = |number: &u32| new.contains(*number) || changed.contains(*number);
    let hangs = uses_now.hanging.difference(&uses_then.hanging).map(|reference| reference.number);
    Ok(uses_now.unreadable.iter().copied().filter(is_later).chain(hangs).collect())
}

const fn generation(place: Place) -> u16 {
    match place {
        Place::At { generation, .. } => generation,
        Place::Free | Place::In { .. } => 0,
    }
}

/// What was read, or nothing of what is broken.
pub(super) fn readable<T>(read: Result<T, Error>) -> Result<Option<T>, Error> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(Error::Damaged { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether the reader needed the object to find others.
fn is_structure(file: &File<'_>, number: u32) -> bool {
    let is_section =
        matches!(file.xref.place(number), Some(Place::At { offset, .. }) if file.xref.is_at(offset));
    is_section || file.containers().contains(number)
}
