//! Why: to judge a signature its revision is read as it was then, and its sections are those of the newest revision, less the last
//! few. Each section is read once for all of them.
//!
//! A section is the same in a revision that has all bytes that were looked at to read it: what stands there does not depend on
//! what is behind. So it is kept with how many these are, and one that was looked for up to the end of the file is not kept.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    rc::Rc,
};

use super::{Place, Section};
use crate::{limits::KEPT_VALUES_MAX, read::object::Dictionary};

/// A section as it was read.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) section: Section,
    /// The stream that it names beside itself.
    pub(super) hidden: Option<usize>,
    /// In the order in which they were read.
    pub(super) entries: Vec<(u64, Place)>,
    pub(super) trailer: Dictionary,
    /// Bytes of its streams' objects.
    pub(super) parsed: usize,
    /// What its streams unpacked to, in bytes.
    pub(super) unpacked: usize,
    /// So many bytes of the file were looked at.
    pub(super) bytes_min: usize,
}

/// Sections by their offsets, for all revisions of one file.
#[derive(Debug)]
pub(in crate::read) struct Sections {
    by_offset: RefCell<HashMap<usize, Rc<Stored>>>,
    /// How many were read.
    read: Cell<usize>,
    /// Entries for which there is still room.
    left: Cell<usize>,
}

impl Default for Sections {
    fn default() -> Self {
        Self { by_offset: RefCell::default(), read: Cell::new(0), left: Cell::new(KEPT_VALUES_MAX) }
    }
}

impl Sections {
    /// The section at this offset, if it is the same in these bytes.
    pub(super) fn at(&self, offset: usize, bytes: &[u8]) -> Option<Rc<Stored>> {
        self.by_offset.borrow().get(&offset).filter(|stored| stored.bytes_min <= bytes.len()).cloned()
    }

    pub(super) fn count(&self) {
        self.read.set(self.read.get().saturating_add(1));
    }

    #[cfg(test)]
    pub(in crate::read) fn read(&self) -> usize {
        self.read.get()
    }

    /// Keeps a section that was read in these bytes.
    pub(super) fn keep(&self, stored: Stored, bytes: &[u8]) {
        let left = self.left.get().checked_sub(stored.entries.len());
        if let Some(left) = left.filter(|_| stored.bytes_min <= bytes.len()) {
            self.left.set(left);
            self.by_offset.borrow_mut().insert(stored.section.offset, Rc::new(stored));
        }
    }
}

/// The entries of a section while it is read.
#[derive(Debug, Default)]
pub(super) struct Entries {
    /// None when they are not to be kept, or too many for it.
    noted: Option<Vec<(u64, Place)>>,
    bytes_min: usize,
}

impl Entries {
    /// Those of a section that is to be kept.
    pub(super) fn kept() -> Self {
        Self { noted: Some(Vec::new()), bytes_min: 0 }
    }

    pub(super) fn note(&mut self, number: u64, place: Place) {
        if let Some(noted) = self.noted.as_mut().filter(|noted| noted.len() < KEPT_VALUES_MAX) {
            noted.push((number, place));
        } else {
            self.noted = None;
        }
    }

    /// Notes that so many bytes of the file were looked at; none when nobody knows.
    pub(super) fn looked_at(&mut self, bytes: Option<usize>) {
        match bytes {
            Some(bytes) => self.bytes_min = self.bytes_min.max(bytes),
            None => self.noted = None,
        }
    }

    /// The entries, and how many bytes of the file were looked at for them.
    pub(super) fn finish(self) -> Option<(Vec<(u64, Place)>, usize)> {
        Some((self.noted?, self.bytes_min))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap is the test's failure")]
    use crate::read::{Error, file::File};

    const BODIES: [&str; 2] = ["<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Count 0/Kids[]>>"];

    /// A revision of these objects, with `more` in its trailer. Answers where its section is.
    fn revision(out: &mut String, bodies: &[&str], more: &str) -> usize {
        let mut table = String::new();
        for (index, body) in bodies.iter().enumerate() {
            table.push_str(&format!("{:010} 00000 n \n", out.len()));
            out.push_str(&format!("{} 0 obj\n{body}\nendobj\n", index + 1));
        }
        let at = out.len();
        out.push_str(&format!("xref\n1 {}\n{table}trailer\n<</Size 3/Root 1 0 R{more}", bodies.len()));
        at
    }

    fn end(out: &mut String, at: usize) -> usize {
        out.push_str(&format!("\nstartxref\n{at}\n%%EOF\n"));
        out.len()
    }

    #[test]
    fn a_revision_has_its_own_places_and_its_own_trailer() {
        let mut out = "%PDF-1.7\n".to_owned();
        let mut ends = Vec::new();
        let mut previous = None;
        for number in 0..3 {
            let previous_entry = previous.map(|at| format!("/Prev {at}")).unwrap_or_default();
            let bodies = if number == 1 { &BODIES[..1] } else { &BODIES };
            let at = revision(&mut out, bodies, &format!("/Number {number}{previous_entry}>>"));
            ends.push(end(&mut out, at));
            previous = Some(at);
        }
        let file = File::open_with_revisions(out.as_bytes()).unwrap();
        for end in ends {
            let (known, anew) = (file.revision(end).unwrap(), File::open(&out.as_bytes()[..end]).unwrap());
            assert_eq!(known.xref.iter().collect::<Vec<_>>(), anew.xref.iter().collect::<Vec<_>>());
            assert_eq!(known.xref.trailer, anew.xref.trailer);
            let offsets =
                |file: &File<'_>| file.xref.sections.iter().map(|own| own.offset).collect::<Vec<_>>();
            assert_eq!(offsets(&known), offsets(&anew));
        }
        assert_eq!(file.read_sections(), 3);
    }

    /// What ends the first revision stands in a string of its trailer, which ends in the second one.
    #[test]
    fn a_section_that_goes_on_in_later_bytes_is_none_of_the_revision() {
        let mut out = "%PDF-1.7\n".to_owned();
        let first = revision(&mut out, &BODIES, "/Open(");
        let first_end = end(&mut out, first);
        out.push_str(")>>\n");
        let second = revision(&mut out, &BODIES, &format!("/Prev {first}>>"));
        end(&mut out, second);
        let file = File::open_with_revisions(out.as_bytes()).unwrap();
        assert_eq!(file.xref.sections.len(), 2);
        assert!(matches!(file.revision(first_end), Err(Error::Damaged { .. })));
        // The same in a revision that has all of it.
        assert_eq!(file.revision(out.len()).unwrap().xref.sections.len(), 2);
    }

    /// A stream says that it is longer than its revision, so that its end was sought there.
    #[test]
    fn a_stream_whose_length_leads_out_is_read_anew_in_each_revision() {
        let mut out = "%PDF-1.7\n".to_owned();
        let mut places = Vec::new();
        for (index, body) in BODIES.iter().enumerate() {
            places.push(out.len());
            out.push_str(&format!("{} 0 obj\n{body}\nendobj\n", index + 1));
        }
        let at = out.len();
        let rows: String = places.iter().map(|place| format!("\u{1}{}", char::from(*place as u8))).collect();
        out.push_str(&format!(
            "3 0 obj\n<</Type/XRef/Size 3/Root 1 0 R/W[1 1 0]/Index[1 2]/Length 900>>stream\n{rows}\nendstream\nendobj\n"
        ));
        let first_end = end(&mut out, at);
        out.push_str(&format!("%{}\n", "-".repeat(1_000)));
        let second = revision(&mut out, &BODIES, &format!("/Prev {at}>>"));
        end(&mut out, second);
        let file = File::open_with_revisions(out.as_bytes()).unwrap();
        let (known, anew) =
            (file.revision(first_end).unwrap(), File::open(&out.as_bytes()[..first_end]).unwrap());
        assert_eq!(known.xref.iter().collect::<Vec<_>>(), anew.xref.iter().collect::<Vec<_>>());
        assert_eq!(known.xref.iter().count(), 2);
        assert_eq!(file.read_sections(), 3);
    }
}
