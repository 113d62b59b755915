//! A Chinese purchase contract to try the platform with, so that the demonstration and the tests sign a real document:
//! many pages, Chinese text that can be extracted, a table, headers and footers, and a signing page with marked places.
//!
//! The text is `purchase.txt`; the fonts are Debian's Noto CJK, cut down to the characters used. The same fonts give the
//! same bytes, every time.

mod fonts;
mod layout;
mod lines;
mod markup;
mod render;
mod site_plan;

use std::path::PathBuf;

/// The name under which the sample is uploaded.
pub const FILE_NAME: &str = "示例采购合同.pdf";

/// The title printed on the first page and in the header.
pub const TITLE: &str = "示例采购合同";

const TEXT: &str = include_str!("purchase.txt");

/// A rectangle on the last page, in millimetres from the page's top left corner.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    /// Left edge.
    pub x: f32,
    /// Upper edge.
    pub y: f32,
    /// Width.
    pub w: f32,
    /// Height.
    pub h: f32,
}

/// Where 甲方 puts its round seal. These places are those of `workflows/supplier_purchase/workflow.yaml`.
pub const SEAL_PLACE: Place = Place { x: 44.0, y: 90.0, w: 38.0, h: 38.0 };
/// Where 甲方's date goes, behind the printed 日期.
pub const SEAL_DATE_PLACE: Place = Place { x: 42.0, y: 138.0, w: 40.0, h: 8.0 };
/// Where 乙方 writes the signature.
pub const SIGNATURE_PLACE: Place = Place { x: 120.0, y: 98.0, w: 54.0, h: 24.0 };
/// Where 乙方's date goes, behind the printed 日期.
pub const SIGNATURE_DATE_PLACE: Place = Place { x: 124.0, y: 138.0, w: 40.0, h: 8.0 };

/// Why no sample could be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A font file is missing.
    #[error("the font {file} is not installed; on Debian: apt-get install fonts-noto-cjk")]
    FontMissing {
        /// The file's name.
        file: &'static str,
    },
    /// A font file cannot be read.
    #[error("cannot read the font {}", path.display())]
    FontRead {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A font file holds no font that this program understands.
    #[error("cannot use the font {}", path.display())]
    FontUnusable {
        /// Which file.
        path: PathBuf,
    },
    /// A font cannot be cut down.
    #[error("cannot cut the font down to the characters used")]
    Subset(#[source] subsetter::Error),
    /// A character of the text has no glyph.
    #[error("no glyph for {0:?}")]
    GlyphMissing(char),
    /// The PDF library refused a page.
    #[error("cannot write the sample: {0}")]
    Render(String),
}

/// Makes the sample contract as a PDF of some hundred kilobytes.
///
/// # Errors
/// When the Noto CJK fonts are not installed, or are not as expected.
pub fn build() -> Result<Vec<u8>, Error> {
    let mut faces = fonts::Faces::find()?;
    let pages = layout::pages(&markup::parse(TEXT), &mut faces)?;
    render::pdf(&pages, &faces)
}

#[cfg(test)]
mod tests;
