//! Why: a field that the tenth signer filled was empty for all nine before him. What filling it was is found out once for all
//! signatures of a file.

use std::{cell::RefCell, rc::Rc};

use crate::read::fields::Field;

/// What became of fields, compared with one newest revision.
#[derive(Debug, Default)]
pub(super) struct Filled {
    by_number: RefCell<Vec<Versions>>,
}

/// Versions of a field, with what became of them.
type Versions = Vec<(Rc<Field>, Outcome)>;

/// A change of a field, whoever locked it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outcome {
    pub(super) kind: &'static str,
    pub(super) allowed: bool,
}

impl Filled {
    /// What became of this very field, which revisions share if it is the same in them.
    pub(super) fn outcome(&self, field: &Rc<Field>) -> Option<Outcome> {
        let filled = self.by_number.borrow();
        let versions = filled.get(index(field))?;
        versions.iter().find(|(known, _)| Rc::ptr_eq(known, field)).map(|(_, outcome)| *outcome)
    }

    /// Keeps it for a field that other revisions have as well, and whose change depends on nothing but itself and the newest
    /// revision.
    pub(super) fn keep(&self, field: &Rc<Field>, outcome: Outcome) {
        if Rc::strong_count(field) > 1 && matches!(field.field_type.as_slice(), b"Tx" | b"Btn") {
            let (index, mut filled) = (index(field), self.by_number.borrow_mut());
            if filled.len() <= index {
                filled.resize_with(index + 1, Vec::new);
            }
            filled[index].push((Rc::clone(field), outcome));
        }
    }
}

/// A field was read, so that its number is one that a cross-reference may name.
fn index(field: &Field) -> usize {
    usize::try_from(field.reference.number).unwrap_or(usize::MAX)
}
