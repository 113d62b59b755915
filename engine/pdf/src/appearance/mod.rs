//! Why: what a signer drew, stamped or wrote becomes a form XObject that fills the prepared field, in the signer's own
//! revision, so that picture and signature cannot be told apart in time.

use serde::{Deserialize, Serialize};

/// What a field shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Appearance {
    /// A signature that was drawn by hand.
    Strokes(Strokes),
    /// A picture as SVG, as [`crate::seal::draw`] makes it. Only paths and shapes: text is not drawn.
    Svg {
        /// The SVG document.
        svg: String,
    },
    /// Text, for date and text fields; it stays extractable.
    Text {
        /// The text; line breaks make lines.
        text: String,
    },
}

/// A drawn signature, in the coordinates of the pad that it was drawn on: x to the right, y downwards.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Strokes {
    /// Each stroke is the way of the pen from touching to lifting.
    pub strokes: Vec<Vec<Point>>,
    /// Width of the pad.
    pub width: f64,
    /// Height of the pad.
    pub height: f64,
}

/// A point of a stroke.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// From the pad's left edge.
    pub x: f64,
    /// From the pad's upper edge.
    pub y: f64,
    /// Width of the line here, in the pad's units; without it a width that suits the pad.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub w: Option<f64>,
}

/// A field and what it shows from now on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FieldAppearance {
    /// The field's name.
    pub field: String,
    /// What it shows.
    pub appearance: Appearance,
}

/// Why an appearance cannot be drawn.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Error {
    /// The drawing is empty, too large, or has numbers that are none.
    #[error("the drawing cannot be used: {why}")]
    Strokes {
        /// What is wrong with it.
        why: String,
    },
    /// The SVG cannot be used.
    #[error("the picture cannot be used: {why}")]
    Svg {
        /// What is wrong with it.
        why: String,
    },
    /// The text cannot be shown.
    #[error("the text cannot be shown: {why}")]
    Text {
        /// What is wrong with it.
        why: String,
    },
    /// No font was found.
    #[error("no font: {why}")]
    Font {
        /// Which one, and where it was sought.
        why: String,
    },
}
