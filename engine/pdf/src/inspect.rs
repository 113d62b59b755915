//! Why: an upload is accepted or refused before anything is kept, with a reason that a person can act on.

use serde::{Deserialize, Serialize};

use crate::{
    geometry::shown_size,
    limits::{NUMBERS_LEFT_MIN, OBJECTS_MAX},
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
    let found = pages(&file, usize::MAX)?;
    let form = form(&file)?;
    let others = [Some(file.catalog()?.0), form.as_ref().and_then(|form| form.reference)];
    let changed = found.iter().map(|page| page.reference).chain(others.into_iter().flatten());
    for reference in changed {
        file.check_changeable(reference)?;
    }
    let pages: Vec<Page> = found
        .iter()
        .map(|page| {
            let (width, height) = shown_size(page);
            Page { width, height, rotate: page.rotate }
        })
        .collect();
    if pages.is_empty() {
        return Err(Error::Damaged { what: "the file has no page".to_owned() });
    }
    // What would break signatures later is mended before the first.
    file.uses()?.check_sound()?;
    let next_number = file.xref.next_number().max(file.uses()?.next_number());
    if usize::try_from(next_number).unwrap_or(usize::MAX) > OBJECTS_MAX - NUMBERS_LEFT_MIN {
        return Err(Error::Damaged { what: format!("the next object would have number {next_number}") });
    }
    let xfa = form.is_some_and(|form| form.dictionary.get("XFA").is_some());
    let signatures = fields(&file)?.iter().filter(|field| field.is_signed()).count();
    Ok(Inspection { page_count: pages.len(), pages, signatures, revisions: file.xref.sections.len(), xfa })
}
