//! Why: an upload is accepted or refused before anything is kept, with a reason that a person can act on.

use serde::{Deserialize, Serialize};

use crate::{
    geometry::shown_size,
    read::{
        self,
        fields::{fields, form},
        file::File,
        pages::pages,
    },
};

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
    let file = File::open(read::from_header(bytes)?)?;
    let pages: Vec<Page> = pages(&file, usize::MAX)?
        .iter()
        .map(|page| {
            let (width, height) = shown_size(page);
            Page { width, height, rotate: page.rotate }
        })
        .collect();
    if pages.is_empty() {
        return Err(Error::Damaged { what: "the file has no page".to_owned() });
    }
    file.uses()?.check_closed()?;
    let xfa = form(&file)?.is_some_and(|form| form.dictionary.get("XFA").is_some());
    let signatures = fields(&file)?.iter().filter(|field| field.is_signed()).count();
    Ok(Inspection { page_count: pages.len(), pages, signatures, revisions: file.xref.sections.len(), xfa })
}
