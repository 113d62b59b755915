//! Why: each rule for text that does not fit is shown beside the text that it still takes.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is the test's failure")]

use super::*;

const FRAME: Frame = Frame { width: 104.0, height: 40.0, rotate: 0 };

fn set(text: &str, style: TextStyle) -> Result<(Vec<String>, f64), Error> {
    let layout = layout(text, &style, FRAME)?;
    let line = |line: &Vec<Glyph>| line.iter().map(|glyph| glyph.character).collect();
    Ok((layout.lines.iter().map(line).collect(), layout.size))
}

fn style(overflow: Overflow, size: Option<f64>) -> TextStyle {
    TextStyle { overflow, size, ..TextStyle::default() }
}

#[test]
fn long_text_is_shrunk_until_it_would_be_too_small() {
    let shrink = |text: &str, size| set(text, style(Overflow::Shrink, size));
    assert_eq!(shrink("示例", None).unwrap().1, 14.0);
    assert_eq!(shrink("示例", Some(20.0)).unwrap().1, 20.0);
    // Ten glyphs in 100 points.
    assert!((shrink(&"示".repeat(10), None).unwrap().1 - 10.0).abs() < 0.001);
    assert!((shrink(&"示".repeat(25), None).unwrap().1 - 4.0).abs() < 0.001);
    assert!(matches!(shrink(&"示".repeat(26), None), Err(Error::Text { .. })));
}

#[test]
fn fixed_text_fits_or_is_refused() {
    let fixed = |count: usize, size| set(&"示".repeat(count), style(Overflow::Refuse, size));
    assert_eq!(fixed(9, None).unwrap().1, 10.5);
    assert!(matches!(fixed(10, None), Err(Error::Text { .. })));
    assert_eq!(fixed(10, Some(10.0)).unwrap().1, 10.0);
    assert!(matches!(fixed(1, Some(33.0)), Err(Error::Text { .. })), "higher than the field");
    for wrong in [0.0, 3.9, 72.5, f64::NAN] {
        assert!(matches!(fixed(1, Some(wrong)), Err(Error::Text { .. })), "{wrong}");
    }
}

#[test]
fn long_text_is_broken_into_lines_at_the_right_places() {
    let wrap = |text: &str, size| set(text, style(Overflow::Wrap, size));
    let (lines, size) = wrap(&"示".repeat(25), Some(10.0)).unwrap();
    assert_eq!(
        (lines.iter().map(|line| line.chars().count()).collect::<Vec<_>>(), size),
        (vec![10, 10, 5], 10.0)
    );
    // Punctuation does not begin a line, and an opening bracket does not end one.
    assert_eq!(wrap("一二三四五六七八九十，完", Some(10.0)).unwrap().0, ["一二三四五六七八九", "十，完"]);
    assert_eq!(wrap("一二三四五六七八九（十）", Some(10.0)).unwrap().0, ["一二三四五六七八九", "（十）"]);
    // Words stay whole, and the blank goes.
    assert_eq!(wrap("Purchase of forty machines", Some(10.0)).unwrap().0, ["Purchase of forty", "machines"]);
    // Too high at that size, but not at a smaller one.
    assert!(matches!(wrap(&"示".repeat(31), Some(10.0)), Err(Error::Text { .. })));
    let (lines, size) = wrap(&"示".repeat(31), None).unwrap();
    assert!(lines.len() == 3 && size < 10.0, "{lines:?} {size}");
    assert!(matches!(wrap(&"示".repeat(TEXT_CHARS_MAX), None), Err(Error::Text { .. })));
}

#[test]
fn a_missing_glyph_is_named() {
    let error = set("金额\u{e000}元", TextStyle::default()).unwrap_err();
    assert!(error.to_string().contains("U+E000"), "{error}");
    assert!(set("𠮷㐂䶮", TextStyle { font: TextFont::Serif, ..TextStyle::default() }).is_ok());
}
