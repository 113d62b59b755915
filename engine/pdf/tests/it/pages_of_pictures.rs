//! Why: who photographs a contract's pages gets a file whose pages stand as he held the camera, and in his order.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage, RgbaImage, metadata::Orientation};
use sealflow_pdf::{FieldKind, convert::pages_of_pictures, inspect, picture::Error, prepare};

use crate::support::{
    field,
    photo::{encoded, float},
    picture::{Picture, render},
    tools::{folder, run},
};

/// Four quarters of different colours.
fn quarters(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| match (x < width / 2, y < height / 2) {
        (true, true) => Rgb([220, 20, 20]),
        (false, true) => Rgb([20, 180, 20]),
        (true, false) => Rgb([20, 20, 220]),
        (false, false) => Rgb([230, 230, 230]),
    })
}

/// A JPEG with an EXIF block that holds an orientation and a secret.
fn jpeg_with_orientation(image: &RgbImage, orientation: u8) -> Vec<u8> {
    let plain = encoded(image, ImageFormat::Jpeg);
    let mut exif = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    exif.extend_from_slice(&[orientation, 0, 0, 0, 0, 0, 0]);
    exif.extend_from_slice(b"39.9042N 116.4074E");
    let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
    [&plain[..2], &[0xff, 0xe1], &length, &exif, &plain[2..]].concat()
}

fn color_at(picture: &Picture, x: f64, y: f64) -> [u8; 3] {
    let place = |part: f64, size: usize| (part * crate::support::picture::float(size)) as usize;
    picture.at(place(x, picture.width), place(y, picture.height))
}

#[test]
fn pages_stand_as_the_camera_was_held() {
    for tag in 1..=8 {
        let image = quarters(480, 320);
        let mut upright = DynamicImage::ImageRgb8(image.clone());
        upright.apply_orientation(Orientation::from_exif(tag).unwrap());
        let upright = upright.to_rgb8();
        let pdf = pages_of_pictures(&[&jpeg_with_orientation(&image, tag)]).unwrap();
        assert!(!pdf.windows(9).any(|window| window == b"116.4074E"), "the place of the photo is kept");
        assert!(pdf.windows(9).any(|window| window == b"DCTDecode"), "packed anew");
        let page = &inspect(&pdf).unwrap().pages[0];
        assert_eq!(page.width > page.height, upright.width() > upright.height(), "orientation {tag}");
        let shown = render(&pdf, 1, 72);
        for (x, y) in [(0.4, 0.4), (0.6, 0.4), (0.4, 0.6), (0.6, 0.6)] {
            let found = color_at(&shown, x, y);
            let (width, height) = (float(upright.width()), float(upright.height()));
            // The picture is in the middle of the page, so its quarters meet there too.
            let truth = upright.get_pixel(
                if x < 0.5 { upright.width() / 4 } else { upright.width() * 3 / 4 },
                if y < 0.5 { upright.height() / 4 } else { upright.height() * 3 / 4 },
            );
            let near = found.iter().zip(truth.0).all(|(one, two)| one.abs_diff(two) < 40);
            assert!(near, "orientation {tag}, {width} × {height} at {x} {y}: {found:?}, not {truth:?}");
        }
    }
}

#[test]
fn pictures_become_pages_in_their_order() {
    let scan = encoded(&quarters(620, 877), ImageFormat::Png);
    let wide = encoded(&quarters(800, 500), ImageFormat::Jpeg);
    let gray = DynamicImage::ImageRgb8(quarters(200, 100)).to_luma8();
    let mut small = Cursor::new(Vec::new());
    gray.write_to(&mut small, ImageFormat::Png).unwrap();
    let mut clear = Cursor::new(Vec::new());
    RgbaImage::from_pixel(100, 100, image::Rgba([200, 0, 0, 0]))
        .write_to(&mut clear, ImageFormat::Png)
        .unwrap();
    let pictures = [scan, wide, small.into_inner(), clear.into_inner()];
    let pictures: Vec<&[u8]> = pictures.iter().map(Vec::as_slice).collect();
    let pdf = pages_of_pictures(&pictures).unwrap();
    assert_eq!(pages_of_pictures(&pictures).unwrap(), pdf, "the same pictures make the same file");
    let folder = folder(&pdf);
    let (good, text) = run("qpdf", "qpdf", &["--check", "file.pdf"], folder.path());
    assert!(good && !text.contains("WARNING"), "{text}");
    let pages = inspect(&pdf).unwrap().pages;
    let upright: Vec<bool> = pages.iter().map(|page| page.height > page.width).collect();
    assert_eq!(upright, [true, false, false, true]);
    // The scan fills its page; the wide one has a margin; the small one is not enlarged; nothing is white.
    let colored = |[r, g, b]: [u8; 3]| r.abs_diff(g) > 60 || g.abs_diff(b) > 60;
    let scan = render(&pdf, 1, 72).bounds(colored);
    assert!(scan[0] <= 1.0 && scan[2] >= 593.0, "{scan:?}");
    let wide = render(&pdf, 2, 72).bounds(colored);
    assert!((wide[0] - 120.9).abs() < 3.0 && (wide[2] - 600.0).abs() < 3.0, "{wide:?}");
    let small = render(&pdf, 3, 72).bounds(|[r, _, _]| r < 200);
    assert!((small[2] - 150.0).abs() < 3.0, "{small:?}");
    assert!(render(&pdf, 4, 72).coverage() < 0.001, "transparent is white");

    let (number, error) = pages_of_pictures(&[pictures[0], b"no picture"]).unwrap_err();
    assert_eq!((number, error), (2, Error::NotAPicture));
    assert!(pages_of_pictures(&[]).is_err());
    assert!(pages_of_pictures(&[pictures[2]; 101]).is_err());
    // What comes out can be signed.
    assert!(prepare(&pdf, &[field("a", FieldKind::Signature, 4, [10.0, 10.0, 50.0, 50.0])]).is_ok());
}
