//! Why: all that needs the file's structure happens here, before the key is asked; afterwards only the hole changes.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{DigestAlgorithm, Error, GrowingFile, PreparedSignature, SignRequest};
use crate::{
    appearance::{Appearance, FieldAppearance, Frame, Pictures},
    cross_page,
    limits::{HOLE_BYTES_MAX, HOLE_BYTES_MIN, TEXT_CHARS_MAX},
    prepare::{self, FieldKind, FieldSpec},
    read::{
        fields::{Field, fields},
        file::File,
        locks::{IS_CERTIFIED, IS_LOCKED, Locks},
        object::{Dictionary, Object, Reference},
        text,
    },
    write::{Increment, write_string},
};

/// The most appearances of one signer.
const APPEARANCES_MAX: usize = 500;
/// Digits of an offset in the byte range: files are at most 100 MB.
const OFFSET_DIGITS: usize = 10;

/// A revision with a hole, as it comes from whoever parsed the file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Layout {
    /// Offset of the hole's `<` in the whole file.
    pub(crate) hole_start: usize,
    /// Offset after the hole's `>`.
    pub(crate) hole_end: usize,
}

/// Appends the revision that fills the signer's fields, with a hole for the signature. A file that is given away is not copied.
///
/// # Errors
/// [`Error`]; nothing is signed when one field cannot be filled.
pub fn begin<'a>(bytes: impl Into<Cow<'a, [u8]>>, request: &SignRequest) -> Result<PreparedSignature, Error> {
    let bytes = bytes.into();
    let (tail, layout) = layout(&bytes, request)?;
    PreparedSignature::assemble(bytes.into_owned(), tail, &layout, request.digest)
}

impl PreparedSignature {
    /// Joins the file and its new revision, and takes the digest of all of it.
    pub(crate) fn assemble(
        bytes: Vec<u8>,
        tail: Vec<u8>,
        layout: &Layout,
        algorithm: DigestAlgorithm,
    ) -> Result<Self, Error> {
        let file = GrowingFile::new(bytes, algorithm)?;
        let prepared = file.prepared(tail, layout, algorithm)?;
        Ok(file.joined(prepared))
    }
}

/// The new revision's bytes, and where its hole is. The file itself is not copied.
pub(crate) fn layout(bytes: &[u8], request: &SignRequest) -> Result<(Vec<u8>, Layout), Error> {
    let (tail, layout, _) = further_layout(bytes, request, false)?;
    Ok((tail, layout))
}

/// The same, and whether the file's signatures are known to last: it was `looked_at` for an earlier signature, or is now.
pub(super) fn further_layout(
    bytes: &[u8],
    request: &SignRequest,
    looked_at: bool,
) -> Result<(Vec<u8>, Layout, bool), Error> {
    check(request)?;
    let file = File::open(bytes)?;
    let fields = fields(&file)?;
    let locks = Locks::of_file(&file, &fields)?;
    if locks.allow_no_change() {
        return Err(prepare::Error::Locked.into());
    }
    refuse_locked(&locks, &fields, request)?;
    let is_first = !fields.iter().any(Field::is_signed);
    let mut increment =
        if is_first || looked_at { Increment::new(&file) } else { Increment::lasting(&file)? };
    let signed = field_to_sign(&mut increment, &fields, request)?;
    let mut pictures = Pictures::default();
    for wanted in &request.appearances {
        if wanted.field != request.field {
            fill(&mut increment, &mut pictures, &fields, wanted)?;
        }
    }
    let value = increment.reserve();
    let (head, marks) = signature_dictionary(&increment, value, request)?;
    increment.put_holed(value, head, request.hole_bytes);
    set_signature(&mut increment, &mut pictures, signed, value, request, is_first)?;
    let (tail, layout) = place_range(increment, value, &marks)?;
    Ok((tail, layout, looked_at || !is_first))
}

/// Writes the revision, and the byte range into the signature dictionary.
pub(super) fn place_range(
    increment: Increment<'_, '_>,
    value: Reference,
    marks: &Marks,
) -> Result<(Vec<u8>, Layout), Error> {
    let bytes = increment.file.bytes;
    let mut revision = increment.finish()?;
    let lost = || Error::Request { what: "the signature's place is lost".to_owned() };
    let holed_at = revision.holed_offset(value).ok_or_else(lost)?;
    let layout = Layout { hole_start: holed_at + marks.hole_start, hole_end: holed_at + marks.hole_end };
    let end = bytes.len() + revision.tail.len();
    let range = format!("0 {} {} {}", layout.hole_start, layout.hole_end, end - layout.hole_end);
    let range_at = holed_at + marks.range_start - bytes.len();
    let place = revision.tail.get_mut(range_at..range_at + range.len()).ok_or_else(lost)?;
    place.copy_from_slice(range.as_bytes());
    Ok((revision.tail, layout))
}

fn check(request: &SignRequest) -> Result<(), Error> {
    let fail = |what: String| Err(Error::Request { what });
    if !(HOLE_BYTES_MIN..=HOLE_BYTES_MAX).contains(&request.hole_bytes) {
        return fail(format!("the hole has {HOLE_BYTES_MIN}–{HOLE_BYTES_MAX} bytes"));
    }
    if request.appearances.len() > APPEARANCES_MAX {
        return fail(format!("more than {APPEARANCES_MAX} appearances"));
    }
    let texts = [Some(&request.signer_name), request.reason.as_ref(), request.location.as_ref()];
    if texts.into_iter().flatten().any(|text| text.chars().count() > TEXT_CHARS_MAX) {
        return fail(format!("name, reason and location have at most {TEXT_CHARS_MAX} characters"));
    }
    let mut names: Vec<&str> = request.appearances.iter().map(|wanted| wanted.field.as_str()).collect();
    names.sort_unstable();
    if names.windows(2).any(|pair| pair[0] == pair[1]) {
        return fail("a field has two appearances".to_owned());
    }
    Ok(())
}

/// An earlier signature may have locked what this signer would fill: he would break it.
fn refuse_locked(locks: &Locks, fields: &[Field], request: &SignRequest) -> Result<(), Error> {
    let wanted = request.appearances.iter().map(|wanted| &wanted.field).chain([&request.field]);
    for name in wanted {
        let slices = || fields.iter().filter(|field| cross_page::slice_of(&field.name, name).is_some());
        if locks.cover(name) || slices().any(|slice| locks.cover(&slice.name)) {
            return Err(Error::Field { name: name.clone(), why: IS_LOCKED.to_owned() });
        }
    }
    let shows = request.new_field.is_some_and(|new| !new.rect.is_invisible());
    if locks.allow_no_new_mark() && shows && !fields.iter().any(|field| field.name == request.field) {
        return Err(Error::Field { name: request.field.clone(), why: IS_CERTIFIED.to_owned() });
    }
    Ok(())
}

/// The field that takes the signature: the prepared one, or a new one.
fn field_to_sign(
    increment: &mut Increment<'_, '_>,
    fields: &[Field],
    request: &SignRequest,
) -> Result<Reference, Error> {
    let name = &request.field;
    let fail = |why: &str| Err(Error::Field { name: name.clone(), why: why.to_owned() });
    match (fields.iter().find(|field| field.name == *name), request.new_field) {
        (Some(field), _) if !field.is_signature() => fail("it is no signature field"),
        (Some(field), _) if field.is_signed() => fail("it is signed already"),
        (Some(field), _) => Ok(field.reference),
        (None, Some(new)) => {
            let spec =
                FieldSpec { name: name.clone(), kind: FieldKind::Signature, page: new.page, rect: new.rect };
            let added = prepare::add_fields(increment, fields, &[spec])?;
            added.first().copied().map_or_else(|| fail("it was not made"), Ok)
        }
        (None, None) => fail("there is no such field"),
    }
}

/// Sets the appearance of one of the signer's other fields.
fn fill(
    increment: &mut Increment<'_, '_>,
    pictures: &mut Pictures,
    fields: &[Field],
    wanted: &FieldAppearance,
) -> Result<(), Error> {
    let fail = |why: &str| Err(Error::Field { name: wanted.field.clone(), why: why.to_owned() });
    let Some(field) = fields.iter().find(|field| field.name == wanted.field) else {
        return fill_slices(increment, pictures, fields, wanted);
    };
    let mut dictionary = field.dictionary.clone();
    match (field.field_type.as_slice(), &wanted.appearance) {
        (b"Tx", Appearance::Text { text: value, .. }) => {
            if field.dictionary.get("V").is_some() {
                return fail("it is filled already");
            }
            dictionary.set("V", Object::String(text::encode(value)));
        }
        (b"Tx", _) => return fail("a date or text field takes text"),
        (b"Btn", _) if field.dictionary.get("AP").is_some() => return fail("it is filled already"),
        (b"Btn", _) => {}
        (b"Sig", _) => return fail("a signature field is filled by its own signature only"),
        _ => return fail("it is of a kind that is not filled"),
    }
    let form = draw(increment, pictures, &dictionary, wanted)?;
    set_form(&mut dictionary, form);
    increment.put(field.reference, dictionary);
    Ok(())
}

/// Sets the slices of a cross-page seal, which has a field on every page and none of its own name.
fn fill_slices(
    increment: &mut Increment<'_, '_>,
    pictures: &mut Pictures,
    fields: &[Field],
    wanted: &FieldAppearance,
) -> Result<(), Error> {
    let fail = |why: &str| Err(Error::Field { name: wanted.field.clone(), why: why.to_owned() });
    let slice = |field| cross_page::slice_of(field, &wanted.field);
    let mut found = false;
    for field in fields.iter().filter(|field| field.field_type == b"Btn") {
        let Some(slice) = slice(&field.name) else { continue };
        if field.dictionary.get("AP").is_some() {
            return fail("it is filled already");
        }
        let mut dictionary = field.dictionary.clone();
        let Some(frame) = Frame::of(increment.file, &dictionary)? else { return fail("it is invisible") };
        let form = wanted.appearance.draw_slice(increment, pictures, frame, slice);
        let form = form.map_err(|source| Error::Appearance { name: wanted.field.clone(), source })?;
        set_form(&mut dictionary, form);
        increment.put(field.reference, dictionary);
        found = true;
    }
    if found { Ok(()) } else { fail("there is no such field") }
}

fn set_form(widget: &mut Dictionary, form: Reference) {
    widget.set("AP", Dictionary::of([("N", form.into())]).into());
}

fn set_signature(
    increment: &mut Increment<'_, '_>,
    pictures: &mut Pictures,
    field: Reference,
    value: Reference,
    request: &SignRequest,
    is_first: bool,
) -> Result<(), Error> {
    let name = &request.field;
    let mut dictionary = increment.current(field)?.into_dictionary().unwrap_or_default();
    dictionary.set("V", value.into());
    let Some(wanted) = request.appearances.iter().find(|wanted| wanted.field == *name) else {
        increment.put(field, dictionary);
        return Ok(());
    };
    if dictionary.get("Rect").is_some() {
        let form = draw(increment, pictures, &dictionary, wanted)?;
        set_form(&mut dictionary, form);
        increment.put(field, dictionary);
        return Ok(());
    }
    // The field was made by others and keeps its widget apart, where validators look for nobody's signature.
    if !is_first {
        let why =
            "its widget is an object of its own: to fill it would break the signatures before".to_owned();
        return Err(Error::Field { name: name.clone(), why });
    }
    let kids = increment.file.entry(&dictionary, "Kids")?;
    let kid = match kids.as_array() {
        Some([Object::Reference(kid)]) => *kid,
        _ => {
            return Err(Error::Field { name: name.clone(), why: "it has not exactly one widget".to_owned() });
        }
    };
    let mut widget = increment.current(kid)?.into_dictionary().unwrap_or_default();
    let form = draw(increment, pictures, &widget, wanted)?;
    set_form(&mut widget, form);
    increment.put(kid, widget);
    increment.put(field, dictionary);
    Ok(())
}

fn draw(
    increment: &mut Increment<'_, '_>,
    pictures: &mut Pictures,
    widget: &Dictionary,
    wanted: &FieldAppearance,
) -> Result<Reference, Error> {
    let frame = Frame::of(increment.file, widget)?;
    let Some(frame) = frame else {
        return Err(Error::Field { name: wanted.field.clone(), why: "it is invisible".to_owned() });
    };
    wanted
        .appearance
        .draw(increment, pictures, frame)
        .map_err(|source| Error::Appearance { name: wanted.field.clone(), source })
}

/// Places within the signature dictionary's bytes.
pub(super) struct Marks {
    range_start: usize,
    hole_start: usize,
    hole_end: usize,
}

fn signature_dictionary(
    increment: &Increment<'_, '_>,
    own: Reference,
    request: &SignRequest,
) -> Result<(Vec<u8>, Marks), Error> {
    let mut head = b"<</Type /Sig/Filter /Adobe.PPKLite/SubFilter /ETSI.CAdES.detached/M ".to_vec();
    write_string(&mut head, &increment.closed_string(own, text::date(request.signed_at_ms).as_bytes())?);
    let texts = [
        ("Name", Some(&request.signer_name)),
        ("Reason", request.reason.as_ref()),
        ("Location", request.location.as_ref()),
    ];
    for (key, value) in texts {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            head.extend_from_slice(format!("/{key} ").as_bytes());
            write_string(&mut head, &increment.closed_string(own, &text::encode(value))?);
        }
    }
    Ok(up_to_hole(head, request.hole_bytes))
}

/// Ends a signature dictionary's head with its byte range, up to the hole.
pub(super) fn up_to_hole(mut head: Vec<u8>, hole_bytes: usize) -> (Vec<u8>, Marks) {
    head.extend_from_slice(b"/ByteRange [");
    let range_start = head.len();
    // "0 a b c", with room for the offsets, which are known only when all is laid out.
    head.resize(range_start + 1 + 3 * (1 + OFFSET_DIGITS), b' ');
    head.extend_from_slice(b"]/Contents ");
    let hole_start = head.len();
    (head, Marks { range_start, hole_start, hole_end: hole_start + 2 * hole_bytes + 2 })
}
