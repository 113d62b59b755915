//! Why: who changes an object reads it several times in a row: to find it, to change it, and to see whether it may be changed.

use std::cell::RefCell;

use super::{
    kept::Parsed,
    object::{Object, Reference},
};

/// So many objects are kept.
const OBJECTS: usize = 4;
/// And none of more values.
const VALUES_MAX: usize = 256;

/// The last dictionaries that were read of one file, where nothing else is kept of it; a copy shares their entries.
#[derive(Debug, Default)]
pub(super) struct Recent(RefCell<Vec<(Reference, usize, Parsed)>>);

impl Recent {
    /// The object at this offset, if it is one of them.
    pub(super) fn object(&self, reference: Reference, offset: usize) -> Option<Parsed> {
        let objects = self.0.borrow();
        let known = objects.iter().find(|(known, at, _)| (*known, *at) == (reference, offset));
        known.map(|(.., parsed)| parsed.clone())
    }

    /// Keeps an object of so many values instead of the one that was kept first.
    pub(super) fn keep(&self, (reference, offset): (Reference, usize), parsed: &Parsed, values: usize) {
        if values <= VALUES_MAX && matches!(parsed.object, Object::Dictionary(_)) {
            let mut objects = self.0.borrow_mut();
            if objects.len() == OBJECTS {
                objects.remove(0);
            }
            objects.push((reference, offset, parsed.clone()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::object::Dictionary;

    fn parsed(object: Object) -> Parsed {
        Parsed { object, stream_start: None, end: 9, has_doubles: false }
    }

    #[test]
    fn the_last_small_dictionaries_are_known_where_they_stand() {
        let (recent, own) = (Recent::default(), |number| Reference { number, generation: 0 });
        for number in 0..5 {
            recent.keep((own(number), 10), &parsed(Dictionary::new().into()), 1);
        }
        assert!(recent.object(own(0), 10).is_none());
        assert!((1..5).all(|number| recent.object(own(number), 10).is_some()));
        // At another place, or of another generation, it is another object.
        assert!(recent.object(own(4), 11).is_none());
        assert!(recent.object(Reference { number: 4, generation: 1 }, 10).is_none());
        recent.keep((own(7), 10), &parsed(Object::Array(Vec::new())), 1);
        recent.keep((own(8), 10), &parsed(Dictionary::new().into()), VALUES_MAX + 1);
        assert!(recent.object(own(7), 10).is_none() && recent.object(own(8), 10).is_none());
    }
}
