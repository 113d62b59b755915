//! Why: what a signer drew, stamped or wrote becomes a form XObject that fills the prepared field, in the signer's own
//! revision, so that picture and signature cannot be told apart in time.

mod strokes;
mod svg;
mod text;

use serde::{Deserialize, Serialize};

use crate::{
    geometry::{numbers, upright_matrix},
    read::object::{Dictionary, Object, Reference},
    write::Increment,
};

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

/// The box that an appearance is drawn in, in points as shown, and how the page is turned.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame {
    pub(crate) width: f64,
    pub(crate) height: f64,
    pub(crate) rotate: u16,
}

/// A form's content with what it refers to.
#[derive(Debug)]
struct Drawing {
    content: Vec<u8>,
    resources: Dictionary,
}

impl Appearance {
    /// Says whether this can be shown in a field of that size in points, before somebody confirms it.
    ///
    /// # Errors
    /// As when it is drawn.
    pub fn check(&self, width: f64, height: f64) -> Result<(), Error> {
        let frame = Frame { width, height, rotate: 0 };
        match self {
            Self::Strokes(strokes) => strokes::draw(strokes, frame).map(|_| ()),
            Self::Svg { svg } => svg::parse(svg).map(|_| ()),
            Self::Text { text } => text::check(text, frame),
        }
    }

    /// Adds the form XObject and answers its reference.
    pub(crate) fn draw(&self, increment: &mut Increment<'_, '_>, frame: Frame) -> Result<Reference, Error> {
        let drawing = match self {
            Self::Strokes(strokes) => strokes::draw(strokes, frame)?,
            Self::Svg { svg } => svg::draw(increment, svg, frame)?,
            Self::Text { text } => text::draw(increment, text, frame)?,
        };
        let form = Dictionary::of([
            ("Type", Object::name("XObject")),
            ("Subtype", Object::name("Form")),
            ("BBox", numbers(&[0.0, 0.0, frame.width, frame.height])),
            ("Matrix", upright_matrix(frame.rotate)),
            ("Resources", drawing.resources.into()),
        ]);
        Ok(increment.add_packed(form, drawing.content))
    }
}

impl Frame {
    /// Scale and lower left corner that put a picture of that size into the middle, as large as it fits.
    fn fit(self, width: f64, height: f64) -> (f64, f64, f64) {
        let scale = (self.width / width).min(self.height / height);
        (scale, (self.width - width * scale) / 2.0, (self.height - height * scale) / 2.0)
    }
}
