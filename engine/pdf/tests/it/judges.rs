//! Why: our own validator could share a fault with our writer; programs by others cannot.

use std::fs;

use sealflow_pdf::{Appearance, FieldKind, SignRequest, Strokes, appearance::Point, begin, prepare};

use crate::{
    signing::revisions,
    support::{
        field,
        pdf::{self, BOTH, Xref},
        person_request,
        picture::render,
        pki::pki,
        seal_svg, show,
        tools::{folder, run},
    },
};

#[test]
fn pyhanko_accepts_every_revision() {
    for xref in BOTH {
        for timestamped in [false, true] {
            let [_, once, twice] = revisions(&pdf::file(xref, 3, 0), 2, timestamped);
            for (file, count) in [(once, 1), (twice, 2)] {
                let folder = folder(&file);
                let arguments = ["sign", "validate", "--trust", "ca.pem", "--pretty-print", "file.pdf"];
                let (good, text) =
                    run("pyhanko", "pyHanko (pip install pyhanko-cli)", &arguments, folder.path());
                assert!(good, "{xref:?} timestamped={timestamped}: {text}");
                assert_eq!(text.matches("The signature is judged VALID.").count(), count, "{text}");
                let stamps = if timestamped { count } else { 0 };
                assert_eq!(text.matches("Signature timestamp token").count().min(count), stamps, "{text}");
            }
        }
    }
}

#[test]
fn pdfsig_trusts_both_signers() {
    for xref in BOTH {
        let [.., twice] = revisions(&pdf::file(xref, 3, 0), 2, true);
        let folder = folder(&twice);
        let certutil = |arguments: &[&str]| {
            let (good, text) = run("certutil", "libnss3-tools", arguments, folder.path());
            assert!(good, "{text}");
        };
        fs::create_dir(folder.path().join("nss")).unwrap();
        certutil(&["-N", "-d", "sql:nss", "--empty-password"]);
        certutil(&["-A", "-d", "sql:nss", "-n", "root", "-t", "C,C,C", "-i", "ca.pem"]);
        let (good, text) = run("pdfsig", "poppler-utils", &["-nssdir", "nss", "file.pdf"], folder.path());
        assert!(good, "{text}");
        assert_eq!(text.matches("Signature Validation: Signature is Valid.").count(), 2, "{text}");
        assert_eq!(text.matches("Certificate Validation: Certificate is Trusted.").count(), 2, "{text}");
        assert_eq!(text.matches("Total document signed\n").count(), 1, "{text}");
        assert_eq!(text.matches("Signature Type: ETSI.CAdES.detached").count(), 2, "{text}");
    }
}

#[test]
fn mutool_finds_the_signatures_sound() {
    for xref in BOTH {
        let [.., twice] = revisions(&pdf::file(xref, 3, 0), 2, true);
        let folder = folder(&twice);
        let (_, text) = run("mutool", "mupdf-tools", &["sign", "-v", "file.pdf"], folder.path());
        assert!(text.contains("The signature is valid but there have been edits since signing."), "{text}");
        assert!(text.contains("The document is unchanged since signing."), "{text}");
    }
}

#[test]
fn qpdf_finds_no_fault() {
    for xref in BOTH {
        for file in revisions(&pdf::file(xref, 3, 0), 2, false) {
            let folder = folder(&file);
            let (good, text) = run("qpdf", "qpdf", &["--check", "file.pdf"], folder.path());
            assert!(good && !text.contains("WARNING"), "{xref:?}: {text}");
        }
    }
}

#[test]
fn filled_text_can_be_found() {
    let [.., twice] = revisions(&pdf::file(Xref::Stream, 1, 0), 1, false);
    let folder = folder(&twice);
    let (_, text) = run("pdftotext", "poppler-utils", &["file.pdf", "-"], folder.path());
    assert!(text.contains("2026年1月15日") && text.contains("2026年1月16日"), "{text}");
}

/// A corner: down the left side of the pad, then along its foot.
fn corner() -> Strokes {
    let point = |x, y| Point { x, y, w: Some(8.0) };
    Strokes {
        strokes: vec![vec![point(10.0, 10.0), point(10.0, 140.0), point(290.0, 140.0)]],
        width: 300.0,
        height: 150.0,
    }
}

#[test]
fn pictures_stand_upright_in_their_fields_on_every_page() {
    const SEAL: [f64; 4] = [300.0, 100.0, 119.0, 119.0];
    const INK: [f64; 4] = [60.0, 300.0, 200.0, 100.0];
    for rotate in [0, 90, 180, 270] {
        let fields = [field("ink", FieldKind::Signature, 1, INK), field("seal", FieldKind::Picture, 1, SEAL)];
        let prepared = prepare(&pdf::empty_page(rotate), &fields).unwrap();
        let appearances = vec![
            show("ink", Appearance::Strokes(corner())),
            show("seal", Appearance::Svg { svg: seal_svg() }),
        ];
        let request = SignRequest { field: "ink".into(), appearances, ..person_request() };
        let signed = pki().person.finish(begin(&prepared, &request).unwrap(), false);
        let page = render(&signed, 1, 72);
        let red = page.bounds(|[r, g, b]| r > 150 && g < 100 && b < 100);
        near(red, SEAL, &format!("seal, {rotate}°"));
        let black = |[r, g, b]: [u8; 3]| r < 100 && g < 100 && b < 100;
        let ink = page.bounds(black);
        assert!(ink[0] >= INK[0] && ink[0] + ink[2] <= INK[0] + INK[2], "{rotate}°: {ink:?}");
        assert!(ink[1] >= INK[1] && ink[1] + ink[3] <= INK[1] + INK[3], "{rotate}°: {ink:?}");
        assert!(ink[2] > 150.0 && ink[3] > 60.0, "{rotate}°: {ink:?}");
        // The corner is at the lower left, and nothing at the upper right.
        assert!(page.any(black, [ink[0], ink[1], 12.0, 12.0]), "{rotate}°");
        assert!(page.any(black, [ink[0], ink[1] + ink[3] - 12.0, 12.0, 12.0]), "{rotate}°");
        assert!(!page.any(black, [ink[0] + 20.0, ink[1] + 20.0, ink[2], ink[3]]), "{rotate}°");
    }
}

fn near(found: [f64; 4], wanted: [f64; 4], what: &str) {
    for (found, wanted) in found.iter().zip(wanted) {
        assert!((found - wanted).abs() <= 2.0, "{what}: {found:?}, not {wanted:?}");
    }
}
