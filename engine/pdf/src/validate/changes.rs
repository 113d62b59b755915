//! Why: revisions after a signature may fill prepared fields and add signatures, and nothing else. Every object that differs must be
//! explained; what is not explained is a forgery until a person says otherwise.
//!
//! Objects that are new show only through objects that are explained, or through a reference that the signed file left hanging
//! on purpose; such references are sought in the whole signed revision.

use std::{collections::HashMap, rc::Rc};

use super::{
    Change,
    entries::{differing, only},
    filled::{Filled, Outcome},
    harmless,
    later::{Later, has_room},
    roles::{Role, Roles},
    structure::{self, Differences, readable},
    values,
};
use crate::read::{
    Error,
    fields::Field,
    file::{File, Loaded},
    locks::Locks,
    numbers::Numbers,
    object::{Dictionary, Object, Reference},
    uses::Use,
};

/// What later revisions did to the signed one.
pub(super) fn classify(
    signed: &File<'_>,
    now: &File<'_>,
    locks: &Locks,
    filled: &Filled,
) -> Result<Vec<Change>, Error> {
    let (roles, added) = (Roles::of(signed)?, HashMap::new());
    let mut comparison = Comparison { signed, now, locks, filled, roles, added, found: Vec::new() };
    comparison.found.extend(structure::changes(signed, now)?);
    let differences = Differences::between(signed, now)?;
    comparison.added_fields(&differences.new)?;
    for number in differences.renumbered.iter() {
        comparison.refuse(number);
    }
    let mut changed = Numbers::default();
    for number in differences.changed.iter() {
        if comparison.object(number, differences.open.contains(number))? {
            changed.insert(number);
        }
    }
    comparison.hanging(&differences.new)?;
    comparison.information()?;
    for number in &structure::broken(signed, now, &differences.new, &changed)? {
        comparison.found.push(change("revision_not_plain", format!("object {number}"), false));
    }
    Ok(comparison.found)
}

/// Keys of a signature field with its widget (ISO 32000-2, tables 166, 191, 226 and 235). With another one something is wrong: a
/// signature whose `/V` became another word would be no signature any more, and nobody would miss it.
const SIGNATURE_FIELD: [&str; 21] = [
    "Type", "Subtype", "FT", "T", "TU", "TM", "Ff", "F", "Rect", "P", "V", "AP", "AS", "MK", "Lock", "SV",
    "DA", "Border", "BS", "NM", "M",
];

/// The states in which a signature field may have an appearance, and those of other fields.
const SIGNATURE_STATES: [&[u8]; 3] = [b"N", b"R", b"D"];
const STATES: [&[u8]; 1] = [b"N"];

struct Comparison<'f, 'a> {
    signed: &'f File<'a>,
    now: &'f File<'a>,
    /// What the signature forbids.
    locks: &'f Locks,
    /// What is known of fields from other signatures.
    filled: &'f Filled,
    roles: Roles<'f>,
    /// Signature fields that were added, with their names.
    added: HashMap<Reference, String>,
    found: Vec<Change>,
}

pub(super) fn change(kind: &str, what: impl Into<String>, allowed: bool) -> Change {
    Change { kind: kind.to_owned(), what: what.into(), allowed }
}

impl Comparison<'_, '_> {
    /// Fields that the form has now and had not: only signatures, on objects of their own.
    fn added_fields(&mut self, new: &Numbers) -> Result<(), Error> {
        for (reference, field) in self.now.fields()? {
            if self.roles.is_field(self.signed, *reference) {
                continue;
            }
            let later = Later::of(self.signed, self.now, &field.dictionary)?;
            let is_empty = !field.is_signed() && values::is_bare(self.now, &field.dictionary)?;
            let is_mark = self.locks.allow_no_new_mark() && has_room(self.now, &field.dictionary)?;
            let sound = !is_mark
                && new.contains(reference.number)
                && is_dictionary(&self.now.load(*reference)?)
                && field.is_signature()
                && values::is_appearance(self.now, field.dictionary.get("AP"), &SIGNATURE_STATES)?
                && field.dictionary.get("Kids").is_none()
                && (later.is_some() || is_empty)
                && field
                    .dictionary
                    .iter()
                    .all(|(key, _)| SIGNATURE_FIELD.iter().any(|known| known.as_bytes() == key));
            let kind = if sound { later.map_or("signature_field_added", Later::kind) } else { "field_added" };
            self.found.push(self.unless_locked(kind, &field.name, sound));
            self.added.insert(*reference, field.name.clone());
        }
        Ok(())
    }

    /// A change that nothing explains.
    fn refuse(&mut self, number: u32) {
        let what =
            self.roles.role(number).map_or_else(|| format!("object {number}"), |role| role.to_string());
        self.found.push(change("object_changed", what, false));
    }

    /// An object whose place is another one, or that `may_go_on` in later bytes. Says whether it is not what it was.
    fn object(&mut self, number: u32, may_go_on: bool) -> Result<bool, Error> {
        let role = self.roles.role(number);
        if let (Some(Role::Field(field)), Some(outcome)) = (role, self.outcome(number)) {
            self.found.push(self.unless_locked(outcome.kind, &field.name, outcome.allowed));
            return Ok(true);
        }
        let old = readable(self.signed.load_number(number))?;
        let new = readable(self.now.load_number(number))?;
        if !may_go_on && structure::is_same(old.as_ref(), new.as_ref()) {
            return Ok(false);
        }
        match (role, old, new) {
            (Some(role), Some(old), Some(new)) => self.explain(number, role, old, new)?,
            _ => self.refuse(number),
        }
        Ok(true)
    }

    /// What an object with a role became.
    fn explain(
        &mut self,
        number: u32,
        role: Role<'_>,
        old: Loaded<'_>,
        new: Loaded<'_>,
    ) -> Result<(), Error> {
        // A stream's bytes may be drawn, whatever else it is.
        let is_plain = match role {
            Role::Metadata => values::is_metadata(&old) && values::is_metadata(&new),
            _ => old.stream.is_none() && new.stream.is_none(),
        };
        if !is_plain || !new.is_plain || !self.is_only(number, role.uses())? {
            self.refuse(number);
            return Ok(());
        }
        match (role, old.object, new.object) {
            (Role::Metadata, ..) => self.about("XMP metadata", true),
            (Role::Catalog, Object::Dictionary(old), Object::Dictionary(new)) => self.catalog(&old, &new)?,
            (Role::Form, Object::Dictionary(old), Object::Dictionary(new)) => self.form(&old, &new)?,
            (Role::Field(field), Object::Dictionary(old), Object::Dictionary(new)) => {
                self.field(field, &old, &new)?;
            }
            (Role::Page(page), Object::Dictionary(old), Object::Dictionary(new)) => {
                self.page(page, &old, &new)?;
            }
            (Role::Information, Object::Dictionary(old), Object::Dictionary(new)) => {
                self.about("document information", only(self.now, &old, &new, values::is_information)?);
            }
            (Role::ValidationData, Object::Dictionary(old), Object::Dictionary(new)) => {
                self.about("validation data", only(self.now, &old, &new, values::is_validation_data)?);
            }
            (Role::FieldList | Role::Annotations { .. }, Object::Array(old), Object::Array(new))
                if self.only_added(&old, &new) => {}
            _ => self.refuse(number),
        }
        Ok(())
    }

    /// Whether nothing in either revision refers to the object in another way; with no ways given, all are good.
    fn is_only(&self, number: u32, ways: &[Use]) -> Result<bool, Error> {
        Ok(ways.is_empty()
            || (self.signed.uses()?.is_only(number, ways) && self.now.uses()?.is_only(number, ways)))
    }

    fn catalog(&mut self, before: &Dictionary, after: &Dictionary) -> Result<(), Error> {
        for (key, (old, new)) in differing(before, after) {
            match key.as_str() {
                // A version says which words the file may use, and a document timestamp is a newer word.
                "DSS" | "Extensions" | "Metadata" | "Version" => {
                    let allowed = values::is_about_the_file(self.now, &key, new)?;
                    let kind = if allowed { "metadata_changed" } else { "catalog_changed" };
                    self.found.push(change(kind, format!("/{key}"), allowed));
                }
                // A form that was not there can hold nothing but added fields, which are looked at one by one.
                "AcroForm" if old.is_none() => self.new_form(new)?,
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
    /// nothing there may differ, and what they lead to must be nothing that is drawn.
    fn about(&mut self, what: &str, allowed: bool) {
        self.found.push(change(if allowed { "metadata_changed" } else { "object_changed" }, what, allowed));
    }

    /// The trailer may name other document information.
    fn information(&mut self) -> Result<(), Error> {
        let (before, after) = (self.signed.xref.trailer.get("Info"), self.now.xref.trailer.get("Info"));
        if before == after {
            return Ok(());
        }
        let (old, new) = (values::plain(self.signed, before)?, values::plain(self.now, after)?);
        let (Some(old), Some(new)) = (old, new) else {
            self.about("document information", false);
            return Ok(());
        };
        let (old, new) =
            (old.into_dictionary().unwrap_or_default(), new.into_dictionary().unwrap_or_default());
        let is_own = match after {
            Some(Object::Reference(own)) => self.now.uses()?.is_only(own.number, &[Use::Information]),
            _ => true,
        };
        self.about("document information", is_own && only(self.now, &old, &new, values::is_information)?);
        Ok(())
    }

    fn new_form(&mut self, form: Option<&Object>) -> Result<(), Error> {
        let form = values::plain(self.now, form)?.and_then(Object::into_dictionary);
        let harmless = |key: &[u8]| matches!(key, b"Fields" | b"SigFlags" | b"DA" | b"DR");
        let sound = match &form {
            Some(form) => {
                form.iter().all(|(key, _)| harmless(key))
                    && values::is_integer(self.now, form.get("SigFlags"))?
                    && values::is_string(self.now, form.get("DA"))?
            }
            None => false,
        };
        if !sound {
            self.found.push(change("form_replaced", "/AcroForm", false));
        }
        Ok(())
    }

    fn form(&mut self, before: &Dictionary, after: &Dictionary) -> Result<(), Error> {
        for (key, (old, new)) in differing(before, after) {
            let lists = (old.and_then(Object::as_array), new.and_then(Object::as_array));
            let allowed = match (key.as_str(), lists) {
                ("SigFlags", _) => values::is_integer(self.now, new)?,
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
    fn field(&mut self, field: &Rc<Field>, before: &Dictionary, after: &Dictionary) -> Result<(), Error> {
        let differing = differing(before, after);
        let empty = |key: &str| before.get(key).is_none_or(|old| *old == Object::Null);
        let only = |allowed: &[&str]| differing.keys().all(|key| allowed.contains(&key.as_str()));
        let shown = |states: &[&[u8]]| values::is_appearance(self.now, after.get("AP"), states);
        let (kind, allowed) = match field.field_type.as_slice() {
            b"Sig" if field.is_signed() => ("signature_changed", false),
            b"Sig" => {
                let later = Later::of(self.signed, self.now, after)?;
                let signed = later.is_some() && shown(&SIGNATURE_STATES)? && only(&["V", "AP", "F"]);
                let kind = later.map_or("field_changed", Later::kind);
                (kind, signed && harmless::only_locked(before, after))
            }
            b"Tx" => {
                let filled = values::is_string(self.now, after.get("V"))? && shown(&STATES)?;
                ("field_filled", empty("V") && empty("AP") && only(&["V", "AP"]) && filled)
            }
            b"Btn" => ("field_filled", empty("AP") && only(&["AP"]) && shown(&STATES)?),
            _ => ("field_changed", false),
        };
        let kind = if allowed { kind } else { "field_changed" };
        self.filled.keep(field, Outcome { kind, allowed });
        self.found.push(self.unless_locked(kind, &field.name, allowed));
        Ok(())
    }

    /// What became of the field with this number, if that was found out for another signature.
    fn outcome(&self, number: u32) -> Option<Outcome> {
        match self.roles.role(number) {
            Some(Role::Field(field)) => self.filled.outcome(field),
            _ => None,
        }
    }

    /// The signature may have locked the field. Timestamps show nothing, and are let through.
    fn unless_locked(&self, kind: &str, name: &str, allowed: bool) -> Change {
        if allowed && kind != Later::Timestamp.kind() && self.locks.cover(name) {
            return change("locked_field_changed", name, false);
        }
        change(kind, name, allowed)
    }

    /// References that the signed revision left hanging, and that now have an object.
    fn hanging(&mut self, new: &Numbers) -> Result<(), Error> {
        let uses = self.signed.uses()?;
        for number in new.iter().filter(|number| uses.is_used(*number)) {
            self.found.push(change("hidden_object_shown", format!("object {number}"), false));
        }
        Ok(())
    }
}

/// No stream, whose bytes could be drawn, and without a key that stands twice.
fn is_dictionary(loaded: &Loaded<'_>) -> bool {
    loaded.stream.is_none() && loaded.is_plain
}
