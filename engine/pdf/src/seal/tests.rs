#![expect(clippy::unwrap_used, reason = "a failed unwrap is the test's failure")]

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
        ("organization_name", SealSpec { organization_name: "示例\u{0}公司".into(), ..good.clone() }),
        ("center_text", SealSpec { center_text: Some("示".repeat(9)), ..good.clone() }),
        ("bottom_text", SealSpec { bottom_text: Some("1".repeat(21)), ..good.clone() }),
        ("bottom_text", SealSpec { bottom_text: Some("示例".into()), ..good.clone() }),
        ("color", SealSpec { color: Some("red\"/>".into()), ..good.clone() }),
        ("size_mm", SealSpec { size_mm: Some(46.0), ..good.clone() }),
        ("size_mm", SealSpec { size_mm: Some(f64::NAN), ..good.clone() }),
        ("organization_name", SealSpec { shape: Shape::Square, ..good.clone() }),
        ("center_text", SealSpec { shape: Shape::Oval, center_text: Some("税号".into()), ..good.clone() }),
    ];
    for (expected, spec) in cases {
        let Err(Error::Field { field, .. }) = draw(&spec) else { unreachable!("{spec:?} was drawn") };
        assert_eq!(field, expected);
    }
    assert!(draw(&good).is_ok());
    assert!(matches!(draw(&spec("示例采购\u{e000}公司")), Err(Error::Font { .. })));
}

#[test]
fn ovals_and_squares_are_drawn() {
    let oval = SealSpec {
        shape: Shape::Oval,
        kind: Kind::Invoice,
        center_text: Some("91350100M000100Y43".into()),
        bottom_text: Some("发票专用章".into()),
        ..spec("示例采购有限公司")
    };
    assert_eq!(draw(&oval).unwrap().matches("<path ").count(), 8 + 18 + 5);
    assert_eq!(size_mm(&oval), Ok((40.0, 30.0)));
    for name in ["示例", "示例人", "欧阳示例"] {
        let square = SealSpec { shape: Shape::Square, kind: Kind::LegalRep, ..spec(name) };
        assert_eq!(draw(&square).unwrap().matches("<path ").count(), 4);
    }
}
