//! Why: dates and text must stay inside their fields and be found by search. Text that does not fit is made smaller, broken
//! into lines or refused, as its field wants it; it is never cut, since nobody signs what is not shown.

use std::{fmt::Write as _, sync::Arc};

use serde::{Deserialize, Serialize};
use subsetter::GlyphRemapper;

use super::{
    Drawing, Error, Frame,
    embed::{Glyph, embed},
};
use crate::{
    fonts::{self, Font},
    limits::TEXT_CHARS_MAX,
    read::object::{Dictionary, number_text},
    write::Increment,
};

/// Type size of text that may be made smaller, in points, when its style names none.
const SIZE_USUAL: f64 = 14.0;
/// Type size of text that may not (五号).
const SIZE_FIXED: f64 = 10.5;
/// Smallest type, in points; text that would be smaller is refused.
const SIZE_MIN: f64 = 4.0;
/// Largest type, in points.
const SIZE_MAX: f64 = 72.0;
/// By how much the type gets smaller until its lines fit.
const SIZE_STEP: f64 = 0.5;
/// From line to line, in sizes.
const LEADING: f64 = 1.25;
/// Left and right margin, in points.
const MARGIN: f64 = 2.0;
/// From the middle of a line of Chinese down to its base, in sizes.
const MIDDLE_TO_BASE: f64 = 0.36;
/// Widths are sums of rounded numbers.
const SLACK: f64 = 0.01;
/// What does not begin a line.
const NEVER_FIRST: &str = "，。、；：！？）》」』】”’％,.;:!?)]}%";
/// What does not end a line.
const NEVER_LAST: &str = "（《「『【“‘([{";

/// How text is set.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TextStyle {
    /// The typeface.
    pub font: TextFont,
    /// Size in points, 4–72; the largest one when the text may be made smaller. Without it 14, or 10.5 for fixed text.
    pub size: Option<f64>,
    /// Red, green and blue.
    pub color: [u8; 3],
    /// Where a line stands in its field.
    pub align: Align,
    /// What happens to text that is too long for its field.
    pub overflow: Overflow,
}

/// Typefaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextFont {
    /// Without serifs (黑体).
    #[default]
    Sans,
    /// With serifs (宋体).
    Serif,
}

/// Where a line stands in its field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Align {
    /// At the left edge.
    #[default]
    Left,
    /// In the middle.
    Center,
    /// At the right edge.
    Right,
}

/// What happens to text that is too long for its field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Overflow {
    /// It is set smaller, down to 4 points, and then refused.
    #[default]
    Shrink,
    /// It is broken into lines, then set smaller when the style names no size, and then refused.
    Wrap,
    /// It is refused at once.
    Refuse,
}

/// Text with its place in a field.
struct Layout {
    font: Arc<Font>,
    remapper: GlyphRemapper,
    lines: Vec<Vec<Glyph>>,
    size: f64,
}

pub(super) fn check(text: &str, style: &TextStyle, frame: Frame) -> Result<(), Error> {
    layout(text, style, frame).map(|_| ())
}

fn layout(text: &str, style: &TextStyle, frame: Frame) -> Result<Layout, Error> {
    let fail = |why: String| Error::Text { why };
    if text.trim().is_empty() || text.chars().count() > TEXT_CHARS_MAX {
        return Err(fail(format!("it has 1–{TEXT_CHARS_MAX} characters")));
    }
    if style.size.is_some_and(|size| !(SIZE_MIN..=SIZE_MAX).contains(&size)) {
        return Err(fail(format!("its size is {SIZE_MIN}–{SIZE_MAX} points")));
    }
    let face = match style.font {
        TextFont::Sans => fonts::Face::Sans,
        TextFont::Serif => fonts::Face::Serif,
    };
    let font = fonts::font(face).map_err(|why| Error::Font { why })?;
    let mut remapper = GlyphRemapper::new();
    let lines = glyphs(&font, text, &mut remapper)?;
    let fitted = match style.overflow {
        Overflow::Shrink => shrunk(&lines, style.size.unwrap_or(SIZE_USUAL), frame).map(|size| (lines, size)),
        Overflow::Refuse => {
            let size = style.size.unwrap_or(SIZE_FIXED);
            let fits = shrunk(&lines, size, frame).is_some_and(|fitting| fitting >= size - SLACK);
            fits.then_some((lines, size))
        }
        Overflow::Wrap => wrapped(&lines, style.size, frame),
    };
    let (lines, size) = fitted.ok_or_else(|| fail("it does not fit into its field".to_owned()))?;
    Ok(Layout { font, remapper, lines, size })
}

/// The largest size, up to `size_max`, at which the lines fit.
fn shrunk(lines: &[Vec<Glyph>], size_max: f64, frame: Frame) -> Option<f64> {
    let widest = lines.iter().map(|line| width(line)).fold(0.0, f64::max);
    let by_width = (frame.width - 2.0 * MARGIN).max(0.0) * 1000.0 / widest.max(1.0);
    let size = by_width.min(frame.height / LEADING / count(lines)).min(size_max);
    (size >= SIZE_MIN).then_some(size)
}

/// The text in lines that are broken where they get too long, at the given size or at the largest that fits.
fn wrapped(lines: &[Vec<Glyph>], size: Option<f64>, frame: Frame) -> Option<(Vec<Vec<Glyph>>, f64)> {
    let mut at = size.unwrap_or(SIZE_USUAL);
    loop {
        let room = (frame.width - 2.0 * MARGIN) * 1000.0 / at;
        let broken: Vec<Vec<Glyph>> = lines.iter().flat_map(|line| broken(line, room)).collect();
        if shrunk(&broken, at, frame).is_some_and(|fitting| fitting >= at - SLACK) {
            return Some((broken, at));
        }
        at -= SIZE_STEP;
        if size.is_some() || at < SIZE_MIN {
            return None;
        }
    }
}

/// One line as several, none wider than `room` where there is a place to break it.
fn broken(line: &[Glyph], room: f64) -> Vec<Vec<Glyph>> {
    let mut lines = Vec::new();
    let mut rest = line;
    while width(rest) > room + SLACK {
        let mut used = 0.0;
        let fitting = rest.iter().take_while(|glyph| {
            used += glyph.width;
            used <= room + SLACK
        });
        let fitting = fitting.count().max(1);
        let end = (1..=fitting).rev().find(|end| may_break(rest, *end)).unwrap_or(fitting);
        let (some, after) = rest.split_at(end);
        lines.push(trimmed(some).to_vec());
        let blanks = after.iter().take_while(|glyph| glyph.character == ' ').count();
        rest = after.get(blanks..).unwrap_or_default();
    }
    lines.push(rest.to_vec());
    lines
}

/// Whether a line may end before the glyph at `end`.
fn may_break(line: &[Glyph], end: usize) -> bool {
    let (Some(last), Some(next)) = (end.checked_sub(1).and_then(|last| line.get(last)), line.get(end)) else {
        return true;
    };
    let (last, next) = (last.character, next.character);
    let in_a_word = last.is_ascii_graphic() && next.is_ascii_graphic();
    !in_a_word && !NEVER_FIRST.contains(next) && !NEVER_LAST.contains(last)
}

fn trimmed(line: &[Glyph]) -> &[Glyph] {
    let end = line.iter().rposition(|glyph| glyph.character != ' ').map_or(0, |last| last + 1);
    line.get(..end).unwrap_or_default()
}

/// In thousandths of the size.
fn width(line: &[Glyph]) -> f64 {
    line.iter().map(|glyph| glyph.width).sum()
}

fn count(lines: &[Vec<Glyph>]) -> f64 {
    u32::try_from(lines.len()).map_or(f64::INFINITY, f64::from)
}

pub(super) fn draw(
    increment: &mut Increment<'_, '_>,
    text: &str,
    style: &TextStyle,
    frame: Frame,
) -> Result<Drawing, Error> {
    let Layout { font, remapper, lines, size } = layout(text, style, frame)?;
    let color = style.color.map(|part| number_text(f64::from(part) / 255.0)).join(" ");
    let mut content = format!("/Tx BMC q BT {color} rg /F {} Tf\n", number_text(size));
    let first = frame.height / 2.0 + (count(&lines) - 1.0) / 2.0 * size * LEADING - size * MIDDLE_TO_BASE;
    let mut base = first;
    for line in &lines {
        let room = frame.width - 2.0 * MARGIN - width(line) * size / 1000.0;
        let x = match style.align {
            Align::Left => MARGIN,
            Align::Center => MARGIN + room / 2.0,
            Align::Right => MARGIN + room,
        };
        let codes: String = line.iter().map(|glyph| format!("{:04X}", glyph.cid)).collect();
        let _ = writeln!(content, "1 0 0 1 {} {} Tm <{codes}> Tj", number_text(x), number_text(base));
        base -= size * LEADING;
    }
    content.push_str("ET Q EMC\n");
    let font = embed(increment, &font, &remapper, lines.iter().flatten())?;
    let fonts = Dictionary::of([("F", font.into())]);
    Ok(Drawing { content: content.into_bytes(), resources: Dictionary::of([("Font", fonts.into())]) })
}

fn glyphs(font: &Font, text: &str, remapper: &mut GlyphRemapper) -> Result<Vec<Vec<Glyph>>, Error> {
    let face = font.face().map_err(|why| Error::Font { why })?;
    let units = f64::from(face.units_per_em());
    let mut glyph = |character: char| {
        let id = face.glyph_index(character).ok_or(Error::Glyph { character })?;
        let width = f64::from(face.glyph_hor_advance(id).unwrap_or(0)) * 1000.0 / units;
        Ok(Glyph { cid: remapper.remap(id.0), width, character })
    };
    text.lines().map(|line| line.chars().map(&mut glyph).collect()).collect()
}

#[cfg(test)]
#[path = "text_tests.rs"]
mod tests;
