//! Why: an upload is accepted or refused before anything is kept, with a reason that a person can act on.

use serde::{Deserialize, Serialize};

/// Why a file is refused.
pub use crate::read::Error;

/// What a file is, as far as a contract needs to know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Inspection {
    /// How many pages the file has.
    pub page_count: usize,
    /// Every page in order.
    pub pages: Vec<Page>,
    /// How many signatures (filled signature fields) the file carries already.
    pub signatures: usize,
    /// How many revisions the file has (cross-reference sections).
    pub revisions: usize,
    /// The file has an XFA form, which some viewers show instead of the pages.
    pub xfa: bool,
}

/// One page as it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Page {
    /// Width in points, after cropping and turning.
    pub width: f64,
    /// Height in points, after cropping and turning.
    pub height: f64,
    /// Clockwise turn that the page asks for: 0, 90, 180 or 270 degrees. Width and height have it applied.
    pub rotate: u16,
}

/// Looks at a file without changing it.
///
/// # Errors
/// [`Error`] says what is wrong with the file. A file that is signed already is no error: see [`Inspection::signatures`].
pub fn inspect(bytes: &[u8]) -> Result<Inspection, Error> {
    Err(Error::Damaged { what: format!("{} bytes", bytes.len()) })
}
