//! Why: to judge a signature its revision is read as it was then, and most objects are the same in all revisions of a file. What
//! was read of one of them is kept for the others, as long as it is the same there: the same number at the same place, and
//! nothing of it in bytes that the shorter revision has not.

mod versions;

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    ops::Range,
    rc::Rc,
};

use self::versions::Versions;
use super::{
    Error,
    fields::Field,
    file::{File, Loaded, ObjectStream},
    object::{Dictionary, Object, Reference},
    uses::{Use, after, leads_out},
    xref::{Place, Sections},
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

/// In which revisions an object is the same, and ends in the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Same {
    place: Place,
    /// The object that tells its length, or that it stands in.
    needs: Option<(u32, Place)>,
    bytes_min: usize,
}

impl Same {
    /// None where nobody knows, or where it could go on in bytes that are added.
    pub(super) fn of(file: &File<'_>, place: Place, loaded: &Loaded<'_>) -> Result<Option<Self>, Error> {
        let same = Self::if_closed(file, place, loaded)?;
        Ok(same.filter(|same| same.bytes_min <= file.bytes.len()))
    }

    fn if_closed(file: &File<'_>, place: Place, loaded: &Loaded<'_>) -> Result<Option<Self>, Error> {
        let whole = Self { place, needs: None, bytes_min: 0 };
        match (place, loaded.span) {
            (Place::In { stream, .. }, _) => {
                let Some(needed) = file.xref.place(stream) else { return Ok(None) };
                let own = Self::of_direct(file, &file.load_number(stream)?);
                Ok(own.map(|bytes_min| Self { needs: Some((stream, needed)), bytes_min, ..whole }))
            }
            (Place::At { .. }, Some(_)) => match length_object(loaded) {
                None => Ok(Self::of_direct(file, loaded).map(|bytes_min| Self { bytes_min, ..whole })),
                Some(number) => {
                    let Some(needed @ Place::At { .. }) = file.xref.place(number) else {
                        return Ok(None);
                    };
                    let length = file.load_number(number)?;
                    let Some(told) = length.object.as_usize() else { return Ok(None) };
                    let own = Self::of_direct(file, &length).zip(closed(file.bytes, loaded, told));
                    Ok(own.map(|(one, other)| Self {
                        needs: Some((number, needed)),
                        bytes_min: one.max(other),
                        ..whole
                    }))
                }
            },
            _ => Ok(None),
        }
    }

    /// From how many bytes of the file on it is the same, if it needs no other object.
    fn of_direct(file: &File<'_>, loaded: &Loaded<'_>) -> Option<usize> {
        let (_, end) = loaded.span?;
        match loaded.stream {
            None => Some(after(file.bytes, end)),
            Some(_) => closed(file.bytes, loaded, dictionary(loaded)?.get("Length")?.as_usize()?),
        }
    }

    /// Whether it is the same in a file that puts it there.
    fn holds(&self, file: &File<'_>, place: Place) -> bool {
        let is_needed_there = |(number, place)| file.xref.place(number) == Some(place);
        self.place == place && self.bytes_min <= file.bytes.len() && self.needs.is_none_or(is_needed_there)
    }
}

fn dictionary<'l>(loaded: &'l Loaded<'_>) -> Option<&'l Dictionary> {
    loaded.object.as_dictionary()
}

/// The object that tells a stream's length.
fn length_object(loaded: &Loaded<'_>) -> Option<u32> {
    loaded.stream?;
    Some(dictionary(loaded)?.get("Length")?.as_reference()?.number)
}

/// So many bytes were looked at to find the end of a stream of this length.
fn closed(bytes: &[u8], loaded: &Loaded<'_>, length: usize) -> Option<usize> {
    let data = loaded.stream?;
    let start = data.as_ptr().addr().checked_sub(bytes.as_ptr().addr())?;
    let told = after(bytes, start.checked_add(length)?);
    // Its end may have been sought; it is a line further.
    Some(told.max(after(bytes, start.checked_add(data.len())?)).max(after(bytes, start)))
}

/// An object as it was parsed.
#[derive(Debug)]
struct Version {
    generation: u16,
    offset: usize,
    /// The length of the file in which it was parsed.
    within: usize,
    parsed: Parsed,
}

/// What objects refer to, and how.
#[derive(Debug, Default)]
struct References {
    /// Of each version, where in `all` its references stand, and whether it is the catalog.
    versions: Versions<(Same, bool, Range<usize>)>,
    all: Vec<(Reference, Use)>,
}

/// What was read of one file, for all of its revisions that are opened with the same key.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) sections: Sections,
    objects: RefCell<Versions<Version>>,
    streams: RefCell<HashMap<StreamPlace, Rc<ObjectStream>>>,
    references: RefCell<References>,
    fields: RefCell<Versions<(Same, Rc<Field>)>>,
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
            sections: Sections::default(),
            objects: RefCell::default(),
            streams: RefCell::default(),
            references: RefCell::default(),
            fields: RefCell::default(),
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
        let version = objects
            .of(reference.number)
            .find(|version| (version.generation, version.offset) == (reference.generation, offset))?;
        let Version { within, parsed, .. } = version;
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
            let Reference { generation, .. } = reference;
            let version = Version { generation, offset, within: bytes.len(), parsed: parsed.clone() };
            self.objects.borrow_mut().push(reference.number, version);
        }
    }

    /// Shows what the object in this place refers to; false when that is not known.
    pub(super) fn references(
        &self,
        file: &File<'_>,
        (number, place): (u32, Place),
        is_root: bool,
        show: impl FnOnce(&[(Reference, Use)]),
    ) -> bool {
        let References { versions, all } = &*self.references.borrow();
        let known = versions.of(number).find(|(same, root, _)| *root == is_root && same.holds(file, place));
        let found = known.and_then(|(.., own)| all.get(own.clone()));
        found.map(show).is_some()
    }

    pub(super) fn keep_references(&self, number: u32, same: Same, is_root: bool, found: &[(Reference, Use)]) {
        if self.takes(found.len()) {
            let References { versions, all } = &mut *self.references.borrow_mut();
            let start = all.len();
            all.extend_from_slice(found);
            versions.push(number, (same, is_root, start..all.len()));
        }
    }

    /// The field in this place.
    pub(super) fn field(&self, file: &File<'_>, (number, place): (u32, Place)) -> Option<Rc<Field>> {
        let fields = self.fields.borrow();
        let (_, field) = fields.of(number).find(|(same, _)| same.holds(file, place))?;
        Some(Rc::clone(field))
    }

    pub(super) fn keep_field(&self, same: Same, field: &Rc<Field>) {
        if self.takes(1) {
            self.fields.borrow_mut().push(field.reference.number, (same, Rc::clone(field)));
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
        let left = self.values_left.get().checked_sub(values.saturating_add(1));
        left.inspect(|left| self.values_left.set(*left)).is_some()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap is the test's failure")]
    use super::*;

    /// These objects, the last of which stands behind the end of the file.
    fn file(bodies: &[&str]) -> Vec<u8> {
        let (last, others) = bodies.split_last().unwrap();
        let mut out = "%PDF-1.7\n".to_owned();
        let mut table = String::new();
        for (index, body) in others.iter().enumerate() {
            table.push_str(&format!("{:010} 00000 n \n", out.len()));
            out.push_str(&format!("{} 0 obj\n{body}\nendobj\n", index + 1));
        }
        let (at, size) = (out.len(), bodies.len() + 1);
        let end = format!("trailer\n<</Size {size}/Root 1 0 R>>\nstartxref\n{at}\n%%EOF\n");
        let head = format!("xref\n0 {size}\n0000000000 65535 f \n{table}");
        let place = at + head.len() + 20 + end.len();
        format!("{out}{head}{place:010} 00000 n \n{end}{} 0 obj\n{last}", bodies.len()).into_bytes()
    }

    #[test]
    fn what_may_go_on_in_later_bytes_is_kept_for_nobody() {
        let bodies = [
            "<</Type/Catalog>>",
            "<</Length 3>>stream\nabc\nendstream",
            "<</Length 4 0 R>>stream\nabc\nendstream",
            "3",
            "<</Length 90000>>stream\nabc\nendstream",
            "<</Length 3.5>>stream\nabc\nendstream",
        ];
        for (last, is_open) in [
            ("6 0", true),
            ("6 00000000000", true),
            ("<<>>", true),
            ("6 endobj\n% more than a word\n", false),
        ] {
            let bytes = file(&[bodies.as_slice(), &[last]].concat());
            let file = File::open_with_revisions(&bytes).unwrap();
            let same = |number| {
                let place = file.xref.place(number).unwrap();
                Same::of(&file, place, &file.load_number(number).unwrap()).unwrap()
            };
            for number in 1..=4 {
                let (same, loaded) = (same(number).unwrap(), file.load_number(number).unwrap());
                assert!(same.bytes_min > loaded.span.unwrap().1 && same.bytes_min < bytes.len(), "{number}");
                assert_eq!(same.needs.map(|(number, _)| number), (number == 3).then_some(4));
            }
            assert!(same(5).is_none() && same(6).is_none());
            assert_eq!(same(7).is_none(), is_open, "{last}");
        }
    }
}
