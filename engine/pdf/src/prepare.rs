//! Why: one revision before the first signature makes every field, because a field that is made later breaks the
//! signatures before it. Each signer's revision then only fills what is there.

mod asked;

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashSet},
};

use serde::{Deserialize, Serialize};

use crate::{
    cross_page,
    geometry::{Rect, in_page_space, numbers, shown_size},
    limits::{FIELD_NAME_BYTES_MAX, FIELDS_MAX},
    read::{
        self,
        fields::{Field, form},
        file::File,
        locks::{IS_CERTIFIED, IS_LOCKED, Locks},
        object::{Dictionary, Object, Reference},
        pages::{Page, pages},
        text,
    },
    write::Increment,
};

/// Annotation flags (ISO 32000-2, table 167).
const PRINT: i64 = 1 << 2;
const LOCKED: i64 = 1 << 7;
/// Field flags (tables 227 and 229).
const READ_ONLY: i64 = 1;
const PUSH_BUTTON: i64 = 1 << 16;
/// Signature flags (table 225).
const SIGNATURES_EXIST: i64 = 1;
const APPEND_ONLY: i64 = 1 << 1;
const DEFAULT_APPEARANCE: &[u8] = b"/Helv 10 Tf 0 g";

/// What a field takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    /// A digital signature, shown as a drawn signature.
    Signature,
    /// A digital signature, shown as a seal.
    Seal,
    /// A picture without a digital signature of its own: a further seal or signature of a signer who signs elsewhere.
    Picture,
    /// The date of signing; read-only for people with a viewer.
    Date,
    /// A line of text; read-only for people with a viewer.
    Text,
    /// A seal across the edges of all pages from the given one on, see [`crate::cross_page`]. Of the place, the width and height
    /// are the whole impression's, and `y` is where it stands; it is always at the right edge.
    CrossPageSeal,
}

impl FieldKind {
    /// The field takes a digital signature.
    #[must_use]
    pub const fn is_signature(self) -> bool {
        matches!(self, Self::Signature | Self::Seal)
    }
}

/// A field to be made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FieldSpec {
    /// Unique name in the file; no `.`, at most 128 bytes.
    pub name: String,
    /// What it takes.
    pub kind: FieldKind,
    /// Page number, from 1.
    pub page: usize,
    /// Where it is on the page as shown.
    pub rect: Rect,
}

/// Why a file cannot be prepared.
#[derive(Debug, Clone, PartialEq, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Error {
    /// The file cannot be read.
    #[error("the file cannot be read")]
    Read {
        /// Why.
        #[source]
        source: read::Error,
    },
    /// The file is signed: only signature fields may still be added.
    #[error("the file is signed already: a {field_kind:?} field would break the signatures")]
    AlreadySigned {
        /// The kind that is refused.
        field_kind: FieldKind,
    },
    /// The file's author certified it and allows no change.
    #[error("the file is certified and allows no change")]
    Locked,
    /// A field cannot be made as asked.
    #[error("field {name:?}: {why}")]
    Field {
        /// The field's name.
        name: String,
        /// What is wrong with it.
        why: String,
    },
    /// More fields than one preparation makes.
    #[error("more than {max} fields")]
    TooManyFields {
        /// The limit.
        max: usize,
    },
}

impl From<read::Error> for Error {
    fn from(source: read::Error) -> Self {
        Self::Read { source }
    }
}

/// Appends one revision that makes all `fields`. The given bytes stay as they are, at the front of the answer; only bytes
/// before the PDF header are dropped, from a file that has no signature.
///
/// # Errors
/// [`Error`]; nothing is made when one field is wrong.
pub fn prepare(bytes: &[u8], fields: &[FieldSpec]) -> Result<Vec<u8>, Error> {
    let (from, tail) = revision(bytes, fields)?;
    Ok([bytes.get(from..).unwrap_or_default(), &tail].concat())
}

/// Where the file begins to be a PDF, and the bytes that [`prepare`] appends.
pub(crate) fn revision(bytes: &[u8], fields: &[FieldSpec]) -> Result<(usize, Vec<u8>), Error> {
    let kept = read::from_header(bytes)?;
    let from = bytes.len() - kept.len();
    let file = File::open(kept)?;
    let old = read::fields::fields(&file)?;
    if from > 0 && old.iter().any(Field::is_signed) {
        return Err(read::Error::Damaged {
            what: "there are bytes before the header of a signed file".to_owned(),
        }
        .into());
    }
    let mut increment = Increment::lasting(&file)?;
    let locks = Locks::of_file(&file, &old)?;
    if locks.allow_no_change() {
        return Err(Error::Locked);
    }
    if let Some(spec) = fields.iter().find(|spec| locks.cover(&spec.name)) {
        return Err(Error::Field { name: spec.name.clone(), why: IS_LOCKED.to_owned() });
    }
    if let Some(spec) = fields.iter().find(|spec| locks.allow_no_new_mark() && !spec.rect.is_invisible()) {
        return Err(Error::Field { name: spec.name.clone(), why: IS_CERTIFIED.to_owned() });
    }
    add_fields(&mut increment, &old, fields)?;
    Ok((from, increment.finish()?.tail))
}

/// Adds the fields to the form, beside the `old` ones, and their widgets to the pages. Answers their references, in the same
/// order.
pub(crate) fn add_fields(
    increment: &mut Increment<'_, '_>,
    old: &[Field],
    specs: &[FieldSpec],
) -> Result<Vec<Reference>, Error> {
    let file = increment.file;
    let signed = old.iter().any(Field::is_signed);
    if let Some(spec) = specs.iter().find(|spec| signed && !spec.kind.is_signature()) {
        return Err(Error::AlreadySigned { field_kind: spec.kind });
    }
    let crosses = specs.iter().any(|spec| spec.kind == FieldKind::CrossPageSeal);
    let count_max = specs.iter().map(|spec| spec.page).max().unwrap_or(0);
    let pages = pages(file, if crosses { usize::MAX } else { count_max })?;
    let specs = if crosses { Cow::Owned(with_slices(specs, &pages)?) } else { Cow::Borrowed(specs) };
    check_names(old, &specs)?;
    let mut widgets: BTreeMap<usize, Vec<Reference>> = BTreeMap::new();
    let mut references = Vec::with_capacity(specs.len());
    for spec in specs.iter() {
        let page = page_of(&pages, spec)?;
        let reference = increment.add(widget(page, spec));
        widgets.entry(spec.page).or_default().push(reference);
        references.push(reference);
    }
    for (number, added) in &widgets {
        if let Some(page) = pages.get(number - 1) {
            append(increment, page.reference, "Annots", added)?;
        }
    }
    if !signed && let Some(form) = form(file)? {
        asked::draw_values(increment, &form, old)?;
    }
    extend_form(increment, &specs, &references, signed)?;
    Ok(references)
}

/// The fields, with each cross-page seal's slices in its place.
fn with_slices(specs: &[FieldSpec], pages: &[Page]) -> Result<Vec<FieldSpec>, Error> {
    let mut all = Vec::with_capacity(specs.len());
    for spec in specs {
        if spec.kind != FieldKind::CrossPageSeal {
            all.push(spec.clone());
            continue;
        }
        let slices = cross_page::expand(spec, pages);
        all.extend(slices.map_err(|why| Error::Field { name: spec.name.clone(), why })?);
    }
    Ok(all)
}

fn check_names(old: &[Field], specs: &[FieldSpec]) -> Result<(), Error> {
    if specs.len() > FIELDS_MAX {
        return Err(Error::TooManyFields { max: FIELDS_MAX });
    }
    let mut taken: HashSet<&str> = old.iter().map(|field| field.name.as_str()).collect();
    for spec in specs {
        let wrong = if spec.name.is_empty() || spec.name.len() > FIELD_NAME_BYTES_MAX {
            Some(format!("a name has 1–{FIELD_NAME_BYTES_MAX} bytes"))
        } else if spec.name.contains(|c: char| c == '.' || c.is_control()) {
            Some("a name has no dots and no control characters".to_owned())
        } else if !taken.insert(&spec.name) {
            Some("the name is taken".to_owned())
        } else {
            None
        };
        if let Some(why) = wrong {
            return Err(Error::Field { name: spec.name.chars().take(FIELD_NAME_BYTES_MAX).collect(), why });
        }
    }
    Ok(())
}

fn page_of<'p>(pages: &'p [Page], spec: &FieldSpec) -> Result<&'p Page, Error> {
    let wrong = |why: String| Error::Field { name: spec.name.clone(), why };
    let page = spec.page.checked_sub(1).and_then(|index| pages.get(index));
    let page = page.ok_or_else(|| wrong(format!("there is no page {}", spec.page)))?;
    if spec.rect.is_invisible() && !spec.kind.is_signature() {
        return Err(wrong("only a signature can be invisible".to_owned()));
    }
    match spec.rect.fault(shown_size(page)) {
        Some(why) => Err(wrong(why)),
        None => Ok(page),
    }
}

/// The field, which is its own and only widget.
fn widget(page: &Page, spec: &FieldSpec) -> Dictionary {
    let rect = if spec.rect.is_invisible() { [0.0; 4] } else { in_page_space(page, &spec.rect) };
    let mut widget = Dictionary::of([
        ("Type", Object::name("Annot")),
        ("Subtype", Object::name("Widget")),
        ("T", Object::String(text::encode(&spec.name))),
        ("F", Object::Integer(PRINT | LOCKED)),
        ("P", page.reference.into()),
        ("Rect", numbers(&rect)),
    ]);
    if page.rotate != 0 {
        let style = Dictionary::of([("R", Object::Integer(page.rotate.into()))]);
        widget.set("MK", style.into());
    }
    match spec.kind {
        FieldKind::Signature | FieldKind::Seal => widget.set("FT", Object::name("Sig")),
        FieldKind::Date | FieldKind::Text => {
            widget.set("FT", Object::name("Tx"));
            widget.set("Ff", Object::Integer(READ_ONLY));
            widget.set("DA", Object::String(DEFAULT_APPEARANCE.to_vec()));
        }
        FieldKind::Picture | FieldKind::CrossPageSeal => {
            widget.set("FT", Object::name("Btn"));
            widget.set("Ff", Object::Integer(READ_ONLY | PUSH_BUTTON));
        }
    }
    widget
}

/// Appends to an array of a dictionary object, wherever the array stands.
fn append(
    increment: &mut Increment<'_, '_>,
    holder: Reference,
    key: &str,
    added: &[Reference],
) -> Result<(), read::Error> {
    let damaged = || read::Error::Damaged { what: format!("object {} is no dictionary", holder.number) };
    let mut dictionary = increment.current(holder)?.into_dictionary().ok_or_else(damaged)?;
    if let Some(array) = extended(increment, &dictionary, key, added)? {
        dictionary.set(key, array);
        increment.put(holder, dictionary);
    }
    Ok(())
}

/// The longer array, to be set; none when the entry names an object that is one, which is replaced here.
fn extended(
    increment: &mut Increment<'_, '_>,
    dictionary: &Dictionary,
    key: &str,
    added: &[Reference],
) -> Result<Option<Object>, read::Error> {
    let added = added.iter().copied().map(Object::from);
    if let Some(Object::Reference(own)) = dictionary.get(key)
        && let Object::Array(mut items) = increment.current(*own)?
    {
        items.extend(added);
        increment.put(*own, Object::Array(items));
        return Ok(None);
    }
    // What is no list may be in use elsewhere, and stays as it is.
    let mut items = match increment.file.entry(dictionary, key)? {
        Object::Array(items) => items,
        _ => Vec::new(),
    };
    items.extend(added);
    Ok(Some(Object::Array(items)))
}

fn extend_form(
    increment: &mut Increment<'_, '_>,
    specs: &[FieldSpec],
    added: &[Reference],
    signed: bool,
) -> Result<(), read::Error> {
    let old = form(increment.file)?;
    // A form that stands in the catalog moves to an object of its own, unless that would break a signature.
    let stays = signed && old.is_some();
    let (reference, mut form) = match old {
        Some(old) => (old.reference, old.dictionary),
        None => (None, Dictionary::new()),
    };
    if !signed {
        drop_lost_fields(increment, &mut form)?;
    }
    if let Some(fields) = extended(increment, &form, "Fields", added)? {
        form.set("Fields", fields);
    }
    if specs.iter().any(|spec| spec.kind.is_signature()) {
        let flags = increment.file.entry(&form, "SigFlags")?.as_integer().unwrap_or(0);
        form.set("SigFlags", Object::Integer(flags | SIGNATURES_EXIST | APPEND_ONLY));
    }
    if !signed {
        // Viewers must show our appearances and not make their own, nor show an XFA form instead of the pages.
        form.remove("NeedAppearances");
        form.remove("XFA");
        if specs.iter().any(|spec| matches!(spec.kind, FieldKind::Date | FieldKind::Text)) {
            add_default_font(increment, &mut form)?;
        }
    }
    match reference {
        Some(reference) => increment.put(reference, form),
        None => {
            let (root, _) = increment.file.catalog()?;
            let mut catalog = increment.current(root)?.into_dictionary().unwrap_or_default();
            let form = if stays { form.into() } else { increment.add(form).into() };
            catalog.set("AcroForm", form);
            increment.put(root, catalog);
        }
    }
    Ok(())
}

/// Programs that join files may leave fields in the list that they did not take along (`pdfunite` does). Others then refuse the
/// form, and each signature after the first with it.
fn drop_lost_fields(increment: &Increment<'_, '_>, form: &mut Dictionary) -> Result<(), read::Error> {
    let Object::Array(mut fields) = increment.file.entry(form, "Fields")? else { return Ok(()) };
    let all = fields.len();
    fields.retain(|field| field.as_reference().is_none_or(|field| increment.file.xref.has(field)));
    if fields.len() < all {
        form.set("Fields", Object::Array(fields));
    }
    Ok(())
}

/// Text fields must name a font; ours bring their own with their appearance.
fn add_default_font(increment: &Increment<'_, '_>, form: &mut Dictionary) -> Result<(), read::Error> {
    let mut resources = increment.file.entry(form, "DR")?.into_dictionary().unwrap_or_default();
    let mut fonts = increment.file.entry(&resources, "Font")?.into_dictionary().unwrap_or_default();
    if fonts.get("Helv").is_none() {
        let helvetica = Dictionary::of([
            ("Type", Object::name("Font")),
            ("Subtype", Object::name("Type1")),
            ("BaseFont", Object::name("Helvetica")),
            ("Encoding", Object::name("WinAnsiEncoding")),
        ]);
        fonts.set("Helv", helvetica.into());
        resources.set("Font", fonts.into());
        form.set("DR", resources.into());
    }
    if form.get("DA").is_none() {
        form.set("DA", Object::String(DEFAULT_APPEARANCE.to_vec()));
    }
    Ok(())
}
