//! Finds the two typefaces, measures with the whole fonts, and hands the PDF library fonts cut down to what was used:
//! without its layout features that library would embed all twenty megabytes.

use std::{collections::BTreeSet, path::Path};

use printpdf::{FontId, ParsedFont};
use subsetter::GlyphRemapper;

use super::Error;

/// Where Debian's fonts-noto-cjk and other systems' packages put the files.
const FOLDERS: [&str; 3] =
    ["/usr/share/fonts/opentype/noto", "/usr/share/fonts/noto-cjk", "/usr/share/fonts/noto"];
/// In the Noto CJK collections the faces stand in the order JP, KR, SC, TC, HK.
const SIMPLIFIED_CHINESE: usize = 2;

/// Which typeface a run of text is set in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// Song, for the text.
    Body,
    /// Hei, bold, for titles and headings.
    Heading,
}

/// The two typefaces and the characters used of each.
pub(super) struct Faces {
    body: Face,
    heading: Face,
}

struct Face {
    name: &'static str,
    font: ParsedFont,
    used: BTreeSet<char>,
}

impl Faces {
    pub(super) fn find() -> Result<Self, Error> {
        Ok(Self {
            body: Face::load("NotoSerifCJK-Regular.ttc", "NotoSerifCJKsc-Regular")?,
            heading: Face::load("NotoSansCJK-Bold.ttc", "NotoSansCJKsc-Bold")?,
        })
    }

    /// The resource name under which a style's font is registered in the PDF.
    pub(super) fn id(style: Style) -> FontId {
        FontId(match style {
            Style::Body => "Body".to_owned(),
            Style::Heading => "Heading".to_owned(),
        })
    }

    /// A character's width in em; 0 when the font lacks it, which [`Faces::use_text`] reports.
    pub(super) fn advance(&self, style: Style, c: char) -> f32 {
        let font = &self.face(style).font;
        let width = font.codepoint_to_glyph.get(&u32::from(c)).and_then(|glyph| font.glyph_widths.get(glyph));
        f32::from(width.copied().unwrap_or(0)) / f32::from(font.units_per_em.max(1))
    }

    /// The width of a text in em.
    pub(super) fn width(&self, style: Style, text: &str) -> f32 {
        text.chars().map(|c| self.advance(style, c)).sum()
    }

    /// Notes the characters of a text that is about to be set.
    pub(super) fn use_text(&mut self, style: Style, text: &str) -> Result<(), Error> {
        let face = match style {
            Style::Body => &mut self.body,
            Style::Heading => &mut self.heading,
        };
        for c in text.chars() {
            if !face.font.codepoint_to_glyph.contains_key(&u32::from(c)) {
                return Err(Error::GlyphMissing(c));
            }
            face.used.insert(c);
        }
        Ok(())
    }

    /// The font of a style with nothing in it but the characters used.
    pub(super) fn cut_down(&self, style: Style) -> Result<ParsedFont, Error> {
        self.face(style).cut_down()
    }

    fn face(&self, style: Style) -> &Face {
        match style {
            Style::Body => &self.body,
            Style::Heading => &self.heading,
        }
    }
}

impl Face {
    fn load(file: &'static str, name: &'static str) -> Result<Self, Error> {
        let path = FOLDERS
            .iter()
            .map(|folder| Path::new(folder).join(file))
            .find(|path| path.is_file())
            .ok_or(Error::FontMissing { file })?;
        let bytes = std::fs::read(&path).map_err(|source| Error::FontRead { path: path.clone(), source })?;
        let font = ParsedFont::from_bytes(&bytes, SIMPLIFIED_CHINESE, &mut Vec::new())
            .ok_or(Error::FontUnusable { path })?;
        Ok(Self { name, font, used: BTreeSet::new() })
    }

    fn cut_down(&self) -> Result<ParsedFont, Error> {
        let mut remapper = GlyphRemapper::new();
        let mut glyphs = Vec::new();
        for &c in &self.used {
            let glyph = *self.font.codepoint_to_glyph.get(&u32::from(c)).ok_or(Error::GlyphMissing(c))?;
            glyphs.push((c, remapper.remap(glyph)));
        }
        let bytes = subsetter::subset(&self.font.original_bytes, self.font.font_index, &remapper)
            .map_err(Error::Subset)?;
        let mut font = ParsedFont::from_bytes(&bytes, 0, &mut Vec::new())
            .ok_or_else(|| Error::FontUnusable { path: self.name.into() })?;
        font.font_name = Some(self.name.to_owned());
        for (c, glyph) in glyphs {
            font.set_codepoint_mapping(u32::from(c), glyph);
        }
        Ok(font)
    }
}
