//! Breaks Chinese text into lines: no closing mark begins a line, no opening mark ends one, words and numbers stay whole.

use std::ops::Range;

const CLOSING: &str = "，。；：、！？）”》】％%,.;:)";
const OPENING: &str = "（“《【(";

/// One line of a paragraph.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    /// Its bytes in the paragraph.
    pub(super) range: Range<usize>,
    /// Its width without stretching, in em.
    pub(super) width: f32,
}

/// Breaks `text` into lines of at most `measure` em, the first one shorter by `indent` em. `advance` is a character's
/// width in em. A unit wider than a whole line stands alone on one.
pub(super) fn break_text(text: &str, indent: f32, measure: f32, advance: impl Fn(char) -> f32) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let mut line = Line { range: 0..0, width: 0.0 };
    for unit in units(text) {
        let width: f32 = text[unit.clone()].chars().map(&advance).sum();
        let room = if lines.is_empty() { measure - indent } else { measure };
        if line.width + width > room && !line.range.is_empty() {
            lines.push(std::mem::replace(&mut line, Line { range: unit.start..unit.start, width: 0.0 }));
        }
        line.range.end = unit.end;
        line.width += width;
    }
    if !line.range.is_empty() {
        lines.push(line);
    }
    lines
}

/// The pieces between which a line may break.
fn units(text: &str) -> Vec<Range<usize>> {
    let mut units: Vec<Range<usize>> = Vec::new();
    let mut previous: Option<char> = None;
    for (at, c) in text.char_indices() {
        let end = at + c.len_utf8();
        let joined = previous.is_some_and(|p| {
            CLOSING.contains(c)
                || OPENING.contains(p)
                || (is_word(p) && is_word(c))
                || (is_word(p) && p != c && c == ' ')
        });
        match units.last_mut() {
            Some(unit) if joined => unit.end = end,
            _ => units.push(at..end),
        }
        previous = Some(c);
    }
    units
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | ',' | '-' | '×')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(text: &str, measure: f32) -> Vec<&str> {
        break_text(text, 0.0, measure, |c| if c.is_ascii() { 0.5 } else { 1.0 })
            .into_iter()
            .map(|line| &text[line.range])
            .collect()
    }

    #[test]
    fn a_closing_mark_stays_with_the_character_before_it() {
        assert_eq!(broken("甲乙丙丁，戊己", 4.0), ["甲乙丙", "丁，戊己"]);
        assert_eq!(broken("甲乙丙丁戊己", 4.0), ["甲乙丙丁", "戊己"]);
    }

    #[test]
    fn an_opening_mark_goes_with_the_character_after_it() {
        assert_eq!(broken("甲乙丙《丁》", 4.0), ["甲乙丙", "《丁》"]);
    }

    #[test]
    fn a_number_is_not_torn_apart() {
        assert_eq!(broken("甲乙丙 30,720.00 丁", 5.0), ["甲乙丙 ", "30,720.00 ", "丁"]);
    }

    #[test]
    fn the_first_line_is_shorter_by_the_indent() {
        let lines = break_text("甲乙丙丁戊", 2.0, 4.0, |_| 1.0);
        assert_eq!(lines.iter().map(|line| line.width).collect::<Vec<_>>(), [2.0, 3.0]);
    }
}
