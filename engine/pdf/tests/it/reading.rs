//! Why: files come from many writers, and some are of two minds about their cross-reference.

use sealflow_pdf::{Appearance, appearance, inspect, inspect::Error, validate};

use crate::{
    signing::revisions,
    support::{
        kinds::hybrid,
        pdf::{self, Xref},
        pki::trust,
        seal_svg, strokes, text,
        tools::{folder, run},
    },
};

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
    for missing in ['\u{e000}', '😀'] {
        let Err(appearance::Error::Glyph { character }) = text(&format!("好{missing}")).check(100.0, 20.0)
        else {
            unreachable!("{missing:?} is in no font")
        };
        assert_eq!(character, missing);
    }
    assert_eq!(Appearance::Strokes(strokes()).check(100.0, 40.0), Ok(()));
    assert_eq!(Appearance::Svg { svg: seal_svg() }.check(100.0, 100.0), Ok(()));
    assert!(matches!(
        Appearance::Svg { svg: "<html/>".into() }.check(9.0, 9.0),
        Err(appearance::Error::Svg { .. })
    ));
}
