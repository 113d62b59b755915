//! Why: the round seal is what people know as a company's seal; its proportions follow 国务院关于国家行政机关和企业事业单位社会团体印章管理的规定
//! (国发〔1999〕25号): a border of 1.2 mm, a star in the middle, the name from the left to the right around it.

use std::f64::consts::{PI, TAU};

use super::{
    Data,
    line::line,
    pen::{Pen, Setting},
};

/// All lengths are given for a seal of this width and scaled from there.
const NOMINAL_MM: f64 = 42.0;
const BORDER: f64 = 1.2;
/// From the border's inner edge to the glyphs.
const GAP: f64 = 0.9;
const STAR_RADIUS: f64 = 6.8;
/// Height of the name's glyphs, when there is room.
const NAME_HEIGHT: f64 = 6.3;
/// A glyph may be this narrow for its height.
pub(super) const NARROWEST: f64 = 0.45;
/// Part of its share of the arc that a glyph takes.
const FILL: f64 = 0.96;
/// Widest step from glyph to glyph, so that short names stay together.
const STEP_MAX: f64 = 32.0 * PI / 180.0;
const ARC_MAX: f64 = 262.0 * PI / 180.0;
/// Over a seal with text in its middle, so that the name ends above that text.
const ARC_MAX_CENTER: f64 = 236.0 * PI / 180.0;
/// For names of more than 24 characters over an otherwise empty seal.
const ARC_MAX_LONG: f64 = 290.0 * PI / 180.0;
/// Least angle between the name's ends and the digits.
const DIGITS_APART: f64 = 4.0 * PI / 180.0;
const DIGIT_HEIGHT: f64 = 2.0;
const DIGIT_STEP: f64 = 1.55;
const CENTER_HEIGHT: f64 = 4.2;
/// From the middle to the middle of the centre text.
const CENTER_DOWN: f64 = 10.9;

pub(super) fn draw(pen: &mut Pen<'_>, data: &Data) -> Result<(), String> {
    let scale = data.width / NOMINAL_MM;
    let radius = NOMINAL_MM / 2.0;
    pen.border(
        &format!("circle cx=\"0\" cy=\"0\" r=\"{:.3}\"", (radius - BORDER / 2.0) * scale),
        BORDER * scale,
    );
    pen.path(&star(STAR_RADIUS * scale));
    let outer = radius - BORDER - GAP;
    let arc_max = match (data.center.is_empty(), data.bottom.is_empty()) {
        (false, _) => ARC_MAX_CENTER,
        (true, true) if data.name.len() > 24 => ARC_MAX_LONG,
        (true, _) => ARC_MAX,
    };
    let free = TAU - as_f64(data.bottom.len()) * digit_turn(outer) - 2.0 * DIGITS_APART;
    name(pen, &data.name, outer, (arc_max, free), scale)?;
    center(pen, &data.center, outer, scale)?;
    digits(pen, &data.bottom, outer, scale)
}

/// A five-pointed star with a point up.
pub(super) fn star(radius: f64) -> String {
    // The inner corners of a regular pentagram.
    let inner = radius * (PI / 10.0).sin() / (7.0 * PI / 10.0).sin();
    let corners: Vec<String> = (0..10)
        .map(|index| {
            let angle = f64::from(index) * PI / 5.0;
            let length = if index % 2 == 0 { radius } else { inner };
            format!("{:.3} {:.3}", length * angle.sin(), -length * angle.cos())
        })
        .collect();
    format!("M{}Z", corners.join("L"))
}

/// The name, clockwise over the top: from the middle of its first glyph to that of its last within `arc_max`, and with
/// the whole of both within what the digits leave `free`.
fn name(
    pen: &mut Pen<'_>,
    name: &[char],
    outer: f64,
    (arc_max, free): (f64, f64),
    scale: f64,
) -> Result<(), String> {
    let line = line(name);
    // A glyph takes a step or, where steps are wider than the widest glyph, that.
    let widest = NAME_HEIGHT / (outer - NAME_HEIGHT / 2.0);
    let step = (free / line.steps).max((free - widest) / (line.steps - 1.0));
    let step = step.min(arc_max / (line.steps - 1.0)).min(STEP_MAX);
    // A lower glyph stands further out and so has more room: two rounds settle the height.
    let mut height = NAME_HEIGHT;
    for _ in 0..4 {
        height = (step * (outer - height * 0.75) * FILL / NARROWEST).min(NAME_HEIGHT);
    }
    let middle = outer - height / 2.0;
    // At the foot of a glyph its neighbours are nearest.
    let width = (step * (middle - height * 0.25) * FILL).min(height);
    for (character, steps) in line.glyphs {
        let angle = steps * step;
        let at = Setting {
            x: middle * angle.sin() * scale,
            y: -middle * angle.cos() * scale,
            em_width: width * scale,
            em_height: height * scale,
            turn: angle,
        };
        pen.set(character, at)?;
    }
    Ok(())
}

/// A straight line under the star.
fn center(pen: &mut Pen<'_>, text: &[char], outer: f64, scale: f64) -> Result<(), String> {
    let line = line(text);
    // The chord at the lower edge of the text.
    let low = CENTER_DOWN + CENTER_HEIGHT / 2.0;
    let room = (2.0 * (outer * outer - low * low).max(0.0).sqrt() - 1.0).min(22.0);
    let step = (room / line.steps.max(1.0)).min(CENTER_HEIGHT * 1.02);
    for (character, steps) in line.glyphs {
        let at = Setting {
            x: steps * step * scale,
            y: CENTER_DOWN * scale,
            em_width: step.min(CENTER_HEIGHT) * scale,
            em_height: CENTER_HEIGHT * scale,
            turn: 0.0,
        };
        pen.set(character, at)?;
    }
    Ok(())
}

/// The middle of the digits' ring.
const fn digit_radius(outer: f64) -> f64 {
    outer + GAP / 2.0 - DIGIT_HEIGHT / 2.0
}

/// The angle from digit to digit.
fn digit_turn(outer: f64) -> f64 {
    DIGIT_STEP / digit_radius(outer)
}

/// Digits along the lower arc, from the left to the right, their heads towards the middle.
fn digits(pen: &mut Pen<'_>, digits: &[char], outer: f64, scale: f64) -> Result<(), String> {
    let count = as_f64(digits.len());
    let (middle, step) = (digit_radius(outer), digit_turn(outer));
    let em = DIGIT_HEIGHT / 0.73;
    for (index, character) in digits.iter().enumerate() {
        let angle = ((count - 1.0) / 2.0 - as_f64(index)) * step;
        // Letters such as W are wider than digits.
        let advance = pen.advance(*character)?.max(0.1);
        let at = Setting {
            x: middle * angle.sin() * -scale,
            y: middle * angle.cos() * scale,
            em_width: (DIGIT_STEP * 0.9 / advance).min(em * 0.9) * scale,
            em_height: em * scale,
            turn: (angle + TAU) % TAU,
        };
        pen.set(*character, at)?;
    }
    Ok(())
}

pub(super) fn as_f64(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::MAX, f64::from)
}
