//! Why: a photo has noise, creases, dust and the edge of the table. Ink is what is dark against its paper, or coloured,
//! and hangs together.

use image::RgbImage;

use super::{
    Error, Mark,
    beside::drop_shadows,
    paper::{Paper, Reach},
    solid::solid,
};

/// No stroke of a pen is wider than that of a broad marker; what is as wide is a shadow, or the table.
const SIGNATURE: Reach = Reach { ink: 0.0625, shadow: 0.0625, light_min: 0.3 };
/// A seal has a star and solid squares, and on a grey copy its red is a light grey.
const SEAL: Reach = Reach { ink: 0.2, shadow: 0.125, light_min: 0.55 };
/// As dark against the paper, and it may be ink.
const FAINT: f32 = 0.25;
/// Less than this part of the picture is dust.
const INK_PART_MIN: f32 = 0.0004;
/// More than this part is no paper with something on it.
const INK_PART_MAX: f32 = 0.65;
/// Between these parts of full ink the opacity rises from nothing to all.
const RISE: [f32; 2] = [0.32, 0.8];
/// Darker than any noise.
const NOISE: f32 = 0.12;
/// A pixel whose colours differ by this much is coloured.
const COLORED: f32 = 0.35;
/// A seal is coloured when at least this part of all that is dark is: the rest is print under it.
const COLORED_PART_MIN: f32 = 0.2;
/// Pieces smaller than this part of the picture are dust.
const DUST_PART: f32 = 0.000_012;
/// What touches the picture's edge is dropped when at least this part of the ink does not.
const INNER_PART_MIN: f32 = 0.3;
/// No signature lies along more than this part of the picture's shorter side.
const EDGE_PART_MAX: f32 = 0.2;

/// How much ink is at each pixel, from 0 to 1.
pub(super) struct Ink {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) opacity: Vec<f32>,
}

impl Ink {
    pub(super) fn on(image: &RgbImage, mark: Mark) -> Result<Self, Error> {
        let reach = match mark {
            Mark::Seal => SEAL,
            Mark::Signature => SIGNATURE,
        };
        let paper = Paper::of(image, &reach).ok_or(Error::NoPaper)?;
        let mut dark = Vec::with_capacity(image.as_raw().len() / 3);
        let mut color = Vec::with_capacity(image.as_raw().len() / 3);
        for (x, y, pixel) in image.enumerate_pixels() {
            let paper = paper.at(x, y);
            let [red, green, blue] = pixel.0;
            let share = |value: u8, paper: f32| (f32::from(value) / paper).min(1.0);
            let shares = [share(red, paper[0]), share(green, paper[1]), share(blue, paper[2])];
            let (least, most) = shares
                .iter()
                .fold((1.0_f32, 0.0_f32), |(low, high), share| (low.min(*share), high.max(*share)));
            dark.push(1.0 - least);
            color.push(most - least);
        }
        // A coloured seal over printed text is kept without the text.
        let dark_count = count(dark.iter().filter(|dark| **dark > FAINT).count());
        let colored_count = count(color.iter().filter(|color| **color > COLORED).count());
        let is_colored =
            mark == Mark::Seal && colored_count >= dark_count * COLORED_PART_MIN && colored_count > 0.0;
        let density = if is_colored { color } else { dark };
        let width = usize::try_from(image.width()).unwrap_or(0).max(1);
        let mut ink = Self { width: image.width(), height: image.height(), opacity: density };
        if mark == Mark::Signature {
            let faintest = (ink.full()? * RISE[0]).max(NOISE);
            drop_shadows(&mut ink.opacity, width, faintest);
        }
        ink.stretch()?;
        if mark == Mark::Signature {
            ink.drop_solid(width);
        }
        ink.drop_dust(mark);
        let part = ink.opacity.iter().sum::<f32>() / ink.count();
        if part < INK_PART_MIN {
            return Err(Error::Blank);
        }
        if part > INK_PART_MAX {
            return Err(Error::NoPaper);
        }
        Ok(ink)
    }

    fn count(&self) -> f32 {
        count(self.opacity.len()).max(1.0)
    }

    /// How dark the ink is where there is most of it.
    fn full(&self) -> Result<f32, Error> {
        let mut strong: Vec<f32> = self.opacity.iter().copied().filter(|density| *density > FAINT).collect();
        let part = count(strong.len()) / self.count();
        if part < INK_PART_MIN {
            return Err(Error::Blank);
        }
        let at = strong.len() * 3 / 4;
        let (_, full, _) = strong.select_nth_unstable_by(at, f32::total_cmp);
        Ok(*full)
    }

    /// From how dark it is to how opaque: full ink is opaque, noise is nothing.
    fn stretch(&mut self) -> Result<(), Error> {
        let full = self.full()?;
        let (low, high) = ((full * RISE[0]).max(NOISE), full * RISE[1]);
        for density in &mut self.opacity {
            *density = ((*density - low) / (high - low).max(0.01)).clamp(0.0, 1.0);
        }
        Ok(())
    }

    /// Drops what is wider than any stroke, with its splinters.
    fn drop_solid(&mut self, width: usize) {
        let longest = count(self.width.max(self.height) as usize);
        let solid = solid(&self.opacity, width, (longest * SIGNATURE.ink / 2.0) as usize);
        if !solid.contains(&true) {
            return;
        }
        for (opacity, is_solid) in self.opacity.iter_mut().zip(&solid) {
            if *is_solid {
                *opacity = 0.0;
            }
        }
        let pieces = Pieces::of(self);
        let height = self.opacity.len() / width;
        let mut touching = vec![0.0_f32; pieces.found.len()];
        for (at, label) in pieces.labels.iter().enumerate().filter(|(_, label)| **label > 0) {
            let (x, y) = (at % width, at / width);
            let columns = x.saturating_sub(1)..=(x + 1).min(width - 1);
            let is_touching = (y.saturating_sub(1)..=(y + 1).min(height - 1))
                .any(|row| columns.clone().any(|column| solid.get(row * width + column) == Some(&true)));
            if is_touching && let Some(touching) = touching.get_mut(*label as usize - 1) {
                *touching += 1.0;
            }
        }
        let is_splinter: Vec<bool> = pieces
            .found
            .iter()
            .zip(&touching)
            .map(|(piece, touching)| touching * touching > piece.ink)
            .collect();
        for (opacity, label) in self.opacity.iter_mut().zip(&pieces.labels) {
            if label.checked_sub(1).and_then(|index| is_splinter.get(index as usize)) == Some(&true) {
                *opacity = 0.0;
            }
        }
    }

    /// Keeps what hangs together, has a dark middle and is large enough.
    fn drop_dust(&mut self, mark: Mark) {
        let pieces = Pieces::of(self);
        let inner: f32 = pieces.found.iter().filter(|piece| piece.edge == 0.0).map(|piece| piece.ink).sum();
        let all: f32 = pieces.found.iter().map(|piece| piece.ink).sum();
        // The table beside the paper, or a stroke that was cut off; a seal may have been cut out close.
        let side = count(self.width.min(self.height) as usize) * EDGE_PART_MAX;
        let drop_edge = |piece: &Piece| {
            mark == Mark::Signature
                && piece.edge > 0.0
                && (inner >= all * INNER_PART_MIN || piece.edge >= side)
        };
        let dust = (self.count() * DUST_PART).max(6.0);
        let keep: Vec<bool> =
            pieces.found.iter().map(|piece| piece.core >= dust && !drop_edge(piece)).collect();
        for (opacity, label) in self.opacity.iter_mut().zip(&pieces.labels) {
            let kept =
                label.checked_sub(1).and_then(|index| keep.get(index as usize)).copied().unwrap_or(false);
            if !kept {
                *opacity = 0.0;
            }
        }
    }

    /// Left, top, right and bottom of the ink; right and bottom are outside.
    pub(super) fn bounds(&self) -> Option<[u32; 4]> {
        let mut bounds: Option<[u32; 4]> = None;
        let width = usize::try_from(self.width).ok()?.max(1);
        for (row, line) in (0_u32..).zip(self.opacity.chunks(width)) {
            let inked = |opacity: &f32| *opacity > 0.25;
            let (Some(first), Some(last)) = (line.iter().position(inked), line.iter().rposition(inked))
            else {
                continue;
            };
            let (first, last) = (u32::try_from(first).ok()?, u32::try_from(last).ok()? + 1);
            bounds = Some(match bounds {
                None => [first, row, last, row + 1],
                Some([left, top, right, _]) => [left.min(first), top, right.max(last), row + 1],
            });
        }
        bounds
    }
}

/// What hangs together, by a number from 1 at each pixel; 0 is paper.
struct Pieces {
    labels: Vec<u32>,
    found: Vec<Piece>,
}

#[derive(Default)]
struct Piece {
    ink: f32,
    /// Pixels that are more ink than paper.
    core: f32,
    /// Pixels at the picture's edge.
    edge: f32,
}

impl Pieces {
    fn of(ink: &Ink) -> Self {
        const SOME: f32 = 0.08;
        const MOST: f32 = 0.5;
        let width = usize::try_from(ink.width).unwrap_or(0).max(1);
        let height = ink.opacity.len() / width;
        let mut labels = vec![0_u32; ink.opacity.len()];
        let mut found = Vec::new();
        let mut open = Vec::new();
        for start in 0..ink.opacity.len() {
            if labels.get(start) != Some(&0) || ink.opacity.get(start).is_none_or(|opacity| *opacity <= SOME)
            {
                continue;
            }
            let label = u32::try_from(found.len() + 1).unwrap_or(u32::MAX);
            let mut piece = Piece::default();
            let mut take = |at: usize, labels: &mut Vec<u32>, open: &mut Vec<usize>| {
                let opacity = ink.opacity.get(at).copied().unwrap_or(0.0);
                if let Some(own) = labels.get_mut(at)
                    && *own == 0
                    && opacity > SOME
                {
                    *own = label;
                    open.push(at);
                    piece.ink += opacity;
                    piece.core += if opacity > MOST { 1.0 } else { 0.0 };
                    let (x, y) = (at % width, at / width);
                    let at_edge = x == 0 || y == 0 || x + 1 == width || y + 1 == height;
                    piece.edge += if at_edge { 1.0 } else { 0.0 };
                }
            };
            take(start, &mut labels, &mut open);
            while let Some(at) = open.pop() {
                let (x, y) = (at % width, at / width);
                for row in y.saturating_sub(1)..=(y + 1).min(height - 1) {
                    for column in x.saturating_sub(1)..=(x + 1).min(width - 1) {
                        take(row * width + column, &mut labels, &mut open);
                    }
                }
            }
            found.push(piece);
        }
        Self { labels, found }
    }
}

/// Pixels of a picture are few enough for an `f32` to tell shares of them.
const fn count(pixels: usize) -> f32 {
    pixels as f32
}
