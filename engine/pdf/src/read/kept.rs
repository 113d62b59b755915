//! Why: to judge a signature its revision is read as it was then, and most objects are the same in all revisions of a file. What
//! was parsed for one of them is kept for the others, as long as it is the same there: the same number at the same place, and
//! nothing of it in bytes that the shorter revision has not.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    rc::Rc,
};

use super::{
    file::ObjectStream,
    object::{Object, Reference},
    uses::leads_out,
};
use crate::limits::{KEPT_VALUES_MAX, UNPACKED_BYTES_MAX};

/// An object as it was parsed at its offset, its strings opened.
#[derive(Debug, Clone)]
pub(super) struct Parsed {
    pub(super) object: Object,
    /// Where the stream's bytes begin, when the object is a stream.
    pub(super) stream_start: Option<usize>,
    /// Just after the object.
    pub(super) end: usize,
    /// It names a key twice.
    pub(super) has_doubles: bool,
}

/// An object stream at its place: its offset, and the length of its packed bytes, which may be told elsewhere.
pub(super) type StreamPlace = (Reference, usize, usize);

/// What was read of one file, for all of its revisions that are opened with the same key.
#[derive(Debug)]
pub(super) struct Kept {
    /// By number and offset; with the length of the file in which it was parsed.
    objects: RefCell<HashMap<(Reference, usize), (Parsed, usize)>>,
    streams: RefCell<HashMap<StreamPlace, Rc<ObjectStream>>>,
    /// How many objects were parsed.
    parsed: Cell<usize>,
    /// Values for which there is still room.
    values_left: Cell<usize>,
    /// Unpacked bytes for which there is still room.
    bytes_left: Cell<usize>,
}

impl Default for Kept {
    fn default() -> Self {
        Self {
            objects: RefCell::default(),
            streams: RefCell::default(),
            parsed: Cell::new(0),
            values_left: Cell::new(KEPT_VALUES_MAX),
            bytes_left: Cell::new(UNPACKED_BYTES_MAX),
        }
    }
}

impl Kept {
    /// The object, if in these bytes it is what it was where it was parsed.
    pub(super) fn object(&self, reference: Reference, offset: usize, bytes: &[u8]) -> Option<Parsed> {
        let objects = self.objects.borrow();
        let (parsed, within) = objects.get(&(reference, offset))?;
        let common = bytes.get(..*within).unwrap_or(bytes);
        let is_same = *within == bytes.len() || !leads_out(common, parsed.end);
        is_same.then(|| parsed.clone())
    }

    /// Keeps an object of so many values that was parsed in these bytes.
    pub(super) fn keep_object(
        &self,
        (reference, offset): (Reference, usize),
        parsed: &Parsed,
        values: usize,
        bytes: &[u8],
    ) {
        if self.takes(values) {
            self.objects.borrow_mut().insert((reference, offset), (parsed.clone(), bytes.len()));
        }
    }

    pub(super) fn count(&self) {
        self.parsed.set(self.parsed.get().saturating_add(1));
    }

    #[cfg(test)]
    pub(super) fn parsed(&self) -> usize {
        self.parsed.get()
    }

    pub(super) fn stream(&self, place: StreamPlace) -> Option<Rc<ObjectStream>> {
        self.streams.borrow().get(&place).cloned()
    }

    pub(super) fn keep_stream(&self, place: StreamPlace, stream: &Rc<ObjectStream>) {
        if let Some(left) = self.bytes_left.get().checked_sub(stream.bytes()) {
            self.bytes_left.set(left);
            self.streams.borrow_mut().insert(place, Rc::clone(stream));
        }
    }

    /// Whether there is room for so many values more, which is taken.
    pub(super) fn takes(&self, values: usize) -> bool {
        let left = self.values_left.get().checked_sub(values);
        left.inspect(|left| self.values_left.set(*left)).is_some()
    }
}
