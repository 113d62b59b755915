#![expect(clippy::unwrap_used, reason = "a failed unwrap is the test's failure")]

mod apart;

use super::*;

fn spec(name: &str) -> SealSpec {
    SealSpec {
        shape: Shape::Round,
        kind: Kind::Official,
        organization_name: name.to_owned(),
        center_text: None,
        bottom_text: None,
        color: None,
        size_mm: None,
    }
}

#[test]
fn every_glyph_is_a_path_of_its_own() {
    let name = "示例采购有限公司";
    let svg = draw(&SealSpec {
        center_text: Some("合同专用章".into()),
        bottom_text: Some("1101080000001".into()),
        ..spec(name)
    });
    let svg = svg.unwrap();
    // The star, the name, the centre and the digits.
    assert_eq!(svg.matches("<path ").count(), 1 + 8 + 5 + 13);
    assert!(!svg.contains("<text"));
    assert!(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"42mm\" height=\"42mm\""));
}

#[test]
fn names_of_4_to_40_characters_stay_inside_the_border() {
    for count in 4..=40 {
        for size in [38.0, 42.0] {
            let spec = SealSpec { size_mm: Some(size), ..spec(&"示".repeat(count)) };
            let svg = draw(&spec).unwrap();
            for path in svg.split("d=\"M").skip(1) {
                let data = path.split('"').next().unwrap();
                let numbers: Vec<f64> = data
                    .split(|c: char| !"-.0123456789".contains(c))
                    .filter_map(|n| n.parse().ok())
                    .collect();
                for point in numbers.chunks_exact(2) {
                    let radius = point[0].hypot(point[1]);
                    assert!(radius < size / 2.0 - 1.0, "{count} characters, {size} mm: {point:?}");
                }
            }
        }
    }
}

#[test]
fn wrong_data_is_named() {
    let good = spec("示例采购有限公司");
    let cases = [
        ("organization_name", SealSpec { organization_name: "示例".into(), ..good.clone() }),
        ("organization_name", SealSpec { organization_name: "示".repeat(41), ..good.clone() }),
        ("center_text", SealSpec { center_text: Some("示".repeat(9)), ..good.clone() }),
        ("bottom_text", SealSpec { bottom_text: Some("1".repeat(21)), ..good.clone() }),
        ("bottom_text", SealSpec { bottom_text: Some("示例".into()), ..good.clone() }),
        ("size_mm", SealSpec { size_mm: Some(46.0), ..good.clone() }),
        ("size_mm", SealSpec { size_mm: Some(f64::NAN), ..good.clone() }),
        (
            "organization_name",
            SealSpec {
                shape: Shape::Square,
                kind: Kind::LegalRep,
                organization_name: "示".repeat(13),
                ..good.clone()
            },
        ),
        ("shape", SealSpec { kind: Kind::LegalRep, organization_name: "示例人".into(), ..good.clone() }),
        (
            "size_mm",
            SealSpec {
                shape: Shape::Square,
                kind: Kind::LegalRep,
                organization_name: "示例人".into(),
                size_mm: Some(22.0),
                ..good.clone()
            },
        ),
        (
            "bottom_text",
            SealSpec {
                shape: Shape::Square,
                kind: Kind::Finance,
                bottom_text: Some("1".into()),
                ..good.clone()
            },
        ),
        (
            "bottom_text",
            SealSpec { shape: Shape::Triangle, bottom_text: Some("示例".into()), ..good.clone() },
        ),
        ("center_text", SealSpec { shape: Shape::Oval, center_text: Some("税号".into()), ..good.clone() }),
    ];
    for (expected, spec) in cases {
        let Err(Error::Field { field, .. }) = draw(&spec) else { unreachable!("{spec:?} was drawn") };
        assert_eq!(field, expected);
    }
    assert!(draw(&good).is_ok());
}

#[test]
fn rare_characters_are_drawn_and_missing_ones_named() {
    // Beyond the basic plane, and in its extensions.
    let rare = draw(&spec("𠮷㐂䶮𬀩龘有限公司")).unwrap();
    assert_eq!(rare.matches("<path ").count(), 1 + 9);
    let error = draw(&spec("示例采购\u{e000}公司")).unwrap_err();
    assert_eq!(error, Error::Glyph { field: "organization_name".into(), character: '\u{e000}' });
    assert!(error.to_string().contains("U+E000"), "{error}");
    let error = draw(&spec("示例\u{0}公司")).unwrap_err();
    assert_eq!(error, Error::Glyph { field: "organization_name".into(), character: '\0' });
    assert!(error.to_string().ends_with("no glyph for U+0000"), "{error}");
    let center =
        SealSpec { center_text: Some("合同\u{f8ff}章".into()), ..spec("示例采购有限公司") };
    assert_eq!(draw(&center), Err(Error::Glyph { field: "center_text".into(), character: '\u{f8ff}' }));
}

#[test]
fn the_ink_is_red_blue_or_black() {
    for (color, hex) in [(None, "#d7000f"), (Some(Color::Blue), "#1d3fa8"), (Some(Color::Black), "#141414")] {
        let svg = draw(&SealSpec { color, ..spec("示例采购有限公司") }).unwrap();
        assert!(svg.contains(&format!("<g fill=\"{hex}\" stroke=\"{hex}\">")), "{color:?}");
    }
}

#[test]
fn every_shape_has_its_glyphs_and_its_size() {
    let oval = SealSpec {
        shape: Shape::Oval,
        kind: Kind::Invoice,
        center_text: Some("91350100M000100Y43".into()),
        bottom_text: Some("发票专用章".into()),
        ..spec("示例采购有限公司")
    };
    assert_eq!(draw(&oval).unwrap().matches("<path ").count(), 8 + 18 + 5);
    assert_eq!(size_mm(&oval), Ok((40.0, 30.0)));
    for (name, glyphs) in [("示例", 4), ("示例人", 4), ("欧阳示例", 4), ("示例阿卜杜拉·示例", 10)]
    {
        let square = SealSpec { shape: Shape::Square, kind: Kind::LegalRep, ..spec(name) };
        assert_eq!(draw(&square).unwrap().matches("<path ").count(), glyphs, "{name}");
        assert_eq!(size_mm(&square), Ok((20.0, 20.0)));
    }
    let finance = SealSpec {
        shape: Shape::Square,
        kind: Kind::Finance,
        center_text: Some("财务专用章".into()),
        ..spec("示例采购有限公司")
    };
    assert_eq!(draw(&finance).unwrap().matches("<path ").count(), 8 + 5);
    assert_eq!(size_mm(&finance), Ok((22.0, 22.0)));
    let triangle = SealSpec {
        shape: Shape::Triangle,
        kind: Kind::Other,
        center_text: Some("验收".into()),
        bottom_text: Some("0001".into()),
        ..spec("示例采购有限公司")
    };
    // With its border.
    assert_eq!(draw(&triangle).unwrap().matches("<path ").count(), 1 + 8 + 2 + 4);
}

/// All glyphs' points, in millimetres from the seal's middle.
fn points(svg: &str) -> Vec<(f64, f64)> {
    let mut points = Vec::new();
    for path in svg.split("d=\"M").skip(1) {
        let data = path.split('"').next().unwrap();
        let numbers: Vec<f64> =
            data.split(|c: char| !"-.0123456789".contains(c)).filter_map(|n| n.parse().ok()).collect();
        points.extend(numbers.chunks_exact(2).map(|pair| (pair[0], pair[1])));
    }
    points
}

#[test]
fn long_names_stay_inside_triangles_and_squares() {
    for count in 4..=40 {
        let name = "示例采购有限公司".chars().cycle().take(count).collect::<String>();
        let triangle = SealSpec {
            shape: Shape::Triangle,
            kind: Kind::Other,
            center_text: Some("验收专用章".into()),
            ..spec(&name)
        };
        let svg = draw(&triangle).unwrap();
        let (_, within) = svg.split_once("/>").unwrap();
        for (x, y) in points(within) {
            let (side, height) = (40.0, 40.0 * triangle::HEIGHT);
            assert!(y < height / 2.0 - 1.0, "{count}: {x} {y}");
            // Distance to the slope.
            let inside = (side / 2.0 - x.abs()) * triangle::HEIGHT - (height / 2.0 - y) * 0.5;
            assert!(inside > 1.0, "{count} characters: {x} {y} is {inside} inside");
        }
        let square = SealSpec {
            shape: Shape::Square,
            kind: Kind::Finance,
            center_text: Some("财务专用章".into()),
            ..spec(&name)
        };
        for (x, y) in points(&draw(&square).unwrap()) {
            assert!(x.abs().max(y.abs()) < 11.0 - 1.0, "{count} characters: {x} {y}");
        }
    }
}

#[test]
fn brackets_lie_across_a_column() {
    let drawn =
        |shape: Shape, name: &str| draw(&SealSpec { shape, kind: Kind::Other, ..spec(name) }).unwrap();
    let (upright, lying) = ("示例（深圳）有限公司", "示例︵深圳︶有限公司");
    assert_eq!(drawn(Shape::Square, upright), drawn(Shape::Square, lying));
    assert_ne!(drawn(Shape::Round, upright), drawn(Shape::Round, lying));
}
