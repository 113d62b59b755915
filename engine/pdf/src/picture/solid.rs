//! Why: the shadow of a hand in a corner, or the table beside the paper, can be as dark as ink and touch a stroke. No stroke is as
//! wide, so what is wide and at the picture's edge goes, and the stroke stays up to there.

use super::paper::Cells;

/// Pixels around it that go too: its edge is soft.
const EDGE: usize = 4;

/// Where the picture is solid and wider than twice the reach; beyond the picture all is solid.
pub(super) fn solid(opacity: &[f32], width: usize, reach: usize) -> Vec<bool> {
    let dark = opacity.iter().map(|opacity| if *opacity > 0.5 { 1.0 } else { 0.0 }).collect();
    let opened = Cells::new(dark, width).opened(reach, EDGE);
    opened.levels.into_iter().map(|level| level > 0.5).collect()
}
