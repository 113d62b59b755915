//! Why: a pen throws a narrow shadow along what it has just written, as dark as a faint stroke. But a faint stroke has paper on
//! both its sides, or goes on where no darker one is near.
//!
//! ```text
//! paper ──.      .── paper      ──.   .──.  .── paper
//!         │  .───'  shadow        │  /    `'  faint stroke
//!   ink   `──'              ink   `─'
//! ```

use super::paper::Cells;

/// How far a shadow reaches beside its stroke, as a part of the picture's longer side.
const REACH: f32 = 0.02;
/// Lighter than this is paper.
const PAPER: f32 = 0.1;
/// What is at least this dark, as a part of the darkest near it, is ink.
const INK: f32 = 0.62;
/// Of a shadow's outline at least this part lies along strokes.
const ALONG: f32 = 0.25;
/// A stroke that goes on is at most so much darker than its piece near a darker one.
const ALIKE: f32 = 1.4;

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Paper,
    Ink,
    /// Dark enough for ink, were it not for what is near.
    Beside,
    Seen,
}

/// Takes the shadows beside strokes out of a picture of how dark its pixels are, row by row. No stroke is fainter than
/// `faintest`, only the lines of ruled paper are.
pub(super) fn drop_shadows(density: &mut [f32], width: usize, faintest: f32) {
    let height = density.len() / width;
    let reach = (width.max(height) as f32 * REACH).ceil() as usize;
    let darkest = Cells::new(density.to_vec(), width).spread(reach, f32::max).levels;
    let ink: Vec<f32> = density
        .iter()
        .zip(&darkest)
        .map(|(own, darkest)| if *own > PAPER && *own >= INK * darkest { *own } else { 0.0 })
        .collect();
    // The edge of a stroke is as soft as the picture.
    let edge = Cells::new(ink, width).spread(1, f32::max).levels;
    let kind = |(own, edge): (&f32, &f32)| match (*own > PAPER, *edge > 0.0) {
        (false, _) => Kind::Paper,
        (true, true) => Kind::Ink,
        (true, false) => Kind::Beside,
    };
    let mut kinds: Vec<Kind> = density.iter().zip(&edge).map(kind).collect();
    for start in 0..kinds.len() {
        if kinds.get(start) != Some(&Kind::Beside) {
            continue;
        }
        let piece = piece(&mut kinds, width, start);
        let mean =
            piece.pixels.iter().filter_map(|at| density.get(*at)).sum::<f32>() / piece.pixels.len() as f32;
        // Where all that is near is as faint, it is a stroke of its own.
        let goes_on = |at: &usize| {
            darkest.get(*at).is_some_and(|darkest| *darkest >= faintest && *darkest <= mean * ALIKE)
        };
        let is_along = piece.along.len() as f32 >= ALONG * (piece.along.len() + piece.paper) as f32;
        if is_along && piece.along.iter().filter(|at| goes_on(at)).count() < 3 {
            piece.pixels.iter().filter_map(|at| density.get_mut(*at).map(|own| *own = 0.0)).for_each(drop);
        }
    }
}

/// What hangs together.
#[derive(Default)]
struct Piece {
    pixels: Vec<usize>,
    /// Pixels of ink around it.
    along: Vec<usize>,
    /// How many of paper.
    paper: usize,
}

fn piece(kinds: &mut [Kind], width: usize, start: usize) -> Piece {
    let height = kinds.len() / width;
    let mut piece = Piece { pixels: vec![start], ..Piece::default() };
    kinds[start] = Kind::Seen;
    let mut next = 0;
    while let Some(at) = piece.pixels.get(next).copied() {
        next += 1;
        let (x, y) = (at % width, at / width);
        let neighbours = [(x.wrapping_sub(1), y), (x + 1, y), (x, y.wrapping_sub(1)), (x, y + 1)];
        for (x, y) in neighbours.into_iter().filter(|(x, y)| *x < width && *y < height) {
            let at = y * width + x;
            match kinds[at] {
                Kind::Beside => {
                    kinds[at] = Kind::Seen;
                    piece.pixels.push(at);
                }
                Kind::Ink => piece.along.push(at),
                Kind::Paper => piece.paper += 1,
                Kind::Seen => {}
            }
        }
    }
    piece
}
