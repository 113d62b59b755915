//! Why: a drawn signature stays a drawing, lines with round caps, sharp at every zoom and small.

use std::fmt::Write as _;

use super::{Drawing, Error, Frame, Point, Strokes};
use crate::{
    limits::STROKE_POINTS_MAX,
    read::object::{Dictionary, number_text},
};

/// The ink may be enlarged to this many times the scale at which the whole pad would fit.
const ENLARGE_MAX: f64 = 2.5;
/// Width of the line as a part of the pad's height, when the pad gave none.
const LINE_WIDTH: f64 = 1.0 / 50.0;
/// Thinnest line, in points.
const LINE_WIDTH_MIN: f64 = 0.7;
/// The thickest line of a drawing is at least this, in points: a fine pen's 0.6 mm. A large drawing that is shrunk into
/// its field would otherwise be hairlines.
const THICKEST_MIN: f64 = 1.7;
/// Thickest line, as a part of the field's height.
const LINE_WIDTH_MAX: f64 = 0.1;

pub(super) fn draw(strokes: &Strokes, frame: Frame) -> Result<Drawing, Error> {
    check(strokes)?;
    let points = || strokes.strokes.iter().flatten();
    let bounds = |of: fn(&Point) -> f64| {
        points().map(of).fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)))
    };
    let ((left, right), (top, bottom)) = (bounds(|point| point.x), bounds(|point| point.y));
    let (pad_scale, ..) = frame.fit(strokes.width, strokes.height);
    let thickest = points().filter_map(|point| point.w).fold(strokes.height * LINE_WIDTH, f64::max);
    let thickest = thickest.max(THICKEST_MIN / pad_scale);
    let (ink_width, ink_height) = (right - left + 2.0 * thickest, bottom - top + 2.0 * thickest);
    let (ink_scale, ..) = frame.fit(ink_width, ink_height);
    let scale = ink_scale.min(pad_scale * ENLARGE_MAX);
    let usual = strokes.height * LINE_WIDTH;
    let drawn = points().map(|point| point.w.unwrap_or(usual)).fold(0.0, f64::max) * scale;
    let pen = Pen {
        scale,
        weight: if drawn > 0.0 { (THICKEST_MIN / drawn).max(1.0) } else { 1.0 },
        x: frame.width / 2.0 - (left + right) / 2.0 * scale,
        y: frame.height / 2.0 + (top + bottom) / 2.0 * scale,
        usual,
        widest: frame.height * LINE_WIDTH_MAX,
    };
    let mut content = String::from("q 1 J 1 j 0 G\n");
    for stroke in &strokes.strokes {
        pen.stroke(&mut content, stroke);
    }
    content.push_str("Q\n");
    Ok(Drawing { content: content.into_bytes(), resources: Dictionary::new() })
}

fn check(strokes: &Strokes) -> Result<(), Error> {
    let fail = |why: &str| Err(Error::Strokes { why: why.to_owned() });
    let count: usize = strokes.strokes.iter().map(Vec::len).sum();
    if count == 0 {
        return fail("nothing is drawn");
    }
    if count > STROKE_POINTS_MAX {
        return fail("it has too many points");
    }
    let size_is_sound = |size: f64| (1.0..=100_000.0).contains(&size);
    if !size_is_sound(strokes.width) || !size_is_sound(strokes.height) {
        return fail("the pad has no usable size");
    }
    let near = |value: f64, size: f64| value.is_finite() && value >= -size && value <= 2.0 * size;
    let sound = |point: &Point| {
        near(point.x, strokes.width)
            && near(point.y, strokes.height)
            && point.w.is_none_or(|w| w.is_finite() && w >= 0.0 && w <= strokes.height)
    };
    if !strokes.strokes.iter().flatten().all(sound) {
        return fail("a point is outside the pad");
    }
    Ok(())
}

struct Pen {
    scale: f64,
    x: f64,
    y: f64,
    usual: f64,
    widest: f64,
    /// Makes a drawing of hairlines as thick as a pen's.
    weight: f64,
}

impl Pen {
    fn at(&self, point: &Point) -> String {
        let (x, y) = (self.x + point.x * self.scale, self.y - point.y * self.scale);
        format!("{} {}", number_text(x), number_text(y))
    }

    fn width(&self, point: &Point) -> String {
        let width = point.w.unwrap_or(self.usual) * self.scale * self.weight;
        number_text(width.min(self.widest).max(LINE_WIDTH_MIN))
    }

    /// One path for each run of points with the same width.
    fn stroke(&self, content: &mut String, stroke: &[Point]) {
        let Some(first) = stroke.first() else { return };
        let mut width = self.width(first);
        // A lone point is a line without length: its round caps are the dot.
        let _ = write!(content, "{width} w {} m", self.at(first));
        if stroke.len() == 1 {
            let _ = write!(content, " {} l", self.at(first));
        }
        let mut last = first;
        for point in stroke.iter().skip(1) {
            let next = self.width(point);
            if next != width {
                width = next;
                let _ = write!(content, " S\n{width} w {} m", self.at(last));
            }
            let _ = write!(content, " {} l", self.at(point));
            last = point;
        }
        content.push_str(" S\n");
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap is the test's failure")]
    use super::*;

    const FRAME: Frame = Frame { width: 100.0, height: 40.0, rotate: 0 };

    fn pad(strokes: Vec<Vec<Point>>) -> Strokes {
        Strokes { strokes, width: 300.0, height: 150.0 }
    }

    fn point(x: f64, y: f64, w: Option<f64>) -> Point {
        Point { x, y, w }
    }

    #[test]
    fn ink_stays_inside_the_field() {
        let strokes = pad(vec![
            vec![point(0.0, 0.0, None), point(300.0, 150.0, Some(3.0))],
            vec![point(10.0, 10.0, None)],
        ]);
        let content = String::from_utf8(draw(&strokes, FRAME).unwrap().content).unwrap();
        let mut seen = 0;
        for line in content.lines() {
            let words: Vec<&str> = line.split(' ').collect();
            for (index, word) in words.iter().enumerate().filter(|(_, word)| matches!(**word, "m" | "l")) {
                let (x, y): (f64, f64) =
                    (words[index - 2].parse().unwrap(), words[index - 1].parse().unwrap());
                assert!((0.0..=100.0).contains(&x) && (0.0..=40.0).contains(&y), "{word} {x} {y}");
                seen += 1;
            }
        }
        assert_eq!(seen, 4);
    }

    #[test]
    fn the_pad_points_down_and_the_page_up() {
        let strokes = pad(vec![vec![point(0.0, 0.0, None), point(0.0, 150.0, None)]]);
        let content = String::from_utf8(draw(&strokes, FRAME).unwrap().content).unwrap();
        let words: Vec<&str> = content.split_whitespace().collect();
        let at = |op: &str| words.iter().position(|word| *word == op).unwrap();
        let (from, to): (f64, f64) =
            (words[at("m") - 1].parse().unwrap(), words[at("l") - 1].parse().unwrap());
        assert!(from > to);
    }

    #[test]
    fn hairlines_become_as_thick_as_a_pens_and_keep_their_play() {
        let strokes = pad(vec![vec![
            point(0.0, 10.0, Some(0.8)),
            point(100.0, 70.0, Some(0.8)),
            point(300.0, 140.0, Some(0.6)),
        ]]);
        let content = String::from_utf8(draw(&strokes, FRAME).unwrap().content).unwrap();
        let words: Vec<&str> = content.split_whitespace().collect();
        let widths =
            words.windows(2).filter(|pair| pair[1] == "w").map(|pair| pair[0].parse::<f64>().unwrap());
        let widths: Vec<f64> = widths.collect();
        assert!((widths[0] - THICKEST_MIN).abs() < 0.01, "{widths:?}");
        assert!(widths[1] < widths[0] && widths[1] > LINE_WIDTH_MIN, "{widths:?}");
    }

    #[test]
    fn unusable_drawings_are_refused() {
        let good = point(1.0, 1.0, None);
        for strokes in [
            pad(vec![]),
            pad(vec![vec![]]),
            pad(vec![vec![point(f64::NAN, 1.0, None)]]),
            pad(vec![vec![point(1e9, 1.0, None)]]),
            pad(vec![vec![point(1.0, 1.0, Some(-1.0))]]),
            pad(vec![vec![good; STROKE_POINTS_MAX + 1]]),
            Strokes { strokes: vec![vec![good]], width: 0.0, height: 1.0 },
        ] {
            assert!(draw(&strokes, FRAME).is_err());
        }
    }
}
