//! Why: no photo of a person's signature belongs into the tests, so they take photos of their own: of a signature whose every pixel
//! is known, on paper under a lamp, with the shadows that hands and pens throw.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed unwrap is the test's failure")]

use std::io::Cursor;

use image::{ImageFormat, Rgb, RgbImage};

use super::{Mark, ink::Ink};

const WIDTH: u32 = 1_200;
const HEIGHT: u32 = 900;

/// How a photo is taken. Light is the part that comes through, 0 to 1.
#[derive(Clone)]
struct Scene {
    name: &'static str,
    /// What the ink lets through of each colour.
    ink: [f32; 3],
    /// Pixels across a stroke.
    stroke: f32,
    /// The pen's shadow beside the strokes: across, down, how soft in pixels, its light.
    pen: Option<(f32, f32, f32, f32)>,
    /// A hand's shadow over the lower right corner: how far it reaches as a part of the width, how soft, its light.
    hand: Option<(f32, f32, f32)>,
    ruling: Ruling,
    /// Of the JPEG.
    quality: u8,
    /// Light of the darkest corner of the paper.
    lamp: f32,
}

#[derive(Clone, Copy, PartialEq)]
enum Ruling {
    None,
    Lines,
    Grid,
}

const PLAIN: Scene = Scene {
    name: "plain",
    ink: [0.12, 0.12, 0.14],
    stroke: 9.0,
    pen: None,
    hand: None,
    ruling: Ruling::None,
    quality: 80,
    lamp: 0.6,
};

const PEN: Option<(f32, f32, f32, f32)> = Some((9.0, 7.0, 2.5, 0.62));

/// What came off, beside what is there.
#[derive(Debug)]
struct Measure {
    /// Of the ink, the part that is kept.
    kept: f32,
    /// Background that is left, as a part of the ink.
    left: f32,
}

/// The middle lines of the strokes: three characters with hooks, dots, crossings and a long tail.
fn strokes() -> Vec<Vec<(f32, f32)>> {
    let curve = |points: &[(f32, f32)]| -> Vec<(f32, f32)> {
        let mut line = Vec::new();
        for pair in points.windows(3).step_by(2) {
            let &[(x0, y0), (x1, y1), (x2, y2)] = pair else { continue };
            for step in 0..=24_u8 {
                let t = f32::from(step) / 24.0;
                let mix =
                    |a: f32, b: f32, c: f32| (1.0 - t).powi(2) * a + 2.0 * t * (1.0 - t) * b + t * t * c;
                line.push((mix(x0, x1, x2), mix(y0, y1, y2)));
            }
        }
        line
    };
    vec![
        curve(&[(220.0, 300.0), (330.0, 270.0), (440.0, 285.0)]),
        curve(&[(330.0, 220.0), (325.0, 400.0), (215.0, 560.0)]),
        curve(&[(330.0, 380.0), (380.0, 500.0), (470.0, 560.0)]),
        curve(&[(240.0, 420.0), (340.0, 395.0), (420.0, 410.0)]),
        curve(&[(560.0, 260.0), (545.0, 420.0), (555.0, 560.0), (575.0, 590.0), (600.0, 560.0)]),
        curve(&[(500.0, 350.0), (620.0, 320.0), (700.0, 330.0), (720.0, 440.0), (640.0, 530.0)]),
        curve(&[(620.0, 420.0), (628.0, 428.0), (636.0, 440.0)]),
        curve(&[(780.0, 300.0), (900.0, 240.0), (960.0, 330.0), (930.0, 480.0), (800.0, 590.0)]),
        curve(&[(800.0, 450.0), (900.0, 430.0), (1010.0, 600.0)]),
        curve(&[(180.0, 680.0), (600.0, 610.0), (1040.0, 690.0)]),
    ]
}

/// The distance of every pixel from the strokes, up to so many pixels.
fn distances(reach: f32) -> Vec<f32> {
    let mut distances = vec![reach; (WIDTH * HEIGHT) as usize];
    for line in strokes() {
        for pair in line.windows(2) {
            let &[(x0, y0), (x1, y1)] = pair else { continue };
            let (left, right) = (x0.min(x1) - reach, x0.max(x1) + reach);
            let (top, bottom) = (y0.min(y1) - reach, y0.max(y1) + reach);
            for y in top.max(0.0) as u32..=(bottom as u32).min(HEIGHT - 1) {
                for x in left.max(0.0) as u32..=(right as u32).min(WIDTH - 1) {
                    let (px, py) = (x as f32 - x0, y as f32 - y0);
                    let (dx, dy) = (x1 - x0, y1 - y0);
                    let along = ((px * dx + py * dy) / (dx * dx + dy * dy).max(0.01)).clamp(0.0, 1.0);
                    let distance = (px - along * dx).hypot(py - along * dy);
                    let slot = &mut distances[(y * WIDTH + x) as usize];
                    *slot = slot.min(distance);
                }
            }
        }
    }
    distances
}

/// Noise that is the same each time, from −1 to 1.
fn noise(seed: &mut u32) -> f32 {
    *seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
    (*seed >> 16) as f32 / 32_767.5 - 1.0
}

fn soft(inside: f32, softness: f32) -> f32 {
    1.0 / (1.0 + (-inside / softness.max(0.3)).exp())
}

impl Scene {
    fn photo(&self) -> RgbImage {
        let distances = distances(60.0);
        let at = |x: f32, y: f32| {
            let (x, y) = (x.clamp(0.0, WIDTH as f32 - 1.0) as u32, y.clamp(0.0, HEIGHT as f32 - 1.0) as u32);
            distances[(y * WIDTH + x) as usize]
        };
        let mut seed = 7;
        let picture = RgbImage::from_fn(WIDTH, HEIGHT, |x, y| {
            let (x, y) = (x as f32, y as f32);
            let (across, down) = (x / WIDTH as f32, y / HEIGHT as f32);
            let mut light = 1.0 - (1.0 - self.lamp) * (across * 0.7 + down * 0.3);
            if let Some((dx, dy, softness, shadow)) = self.pen {
                let inside = self.stroke * 0.6 - at(x - dx, y - dy);
                light *= 1.0 - (1.0 - shadow) * soft(inside, softness);
            }
            if let Some((reach, softness, shadow)) = self.hand {
                // Knuckles: an edge with bumps.
                let bump = 26.0 * (down * 19.0).sin();
                let inside =
                    across * WIDTH as f32 + y * 0.8 - (2.0 - 1.3 * reach) * WIDTH as f32 * 0.8 + bump;
                light *= 1.0 - (1.0 - shadow) * soft(inside, softness);
            }
            let ruled = |place: f32, step: f32| place % step < 2.5;
            let line = match self.ruling {
                Ruling::None => false,
                Ruling::Lines => ruled(y, 64.0),
                Ruling::Grid => ruled(y, 40.0) || ruled(x, 40.0),
            };
            // Fibres take the ink unevenly.
            let pressure = 1.0 - 0.12 * (noise(&mut seed) * 0.5 + 0.5);
            let cover = (self.stroke / 2.0 + 0.7 - at(x, y)).clamp(0.0, 1.4) / 1.4 * pressure;
            let grain = 4.0 * noise(&mut seed);
            let paper = if line { [196.0, 205.0, 222.0] } else { [248.0, 243.0, 232.0] };
            Rgb([0, 1, 2].map(|color| {
                let ink = 1.0 - (1.0 - self.ink[color]) * cover;
                (paper[color] * light * ink + grain).clamp(0.0, 255.0) as u8
            }))
        });
        let mut bytes = Cursor::new(Vec::new());
        let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, self.quality);
        picture.write_with_encoder(encoder).unwrap();
        image::load_from_memory_with_format(&bytes.into_inner(), ImageFormat::Jpeg).unwrap().to_rgb8()
    }

    fn measure(&self) -> Measure {
        let photo = self.photo();
        let ink = Ink::on(&photo, Mark::Signature).unwrap_or_else(|error| panic!("{}: {error}", self.name));
        let distances = distances(60.0);
        let (mut all, mut kept, mut left) = (0.0, 0.0, 0.0);
        for (distance, opacity) in distances.iter().zip(&ink.opacity) {
            if *distance < self.stroke / 2.0 - 1.0 {
                all += 1.0;
                kept += opacity;
            } else if *distance > self.stroke / 2.0 + 2.5 {
                left += opacity;
            }
        }
        Measure { kept: kept / all, left: left / all }
    }
}

fn scenes() -> Vec<Scene> {
    vec![
        PLAIN,
        Scene { name: "pen's shadow", pen: PEN, ..PLAIN },
        Scene { name: "pen's faint shadow", pen: Some((12.0, 9.0, 4.0, 0.75)), ..PLAIN },
        Scene { name: "pen's dark shadow", pen: Some((8.0, 6.0, 1.5, 0.5)), ..PLAIN },
        Scene { name: "hand's sharp shadow", hand: Some((0.55, 0.6, 0.45)), ..PLAIN },
        Scene { name: "hand's soft shadow", hand: Some((0.6, 14.0, 0.5)), ..PLAIN },
        Scene { name: "hand over the signature", hand: Some((0.8, 1.0, 0.5)), ..PLAIN },
        Scene {
            name: "blue, hand and pen",
            ink: [0.15, 0.2, 0.6],
            pen: PEN,
            hand: Some((0.55, 0.8, 0.45)),
            ..PLAIN
        },
        Scene { name: "red", ink: [0.75, 0.12, 0.15], pen: PEN, ..PLAIN },
        Scene { name: "thin pencil", ink: [0.55; 3], stroke: 5.0, ..PLAIN },
        Scene { name: "pencil, hand", ink: [0.5; 3], stroke: 6.0, hand: Some((0.55, 0.8, 0.5)), ..PLAIN },
        Scene { name: "lines", ruling: Ruling::Lines, ..PLAIN },
        Scene { name: "grid, hand", ruling: Ruling::Grid, hand: Some((0.5, 0.8, 0.4)), ..PLAIN },
        Scene { name: "poor JPEG", quality: 35, pen: PEN, lamp: 0.45, ..PLAIN },
        Scene { name: "marker", stroke: 24.0, pen: Some((14.0, 10.0, 3.0, 0.6)), ..PLAIN },
    ]
}

#[test]
fn ink_is_kept_and_shadows_are_not() {
    for scene in scenes() {
        let Measure { kept, left } = scene.measure();
        assert!(
            kept > 0.97 && left < 0.02,
            "{}: {kept} of the ink is kept, and {left} of the rest",
            scene.name
        );
    }
}

/// What lets less than three tenths of the light through is no paper, and some of it stays; so does a little of a pen's shadow where
/// ruled lines run into it. But all of the strokes do too.
#[test]
fn strokes_stay_where_shadows_do() {
    let dark = Scene { name: "hand's dark shadow", hand: Some((0.45, 0.6, 0.25)), ..PLAIN };
    let grid = Scene { name: "grid, pen", ruling: Ruling::Grid, pen: PEN, ..PLAIN };
    for (scene, left_max) in [(dark, 0.4), (grid, 0.1)] {
        let Measure { kept, left } = scene.measure();
        assert!(
            kept > 0.97 && left < left_max,
            "{}: {kept} of the ink is kept, and {left} of the rest",
            scene.name
        );
    }
}
