//! Why: laid side by side, the slices of all pages are the seal.

use lopdf::Object;
use sealflow_pdf::{
    Appearance, FieldKind, FieldSpec, SignRequest, begin, inspect, prepare, prepare::Error as PrepareError,
    sign::Error, validate,
};

use crate::support::{
    field,
    pdf::{self, Xref},
    person_request,
    picture::{Picture, float, red, render, render_by_mupdf, render_svg},
    pki::{pki, trust},
    seal_svg, show, text,
};

/// 42 mm.
const SEAL: f64 = 119.055;

fn edge(page: usize) -> FieldSpec {
    field("edge", FieldKind::CrossPageSeal, page, [0.0, 300.0, SEAL, SEAL])
}

fn signed(file: &[u8], page: usize) -> Vec<u8> {
    let fields = [field("signed", FieldKind::Signature, 1, [0.0; 4]), edge(page)];
    let prepared = prepare(file, &fields).unwrap();
    let request = SignRequest {
        field: "signed".into(),
        appearances: vec![show("edge", Appearance::Svg { svg: seal_svg() })],
        ..person_request()
    };
    pki().person.finish(begin(&prepared, &request).unwrap(), false)
}

/// Four pages of different sizes, turns, crops and units, without anything on them.
fn mixed() -> Vec<u8> {
    let mut document = pdf::document(4, 0);
    let pages = document.get_pages();
    let mut set = |page: u32, key: &str, value: Object| {
        let page = document.get_object_mut(pages[&page]).unwrap().as_dict_mut().unwrap();
        page.remove(b"Contents");
        page.set(key, value);
    };
    let rectangle = |corners: [i64; 4]| Object::Array(corners.map(Object::Integer).to_vec());
    set(1, "MediaBox", rectangle([0, 0, 595, 842]));
    set(2, "MediaBox", rectangle([0, 0, 842, 1191]));
    set(2, "Rotate", Object::Integer(90));
    set(3, "MediaBox", rectangle([-50, -50, 700, 900]));
    set(3, "CropBox", rectangle([0, 0, 595, 842]));
    set(3, "Rotate", Object::Integer(180));
    set(4, "MediaBox", rectangle([0, 0, 420, 595]));
    set(4, "Rotate", Object::Integer(270));
    pdf::save(document, Xref::Stream)
}

#[test]
fn the_slices_of_mixed_pages_make_the_seal() {
    const DOTS: u32 = 144;
    let file = signed(&mixed(), 1);
    assert!(validate(&file, &trust()).unwrap().passed());
    let whole = render_svg(&seal_svg(), DOTS);
    for by in [render, render_by_mupdf] {
        let slices: Vec<Picture> = (1..=4)
            .map(|number| {
                let page = by(&file, number, DOTS);
                let ink = page.bounds(red);
                // At the right edge, a quarter of the seal wide, and as high above the lower edge as asked.
                let right = float(page.width) - ink[0] - ink[2];
                assert!(right <= 2.0, "page {number}: {ink:?}");
                assert!(ink[2] <= SEAL / 4.0 * 2.0 + 2.0, "page {number}: {ink:?}");
                assert!(
                    ink[1] >= 598.0 && ink[1] + ink[3] <= (300.0 + SEAL) * 2.0 + 2.0,
                    "page {number}: {ink:?}"
                );
                let (top, height) = (page.height - 838, 238);
                page.part(page.width - 60, top, 60, height)
            })
            .collect();
        let apart = whole.difference(&Picture::beside(&slices));
        // Two of 238 columns are cut to whole pixels.
        assert!(apart < 0.30, "{apart} of the ink is elsewhere");
        let coverage = Picture::beside(&slices).coverage() / whole.coverage();
        assert!((coverage - 1.0).abs() < 0.06, "{coverage}");
    }
}

#[test]
fn five_hundred_pages_are_sealed_in_one_revision() {
    let original = pdf::file(Xref::Stream, 500, 0);
    let file = signed(&original, 1);
    let report = validate(&file, &trust()).unwrap();
    assert!(report.passed(), "{report:#?}");
    let found = inspect(&file).unwrap();
    assert_eq!((found.page_count, found.signatures, found.revisions), (500, 1, 3));
    // The seal is in the file once, with a small form for each page.
    let added = file.len() - original.len();
    assert!(added < 1_000 * 1_024, "{added} bytes");
    for page in [1, 14, 250, 500] {
        let shown = render(&file, page, 72);
        let ink = shown.bounds(red);
        assert!(ink[2] > 2.0 && ink[3] > 20.0 && ink[0] + ink[2] > 593.0, "page {page}: {ink:?}");
    }
}

#[test]
fn what_cannot_be_sealed_across_is_refused() {
    let refused = |pages: usize, spec: FieldSpec| match prepare(&pdf::file(Xref::Stream, pages, 0), &[spec]) {
        Err(PrepareError::Field { name, why }) => {
            assert_eq!(name, "edge");
            why
        }
        other => panic!("{other:?}"),
    };
    assert!(refused(1, edge(1)).contains("2–500 pages"));
    assert!(refused(501, edge(1)).contains("2–500 pages"));
    assert!(refused(3, edge(3)).contains("2–500 pages"));
    assert!(refused(3, edge(4)).contains("2–500 pages"));
    let high = FieldSpec { rect: sealflow_pdf::Rect { height: 900.0, ..edge(1).rect }, ..edge(1) };
    assert!(refused(2, high).contains("page 1 is lower"));
    assert!(prepare(&pdf::file(Xref::Stream, 3, 0), &[edge(2)]).is_ok());

    let prepared = prepare(
        &pdf::file(Xref::Stream, 2, 0),
        &[field("signed", FieldKind::Signature, 1, [0.0; 4]), edge(1)],
    )
    .unwrap();
    let fill = |name: &str, appearance| {
        let request = SignRequest {
            field: "signed".into(),
            appearances: vec![show(name, appearance)],
            ..person_request()
        };
        begin(&prepared, &request)
    };
    assert!(fill("edge", Appearance::Svg { svg: seal_svg() }).is_ok());
    assert!(matches!(fill("edge", text("x")), Err(Error::Appearance { .. })));
    assert!(matches!(fill("edges", Appearance::Svg { svg: seal_svg() }), Err(Error::Field { .. })));
}
