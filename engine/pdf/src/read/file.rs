//! Why: opening a file reads its cross-reference and nothing else; an object is read when it is asked for.

mod follow;
mod known;
mod streams;
mod whole;

use std::{
    cell::{Cell, OnceCell, RefCell},
    collections::HashMap,
    rc::Rc,
};

pub(super) use self::streams::{ObjectStream, stream_bytes};
use super::{
    Error,
    crypt::Crypt,
    fields::Shared,
    kept::{Kept, Parsed},
    numbers::Numbers,
    object::{Dictionary, Object, Reference},
    parser::Parser,
    recent::Recent,
    uses::Uses,
    xref::{Place, Xref},
};
use crate::limits::{FILE_BYTES_MAX, PARSED_BYTES_MAX, PARSED_FILES_MAX};

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
    fields: OnceCell<Vec<Shared>>,
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
}
