//! Why: an organization's seal is drawn from its data, the same each time, with every glyph as an outline, so that no
//! viewer, browser or missing font can show it otherwise.

mod line;
mod oval;
mod pen;
mod round;
mod square;
mod triangle;

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use self::{line::characters, pen::Pen};
use crate::fonts;

/// The outer form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// A circle with the name along the upper arc and a star in the middle.
    Round,
    /// An ellipse with the name along the upper arc: invoice seals.
    Oval,
    /// An equilateral triangle with a point up and the name along its two slopes.
    Triangle,
    /// A square with columns of glyphs, read from the right: a legal representative's name seal, or a finance seal.
    Square,
}

/// What the seal is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// 公章
    Official,
    /// 合同专用章
    Contract,
    /// 财务专用章
    Finance,
    /// 人事专用章
    Hr,
    /// 发票专用章
    Invoice,
    /// 法定代表人名章
    LegalRep,
    /// Any other seal.
    Other,
}

/// The inks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Color {
    /// Seal red.
    #[default]
    Red,
    /// Stamp-pad blue.
    Blue,
    /// Black.
    Black,
}

impl Color {
    /// Red, green and blue.
    #[must_use]
    pub const fn rgb(self) -> [u8; 3] {
        match self {
            Self::Red => [0xd7, 0x00, 0x0f],
            Self::Blue => [0x1d, 0x3f, 0xa8],
            Self::Black => [0x14, 0x14, 0x14],
        }
    }

    /// As `#rrggbb`.
    #[must_use]
    pub fn hex(self) -> String {
        format!("#{}", hex::encode(self.rgb()))
    }
}

/// A seal's data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SealSpec {
    /// The outer form.
    pub shape: Shape,
    /// What it is used for.
    pub kind: Kind,
    /// The organization's name, 4–40 characters, of which those between words are drawn as gaps; for a legal representative's seal the person's name, 2–12 characters.
    pub organization_name: String,
    /// Text in the middle, at most 8 characters: under the star of a round seal, in the middle of a triangle, in the last
    /// column of a square. An oval seal has its tax number here, at most 20.
    #[serde(default)]
    pub center_text: Option<String>,
    /// Digits along the lower arc of a round seal or the foot of a triangle, at most 20; an oval seal's text under the tax
    /// number, at most 8 characters.
    #[serde(default)]
    pub bottom_text: Option<String>,
    /// Without it red.
    #[serde(default)]
    pub color: Option<Color>,
    /// Width in millimetres; without it the usual one for kind and shape.
    #[serde(default)]
    pub size_mm: Option<f64>,
}

/// Why a seal cannot be drawn.
#[derive(Debug, Clone, PartialEq, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Error {
    /// One of the seal's data is wrong.
    #[error("{field}: {why}")]
    Field {
        /// Which, named as in [`SealSpec`].
        field: String,
        /// What is wrong with it.
        why: String,
    },
    /// A character that the font has no glyph for, or a control character. It is not drawn as a box, nor left out.
    #[error("{field}: the seal font has no glyph for {}", shown(*character))]
    Glyph {
        /// In which of the seal's texts, named as in [`SealSpec`].
        field: String,
        /// Which.
        character: char,
    },
    /// No font was found.
    #[error("no font: {why}")]
    Font {
        /// Which, and where it was sought.
        why: String,
    },
}

/// The character with its number, and without itself where it cannot be seen.
fn shown(character: char) -> String {
    let number = format!("U+{:04X}", u32::from(character));
    if character.is_control() { number } else { format!("“{character}” ({number})") }
}

/// Draws the seal as an SVG document of paths, with its size in millimetres.
///
/// # Errors
/// [`Error::Field`] names the data that is wrong, [`Error::Glyph`] a character that cannot be drawn.
pub fn draw(spec: &SealSpec) -> Result<String, Error> {
    let data = check(spec)?;
    let font = fonts::font(fonts::Face::Song).map_err(|why| Error::Font { why })?;
    let mut pen = Pen::new(&font).map_err(|why| Error::Font { why })?;
    for (field, text) in data.texts() {
        let drawn = text.iter().copied().filter(|character| *character != ' ');
        if let Some(character) = drawn.into_iter().find(|character| !pen.has(*character)) {
            return Err(Error::Glyph { field: field.to_owned(), character });
        }
    }
    match spec.shape {
        Shape::Round => round::draw(&mut pen, &data),
        Shape::Oval => oval::draw(&mut pen, &data),
        Shape::Triangle => triangle::draw(&mut pen, &data),
        Shape::Square => square::draw(&mut pen, &data),
    }
    .map_err(|why| Error::Font { why })?;
    Ok(pen.into_svg(data.width, data.height, &data.color))
}

/// The seal's width and height in millimetres, as [`draw`] draws it.
///
/// # Errors
/// [`Error::Field`] as for [`draw`].
pub fn size_mm(spec: &SealSpec) -> Result<(f64, f64), Error> {
    check(spec).map(|data| (data.width, data.height))
}

/// A spec that was checked, with its defaults filled in.
#[derive(Debug)]
struct Data {
    name: Vec<char>,
    center: Vec<char>,
    bottom: Vec<char>,
    color: String,
    width: f64,
    height: f64,
    /// A person's seal, which ends in 印.
    is_name_seal: bool,
}

impl Data {
    /// The texts by their names in [`SealSpec`].
    fn texts(&self) -> [(&'static str, &[char]); 3] {
        [("organization_name", &self.name), ("center_text", &self.center), ("bottom_text", &self.bottom)]
    }
}

const NAME_CHARS: RangeInclusive<usize> = 4..=40;
const PERSON_CHARS: RangeInclusive<usize> = 2..=12;
const SHORT_CHARS_MAX: usize = 8;
const DIGITS_MAX: usize = 20;

fn wrong<T>(field: &str, why: impl Into<String>) -> Result<T, Error> {
    Err(Error::Field { field: field.to_owned(), why: why.into() })
}

fn check(spec: &SealSpec) -> Result<Data, Error> {
    let (width, height) = check_size(spec)?;
    let is_name_seal = spec.kind == Kind::LegalRep;
    if is_name_seal && spec.shape != Shape::Square {
        return wrong("shape", "a legal representative's seal is a square");
    }
    let data = Data {
        name: characters(&spec.organization_name),
        center: characters(spec.center_text.as_deref().unwrap_or_default()),
        bottom: characters(spec.bottom_text.as_deref().unwrap_or_default()),
        color: spec.color.unwrap_or_default().hex(),
        width,
        height,
        is_name_seal,
    };
    for (field, text) in data.texts() {
        if let Some(character) = text.iter().copied().find(|character| character.is_control()) {
            return Err(Error::Glyph { field: field.to_owned(), character });
        }
    }
    let lengths = if is_name_seal { PERSON_CHARS } else { NAME_CHARS };
    if !lengths.contains(&data.name.len()) {
        return wrong(
            "organization_name",
            format!("it has {}–{} characters", lengths.start(), lengths.end()),
        );
    }
    check_texts(spec.shape, &data)?;
    Ok(data)
}

/// What each shape has room for beside the name.
fn check_texts(shape: Shape, data: &Data) -> Result<(), Error> {
    let short = |field, text: &[char]| match text.len() {
        0..=SHORT_CHARS_MAX => Ok(()),
        _ => wrong(field, format!("it has at most {SHORT_CHARS_MAX} characters")),
    };
    let digits = |field, text: &[char]| {
        if text.len() > DIGITS_MAX || !text.iter().all(char::is_ascii_alphanumeric) {
            return wrong(field, format!("it has at most {DIGITS_MAX} digits or letters"));
        }
        Ok(())
    };
    match shape {
        Shape::Round | Shape::Triangle => {
            short("center_text", &data.center)?;
            digits("bottom_text", &data.bottom)
        }
        Shape::Oval => {
            digits("center_text", &data.center)?;
            short("bottom_text", &data.bottom)
        }
        Shape::Square if data.is_name_seal && !data.center.is_empty() => {
            wrong("center_text", "a person's seal has none")
        }
        Shape::Square if !data.bottom.is_empty() => wrong("bottom_text", "a square seal has none"),
        Shape::Square => short("center_text", &data.center),
    }
}

/// The usual width of such a seal and those that are possible, in millimetres.
#[must_use]
pub const fn widths_mm(shape: Shape, kind: Kind) -> (f64, RangeInclusive<f64>) {
    match (shape, kind) {
        (Shape::Square, Kind::LegalRep) => (20.0, 18.0..=20.0),
        (Shape::Square, _) => (22.0, 18.0..=25.0),
        (Shape::Round, Kind::Official) => (42.0, 30.0..=45.0),
        (Shape::Round, _) => (38.0, 30.0..=45.0),
        (Shape::Oval | Shape::Triangle, _) => (40.0, 30.0..=45.0),
    }
}

/// Width and height for the shape, with the usual size of the kind.
fn check_size(spec: &SealSpec) -> Result<(f64, f64), Error> {
    let (usual, range) = widths_mm(spec.shape, spec.kind);
    let width = spec.size_mm.unwrap_or(usual);
    if !range.contains(&width) {
        return wrong("size_mm", format!("it is {}–{} mm", range.start(), range.end()));
    }
    let height = match spec.shape {
        Shape::Oval => width * 0.75,
        Shape::Triangle => width * triangle::HEIGHT,
        Shape::Round | Shape::Square => width,
    };
    Ok((width, height))
}

#[cfg(test)]
mod tests;
