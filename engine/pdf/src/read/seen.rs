//! Why: trees of pages and fields may be rings, so each reference in them is followed once.

use std::collections::HashSet;

use super::{file::File, numbers::Numbers, object::Reference};

/// References that were followed.
#[derive(Default)]
pub(super) struct Seen {
    /// Those that lead to an object: of each number one does.
    objects: Numbers,
    others: HashSet<Reference>,
}

impl Seen {
    /// Whether it was not followed before.
    pub(super) fn insert(&mut self, file: &File<'_>, reference: Reference) -> bool {
        if file.xref.has(reference) {
            self.objects.insert(reference.number)
        } else {
            self.others.insert(reference)
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap is the test's failure")]
    use super::*;

    #[test]
    fn each_reference_is_followed_once_whatever_it_leads_to() {
        let bytes = b"%PDF-1.7\n1 0 obj\n<</Type/Catalog>>\nendobj\nxref\n0 2\n0000000000 65535 f \n0000000009 00000 n \ntrailer\n<</Size 2/Root 1 0 R>>\nstartxref\n42\n%%EOF\n";
        let file = File::open(bytes).unwrap();
        let mut seen = Seen::default();
        // There, of a generation that is not there, and not there at all.
        let references = [(1, 0), (1, 1), (7, 0), (u32::MAX, 0)];
        let references = references.map(|(number, generation)| Reference { number, generation });
        assert!(references.iter().all(|reference| seen.insert(&file, *reference)));
        assert!(references.iter().all(|reference| !seen.insert(&file, *reference)));
    }
}
