//! Why: a change is written as a revision behind the old bytes, in the form of cross-reference that the file has, so that no
//! signed byte ever moves.

mod text;

use std::{collections::BTreeMap, io::Write as _};

use self::text::{put_integer, put_padded, put_reference};
pub(crate) use self::text::{write_object, write_string};
use crate::{
    limits::OBJECTS_MAX,
    read::{
        Error,
        file::File,
        object::{Dictionary, Object, Reference},
        xref::XrefKind,
    },
};

/// Changes to a file, collected until they are written as one revision.
#[derive(Debug)]
pub(crate) struct Increment<'f, 'a> {
    pub(crate) file: &'f File<'a>,
    next_number: u32,
    changed: BTreeMap<Reference, Body>,
}

#[derive(Debug)]
enum Body {
    Object(Object),
    Stream(Dictionary, Vec<u8>),
    /// A dictionary that is written as it is, for places in it are wanted afterwards: its bytes up to the hole for the signature,
    /// and how many bytes of DER the hole takes.
    Holed(Vec<u8>, usize),
}

impl Body {
    /// About so many bytes it will take; growing a hole of zeros step by step copies it several times.
    fn bytes_about(&self) -> usize {
        const OTHER: usize = 256;
        OTHER
            + match self {
                Self::Object(_) => OTHER,
                Self::Stream(_, data) => data.len(),
                Self::Holed(head, hole_bytes) => head.len() + 2 * hole_bytes,
            }
    }
}

/// A revision, ready to be appended.
#[derive(Debug)]
pub(crate) struct Revision {
    /// What comes behind the file's bytes.
    pub(crate) tail: Vec<u8>,
    /// Where each dictionary with a hole begins, in the whole file.
    holed_offsets: BTreeMap<Reference, usize>,
}

impl Revision {
    pub(crate) fn holed_offset(&self, reference: Reference) -> Option<usize> {
        self.holed_offsets.get(&reference).copied()
    }
}

impl<'f, 'a> Increment<'f, 'a> {
    pub(crate) fn new(file: &'f File<'a>) -> Self {
        Self { file, next_number: file.xref.next_number(), changed: BTreeMap::new() }
    }

    /// For a file that has signatures or is to get several: they last, whatever is appended. What the file names without having
    /// it stays nothing, since its number is not taken.
    ///
    /// # Errors
    /// [`Error::Damaged`] for a file with which that cannot be promised; reads all of it.
    pub(crate) fn lasting(file: &'f File<'a>) -> Result<Self, Error> {
        let uses = file.uses()?;
        uses.check_lasting()?;
        let next_number = file.xref.next_number().max(uses.next_number());
        Ok(Self { file, next_number, changed: BTreeMap::new() })
    }

    /// Takes a new object number.
    pub(crate) fn reserve(&mut self) -> Reference {
        let number = self.next_number;
        self.next_number += 1;
        Reference { number, generation: 0 }
    }

    pub(crate) fn put(&mut self, reference: Reference, object: impl Into<Object>) {
        self.changed.insert(reference, Body::Object(object.into()));
    }

    pub(crate) fn put_holed(&mut self, reference: Reference, head: Vec<u8>, hole_bytes: usize) {
        self.changed.insert(reference, Body::Holed(head, hole_bytes));
    }

    pub(crate) fn add(&mut self, object: impl Into<Object>) -> Reference {
        let reference = self.reserve();
        self.put(reference, object);
        reference
    }

    /// Adds a stream as it is; `dictionary` has its filter, the length is set here.
    pub(crate) fn add_stream(&mut self, dictionary: Dictionary, data: Vec<u8>) -> Reference {
        let reference = self.reserve();
        self.put_stream(reference, dictionary, data);
        reference
    }

    pub(crate) fn put_stream(&mut self, reference: Reference, dictionary: Dictionary, data: Vec<u8>) {
        self.changed.insert(reference, Body::Stream(dictionary, data));
    }

    /// Adds a stream, packed when that makes it smaller.
    pub(crate) fn add_packed(&mut self, mut dictionary: Dictionary, data: Vec<u8>) -> Reference {
        let packed = pack(&data).filter(|packed| packed.len() + 24 < data.len());
        if packed.is_some() {
            dictionary.set("Filter", Object::name("FlateDecode"));
        }
        self.add_stream(dictionary, packed.unwrap_or(data))
    }

    /// The object as this revision has it.
    pub(crate) fn current(&self, reference: Reference) -> Result<Object, Error> {
        match self.changed.get(&reference) {
            Some(Body::Object(object)) => Ok(object.clone()),
            Some(Body::Stream(dictionary, _)) => Ok(dictionary.clone().into()),
            Some(Body::Holed(..)) => Ok(Object::Null),
            None => match self.file.catalog() {
                // It was read before.
                Ok((root, catalog)) if root == reference => Ok(catalog.clone().into()),
                _ => Ok(self.file.load(reference)?.object),
            },
        }
    }

    /// Writes the revision: objects, cross-reference, trailer.
    pub(crate) fn finish(mut self) -> Result<Revision, Error> {
        let start = self.file.bytes.len();
        let previous = self.file.xref.sections.first().copied();
        let Some(previous) = previous else {
            return Err(Error::Damaged { what: "there is no cross-reference".to_owned() });
        };
        if usize::try_from(self.next_number).unwrap_or(usize::MAX) > OBJECTS_MAX {
            return Err(Error::TooLarge { what: format!("object numbers above {OBJECTS_MAX}") });
        }
        let mut tail = Vec::with_capacity(self.changed.values().map(Body::bytes_about).sum());
        if !self.file.bytes.ends_with(b"\n") {
            tail.push(b'\n');
        }
        let mut offsets = BTreeMap::new();
        let mut holed_offsets = BTreeMap::new();
        for (reference, body) in std::mem::take(&mut self.changed) {
            self.file.check_changeable(reference)?;
            let body = self.closed(reference, body)?;
            offsets.insert(reference, start + tail.len());
            let value_at = write_indirect(&mut tail, reference, &body);
            if matches!(body, Body::Holed(..)) {
                holed_offsets.insert(reference, start + value_at);
            }
        }
        let mut trailer = self.trailer(&tail);
        trailer.set("Prev", integer(previous.offset));
        let xref_at = match previous.kind {
            XrefKind::Table => self.write_table(&mut tail, trailer, &offsets),
            XrefKind::Stream => self.write_stream(&mut tail, trailer, offsets),
        };
        tail.extend_from_slice(b"startxref\n");
        put_integer(&mut tail, xref_at);
        tail.extend_from_slice(b"\n%%EOF\n");
        Ok(Revision { tail, holed_offsets })
    }

    /// A string as it is written into a dictionary with a hole: closed when the file is encrypted.
    pub(crate) fn closed_string(&self, reference: Reference, bytes: &[u8]) -> Result<Vec<u8>, Error> {
        let mut string = Object::String(bytes.to_vec());
        if let Some(crypt) = &self.file.crypt {
            crypt.close_strings(reference, &mut string)?;
        }
        Ok(string.as_string().unwrap_or_default().to_vec())
    }

    fn closed(&self, reference: Reference, body: Body) -> Result<Body, Error> {
        let Some(crypt) = &self.file.crypt else { return Ok(body) };
        Ok(match body {
            Body::Object(mut object) => {
                crypt.close_strings(reference, &mut object)?;
                Body::Object(object)
            }
            Body::Stream(dictionary, data) => {
                let data = crypt.close_stream(reference, &dictionary, &data)?;
                let mut dictionary = Object::from(dictionary);
                crypt.close_strings(reference, &mut dictionary)?;
                Body::Stream(dictionary.into_dictionary().unwrap_or_default(), data)
            }
            holed @ Body::Holed(..) => holed,
        })
    }

    fn trailer(&self, tail: &[u8]) -> Dictionary {
        let old = &self.file.xref.trailer;
        let mut trailer = Dictionary::new();
        for key in ["Root", "Info", "Encrypt"] {
            if let Some(value) = old.get(key) {
                trailer.set(key, value.clone());
            }
        }
        if let Ok(Object::Array(ids)) = self.file.entry(old, "ID")
            && let [first @ Object::String(_), second @ ..] = ids.as_slice()
        {
            let mut hash = openssl::sha::Sha256::new();
            hash.update(second.first().and_then(Object::as_string).unwrap_or_default());
            hash.update(tail);
            let changed = hash.finish().get(..16).unwrap_or_default().to_vec();
            trailer.set("ID", Object::Array(vec![first.clone(), Object::String(changed)]));
        }
        trailer
    }

    fn write_table(
        &self,
        tail: &mut Vec<u8>,
        mut trailer: Dictionary,
        offsets: &BTreeMap<Reference, usize>,
    ) -> usize {
        let xref_at = self.file.bytes.len() + tail.len();
        tail.extend_from_slice(b"xref\n");
        for run in runs(offsets) {
            put_integer(tail, run.first().map_or(0, |(r, _)| r.number));
            tail.push(b' ');
            put_integer(tail, run.len());
            tail.push(b'\n');
            for (reference, offset) in run {
                put_padded(tail, 10, offset);
                tail.push(b' ');
                put_padded(tail, 5, reference.generation);
                tail.extend_from_slice(b" n \n");
            }
        }
        trailer.set("Size", Object::Integer(self.next_number.into()));
        tail.extend_from_slice(b"trailer\n");
        write_object(tail, &trailer.into());
        tail.push(b'\n');
        xref_at
    }

    fn write_stream(
        mut self,
        tail: &mut Vec<u8>,
        mut dictionary: Dictionary,
        mut offsets: BTreeMap<Reference, usize>,
    ) -> usize {
        let reference = self.reserve();
        let xref_at = self.file.bytes.len() + tail.len();
        offsets.insert(reference, xref_at);
        let mut rows = Vec::with_capacity(offsets.len() * 7);
        let mut index = Vec::new();
        for run in runs(&offsets) {
            index.push(Object::Integer(run.first().map_or(0, |(r, _)| r.number).into()));
            index.push(integer(run.len()));
            for (reference, offset) in run {
                rows.push(1);
                // Files are at most 100 MB: four bytes hold every offset.
                rows.extend_from_slice(&u32::try_from(offset).unwrap_or(u32::MAX).to_be_bytes());
                rows.extend_from_slice(&reference.generation.to_be_bytes());
            }
        }
        dictionary.set("Type", Object::name("XRef"));
        dictionary.set("Size", Object::Integer(self.next_number.into()));
        dictionary.set("W", Object::Array(vec![Object::Integer(1), Object::Integer(4), Object::Integer(2)]));
        dictionary.set("Index", Object::Array(index));
        write_indirect(tail, reference, &Body::Stream(dictionary, rows));
        xref_at
    }
}

/// Groups entries whose numbers follow one another.
fn runs(offsets: &BTreeMap<Reference, usize>) -> Vec<Vec<(Reference, usize)>> {
    let mut runs: Vec<Vec<(Reference, usize)>> = Vec::new();
    for (&reference, &offset) in offsets {
        match runs.last_mut() {
            Some(run) if run.last().is_some_and(|(last, _)| last.number + 1 == reference.number) => {
                run.push((reference, offset));
            }
            _ => runs.push(vec![(reference, offset)]),
        }
    }
    runs
}

fn pack(data: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(data).ok()?;
    encoder.finish().ok()
}

pub(crate) fn integer(value: usize) -> Object {
    Object::Integer(i64::try_from(value).unwrap_or(i64::MAX))
}

/// Writes an indirect object, and says where its value begins in `out`.
fn write_indirect(out: &mut Vec<u8>, reference: Reference, body: &Body) -> usize {
    put_reference(out, reference);
    out.extend_from_slice(b" obj\n");
    let at = out.len();
    match body {
        Body::Object(object) => write_object(out, object),
        Body::Holed(head, hole_bytes) => {
            out.extend_from_slice(head);
            out.push(b'<');
            out.resize(out.len() + 2 * hole_bytes, b'0');
            out.extend_from_slice(b">>>");
        }
        Body::Stream(dictionary, data) => {
            let mut dictionary = dictionary.clone();
            dictionary.set("Length", integer(data.len()));
            write_object(out, &dictionary.into());
            out.extend_from_slice(b"\nstream\n");
            out.extend_from_slice(data);
            out.extend_from_slice(b"\nendstream");
        }
    }
    out.extend_from_slice(b"\nendobj\n");
    at
}
