//! A drawing as contracts have them: the delivery site with its contour lines and the racks of the goods list. Thousands
//! of short lines, so that the document has a page that is heavy to show.

use super::layout::Rule;

/// Size in millimetres.
pub(super) const WIDTH: f32 = 160.0;
pub(super) const HEIGHT: f32 = 165.0;

/// Width of a cell of the height field, in millimetres.
const CELL: f32 = 1.0;
/// Between two contour lines, in units of [`height`].
const STEP: f32 = 0.14;
/// Contour lines and outlines, in points.
const THIN: f32 = 0.12;
const THICK: f32 = 0.7;

/// The drawing with its upper left corner at `(left, top)`.
pub(super) fn rules(left: f32, top: f32) -> Vec<Rule> {
    let mut rules = Vec::new();
    let mut line = |from: (f32, f32), to: (f32, f32), width: f32| {
        let at = |(x, y): (f32, f32)| (left + x, top + y);
        rules.push(Rule { from: at(from), to: at(to), width });
    };
    contours(&mut line);
    for row in 0..4 {
        for column in 0..6 {
            let (x, y) = (28.0 + 18.0 * column as f32, 34.0 + 27.0 * row as f32);
            rectangle(&mut line, x, y, 14.0, 6.0);
            line((x, y), (x + 14.0, y + 6.0), THICK);
        }
    }
    rectangle(&mut line, 0.0, 0.0, WIDTH, HEIGHT);
    rectangle(&mut line, 20.0, 26.0, 120.0, 104.0);
    rules
}

fn rectangle(line: &mut impl FnMut((f32, f32), (f32, f32), f32), x: f32, y: f32, w: f32, h: f32) {
    let corners = [(x, y), (x + w, y), (x + w, y + h), (x, y + h), (x, y)];
    for pair in corners.windows(2) {
        line(pair[0], pair[1], THICK);
    }
}

/// The ground's height at a place of the drawing.
fn height(x: f32, y: f32) -> f32 {
    let (u, v) = (x / WIDTH, y / HEIGHT);
    (7.0 * u + 2.0 * v).sin() + (5.0 * v - 3.0 * u * u).cos() + 0.35 * (23.0 * u).sin() * (19.0 * v).cos()
}

/// Marching squares: each cell is crossed by straight pieces of the contour lines that pass it.
fn contours(line: &mut impl FnMut((f32, f32), (f32, f32), f32)) {
    let (columns, rows) = ((WIDTH / CELL) as usize, (HEIGHT / CELL) as usize);
    for row in 0..rows {
        for column in 0..columns {
            let (x, y) = (column as f32 * CELL, row as f32 * CELL);
            let corners = [(x, y), (x + CELL, y), (x + CELL, y + CELL), (x, y + CELL)];
            let heights = corners.map(|(x, y)| height(x, y));
            let (lowest, highest) =
                heights.iter().fold((f32::MAX, f32::MIN), |(l, h), &z| (l.min(z), h.max(z)));
            let mut level = (lowest / STEP).ceil() * STEP;
            while level < highest {
                let crossings: Vec<(f32, f32)> =
                    (0..4).filter_map(|n| crossing(corners, heights, n, level)).collect();
                for pair in crossings.chunks_exact(2) {
                    line(pair[0], pair[1], THIN);
                }
                level += STEP;
            }
        }
    }
}

/// Where the contour line of `level` crosses the cell's `n`-th side, if it does.
fn crossing(corners: [(f32, f32); 4], heights: [f32; 4], n: usize, level: f32) -> Option<(f32, f32)> {
    let m = (n + 1) % 4;
    let ((x0, y0), (x1, y1)) = (*corners.get(n)?, *corners.get(m)?);
    let (z0, z1) = (*heights.get(n)?, *heights.get(m)?);
    if (z0 < level) == (z1 < level) {
        return None;
    }
    let t = (level - z0) / (z1 - z0);
    Some((x0 + t * (x1 - x0), y0 + t * (y1 - y0)))
}
