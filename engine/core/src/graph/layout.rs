//! A layered layout: boxes in rows from top to bottom, lines from row to row, and every label in a row between.
//!
//! The usual four steps (Sugiyama): break circles, give rows, order each row, give places. A line that passes rows
//! holds a place in each, so that it crosses no box; its label is such a place of the label's size.

use std::collections::BTreeMap;

/// Between things in a row.
const GAP: f64 = 22.0;
/// Between rows.
pub(super) const ROW_GAP: f64 = 18.0;
/// How wide a line is that passes a row.
const LANE: f64 = 10.0;
/// How often the rows are gone through, down and up.
const SWEEPS: usize = 12;
/// How many places of passing lines are held; beyond, lines go straight.
const LANES_MAX: usize = 40_000;

#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Size {
    pub(super) width: f64,
    pub(super) height: f64,
}

#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Point {
    pub(super) x: f64,
    pub(super) y: f64,
}

/// A line from one box to another, and the size of its label.
#[derive(Debug, Clone, Copy)]
pub(super) struct Link {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) label: Size,
}

/// Where a line goes, and where its label's middle is.
#[derive(Debug, Clone, Default)]
pub(super) struct Route {
    pub(super) points: Vec<Point>,
    pub(super) label: Point,
    /// It leads back up, and closes a circle.
    pub(super) back: bool,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Placed {
    pub(super) size: Size,
    /// The upper left corner of each box.
    pub(super) boxes: Vec<Point>,
    pub(super) routes: Vec<Route>,
}

/// Something that holds a place in a row: a box, a label, or a passing line.
pub(super) struct Cell {
    pub(super) size: Size,
    pub(super) row: usize,
    /// Its middle.
    pub(super) x: f64,
    /// Cells in the row above and in the row below that it is connected with.
    above: Vec<usize>,
    below: Vec<usize>,
}

pub(super) struct Grid {
    pub(super) cells: Vec<Cell>,
    pub(super) rows: Vec<Vec<usize>>,
}

/// Places boxes and lines; `first` is the box that comes first.
pub(super) fn layered(boxes: &[Size], links: &[Link], first: usize) -> Placed {
    let backward = backward(boxes.len(), links, first);
    let rows = rows(boxes.len(), links, &backward);
    let mut grid = Grid { cells: Vec::new(), rows: Vec::new() };
    for (size, row) in boxes.iter().zip(&rows) {
        grid.add(*size, row * 2);
    }
    let chains: Vec<Vec<usize>> =
        links.iter().zip(&backward).map(|(link, backward)| grid.chain(link, *backward, &rows)).collect();
    grid.order();
    grid.place();
    grid.finish(boxes.len(), &chains, &backward)
}

/// Which links close a circle, found depth first from the first box.
fn backward(count: usize, links: &[Link], first: usize) -> Vec<bool> {
    let mut out: Vec<Vec<usize>> = vec![Vec::new(); count];
    for (index, link) in links.iter().enumerate() {
        if let Some(out) = out.get_mut(link.from) {
            out.push(index);
        }
    }
    let mut backward = vec![false; links.len()];
    // 0: not seen, 1: on the way, 2: done.
    let mut seen = vec![0_u8; count];
    for start in std::iter::once(first).chain(0..count) {
        if seen.get(start).copied() != Some(0) {
            continue;
        }
        let mut stack = vec![(start, 0_usize)];
        mark(&mut seen, start, 1);
        while let Some((node, next)) = stack.last_mut() {
            let Some(link) = out.get(*node).and_then(|out| out.get(*next)).copied() else {
                mark(&mut seen, *node, 2);
                stack.pop();
                continue;
            };
            *next += 1;
            let Some(to) = links.get(link).map(|link| link.to) else { continue };
            match seen.get(to) {
                Some(0) => {
                    mark(&mut seen, to, 1);
                    stack.push((to, 0));
                }
                Some(1) => {
                    if let Some(flag) = backward.get_mut(link) {
                        *flag = true;
                    }
                }
                _ => {}
            }
        }
    }
    backward
}

fn mark(seen: &mut [u8], index: usize, value: u8) {
    if let Some(cell) = seen.get_mut(index) {
        *cell = value;
    }
}

/// The row of each box: below everything that leads to it.
fn rows(count: usize, links: &[Link], backward: &[bool]) -> Vec<usize> {
    let mut rows = vec![0_usize; count];
    // Without circles this ends after as many rounds as the longest way has links.
    for _ in 0..count {
        let mut changed = false;
        for (link, backward) in links.iter().zip(backward) {
            let (from, to) = if *backward { (link.to, link.from) } else { (link.from, link.to) };
            let least = rows.get(from).map_or(0, |row| row + 1);
            if let Some(row) = rows.get_mut(to).filter(|row| **row < least) {
                *row = least;
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
    rows
}

impl Grid {
    fn add(&mut self, size: Size, row: usize) -> usize {
        let index = self.cells.len();
        self.cells.push(Cell { size, row, x: 0.0, above: Vec::new(), below: Vec::new() });
        if self.rows.len() <= row {
            self.rows.resize(row + 1, Vec::new());
        }
        if let Some(cells) = self.rows.get_mut(row) {
            cells.push(index);
        }
        index
    }

    /// The cells of a link from its upper to its lower end, with the label in the first row below the upper one.
    fn chain(&mut self, link: &Link, backward: bool, rows: &[usize]) -> Vec<usize> {
        let (upper, lower) = if backward { (link.to, link.from) } else { (link.from, link.to) };
        let row_of = |index: usize| rows.get(index).map_or(0, |row| row * 2);
        let (top, bottom) = (row_of(upper), row_of(lower));
        // The label stands near the box that the line comes from.
        let label_row = if backward { bottom.saturating_sub(1) } else { top + 1 };
        let mut chain = vec![upper];
        for row in (top + 1)..bottom {
            let size = if row == label_row {
                Size { width: link.label.width.max(LANE), height: link.label.height }
            } else if self.cells.len() < LANES_MAX {
                Size { width: LANE, height: 0.0 }
            } else {
                continue;
            };
            chain.push(self.add(size, row));
        }
        chain.push(lower);
        for pair in chain.windows(2) {
            if let [a, b] = pair {
                if let Some(cell) = self.cells.get_mut(*a) {
                    cell.below.push(*b);
                }
                if let Some(cell) = self.cells.get_mut(*b) {
                    cell.above.push(*a);
                }
            }
        }
        chain
    }

    /// Orders every row by the middle of what its cells are connected with, which takes most crossings away.
    fn order(&mut self) {
        let mut rank: Vec<f64> = vec![0.0; self.cells.len()];
        self.rank(&mut rank);
        for sweep in 0..SWEEPS {
            let down = sweep % 2 == 0;
            let order: Vec<usize> =
                if down { (0..self.rows.len()).collect() } else { (0..self.rows.len()).rev().collect() };
            for row in order {
                let Some(mut cells) = self.rows.get(row).cloned() else { continue };
                let middle = |index: &usize| {
                    let neighbours =
                        self.cells.get(*index).map(|cell| if down { &cell.above } else { &cell.below });
                    let neighbours = neighbours.filter(|all| !all.is_empty());
                    neighbours.map_or_else(
                        || rank.get(*index).copied().unwrap_or_default(),
                        |all| {
                            let sum: f64 = all.iter().filter_map(|other| rank.get(*other)).sum();
                            sum / all.len() as f64
                        },
                    )
                };
                let keys: BTreeMap<usize, f64> = cells.iter().map(|index| (*index, middle(index))).collect();
                cells.sort_by(|a, b| {
                    let key = |index: &usize| keys.get(index).copied().unwrap_or_default();
                    key(a).total_cmp(&key(b))
                });
                if let Some(old) = self.rows.get_mut(row) {
                    *old = cells;
                }
                self.rank(&mut rank);
            }
        }
    }

    /// Each cell's place in its row, from 0 to 1.
    fn rank(&self, rank: &mut [f64]) {
        for cells in &self.rows {
            for (place, index) in cells.iter().enumerate() {
                if let Some(rank) = rank.get_mut(*index) {
                    *rank = (place as f64 + 0.5) / cells.len() as f64;
                }
            }
        }
    }

    /// Moves every cell towards the middle of what it is connected with, as far as its row allows.
    fn place(&mut self) {
        for row in 0..self.rows.len() {
            let wanted: Vec<f64> = self.rows.get(row).into_iter().flatten().map(|_| 0.0).collect();
            self.spread(row, &wanted);
        }
        for sweep in 0..SWEEPS * 2 {
            let down = sweep % 2 == 0;
            let order: Vec<usize> =
                if down { (0..self.rows.len()).collect() } else { (0..self.rows.len()).rev().collect() };
            for row in order {
                let wanted: Vec<f64> = self
                    .rows
                    .get(row)
                    .into_iter()
                    .flatten()
                    .filter_map(|index| self.cells.get(*index))
                    .map(|cell| {
                        let all = if down { &cell.above } else { &cell.below };
                        if all.is_empty() {
                            return cell.x;
                        }
                        let sum: f64 =
                            all.iter().filter_map(|other| self.cells.get(*other)).map(|other| other.x).sum();
                        sum / all.len() as f64
                    })
                    .collect();
                self.spread(row, &wanted);
            }
        }
    }

    /// Sets the middles of a row's cells near those that are wanted, without overlap: once pushed from the left, once
    /// from the right, and the mean of both.
    fn spread(&mut self, row: usize, wanted: &[f64]) {
        let Some(cells) = self.rows.get(row).cloned() else { return };
        let width = |index: &usize| self.cells.get(*index).map_or(0.0, |cell| cell.size.width);
        let mut from_left = Vec::with_capacity(cells.len());
        let mut edge = f64::NEG_INFINITY;
        for (index, x) in cells.iter().zip(wanted) {
            let half = width(index) / 2.0;
            let x = x.max(edge + GAP + half);
            edge = x + half;
            from_left.push(x);
        }
        let mut from_right = vec![0.0; cells.len()];
        let mut edge = f64::INFINITY;
        for ((index, x), out) in cells.iter().zip(wanted).zip(from_right.iter_mut()).rev() {
            let half = width(index) / 2.0;
            *out = x.min(edge - GAP - half);
            edge = *out - half;
        }
        for (index, (left, right)) in cells.iter().zip(from_left.iter().zip(&from_right)) {
            if let Some(cell) = self.cells.get_mut(*index) {
                cell.x = f64::midpoint(*left, *right);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Link, Size, layered};

    const BOX: Size = Size { width: 80.0, height: 30.0 };

    fn link(from: usize, to: usize) -> Link {
        Link { from, to, label: Size { width: 60.0, height: 14.0 } }
    }

    #[test]
    fn boxes_do_not_overlap_and_lines_lead_down() {
        // 0 → 1 → 3, 0 → 2 → 3, 0 → 3, and back from 3 to 1.
        let links = [link(0, 1), link(1, 3), link(0, 2), link(2, 3), link(0, 3), link(3, 1)];
        let placed = layered(&[BOX; 4], &links, 0);
        for (index, a) in placed.boxes.iter().enumerate() {
            for b in placed.boxes.iter().skip(index + 1) {
                let apart = (a.x - b.x).abs() >= BOX.width || (a.y - b.y).abs() >= BOX.height;
                assert!(apart, "{:?}", placed.boxes);
            }
            assert!(a.x >= 0.0 && a.x + BOX.width <= placed.size.width);
        }
        let y = |index: usize| placed.boxes.get(index).map(|at| at.y);
        assert!(y(0) < y(1) && y(1) < y(3) && y(2) < y(3));
        let back =
            placed.routes.last().map(|route| (route.points.first().copied(), route.points.last().copied()));
        let (Some(from), Some(to)) = back.unwrap_or_default() else { unreachable!("a route has points") };
        assert!(from.y > to.y, "the way back leads up");
        // The long line passes beside the box between.
        let long = placed.routes.get(4).map(|route| route.points.clone()).unwrap_or_default();
        assert!(long.len() > 3, "{long:?}");
    }

    #[test]
    fn nothing_is_placed_nowhere() {
        let placed = layered(&[BOX], &[], 0);
        assert_eq!((placed.size.width, placed.size.height), (80.0, 30.0));
        assert_eq!(layered(&[], &[], 0).boxes.len(), 0);
    }
}
