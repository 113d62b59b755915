//! Why: people send files whose cross-reference was broken by a mailer, a scanner or a cut download, and which every viewer
//! shows all the same. Such a file is rewritten once, before anything is built on it; a signed one never is.
//!
//! The objects are found by their `n g obj`, and go into the new file as they were read, object streams and encryption
//! included; only the cross-reference is made anew. What is referred to and cannot be found or read becomes null: it is nothing
//! for every viewer then, and for ever.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Error,
    crypt::{self, Crypt},
    fields::{Field, fields},
    file::{File, ObjectStream, header_offset, stream_bytes},
    object::{Dictionary, Object, Reference},
    pages::{Page, pages},
    parser::{Parser, is_space},
    xref::Place,
};
use crate::{
    inspect::inspect,
    limits::{OBJECTS_MAX, PAGES_MAX, PARSED_BYTES_MAX, PARSED_FILES_MAX, UNPACKED_BYTES_MAX},
    write::{integer, write_object},
};

/// What stands in the file under an object's number.
struct Found<'a> {
    /// Where: what comes later in the file is newer.
    at: usize,
    generation: u16,
    object: Object,
    stream: Option<&'a [u8]>,
}

/// Rewrites a damaged file that has no signature.
///
/// # Errors
/// [`Error::SignedAndDamaged`] for a signed file; else why nothing could be saved.
pub fn repair(bytes: &[u8]) -> Result<Vec<u8>, Error> {
    let kept = bytes.get(header_offset(bytes)?..).unwrap_or_default();
    let scan = Scan::of(kept)?;
    if scan.signed {
        return Err(Error::SignedAndDamaged);
    }
    let trailer = scan.trailer()?;
    let mut rewritten = write(&scan.objects, &BTreeSet::new(), trailer.clone())?;
    let lost = lost(&File::open(&rewritten)?)?;
    if !lost.is_empty() {
        rewritten = write(&scan.objects, &lost, trailer)?;
    }
    let file = File::open(&rewritten)?;
    file.uses()?.check_sound()?;
    let pages = pages(&file, PAGES_MAX)?;
    if pages.is_empty() {
        return Err(Error::Damaged { what: "no page could be saved".to_owned() });
    }
    for page in &pages {
        check_content(&file, page)?;
    }
    // Signatures may also hide in object streams, which only a file that can be read opens.
    if fields(&file)?.iter().any(Field::is_signed) {
        return Err(Error::SignedAndDamaged);
    }
    // There is damage that no cross-reference heals: a page that is a stream.
    inspect(&rewritten)?;
    Ok(rewritten)
}

/// What is referred to and is not there, or cannot be read. Nobody meant the cross-reference, which has got a number just now.
fn lost(file: &File<'_>) -> Result<BTreeSet<u32>, Error> {
    let uses = file.uses()?;
    let is_missing = |number: &u32| match file.xref.place(*number) {
        Some(Place::At { offset, .. }) => file.xref.is_at(offset),
        place => place.is_none(),
    };
    Ok(uses.used().filter(is_missing).chain(uses.lost()).collect())
}

/// A contract must not lose what is written on a page without a word: a page whose content is not there is not saved.
fn check_content(file: &File<'_>, page: &Page) -> Result<(), Error> {
    let parts: Vec<Reference> = match page.dictionary.get("Contents") {
        Some(Object::Reference(one)) => match file.load(*one)?.object {
            Object::Array(parts) => parts.iter().filter_map(Object::as_reference).collect(),
            _ => vec![*one],
        },
        Some(Object::Array(parts)) => parts.iter().filter_map(Object::as_reference).collect(),
        _ => Vec::new(),
    };
    for part in parts {
        if file.load(part)?.stream.is_none() {
            return Err(Error::Damaged {
                what: format!("the content of page object {} is lost", page.reference.number),
            });
        }
    }
    Ok(())
}

struct Scan<'a> {
    /// As its cross-reference has it, if that can be read: it tells how long streams are.
    file: Option<File<'a>>,
    objects: BTreeMap<u32, Found<'a>>,
    /// Trailers and dictionaries of cross-reference streams, in the file's order.
    trailers: Vec<Dictionary>,
    signed: bool,
    /// Bytes that were read in vain, where no object was after all.
    wasted: usize,
}

impl<'a> Scan<'a> {
    fn of(bytes: &'a [u8]) -> Result<Self, Error> {
        let file = File::open(bytes).ok();
        let mut scan =
            Self { file, objects: BTreeMap::new(), trailers: Vec::new(), signed: false, wasted: 0 };
        let mut at = 0;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            let begins = at == 0 || bytes.get(at - 1).is_some_and(|byte| is_space(*byte) || *byte == b'>');
            let after_keyword = bytes.get(at.saturating_sub(6)..at) == Some(b"endobj");
            if (begins || after_keyword) && rest.first().is_some_and(u8::is_ascii_digit) {
                at = scan.object(bytes, at)?;
            } else if begins && rest.starts_with(b"trailer") {
                let mut parser = Parser::new(bytes, at + b"trailer".len());
                if let Ok(Object::Dictionary(trailer)) = parser.object() {
                    scan.trailers.push(trailer);
                }
                at = parser.position().max(at + 1);
            } else {
                at += 1;
            }
        }
        Ok(scan)
    }

    /// Takes the object that may begin here; answers where to go on.
    fn object(&mut self, bytes: &'a [u8], at: usize) -> Result<usize, Error> {
        let digits = bytes.get(at..).unwrap_or_default().iter().take_while(|b| b.is_ascii_digit()).count();
        let mut parser = Parser::new(bytes, at);
        let Ok(found) = parser.indirect_object() else {
            self.wasted = self.wasted.saturating_add(parser.position().saturating_sub(at));
            if self.wasted > bytes.len().saturating_mul(PARSED_FILES_MAX).saturating_add(PARSED_BYTES_MAX) {
                return Err(Error::TooLarge { what: "the pieces of objects are too many".to_owned() });
            }
            return Ok(at + digits.max(1));
        };
        let (mut object, mut next, mut stream) = (found.object, found.end.max(at + digits), None);
        if let (Object::Dictionary(dictionary), Some(start)) = (&mut object, found.stream_start) {
            let length = match (dictionary.get("Length"), &self.file) {
                (Some(Object::Reference(_)), Some(file)) => match file.length(dictionary) {
                    // As long as the file, perhaps, and that of all its streams.
                    Err(error @ Error::TooLarge { .. }) => return Err(error),
                    length => length.ok().flatten(),
                },
                (direct, _) => direct.and_then(Object::as_usize),
            };
            let data = match stream_bytes(bytes, start, length) {
                Ok(data) => data,
                // The file ends within its last stream: what is there is kept.
                Err(_) => bytes.get(start..).unwrap_or_default(),
            };
            dictionary.set("Length", integer(data.len()));
            next = next.max(start + data.len());
            stream = Some(data);
        }
        if let Some(dictionary) = object.as_dictionary() {
            if dictionary.get("ByteRange").is_some() && dictionary.get("Contents").is_some() {
                self.signed = true;
            }
            if stream.is_some() && dictionary.is("Type", "XRef") {
                self.trailers.push(dictionary.clone());
                return Ok(next);
            }
        }
        let Reference { number, generation } = found.reference;
        if self.objects.len() >= OBJECTS_MAX || usize::try_from(number).unwrap_or(usize::MAX) >= OBJECTS_MAX {
            return Err(Error::TooLarge { what: format!("object numbers above {OBJECTS_MAX}") });
        }
        self.objects.insert(number, Found { at, generation, object, stream });
        Ok(next)
    }

    /// The newest trailer that names a catalog, or one made for the newest catalog that was found.
    fn trailer(&self) -> Result<Dictionary, Error> {
        let mut trailer = Dictionary::new();
        for key in ["Root", "Info", "Encrypt", "ID"] {
            if let Some(value) = self.trailers.iter().rev().find_map(|trailer| trailer.get(key)) {
                trailer.set(key, value.clone());
            }
        }
        if trailer.get("Root").is_some() {
            return Ok(trailer);
        }
        let catalog = self.objects.iter().rev().find(|(_, found)| {
            found.object.as_dictionary().is_some_and(|dictionary| dictionary.is("Type", "Catalog"))
        });
        let Some((number, found)) = catalog else {
            return Err(Error::Damaged { what: "no catalog could be found".to_owned() });
        };
        trailer.set("Root", Reference { number: *number, generation: found.generation }.into());
        Ok(trailer)
    }
}

/// Writes the objects one after another, the `lost` ones as null, with one cross-reference stream at the end.
fn write(
    objects: &BTreeMap<u32, Found<'_>>,
    lost: &BTreeSet<u32>,
    mut trailer: Dictionary,
) -> Result<Vec<u8>, Error> {
    let mut out = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n".to_vec();
    let mut rows = packed(objects, &trailer)?;
    for number in lost {
        rows.insert(*number, (1, out.len(), 0));
        out.extend_from_slice(format!("{number} 0 obj\nnull\nendobj\n").as_bytes());
    }
    for (number, found) in objects {
        if rows.contains_key(number) {
            continue;
        }
        rows.insert(*number, (1, out.len(), found.generation));
        out.extend_from_slice(format!("{number} {} obj\n", found.generation).as_bytes());
        write_object(&mut out, &found.object);
        if let Some(data) = found.stream {
            out.extend_from_slice(b"\nstream\n");
            out.extend_from_slice(data);
            out.extend_from_slice(b"\nendstream");
        }
        out.extend_from_slice(b"\nendobj\n");
    }
    if rows.len() >= OBJECTS_MAX {
        return Err(Error::TooLarge { what: format!("more than {OBJECTS_MAX} objects") });
    }
    let own = rows.keys().next_back().map_or(1, |last| last.saturating_add(1));
    let at = out.len();
    rows.insert(own, (1, at, 0));
    let mut plain = vec![0, 0, 0, 0, 0, 0xff, 0xff];
    let mut index = vec![Object::Integer(0), Object::Integer(1)];
    for (number, (kind, second, third)) in &rows {
        index.extend([Object::Integer((*number).into()), Object::Integer(1)]);
        plain.push(*kind);
        plain.extend_from_slice(&u32::try_from(*second).unwrap_or(u32::MAX).to_be_bytes());
        plain.extend_from_slice(&third.to_be_bytes());
    }
    trailer.set("Type", Object::name("XRef"));
    trailer.set("Size", Object::Integer(i64::from(own) + 1));
    trailer.set("W", Object::Array(vec![Object::Integer(1), Object::Integer(4), Object::Integer(2)]));
    trailer.set("Index", Object::Array(index));
    trailer.set("Length", integer(plain.len()));
    out.extend_from_slice(format!("{own} 0 obj\n").as_bytes());
    write_object(&mut out, &trailer.into());
    out.extend_from_slice(b"\nstream\n");
    out.extend_from_slice(&plain);
    out.extend_from_slice(format!("\nendstream\nendobj\nstartxref\n{at}\n%%EOF\n").as_bytes());
    Ok(out)
}

/// A row of the cross-reference: the kind of place, and the two numbers that say where it is.
type Row = (u8, usize, u16);

/// The objects that are in object streams and not newer elsewhere. A broken stream is left out.
fn packed(objects: &BTreeMap<u32, Found<'_>>, trailer: &Dictionary) -> Result<BTreeMap<u32, Row>, Error> {
    let encrypt = match trailer.get("Encrypt") {
        None | Some(Object::Null) => None,
        Some(Object::Reference(own)) => {
            objects.get(&own.number).and_then(|found| found.object.as_dictionary()).map(|d| (Some(*own), d))
        }
        Some(direct) => direct.as_dictionary().map(|dictionary| (None, dictionary)),
    };
    let crypt = match encrypt {
        Some((own, dictionary)) => {
            let id = trailer.get("ID").and_then(Object::as_array).and_then(|ids| ids.first());
            let id = id.and_then(Object::as_string).unwrap_or_default();
            Some(Crypt::open(dictionary, own, id)?)
        }
        None => None,
    };
    let mut rows = BTreeMap::new();
    let mut left = UNPACKED_BYTES_MAX;
    let mut newest_first: Vec<(&u32, &Found<'_>)> = objects.iter().collect();
    newest_first.sort_by_key(|(_, found)| std::cmp::Reverse(found.at));
    for (number, found) in newest_first {
        let (Some(dictionary), Some(data)) = (found.object.as_dictionary(), found.stream) else { continue };
        if !dictionary.is("Type", "ObjStm") {
            continue;
        }
        let reference = Reference { number: *number, generation: found.generation };
        let opened = crypt::open_stream(crypt.as_ref(), reference, dictionary, data)
            .and_then(|data| ObjectStream::open(*number, dictionary, &data, left));
        let Ok(opened) = opened else { continue };
        left = left.saturating_sub(opened.bytes());
        let stream = usize::try_from(*number).unwrap_or(usize::MAX);
        for (index, number) in opened.numbers().enumerate() {
            let is_newest = objects.get(&number).is_none_or(|alone| alone.at < found.at);
            if rows.len() >= OBJECTS_MAX {
                return Err(Error::TooLarge { what: format!("more than {OBJECTS_MAX} objects") });
            }
            if is_newest && let Ok(index) = u16::try_from(index) {
                rows.entry(number).or_insert((2, stream, index));
            }
        }
    }
    Ok(rows)
}
