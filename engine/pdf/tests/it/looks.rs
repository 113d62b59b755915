//! Why: what was shown before signing must be what is printed, on every kind of page.

use lopdf::Object;
use sealflow_pdf::{
    Appearance, FieldKind, SignRequest,
    appearance::{Align, Overflow, TextFont, TextStyle},
    begin, prepare,
    seal::{self, Color, Kind, SealSpec, Shape},
};

use crate::support::{
    field,
    pdf::{self, Xref},
    person_request,
    picture::{Picture, black, float, red, render, render_by_mupdf, render_svg},
    pki::pki,
    seal_svg, show,
    tools::{folder, run},
};

const POINTS_PER_MM: f64 = 72.0 / 25.4;

fn spec(shape: Shape, kind: Kind, name: &str) -> SealSpec {
    SealSpec {
        shape,
        kind,
        organization_name: name.into(),
        center_text: None,
        bottom_text: None,
        color: None,
        size_mm: None,
    }
}

/// One of each shape and ink, with the shortest and the longest names and rare characters.
fn seals() -> Vec<SealSpec> {
    let long = "示例北京市朝阳区国际贸易进出口代理服务股份有限公司上海自由贸易试验区分公司销售部";
    vec![
        SealSpec {
            center_text: Some("合同专用章".into()),
            bottom_text: Some("1101080000001".into()),
            ..spec(Shape::Round, Kind::Contract, "示例采购有限公司")
        },
        SealSpec {
            color: Some(Color::Blue),
            ..spec(Shape::Round, Kind::Official, &long.chars().take(40).collect::<String>())
        },
        spec(Shape::Round, Kind::Official, "𠮷㐂䶮厂"),
        SealSpec {
            center_text: Some("91350100M000100Y43".into()),
            bottom_text: Some("发票专用章".into()),
            ..spec(Shape::Oval, Kind::Invoice, "示例采购有限公司")
        },
        SealSpec {
            center_text: Some("验收专用章".into()),
            bottom_text: Some("000123".into()),
            color: Some(Color::Blue),
            ..spec(Shape::Triangle, Kind::Other, "示例采购有限公司")
        },
        SealSpec {
            center_text: Some("财务专用章".into()),
            ..spec(Shape::Square, Kind::Finance, "示例采购有限公司")
        },
        SealSpec { color: Some(Color::Black), ..spec(Shape::Square, Kind::LegalRep, "欧阳示例") },
    ]
}

/// The file signed by the person, with these pictures in fields of their own.
fn stamped(file: &[u8], pictures: &[(Appearance, [f64; 4])]) -> Vec<u8> {
    let name = |index: usize| format!("mark{index}");
    let kind = |appearance: &Appearance| match appearance {
        Appearance::Text { .. } => FieldKind::Text,
        _ => FieldKind::Picture,
    };
    let mut fields = vec![field("signed", FieldKind::Signature, 1, [0.0; 4])];
    let marks = pictures.iter().enumerate();
    fields.extend(marks.clone().map(|(index, (shown, rect))| field(&name(index), kind(shown), 1, *rect)));
    let appearances = marks.map(|(index, (shown, _))| show(&name(index), shown.clone())).collect();
    let request = SignRequest { field: "signed".into(), appearances, ..person_request() };
    let prepared = prepare(file, &fields).unwrap();
    pki().person.finish(begin(&prepared, &request).unwrap(), false)
}

#[test]
fn a_seal_is_printed_as_it_was_previewed() {
    const DOTS: u32 = 144;
    let scale = f64::from(DOTS) / 72.0;
    for spec in seals() {
        let svg = seal::draw(&spec).unwrap();
        let (width, height) = seal::size_mm(&spec).unwrap();
        let rect = [72.0, 144.0, width * POINTS_PER_MM, height * POINTS_PER_MM];
        let file = stamped(&pdf::empty_page(0), &[(Appearance::Svg { svg: svg.clone() }, rect)]);
        let preview = render_svg(&svg, DOTS);
        assert!((float(preview.width) - rect[2] * scale).abs() <= 1.5, "{spec:?}: {}", preview.width);
        for page in [render(&file, 1, DOTS), render_by_mupdf(&file, 1, DOTS)] {
            let upper = 560.0 - rect[1] - rect[3];
            let (left, top) = ((rect[0] * scale) as usize, (upper * scale).round() as usize);
            let printed = page.part(left, top, preview.width, preview.height);
            let apart = preview.difference(&printed);
            assert!(apart < 0.12, "{spec:?}: {apart} of the ink is elsewhere");
            let (one, two) = (preview.coverage(), printed.coverage());
            assert!((one / two - 1.0).abs() < 0.08, "{spec:?}: {one} and {two} are covered");
            assert_inks(&printed, spec.color.unwrap_or_default());
        }
    }
}

/// All that is dark has the seal's own colour.
fn assert_inks(picture: &Picture, color: Color) {
    let [red, green, blue] = color.rgb().map(f64::from);
    let mut seen = 0;
    for pixel in picture.pixels.chunks_exact(3).filter(|pixel| pixel.iter().any(|part| *part < 60)) {
        let near = |part: u8, wanted: f64| (f64::from(part) - wanted).abs() < 60.0;
        assert!(
            near(pixel[0], red) && near(pixel[1], green) && near(pixel[2], blue),
            "{pixel:?} in {color:?}"
        );
        seen += 1;
    }
    assert!(seen > 500, "{color:?}: {seen}");
}

#[test]
fn a_seal_of_a_round_name_is_even_on_both_sides() {
    let svg = seal::draw(&spec(Shape::Round, Kind::Official, &"田".repeat(11))).unwrap();
    let picture = render_svg(&svg, 144);
    let half = picture.width / 2;
    let left = picture.part(0, 0, half, picture.height).coverage();
    let right = picture.part(picture.width - half, 0, half, picture.height).coverage();
    assert!((left / right - 1.0).abs() < 0.02, "{left} and {right}");
    let [x, y, width, height] = picture.bounds(red);
    assert!(
        x <= 1.0 && y <= 1.0 && float(picture.width) - width <= 2.0 && float(picture.height) - height <= 2.0
    );
}

#[test]
fn text_is_set_as_its_style_says_and_can_be_found() {
    let text = |text: &str, style: TextStyle| Appearance::Text { text: text.into(), style };
    let base = TextStyle { size: Some(12.0), ..TextStyle::default() };
    let blue = [20, 40, 200];
    let rect = |y: f64| [60.0, y, 200.0, 24.0];
    let long = "本合同自双方签字盖章之日起生效，一式两份，具有同等法律效力。";
    let marks = [
        (text("左对齐示例", base), rect(500.0)),
        (text("居中示例", TextStyle { align: Align::Center, ..base }), rect(460.0)),
        (text("右对齐示例", TextStyle { align: Align::Right, color: blue, ..base }), rect(420.0)),
        (text("宋体示例", TextStyle { font: TextFont::Serif, ..base }), rect(380.0)),
        (text(long, TextStyle { overflow: Overflow::Wrap, ..base }), [60.0, 300.0, 200.0, 60.0]),
        (text(long, TextStyle { size: None, ..base }), rect(260.0)),
    ];
    let file = stamped(&pdf::empty_page(0), &marks);
    let folder = folder(&file);
    let (_, found) = run("pdftotext", "poppler-utils", &["-layout", "file.pdf", "-"], folder.path());
    for word in ["左对齐示例", "居中示例", "右对齐示例", "宋体示例"] {
        assert!(found.contains(word), "{word}: {found}");
    }
    let joined: String = found.split_whitespace().collect();
    assert_eq!(joined.matches(long).count(), 2, "{found}");

    let page = render(&file, 1, 144);
    let dark = |[r, g, b]: [u8; 3]| r < 120 && g < 120 && b < 120;
    let bounds = |y: f64, height: f64, is: &dyn Fn([u8; 3]) -> bool| {
        let top = page.height - usize_of((y + height) * 2.0);
        page.part(0, top, page.width, usize_of(height * 2.0)).bounds(is).map(|value| value / 2.0)
    };
    let near = |found: f64, wanted: f64, what: &str| {
        assert!((found - wanted).abs() < 2.5, "{what}: {found}, not {wanted}")
    };
    let left = bounds(500.0, 24.0, &dark);
    near(left[0], 62.0, "left");
    near(left[2], 60.0, "five glyphs of 12 points");
    let center = bounds(460.0, 24.0, &dark);
    near(center[0] + center[2] / 2.0, 160.0, "centre");
    let ink = |[r, _, b]: [u8; 3]| b > 150 && r < 100;
    let right = bounds(420.0, 24.0, &ink);
    near(right[0] + right[2], 258.0, "right");
    let wrapped = bounds(300.0, 60.0, &dark);
    assert!(wrapped[2] <= 196.5 && wrapped[3] > 25.0, "wrapped: {wrapped:?}");
    let shrunk = bounds(260.0, 24.0, &dark);
    assert!(shrunk[2] <= 196.5 && shrunk[3] < 9.0, "shrunk: {shrunk:?}");
}

fn usize_of(value: f64) -> usize {
    value.round() as usize
}

#[test]
fn marks_have_their_size_on_pages_with_units_of_their_own() {
    // A page of 300 × 400 units of two points, cropped by ten units on each side, and turned.
    for rotate in [0_i64, 90, 180, 270] {
        let mut document = pdf::document(1, rotate);
        let page = document.get_pages()[&1];
        let page = document.get_object_mut(page).unwrap().as_dict_mut().unwrap();
        page.remove(b"Contents");
        page.set("UserUnit", 2);
        page.set("MediaBox", vec![0.into(), 0.into(), 300.into(), Object::Integer(400)]);
        page.set("CropBox", vec![10.into(), 10.into(), 290.into(), Object::Integer(390)]);
        let rect = [40.0, 60.0, 119.0, 119.0];
        let words = Appearance::Text {
            text: "示例".into(),
            style: TextStyle { size: Some(30.0), ..TextStyle::default() },
        };
        let marks = [(Appearance::Svg { svg: seal_svg() }, rect), (words, [300.0, 60.0, 100.0, 40.0])];
        let file = stamped(&pdf::save(document, Xref::Table), &marks);
        // Poppler takes no notice of the unit, and shows all at half the size.
        let (width, height) = if rotate % 180 == 0 { (280, 380) } else { (380, 280) };
        let shown = render(&file, 1, 144);
        assert_eq!((shown.width, shown.height), (width * 2, height * 2), "{rotate}°");
        let seal = shown.bounds(red);
        for (found, wanted) in seal.iter().zip(rect) {
            assert!((found - wanted).abs() <= 2.0, "{rotate}°: {seal:?}");
        }
        let words = shown.bounds(black);
        assert!((words[2] - 58.0).abs() < 4.0 && (words[3] - 28.0).abs() < 4.0, "{rotate}°: {words:?}");
        assert!((words[0] - 302.0).abs() < 4.0, "{rotate}°: {words:?}");
    }
}
