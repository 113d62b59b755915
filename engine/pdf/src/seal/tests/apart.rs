//! The texts of a seal stand apart from each other, whatever their lengths.

use super::{super::*, spec};

/// Least distance of the glyphs of two texts, in millimetres on a seal of the usual size.
const APART_MM: f64 = 0.5;
/// The same of two glyphs in a text.
const NEIGHBOURS_MM: f64 = 0.05;
/// Distances from here on are not measured.
const FAR_MM: f64 = 2.0;

/// A glyph's outline as the points its curves are drawn with.
struct Glyph {
    points: Vec<(f64, f64)>,
    /// Left, upper, right and lower edge.
    bounds: [f64; 4],
}

/// The glyphs in their order, without the border and the star.
fn glyphs(svg: &str, skipped: usize) -> Vec<Glyph> {
    let paths = svg.split("stroke=\"none\" d=\"M").skip(1 + skipped);
    let glyph = |path: &str| {
        let data = path.split('"').next().unwrap();
        let numbers: Vec<f64> =
            data.split(|c: char| !"-.0123456789".contains(c)).filter_map(|n| n.parse().ok()).collect();
        let points: Vec<(f64, f64)> = numbers.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
        let mut bounds = [f64::MAX, f64::MAX, f64::MIN, f64::MIN];
        for (x, y) in &points {
            bounds = [bounds[0].min(*x), bounds[1].min(*y), bounds[2].max(*x), bounds[3].max(*y)];
        }
        Glyph { points, bounds }
    };
    paths.map(glyph).collect()
}

/// From a point to a stroke between two points.
fn to_stroke((x, y): (f64, f64), (from, to): ((f64, f64), (f64, f64))) -> f64 {
    let (along_x, along_y) = (to.0 - from.0, to.1 - from.1);
    let length = along_x * along_x + along_y * along_y;
    let part = if length > 0.0 {
        (((x - from.0) * along_x + (y - from.1) * along_y) / length).clamp(0.0, 1.0)
    } else {
        0.0
    };
    (x - from.0 - part * along_x).hypot(y - from.1 - part * along_y)
}

impl Glyph {
    /// The distance to the other glyph, or `far` where it is more.
    fn distance(&self, other: &Self, far: f64) -> f64 {
        let gap = |low: usize, high: usize| {
            (self.bounds[low] - other.bounds[high]).max(other.bounds[low] - self.bounds[high]).max(0.0)
        };
        if gap(0, 2).hypot(gap(1, 3)) >= far {
            return far;
        }
        let one_way = |one: &Self, two: &Self| {
            let strokes = two.points.windows(2).map(|ends| (ends[0], ends[1]));
            strokes
                .flat_map(|stroke| one.points.iter().map(move |point| to_stroke(*point, stroke)))
                .fold(far, f64::min)
        };
        one_way(self, other).min(one_way(other, self))
    }
}

/// The least distance between glyphs of two texts of the seal, whose lengths follow the name's, and that between
/// neighbours in a text.
fn least(svg: &str, skipped: usize, lengths: &[usize]) -> (f64, f64) {
    let glyphs = glyphs(svg, skipped);
    assert_eq!(glyphs.len(), lengths.iter().sum::<usize>(), "all is drawn");
    let mut rest = glyphs.as_slice();
    let mut texts = Vec::new();
    for length in lengths {
        let (text, others) = rest.split_at(*length);
        texts.push(text);
        rest = others;
    }
    let (mut of_texts, mut of_neighbours) = (FAR_MM, FAR_MM);
    for (index, text) in texts.iter().enumerate() {
        for other in texts.iter().skip(index + 1) {
            for (one, two) in text.iter().flat_map(|one| other.iter().map(move |two| (one, two))) {
                of_texts = one.distance(two, of_texts);
            }
        }
        for pair in text.windows(2) {
            of_neighbours = pair[0].distance(&pair[1], of_neighbours);
        }
    }
    (of_texts, of_neighbours)
}

fn some(characters: &str, count: usize) -> Option<String> {
    (count > 0).then(|| characters.chars().cycle().take(count).collect())
}

#[test]
fn texts_of_every_length_stand_apart() {
    // Glyphs that fill their boxes, and letters among the digits that are wide.
    let (wide, digits, words) = ("国圆團", "91MW0B8H", "合同專用國章");
    for count in 4..=40 {
        for (shape, skipped) in [(Shape::Round, 1), (Shape::Oval, 0), (Shape::Triangle, 0)] {
            for (center, bottom) in [(0, 13), (0, 20), (5, 0), (5, 20), (8, 20)] {
                let (center_text, bottom_text) = if shape == Shape::Oval {
                    (some(digits, bottom), some(words, center))
                } else {
                    (some(words, center), some(digits, bottom))
                };
                let lengths = match shape {
                    Shape::Oval => [count, bottom, center],
                    _ => [count, center, bottom],
                };
                let spec = SealSpec {
                    shape,
                    kind: Kind::Other,
                    organization_name: some(wide, count).unwrap(),
                    center_text,
                    bottom_text,
                    size_mm: Some(if shape == Shape::Round { 42.0 } else { 40.0 }),
                    ..spec("")
                };
                let (texts, neighbours) = least(&draw(&spec).unwrap(), skipped, &lengths);
                let which = format!("{shape:?} of {count}, {center} and {bottom}");
                assert!(texts > APART_MM, "{which}: {texts} mm between two texts");
                assert!(neighbours > NEIGHBOURS_MM, "{which}: {neighbours} mm between neighbours");
            }
        }
    }
}

#[test]
fn words_stand_apart_with_one_gap_however_their_blanks_are_written() {
    for shape in [Shape::Round, Shape::Oval, Shape::Triangle, Shape::Square] {
        let drawn = |name: &str| draw(&SealSpec { shape, kind: Kind::Other, ..spec(name) }).unwrap();
        let skipped = match shape {
            Shape::Round => 1,
            _ => 0,
        };
        let one = drawn("国国国 国国国国国");
        assert_eq!(glyphs(&one, skipped).len(), 8, "{shape:?}");
        assert!(one != drawn("国国国国国国国国"), "{shape:?}");
        for name in ["国国国\u{3000}国国国国国", "\u{a0} 国国国 \u{2003} 国国国国国 "] {
            assert!(drawn(name) == one, "{shape:?} {name:?}");
        }
    }
    let round = draw(&spec("Acme (Beijing) Trading Co., Ltd.")).unwrap();
    assert_eq!(glyphs(&round, 1).len(), 28);
    let glyphs = glyphs(&draw(&spec("国国国 国国国")).unwrap(), 1);
    let gap = |index: usize| glyphs[index].distance(&glyphs[index + 1], 20.0);
    assert!(gap(2) > 1.5 * gap(1) && gap(2) > gap(1) + 1.0, "{} and {}", gap(1), gap(2));
}

#[test]
fn a_persons_name_may_have_blanks() {
    let person = |name: &str| SealSpec { shape: Shape::Square, kind: Kind::LegalRep, ..spec(name) };
    assert_eq!(glyphs(&draw(&person("John Smith")).unwrap(), 0).len(), 9 + 1);
    assert_eq!(draw(&person("示\u{3000}例")), draw(&person("示例")));
    let error = draw(&person("John Jacob Smith")).unwrap_err();
    assert!(matches!(error, Error::Field { field, .. } if field == "organization_name"));
}
