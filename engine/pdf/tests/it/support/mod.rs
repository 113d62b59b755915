//! Why: every test wants files to sign and keys to sign with; both are made afresh.

pub(crate) mod attack;
pub(crate) mod kinds;
pub(crate) mod pdf;
pub(crate) mod photo;
pub(crate) mod picture;
pub(crate) mod pki;
pub(crate) mod raw;
pub(crate) mod tools;

use sealflow_pdf::{
    Appearance, FieldAppearance, FieldKind, FieldSpec, Rect, SignRequest, Strokes, appearance::Point, limits,
    seal, sign::DigestAlgorithm,
};

/// 2026-01-15 08:00 UTC.
pub(crate) const SIGNED_AT_MS: i64 = 1_768_464_000_000;

pub(crate) fn field(name: &str, kind: FieldKind, page: usize, rect: [f64; 4]) -> FieldSpec {
    let [x, y, width, height] = rect;
    FieldSpec { name: name.to_owned(), kind, page, rect: Rect { x, y, width, height } }
}

/// The fields of a contract between a person and an organization.
pub(crate) fn contract_fields(page: usize) -> Vec<FieldSpec> {
    vec![
        field("person_signature", FieldKind::Signature, page, [60.0, 150.0, 140.0, 60.0]),
        field("person_date", FieldKind::Date, page, [60.0, 120.0, 140.0, 20.0]),
        field("company_seal", FieldKind::Seal, page, [320.0, 110.0, 119.0, 119.0]),
        field("company_date", FieldKind::Date, page, [320.0, 80.0, 140.0, 20.0]),
        field("company_edge", FieldKind::Picture, page, [500.0, 300.0, 60.0, 60.0]),
    ]
}

/// A hand-drawn wave with a dot.
pub(crate) fn strokes() -> Strokes {
    let wave = (0..60)
        .map(|step| {
            let t = f64::from(step) / 59.0;
            Point {
                x: 30.0 + 240.0 * t,
                y: 75.0 - 50.0 * (t * 14.0).sin() * (1.0 - t * 0.6),
                w: Some(3.0 + 2.0 * t),
            }
        })
        .collect();
    let dot = vec![Point { x: 280.0, y: 40.0, w: None }];
    Strokes { strokes: vec![wave, dot], width: 300.0, height: 150.0 }
}

pub(crate) fn seal_svg() -> String {
    seal::draw(&seal::SealSpec {
        shape: seal::Shape::Round,
        kind: seal::Kind::Contract,
        organization_name: "示例采购有限公司".into(),
        center_text: Some("合同专用章".into()),
        bottom_text: Some("1101080000001".into()),
        color: None,
        size_mm: Some(42.0),
    })
    .unwrap()
}

pub(crate) fn show(field: &str, appearance: Appearance) -> FieldAppearance {
    FieldAppearance { field: field.to_owned(), appearance }
}

pub(crate) fn text(text: &str) -> Appearance {
    Appearance::text(text)
}

pub(crate) fn person_request() -> SignRequest {
    SignRequest {
        field: "person_signature".into(),
        new_field: None,
        appearances: vec![
            show("person_signature", Appearance::Strokes(strokes())),
            show("person_date", text("2026年1月15日")),
        ],
        signer_name: "示例签署人".into(),
        reason: Some("签署合同".into()),
        location: Some("(北京)".into()),
        signed_at_ms: SIGNED_AT_MS,
        hole_bytes: limits::HOLE_BYTES_DEFAULT,
        digest: DigestAlgorithm::Sha256,
    }
}

pub(crate) fn company_request() -> SignRequest {
    SignRequest {
        field: "company_seal".into(),
        appearances: vec![
            show("company_seal", Appearance::Svg { svg: seal_svg() }),
            show("company_date", text("2026年1月16日")),
            show("company_edge", Appearance::Svg { svg: seal_svg() }),
        ],
        signer_name: "示例采购有限公司".into(),
        reason: None,
        location: None,
        ..person_request()
    }
}
