//! From rows and places to lines: where each leaves its upper box, which places it passes, where it meets its lower box.

use std::collections::BTreeMap;

use super::layout::{Cell, Grid, Placed, Point, ROW_GAP, Route, Size};

/// How near to a box's corner a line may leave it.
const CORNER: f64 = 12.0;

/// The upper or the lower edge of a box.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Edge {
    Upper,
    Lower,
}

/// Where the lines meet the boxes: of each line, where it leaves its upper box and where it meets its lower one.
type Ports = BTreeMap<(usize, Edge), f64>;

impl Grid {
    pub(super) fn finish(&self, boxes: usize, chains: &[Vec<usize>], backward: &[bool]) -> Placed {
        let left = |cell: &Cell| cell.x - cell.size.width / 2.0;
        let least = self.cells.iter().map(left).fold(f64::INFINITY, f64::min).min(f64::MAX);
        let mut tops = Vec::with_capacity(self.rows.len());
        let mut y = 0.0;
        for cells in &self.rows {
            let heights =
                cells.iter().filter_map(|index| self.cells.get(*index)).map(|cell| cell.size.height);
            let height = heights.fold(0.0, f64::max);
            tops.push((y, height));
            y += height + ROW_GAP;
        }
        let corner = |cell: &Cell| {
            let (top, height) = tops.get(cell.row).copied().unwrap_or_default();
            Point { x: left(cell) - least, y: top + (height - cell.size.height) / 2.0 }
        };
        let width = self.cells.iter().map(|cell| corner(cell).x + cell.size.width).fold(0.0, f64::max);
        let ports = self.ports(chains, least);
        let routes = chains.iter().zip(backward).enumerate();
        Placed {
            size: Size { width, height: (y - ROW_GAP).max(0.0) },
            boxes: self.cells.iter().take(boxes).map(corner).collect(),
            routes: routes
                .map(|(line, (chain, back))| self.route(line, chain, *back, &ports, &corner))
                .collect(),
        }
    }

    /// Lines that share an edge of a box meet it side by side, in the order in which they come, so that none crosses
    /// another there.
    fn ports(&self, chains: &[Vec<usize>], least: f64) -> Ports {
        let middle = |index: &usize| self.cells.get(*index).map_or(0.0, |cell| cell.x - least);
        let mut meeting: BTreeMap<(usize, Edge), Vec<(f64, usize)>> = BTreeMap::new();
        for (line, chain) in chains.iter().enumerate() {
            if let [upper, second, .., before, lower] = chain.as_slice() {
                meeting.entry((*upper, Edge::Lower)).or_default().push((middle(second), line));
                meeting.entry((*lower, Edge::Upper)).or_default().push((middle(before), line));
            } else if let [upper, between, lower] = chain.as_slice() {
                meeting.entry((*upper, Edge::Lower)).or_default().push((middle(between), line));
                meeting.entry((*lower, Edge::Upper)).or_default().push((middle(between), line));
            }
        }
        let mut ports = Ports::new();
        for ((index, edge), mut lines) in meeting {
            lines.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            let room = self.cells.get(index).map_or(0.0, |cell| (cell.size.width - 2.0 * CORNER).max(0.0));
            let count = lines.len() as f64;
            for (place, (_, line)) in lines.into_iter().enumerate() {
                let share = (place as f64 + 0.5) / count - 0.5;
                ports.insert((line, edge), middle(&index) + share * room);
            }
        }
        ports
    }

    fn route(
        &self,
        line: usize,
        chain: &[usize],
        back: bool,
        ports: &Ports,
        corner: &impl Fn(&Cell) -> Point,
    ) -> Route {
        let cells: Vec<&Cell> = chain.iter().filter_map(|index| self.cells.get(*index)).collect();
        let mut points = Vec::new();
        let last = cells.len().saturating_sub(1);
        let port = |edge, middle| ports.get(&(line, edge)).copied().unwrap_or(middle);
        for (place, cell) in cells.iter().enumerate() {
            let at = corner(cell);
            let middle = at.x + cell.size.width / 2.0;
            if place > 0 {
                let x = if place == last { port(Edge::Upper, middle) } else { middle };
                points.push(Point { x, y: at.y });
            }
            if place < last && (place == 0 || cell.size.height > 0.0) {
                let x = if place == 0 { port(Edge::Lower, middle) } else { middle };
                points.push(Point { x, y: at.y + cell.size.height });
            }
        }
        let labelled = if back { last.saturating_sub(1) } else { 1 };
        let label = cells.get(labelled).map_or_else(Point::default, |cell| {
            let at = corner(cell);
            Point { x: at.x + cell.size.width / 2.0, y: at.y + cell.size.height / 2.0 }
        });
        if back {
            points.reverse();
        }
        Route { points, label, back }
    }
}
