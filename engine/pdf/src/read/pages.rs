//! Why: fields are placed by page number, so the page tree is walked, with its inherited boxes and turns; a tree that loops or
//! is endless is refused.

use super::{
    Error,
    file::File,
    object::{Dictionary, Object, Reference},
    seen::Seen,
};
use crate::limits::{DEPTH_MAX, PAGES_MAX};

/// A page with what it inherits.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    pub(crate) reference: Reference,
    pub(crate) dictionary: Dictionary,
    /// The box that is shown, in the page's own units: left, bottom, right, top.
    pub(crate) shown: [f64; 4],
    /// Clockwise turn: 0, 90, 180 or 270.
    pub(crate) rotate: u16,
    /// Points in one of the page's own units.
    pub(crate) unit: f64,
}

/// US Letter, what viewers take for a page without a box.
const DEFAULT_BOX: [f64; 4] = [0.0, 0.0, 612.0, 792.0];

#[derive(Debug, Clone, Default)]
struct Inherited {
    media: Option<[f64; 4]>,
    crop: Option<[f64; 4]>,
    rotate: Option<i64>,
}

/// The first `count_max` pages in order; pass [`PAGES_MAX`] for all.
pub(crate) fn pages(file: &File<'_>, count_max: usize) -> Result<Vec<Page>, Error> {
    let (_, catalog) = file.catalog()?;
    let Some(root) = catalog.get("Pages").and_then(Object::as_reference) else {
        return Err(Error::Damaged { what: "the page tree is missing".to_owned() });
    };
    let mut pages = Vec::new();
    let mut seen = Seen::default();
    let mut open = vec![(root, Inherited::default(), 0_usize)];
    while let Some((reference, inherited, depth)) = open.pop() {
        if pages.len() >= count_max {
            break;
        }
        if !seen.insert(file, reference) {
            return Err(Error::Damaged { what: "the page tree forms a ring".to_owned() });
        }
        if depth > DEPTH_MAX {
            return Err(Error::TooLarge { what: "the page tree is too deep".to_owned() });
        }
        let Some(node) = file.load(reference)?.object.into_dictionary() else {
            return Err(Error::Damaged { what: format!("page object {} is missing", reference.number) });
        };
        let inherited = inherit(file, &node, inherited)?;
        match &*file.look(&node, "Kids")? {
            Object::Array(kids) if !node.is("Type", "Page") => {
                let children = kids.iter().filter_map(Object::as_reference);
                open.extend(children.rev().map(|kid| (kid, inherited.clone(), depth + 1)));
                if open.len() > PAGES_MAX * 2 {
                    return Err(Error::TooManyPages { max: PAGES_MAX });
                }
            }
            _ => {
                if pages.len() >= PAGES_MAX {
                    return Err(Error::TooManyPages { max: PAGES_MAX });
                }
                pages.push(page(file, reference, node, &inherited)?);
            }
        }
    }
    Ok(pages)
}

fn inherit(file: &File<'_>, node: &Dictionary, inherited: Inherited) -> Result<Inherited, Error> {
    Ok(Inherited {
        media: rectangle(file, node, "MediaBox")?.or(inherited.media),
        crop: rectangle(file, node, "CropBox")?.or(inherited.crop),
        rotate: file.look(node, "Rotate")?.as_integer().or(inherited.rotate),
    })
}

fn page(
    file: &File<'_>,
    reference: Reference,
    dictionary: Dictionary,
    inherited: &Inherited,
) -> Result<Page, Error> {
    let media = inherited.media.unwrap_or(DEFAULT_BOX);
    let crop = inherited.crop.unwrap_or(media);
    let cut = [crop[0].max(media[0]), crop[1].max(media[1]), crop[2].min(media[2]), crop[3].min(media[3])];
    let shown = if cut[0] < cut[2] && cut[1] < cut[3] { cut } else { media };
    let turns = inherited.rotate.unwrap_or(0).rem_euclid(360);
    let rotate = if turns % 90 == 0 { u16::try_from(turns).unwrap_or(0) } else { 0 };
    let unit = file.look(&dictionary, "UserUnit")?.as_f64().filter(|unit| *unit > 0.0).unwrap_or(1.0);
    Ok(Page { reference, dictionary, shown, rotate, unit })
}

fn rectangle(file: &File<'_>, node: &Dictionary, key: &str) -> Result<Option<[f64; 4]>, Error> {
    let entry = file.look(node, key)?;
    let Some(corners) = entry.as_array() else { return Ok(None) };
    let mut numbers = [0.0; 4];
    if corners.len() != numbers.len() {
        return Ok(None);
    }
    for (number, corner) in numbers.iter_mut().zip(corners) {
        let Some(value) = file.resolve(corner)?.as_f64() else { return Ok(None) };
        *number = value;
    }
    let [x0, y0, x1, y1] = numbers;
    let sorted = [x0.min(x1), y0.min(y1), x0.max(x1), y0.max(y1)];
    Ok((sorted[0] < sorted[2] && sorted[1] < sorted[3]).then_some(sorted))
}
