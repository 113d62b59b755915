//! The drawing as SVG: states as boxes, inner states inside theirs, ways as arrows with labels.

use std::fmt::Write as _;

use super::{
    Edge, Kind, Node, edges, heading,
    layout::{Link, Point, Route, Size, layered},
    nodes,
};
use crate::{Definition, state::StatePath};

const MARGIN: f64 = 16.0;
const NAME_PX: f64 = 13.0;
const SMALL_PX: f64 = 11.0;
const LINE: f64 = 15.0;
/// More labels on one line are counted, not written.
const LABELS_MAX: usize = 6;

/// A part of the drawing, at a place of its own.
struct Drawn {
    size: Size,
    svg: String,
}

/// The definition as one SVG document.
#[must_use]
pub fn svg(def: &Definition) -> String {
    let workflow = def.workflow();
    let nodes = nodes(workflow);
    let edges = edges(workflow);
    let drawn = inside(&nodes, &edges, &StatePath::default(), &workflow.initial);
    let title = heading(def);
    let width = drawn.size.width.max(text_width(&title, 15.0)) + 2.0 * MARGIN;
    let height = drawn.size.height + 2.0 * MARGIN + 30.0;
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0}" height="{height:.0}" viewBox="0 0 {width:.0} {height:.0}" font-family="'Noto Sans CJK SC','Noto Sans SC','PingFang SC','Microsoft YaHei',sans-serif">
<title>{title}</title>
<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" fill="#5b6472"/></marker></defs>
<rect width="100%" height="100%" fill="#ffffff"/>
<text x="{MARGIN}" y="26" font-size="15" font-weight="600" fill="#1d2430">{title}</text>
<g transform="translate({MARGIN} {top})">
{body}</g>
</svg>
"##,
        title = escaped(&title),
        top = MARGIN + 26.0,
        body = drawn.svg,
    )
}

/// The states directly inside `around`, with the ways between them.
fn inside(nodes: &[Node], edges: &[Edge], around: &StatePath, initial: &str) -> Drawn {
    let boxes: Vec<Drawn> = nodes.iter().map(|node| one(node, edges, initial)).collect();
    let lines = lines(nodes, edges, around);
    let links: Vec<Link> = lines
        .iter()
        .map(|line| Link { from: line.from, to: line.to, label: label_size(&line.labels) })
        .collect();
    let name = |node: &Node| node.path.0.last().cloned().unwrap_or_default();
    let first = nodes.iter().position(|node| name(node) == initial).unwrap_or(0);
    let sizes: Vec<Size> = boxes.iter().map(|drawn| drawn.size).collect();
    let placed = layered(&sizes, &links, first);
    let mut svg = String::new();
    for (line, route) in lines.iter().zip(&placed.routes) {
        draw_line(&mut svg, route);
        draw_labels(&mut svg, &line.labels, route.label);
    }
    for (drawn, at) in boxes.iter().zip(&placed.boxes) {
        let _ = writeln!(svg, r#"<g transform="translate({:.1} {:.1})">{}</g>"#, at.x, at.y, drawn.svg);
    }
    Drawn { size: placed.size, svg }
}

/// A way between two boxes of one level, with what its labels must say of the states inside them.
struct Line {
    from: usize,
    to: usize,
    labels: Vec<String>,
}

/// The ways that lead from one of these boxes, or from inside it, to another.
fn lines(nodes: &[Node], edges: &[Edge], around: &StatePath) -> Vec<Line> {
    let depth = around.0.len();
    let holder = |path: &StatePath| {
        let name = path.0.get(depth)?;
        path.0
            .starts_with(&around.0)
            .then(|| nodes.iter().position(|node| node.path.0.get(depth) == Some(name)))?
    };
    let mut lines: Vec<Line> = Vec::new();
    for edge in edges {
        let (Some(from), Some(to)) = (holder(&edge.from), holder(&edge.to)) else { continue };
        if from == to {
            continue;
        }
        let inner = |path: &StatePath| path.0.get(depth + 1..).unwrap_or_default().join("/");
        let (source, target) = (inner(&edge.from), inner(&edge.to));
        let said = |label: &String| {
            let before = if source.is_empty() { String::new() } else { format!("{source}: ") };
            let after = if target.is_empty() { String::new() } else { format!(" → {target}") };
            format!("{before}{label}{after}")
        };
        let labels = edge.labels.iter().map(said).filter(|label| !label.is_empty());
        match lines.iter_mut().find(|line| line.from == from && line.to == to) {
            Some(line) => line.labels.extend(labels),
            None => lines.push(Line { from, to, labels: labels.collect() }),
        }
    }
    for line in &mut lines {
        if line.labels.len() > LABELS_MAX {
            let more = line.labels.len() - LABELS_MAX + 1;
            line.labels.truncate(LABELS_MAX - 1);
            line.labels.push(format!("… {more} 条"));
        }
    }
    lines
}

/// What leads to a state without coming from a box beside it: from the state around it, or from itself.
fn own_lines(node: &Node, edges: &[Edge]) -> Vec<String> {
    let mut lines = Vec::new();
    for edge in edges.iter().filter(|edge| edge.to == node.path) {
        let mark = if edge.from == node.path {
            "↻ ".to_owned()
        } else if edge.from.0.len() < node.path.0.len() && node.path.0.starts_with(&edge.from.0) {
            let from = edge.from.0.last().map_or("任意状态", String::as_str);
            format!("{from} → ")
        } else {
            continue;
        };
        lines.extend(edge.labels.iter().map(|label| format!("{mark}{label}")));
    }
    // From inside a state to the state itself: it begins anew.
    for edge in edges.iter().filter(|edge| edge.to == node.path && edge.from != node.path) {
        if edge.from.0.len() > node.path.0.len() && edge.from.0.starts_with(&node.path.0) {
            lines.extend(edge.labels.iter().map(|label| format!("↻ {}: {label}", edge.from)));
        }
    }
    lines
}

fn one(node: &Node, edges: &[Edge], initial: &str) -> Drawn {
    let name = node.path.0.last().map(String::as_str).unwrap_or_default();
    let shown = if name == initial { format!("▶ {name}") } else { name.to_owned() };
    let mut small: Vec<String> = node.caption.iter().cloned().collect();
    small.extend(own_lines(node, edges));
    let texts = small.iter().map(|text| text_width(text, SMALL_PX));
    let head_width = texts.fold(text_width(&shown, NAME_PX), f64::max) + 20.0;
    let head_height = 12.0 + LINE * (1 + small.len()) as f64;
    let inner = (!node.inner.is_empty())
        .then(|| inside(&node.inner, edges, &node.path, node.initial.as_deref().unwrap_or_default()));
    let size = match &inner {
        Some(inner) => Size {
            width: head_width.max(inner.size.width + 2.0 * MARGIN),
            height: head_height + inner.size.height + MARGIN,
        },
        None => Size { width: head_width.max(70.0), height: head_height },
    };
    let (fill, stroke) = colours(node.kind);
    let mut svg = format!(
        r#"<rect width="{:.1}" height="{:.1}" rx="{}" fill="{fill}" stroke="{stroke}"{}/>"#,
        size.width,
        size.height,
        if node.kind == Kind::Final { 14 } else { 6 },
        if node.kind == Kind::Each { r#" stroke-width="2" stroke-dasharray="6 3""# } else { "" },
    );
    let centred = inner.is_none();
    let (x, anchor) = if centred { (size.width / 2.0, "middle") } else { (10.0, "start") };
    let _ = write!(
        svg,
        r##"<text x="{x:.1}" y="19" font-size="{NAME_PX}" font-weight="600" text-anchor="{anchor}" fill="#1d2430">{}</text>"##,
        escaped(&shown)
    );
    for (index, text) in small.iter().enumerate() {
        let y = 19.0 + LINE * (index + 1) as f64;
        let _ = write!(
            svg,
            r##"<text x="{x:.1}" y="{y:.1}" font-size="{SMALL_PX}" text-anchor="{anchor}" fill="#4a5362">{}</text>"##,
            escaped(text)
        );
    }
    if let Some(inner) = inner {
        let left = (size.width - inner.size.width) / 2.0;
        let _ = write!(svg, r#"<g transform="translate({left:.1} {head_height:.1})">{}</g>"#, inner.svg);
    }
    Drawn { size, svg }
}

const fn colours(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Task => ("#e8f1fd", "#2f6fc4"),
        Kind::Job => ("#fdf3e2", "#c07c1a"),
        Kind::Incident => ("#fdeaea", "#c23b3b"),
        Kind::Use => ("#eaf6f8", "#2b8596"),
        Kind::Each => ("#fbfbfd", "#6b5fb5"),
        Kind::Composite => ("#fafbfc", "#8b94a3"),
        Kind::Decision => ("#f3eefb", "#7d55c7"),
        Kind::Final => ("#e7f5ec", "#2e8a57"),
        Kind::Waits => ("#f4f5f7", "#6b7483"),
    }
}

/// A smooth line through its points, upright at each of them.
fn draw_line(svg: &mut String, route: &Route) {
    let Some((first, rest)) = route.points.split_first() else { return };
    let mut path = format!("M{:.1} {:.1}", first.x, first.y);
    let mut last = *first;
    for point in rest {
        let middle = f64::midpoint(last.y, point.y);
        let _ = write!(
            path,
            "C{:.1} {middle:.1} {:.1} {middle:.1} {:.1} {:.1}",
            last.x, point.x, point.x, point.y
        );
        last = *point;
    }
    let (colour, dashes) =
        if route.back { ("#9a5b13", r#" stroke-dasharray="5 3""#) } else { ("#5b6472", "") };
    let _ = writeln!(
        svg,
        r##"<path d="{path}" fill="none" stroke="{colour}" stroke-width="1.2"{dashes} marker-end="url(#arrow)"/>"##
    );
}

fn draw_labels(svg: &mut String, labels: &[String], middle: Point) {
    if labels.is_empty() {
        return;
    }
    let Size { width, height } = label_size(labels);
    let (left, top) = (middle.x - width / 2.0, middle.y - height / 2.0);
    let _ = write!(
        svg,
        r##"<rect x="{left:.1}" y="{top:.1}" width="{width:.1}" height="{height:.1}" fill="#ffffff" fill-opacity="0.9"/>"##
    );
    for (index, label) in labels.iter().enumerate() {
        let y = top + 11.0 + LINE * index as f64;
        let _ = writeln!(
            svg,
            r##"<text x="{:.1}" y="{y:.1}" font-size="{SMALL_PX}" text-anchor="middle" fill="#343c49">{}</text>"##,
            middle.x,
            escaped(label)
        );
    }
}

fn label_size(labels: &[String]) -> Size {
    let width = labels.iter().map(|label| text_width(label, SMALL_PX)).fold(0.0, f64::max);
    if labels.is_empty() {
        Size::default()
    } else {
        Size { width: width + 6.0, height: LINE * labels.len() as f64 }
    }
}

/// How wide a text is, near enough: Chinese characters are square, Latin ones a little over half of that.
fn text_width(text: &str, px: f64) -> f64 {
    let units = |c: char| if c.is_ascii() { 0.58 } else { 1.0 };
    text.chars().map(units).sum::<f64>() * px
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
