//! Why: invoice seals are ovals of 40 × 30 mm with the tax number in the middle (国家税务总局公告2011年第7号).

use std::f64::consts::PI;

use super::{
    Data,
    line::line,
    pen::{Pen, Setting},
    round::as_f64,
};

const NOMINAL_MM: f64 = 40.0;
const BORDER: f64 = 1.0;
const GAP: f64 = 0.8;
const NAME_HEIGHT: f64 = 4.2;
const NARROWEST: f64 = 0.45;
/// Part of the oval's circumference that the name takes at most.
const ARC_PART: f64 = 0.68;
/// Steps that the circumference is measured in.
const STEPS: usize = 2_000;

pub(super) fn draw(pen: &mut Pen<'_>, data: &Data) -> Result<(), String> {
    let scale = data.width / NOMINAL_MM;
    let (a, b) = (NOMINAL_MM / 2.0, NOMINAL_MM * 0.375);
    let border = format!(
        "ellipse cx=\"0\" cy=\"0\" rx=\"{:.3}\" ry=\"{:.3}\"",
        (a - BORDER / 2.0) * scale,
        (b - BORDER / 2.0) * scale
    );
    pen.border(&border, BORDER * scale);
    name(pen, &data.name, (a - BORDER - GAP, b - BORDER - GAP), scale)?;
    row(pen, &data.center, 0.4 * scale, 22.0 * scale, 3.7 * scale)?;
    row(pen, &data.bottom, 7.4 * scale, 19.0 * scale, 4.2 * scale)
}

/// The name, at even distances along the oval, clockwise over the top.
fn name(pen: &mut Pen<'_>, name: &[char], (a, b): (f64, f64), scale: f64) -> Result<(), String> {
    let line = line(name);
    let middle = |height: f64| (a - height / 2.0, b - height / 2.0);
    let step_for = |height: f64| {
        let (a, b) = middle(height);
        (circumference(a, b) * ARC_PART / line.steps).min(height * 1.5)
    };
    let mut height = NAME_HEIGHT;
    for _ in 0..4 {
        height = (step_for(height) * 0.9 / NARROWEST).min(NAME_HEIGHT);
    }
    let (a, b) = middle(height);
    let step = step_for(height);
    for (character, steps) in line.glyphs {
        let (x, y, turn) = at_length(a, b, steps * step);
        let width = (step * 0.88).min(height);
        let at =
            Setting { x: x * scale, y: y * scale, em_width: width * scale, em_height: height * scale, turn };
        pen.set(character, at)?;
    }
    Ok(())
}

fn arc(a: f64, b: f64, angle: f64) -> f64 {
    (a * angle.cos()).hypot(b * angle.sin()) * 2.0 * PI / as_f64(STEPS)
}

fn circumference(a: f64, b: f64) -> f64 {
    (0..STEPS).map(|step| arc(a, b, as_f64(step) * 2.0 * PI / as_f64(STEPS))).sum()
}

/// The point that is so far along the oval from its top, clockwise, with the turn of a glyph that stands there.
fn at_length(a: f64, b: f64, length: f64) -> (f64, f64, f64) {
    let mut angle = 0.0;
    let mut left = length.abs();
    while left > 0.0 && angle < PI {
        left -= arc(a, b, angle);
        angle += 2.0 * PI / as_f64(STEPS);
    }
    let angle = angle * length.signum();
    let (x, y) = (a * angle.sin(), -b * angle.cos());
    // The normal of x²/a² + y²/b² = 1.
    (x, y, (x / (a * a)).atan2(-y / (b * b)))
}

/// A straight row, its middle `down` under the seal's.
fn row(pen: &mut Pen<'_>, text: &[char], down: f64, room: f64, height: f64) -> Result<(), String> {
    let digits = text.iter().all(char::is_ascii);
    let (em, step) = if digits { (height / 0.73, height * 0.78) } else { (height, height * 1.02) };
    let line = line(text);
    let step = step.min(room / line.steps.max(1.0));
    for (character, steps) in line.glyphs {
        let advance = pen.advance(character)?.max(0.1);
        let at = Setting {
            x: steps * step,
            y: down,
            em_width: (step * 0.95 / advance).min(em),
            em_height: em,
            turn: 0.0,
        };
        pen.set(character, at)?;
    }
    Ok(())
}
