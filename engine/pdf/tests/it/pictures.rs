//! Why: photos are taken by people with telephones, by lamp light, and some are made to break whoever opens them.

use std::io::Cursor;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use image::{DynamicImage, ImageFormat, Rgb, RgbImage, RgbaImage, imageops, metadata::Orientation};
use sealflow_pdf::{
    Appearance, FieldKind, SignRequest, begin,
    convert::pages_of_pictures,
    inspect,
    picture::{Cleaned, Error, Mark, Wanted, clean},
    prepare,
    seal::Color,
};

use crate::support::{
    field,
    pdf::{self},
    person_request,
    picture::{Picture, red, render, render_by_mupdf, render_svg},
    pki::pki,
    seal_svg, show,
    tools::{folder, run},
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

fn float(value: u32) -> f32 {
    f32::from(u16::try_from(value).unwrap())
}

/// Warm paper, dark in one corner, with a soft shadow, noise, and a dark table at the left edge. `ink` says how much of each
/// colour the ink at a place lets through.
fn photo(width: u32, height: u32, ink: impl Fn(u32, u32) -> [f32; 3]) -> RgbImage {
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
fn is_inked(x: u32, y: u32) -> bool {
    let (dx, dy) = ((float(x) - 600.0) / 1.6, float(y) - 400.0);
    let ring = ((dx * dx + dy * dy).sqrt() - 180.0).abs() < 5.0;
    let stroke = (300..900).contains(&x) && (float(y) - 640.0 - float(x) * 0.05).abs() < 5.0;
    ring || stroke
}

/// Left, top, width and height of what is inked.
fn bounds(width: u32, height: u32, is: impl Fn(u32, u32) -> bool) -> [u32; 4] {
    let (mut left, mut top, mut right, mut bottom) = (width, height, 0, 0);
    for (x, y) in (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).filter(|(x, y)| is(*x, *y)) {
        (left, top, right, bottom) = (left.min(x), top.min(y), right.max(x + 1), bottom.max(y + 1));
    }
    [left, top, right - left, bottom - top]
}

fn encoded(image: &RgbImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn wanted(mark: Mark, color: Color, width_mm: f64) -> Wanted {
    Wanted { mark, color, width_mm }
}

/// The picture within a cleaned mark.
fn pixels(cleaned: &Cleaned) -> RgbaImage {
    let (_, rest) = cleaned.svg.split_once("base64,").unwrap();
    let (encoded, _) = rest.split_once('"').unwrap();
    image::load_from_memory(&STANDARD.decode(encoded).unwrap()).unwrap().to_rgba8()
}

/// The same in a shadow that lies across, whose edge is so many pixels soft.
fn shaded(picture: &RgbImage, light: f32, soft: f32) -> RgbImage {
    let (width, height) = (float(picture.width()), float(picture.height()));
    RgbImage::from_fn(picture.width(), picture.height(), |x, y| {
        let inside = float(y) - 0.8 * height + 0.5 * (float(x) - 0.2 * width);
        let light = 1.0 - (1.0 - light) / (1.0 + (-inside / soft).exp());
        Rgb(picture.get_pixel(x, y).0.map(|value| (f32::from(value) * light) as u8))
    })
}

/// Without the table at the left edge.
fn without_table(picture: &RgbImage) -> RgbImage {
    let table = picture.width() / 40;
    imageops::crop_imm(picture, table, 0, picture.width() - table, picture.height()).to_image()
}

fn signature(paper: impl Fn(u32, u32) -> f32) -> RgbImage {
    photo(1200, 900, |x, y| {
        let ink = if is_inked(x, y) { [0.15, 0.16, 0.3] } else { [1.0; 3] };
        ink.map(|part| part * paper(x, y))
    })
}

/// That what came off is [`is_inked`], and all of it.
fn assert_is_the_signature(cleaned: &Cleaned, name: &str) {
    let found = pixels(cleaned);
    let (width, height) = (float(found.width()), float(found.height()));
    assert!((cleaned.height_mm / cleaned.width_mm - f64::from(height / width)).abs() < 0.01);
    let truth = bounds(1200, 900, is_inked);
    let shown = bounds(found.width(), found.height(), |x, y| found.get_pixel(x, y).0[3] > 127);
    assert!(
        truth[2].abs_diff(shown[2]) <= 3 && truth[3].abs_diff(shown[3]) <= 3,
        "{name}: {truth:?} {shown:?}"
    );
    // There is a little room around the ink, and not much.
    assert!(shown[0] >= 5 && shown[0] <= 15 && found.width() - shown[2] <= 30, "{name}: {shown:?}");
    let (left, top) = (truth[0] - shown[0], truth[1] - shown[1]);
    let (mut right, mut wrong, mut ink) = (0_u32, 0_u32, 0_u32);
    for (x, y, pixel) in found.enumerate_pixels() {
        let [red, green, blue, alpha] = pixel.0;
        assert_eq!([red, green, blue], Color::Black.rgb());
        // Within two pixels of the truth, the edges may differ.
        let (x, y) = (x + left, y + top);
        let near = (0..5).any(|dy| (0..5).any(|dx| is_inked(x + dx - 2, y + dy - 2)));
        let all = (0..5).all(|dy| (0..5).all(|dx| is_inked(x + dx - 2, y + dy - 2)));
        ink += u32::from(all);
        right += u32::from(all && alpha > 200);
        wrong += u32::from(!near && alpha > 20);
    }
    assert!(ink > 5_000 && right * 100 > ink * 97, "{name}: {right} of {ink} pixels of ink are kept");
    assert!(wrong * 1_000 < found.width() * found.height(), "{name}: {wrong} pixels of paper are kept");
}

#[test]
fn a_signature_comes_off_unevenly_lit_paper() {
    let picture = signature(|_, _| 1.0);
    for format in [ImageFormat::Jpeg, ImageFormat::Png] {
        let cleaned =
            clean(&encoded(&picture, format), &wanted(Mark::Signature, Color::Black, 40.0)).unwrap();
        assert_is_the_signature(&cleaned, "plain");
    }
}

#[test]
fn a_signature_comes_off_paper_in_a_shadow() {
    let wanted = wanted(Mark::Signature, Color::Black, 40.0);
    // From a hard edge to one that is as wide as a letter.
    for (light, soft) in [(0.6, 0.5), (0.45, 2.0), (0.75, 6.0), (0.6, 20.0), (0.6, 50.0)] {
        let picture = shaded(&signature(|_, _| 1.0), light, soft);
        let cleaned = clean(&encoded(&picture, ImageFormat::Jpeg), &wanted);
        assert_is_the_signature(&cleaned.unwrap(), &format!("light {light}, {soft} pixels soft"));
    }
}

#[test]
fn ruled_lines_stay_on_their_paper() {
    let ruled = signature(|_, y| if y % 70 < 3 { 0.78 } else { 1.0 });
    let wanted = wanted(Mark::Signature, Color::Black, 40.0);
    for (name, picture) in [("plain", ruled.clone()), ("shaded", shaded(&ruled, 0.6, 8.0))] {
        let cleaned = clean(&encoded(&picture, ImageFormat::Jpeg), &wanted).unwrap();
        assert_is_the_signature(&cleaned, name);
    }
}

#[test]
fn a_seal_in_a_shadow_is_the_same_seal() {
    let ring = |x: u32, y: u32| {
        let (dx, dy) = (float(x) - 450.0, float(y) - 450.0);
        let radius = (dx * dx + dy * dy).sqrt();
        (radius - 300.0).abs() < 12.0 || (radius < 200.0 && dx.abs() < 30.0)
    };
    // Only of a coloured seal is a very dark shadow told from its ink.
    for (name, ink, darkest) in [("red", [0.85, 0.15, 0.2], 0.4), ("black", [0.12; 3], 0.62)] {
        let picture = without_table(&photo(900, 900, |x, y| if ring(x, y) { ink } else { [1.0; 3] }));
        let of = |picture: &RgbImage| {
            let wanted = wanted(Mark::Seal, Color::Red, 40.0);
            let found = pixels(&clean(&encoded(picture, ImageFormat::Jpeg), &wanted).unwrap());
            let ink: f64 = found.pixels().map(|pixel| f64::from(pixel.0[3]) / 255.0).sum();
            (found.width(), found.height(), ink)
        };
        let plain = of(&picture);
        assert!(plain.0.abs_diff(645) <= 4 && plain.1.abs_diff(645) <= 4, "{name}: {plain:?}");
        for (light, soft) in [(0.62, 0.5), (0.7, 15.0), (darkest, 6.0)] {
            let found = of(&shaded(&picture, light, soft));
            let same = plain.0.abs_diff(found.0) <= 3 && plain.1.abs_diff(found.1) <= 3;
            assert!(
                same && (found.2 / plain.2 - 1.0).abs() < 0.05,
                "{name}, light {light}, {soft} pixels soft: {found:?}, not {plain:?}"
            );
        }
    }
}

#[test]
fn a_shadow_on_a_blank_sheet_is_no_mark() {
    let blank = without_table(&photo(900, 700, |_, _| [1.0; 3]));
    for (light, soft) in [(0.6, 0.5), (0.75, 6.0), (0.6, 15.0), (0.65, 40.0)] {
        let file = encoded(&shaded(&blank, light, soft), ImageFormat::Jpeg);
        for mark in [Mark::Seal, Mark::Signature] {
            let refused = clean(&file, &wanted(mark, Color::Black, 40.0)).err();
            assert_eq!(refused, Some(Error::Blank), "{mark:?}, light {light}, {soft} pixels soft");
        }
    }
}

#[test]
fn a_scanned_seal_loses_paper_and_print_and_gets_its_ink() {
    // The seal at 300 dots an inch, on a photo with printed lines under it.
    let seal = render_svg(&seal_svg(), 300);
    let (side, place) = (u32::try_from(seal.width).unwrap(), 150);
    let on_seal = |x: u32, y: u32| {
        let inside = (place..place + side - 1).contains(&x) && (place..place + side - 1).contains(&y);
        inside.then(|| seal.at((x - place) as usize, (y - place) as usize))
    };
    let picture = photo(800, 800, |x, y| {
        let printed = y % 60 < 7 && x % 40 < 26 && x > 60;
        let through = on_seal(x, y).map_or([1.0; 3], |pixel| pixel.map(|part| f32::from(part) / 255.0));
        if printed { through.map(|part| part * 0.2) } else { through }
    });
    for color in [Color::Red, Color::Blue, Color::Black] {
        let cleaned = clean(&encoded(&picture, ImageFormat::Png), &wanted(Mark::Seal, color, 42.0)).unwrap();
        assert!((cleaned.height_mm - 42.0).abs() < 1.0, "{}", cleaned.height_mm);
        let found = pixels(&cleaned);
        assert!(found.pixels().all(|pixel| pixel.0[..3] == color.rgb()));
        assert!(found.pixels().any(|pixel| pixel.0[3] == 255) && found.get_pixel(0, 0).0[3] == 0);
        // As much ink as the seal, less what is under the print, and in the same places.
        let shown = render_svg(&cleaned.svg, 144);
        let whole = render_svg(&seal_svg(), 144);
        let darkest = color.rgb().into_iter().min().map_or(0.0, f64::from);
        let share = shown.coverage() / whole.coverage() / (1.0 - darkest / 255.0);
        assert!((0.80..1.1).contains(&share), "{color:?}: {share}");
        // What is between the lines of print is paper again: the corners.
        let corner = shown.part(0, 0, 30, 30).coverage();
        assert!(corner < 0.02, "{color:?}: {corner}");
    }
}

#[test]
fn a_cleaned_seal_is_printed_as_it_was_previewed() {
    let picture = photo(900, 900, |x, y| {
        let (dx, dy) = (float(x) - 450.0, float(y) - 450.0);
        let radius = (dx * dx + dy * dy).sqrt();
        let inked = (radius - 300.0).abs() < 12.0 || (radius < 200.0 && dx.abs() < 30.0);
        if inked { [0.85, 0.1, 0.12] } else { [1.0; 3] }
    });
    let cleaned =
        clean(&encoded(&picture, ImageFormat::Jpeg), &wanted(Mark::Seal, Color::Red, 36.0)).unwrap();
    // 36 mm are 102 points.
    let rect = [72.0, 144.0, 102.047, 102.047 * cleaned.height_mm / cleaned.width_mm];
    let fields =
        [field("signed", FieldKind::Signature, 1, [0.0; 4]), field("mark", FieldKind::Picture, 1, rect)];
    let appearances = vec![show("mark", Appearance::Svg { svg: cleaned.svg.clone() })];
    let request = SignRequest { field: "signed".into(), appearances, ..person_request() };
    let prepared = prepare(&pdf::empty_page(0), &fields).unwrap();
    let file = pki().person.finish(begin(&prepared, &request).unwrap(), false);
    let preview = render_svg(&cleaned.svg, 144);
    for page in [render(&file, 1, 144), render_by_mupdf(&file, 1, 144)] {
        let ink = page.bounds(red);
        let [x, y, width, height] = preview.bounds(red);
        assert!((ink[2] - width).abs() <= 2.0 && (ink[3] - height).abs() <= 2.0, "{ink:?}");
        assert!((ink[0] - 144.0 - x).abs() <= 2.0 && (ink[1] - 288.0 - y).abs() <= 3.0, "{ink:?}");
        let printed = page.part(144, page.height - 288 - preview.height, preview.width, preview.height);
        let share = printed.coverage() / preview.coverage();
        assert!((share - 1.0).abs() < 0.05, "{share}");
    }
}

#[test]
fn pictures_that_show_no_mark_are_refused() {
    let signature = wanted(Mark::Signature, Color::Black, 40.0);
    let blank = photo(600, 400, |_, _| [1.0; 3]);
    assert_eq!(clean(&encoded(&blank, ImageFormat::Png), &signature), Err(Error::Blank));
    let white = RgbImage::from_pixel(300, 300, Rgb([255; 3]));
    assert_eq!(clean(&encoded(&white, ImageFormat::Png), &signature), Err(Error::Blank));
    let dark = RgbImage::from_pixel(300, 300, Rgb([12; 3]));
    assert_eq!(clean(&encoded(&dark, ImageFormat::Png), &signature), Err(Error::NoPaper));
    assert!(clean(&encoded(&white, ImageFormat::Png), &wanted(Mark::Seal, Color::Red, 100.0)).is_err());
    assert_eq!(clean(b"GIF89a", &signature), Err(Error::NotAPicture));
    assert_eq!(clean(b"", &signature), Err(Error::NotAPicture));
    let whole = encoded(&blank, ImageFormat::Png);
    assert!(matches!(clean(&whole[..whole.len() / 2], &signature), Err(Error::Damaged { .. })));
    assert!(matches!(clean(&whole[..20], &signature), Err(Error::Damaged { .. })));
}

#[test]
fn a_jpeg_that_was_cut_off_is_refused() {
    let whole = encoded(&signature(|_, _| 1.0), ImageFormat::Jpeg);
    // A phone's video behind the picture is no damage.
    let with_video = [whole.as_slice(), b" a video"].concat();
    let signature = wanted(Mark::Signature, Color::Black, 40.0);
    assert!(pages_of_pictures(&[&with_video]).is_ok() && clean(&with_video, &signature).is_ok());
    for end in [whole.len() / 2, whole.len() * 9 / 10, whole.len() - 2, whole.len() - 1] {
        let cut = &whole[..end];
        let refused = pages_of_pictures(&[&with_video, cut]);
        assert!(matches!(refused, Err((2, Error::Damaged { .. }))), "cut at {end}: {:?}", refused.err());
        let refused = clean(cut, &signature);
        assert!(matches!(refused, Err(Error::Damaged { .. })), "cut at {end}: {:?}", refused.err());
    }
}

#[test]
fn huge_pictures_are_refused_by_their_head() {
    // The size in a PNG's head, with its checksum.
    let claims = |width: u32, height: u32| {
        let mut file = encoded(&RgbImage::new(1, 1), ImageFormat::Png);
        file[16..20].copy_from_slice(&width.to_be_bytes());
        file[20..24].copy_from_slice(&height.to_be_bytes());
        let mut sum = flate2::Crc::new();
        sum.update(&file[12..29]);
        file[29..33].copy_from_slice(&sum.sum().to_be_bytes());
        file
    };
    let signature = wanted(Mark::Signature, Color::Black, 40.0);
    for (width, height) in [(60_000, 60_000), (20_001, 10), (10_000, 5_001), (u32::MAX >> 1, 1)] {
        let refused = clean(&claims(width, height), &signature);
        assert!(matches!(refused, Err(Error::TooLarge { .. })), "{width} × {height}: {refused:?}");
        let refused = pages_of_pictures(&[&claims(width, height)]);
        assert!(matches!(refused, Err((1, Error::TooLarge { .. }))), "{width} × {height}: {refused:?}");
    }
}

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
