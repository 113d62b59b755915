//! Why: the cross-reference says where every object is, revision by revision; it is followed from the newest revision back.
//!
//! The revisions of a file that is validated have most sections in common, so these are read once ([`Sections`]).

mod sections;

pub(super) use self::sections::Sections;
use self::sections::{Entries, Stored};
use super::{
    Error,
    file::{check_parsed, stream_bytes},
    filter,
    object::{Dictionary, Object, Reference},
    parser::{Parser, is_space},
    uses::after,
};
use crate::limits::{OBJECTS_MAX, REVISIONS_MAX, STREAM_BYTES_MAX, UNPACKED_BYTES_MAX};

/// Where an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Free,
    /// At an offset of the file.
    At {
        offset: usize,
        generation: u16,
    },
    /// In an object stream.
    In {
        stream: u32,
        index: usize,
    },
}

/// Form of a cross-reference section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum XrefKind {
    Table,
    Stream,
}

/// One revision's section.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Section {
    /// Where it is in the file: what `startxref` or `/Prev` said.
    pub(crate) offset: usize,
    pub(crate) kind: XrefKind,
}

/// The cross-reference of a whole file.
#[derive(Debug)]
pub(crate) struct Xref {
    places: Vec<Option<Place>>,
    /// Newest first.
    pub(crate) sections: Vec<Section>,
    /// Offsets of the streams that tables name beside themselves (`/XRefStm`).
    hidden: Vec<usize>,
    /// The newest section's trailer.
    pub(crate) trailer: Dictionary,
    /// What its streams unpacked to, in bytes.
    unpacked: usize,
    /// Bytes of its streams' objects that were read so far.
    parsed: usize,
}

impl Xref {
    /// Follows the chain from `startxref`. Sections that are known from other revisions are not read again.
    pub(super) fn read(bytes: &[u8], known: Option<&Sections>) -> Result<Self, Error> {
        let mut xref = Self {
            places: Vec::new(),
            sections: Vec::new(),
            hidden: Vec::new(),
            trailer: Dictionary::new(),
            unpacked: 0,
            parsed: 0,
        };
        let mut next = Some(start(bytes)?);
        while let Some(offset) = next {
            if xref.sections.iter().any(|section| section.offset == offset) {
                return damaged("the revisions form a ring");
            }
            if xref.sections.len() >= REVISIONS_MAX {
                return Err(Error::TooLarge { what: format!("more than {REVISIONS_MAX} revisions") });
            }
            let first = xref.sections.is_empty();
            let trailer = xref.known_or_read(bytes, offset, known)?;
            // Others refuse a trailer without it, so nothing is built on one.
            if trailer.get("Size").and_then(Object::as_usize).is_none() {
                return damaged("a trailer has no /Size");
            }
            next = match trailer.get("Prev") {
                None => None,
                Some(previous) => match previous.as_usize() {
                    Some(previous) => Some(previous),
                    None => return damaged("/Prev is no offset"),
                },
            };
            if first {
                xref.trailer = trailer;
            }
        }
        Ok(xref)
    }

    /// Where the object is.
    pub(crate) fn place(&self, number: u32) -> Option<Place> {
        self.places.get(usize::try_from(number).ok()?).copied().flatten()
    }

    /// Whether the reference leads to an object.
    pub(crate) fn has(&self, reference: Reference) -> bool {
        match self.place(reference.number) {
            None | Some(Place::Free) => false,
            Some(Place::At { generation, .. }) => generation == reference.generation,
            Some(Place::In { .. }) => reference.generation == 0,
        }
    }

    /// All objects that are named, with their places.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, Place)> {
        (0_u32..).zip(&self.places).filter_map(|(number, place)| place.map(|place| (number, place)))
    }

    /// Whether the cross-reference itself was read at this offset.
    pub(crate) fn is_at(&self, offset: usize) -> bool {
        self.sections.iter().any(|section| section.offset == offset) || self.hidden.contains(&offset)
    }

    /// The lowest number above all that are named.
    pub(crate) fn numbers_end(&self) -> usize {
        self.places.len()
    }

    /// A number above all that are in use.
    pub(crate) fn next_number(&self) -> u32 {
        let size = self.trailer.get("Size").and_then(Object::as_usize).unwrap_or(0).min(OBJECTS_MAX);
        u32::try_from(size.max(self.places.len())).unwrap_or(u32::MAX)
    }

    fn put(&mut self, number: u64, place: Place) -> Result<(), Error> {
        let index = usize::try_from(number).unwrap_or(usize::MAX);
        if index >= OBJECTS_MAX {
            return Err(Error::TooLarge { what: format!("object numbers above {OBJECTS_MAX}") });
        }
        if index >= self.places.len() {
            self.places.resize(index + 1, None);
        }
        if let Some(slot) = self.places.get_mut(index) {
            slot.get_or_insert(place);
        }
        Ok(())
    }

    fn count(&mut self, parsed: usize, bytes: &[u8]) -> Result<(), Error> {
        self.parsed = self.parsed.saturating_add(parsed);
        check_parsed(self.parsed, bytes.len())
    }

    fn known_or_read(
        &mut self,
        bytes: &[u8],
        offset: usize,
        known: Option<&Sections>,
    ) -> Result<Dictionary, Error> {
        let Some(known) = known else { return self.section(bytes, offset, &mut Entries::default()) };
        if let Some(stored) = known.at(offset, bytes) {
            return self.take(&stored, bytes);
        }
        known.count();
        let (parsed, unpacked, hidden) = (self.parsed, self.unpacked, self.hidden.len());
        let mut entries = Entries::kept();
        let trailer = self.section(bytes, offset, &mut entries)?;
        if let (Some(section), Some((entries, bytes_min))) = (self.sections.last(), entries.finish()) {
            let stored = Stored {
                section: *section,
                hidden: self.hidden.get(hidden).copied(),
                entries,
                trailer: trailer.clone(),
                parsed: self.parsed - parsed,
                unpacked: self.unpacked - unpacked,
                bytes_min,
            };
            known.keep(stored, bytes);
        }
        Ok(trailer)
    }

    /// Takes over a section that was read for another revision.
    fn take(&mut self, stored: &Stored, bytes: &[u8]) -> Result<Dictionary, Error> {
        self.sections.push(stored.section);
        self.hidden.extend(stored.hidden);
        self.count(stored.parsed, bytes)?;
        self.unpacked = self.unpacked.saturating_add(stored.unpacked);
        if self.unpacked > UNPACKED_BYTES_MAX {
            return Err(Error::TooLarge { what: format!("more than {UNPACKED_BYTES_MAX} bytes unpacked") });
        }
        for (number, place) in &stored.entries {
            self.put(*number, *place)?;
        }
        Ok(stored.trailer.clone())
    }

    /// Puts an entry, and notes it for other revisions.
    fn enter(&mut self, entries: &mut Entries, number: u64, place: Place) -> Result<(), Error> {
        entries.note(number, place);
        self.put(number, place)
    }

    fn section(&mut self, bytes: &[u8], offset: usize, entries: &mut Entries) -> Result<Dictionary, Error> {
        let mut parser = Parser::new(bytes, offset);
        if offset >= bytes.len() {
            return damaged("a cross-reference is outside the file");
        }
        if !parser.take_keyword("xref") {
            self.sections.push(Section { offset, kind: XrefKind::Stream });
            return self.stream(bytes, offset, entries);
        }
        self.sections.push(Section { offset, kind: XrefKind::Table });
        let mut free = Vec::new();
        while !parser.take_keyword("trailer") {
            self.subsection(&mut parser, &mut free, entries)?;
        }
        let Object::Dictionary(trailer) = parser.object()? else {
            return damaged("the trailer is no dictionary");
        };
        // Nothing behind a dictionary is looked at.
        entries.looked_at(Some(parser.position()));
        // A hybrid file hides the objects of its stream behind free entries of the table.
        if let Some(hidden) = trailer.get("XRefStm").and_then(Object::as_usize) {
            self.hidden.push(hidden);
            self.stream(bytes, hidden, entries)?;
        }
        for number in free {
            self.enter(entries, number, Place::Free)?;
        }
        Ok(trailer)
    }

    fn subsection(
        &mut self,
        parser: &mut Parser<'_>,
        free: &mut Vec<u64>,
        entries: &mut Entries,
    ) -> Result<(), Error> {
        let (Some(mut first), Some(count)) = (parser.take_unsigned(), parser.take_unsigned()) else {
            return parser.damaged("the cross-reference table is broken");
        };
        for index in 0..count {
            let (Some(offset), Some(generation)) = (parser.take_unsigned(), parser.take_unsigned()) else {
                return parser.damaged("the cross-reference table is broken");
            };
            let in_use = parser.take_keyword("n");
            if !in_use && !parser.take_keyword("f") {
                return parser.damaged("the cross-reference table is broken");
            }
            // Some writers number the first table from 1, though its first entry is the head of the free list.
            if index == 0 && first == 1 && !in_use && generation == 65_535 {
                first = 0;
            }
            let number = first.saturating_add(index);
            match (usize::try_from(offset), u16::try_from(generation)) {
                (Ok(offset), Ok(generation)) if in_use && offset > 0 => {
                    self.enter(entries, number, Place::At { offset, generation })?;
                }
                _ => free.push(number),
            }
            if free.len() > OBJECTS_MAX {
                return Err(Error::TooLarge { what: format!("more than {OBJECTS_MAX} objects") });
            }
        }
        Ok(())
    }

    fn stream(&mut self, bytes: &[u8], offset: usize, entries: &mut Entries) -> Result<Dictionary, Error> {
        let mut parser = Parser::new(bytes, offset);
        let found = parser.indirect_object();
        // Many tables may name one hidden stream, or places before it that lead there.
        self.count(parser.position().saturating_sub(offset), bytes)?;
        let found = found?;
        let (Object::Dictionary(dictionary), Some(start)) = (found.object, found.stream_start) else {
            return damaged("there is no cross-reference where one should be");
        };
        if !dictionary.is("Type", "XRef") {
            return damaged("there is no cross-reference where one should be");
        }
        let length = dictionary.get("Length").and_then(Object::as_usize);
        let data = stream_bytes(bytes, start, length)?;
        entries.looked_at(closed(bytes, start, data.len(), length));
        self.count(data.len(), bytes)?;
        let left = UNPACKED_BYTES_MAX.saturating_sub(self.unpacked);
        let plain = filter::unpack(&dictionary, data, left.min(STREAM_BYTES_MAX))?;
        self.unpacked = self.unpacked.saturating_add(plain.len());
        let widths: Option<Vec<usize>> = dictionary
            .get("W")
            .and_then(Object::as_array)
            .and_then(|w| w.iter().map(Object::as_usize).collect());
        let Some(&[type_width, second, third]) = widths.as_deref() else {
            return damaged("a cross-reference stream has no widths");
        };
        if type_width > 8 || second > 8 || third > 8 || type_width + second + third == 0 {
            return damaged("a cross-reference stream has impossible widths");
        }
        let size = dictionary.get("Size").and_then(Object::as_usize).unwrap_or(0);
        let index: Vec<usize> = match dictionary.get("Index").and_then(Object::as_array) {
            Some(pairs) => pairs.iter().filter_map(Object::as_usize).collect(),
            None => vec![0, size],
        };
        let mut rows = plain.chunks_exact(type_width + second + third);
        for pair in index.chunks_exact(2) {
            let &[first, count] = pair else { continue };
            for (step, row) in rows.by_ref().take(count).enumerate() {
                let (kind, rest) = row.split_at(type_width);
                let (second, third) = rest.split_at(second);
                let kind = if type_width == 0 { 1 } else { big_endian(kind) };
                let (second, third) = (big_endian(second), big_endian(third));
                let number = u64::try_from(first.saturating_add(step)).unwrap_or(u64::MAX);
                let place = match kind {
                    1 => usize::try_from(second)
                        .ok()
                        .zip(u16::try_from(third).ok())
                        .map(|(offset, generation)| Place::At { offset, generation }),
                    2 => u32::try_from(second)
                        .ok()
                        .zip(usize::try_from(third).ok())
                        .map(|(stream, index)| Place::In { stream, index }),
                    _ => Some(Place::Free),
                };
                self.enter(entries, number, place.unwrap_or(Place::Free))?;
            }
        }
        Ok(dictionary)
    }
}

fn big_endian(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |value, byte| value << 8 | u64::from(*byte))
}

/// So many bytes were looked at to find the end of a stream that says this length; none where it says none.
fn closed(bytes: &[u8], start: usize, found: usize, told: Option<usize>) -> Option<usize> {
    let told = after(bytes, start.checked_add(told?)?);
    Some(told.max(after(bytes, start.checked_add(found)?)).max(after(bytes, start)))
}

fn damaged<T>(what: &str) -> Result<T, Error> {
    Err(Error::Damaged { what: what.to_owned() })
}

/// The offset that the last `startxref` names.
fn start(bytes: &[u8]) -> Result<usize, Error> {
    const KEYWORD: &[u8] = b"startxref";
    let end = bytes.len() - bytes.iter().rev().take_while(|byte| is_space(**byte)).count();
    let from = end.saturating_sub(2048);
    let tail = bytes.get(from..end).unwrap_or_default();
    let Some(at) = tail.windows(KEYWORD.len()).rposition(|window| window == KEYWORD) else {
        return damaged("the end of the file is missing");
    };
    let mut parser = Parser::new(bytes, from + at + KEYWORD.len());
    match parser.take_unsigned().and_then(|offset| usize::try_from(offset).ok()) {
        Some(offset) => Ok(offset),
        None => damaged("the end of the file is broken"),
    }
}
