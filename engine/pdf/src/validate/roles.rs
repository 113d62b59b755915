//! Why: whether an object may change depends on what it is in the signed file: a page, a field, a list of annotations.

use std::{fmt, rc::Rc};

use crate::{
    limits::PAGES_MAX,
    read::{
        Error,
        fields::{Field, form},
        file::File,
        numbers::Numbers,
        object::{Object, Reference},
        pages::pages,
        uses::Use,
    },
};

/// What an object is in the signed file.
#[derive(Debug, Clone, Copy)]
pub(super) enum Role<'f> {
    Catalog,
    Form,
    /// The form's list of fields, as an object of its own.
    FieldList,
    Field(&'f Rc<Field>),
    /// A page, with its number.
    Page(usize),
    /// A page's list of annotations, as an object of its own.
    Annotations {
        page: usize,
    },
    /// Document information.
    Information,
    /// XMP metadata of the document.
    Metadata,
    /// The document security store.
    ValidationData,
}

impl fmt::Display for Role<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Catalog => f.write_str("the catalog"),
            Self::Form => f.write_str("the form"),
            Self::FieldList => f.write_str("the form's fields"),
            Self::Field(field) => write!(f, "field {}", field.name),
            Self::Page(page) => write!(f, "page {page}"),
            Self::Annotations { page } => write!(f, "annotations of page {page}"),
            Self::Information => f.write_str("document information"),
            Self::Metadata => f.write_str("XMP metadata"),
            Self::ValidationData => f.write_str("validation data"),
        }
    }
}

impl Role<'_> {
    /// As what alone such an object may be referred to when it changes: what has another use as well may show by that. None for
    /// those to which anything may lead: what may change of them shows in no other way.
    pub(super) const fn uses(&self) -> &'static [Use] {
        match self {
            Self::Catalog => &[Use::Root, Use::Aside],
            Self::Form => &[Use::Form, Use::Aside],
            Self::FieldList | Self::Annotations { .. } => &[Use::List],
            Self::Information => &[Use::Information],
            Self::Metadata => &[Use::Metadata],
            Self::ValidationData => &[Use::ValidationData],
            Self::Field(_) | Self::Page(_) => &[],
        }
    }
}

/// The roles of a file's objects, by number.
#[derive(Debug)]
pub(super) struct Roles<'f> {
    roles: ByNumber<'f>,
    fields: Numbers,
}

/// Objects that the cross-reference does not name have no role: they are null, whatever they are referred to as.
#[derive(Debug)]
struct ByNumber<'f>(Vec<Option<Role<'f>>>);

impl<'f> ByNumber<'f> {
    fn set(&mut self, number: u32, role: Role<'f>) {
        if let Some(own) = self.0.get_mut(index(number)) {
            *own = Some(role);
        }
    }
}

fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

impl<'f> Roles<'f> {
    pub(super) fn of(file: &'f File<'_>) -> Result<Self, Error> {
        let mut roles = ByNumber(vec![None; file.xref.numbers_end()]);
        // Of an object with two roles the later one counts: the stricter come later.
        let (root, catalog) = file.catalog()?;
        if let Some(Object::Reference(information)) = file.xref.trailer.get("Info") {
            roles.set(information.number, Role::Information);
        }
        if let Some(Object::Reference(metadata)) = catalog.get("Metadata") {
            roles.set(metadata.number, Role::Metadata);
        }
        if let Some(Object::Reference(store)) = catalog.get("DSS") {
            roles.set(store.number, Role::ValidationData);
        }
        let fields = file.fields()?;
        for (reference, field) in fields {
            roles.set(reference.number, Role::Field(field));
        }
        if let Some(form) = form(file)? {
            if let Some(Object::Reference(list)) = form.dictionary.get("Fields") {
                roles.set(list.number, Role::FieldList);
            }
            if let Some(reference) = form.reference {
                roles.set(reference.number, Role::Form);
            }
        }
        for (index, page) in pages(file, PAGES_MAX)?.iter().enumerate() {
            if let Some(Object::Reference(list)) = page.dictionary.get("Annots") {
                roles.set(list.number, Role::Annotations { page: index + 1 });
            }
            roles.set(page.reference.number, Role::Page(index + 1));
        }
        roles.set(root.number, Role::Catalog);
        Ok(Self { roles, fields: fields.iter().map(|(reference, _)| reference.number).collect() })
    }

    pub(super) fn role(&self, number: u32) -> Option<Role<'f>> {
        self.roles.0.get(index(number)).copied().flatten()
    }

    /// Whether the signed file has this field.
    pub(super) fn is_field(&self, signed: &File<'_>, reference: Reference) -> bool {
        // A field was read, so that its reference is the one that leads there.
        self.fields.contains(reference.number) && signed.xref.has(reference)
    }
}
