//! Photos as people take them, with a signature or a seal on the paper.

use std::io::Cursor;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use image::{ImageFormat, Rgb, RgbImage, RgbaImage, imageops};
use sealflow_pdf::{
    picture::{Cleaned, Mark, Wanted},
    seal::Color,
};

/// Noise that is the same each time.
struct Noise(u32);

impl Noise {
    /// From −1 to 1.
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f32::from(u16::try_from(self.0 >> 16).unwrap()) / 32_767.5 - 1.0
    }
}

pub(crate) fn float(value: u32) -> f32 {
    f32::from(u16::try_from(value).unwrap())
}

/// Warm paper, dark in one corner, with a soft shadow, noise, and a dark table at the left edge. `ink` says how much of each
/// colour the ink at a place lets through.
pub(crate) fn photo(width: u32, height: u32, ink: impl Fn(u32, u32) -> [f32; 3]) -> RgbImage {
    let mut noise = Noise(7);
    RgbImage::from_fn(width, height, |x, y| {
        let (across, down) = (float(x) / float(width), float(y) / float(height));
        let lamp = 1.0 - 0.5 * (across * 0.6 + down * 0.4);
        let shadow = 1.0 - 0.25 / (1.0 + ((down - 0.7 + across * 0.3) * 18.0).exp());
        let light = lamp * shadow;
        let table = x < width / 40;
        let paper = if table { [70.0, 50.0, 40.0] } else { [250.0, 240.0, 222.0] };
        let through = if table { [1.0; 3] } else { ink(x, y) };
        let grain = 5.0 * noise.next();
        Rgb([0, 1, 2].map(|color| {
            let value: f32 = paper[color] * light * through[color] + grain;
            value.clamp(0.0, 255.0) as u8
        }))
    })
}

/// A loop of ink, ten pixels thick, and a stroke under it.
pub(crate) fn is_inked(x: u32, y: u32) -> bool {
    let (dx, dy) = ((float(x) - 600.0) / 1.6, float(y) - 400.0);
    let ring = ((dx * dx + dy * dy).sqrt() - 180.0).abs() < 5.0;
    let stroke = (300..900).contains(&x) && (float(y) - 640.0 - float(x) * 0.05).abs() < 5.0;
    ring || stroke
}

/// Left, top, width and height of what is inked.
pub(crate) fn bounds(width: u32, height: u32, is: impl Fn(u32, u32) -> bool) -> [u32; 4] {
    let (mut left, mut top, mut right, mut bottom) = (width, height, 0, 0);
    for (x, y) in (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).filter(|(x, y)| is(*x, *y)) {
        (left, top, right, bottom) = (left.min(x), top.min(y), right.max(x + 1), bottom.max(y + 1));
    }
    [left, top, right - left, bottom - top]
}

pub(crate) fn encoded(image: &RgbImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

pub(crate) fn wanted(mark: Mark, color: Color, width_mm: f64) -> Wanted {
    Wanted { mark, color, width_mm }
}

/// The picture within a cleaned mark.
pub(crate) fn pixels(cleaned: &Cleaned) -> RgbaImage {
    let (_, rest) = cleaned.svg.split_once("base64,").unwrap();
    let (encoded, _) = rest.split_once('"').unwrap();
    image::load_from_memory(&STANDARD.decode(encoded).unwrap()).unwrap().to_rgba8()
}

/// The same in a shadow that lies across, whose edge is so many pixels soft.
pub(crate) fn shaded(picture: &RgbImage, light: f32, soft: f32) -> RgbImage {
    let (width, height) = (float(picture.width()), float(picture.height()));
    RgbImage::from_fn(picture.width(), picture.height(), |x, y| {
        let inside = float(y) - 0.8 * height + 0.5 * (float(x) - 0.2 * width);
        let light = 1.0 - (1.0 - light) / (1.0 + (-inside / soft).exp());
        Rgb(picture.get_pixel(x, y).0.map(|value| (f32::from(value) * light) as u8))
    })
}

/// Without the table at the left edge.
pub(crate) fn without_table(picture: &RgbImage) -> RgbImage {
    let table = picture.width() / 40;
    imageops::crop_imm(picture, table, 0, picture.width() - table, picture.height()).to_image()
}

pub(crate) fn signature(paper: impl Fn(u32, u32) -> f32) -> RgbImage {
    photo(1200, 900, |x, y| {
        let ink = if is_inked(x, y) { [0.15, 0.16, 0.3] } else { [1.0; 3] };
        ink.map(|part| part * paper(x, y))
    })
}
