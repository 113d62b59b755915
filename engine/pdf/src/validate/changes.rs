//! Why: revisions after a signature may fill prepared fields and add signatures, and nothing else. Every object that differs must be
//! explained; what is not explained is a forgery until a person says otherwise.
//!
//! Objects that are new show only through objects that are explained, or through a reference that the signed file left hanging
//! on purpose; such references are sought in the whole signed revision.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::{
    Change, harmless,
    later::Later,
    roles::{Role, Roles},
};
use crate::read::{
    Error,
    fields::Field,
    file::{File, Loaded},
    locks::Locks,
    object::{Dictionary, Object, Reference},
    xref::Place,
};

/// What later revisions did to the signed one.
pub(super) fn classify(signed: &File<'_>, now: &File<'_>, locks: &Locks) -> Result<Vec<Change>, Error> {
    let (roles, added) = (Roles::of(signed)?, HashMap::new());
    let mut comparison = Comparison { signed, now, locks, roles, added, found: Vec::new() };
    comparison.structure();
    let (changed, new) = comparison.differences()?;
    comparison.added_fields(&new)?;
    for number in &changed {
        comparison.object(*number)?;
    }
    comparison.hanging(&new)?;
    Ok(comparison.found)
}

/// Keys of the document information dictionary (ISO 32000-2, table 349).
const INFORMATION: [&str; 8] =
    ["Title", "Author", "Subject", "Keywords", "Creator", "Producer", "CreationDate", "ModDate"];
/// Keys of a metadata stream (table 347); its bytes stand in the file, not in another one.
const METADATA: [&str; 5] = ["Type", "Subtype", "Length", "Filter", "DecodeParms"];
/// Keys of the document security store (ETSI EN 319 142-1, 5.4.2).
const VALIDATION_DATA: [&str; 4] = ["VRI", "Certs", "OCSPs", "CRLs"];

/// Keys of a signature field with its widget (ISO 32000-2, tables 166, 191, 226 and 235). With another one something is wrong: a
/// signature whose `/V` became another word would be no signature any more, and nobody would miss it.
const SIGNATURE_FIELD: [&str; 20] = [
    "Type", "Subtype", "FT", "T", "TU", "TM", "Ff", "F", "Rect", "P", "V", "AP", "AS", "MK", "Lock", "SV",
    "DA", "Border", "BS", "NM",
];

struct Comparison<'f, 'a> {
    signed: &'f File<'a>,
    now: &'f File<'a>,
    /// What the signature forbids.
    locks: &'f Locks,
    roles: Roles,
    /// Signature fields that were added, with their names.
    added: HashMap<Reference, String>,
    found: Vec<Change>,
}

fn change(kind: &str, what: impl Into<String>, allowed: bool) -> Change {
    Change { kind: kind.to_owned(), what: what.into(), allowed }
}

impl Comparison<'_, '_> {
    /// The later revisions must lead back to the signed one, and keep its root.
    fn structure(&mut self) {
        let offsets = |file: &File<'_>| file.xref.sections.iter().map(|s| s.offset).collect::<Vec<_>>();
        if !offsets(self.now).ends_with(&offsets(self.signed)) {
            self.found.push(change("revisions_replaced", "the cross-reference", false));
        }
        if self.signed.xref.trailer.get("Root") != self.now.xref.trailer.get("Root") {
            self.found.push(change("catalog_replaced", "the catalog", false));
        }
    }

    /// Numbers of objects that are not what they were, and of those that were not there.
    fn differences(&self) -> Result<(BTreeSet<u32>, HashSet<u32>), Error> {
        let mut changed = BTreeSet::new();
        let mut new = HashSet::new();
        for (number, place, _) in self.now.xref.iter() {
            match self.signed.xref.place(number) {
                None | Some((Place::Free, _)) if place == Place::Free => {}
                None | Some((Place::Free, _)) => {
                    new.insert(number);
                }
                Some((old, _)) if old != place => {
                    changed.insert(number);
                }
                Some(_) => {}
            }
        }
        // Objects in an object stream change with it.
        let streams: HashSet<u32> = changed.iter().copied().collect();
        for (number, place, _) in self.now.xref.iter() {
            if matches!(place, Place::In { stream, .. } if streams.contains(&stream))
                && !new.contains(&number)
            {
                changed.insert(number);
            }
        }
        let mut differing = BTreeSet::new();
        for number in changed {
            let (old, new) = (load(self.signed, number)?, load(self.now, number)?);
            if (&old.object, old.stream) != (&new.object, new.stream) && !is_structure(&old, &new) {
                differing.insert(number);
            }
        }
        Ok((differing, new))
    }

    /// Fields that the form has now and had not: only signatures, on objects of their own.
    fn added_fields(&mut self, new: &HashSet<u32>) -> Result<(), Error> {
        for field in crate::read::fields::fields(self.now)? {
            if self.roles.is_field(field.reference) {
                continue;
            }
            let later = Later::of(self.signed, self.now, &field.dictionary)?;
            let is_empty = !field.is_signed() && field.dictionary.get("AP").is_none();
            let sound = new.contains(&field.reference.number)
                && field.is_signature()
                && field.dictionary.get("Kids").is_none()
                && (later.is_some() || is_empty)
                && field
                    .dictionary
                    .iter()
                    .all(|(key, _)| SIGNATURE_FIELD.iter().any(|known| known.as_bytes() == key));
            let kind = if sound { later.map_or("signature_field_added", Later::kind) } else { "field_added" };
            self.found.push(self.unless_locked(kind, &field.name, sound));
            self.added.insert(field.reference, field.name);
        }
        Ok(())
    }

    fn object(&mut self, number: u32) -> Result<(), Error> {
        let (old, new) = (load(self.signed, number)?, load(self.now, number)?);
        let role = self.roles.role(number).cloned();
        let (Some(before), Some(after)) = (old.object.as_dictionary(), new.object.as_dictionary()) else {
            let allowed = match (&role, old.object.as_array(), new.object.as_array()) {
                (Some(Role::FieldList | Role::Annotations { .. }), Some(old), Some(new)) => {
                    self.only_added(old, new)
                }
                _ => false,
            };
            let what = role.map_or_else(|| format!("object {number}"), |role| role.to_string());
            if !allowed {
                self.found.push(change("object_changed", what, false));
            }
            return Ok(());
        };
        match role {
            Some(Role::Catalog) => self.catalog(before, after)?,
            Some(Role::Form) => self.form(before, after)?,
            Some(Role::Field(field)) => self.field(&field, before, after)?,
            Some(Role::Page(page)) => self.page(page, before, after)?,
            Some(Role::Metadata) => self.metadata(number, &old, &new)?,
            Some(Role::Information) => self.keys_only(&INFORMATION, "document information", before, after),
            Some(Role::ValidationData) => self.keys_only(&VALIDATION_DATA, "validation data", before, after),
            Some(role @ (Role::FieldList | Role::Annotations { .. })) => {
                self.found.push(change("object_changed", role.to_string(), false));
            }
            None => self.found.push(change("object_changed", format!("object {number}"), false)),
        }
        Ok(())
    }

    fn catalog(&mut self, before: &Dictionary, after: &Dictionary) -> Result<(), Error> {
        for (key, (old, new)) in differing(before, after) {
            match key.as_str() {
                // A version says which words the file may use, and a document timestamp is a newer word.
                "DSS" | "Extensions" | "Metadata" | "Version" => {
                    self.found.push(change("metadata_changed", format!("/{key}"), true))
                }
                // A form that was not there can hold nothing but added fields, which are looked at one by one.
                "AcroForm" if old.is_none() => self.new_form(new),
                "AcroForm" => match (old, new) {
                    (Some(Object::Dictionary(old)), Some(Object::Dictionary(new))) => self.form(old, new)?,
                    _ => self.found.push(change("form_replaced", "/AcroForm", false)),
                },
                _ => self.found.push(change("catalog_changed", format!("/{key}"), false)),
            }
        }
        Ok(())
    }

    /// Such an object is named by its author, who could have named a font or a page's resources: so only keys that mean
    /// nothing there may differ.
    fn keys_only(&mut self, keys: &[&str], what: &str, before: &Dictionary, after: &Dictionary) {
        let allowed = differing(before, after).keys().all(|key| keys.contains(&key.as_str()));
        self.found.push(change(if allowed { "metadata_changed" } else { "object_changed" }, what, allowed));
    }

    /// Acrobat writes the XMP metadata anew when it signs. They show nowhere, if they are what they say and nothing but the
    /// catalog refers to them: else a page could draw the same stream.
    fn metadata(&mut self, number: u32, old: &Loaded<'_>, new: &Loaded<'_>) -> Result<(), Error> {
        let is_metadata = |loaded: &Loaded<'_>| {
            loaded.stream.is_some()
                && loaded.object.as_dictionary().is_some_and(|dictionary| {
                    dictionary.is("Type", "Metadata")
                        && dictionary.is("Subtype", "XML")
                        && dictionary
                            .iter()
                            .all(|(key, _)| METADATA.iter().any(|known| known.as_bytes() == key))
                })
        };
        let mut references = 0;
        for file in [self.signed, self.now] {
            references += count_references(&file.xref.trailer.clone().into(), number);
            for (holder, place, _) in file.xref.iter() {
                if place != Place::Free {
                    references += count_references(&load(file, holder)?.object, number);
                }
            }
        }
        let allowed = is_metadata(old) && is_metadata(new) && references == 2;
        let kind = if allowed { "metadata_changed" } else { "object_changed" };
        self.found.push(change(kind, Role::Metadata.to_string(), allowed));
        Ok(())
    }

    fn new_form(&mut self, form: Option<&Object>) {
        let form = form.and_then(|form| self.now.resolve(form).ok()).and_then(Object::into_dictionary);
        let harmless = |key: &[u8]| matches!(key, b"Fields" | b"SigFlags" | b"DA" | b"DR");
        if !form.is_some_and(|form| form.iter().all(|(key, _)| harmless(key))) {
            self.found.push(change("form_replaced", "/AcroForm", false));
        }
    }

    fn form(&mut self, before: &Dictionary, after: &Dictionary) -> Result<(), Error> {
        for (key, (old, new)) in differing(before, after) {
            let lists = (old.and_then(Object::as_array), new.and_then(Object::as_array));
            let allowed = match (key.as_str(), lists) {
                ("SigFlags", _) => true,
                ("Fields", (Some(old), Some(new))) => self.only_added(old, new),
                ("Fields", (None, Some(new))) if old.is_none() => self.only_added(&[], new),
                ("DR", _) => harmless::only_fonts_added(self.signed, self.now, old, new)?,
                _ => false,
            };
            match (allowed, key.as_str()) {
                (false, _) => self.found.push(change("form_changed", format!("/{key}"), false)),
                (true, "DR") => self.found.push(change("form_fonts_added", "/DR", true)),
                (true, _) => {}
            }
        }
        Ok(())
    }

    /// The annotations may move into another list, if it says the same and names further signatures at most.
    fn page(&mut self, page: usize, before: &Dictionary, after: &Dictionary) -> Result<(), Error> {
        for (key, (old, new)) in differing(before, after) {
            let lists = match key.as_str() {
                "Annots" => (harmless::list(self.signed, old)?, harmless::list(self.now, new)?),
                _ => (None, None),
            };
            let allowed = matches!(&lists, (Some(old), Some(new)) if self.only_added(old, new));
            if !allowed {
                self.found.push(change("page_changed", format!("page {page}, /{key}"), false));
            }
        }
        Ok(())
    }

    /// The list is what it was, followed by signature fields that were added.
    fn only_added(&self, old: &[Object], new: &[Object]) -> bool {
        new.strip_prefix(old).is_some_and(|added| {
            added.iter().all(|item| item.as_reference().is_some_and(|item| self.added.contains_key(&item)))
        })
    }

    /// A prepared field may be filled once.
    fn field(&mut self, field: &Field, before: &Dictionary, after: &Dictionary) -> Result<(), Error> {
        let differing = differing(before, after);
        let empty = |key: &str| before.get(key).is_none_or(|old| *old == Object::Null);
        let only = |allowed: &[&str]| differing.keys().all(|key| allowed.contains(&key.as_str()));
        let (kind, allowed) = match field.field_type.as_slice() {
            b"Sig" if field.is_signed() => ("signature_changed", false),
            b"Sig" => {
                let later = Later::of(self.signed, self.now, after)?;
                let signed = later.is_some() && only(&["V", "AP", "F"]);
                let kind = later.map_or("field_changed", Later::kind);
                (kind, signed && harmless::only_locked(before, after))
            }
            b"Tx" => ("field_filled", empty("V") && empty("AP") && only(&["V", "AP"])),
            b"Btn" => ("field_filled", empty("AP") && only(&["AP"])),
            _ => ("field_changed", false),
        };
        let kind = if allowed { kind } else { "field_changed" };
        self.found.push(self.unless_locked(kind, &field.name, allowed));
        Ok(())
    }

    /// The signature may have locked the field. Timestamps show nothing, and are let through.
    fn unless_locked(&self, kind: &str, name: &str, allowed: bool) -> Change {
        if allowed && kind != Later::Timestamp.kind() && self.locks.cover(name) {
            return change("locked_field_changed", name, false);
        }
        change(kind, name, allowed)
    }

    /// References that the signed revision left hanging, and that now have an object.
    fn hanging(&mut self, new: &HashSet<u32>) -> Result<(), Error> {
        let mut hanging = BTreeSet::new();
        for (number, place, _) in self.signed.xref.iter() {
            if place != Place::Free {
                collect(&load(self.signed, number)?.object, new, &mut hanging);
            }
        }
        for number in hanging {
            self.found.push(change("hidden_object_shown", format!("object {number}"), false));
        }
        Ok(())
    }
}

/// Nesting is limited by the parser.
fn collect(object: &Object, of: &HashSet<u32>, found: &mut BTreeSet<u32>) {
    match object {
        Object::Reference(reference) if of.contains(&reference.number) => {
            found.insert(reference.number);
        }
        Object::Array(items) => items.iter().for_each(|item| collect(item, of, found)),
        Object::Dictionary(dictionary) => dictionary.iter().for_each(|(_, value)| collect(value, of, found)),
        _ => {}
    }
}

fn count_references(object: &Object, number: u32) -> usize {
    let count = |object: &Object| count_references(object, number);
    match object {
        Object::Reference(reference) => usize::from(reference.number == number),
        Object::Array(items) => items.iter().map(count).sum(),
        Object::Dictionary(dictionary) => dictionary.iter().map(|(_, value)| count(value)).sum(),
        _ => 0,
    }
}

pub(super) fn load<'a>(file: &File<'a>, number: u32) -> Result<Loaded<'a>, Error> {
    let generation = match file.xref.place(number) {
        Some((Place::At { generation, .. }, _)) => generation,
        _ => 0,
    };
    file.load(Reference { number, generation })
}

/// Cross-reference streams and object streams are no content: their objects are compared one by one.
fn is_structure(old: &Loaded<'_>, new: &Loaded<'_>) -> bool {
    let is = |loaded: &Loaded<'_>, kind| {
        loaded.stream.is_some()
            && loaded.object.as_dictionary().is_some_and(|dictionary| dictionary.is("Type", kind))
    };
    ["XRef", "ObjStm"].into_iter().any(|kind| is(old, kind) && is(new, kind))
}

/// What an entry was, and what it is.
type Values<'d> = (Option<&'d Object>, Option<&'d Object>);

/// The entries that differ: what they were, and what they are. There may be a million of them.
fn differing<'d>(before: &'d Dictionary, after: &'d Dictionary) -> BTreeMap<String, Values<'d>> {
    let mut entries: BTreeMap<&[u8], Values<'_>> = BTreeMap::new();
    for (key, value) in before.iter() {
        entries.entry(key).or_default().0 = Some(value);
    }
    for (key, value) in after.iter() {
        entries.entry(key).or_default().1 = Some(value);
    }
    let differing = entries.into_iter().filter(|(_, (old, new))| old != new);
    differing.map(|(key, values)| (String::from_utf8_lossy(key).into_owned(), values)).collect()
}
