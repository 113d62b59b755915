//! Why: a mark is one ink on no paper, the same on the page and in print: an SVG with one small PNG in one colour, whose
//! opacity is what was found on the photo.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use image::{GrayImage, RgbImage, imageops};
use serde::{Deserialize, Serialize};

use super::{Error, decode, ink::Ink};
use crate::seal::Color;

/// Longest side at which ink is looked for, in pixels.
const WORK_SIDE: u32 = 1_600;
/// Longest side of the result, in pixels: 600 dots an inch for the largest seal.
const RESULT_SIDE: u32 = 1_000;
/// Room around the ink, as a part of its longer side.
const ROOM: f32 = 0.015;
/// Steps of opacity: four bits a pixel.
const STEPS: u8 = 16;

/// What the picture shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// An impression of a seal; of a coloured one only the colour is kept, not the print under it.
    Seal,
    /// A signature by hand.
    Signature,
}

/// What is to be made of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Wanted {
    /// What it shows.
    pub mark: Mark,
    /// The ink that it gets.
    pub color: Color,
    /// Its width in millimetres, 5–60.
    pub width_mm: f64,
}

/// A seal or signature without its paper.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cleaned {
    /// For [`crate::Appearance::Svg`], and for pages.
    pub svg: String,
    /// Width in millimetres.
    pub width_mm: f64,
    /// Height in millimetres.
    pub height_mm: f64,
}

/// Cuts a seal or signature out of a photo or scan: without paper, cropped, in one ink.
///
/// # Errors
/// [`Error`]
pub fn clean(bytes: &[u8], wanted: &Wanted) -> Result<Cleaned, Error> {
    if !(5.0..=60.0).contains(&wanted.width_mm) {
        return Err(Error::TooLarge { what: "its width is 5–60 mm".to_owned() });
    }
    let image = decode(bytes)?.upright();
    let image = if image.width().max(image.height()) > WORK_SIDE {
        image.thumbnail(WORK_SIDE, WORK_SIDE)
    } else {
        image
    };
    let ink = Ink::on(&on_white(&image.to_rgba8()), wanted.mark)?;
    let mask = cropped(&ink).ok_or(Error::Blank)?;
    let png = png(&mask, wanted.color)?;
    let (width, height) = mask.dimensions();
    let height_mm = wanted.width_mm * f64::from(height) / f64::from(width.max(1));
    let svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{:.3}mm\" height=\"{height_mm:.3}mm\" \
         viewBox=\"0 0 {width} {height}\"><image width=\"{width}\" height=\"{height}\" \
         href=\"data:image/png;base64,{}\"/></svg>",
        wanted.width_mm,
        STANDARD.encode(png)
    );
    Ok(Cleaned { svg, width_mm: wanted.width_mm, height_mm })
}

/// A picture that is transparent already lies on white paper.
fn on_white(image: &image::RgbaImage) -> RgbImage {
    RgbImage::from_fn(image.width(), image.height(), |x, y| {
        let [red, green, blue, alpha] = image.get_pixel(x, y).0;
        let over = |value: u8| {
            let mixed = (u32::from(value) * u32::from(alpha) + 255 * (255 - u32::from(alpha))) / 255;
            u8::try_from(mixed).unwrap_or(255)
        };
        image::Rgb([over(red), over(green), over(blue)])
    })
}

/// The ink's box with a little room, as opacities of 0–255, not larger than is printed sharply.
fn cropped(ink: &Ink) -> Option<GrayImage> {
    let [left, top, right, bottom] = ink.bounds()?;
    let room = ((right - left).max(bottom - top) as f32 * ROOM).ceil() as u32 + 1;
    let (left, top) = (left.saturating_sub(room), top.saturating_sub(room));
    let (right, bottom) = ((right + room).min(ink.width), (bottom + room).min(ink.height));
    let opacity = |x: u32, y: u32| {
        let at = usize::try_from(u64::from(y) * u64::from(ink.width) + u64::from(x)).unwrap_or(usize::MAX);
        let opacity = ink.opacity.get(at).copied().unwrap_or(0.0);
        let level = (opacity * 255.0).round() as u8;
        image::Luma([level])
    };
    let mask = GrayImage::from_fn(right - left, bottom - top, |x, y| opacity(left + x, top + y));
    let longest = mask.width().max(mask.height());
    if longest <= RESULT_SIDE {
        return Some(mask);
    }
    let scaled = |side: u32| (u64::from(side) * u64::from(RESULT_SIDE) / u64::from(longest)).max(1);
    let (width, height) =
        (u32::try_from(scaled(mask.width())).ok()?, u32::try_from(scaled(mask.height())).ok()?);
    Some(imageops::resize(&mask, width, height, imageops::FilterType::Triangle))
}

/// A PNG whose palette is one colour in sixteen opacities.
fn png(mask: &GrayImage, color: Color) -> Result<Vec<u8>, Error> {
    let failed = |error: png::EncodingError| Error::Damaged { why: error.to_string() };
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, mask.width(), mask.height());
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Four);
    encoder.set_palette(color.rgb().repeat(STEPS.into()));
    encoder.set_trns((0..STEPS).map(|step| step * (255 / (STEPS - 1))).collect::<Vec<u8>>());
    let mut writer = encoder.write_header().map_err(failed)?;
    let step = |level: u8| u8::try_from((u16::from(level) * u16::from(STEPS - 1) + 127) / 255).unwrap_or(0);
    let rows = mask.rows().flat_map(|row| {
        let steps: Vec<u8> = row.map(|pixel| step(pixel.0[0])).collect();
        let pairs = steps.chunks(2).map(|pair| match pair {
            [first, second] => (first << 4) | second,
            [first] => first << 4,
            _ => 0,
        });
        pairs.collect::<Vec<u8>>()
    });
    writer.write_image_data(&rows.collect::<Vec<u8>>()).map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(bytes)
}
