//! Why: between the words of a name there is a gap that is narrower than a glyph, in every shape alike.

use super::round::as_f64;

/// A word gap as a part of the step from glyph to glyph.
const WORD_GAP: f64 = 0.5;

/// A text's glyphs in a line.
#[derive(Debug)]
pub(super) struct Line {
    /// The characters that are drawn, each with how far its middle is behind the line's, in steps.
    pub(super) glyphs: Vec<(char, f64)>,
    /// The line's length in steps, of which a glyph takes one.
    pub(super) steps: f64,
}

/// The text with its words apart; blanks at its ends count for nothing.
pub(super) fn line(text: &[char]) -> Line {
    let is_glyph = |character: &char| *character != ' ';
    let start = text.iter().position(is_glyph).unwrap_or(text.len());
    let end = text.iter().rposition(is_glyph).map_or(start, |last| last + 1);
    let text = text.get(start..end).unwrap_or_default();
    let gaps = text.iter().filter(|character| **character == ' ').count();
    let steps = as_f64(text.len() - gaps) + as_f64(gaps) * WORD_GAP;
    let mut at = -steps / 2.0;
    let mut glyphs = Vec::new();
    for character in text {
        if *character == ' ' {
            at += WORD_GAP;
        } else {
            glyphs.push((*character, at + 0.5));
            at += 1.0;
        }
    }
    Line { glyphs, steps }
}

/// The characters with each run of blanks, narrow or wide, as one space, and none at the ends. Controls stay.
pub(super) fn characters(text: &str) -> Vec<char> {
    let is_blank = |character: char| character.is_whitespace() && !character.is_control();
    let words: Vec<&str> = text.trim().split(is_blank).filter(|word| !word.is_empty()).collect();
    words.join(" ").chars().collect()
}
