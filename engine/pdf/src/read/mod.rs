//! Why: the file is read lazily, object by object, so that the cost of a signature follows the change and not the file.

pub(crate) mod crypt;
pub(crate) mod fields;
pub(crate) mod file;
mod filter;
mod kept;
pub(crate) mod locks;
mod name;
pub(crate) mod numbers;
pub(crate) mod object;
pub(crate) mod pages;
pub(crate) mod parser;
pub(crate) mod plain;
mod recent;
mod repair;
mod seen;
pub(crate) mod text;
pub(crate) mod uses;
pub(crate) mod xref;

pub use repair::repair;
use serde::{Deserialize, Serialize};

/// Why a file cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Error {
    /// Nothing was given.
    #[error("the file is empty")]
    Empty,
    /// There is no PDF header near the start.
    #[error("the file is no PDF")]
    NotAPdf,
    /// The file wants a password, or is encrypted in a way that is not known.
    #[error("the file is encrypted")]
    Encrypted,
    /// The file is signed, so that its damage must not be mended.
    #[error("the file is damaged, and signed: it is never rewritten")]
    SignedAndDamaged,
    /// The file's structure is broken.
    #[error("the file is damaged: {what}")]
    Damaged {
        /// What is broken, for the log and for support.
        what: String,
    },
    /// The file, or something in it, is larger than the limit.
    #[error("the file is too large: {what}")]
    TooLarge {
        /// What is too large.
        what: String,
    },
    /// The file has more pages than the limit.
    #[error("the file has more than {max} pages")]
    TooManyPages {
        /// The limit.
        max: usize,
    },
}

/// The file from its header on. Mailers and scanners put bytes before the header, and offsets then count from the header.
pub(crate) fn from_header(bytes: &[u8]) -> Result<&[u8], Error> {
    let at = file::header_offset(bytes)?;
    Ok(bytes.get(at..).unwrap_or_default())
}
