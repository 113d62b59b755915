//! Why: some organizations use triangles for acceptance and internal seals; the name runs up the left slope and down the
//! right one, so that it is read from the left to the right as on a round seal.

use std::f64::consts::PI;

use super::{
    Data,
    pen::{Pen, Setting},
    round::{NARROWEST, as_f64},
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
const SLOPE: f64 = PI / 3.0;

pub(super) fn draw(pen: &mut Pen<'_>, data: &Data) -> Result<(), String> {
    let scale = data.width / NOMINAL_MM;
    // The middle of the picture's box is 0, 0; the triangle's foot is half its height below.
    let foot = NOMINAL_MM * HEIGHT / 2.0;
    let inset = |distance: f64| corners(NOMINAL_MM, foot, distance, scale);
    let border = inset(BORDER / 2.0).map(|(x, y)| format!("{x:.3} {y:.3}")).join("L");
    pen.border(&format!("path stroke-linejoin=\"round\" d=\"M{border}Z\""), BORDER * scale);

    let first = data.name.len().div_ceil(2);
    let (up, down) = data.name.split_at(first);
    let height = height(first);
    slope(pen, up, height, -1.0, scale)?;
    slope(pen, down, height, 1.0, scale)?;
    let lower = foot - BORDER - GAP;
    let digits_top = if data.bottom.is_empty() { lower } else { lower - DIGIT_HEIGHT - 0.7 };
    row(pen, &data.center, digits_top - CENTER_HEIGHT / 2.0 - 0.6, CENTER_HEIGHT, scale)?;
    row(pen, &data.bottom, lower - DIGIT_HEIGHT / 2.0, DIGIT_HEIGHT, scale)
}

/// The corners of the triangle whose sides are so far inside the outer one's.
fn corners(side: f64, foot: f64, inside: f64, scale: f64) -> [(f64, f64); 3] {
    let half = side / 2.0 - inside / (SLOPE / 2.0).tan();
    let low = foot - inside;
    [(0.0, low - 2.0 * half * HEIGHT), (half, low), (-half, low)].map(|(x, y)| (x * scale, y * scale))
}

/// Length of a slope for glyphs of that height, between the corners where those of two sides would meet.
fn room(height: f64) -> f64 {
    let inside = BORDER + GAP + height;
    (NOMINAL_MM - 2.0 * inside / (SLOPE / 2.0).tan()).max(1.0)
}

fn height(count: usize) -> f64 {
    let mut height = NAME_HEIGHT;
    // Lower glyphs have a longer slope: a few rounds settle it.
    for _ in 0..6 {
        height = (room(height) / as_f64(count) * FILL / NARROWEST).min(NAME_HEIGHT);
    }
    height
}

/// Half of the name along one slope; `side` is −1 for the left one, which is read upwards.
fn slope(pen: &mut Pen<'_>, text: &[char], height: f64, side: f64, scale: f64) -> Result<(), String> {
    let count = as_f64(text.len());
    let step = (room(height) / count).min(height * STEP_MAX);
    let (foot, apex_y) = (NOMINAL_MM * HEIGHT / 2.0, -NOMINAL_MM * HEIGHT / 2.0);
    // The middle of the slope, moved inside to the middle of the glyphs.
    let inside = BORDER + GAP + height / 2.0;
    let (middle_x, middle_y) = (
        side * (NOMINAL_MM / 4.0 - inside * SLOPE.sin()),
        f64::midpoint(foot, apex_y) + inside * SLOPE.cos(),
    );
    for (index, character) in text.iter().enumerate() {
        let along = (as_f64(index) - (count - 1.0) / 2.0) * step;
        let at = Setting {
            x: (middle_x + along * SLOPE.cos()) * scale,
            y: (middle_y + side * along * SLOPE.sin()) * scale,
            em_width: (step * FILL).min(height) * scale,
            em_height: height * scale,
            turn: side * SLOPE,
        };
        pen.set(*character, at)?;
    }
    Ok(())
}

/// A straight row whose middle is `down` under the middle of the picture.
fn row(pen: &mut Pen<'_>, text: &[char], down: f64, height: f64, scale: f64) -> Result<(), String> {
    let count = as_f64(text.len());
    // The triangle's inner width at the row's upper edge.
    let below_apex = down - height / 2.0 + NOMINAL_MM * HEIGHT / 2.0;
    let room = 2.0 * (below_apex - 2.0 * (BORDER + GAP)) * (SLOPE / 2.0).tan();
    let digits = text.iter().all(char::is_ascii);
    let em = if digits { height / 0.73 } else { height };
    let step = (room / count.max(1.0)).min(if digits { em * 0.62 } else { height * 1.04 });
    for (index, character) in text.iter().enumerate() {
        let advance = pen.advance(*character)?.max(0.1);
        let at = Setting {
            x: (as_f64(index) - (count - 1.0) / 2.0) * step * scale,
            y: down * scale,
            em_width: (step * 0.95 / advance).min(em) * scale,
            em_height: em * scale,
            turn: 0.0,
        };
        pen.set(*character, at)?;
    }
    Ok(())
}
