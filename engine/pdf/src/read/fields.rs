//! Why: form fields are found by their full names, in a tree that others may have built in odd ways.

use std::rc::Rc;

use super::{
    Error,
    file::File,
    object::{Dictionary, Object, Reference},
    seen::Seen,
    text,
};
use crate::limits::{DEPTH_MAX, FORM_FIELDS_MAX, READ_NAME_BYTES_MAX};

/// A terminal field: its widgets are itself or its kids.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    pub(crate) reference: Reference,
    /// Full name, the parts joined by dots.
    pub(crate) name: String,
    pub(crate) dictionary: Dictionary,
    /// `/FT`, its own or inherited.
    pub(crate) field_type: Vec<u8>,
}

impl Field {
    pub(crate) fn is_signature(&self) -> bool {
        self.field_type == b"Sig"
    }

    /// A signature field with a value.
    pub(crate) fn is_signed(&self) -> bool {
        self.is_signature() && self.dictionary.get("V").is_some_and(|value| *value != Object::Null)
    }
}

/// The form: where it is, and its dictionary.
#[derive(Debug, Clone)]
pub(crate) struct Form {
    /// None when it stands in the catalog itself.
    pub(crate) reference: Option<Reference>,
    pub(crate) dictionary: Dictionary,
}

/// The file's form, when it has one.
pub(crate) fn form(file: &File<'_>) -> Result<Option<Form>, Error> {
    let (_, catalog) = file.catalog()?;
    let Some(entry) = catalog.get("AcroForm") else { return Ok(None) };
    let reference = entry.as_reference();
    Ok(file.resolve(entry)?.into_dictionary().map(|dictionary| Form { reference, dictionary }))
}

/// All terminal fields, in the order of the form.
pub(crate) fn fields(file: &File<'_>) -> Result<Vec<Field>, Error> {
    Ok(shared(file)?.into_iter().map(|(_, field)| Rc::unwrap_or_clone(field)).collect())
}

/// A field that other revisions may have as well. Its reference is told without looking at it.
pub(crate) type Shared = (Reference, Rc<Field>);

/// The same, with those that are in other revisions as well.
pub(super) fn shared(file: &File<'_>) -> Result<Vec<Shared>, Error> {
    let Some(form) = form(file)? else { return Ok(Vec::new()) };
    let fields = file.look(&form.dictionary, "Fields")?;
    let Some(roots) = fields.as_array() else { return Ok(Vec::new()) };
    let mut found: Vec<Shared> = Vec::new();
    let mut seen = Seen::default();
    let top = Above { name: String::new(), field_type: Vec::new() };
    let mut open: Vec<(Reference, Above, usize)> =
        roots.iter().rev().filter_map(Object::as_reference).map(|root| (root, top.clone(), 0)).collect();
    while let Some((reference, above, depth)) = open.pop() {
        if depth > DEPTH_MAX || found.len() + open.len() > FORM_FIELDS_MAX {
            return too_many();
        }
        if !seen.insert(file, reference) {
            return Err(Error::Damaged { what: "the form's fields form a ring".to_owned() });
        }
        // Its name depends on what is above it.
        let is_top = above.is_top();
        if let Some(known) = is_top.then(|| file.known_field(reference)).flatten() {
            found.push((reference, known));
            continue;
        }
        let loaded = file.load(reference)?;
        let Some(dictionary) = loaded.object.as_dictionary().cloned() else { continue };
        let own = above.with(file, &dictionary)?;
        let kids = match &*file.look(&dictionary, "Kids")? {
            Object::Array(kids) => field_kids(file, kids)?,
            _ => Vec::new(),
        };
        if kids.is_empty() {
            let Above { name, field_type } = own;
            let field = Rc::new(Field { reference, name, dictionary, field_type });
            if is_top && is_alone(&field.dictionary) {
                file.keep_field(&loaded, &field)?;
            }
            found.push((reference, field));
        } else {
            // Each takes a copy of its name with it.
            if found.len() + open.len() + kids.len() > FORM_FIELDS_MAX {
                return too_many();
            }
            open.extend(kids.into_iter().rev().map(|kid| (kid, own.clone(), depth + 1)));
        }
    }
    Ok(found)
}

/// It has no kids, and says all of its name and type itself.
fn is_alone(field: &Dictionary) -> bool {
    let is_direct = |key| field.get(key).is_none_or(|value| value.as_reference().is_none());
    field.get("Kids").is_none() && is_direct("T") && is_direct("FT")
}

fn too_many<T>() -> Result<T, Error> {
    Err(Error::TooLarge { what: "the form has too many fields".to_owned() })
}

/// Kids that are fields, not mere widgets: those with a name of their own.
fn field_kids(file: &File<'_>, kids: &[Object]) -> Result<Vec<Reference>, Error> {
    let mut named = Vec::new();
    for kid in kids.iter().filter_map(Object::as_reference) {
        let object = file.load(kid)?.object;
        if object.as_dictionary().is_some_and(|dictionary| dictionary.get("T").is_some()) {
            named.push(kid);
        }
    }
    Ok(named)
}

#[derive(Debug, Clone)]
struct Above {
    name: String,
    field_type: Vec<u8>,
}

impl Above {
    fn is_top(&self) -> bool {
        self.name.is_empty() && self.field_type.is_empty()
    }

    fn with(&self, file: &File<'_>, field: &Dictionary) -> Result<Self, Error> {
        let part = file.look(field, "T")?.as_string().map(text::decode).unwrap_or_default();
        let name = if self.name.is_empty() { part } else { format!("{}.{part}", self.name) };
        if name.len() > READ_NAME_BYTES_MAX {
            return Err(Error::TooLarge { what: "a form field's name is too long".to_owned() });
        }
        let field_type =
            file.look(field, "FT")?.as_name().map_or_else(|| self.field_type.clone(), <[u8]>::to_vec);
        Ok(Self { name, field_type })
    }
}
