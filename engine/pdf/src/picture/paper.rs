//! Why: paper on a photo is not white: one side is in the shade, the lamp is yellow. What counts as paper is found for each
//! part of the picture and each colour, and everything is measured against that.

use image::RgbImage;

/// Parts along the longer side. A part must be larger than the widest stroke, and smaller than a shadow.
const PARTS: u32 = 16;
/// Of a part's pixels, this share is darker than what counts as its paper.
const PAPER_SHARE: f64 = 0.85;
/// Paper that is darker than this in every colour, of 255, is no paper.
const DARKEST: f32 = 40.0;

/// The brightness of the paper over the picture.
pub(super) struct Paper {
    columns: usize,
    rows: usize,
    part: f32,
    /// Of each part: red, green and blue.
    levels: Vec<[f32; 3]>,
}

impl Paper {
    /// None when there is no part as bright as paper. `reach` is how many parts around it a part looks at, so that a part which
    /// is all ink finds its paper.
    pub(super) fn of(image: &RgbImage, reach: usize) -> Option<Self> {
        let part = image.width().max(image.height()).div_ceil(PARTS).max(8);
        let columns = image.width().div_ceil(part);
        let rows = image.height().div_ceil(part);
        let own: Vec<[f32; 3]> = (0..rows)
            .flat_map(|row| (0..columns).map(move |column| (column, row)))
            .map(|(column, row)| level(image, column * part, row * part, part))
            .collect();
        let (columns, rows) = (usize::try_from(columns).ok()?, usize::try_from(rows).ok()?);
        let levels = (0..rows)
            .flat_map(|row| (0..columns).map(move |column| (column, row)))
            .map(|(column, row)| brightest(&own, columns, rows, column, row, reach))
            .collect();
        let paper = Self { columns, rows, part: as_f32(part), levels };
        let brightest = paper.levels.iter().flatten().copied().fold(0.0, f32::max);
        (brightest >= DARKEST).then_some(paper)
    }

    /// The paper at a pixel, between the middles of the parts around it.
    pub(super) fn at(&self, x: u32, y: u32) -> [f32; 3] {
        let (left, right, across) = between(as_f32(x), self.part, self.columns);
        let (upper, lower, down) = between(as_f32(y), self.part, self.rows);
        let level = |column: usize, row: usize| {
            self.levels.get(row * self.columns + column).copied().unwrap_or([255.0; 3])
        };
        let corners = [level(left, upper), level(right, upper), level(left, lower), level(right, lower)];
        let mix = |color: usize| {
            let of = |corner: usize| {
                corners.get(corner).and_then(|level| level.get(color)).copied().unwrap_or(255.0)
            };
            let above = of(0) + (of(1) - of(0)) * across;
            let below = of(2) + (of(3) - of(2)) * across;
            (above + (below - above) * down).max(1.0)
        };
        [mix(0), mix(1), mix(2)]
    }
}

/// The two parts whose middles are around a place, and how far it is from the first to the second.
fn between(place: f32, part: f32, count: usize) -> (usize, usize, f32) {
    let at = (place / part - 0.5).max(0.0);
    let last = count.saturating_sub(1);
    let first = (0..last).take_while(|index| as_f32(u32::try_from(*index).unwrap_or(0)) + 1.0 <= at).count();
    let share = (at - as_f32(u32::try_from(first).unwrap_or(0))).clamp(0.0, 1.0);
    (first, (first + 1).min(last), share)
}

/// What counts as paper in one part, for each colour.
fn level(image: &RgbImage, left: u32, top: u32, part: u32) -> [f32; 3] {
    let mut counts = [[0_u32; 256]; 3];
    let mut total = 0_u32;
    for y in top..(top + part).min(image.height()) {
        for x in left..(left + part).min(image.width()) {
            let pixel = image.get_pixel(x, y).0;
            for (counts, value) in counts.iter_mut().zip(pixel) {
                if let Some(count) = counts.get_mut(usize::from(value)) {
                    *count += 1;
                }
            }
            total += 1;
        }
    }
    counts.map(|counts| {
        let wanted = f64::from(total) * PAPER_SHARE;
        let mut seen = 0_u32;
        let value = counts.iter().take_while(|count| {
            seen += **count;
            f64::from(seen) < wanted
        });
        as_f32(u32::try_from(value.count()).unwrap_or(255))
    })
}

fn brightest(
    own: &[[f32; 3]],
    columns: usize,
    rows: usize,
    column: usize,
    row: usize,
    reach: usize,
) -> [f32; 3] {
    let mut level = [0.0_f32; 3];
    for y in row.saturating_sub(reach)..=(row + reach).min(rows - 1) {
        for x in column.saturating_sub(reach)..=(column + reach).min(columns - 1) {
            let other = own.get(y * columns + x).copied().unwrap_or_default();
            for (level, other) in level.iter_mut().zip(other) {
                *level = level.max(other);
            }
        }
    }
    level
}

/// Sizes of pictures are far below where an `f32` gets inexact.
const fn as_f32(value: u32) -> f32 {
    value as f32
}
