//! Why: a stream's end is where its length says, which may be an object of its own; and a stream may hold objects, which are found by
//! the index that it begins with.

use std::{cell::RefCell, collections::HashMap, rc::Rc};

use super::File;
use crate::{
    limits::{OBJECTS_MAX, STREAM_BYTES_MAX, UNPACKED_BYTES_MAX},
    read::{
        Error, crypt,
        file::{Loaded, check_parsed},
        filter,
        object::{Dictionary, Object, Reference},
        parser::Parser,
        xref::Place,
    },
};

#[derive(Debug)]
pub(in crate::read) struct ObjectStream {
    plain: Vec<u8>,
    /// Object number and its offset in `plain`.
    index: Vec<(u32, usize)>,
    /// A number stands twice, of which readers take one or the other.
    has_doubles: bool,
    /// Those that were read and kept, by their index, with whether they are plain.
    kept: RefCell<HashMap<usize, (Object, bool)>>,
}

/// A stream's packed bytes. A length that does not lead to `endstream` is replaced by the place of the next `endstream`.
pub(in crate::read) fn stream_bytes(
    bytes: &[u8],
    start: usize,
    length: Option<usize>,
) -> Result<&[u8], Error> {
    const KEYWORD: &[u8] = b"endstream";
    let data = bytes.get(start..).unwrap_or_default();
    if let Some(data) = length.and_then(|length| data.get(..length)) {
        let mut after = Parser::new(bytes, start + data.len());
        if after.take_keyword("endstream") {
            return Ok(data);
        }
    }
    let Some(end) = data.windows(KEYWORD.len()).position(|window| window == KEYWORD) else {
        return Err(Error::Damaged { what: format!("the stream at byte {start} does not end") });
    };
    let data = data.get(..end).unwrap_or_default();
    Ok(data
        .strip_suffix(b"\r\n")
        .or_else(|| data.strip_suffix(b"\n"))
        .or_else(|| data.strip_suffix(b"\r"))
        .unwrap_or(data))
}

impl File<'_> {
    /// A stream's length. An indirect one is read where it stands and never followed further, so that no chain of lengths
    /// can be built.
    pub(in crate::read) fn length(&self, dictionary: &Dictionary) -> Result<Option<usize>, Error> {
        let reference = match dictionary.get("Length") {
            Some(Object::Reference(reference)) => *reference,
            direct => return Ok(direct.and_then(Object::as_usize)),
        };
        Ok(match self.xref.place(reference.number) {
            Some(Place::At { offset, .. }) => {
                let found = self.parsed_at(reference, offset);
                // A length may be as long as the file, and that of all its streams.
                check_parsed(self.parsed.get(), self.bytes.len())?;
                found.ok().and_then(|found| found.object.as_usize())
            }
            Some(Place::In { stream, index }) => {
                let cached = self.streams.borrow().get(&stream).cloned();
                match cached {
                    Some(cached) => self.load_from(&cached, reference.number, index)?.0.as_usize(),
                    None => None,
                }
            }
            _ => None,
        })
    }

    /// The object, and whether it is plain.
    pub(super) fn load_in(&self, number: u32, stream: u32, index: usize) -> Result<(Object, bool), Error> {
        let opened = self.streams.borrow().get(&stream).cloned();
        if let Some(opened) = opened {
            return self.load_from(&opened, number, index);
        }
        let Some(Place::At { offset, generation }) = self.xref.place(stream) else {
            return Err(Error::Damaged { what: format!("object stream {stream} is missing") });
        };
        let reference = Reference { number: stream, generation };
        let loaded = self.load_at(reference, offset)?;
        let opened = self.open_object_stream(reference, offset, &loaded)?;
        self.streams.borrow_mut().insert(stream, Rc::clone(&opened));
        self.load_from(&opened, number, index)
    }

    fn load_from(&self, stream: &ObjectStream, number: u32, index: usize) -> Result<(Object, bool), Error> {
        if let Some(kept) = stream.kept_object(number, index) {
            return Ok(kept);
        }
        let (object, parser, bytes) = stream.object(number, index)?;
        self.count_object(bytes)?;
        let is_plain = !stream.has_doubles && !parser.has_doubles();
        if self.kept.as_ref().is_some_and(|kept| kept.takes(parser.values())) {
            stream.kept.borrow_mut().insert(index, (object.clone(), is_plain));
        }
        Ok((object, is_plain))
    }

    fn open_object_stream(
        &self,
        reference: Reference,
        offset: usize,
        loaded: &Loaded<'_>,
    ) -> Result<Rc<ObjectStream>, Error> {
        let (Some(dictionary), Some(data)) = (loaded.object.as_dictionary(), loaded.stream) else {
            return Err(Error::Damaged { what: format!("object stream {} is broken", reference.number) });
        };
        let place = (reference, offset, data.len());
        if let Some(opened) = self.kept.as_ref().and_then(|kept| kept.stream(place)) {
            return Ok(opened);
        }
        let data = crypt::open_stream(self.crypt.as_ref(), reference, dictionary, data)?;
        let left = UNPACKED_BYTES_MAX.saturating_sub(self.unpacked.get());
        let opened = Rc::new(ObjectStream::open(reference.number, dictionary, &data, left)?);
        self.unpacked.set(self.unpacked.get().saturating_add(opened.bytes()));
        if let Some(kept) = &self.kept {
            kept.keep_stream(place, &opened);
        }
        Ok(opened)
    }

    /// A stream's bytes, unpacked.
    pub(crate) fn unpacked_stream(&self, reference: Reference) -> Result<Vec<u8>, Error> {
        let loaded = self.load(reference)?;
        let (Some(dictionary), Some(data)) = (loaded.object.as_dictionary(), loaded.stream) else {
            return Err(Error::Damaged { what: format!("object {} is no stream", reference.number) });
        };
        let data = crypt::open_stream(self.crypt.as_ref(), reference, dictionary, data)?;
        let left = UNPACKED_BYTES_MAX.saturating_sub(self.unpacked.get());
        let plain = filter::unpack(dictionary, &data, left.min(STREAM_BYTES_MAX))?;
        self.unpacked.set(self.unpacked.get().saturating_add(plain.len()));
        Ok(plain)
    }
}

impl ObjectStream {
    /// Reads the stream's index; it may unpack to `bytes_max` bytes.
    pub(in crate::read) fn open(
        number: u32,
        dictionary: &Dictionary,
        data: &[u8],
        bytes_max: usize,
    ) -> Result<Self, Error> {
        let damaged = || Error::Damaged { what: format!("object stream {number} is broken") };
        let get = |key| dictionary.get(key).and_then(Object::as_usize).ok_or_else(damaged);
        let (count, first) = (get("N")?, get("First")?);
        let plain = filter::unpack(dictionary, data, bytes_max.min(STREAM_BYTES_MAX))?;
        if !dictionary.is("Type", "ObjStm") || count > plain.len().min(OBJECTS_MAX) {
            return Err(damaged());
        }
        let mut parser = Parser::new(&plain, 0);
        let mut index = Vec::with_capacity(count);
        for _ in 0..count {
            let number = parser.take_unsigned().and_then(|n| u32::try_from(n).ok()).ok_or_else(damaged)?;
            let offset = parser.take_unsigned().and_then(|n| usize::try_from(n).ok()).ok_or_else(damaged)?;
            index.push((number, first.saturating_add(offset)));
        }
        let mut numbers: Vec<u32> = index.iter().map(|(number, _)| *number).collect();
        numbers.sort_unstable();
        let has_doubles = numbers.windows(2).any(|pair| pair.first() == pair.last());
        Ok(Self { plain, index, has_doubles, kept: RefCell::default() })
    }

    /// How many bytes it takes unpacked; a crowded index takes more than what it is an index of.
    pub(in crate::read) fn bytes(&self) -> usize {
        self.plain.len().saturating_add(self.index.len().saturating_mul(size_of::<(u32, usize)>()))
    }

    /// The objects' numbers, in their order.
    pub(in crate::read) fn numbers(&self) -> impl Iterator<Item = u32> {
        self.index.iter().map(|(number, _)| *number)
    }

    fn kept_object(&self, number: u32, index: usize) -> Option<(Object, bool)> {
        let is_own = self.index.get(index).is_some_and(|(own, _)| *own == number);
        if is_own { self.kept.borrow().get(&index).cloned() } else { None }
    }

    /// An object, what it was read with, and how many bytes it takes.
    fn object(&self, number: u32, index: usize) -> Result<(Object, Parser<'_>, usize), Error> {
        let damaged = || Error::Damaged { what: format!("object {number} is not in its object stream") };
        let offset = match self.index.get(index) {
            Some((found, offset)) if *found == number => *offset,
            _ => return Err(damaged()),
        };
        if offset >= self.plain.len() {
            return Err(damaged());
        }
        let mut parser = Parser::new(&self.plain, offset);
        let object = parser.object()?;
        let bytes = parser.position().saturating_sub(offset);
        Ok((object, parser, bytes))
    }
}
