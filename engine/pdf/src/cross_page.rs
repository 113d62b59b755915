//! Why: a seal across the edges of all pages (骑缝章) shows when a page was taken out or put in. Every page gets a slice of one
//! impression, as if the pages were fanned out and stamped once; all slices are filled under one digital signature.
//!
//! One impression goes over at most as many pages as leave each slice [`SLICE_POINTS_MIN`] wide. A longer file gets several
//! impressions, each beginning on the page on which the one before ends, in turns at two heights, so that any two
//! neighbouring pages share one:
//!
//! ```text
//! page     1   2   3   4   5   6   7
//! high     ▏1  ▏2  ▏3  ▏4
//! low                  ▏1  ▏2  ▏3  ▏4
//! ```

use crate::{
    geometry::{Rect, shown_size},
    prepare::{FieldKind, FieldSpec},
    read::pages::Page,
};

/// The narrowest slice, 3 mm: less is no picture that anybody could compare.
const SLICE_POINTS_MIN: f64 = 8.504;
/// Most pages under one cross-page seal.
pub const PAGES_MAX: usize = 500;
/// From one height to the other, in heights of the seal.
const STEP_DOWN: f64 = 1.1;

/// A page's slice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Slice {
    /// From 1.
    page: usize,
    /// Which impression, from 0.
    impression: usize,
    /// Which slice of it, from 0.
    index: usize,
    /// Slices of this impression.
    count: usize,
}

/// Every page's slices, for pages `first..=last` and a seal of that width.
fn slices(first: usize, last: usize, width: f64) -> Vec<Slice> {
    let steps = last - first;
    // A seal that is not even two slices wide is cut into two all the same.
    let most = (1..=PAGES_MAX).take_while(|count| width / as_f64(*count) >= SLICE_POINTS_MIN).count().max(2);
    let impressions = steps.div_ceil(most - 1);
    let page_at = |impression: usize| first + impression * steps / impressions;
    let of = |impression: usize| {
        let (from, to) = (page_at(impression), page_at(impression + 1));
        (from..=to).map(move |page| Slice { page, impression, index: page - from, count: to - from + 1 })
    };
    (0..impressions).flat_map(of).collect()
}

/// An edge of a page as shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// The left one.
    Left,
    /// The right one.
    Right,
}

/// The pages that a cross-page seal goes over, and at which edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// From 1.
    pub first: usize,
    /// Not before the first.
    pub last: usize,
    /// At the left edge the pages are fanned out the other way: the first has the rightmost slice.
    pub edge: Edge,
}

/// The fields of a cross-page seal: one at the right edge of each page from the spec's page on, or two where impressions
/// meet. The spec's rectangle is the whole impression: its width, its height, and how far above the lower edge it stands.
pub(crate) fn expand(spec: &FieldSpec, pages: &[Page]) -> Result<Vec<FieldSpec>, String> {
    let sizes: Vec<(f64, f64)> = pages.iter().map(shown_size).collect();
    place(&spec.name, Span { first: spec.page, last: pages.len(), edge: Edge::Right }, &spec.rect, &sizes)
}

/// The fields of a cross-page seal of that name on pages of these sizes: one at the edge of each page of the span, or two
/// where impressions meet. The rectangle is the whole impression: its width, its height, and how far above the lower edge
/// it stands. Each field's name tells its slice, see [`slice_of`].
///
/// # Errors
/// Why there is no such place.
pub fn place(name: &str, span: Span, rect: &Rect, sizes: &[(f64, f64)]) -> Result<Vec<FieldSpec>, String> {
    let covered = (span.last + 1).saturating_sub(span.first.max(1));
    if span.first == 0 || span.last > sizes.len() {
        return Err("it goes over pages that are not there".to_owned());
    }
    if !(2..=PAGES_MAX).contains(&covered) {
        return Err(format!("a cross-page seal goes over 2–{PAGES_MAX} pages, not over {covered}"));
    }
    let Rect { y, width, height, .. } = *rect;
    if !(y.is_finite() && width.is_finite() && height.is_finite()) || y < 0.0 || width < 1.0 || height < 1.0 {
        return Err("its size is no size".to_owned());
    }
    let field = |slice: Slice| {
        let page = slice.page.checked_sub(1).and_then(|index| sizes.get(index));
        let (page_width, page_height) = page.copied().unwrap_or_default();
        let slice_width = width / as_f64(slice.count);
        let y = height_of(y, height, page_height, slice.impression % 2 == 1)
            .ok_or_else(|| format!("page {} is lower than the seal is high", slice.page))?;
        if page_width < slice_width {
            return Err(format!("page {} is narrower than a slice", slice.page));
        }
        let x = match span.edge {
            Edge::Left => 0.0,
            Edge::Right => page_width - slice_width,
        };
        Ok(FieldSpec {
            name: field_name(name, seen_from(span.edge, slice)),
            kind: FieldKind::Picture,
            page: slice.page,
            rect: Rect { x, y, width: slice_width, height },
        })
    };
    slices(span.first, span.last, width).into_iter().map(field).collect()
}

/// At the left edge the slices run from the right.
const fn seen_from(edge: Edge, slice: Slice) -> Slice {
    match edge {
        Edge::Left => Slice { index: slice.count - 1 - slice.index, ..slice },
        Edge::Right => slice,
    }
}

/// How far above the lower edge a slice stands. Every other impression is lower, or higher where there is no room below; a
/// page that is too low for the wanted place has it at its top.
fn height_of(wanted: f64, height: f64, page_height: f64, is_other: bool) -> Option<f64> {
    let top = page_height - height;
    if top < 0.0 {
        return None;
    }
    let step = height * STEP_DOWN;
    let other = if wanted >= step { wanted - step } else { wanted + step };
    Some(if is_other { other } else { wanted }.min(top))
}

/// A slice's field name tells which it is, so that whoever fills it needs nothing but the file.
fn field_name(own: &str, slice: Slice) -> String {
    let Slice { page, impression, index, count } = slice;
    format!("{own}/{}/{page}/{}/{count}", impression + 1, index + 1)
}

/// Which slice of the seal with that name a field is: its index from 0, and how many there are.
#[must_use]
pub fn slice_of(field: &str, own: &str) -> Option<(usize, usize)> {
    let mut parts = field.strip_prefix(own)?.strip_prefix('/')?.split('/').map(str::parse::<usize>);
    let mut next = || parts.next()?.ok();
    let (_impression, _page, number, count) = (next()?, next()?, next()?, next()?);
    let is_last = parts.next().is_none();
    (is_last && (1..=count).contains(&number) && count <= PAGES_MAX).then(|| (number - 1, count))
}

fn as_f64(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::MAX, f64::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 42 mm.
    const WIDTH: f64 = 119.06;

    #[test]
    fn any_two_neighbouring_pages_share_an_impression() {
        for pages in 2..=PAGES_MAX {
            let slices = slices(1, pages, WIDTH);
            for page in 1..pages {
                let shared = slices.iter().any(|slice| {
                    slice.page == page
                        && slices.contains(&Slice { page: page + 1, index: slice.index + 1, ..*slice })
                });
                assert!(shared, "{pages} pages: {page} and the next");
            }
            assert!(slices.iter().all(|slice| slice.count >= 2 && slice.index < slice.count));
            assert!(
                slices.iter().all(|slice| WIDTH / as_f64(slice.count) >= SLICE_POINTS_MIN),
                "{pages} pages"
            );
            // No page has two slices of one height, and none has more than two.
            for page in 1..=pages {
                let here: Vec<usize> = slices
                    .iter()
                    .filter(|slice| slice.page == page)
                    .map(|slice| slice.impression % 2)
                    .collect();
                assert!(matches!(here.as_slice(), [_] | [0, 1] | [1, 0]), "{pages} pages: {here:?}");
            }
        }
    }

    #[test]
    fn short_files_have_one_impression_in_equal_slices() {
        for pages in 2..=14 {
            let slices = slices(1, pages, WIDTH);
            assert_eq!(slices.len(), pages);
            assert!(slices.iter().all(|slice| slice.impression == 0 && slice.count == pages));
        }
        assert_eq!(slices(1, 15, WIDTH).iter().filter(|slice| slice.page == 8).count(), 2);
        // A tiny seal is cut into two.
        assert!(slices(3, 9, 5.0).iter().all(|slice| slice.count == 2));
    }

    #[test]
    fn the_two_heights_never_overlap() {
        for (wanted, page) in [(300.0, 842.0), (0.0, 842.0), (60.0, 842.0), (700.0, 842.0)] {
            let first = height_of(wanted, 119.0, page, false);
            let other = height_of(wanted, 119.0, page, true);
            let apart = first.zip(other).map_or(0.0, |(first, other)| (first - other).abs());
            assert!(apart >= 119.0, "{wanted}: {first:?} {other:?}");
        }
        assert_eq!(height_of(0.0, 119.0, 100.0, false), None);
    }

    #[test]
    fn at_the_left_edge_the_first_page_has_the_rightmost_slice() {
        let rect = Rect { x: 0.0, y: 300.0, width: WIDTH, height: WIDTH };
        let sizes = [(595.0, 842.0), (842.0, 595.0), (595.0, 842.0), (595.0, 842.0)];
        let on = |edge| {
            let fields = place("edge", Span { first: 2, last: 4, edge }, &rect, &sizes).unwrap_or_default();
            let seen = fields.iter().map(|field| (field.page, field.rect.x, slice_of(&field.name, "edge")));
            seen.collect::<Vec<_>>()
        };
        let width = WIDTH / 3.0;
        let right = [
            (2, 842.0 - width, Some((0, 3))),
            (3, 595.0 - width, Some((1, 3))),
            (4, 595.0 - width, Some((2, 3))),
        ];
        assert_eq!(on(Edge::Right), right);
        assert_eq!(on(Edge::Left), [(2, 0.0, Some((2, 3))), (3, 0.0, Some((1, 3))), (4, 0.0, Some((0, 3)))]);
        for (first, last) in [(0, 2), (3, 3), (4, 2), (2, 5)] {
            let refused = place("edge", Span { first, last, edge: Edge::Right }, &rect, &sizes);
            assert!(refused.is_err(), "{first}–{last}");
        }
    }

    #[test]
    fn a_fields_name_tells_its_slice() {
        let slice = Slice { page: 7, impression: 1, index: 2, count: 5 };
        assert_eq!(slice_of(&field_name("edge", slice), "edge"), Some((2, 5)));
        for other in [
            "edge",
            "edge/1/1/0/5",
            "edge/1/1/6/5",
            "edge/1/1/1",
            "edge/1/1/1/5/9",
            "edges/1/1/1/5",
            "edge/a/1/1/5",
        ] {
            assert_eq!(slice_of(other, "edge"), None, "{other}");
        }
    }
}
