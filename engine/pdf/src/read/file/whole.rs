//! Why: some questions are about all objects of a file. They are answered once, when they are asked for the first time.

use super::File;
use crate::read::{
    Error,
    fields::{self, Shared},
    numbers::Numbers,
    plain::is_plain,
    uses::Uses,
    xref::Place,
};

impl File<'_> {
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
    pub(crate) fn fields(&self) -> Result<&[Shared], Error> {
        match self.fields.get() {
            Some(fields) => Ok(fields),
            None => {
                let fields = fields::shared(self)?;
                Ok(self.fields.get_or_init(|| fields))
            }
        }
    }

    /// How many of the newest revisions have a cross-reference that every reader reads alike, without one between that has not.
    pub(crate) fn plain_sections(&self) -> usize {
        let count = || self.xref.sections.iter().take_while(|section| is_plain(self.bytes, section)).count();
        *self.plain_sections.get_or_init(count)
    }
}
