//! Why: photos are taken by people with telephones, by lamp light. What they wrote or sealed comes off the paper as it is.

use image::{ImageFormat, RgbImage};
use sealflow_pdf::{
    Appearance, FieldKind, SignRequest, begin,
    picture::{Cleaned, Error, Mark, clean},
    prepare,
    seal::Color,
};

use crate::support::{
    field,
    pdf::{self},
    person_request,
    photo::{bounds, encoded, float, is_inked, photo, pixels, shaded, signature, wanted, without_table},
    picture::{red, render, render_by_mupdf, render_svg},
    pki::pki,
    seal_svg, show,
};

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
