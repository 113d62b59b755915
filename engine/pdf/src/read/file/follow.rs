//! Why: nearly every value may stand in an object of its own, with a reference in its place.

use std::borrow::Cow;

use super::{File, Loaded};
use crate::read::{
    Error,
    object::{Dictionary, Object, Reference},
};

/// References that are followed from one to the next.
const HOPS_MAX: usize = 16;

impl<'a> File<'a> {
    /// Follows references to the object behind them.
    pub(crate) fn resolve(&self, object: &Object) -> Result<Object, Error> {
        Ok(self.follow(object)?.object)
    }

    /// Follows references to the object behind them, which may be a stream.
    pub(crate) fn follow(&self, object: &Object) -> Result<Loaded<'a>, Error> {
        let mut found = Loaded::direct(object.clone());
        for _ in 0..HOPS_MAX {
            match found.object {
                Object::Reference(reference) => found = self.load(reference)?,
                _ => return Ok(found),
            }
        }
        Err(Error::Damaged { what: "references form a ring".to_owned() })
    }

    /// As [`Self::entry`], without a copy of what stands there itself.
    pub(crate) fn look<'d>(&self, dictionary: &'d Dictionary, key: &str) -> Result<Cow<'d, Object>, Error> {
        match dictionary.get(key) {
            None => Ok(Cow::Owned(Object::Null)),
            Some(reference @ Object::Reference(_)) => self.resolve(reference).map(Cow::Owned),
            Some(direct) => Ok(Cow::Borrowed(direct)),
        }
    }

    /// The entry, with references followed; null when it is not there.
    pub(crate) fn entry(&self, dictionary: &Dictionary, key: &str) -> Result<Object, Error> {
        dictionary.get(key).map_or(Ok(Object::Null), |object| self.resolve(object))
    }

    /// Pages, fields and the form are written anew when a file is prepared. In a broken file one may be what others are read
    /// with: the encryption dictionary, or a stream that holds objects.
    ///
    /// # Errors
    /// [`Error::Damaged`]
    pub(crate) fn check_changeable(&self, reference: Reference) -> Result<(), Error> {
        let is_key = self.crypt.as_ref().is_some_and(|crypt| crypt.is_own(reference));
        if is_key || self.load(reference)?.stream.is_some() {
            let what = format!("object {} is a page, field or form, and something else", reference.number);
            return Err(Error::Damaged { what });
        }
        Ok(())
    }

    /// The document's catalog with its reference.
    pub(crate) fn catalog(&self) -> Result<(Reference, &Dictionary), Error> {
        let damaged = || Error::Damaged { what: "the catalog is missing".to_owned() };
        let root = self.xref.trailer.get("Root").and_then(Object::as_reference).ok_or_else(damaged)?;
        let catalog = match self.catalog.get() {
            Some(catalog) => catalog,
            None => {
                let catalog = self.load(root)?.object.into_dictionary().ok_or_else(damaged)?;
                self.catalog.get_or_init(|| catalog)
            }
        };
        Ok((root, catalog))
    }
}
