//! Why: opening a file reads its cross-reference and nothing else; an object is read when it is asked for.

use std::{
    borrow::Cow,
    cell::{Cell, OnceCell, RefCell},
    collections::HashMap,
    rc::Rc,
};

use super::{
    Error, crypt,
    crypt::Crypt,
    fields::{self, Field},
    filter,
    kept::{Kept, Parsed, Same},
    numbers::Numbers,
    object::{Dictionary, Object, Reference},
    parser::Parser,
    plain::is_plain,
    recent::Recent,
    uses::{Use, Uses},
    xref::{Place, Xref},
};
use crate::limits::{
    FILE_BYTES_MAX, OBJECTS_MAX, PARSED_BYTES_MAX, PARSED_FILES_MAX, STREAM_BYTES_MAX, UNPACKED_BYTES_MAX,
};

/// References that are followed from one to the next.
const HOPS_MAX: usize = 16;
/// The header may be this far from the start.
const HEADER_WITHIN: usize = 1024;

/// A PDF, opened.
#[derive(Debug)]
pub(crate) struct File<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) xref: Xref,
    /// The key, when the file is encrypted.
    pub(crate) crypt: Option<Crypt>,
    catalog: OnceCell<Dictionary>,
    streams: RefCell<HashMap<u32, Rc<ObjectStream>>>,
    unpacked: Cell<usize>,
    /// Bytes of objects that were read so far.
    parsed: Cell<usize>,
    uses: OnceCell<Uses>,
    fields: OnceCell<Vec<Rc<Field>>>,
    /// How many of the newest sections are plain.
    plain_sections: OnceCell<usize>,
    containers: OnceCell<Numbers>,
    /// What was read of other revisions, and is kept for them.
    kept: Option<Rc<Kept>>,
    recent: Recent,
}

/// An object as it stands in the file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Loaded<'a> {
    pub(crate) object: Object,
    /// The packed bytes, when it is a stream.
    pub(crate) stream: Option<&'a [u8]>,
    /// From `n g obj` to the end of the object's value; none in an object stream.
    pub(crate) span: Option<(usize, usize)>,
    /// It is written so that all readers read the same: no key stands twice, and the stream is as long as it says.
    pub(crate) is_plain: bool,
}

impl Loaded<'_> {
    /// An object that stands in another one.
    pub(crate) const fn direct(object: Object) -> Self {
        Self { object, stream: None, span: None, is_plain: true }
    }
}

#[derive(Debug)]
pub(super) struct ObjectStream {
    plain: Vec<u8>,
    /// Object number and its offset in `plain`.
    index: Vec<(u32, usize)>,
    /// A number stands twice, of which readers take one or the other.
    has_doubles: bool,
    /// Those that were read and kept, by their index, with whether they are plain.
    kept: RefCell<HashMap<usize, (Object, bool)>>,
}

/// Objects may overlap in a hostile file, so that each is nearly as long as the file: says whether so many bytes of objects may
/// be read of a file of this length.
pub(super) fn check_parsed(parsed: usize, file: usize) -> Result<(), Error> {
    if parsed > file.saturating_mul(PARSED_FILES_MAX).saturating_add(PARSED_BYTES_MAX) {
        return Err(Error::TooLarge { what: "the objects are longer than the file by far".to_owned() });
    }
    Ok(())
}

/// Where the header is: bytes before it shift all offsets.
pub(crate) fn header_offset(bytes: &[u8]) -> Result<usize, Error> {
    if bytes.is_empty() {
        return Err(Error::Empty);
    }
    if bytes.len() > FILE_BYTES_MAX {
        return Err(Error::TooLarge { what: format!("more than {FILE_BYTES_MAX} bytes") });
    }
    let head = bytes.get(..bytes.len().min(HEADER_WITHIN)).unwrap_or_default();
    head.windows(5).position(|window| window == b"%PDF-").ok_or(Error::NotAPdf)
}

/// A stream's packed bytes. A length that does not lead to `endstream` is replaced by the place of the next `endstream`.
pub(super) fn stream_bytes(bytes: &[u8], start: usize, length: Option<usize>) -> Result<&[u8], Error> {
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

impl<'a> File<'a> {
    /// Reads the cross-reference. The header must be at the start.
    pub(crate) fn open(bytes: &'a [u8]) -> Result<Self, Error> {
        Self::open_knowing(bytes, None)
    }

    fn open_knowing(bytes: &'a [u8], kept: Option<&Kept>) -> Result<Self, Error> {
        if header_offset(bytes)? != 0 {
            return Err(Error::Damaged { what: "there are bytes before the header".to_owned() });
        }
        let xref = Xref::read(bytes, kept.map(|kept| &kept.sections))?;
        let mut file = Self {
            bytes,
            xref,
            crypt: None,
            catalog: OnceCell::new(),
            streams: RefCell::default(),
            unpacked: Cell::new(0),
            parsed: Cell::new(0),
            uses: OnceCell::new(),
            fields: OnceCell::new(),
            plain_sections: OnceCell::new(),
            containers: OnceCell::new(),
            kept: None,
            recent: Recent::default(),
        };
        file.crypt = file.open_crypt()?;
        // What was read for the key was read without it.
        file.recent = Recent::default();
        Ok(file)
    }

    /// Reads the cross-reference of a file whose revisions will be compared.
    pub(crate) fn open_with_revisions(bytes: &'a [u8]) -> Result<Self, Error> {
        let kept = Rc::<Kept>::default();
        let file = Self::open_knowing(bytes, Some(&kept))?;
        // Objects that were read for the key were read without it, and are not kept.
        Ok(Self { kept: Some(kept), ..file })
    }

    /// Opens the revision that ends here. Objects that were read in one of both are not parsed again in the other.
    pub(crate) fn revision(&self, end: usize) -> Result<Self, Error> {
        let bytes = self.bytes.get(..end).unwrap_or_default();
        let revision = Self::open_knowing(bytes, self.kept.as_deref())?;
        let kept = if revision.crypt == self.crypt { self.kept.clone() } else { None };
        Ok(Self { kept, ..revision })
    }

    /// How many objects were parsed in the file and in its revisions.
    #[cfg(test)]
    pub(crate) fn parsed_objects(&self) -> usize {
        self.kept.as_ref().map_or(0, |kept| kept.parsed())
    }

    /// How many sections of the cross-reference were read for the file and its revisions.
    #[cfg(test)]
    pub(crate) fn read_sections(&self) -> usize {
        self.kept.as_ref().map_or(0, |kept| kept.sections.read())
    }

    /// Opens an encrypted file with the empty password.
    fn open_crypt(&self) -> Result<Option<Crypt>, Error> {
        let encrypt = match self.xref.trailer.get("Encrypt") {
            None | Some(Object::Null) => return Ok(None),
            Some(encrypt) => encrypt,
        };
        let own = encrypt.as_reference();
        let Some(encrypt) = self.resolve(encrypt)?.into_dictionary() else {
            return Err(Error::Damaged { what: "the encryption dictionary is missing".to_owned() });
        };
        let ids = self.entry(&self.xref.trailer, "ID")?;
        let id = ids.as_array().and_then(|ids| ids.first()).and_then(Object::as_string).unwrap_or_default();
        Crypt::open(&encrypt, own, id).map(Some)
    }

    /// Reads one object; an object that is free or not named is null.
    pub(crate) fn load(&self, reference: Reference) -> Result<Loaded<'a>, Error> {
        let null = Loaded::direct(Object::Null);
        match self.xref.place(reference.number) {
            None | Some(Place::Free) => Ok(null),
            Some(Place::At { generation, .. }) if generation != reference.generation => Ok(null),
            Some(Place::At { offset, .. }) => self.load_at(reference, offset),
            Some(Place::In { .. }) if reference.generation != 0 => Ok(null),
            Some(Place::In { stream, index }) => {
                let (object, is_plain) = self.load_in(reference.number, stream, index)?;
                Ok(Loaded { is_plain, ..Loaded::direct(object) })
            }
        }
    }

    /// Reads the object that has this number now, of whatever generation.
    pub(crate) fn load_number(&self, number: u32) -> Result<Loaded<'a>, Error> {
        let generation = match self.xref.place(number) {
            Some(Place::At { generation, .. }) => generation,
            _ => 0,
        };
        self.load(Reference { number, generation })
    }

    /// Who refers to what in the whole file, which is read for it once.
    pub(crate) fn uses(&self) -> Result<&Uses, Error> {
        match self.uses.get() {
            Some(uses) => Ok(uses),
            None => {
                let uses = Uses::of(self)?;
                Ok(self.uses.get_or_init(|| uses))
            }
        }
    }

    /// The object streams that hold an object.
    pub(crate) fn containers(&self) -> &Numbers {
        let stream = |(_, place)| match place {
            Place::In { stream, .. } => Some(stream),
            Place::Free | Place::At { .. } => None,
        };
        self.containers.get_or_init(|| self.xref.iter().filter_map(stream).collect())
    }

    /// All terminal fields of the form, which are read once.
    pub(crate) fn fields(&self) -> Result<&[Rc<Field>], Error> {
        match self.fields.get() {
            Some(fields) => Ok(fields),
            None => {
                let fields = fields::shared(self)?;
                Ok(self.fields.get_or_init(|| fields))
            }
        }
    }

    /// Shows what an object refers to, if that is known from a revision in which it is the same; false if not.
    pub(super) fn known_references(
        &self,
        object: (u32, Place),
        is_root: bool,
        show: impl FnOnce(&[(Reference, Use)]),
    ) -> bool {
        self.kept.as_ref().is_some_and(|kept| kept.references(self, object, is_root, show))
    }

    pub(super) fn keep_references(
        &self,
        (number, place): (u32, Place),
        is_root: bool,
        loaded: &Loaded<'_>,
        found: &[(Reference, Use)],
    ) -> Result<(), Error> {
        if let (Some(kept), Some(same)) = (&self.kept, self.same(place, loaded)?) {
            kept.keep_references(number, same, is_root, found);
        }
        Ok(())
    }

    /// A field, if it is known from a revision in which it is the same.
    pub(super) fn known_field(&self, reference: Reference) -> Option<Rc<Field>> {
        let kept = self.kept.as_ref().filter(|_| self.xref.has(reference))?;
        let place = self.xref.place(reference.number)?;
        kept.field(self, (reference.number, place))
    }

    pub(super) fn keep_field(&self, loaded: &Loaded<'_>, field: &Rc<Field>) -> Result<(), Error> {
        let Some(place) = self.xref.place(field.reference.number) else { return Ok(()) };
        if let (Some(kept), Some(same)) = (&self.kept, self.same(place, loaded)?) {
            kept.keep_field(same, field);
        }
        Ok(())
    }

    /// Where else it is the same, if anybody will ask.
    fn same(&self, place: Place, loaded: &Loaded<'_>) -> Result<Option<Same>, Error> {
        if self.kept.is_some() { Same::of(self, place, loaded) } else { Ok(None) }
    }

    /// How many of the newest revisions have a cross-reference that every reader reads alike, without one between that has not.
    pub(crate) fn plain_sections(&self) -> usize {
        let count = || self.xref.sections.iter().take_while(|section| is_plain(self.bytes, section)).count();
        *self.plain_sections.get_or_init(count)
    }

    fn load_at(&self, reference: Reference, offset: usize) -> Result<Loaded<'a>, Error> {
        let found = self.parsed_at(reference, offset)?;
        let mut is_plain = !found.has_doubles;
        let stream = match (&found.object, found.stream_start) {
            (Object::Dictionary(dictionary), Some(start)) => {
                let length = self.length(dictionary)?;
                let data = stream_bytes(self.bytes, start, length)?;
                if length != Some(data.len()) {
                    // Its end was sought.
                    self.count(data.len())?;
                    is_plain = false;
                }
                is_plain &= self.bytes.get(..start).is_some_and(|before| before.ends_with(b"\n"));
                Some(data)
            }
            _ => None,
        };
        Ok(Loaded { object: found.object, stream, span: Some((offset, found.end)), is_plain })
    }

    fn parsed_at(&self, reference: Reference, offset: usize) -> Result<Parsed, Error> {
        let known = match &self.kept {
            Some(kept) => kept.object(reference, offset, self.bytes),
            None => self.recent.object(reference, offset),
        };
        if let Some(known) = known {
            return Ok(known);
        }
        let mut parser = Parser::new(self.bytes, offset);
        let found = parser.indirect_object();
        self.count_object(parser.position().saturating_sub(offset))?;
        let mut found = found?;
        if found.reference != reference {
            return Err(Error::Damaged {
                what: format!("object {} is not where it should be", reference.number),
            });
        }
        if let Some(crypt) = &self.crypt {
            crypt.open_strings(reference, &mut found.object)?;
        }
        let parsed = Parsed {
            object: found.object,
            stream_start: found.stream_start,
            end: found.end,
            has_doubles: parser.has_doubles(),
        };
        match &self.kept {
            Some(kept) => kept.keep_object((reference, offset), &parsed, parser.values(), self.bytes),
            None => self.recent.keep((reference, offset), &parsed, parser.values()),
        }
        Ok(parsed)
    }

    fn count_object(&self, bytes: usize) -> Result<(), Error> {
        if let Some(kept) = &self.kept {
            kept.count();
        }
        self.count(bytes)
    }

    fn count(&self, bytes: usize) -> Result<(), Error> {
        self.parsed.set(self.parsed.get().saturating_add(bytes));
        check_parsed(self.parsed.get(), self.bytes.len())
    }

    /// A stream's length. An indirect one is read where it stands and never followed further, so that no chain of lengths
    /// can be built.
    pub(super) fn length(&self, dictionary: &Dictionary) -> Result<Option<usize>, Error> {
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
    fn load_in(&self, number: u32, stream: u32, index: usize) -> Result<(Object, bool), Error> {
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

    /// Follows references to the object behind them.
    pub(crate) fn resolve(&self, object: &Object) -> Result<Object, Error> {
        Ok(self.follow(object)?.object)
    }

    /// Follows references to the object behind them, which may be a stream.
    pub(crate) fn follow(&self, object: &Object) -> Result<Loaded<'a>, Error> {
        let mut found = Loaded::direct(object.clone());
        for _ in 0..HOPS_MAX {
            match found.object {
                Object::Reference(reference) => found = self.load(reference)?,
                _ => return Ok(found),
            }
        }
        Err(Error::Damaged { what: "references form a ring".to_owned() })
    }

    /// As [`Self::entry`], without a copy of what stands there itself.
    pub(crate) fn look<'d>(&self, dictionary: &'d Dictionary, key: &str) -> Result<Cow<'d, Object>, Error> {
        match dictionary.get(key) {
            None => Ok(Cow::Owned(Object::Null)),
            Some(reference @ Object::Reference(_)) => self.resolve(reference).map(Cow::Owned),
            Some(direct) => Ok(Cow::Borrowed(direct)),
        }
    }

    /// The entry, with references followed; null when it is not there.
    pub(crate) fn entry(&self, dictionary: &Dictionary, key: &str) -> Result<Object, Error> {
        dictionary.get(key).map_or(Ok(Object::Null), |object| self.resolve(object))
    }

    /// Pages, fields and the form are written anew when a file is prepared. In a broken file one may be what others are read
    /// with: the encryption dictionary, or a stream that holds objects.
    ///
    /// # Errors
    /// [`Error::Damaged`]
    pub(crate) fn check_changeable(&self, reference: Reference) -> Result<(), Error> {
        let is_key = self.crypt.as_ref().is_some_and(|crypt| crypt.is_own(reference));
        if is_key || self.load(reference)?.stream.is_some() {
            let what = format!("object {} is a page, field or form, and something else", reference.number);
            return Err(Error::Damaged { what });
        }
        Ok(())
    }

    /// The document's catalog with its reference.
    pub(crate) fn catalog(&self) -> Result<(Reference, &Dictionary), Error> {
        let damaged = || Error::Damaged { what: "the catalog is missing".to_owned() };
        let root = self.xref.trailer.get("Root").and_then(Object::as_reference).ok_or_else(damaged)?;
        let catalog = match self.catalog.get() {
            Some(catalog) => catalog,
            None => {
                let catalog = self.load(root)?.object.into_dictionary().ok_or_else(damaged)?;
                self.catalog.get_or_init(|| catalog)
            }
        };
        Ok((root, catalog))
    }
}

impl ObjectStream {
    /// Reads the stream's index; it may unpack to `bytes_max` bytes.
    pub(super) fn open(
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
    pub(super) fn bytes(&self) -> usize {
        self.plain.len().saturating_add(self.index.len().saturating_mul(size_of::<(u32, usize)>()))
    }

    /// The objects' numbers, in their order.
    pub(super) fn numbers(&self) -> impl Iterator<Item = u32> {
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
