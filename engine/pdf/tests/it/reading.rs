//! Why: files come from many writers, and some are of two minds about their cross-reference.

use sealflow_pdf::{Appearance, appearance, inspect, inspect::Error, validate};

use crate::{
    signing::revisions,
    support::{
        pdf::{self, Xref},
        pki::trust,
        seal_svg, strokes, text,
        tools::{folder, run},
    },
};

/// A hybrid file: its page is in an object stream, which the table hides and `/XRefStm` shows.
pub(crate) fn hybrid() -> Vec<u8> {
    let mut out = b"%PDF-1.5\n".to_vec();
    let mut offsets = vec![];
    let page = "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>";
    let packed = format!("3 0 {page}");
    for body in [
        "1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n".to_owned(),
        "2 0 obj\n<</Type/Pages/Kids[3 0 R]/Count 1>>\nendobj\n".to_owned(),
        format!(
            "4 0 obj\n<</Type/ObjStm/N 1/First 4/Length {}>>\nstream\n{packed}\nendstream\nendobj\n",
            packed.len()
        ),
    ] {
        offsets.push(out.len());
        out.extend_from_slice(body.as_bytes());
    }
    let hidden = out.len();
    out.extend_from_slice(b"5 0 obj\n<</Type/XRef/Size 6/Index[3 1]/W[1 1 1]/Length 3>>\nstream\n\x02\x04\x00\nendstream\nendobj\n");
    let table = out.len();
    let rows = format!(
        "xref\n0 5\n0000000003 65535 f \n{:010} 00000 n \n{:010} 00000 n \n0000000000 00001 f \n{:010} 00000 n \n",
        offsets[0], offsets[1], offsets[2]
    );
    out.extend_from_slice(rows.as_bytes());
    let trailer = format!("trailer\n<</Size 6/Root 1 0 R/XRefStm {hidden}>>\nstartxref\n{table}\n%%EOF\n");
    out.extend_from_slice(trailer.as_bytes());
    out
}

#[test]
fn hybrid_files_are_read_and_signed() {
    let file = hybrid();
    assert_eq!(inspect(&file).unwrap().page_count, 1);
    let [.., twice] = revisions(&file, 1, false);
    assert!(validate(&twice, &trust()).unwrap().passed());
    let folder = folder(&twice);
    let (good, text) = run("qpdf", "qpdf", &["--check", "file.pdf"], folder.path());
    assert!(good, "{text}");
    // Strict reading means no hybrid files there.
    let arguments =
        ["sign", "validate", "--no-strict-syntax", "--trust", "ca.pem", "--pretty-print", "file.pdf"];
    let (good, text) = run("pyhanko", "pyHanko", &arguments, folder.path());
    assert!(good && text.matches("The signature is judged VALID.").count() == 2, "{text}");
}

#[test]
fn a_file_cut_anywhere_is_refused_or_shorter() {
    let [.., twice] = revisions(&pdf::file(Xref::Table, 2, 0), 1, false);
    for end in (0..twice.len()).step_by(211) {
        if let Ok(found) = inspect(&twice[..end]) {
            assert!(found.revisions < 4, "cut at {end}");
        }
    }
}

#[test]
fn broken_numbers_never_panic() {
    let file = pdf::file(Xref::Table, 2, 0);
    for at in 0..file.len() {
        if file[at].is_ascii_digit() {
            for digit in [b'9', b'-', b' '] {
                let mut broken = file.clone();
                broken[at] = digit;
                match inspect(&broken) {
                    Ok(_)
                    | Err(Error::Damaged { .. } | Error::TooLarge { .. } | Error::TooManyPages { .. }) => {}
                    Err(other) => assert!(at < 8, "byte {at}: {other}"),
                }
            }
        }
    }
}

#[test]
fn appearances_can_be_checked_before_they_are_confirmed() {
    assert_eq!(text("2026年1月15日").check(100.0, 20.0), Ok(()));
    assert!(matches!(text("2026年1月15日").check(10.0, 20.0), Err(appearance::Error::Text { .. })));
    assert!(matches!(text("\u{e000}").check(100.0, 20.0), Err(appearance::Error::Text { .. })));
    assert_eq!(Appearance::Strokes(strokes()).check(100.0, 40.0), Ok(()));
    assert_eq!(Appearance::Svg { svg: seal_svg() }.check(100.0, 100.0), Ok(()));
    assert!(matches!(
        Appearance::Svg { svg: "<html/>".into() }.check(9.0, 9.0),
        Err(appearance::Error::Svg { .. })
    ));
}
