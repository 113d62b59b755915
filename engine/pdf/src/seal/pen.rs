//! Why: text on an arc is dropped or spread by viewers, each in its way; here every glyph is an outline, scaled, turned and set
//! down one by one.

use std::fmt::Write as _;

use ttf_parser::{Face, GlyphId, OutlineBuilder, Rect};

use crate::{fonts::Font, read::object::number_text};

/// Collects paths, in millimetres, with the middle of the seal at 0, 0 and y downwards as in SVG.
pub(super) struct Pen<'f> {
    face: Face<'f>,
    body: String,
}

/// Where and how a glyph is set: the middle of its box, its size, and its turn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Setting {
    /// Middle of the glyph's box.
    pub(super) x: f64,
    pub(super) y: f64,
    /// Width and height that an em takes.
    pub(super) em_width: f64,
    pub(super) em_height: f64,
    /// Clockwise, in radians.
    pub(super) turn: f64,
}

impl<'f> Pen<'f> {
    pub(super) fn new(font: &'f Font) -> Result<Self, String> {
        Ok(Self { face: font.face()?, body: String::new() })
    }

    /// Adds an element that has no fill and a stroke in the seal's colour, such as a border.
    pub(super) fn border(&mut self, element: &str, width: f64) {
        let _ = write!(self.body, "<{element} fill=\"none\" stroke-width=\"{}\"/>", number_text(width));
    }

    /// Adds a filled path.
    pub(super) fn path(&mut self, data: &str) {
        let _ = write!(self.body, "<path stroke=\"none\" d=\"{data}\"/>");
    }

    /// Whether the font can draw it.
    pub(super) fn has(&self, character: char) -> bool {
        self.face.glyph_index(character).is_some()
    }

    fn glyph(&self, character: char) -> Result<GlyphId, String> {
        self.face.glyph_index(character).ok_or_else(|| format!("the font has no {character:?}"))
    }

    /// How wide the character is, in ems.
    pub(super) fn advance(&self, character: char) -> Result<f64, String> {
        let glyph = self.glyph(character)?;
        let advance = self.face.glyph_hor_advance(glyph).unwrap_or(self.face.units_per_em());
        Ok(f64::from(advance) / f64::from(self.face.units_per_em()))
    }

    /// Sets one character. Chinese ones are centred on their em box, others on the height of a digit, so that a row of them
    /// stands on one line.
    pub(super) fn set(&mut self, character: char, at: Setting) -> Result<(), String> {
        let glyph = self.glyph(character)?;
        let units = f64::from(self.face.units_per_em());
        let advance = self.advance(character)? * units;
        let middle_y = if character.is_ascii() {
            f64::from(self.face.capital_height().unwrap_or(0)) / 2.0
        } else {
            // The em box of a Chinese font reaches from 0.12 below the base line to 0.88 above.
            units * 0.38
        };
        let (sin, cos) = at.turn.sin_cos();
        let (scale_x, scale_y) = (at.em_width / units, at.em_height / units);
        let mut outline = Outline {
            data: String::new(),
            place: move |x: f32, y: f32| {
                let x = (f64::from(x) - advance / 2.0) * scale_x;
                let y = (middle_y - f64::from(y)) * scale_y;
                (at.x + x * cos - y * sin, at.y + x * sin + y * cos)
            },
        };
        // A glyph without an outline, such as a blank, draws nothing.
        let _: Option<Rect> = self.face.outline_glyph(glyph, &mut outline);
        if !outline.data.is_empty() {
            let data = std::mem::take(&mut outline.data);
            self.path(&data);
        }
        Ok(())
    }

    /// The whole document. Everything in it is made here: no text of users gets into the markup.
    pub(super) fn into_svg(self, width: f64, height: f64, color: &str) -> String {
        let (left, top) = (number_text(-width / 2.0), number_text(-height / 2.0));
        let (width, height) = (number_text(width), number_text(height));
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}mm\" height=\"{height}mm\" \
             viewBox=\"{left} {top} {width} {height}\"><g fill=\"{color}\" stroke=\"{color}\">{}</g></svg>",
            self.body
        )
    }
}

struct Outline<P> {
    data: String,
    place: P,
}

impl<P: Fn(f32, f32) -> (f64, f64)> Outline<P> {
    fn command(&mut self, letter: char, points: &[(f32, f32)]) {
        self.data.push(letter);
        for (index, (x, y)) in points.iter().enumerate() {
            let (x, y) = (self.place)(*x, *y);
            let gap = if index > 0 { " " } else { "" };
            let _ = write!(self.data, "{gap}{} {}", number_text(x), number_text(y));
        }
    }
}

impl<P: Fn(f32, f32) -> (f64, f64)> OutlineBuilder for Outline<P> {
    fn move_to(&mut self, x: f32, y: f32) {
        self.command('M', &[(x, y)]);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.command('L', &[(x, y)]);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        self.command('Q', &[(x1, y1), (x, y)]);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        self.command('C', &[(x1, y1), (x2, y2), (x, y)]);
    }

    fn close(&mut self) {
        self.data.push('Z');
    }
}
