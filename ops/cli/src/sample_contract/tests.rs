#![expect(clippy::unwrap_used, reason = "a failed unwrap is the test's failure")]

use super::*;

#[test]
fn the_same_fonts_give_the_same_bytes() {
    let first = build().unwrap();
    assert!(first == build().unwrap(), "two builds differ");
    assert!(first.starts_with(b"%PDF-1.7"));
    let size = first.len();
    assert!(
        (300_000..1_000_000).contains(&size),
        "{size} bytes: the fonts were not cut down, or not embedded"
    );
}

#[test]
fn the_contract_has_many_pages_and_ends_with_the_signing_page() {
    let mut faces = fonts::Faces::find().unwrap();
    let pages = layout::pages(&markup::parse(TEXT), &mut faces).unwrap();
    assert!(pages.len() >= 8, "only {} pages", pages.len());
    let text_of = |page: &layout::Page| page.runs.iter().map(|run| run.text.as_str()).collect::<String>();
    assert!(text_of(pages.last().unwrap()).contains("甲方（盖章）"));
    for (n, page) in pages.iter().enumerate() {
        assert!(text_of(page).contains(&format!("第 {} 页　共 {} 页", n + 1, pages.len())));
    }
}

#[test]
fn nothing_is_set_outside_the_margins() {
    let mut faces = fonts::Faces::find().unwrap();
    for (n, page) in layout::pages(&markup::parse(TEXT), &mut faces).unwrap().iter().enumerate() {
        for run in &page.runs {
            let natural = faces.width(run.style, &run.text) * run.size;
            let stretched = natural + run.spacing * (run.text.chars().count() - 1) as f32;
            let right = run.x + stretched * 25.4 / 72.0;
            assert!((25.0..=185.1).contains(&right), "page {}: {:?} ends at {right} mm", n + 1, run.text);
        }
    }
}

#[test]
fn the_places_are_free_of_text() {
    let mut faces = fonts::Faces::find().unwrap();
    let pages = layout::pages(&markup::parse(TEXT), &mut faces).unwrap();
    for place in [SEAL_PLACE, SEAL_DATE_PLACE, SIGNATURE_PLACE, SIGNATURE_DATE_PLACE] {
        for run in &pages.last().unwrap().runs {
            let width = faces.width(run.style, &run.text) * run.size * 25.4 / 72.0;
            let beside = run.x + width <= place.x || run.x >= place.x + place.w;
            let above_or_below =
                run.baseline <= place.y || run.baseline - run.size * 25.4 / 72.0 >= place.y + place.h;
            assert!(beside || above_or_below, "{:?} stands in {place:?}", run.text);
        }
    }
}

#[test]
fn a_character_without_a_glyph_is_an_error() {
    let mut faces = fonts::Faces::find().unwrap();
    let refused = layout::pages(&[markup::Block::Paragraph("甲\u{10FFFF}方。")], &mut faces);
    assert!(matches!(refused, Err(Error::GlyphMissing('\u{10FFFF}'))));
}

#[test]
fn the_contract_type_puts_its_fields_in_these_places() {
    let definition = include_str!("../../../../workflows/supplier_purchase/workflow.yaml");
    for (kind, place) in [
        ("seal", SEAL_PLACE),
        ("date", SEAL_DATE_PLACE),
        ("signature", SIGNATURE_PLACE),
        ("date", SIGNATURE_DATE_PLACE),
    ] {
        let Place { x, y, w, h } = place;
        let field = format!("{{kind: {kind}, page: last, x_mm: {x}, y_mm: {y}, w_mm: {w}, h_mm: {h}");
        assert!(definition.contains(&field), "no {field} in the contract type");
    }
}
