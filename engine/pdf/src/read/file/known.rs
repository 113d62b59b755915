//! Why: revisions of one file share what was read of an object that is the same in them ([`Kept`](crate::read::kept::Kept)).

use std::rc::Rc;

use super::{File, Loaded};
use crate::read::{Error, fields::Field, kept::Same, object::Reference, uses::Use, xref::Place};

impl File<'_> {
    /// Shows what an object refers to, if that is known from a revision in which it is the same; false if not.
    pub(in crate::read) fn known_references(
        &self,
        object: (u32, Place),
        is_root: bool,
        show: impl FnOnce(&[(Reference, Use)]),
    ) -> bool {
        self.kept.as_ref().is_some_and(|kept| kept.references(self, object, is_root, show))
    }

    pub(in crate::read) fn keep_references(
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
    pub(in crate::read) fn known_field(&self, reference: Reference) -> Option<Rc<Field>> {
        let kept = self.kept.as_ref().filter(|_| self.xref.has(reference))?;
        let place = self.xref.place(reference.number)?;
        kept.field(self, (reference.number, place))
    }

    pub(in crate::read) fn keep_field(&self, loaded: &Loaded<'_>, field: &Rc<Field>) -> Result<(), Error> {
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
}
