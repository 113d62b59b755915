//! Why: whether an object may differ depends on who refers to it, and what nobody refers to shows nowhere. The whole file is
//! read for it once, and of each reference only its kind is kept.

use std::collections::HashSet;

use super::{
    Error,
    file::{File, Loaded},
    object::{Dictionary, Object, Reference},
    parser::Parser,
    xref::{Place, Xref},
};
use crate::limits::OBJECTS_MAX;

/// As what an object is referred to. Each is a bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Use {
    /// The trailer's `/Root`.
    Root = 1,
    /// The trailer's `/Info`.
    Information = 1 << 1,
    /// The catalog's `/Metadata`.
    Metadata = 1 << 2,
    /// The catalog's `/DSS`.
    ValidationData = 1 << 3,
    /// The catalog's `/AcroForm`.
    Form = 1 << 4,
    /// The whole list of a form's or page's fields: `/Fields` or `/Annots`.
    List = 1 << 5,
    /// What leads back, or only says what is meant: `/Parent`, and `/Data` of a signature. Nothing is drawn by it.
    Aside = 1 << 6,
    Other = 1 << 7,
}

/// Who refers to what, and what cannot be told.
#[derive(Debug, Default)]
pub(crate) struct Uses {
    /// By number, the bits of [`Use`].
    bits: Vec<u8>,
    /// Objects that cannot be read, so that what they refer to is not known.
    pub(crate) unreadable: Vec<u32>,
    /// Objects that more bytes after the end of the file would make longer: a stream whose `/Length` leads there, and what the
    /// file ends with.
    pub(crate) open: Vec<u32>,
    /// References that lead to nothing.
    pub(crate) hanging: HashSet<Reference>,
    /// Streams whose `/Length` is wrong: readers find their ends, each in its way.
    misjudged: Vec<u32>,
}

/// In what a reference stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holder {
    Trailer,
    Catalog,
}

impl Uses {
    pub(super) fn of(file: &File<'_>) -> Result<Self, Error> {
        let mut uses = Self::default();
        let mut found = Vec::new();
        entries(&mut found, &file.xref.trailer, Holder::Trailer);
        uses.add_all(&file.xref, &found);
        let root = file.xref.trailer.get("Root").and_then(Object::as_reference).map(|root| root.number);
        for (number, place) in file.xref.iter().filter(|(_, place)| *place != Place::Free) {
            let is_root = root == Some(number);
            if file.known_references((number, place), is_root, |known| uses.add_all(&file.xref, known)) {
                continue;
            }
            let loaded = match file.load_number(number) {
                Ok(loaded) => loaded,
                Err(Error::Damaged { .. }) => {
                    uses.unreadable.push(number);
                    continue;
                }
                Err(error) => return Err(error),
            };
            found.clear();
            match &loaded.object {
                Object::Dictionary(dictionary) if is_root => entries(&mut found, dictionary, Holder::Catalog),
                // Those of earlier revisions are trailers as well.
                Object::Dictionary(dictionary)
                    if loaded.stream.is_some() && dictionary.is("Type", "XRef") =>
                {
                    entries(&mut found, dictionary, Holder::Trailer);
                }
                object => nested(&mut found, object, Use::Other),
            }
            uses.add_all(&file.xref, &found);
            match end(file, &loaded)? {
                End::Open => uses.open.push(number),
                End::Elsewhere => uses.misjudged.push(number),
                End::Closed => file.keep_references((number, place), is_root, &loaded, &found)?,
            }
        }
        Ok(uses)
    }

    /// A file must not be signed when the next revision would break the signature: objects could go on in its bytes, or nobody
    /// can tell what they are.
    ///
    /// # Errors
    /// [`Error::Damaged`] for the first such object; [`super::repair()`] mends them.
    pub(crate) fn check_lasting(&self) -> Result<(), Error> {
        let damaged = |number: u32, how: &str| Err(Error::Damaged { what: format!("object {number} {how}") });
        if let Some(number) = self.open.first() {
            return damaged(*number, "ends after the end of the file");
        }
        match self.lost().next() {
            Some(number) => damaged(number, "is in use and cannot be read"),
            None => Ok(()),
        }
    }

    /// What is built on must also be read in one way by all.
    ///
    /// # Errors
    /// [`Error::Damaged`], as for [`Self::check_lasting`], and for a stream that is not as long as it says.
    pub(crate) fn check_sound(&self) -> Result<(), Error> {
        self.check_lasting()?;
        match self.misjudged.iter().find(|number| self.is_used(**number)) {
            Some(number) => {
                Err(Error::Damaged { what: format!("stream {number} is not as long as it says") })
            }
            None => Ok(()),
        }
    }

    /// Objects that are in use and cannot be read.
    pub(crate) fn lost(&self) -> impl Iterator<Item = u32> {
        self.unreadable.iter().copied().filter(|number| self.is_used(*number))
    }

    /// All numbers that something refers to.
    pub(super) fn used(&self) -> impl Iterator<Item = u32> {
        (0_u32..).zip(&self.bits).filter(|(_, bits)| **bits != 0).map(|(number, _)| number)
    }

    /// A number above all that something refers to, though there may be no object of that number.
    pub(crate) fn next_number(&self) -> u32 {
        u32::try_from(self.bits.len()).unwrap_or(u32::MAX)
    }

    /// Whether anything refers to the object.
    pub(crate) fn is_used(&self, number: u32) -> bool {
        self.bits(number) != 0
    }

    /// Whether nothing refers to the object in another way.
    pub(crate) fn is_only(&self, number: u32, ways: &[Use]) -> bool {
        self.bits(number) & !ways.iter().fold(0, |bits, way| bits | *way as u8) == 0
    }

    fn bits(&self, number: u32) -> u8 {
        usize::try_from(number).ok().and_then(|number| self.bits.get(number)).copied().unwrap_or(0)
    }

    fn add_all(&mut self, xref: &Xref, found: &[(Reference, Use)]) {
        for (reference, way) in found {
            if !xref.has(*reference) {
                self.hanging.insert(*reference);
            }
            self.add(reference.number, *way);
        }
    }

    fn add(&mut self, number: u32, way: Use) {
        let index = usize::try_from(number).unwrap_or(usize::MAX);
        if index >= OBJECTS_MAX {
            return;
        }
        if index >= self.bits.len() {
            self.bits.resize(index + 1, 0);
        }
        if let Some(bits) = self.bits.get_mut(index) {
            *bits |= way as u8;
        }
    }
}

/// The entries of a trailer or of the catalog, which name some objects in ways of their own.
fn entries(found: &mut Vec<(Reference, Use)>, dictionary: &Dictionary, holder: Holder) {
    for (key, value) in dictionary.iter() {
        let way = match (holder, key) {
            (Holder::Trailer, b"Root") => Use::Root,
            (Holder::Trailer, b"Info") => Use::Information,
            (Holder::Catalog, b"Metadata") => Use::Metadata,
            (Holder::Catalog, b"DSS") => Use::ValidationData,
            (Holder::Catalog, b"AcroForm") => Use::Form,
            _ => of_key(key),
        };
        nested(found, value, way);
    }
}

/// Nesting is limited by the parser.
fn nested(found: &mut Vec<(Reference, Use)>, object: &Object, way: Use) {
    match object {
        Object::Reference(reference) => found.push((*reference, way)),
        Object::Array(items) => items.iter().for_each(|item| nested(found, item, Use::Other)),
        Object::Dictionary(dictionary) => {
            dictionary.iter().for_each(|(key, value)| nested(found, value, of_key(key)));
        }
        _ => {}
    }
}

const fn of_key(key: &[u8]) -> Use {
    match key {
        b"Fields" | b"Annots" => Use::List,
        b"Parent" | b"Data" => Use::Aside,
        _ => Use::Other,
    }
}

/// Where an object ends.
enum End {
    Closed,
    /// It could go on in bytes that are appended to the file.
    Open,
    /// Not where its length says.
    Elsewhere,
}

fn end(file: &File<'_>, loaded: &Loaded<'_>) -> Result<End, Error> {
    let end_of = |is_open: bool| if is_open { End::Open } else { End::Closed };
    let Some((_, end)) = loaded.span else { return Ok(End::Closed) };
    let (Some(data), Some(dictionary)) = (loaded.stream, loaded.object.as_dictionary()) else {
        return Ok(end_of(leads_out(file.bytes, end)));
    };
    let length = match file.entry(dictionary, "Length") {
        Ok(length) => length,
        Err(Error::Damaged { .. }) => return Ok(End::Elsewhere),
        Err(error) => return Err(error),
    };
    let start = data.as_ptr().addr().saturating_sub(file.bytes.as_ptr().addr());
    let number = length.as_f64().unwrap_or(0.0);
    if number >= 0.0 && leads_out(file.bytes, start.saturating_add(number as usize)) {
        return Ok(End::Open);
    }
    let is_there = length.as_usize().is_some_and(|length| {
        Parser::new(file.bytes, start.saturating_add(length)).take_keyword("endstream")
    });
    Ok(if is_there { End::Closed } else { End::Elsewhere })
}

/// Whether what is looked for at this place could stand past the end.
pub(super) fn leads_out(bytes: &[u8], at: usize) -> bool {
    settled(bytes, at) >= bytes.len()
}

/// What is looked for here ends before so many bytes, as [`leads_out`] has it.
pub(super) fn after(bytes: &[u8], at: usize) -> usize {
    settled(bytes, at).saturating_add(1)
}

/// Where a keyword of the length of `endstream` would end that is looked for at this place.
fn settled(bytes: &[u8], at: usize) -> usize {
    let mut parser = Parser::new(bytes, at);
    parser.skip_space();
    // A number, and more digits: with an `R` after them it would be a reference.
    if parser.take_unsigned().is_some() {
        parser.skip_space();
    }
    parser.position().saturating_add(b"endstream".len())
}
