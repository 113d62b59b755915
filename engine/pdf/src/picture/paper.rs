//! Why: paper on a photo is not white: one side is in the shade, the lamp is yellow, a hand throws its shadow. What counts as
//! paper is found around each place and for each colour, and everything is measured against that.
//!
//! ```text
//! light   ----.        ,---.   ,----        the picture, without its grain: the darker half lies in a shadow,
//!              \------'     `-'             and has a stroke
//! closed  ----.        ,------------        what is dark and narrower than the reach is filled with what is around it,
//!              \------'                     and an edge between wider parts stays where it is
//! ```

use image::RgbImage;

/// Cells along the longer side: a cell evens out the picture's grain.
const CELLS: u32 = 400;
/// Cells by which what is darker grows, so that the edge of a shadow does not lie under brighter paper.
const GROWTH: usize = 2;
/// Paper that is darker than this in every colour, of 255, is no paper.
const DARKEST: f32 = 40.0;
/// A shadow is grey: the parts of each colour that it lets through differ by no more than this.
const SHADOW_COLOR_MAX: f32 = 0.12;
/// Paper is not darker than this part of the picture's brightest: the table beside it is.
const DARKEST_PART: f32 = 0.3;

/// What tells ink from a shadow. Widths are parts of the picture's longer side.
pub(super) struct Reach {
    /// Solid ink is narrower; what is wider counts as paper in the shade.
    pub(super) ink: f32,
    /// What is grey and wider, or lies along the picture's edge, can be a shadow.
    pub(super) shadow: f32,
    /// A shadow lets at least this part of the light through; what is darker is ink, or no paper.
    pub(super) light_min: f32,
}

/// The brightness of the paper over the picture.
pub(super) struct Paper {
    /// Pixels along a cell's side.
    cell: u32,
    /// Of each colour.
    levels: [Cells; 3],
}

impl Paper {
    /// None when no paper is bright enough.
    pub(super) fn of(image: &RgbImage, reach: &Reach) -> Option<Self> {
        let longest = image.width().max(image.height());
        let cell = longest.div_ceil(CELLS).max(2);
        let half = |width: f32| (as_f32(longest) * width / as_f32(cell) / 2.0).ceil() as usize;
        let (ink, shadow) = (half(reach.ink), half(reach.shadow));
        let cells = [0, 1, 2].map(|color| Cells::of(image, color, cell));
        let mut levels = cells.each_ref().map(|cells| cells.closed(ink, 0));
        let shaded = cells.each_ref().map(|cells| cells.closed(shadow, shadow));
        shade(&mut levels, &shaded, reach.light_min);
        for cells in &mut levels {
            let brightest = cells.levels.iter().copied().fold(0.0, f32::max);
            for level in &mut cells.levels {
                *level = level.max(brightest * DARKEST_PART).max(1.0);
            }
        }
        let levels = levels.map(Cells::evened);
        let brightest = levels.iter().flat_map(|cells| &cells.levels).copied().fold(0.0, f32::max);
        (brightest >= DARKEST).then_some(Self { cell, levels })
    }

    /// The paper at a pixel: red, green and blue.
    pub(super) fn at(&self, x: u32, y: u32) -> [f32; 3] {
        let place = |pixel: u32| (as_f32(pixel) + 0.5) / as_f32(self.cell) - 0.5;
        let (x, y) = (place(x), place(y));
        [0, 1, 2].map(|color| self.levels.get(color).map_or(255.0, |cells| cells.at(x, y)))
    }
}

/// Where what is dark can be a shadow, it is one, and its paper is the `shaded`.
fn shade(levels: &mut [Cells; 3], shaded: &[Cells; 3], light_min: f32) {
    let [reds, greens, blues] = levels;
    let [shaded_reds, shaded_greens, shaded_blues] = shaded.each_ref().map(|cells| &cells.levels);
    let own = reds.levels.iter_mut().zip(&mut greens.levels).zip(&mut blues.levels);
    for (((red, green), blue), ((r, g), b)) in
        own.zip(shaded_reds.iter().zip(shaded_greens).zip(shaded_blues))
    {
        let light = [*r / red.max(1.0), *g / green.max(1.0), *b / blue.max(1.0)];
        let least = light.into_iter().fold(1.0, f32::min);
        let most = light.into_iter().fold(0.0, f32::max);
        if least >= light_min && most - least <= SHADOW_COLOR_MAX {
            (*red, *green, *blue) = (*r, *g, *b);
        }
    }
}

/// One colour's mean brightness in each cell.
pub(super) struct Cells {
    columns: usize,
    rows: usize,
    pub(super) levels: Vec<f32>,
}

impl Cells {
    /// Cells of a pixel each, row by row.
    pub(super) fn new(levels: Vec<f32>, columns: usize) -> Self {
        let columns = columns.max(1);
        Self { columns, rows: levels.len() / columns, levels }
    }

    fn of(image: &RgbImage, color: usize, cell: u32) -> Self {
        let (columns, rows) = (image.width().div_ceil(cell), image.height().div_ceil(cell));
        let mean = |column: u32, row: u32| {
            let (left, top) = (column * cell, row * cell);
            let (right, bottom) = ((left + cell).min(image.width()), (top + cell).min(image.height()));
            let pixels = (top..bottom).flat_map(|y| (left..right).map(move |x| (x, y)));
            let value = |(x, y): (u32, u32)| image.get_pixel(x, y).0.get(color).copied().unwrap_or(0);
            let sum: u32 = pixels.map(|place| u32::from(value(place))).sum();
            as_f32(sum) / as_f32((right - left) * (bottom - top))
        };
        let levels = (0..rows).flat_map(|row| (0..columns).map(move |column| (column, row)));
        Self {
            columns: columns as usize,
            rows: rows as usize,
            levels: levels.map(|(column, row)| mean(column, row)).collect(),
        }
    }

    /// Without what is dark and narrower than twice the reach. What is dark at the picture's edge goes on for `beyond` cells.
    fn closed(&self, reach: usize, beyond: usize) -> Self {
        let bright = self.framed(beyond, 0.0).spread(reach, f32::max);
        bright.spread(reach + GROWTH, f32::min).unframed(beyond)
    }

    /// With so many cells of that level on each side.
    fn framed(&self, by: usize, beyond: f32) -> Self {
        let (columns, rows) = (self.columns + 2 * by, self.rows + 2 * by);
        let level = |column: usize, row: usize| {
            let inside = (by..by + self.columns).contains(&column) && (by..by + self.rows).contains(&row);
            if inside { self.level(column - by, row - by) } else { beyond }
        };
        let places = (0..rows).flat_map(|row| (0..columns).map(move |column| (column, row)));
        Self { columns, rows, levels: places.map(|(column, row)| level(column, row)).collect() }
    }

    /// Without so many cells on each side.
    fn unframed(&self, by: usize) -> Self {
        let (columns, rows) = (self.columns - 2 * by, self.rows - 2 * by);
        let lines = self.levels.chunks(self.columns.max(1)).skip(by).take(rows);
        let levels = lines.flat_map(|line| line.iter().skip(by).take(columns).copied()).collect();
        Self { columns, rows, levels }
    }

    /// Each cell as the brightest, or darkest, in the square around it.
    pub(super) fn spread(&self, reach: usize, pick: fn(f32, f32) -> f32) -> Self {
        let rows = self.levels.chunks(self.columns.max(1)).flat_map(|row| running(row, reach, pick));
        let across = Self { columns: self.columns, rows: self.rows, levels: rows.collect() }.turned();
        let columns = across.levels.chunks(self.rows.max(1)).flat_map(|column| running(column, reach, pick));
        Self { columns: self.rows, rows: self.columns, levels: columns.collect() }.turned()
    }

    /// What is not wider than twice the reach is gone, and the rest grows. Beyond the edge all is as bright as can be.
    pub(super) fn opened(&self, reach: usize, growth: usize) -> Self {
        let beyond = reach + growth;
        let framed = self.framed(beyond, 1.0).spread(reach, f32::min);
        framed.spread(reach + growth, f32::max).unframed(beyond)
    }

    /// Columns as rows.
    fn turned(&self) -> Self {
        let column = |column: usize| self.levels.iter().copied().skip(column).step_by(self.columns.max(1));
        let levels = (0..self.columns).flat_map(column).collect();
        Self { columns: self.rows, rows: self.columns, levels }
    }

    /// Each cell as the mean of the nine around it.
    fn evened(self) -> Self {
        let level = |column: usize, row: usize| {
            let (columns, rows) = (column.saturating_sub(1)..=column + 1, row.saturating_sub(1)..=row + 1);
            let around = rows.flat_map(|row| columns.clone().map(move |column| (column, row)));
            let sum: f32 = around.map(|(column, row)| self.level(column, row)).sum();
            sum / as_f32((3 - u32::from(column == 0)) * (3 - u32::from(row == 0)))
        };
        let places = (0..self.rows).flat_map(|row| (0..self.columns).map(move |column| (column, row)));
        let levels = places.map(|(column, row)| level(column, row)).collect();
        Self { columns: self.columns, rows: self.rows, levels }
    }

    /// The level of a cell, or of the one next to it within the picture.
    fn level(&self, column: usize, row: usize) -> f32 {
        let (column, row) = (column.min(self.columns - 1), row.min(self.rows - 1));
        self.levels.get(row * self.columns + column).copied().unwrap_or(255.0)
    }

    /// The level between the middles of the cells around a place, which is counted in cells.
    fn at(&self, x: f32, y: f32) -> f32 {
        let (x, y) = (x.max(0.0), y.max(0.0));
        let (column, row) = (x as usize, y as usize);
        let (across, down) = (x.fract(), y.fract());
        let between = |row: usize| {
            let (left, right) = (self.level(column, row), self.level(column + 1, row));
            left + (right - left) * across
        };
        let (upper, lower) = (between(row), between(row + 1));
        upper + (lower - upper) * down
    }
}

/// For each place of a line the pick of all that are not farther than the reach. Takes the same time for any reach: the line is
/// cut into blocks as long as the square is wide, so that each square is the end of one block and the beginning of the next.
fn running(line: &[f32], reach: usize, pick: fn(f32, f32) -> f32) -> Vec<f32> {
    let block = 2 * reach + 1;
    let picks = |block: &[f32], backwards: bool| {
        let mut so_far: Option<f32> = None;
        let mut pick = |value: &f32| {
            let value = so_far.map_or(*value, |before| pick(before, *value));
            so_far = Some(value);
            value
        };
        if backwards {
            let mut picks: Vec<f32> = block.iter().rev().map(pick).collect();
            picks.reverse();
            picks
        } else {
            block.iter().map(&mut pick).collect::<Vec<f32>>()
        }
    };
    let since: Vec<f32> = line.chunks(block).flat_map(|block| picks(block, false)).collect();
    let until: Vec<f32> = line.chunks(block).flat_map(|block| picks(block, true)).collect();
    let last = line.len().saturating_sub(1);
    let around = |place: usize| {
        let (first, end) = (place.saturating_sub(reach), (place + reach).min(last));
        // The first half begins a block, or the second ends the line: what is cut off lies in one block.
        let (head, tail) = (until.get(first).copied(), since.get(end).copied());
        let (head, tail) = (head.unwrap_or_default(), tail.unwrap_or_default());
        match (first / block == end / block, first % block == 0) {
            (false, _) => pick(head, tail),
            (true, true) => tail,
            (true, false) => head,
        }
    };
    (0..line.len()).map(around).collect()
}

/// Sizes of pictures are far below where an `f32` gets inexact.
const fn as_f32(value: u32) -> f32 {
    value as f32
}
