//! Why: some organizations use triangles for acceptance and internal seals; the name runs up the left slope and down the
//! right one, so that it is read from the left to the right as on a round seal.

use std::f64::consts::PI;

use super::{
    Data,
    line::{Line, line},
    pen::{Pen, Setting},
    round::NARROWEST,
};

/// Height of an equilateral triangle as a part of its side: half the root of three.
pub(super) const HEIGHT: f64 = 0.866_025_403_784_438_6;
/// All lengths are given for a seal of this width and scaled from there.
const NOMINAL_MM: f64 = 40.0;
const BORDER: f64 = 1.0;
/// From the border's inner edge to the glyphs.
const GAP: f64 = 0.7;
const NAME_HEIGHT: f64 = 5.0;
/// Part of its share of the slope that a glyph takes.
const FILL: f64 = 0.94;
/// Widest step from glyph to glyph, in glyph heights.
const STEP_MAX: f64 = 1.35;
const CENTER_HEIGHT: f64 = 3.2;
const DIGIT_HEIGHT: f64 = 1.9;
/// Over each row at the foot.
const ROWS_APART: f64 = 0.7;
const SLOPE: f64 = PI / 3.0;

pub(super) fn draw(pen: &mut Pen<'_>, data: &Data) -> Result<(), String> {
    let scale = data.width / NOMINAL_MM;
    // The middle of the picture's box is 0, 0; the triangle's foot is half its height below.
    let foot = NOMINAL_MM * HEIGHT / 2.0;
    let inset = |distance: f64| corners(NOMINAL_MM, foot, distance, scale);
    let border = inset(BORDER / 2.0).map(|(x, y)| format!("{x:.3} {y:.3}")).join("L");
    pen.border(&format!("path stroke-linejoin=\"round\" d=\"M{border}Z\""), BORDER * scale);

    let lower = foot - BORDER - GAP;
    let digits_top = if data.bottom.is_empty() { lower } else { lower - DIGIT_HEIGHT - ROWS_APART };
    let center_top =
        if data.center.is_empty() { digits_top } else { digits_top - CENTER_HEIGHT - ROWS_APART };
    let (up, down) = halves(&data.name);
    let (up, down) = (line(up), line(down));
    let rows = Rows { top: center_top - ROWS_APART };
    let height = rows.height(up.steps.max(down.steps));
    rows.slope(pen, up, height, -1.0, scale)?;
    rows.slope(pen, down, height, 1.0, scale)?;
    row(pen, &data.center, center_top + CENTER_HEIGHT / 2.0, CENTER_HEIGHT, scale)?;
    row(pen, &data.bottom, lower - DIGIT_HEIGHT / 2.0, DIGIT_HEIGHT, scale)
}

/// The corners of the triangle whose sides are so far inside the outer one's.
fn corners(side: f64, foot: f64, inside: f64, scale: f64) -> [(f64, f64); 3] {
    let half = side / 2.0 - inside / (SLOPE / 2.0).tan();
    let low = foot - inside;
    [(0.0, low - 2.0 * half * HEIGHT), (half, low), (-half, low)].map(|(x, y)| (x * scale, y * scale))
}

/// The name's two parts: of half its length or, where a word ends near there, split at that word's end.
fn halves(name: &[char]) -> (&[char], &[char]) {
    let middle = name.len().div_ceil(2);
    let blanks = name.iter().enumerate().filter(|(_, character)| **character == ' ').map(|(at, _)| at);
    let nearest =
        blanks.min_by_key(|at| at.abs_diff(middle)).filter(|at| at.abs_diff(middle) <= name.len() / 6);
    name.split_at(nearest.unwrap_or(middle))
}

/// What stands at the triangle's foot.
#[derive(Debug, Clone, Copy)]
struct Rows {
    /// How far its upper edge, with the space over it, is under the picture's middle, in millimetres.
    top: f64,
}

impl Rows {
    /// Where the line of glyphs of that height begins and ends on a slope, from the apex on along the triangle's outer edge:
    /// as far as the lines of two sides would meet, and as far as the glyphs' lower corners are over the rows.
    fn span(self, height: f64) -> (f64, f64) {
        let inside = BORDER + GAP + height;
        let start = inside / (SLOPE / 2.0).tan();
        let over_rows = (self.top + NOMINAL_MM * HEIGHT / 2.0 - inside * SLOPE.cos()) / SLOPE.sin();
        (start, over_rows.min(NOMINAL_MM - start).max(start + 1.0))
    }

    /// How high the glyphs are for so many steps.
    fn height(self, steps: f64) -> f64 {
        let mut height = NAME_HEIGHT;
        // Lower glyphs have a longer slope: a few rounds settle it.
        for _ in 0..6 {
            let (start, end) = self.span(height);
            height = ((end - start) / steps * FILL / NARROWEST).min(NAME_HEIGHT);
        }
        height
    }

    /// Half of the name along one slope; `side` is −1 for the left one, which is read upwards.
    fn slope(self, pen: &mut Pen<'_>, line: Line, height: f64, side: f64, scale: f64) -> Result<(), String> {
        let (start, end) = self.span(height);
        let step = ((end - start) / line.steps).min(height * STEP_MAX);
        let middle = f64::midpoint(start, end);
        // Moved inside to the middle of the glyphs.
        let inside = BORDER + GAP + height / 2.0;
        let (middle_x, middle_y) = (
            side * (middle * SLOPE.cos() - inside * SLOPE.sin()),
            middle * SLOPE.sin() - NOMINAL_MM * HEIGHT / 2.0 + inside * SLOPE.cos(),
        );
        for (character, steps) in line.glyphs {
            let along = steps * step;
            let at = Setting {
                x: (middle_x + along * SLOPE.cos()) * scale,
                y: (middle_y + side * along * SLOPE.sin()) * scale,
                em_width: (step * FILL).min(height) * scale,
                em_height: height * scale,
                turn: side * SLOPE,
            };
            pen.set(character, at)?;
        }
        Ok(())
    }
}

/// A straight row whose middle is `down` under the middle of the picture.
fn row(pen: &mut Pen<'_>, text: &[char], down: f64, height: f64, scale: f64) -> Result<(), String> {
    let line = line(text);
    // The triangle's inner width at the row's upper edge.
    let below_apex = down - height / 2.0 + NOMINAL_MM * HEIGHT / 2.0;
    let room = 2.0 * (below_apex - 2.0 * (BORDER + GAP)) * (SLOPE / 2.0).tan();
    let digits = text.iter().all(char::is_ascii);
    let em = if digits { height / 0.73 } else { height };
    let step = (room / line.steps.max(1.0)).min(if digits { em * 0.62 } else { height * 1.04 });
    for (character, steps) in line.glyphs {
        let advance = pen.advance(character)?.max(0.1);
        let at = Setting {
            x: steps * step * scale,
            y: down * scale,
            em_width: (step * 0.95 / advance).min(em) * scale,
            em_height: em * scale,
            turn: 0.0,
        };
        pen.set(character, at)?;
    }
    Ok(())
}
