//! Why: what a signer drew, stamped or wrote becomes a form XObject that fills the prepared field, in the signer's own
//! revision, so that picture and signature cannot be told apart in time.

mod boxed;
mod drawn;
mod embed;
mod strokes;
mod svg;
mod text;

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

pub(crate) use boxed::draw_boxed;
pub use text::{Align, Overflow, TextFont, TextStyle};

use crate::{
    geometry::{numbers, upright_matrix},
    read::{
        self,
        file::File,
        object::{Dictionary, Object, Reference},
    },
    write::Increment,
};

/// What a field shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Appearance {
    /// A signature that was drawn by hand.
    Strokes(Strokes),
    /// A picture as SVG, as [`crate::seal::draw`] and [`crate::picture::clean`] make it. Only paths, shapes and PNG pictures
    /// within the SVG: text is not drawn.
    Svg {
        /// The SVG document.
        svg: String,
    },
    /// Text, for date and text fields; it stays extractable.
    Text {
        /// The text; line breaks make lines.
        text: String,
        /// How it is set.
        #[serde(default)]
        style: TextStyle,
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
    /// A character of a text that the font has no glyph for. It is not drawn as a box, nor left out.
    #[error("the text cannot be shown: the font has no glyph for “{character}” (U+{:04X})", u32::from(*character))]
    Glyph {
        /// Which.
        character: char,
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

/// Pictures that this revision has already: a seal that is put on many pages is in the file once.
#[derive(Debug, Default)]
pub(crate) struct Pictures(HashMap<[u8; 32], svg::Picture>);

impl Pictures {
    fn get(&mut self, increment: &mut Increment<'_, '_>, source: &str) -> Result<svg::Picture, Error> {
        let key = openssl::sha::sha256(source.as_bytes());
        if let Some(known) = self.0.get(&key) {
            return Ok(*known);
        }
        let picture = svg::import(increment, &*drawn::drawn(key, source)?)?;
        self.0.insert(key, picture);
        Ok(picture)
    }
}

impl Appearance {
    /// Plain text, set as dates are.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text { text: text.into(), style: TextStyle::default() }
    }

    /// Says whether this can be shown in a field of that size in points, before somebody confirms it.
    ///
    /// # Errors
    /// As when it is drawn.
    pub fn check(&self, width: f64, height: f64) -> Result<(), Error> {
        let frame = Frame { width, height, rotate: 0 };
        match self {
            Self::Strokes(strokes) => strokes::draw(strokes, frame).map(|_| ()),
            Self::Svg { svg } => svg::parse(svg).map(|_| ()),
            Self::Text { text, style } => text::check(text, style, frame),
        }
    }

    /// Adds the form XObject and answers its reference.
    pub(crate) fn draw(
        &self,
        increment: &mut Increment<'_, '_>,
        pictures: &mut Pictures,
        frame: Frame,
    ) -> Result<Reference, Error> {
        let drawing = match self {
            Self::Strokes(strokes) => strokes::draw(strokes, frame)?,
            Self::Svg { svg } => pictures.get(increment, svg)?.whole(frame),
            Self::Text { text, style } => text::draw(increment, text, style, frame)?,
        };
        Ok(add_form(increment, frame, drawing))
    }

    /// Adds the form of one slice of a picture, `index` of `count` from the left, and answers its reference.
    pub(crate) fn draw_slice(
        &self,
        increment: &mut Increment<'_, '_>,
        pictures: &mut Pictures,
        frame: Frame,
        (index, count): (usize, usize),
    ) -> Result<Reference, Error> {
        let Self::Svg { svg } = self else {
            return Err(Error::Svg { why: "a cross-page seal is a picture".to_owned() });
        };
        let drawing = pictures.get(increment, svg)?.slice(frame, index, count);
        Ok(add_form(increment, frame, drawing))
    }
}

fn add_form(increment: &mut Increment<'_, '_>, frame: Frame, drawing: Drawing) -> Reference {
    let form = Dictionary::of([
        ("Type", Object::name("XObject")),
        ("Subtype", Object::name("Form")),
        ("BBox", numbers(&[0.0, 0.0, frame.width, frame.height])),
        ("Matrix", upright_matrix(frame.rotate)),
        ("Resources", drawing.resources.into()),
    ]);
    increment.add_packed(form, drawing.content)
}

impl Frame {
    /// The widget's box as shown, in points; none for an invisible one.
    pub(crate) fn of(file: &File<'_>, widget: &Dictionary) -> Result<Option<Self>, read::Error> {
        let Object::Array(corners) = file.entry(widget, "Rect")? else { return Ok(None) };
        let corners: Vec<f64> = corners.iter().filter_map(Object::as_f64).collect();
        let &[x0, y0, x1, y1] = corners.as_slice() else { return Ok(None) };
        // The box is in the page's own units, and what is drawn in it in points, so that type has the size that it says.
        let page = file.entry(widget, "P")?.into_dictionary().unwrap_or_default();
        let unit = file.entry(&page, "UserUnit")?.as_f64().filter(|unit| *unit > 0.0).unwrap_or(1.0);
        let (width, height) = ((x1 - x0).abs() * unit, (y1 - y0).abs() * unit);
        let style = file.entry(widget, "MK")?.into_dictionary().unwrap_or_default();
        let turns = file.entry(&style, "R")?.as_integer().unwrap_or(0).rem_euclid(360);
        let rotate = u16::try_from(turns).unwrap_or(0);
        let (width, height) = if rotate % 180 == 90 { (height, width) } else { (width, height) };
        Ok((width >= 1.0 && height >= 1.0).then_some(Self { width, height, rotate }))
    }

    /// Scale and lower left corner that put a picture of that size into the middle, as large as it fits.
    fn fit(self, width: f64, height: f64) -> (f64, f64, f64) {
        let scale = (self.width / width).min(self.height / height);
        (scale, (self.width - width * scale) / 2.0, (self.height - height * scale) / 2.0)
    }
}
