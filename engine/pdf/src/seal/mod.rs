//! Why: an organization's seal is drawn from its data, the same each time, with every glyph as an outline, so that no
//! viewer, browser or missing font can show it otherwise.

mod oval;
mod pen;
mod round;
mod square;

use serde::{Deserialize, Serialize};

use self::pen::Pen;
use crate::fonts;

/// The outer form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// A circle with the name along the upper arc and a star in the middle.
    Round,
    /// An ellipse with the name along the upper arc: invoice seals.
    Oval,
    /// A square with two columns of glyphs, read from the right: a legal representative's name seal.
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
}

/// A seal's data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SealSpec {
    /// The outer form.
    pub shape: Shape,
    /// What it is used for.
    pub kind: Kind,
    /// The organization's name, 4–40 characters; for a square seal the person's name, 2–4 characters.
    pub organization_name: String,
    /// Text in the middle, at most 8 characters: under the star of a round seal. An oval seal has its tax number here, at
    /// most 20.
    #[serde(default)]
    pub center_text: Option<String>,
    /// Digits along the lower arc of a round seal, at most 20; an oval seal's text under the tax number, at most 8 characters.
    #[serde(default)]
    pub bottom_text: Option<String>,
    /// Colour as `#rrggbb`; without it seal red.
    #[serde(default)]
    pub color: Option<String>,
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
    /// No font was found, or it lacks a character.
    #[error("no glyph: {why}")]
    Font {
        /// Which, and where it was sought.
        why: String,
    },
}

/// Draws the seal as an SVG document of paths, with its size in millimetres.
///
/// # Errors
/// [`Error::Field`] names the data that is wrong; [`Error::Font`] a missing font or glyph.
pub fn draw(spec: &SealSpec) -> Result<String, Error> {
    let data = check(spec)?;
    let font = fonts::font(fonts::Face::Song).map_err(|why| Error::Font { why })?;
    let mut pen = Pen::new(&font).map_err(|why| Error::Font { why })?;
    match spec.shape {
        Shape::Round => round::draw(&mut pen, &data),
        Shape::Oval => oval::draw(&mut pen, &data),
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
}

const NAME_CHARS: std::ops::RangeInclusive<usize> = 4..=40;
const PERSON_CHARS: std::ops::RangeInclusive<usize> = 2..=4;
const SHORT_CHARS_MAX: usize = 8;
const DIGITS_MAX: usize = 20;
/// Seal red.
const RED: &str = "#d7000f";

fn wrong<T>(field: &str, why: impl Into<String>) -> Result<T, Error> {
    Err(Error::Field { field: field.to_owned(), why: why.into() })
}

fn check(spec: &SealSpec) -> Result<Data, Error> {
    let (width, height) = check_size(spec)?;
    let name: Vec<char> = spec.organization_name.trim().chars().collect();
    let lengths = if spec.shape == Shape::Square { PERSON_CHARS } else { NAME_CHARS };
    if !lengths.contains(&name.len()) {
        return wrong(
            "organization_name",
            format!("it has {}–{} characters", lengths.start(), lengths.end()),
        );
    }
    let center = characters(spec.center_text.as_deref());
    let bottom = characters(spec.bottom_text.as_deref());
    match spec.shape {
        Shape::Round => {
            if center.len() > SHORT_CHARS_MAX {
                return wrong("center_text", format!("it has at most {SHORT_CHARS_MAX} characters"));
            }
            if bottom.len() > DIGITS_MAX || !bottom.iter().all(char::is_ascii_alphanumeric) {
                return wrong("bottom_text", format!("it has at most {DIGITS_MAX} digits or letters"));
            }
        }
        Shape::Oval => {
            if center.len() > DIGITS_MAX || !center.iter().all(char::is_ascii_alphanumeric) {
                return wrong(
                    "center_text",
                    format!("a tax number has at most {DIGITS_MAX} digits or letters"),
                );
            }
            if bottom.len() > SHORT_CHARS_MAX {
                return wrong("bottom_text", format!("it has at most {SHORT_CHARS_MAX} characters"));
            }
        }
        Shape::Square if !center.is_empty() => return wrong("center_text", "a square seal has none"),
        Shape::Square if !bottom.is_empty() => return wrong("bottom_text", "a square seal has none"),
        Shape::Square => {}
    }
    for (field, text) in [("organization_name", &name), ("center_text", &center), ("bottom_text", &bottom)] {
        if let Some(character) =
            text.iter().find(|character| character.is_control() || character.is_whitespace())
        {
            return wrong(field, format!("{character:?} cannot be drawn"));
        }
    }
    let color = spec.color.clone().unwrap_or_else(|| RED.to_owned());
    let is_color =
        color.strip_prefix('#').is_some_and(|c| c.len() == 6 && c.bytes().all(|b| b.is_ascii_hexdigit()));
    if !is_color {
        return wrong("color", "it is written #rrggbb");
    }
    Ok(Data { name, center, bottom, color, width, height })
}

fn characters(text: Option<&str>) -> Vec<char> {
    text.unwrap_or_default().trim().chars().collect()
}

/// Width and height for the shape, with the usual size of the kind.
fn check_size(spec: &SealSpec) -> Result<(f64, f64), Error> {
    let (usual, range) = match (spec.shape, spec.kind) {
        (Shape::Square, Kind::Finance) => (22.0, 18.0..=25.0),
        (Shape::Square, _) => (20.0, 18.0..=25.0),
        (Shape::Round, Kind::Official) => (42.0, 30.0..=45.0),
        (Shape::Round, _) => (38.0, 30.0..=45.0),
        (Shape::Oval, _) => (40.0, 30.0..=45.0),
    };
    let width = spec.size_mm.unwrap_or(usual);
    if !range.contains(&width) {
        return wrong("size_mm", format!("it is {}–{} mm", range.start(), range.end()));
    }
    let height = if spec.shape == Shape::Oval { width * 0.75 } else { width };
    Ok((width, height))
}

#[cfg(test)]
mod tests;
