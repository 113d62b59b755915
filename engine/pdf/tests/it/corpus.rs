//! Why: files come in every form that PDF has, written by many programs; each must be signed without moving a byte of it, and
//! programs by others must agree.

use std::thread;

use lopdf::{Document, dictionary};
use sealflow_pdf::{begin, inspect, inspect::Error, prepare, repair, validate};

use crate::{
    signing::revisions,
    support::{
        contract_fields,
        kinds::{corpus, encrypted, qpdf},
        pdf::{self, Xref},
        person_request,
        pki::trust,
        tools::{folder, run},
    },
};

#[test]
fn every_kind_of_file_is_signed_twice_and_every_judge_agrees() {
    let files = corpus();
    thread::scope(|scope| {
        for part in files.chunks(files.len().div_ceil(2)) {
            scope.spawn(|| part.iter().for_each(|(name, file, encrypted)| judged(name, file, *encrypted)));
        }
    });
}

pub(crate) fn judged(name: &str, file: &[u8], encrypted: bool) {
    assert!(inspect(file).unwrap().page_count > 0, "{name}");
    let [prepared, once, twice] = revisions(file, 1, false);
    let header = file.windows(5).position(|window| window == b"%PDF-").unwrap();
    assert!(prepared.starts_with(&file[header..]), "{name}: the original was moved");
    assert!(once.starts_with(&prepared) && twice.starts_with(&once), "{name}");
    let report = validate(&twice, &trust()).unwrap();
    assert!(report.passed() && report.signatures.len() == 2, "{name}: {report:#?}");

    let folder = folder(&twice);
    let (good, text) = run("qpdf", "qpdf", &["--check", "file.pdf"], folder.path());
    assert!(good && !text.contains("WARNING"), "{name}: {text}");
    let mut arguments =
        vec!["sign", "validate", "--no-strict-syntax", "--trust", "ca.pem", "--pretty-print", "file.pdf"];
    if encrypted {
        arguments.splice(2..2, ["--password", ""]);
    }
    let (good, text) = run("pyhanko", "pyHanko", &arguments, folder.path());
    assert!(good && text.matches("The signature is judged VALID.").count() == 2, "{name}: {text}");
    let (_, text) = run("pdfsig", "poppler-utils", &["-nocert", "file.pdf"], folder.path());
    assert_eq!(text.matches("Signature Validation: Signature is Valid.").count(), 2, "{name}: {text}");
    let (_, text) = run("mutool", "mupdf-tools", &["sign", "-v", "file.pdf"], folder.path());
    assert!(
        text.contains("The signature is valid but there have been edits since signing."),
        "{name}: {text}"
    );
    assert!(text.contains("The document is unchanged since signing."), "{name}: {text}");
    let (_, text) = run("pdftotext", "poppler-utils", &["file.pdf", "-"], folder.path());
    assert!(text.contains("2026年1月15日") && text.contains("2026年1月16日"), "{name}: {text}");
}

#[test]
fn a_file_that_wants_a_password_is_refused() {
    let locked = qpdf(&["--encrypt", "user", "owner", "256", "--"]);
    assert_eq!(inspect(&locked), Err(Error::Encrypted));
    assert!(prepare(&locked, &contract_fields(1)).is_err());
}

#[test]
fn what_is_written_into_an_encrypted_file_is_encrypted() {
    let file = encrypted(&["256"]);
    let [_, once, _] = revisions(&file, 1, false);
    let added = String::from_utf8_lossy(&once[file.len()..]).into_owned();
    // Names of fields and the reason of the signature, in the clear or as UTF-16.
    for word in ["person_signature", "company_seal", "7b7e7f725408540c"] {
        assert!(!added.contains(word), "{word} can be read");
    }
    let plain = qpdf(&[]);
    let [_, once, _] = revisions(&plain, 1, false);
    let added = String::from_utf8_lossy(&once[plain.len()..]).into_owned();
    assert!(added.contains("person_signature") && added.contains("7b7e7f725408540c"));
}

/// The damages that mailers and scanners do, each with how many of three pages are left.
fn damages(file: &[u8]) -> Vec<(&'static str, Vec<u8>, usize)> {
    let tail = file.windows(9).rposition(|window| window == b"startxref").unwrap();
    let mut wrong_offset = file[..tail].to_vec();
    wrong_offset.extend_from_slice(b"startxref\n7\n%%EOF\n");
    let text = String::from_utf8_lossy(file).into_owned();
    // A mailer that turns line ends into two bytes each; what is encrypted cannot be read after it by anyone.
    let newlines = if text.contains("xref\n0 ") && !text.contains("/Encrypt") {
        let mut longer = Vec::new();
        for byte in file {
            if *byte == b'\n' {
                longer.push(b'\r');
            }
            longer.push(*byte);
        }
        Some(("line ends changed", longer, 3))
    } else {
        None
    };
    [
        Some(("no startxref", file[..tail].to_vec(), 3)),
        Some(("a wrong startxref", wrong_offset, 3)),
        Some(("bytes within", [&file[..9], b"% added by a gateway\n", &file[9..]].concat(), 3)),
        newlines,
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[test]
fn damaged_files_are_repaired_once_and_can_be_signed() {
    for (name, file) in [
        ("table", pdf::file(Xref::Table, 3, 0)),
        ("object streams", qpdf(&["--object-streams=generate"])),
        ("encrypted", encrypted(&["256"])),
    ] {
        for (damage, damaged, pages) in damages(&file) {
            assert!(matches!(inspect(&damaged), Err(Error::Damaged { .. })), "{name}, {damage}");
            let repaired = repair(&damaged).unwrap_or_else(|error| panic!("{name}, {damage}: {error}"));
            assert_eq!(inspect(&repaired).unwrap().page_count, pages, "{name}, {damage}");
            let (good, text) = run("qpdf", "qpdf", &["--check", "file.pdf"], folder(&repaired).path());
            assert!(good && !text.contains("WARNING"), "{name}, {damage}: {text}");
            let (_, text) = run("pdftotext", "poppler-utils", &["file.pdf", "-"], folder(&repaired).path());
            assert!(text.contains("Contract, page 3"), "{name}, {damage}: {text}");
            let [.., twice] = revisions(&repaired, 2, false);
            assert!(validate(&twice, &trust()).unwrap().passed(), "{name}, {damage}");
        }
    }
}

#[test]
fn a_signed_file_is_never_rewritten() {
    for xref in pdf::BOTH {
        let [prepared, once, _] = revisions(&pdf::file(xref, 2, 0), 1, false);
        let cut = &once[..once.len() - 30];
        assert!(matches!(inspect(cut), Err(Error::Damaged { .. })));
        assert_eq!(repair(cut), Err(Error::SignedAndDamaged), "{xref:?}");
        assert!(repair(&prepared[..prepared.len() - 30]).is_ok(), "{xref:?}");
    }
    // A signature within an object stream is found too.
    let mut document = Document::load_mem(&revisions(&pdf::file(Xref::Table, 1, 0), 1, false)[1]).unwrap();
    document.trailer.set("Producer", dictionary! {});
    let packed = pdf::save(document, Xref::Stream);
    assert_eq!(repair(&packed[..packed.len() - 30]), Err(Error::SignedAndDamaged));
}

#[test]
fn a_page_whose_content_is_lost_is_not_saved() {
    let file = pdf::file(Xref::Table, 3, 0);
    let text = String::from_utf8_lossy(&file).into_owned();
    let content = text.find("Contract, page 2").unwrap();
    let begin = text[..content].rfind(" obj").unwrap();
    let mut lost = file.clone();
    lost[begin..begin + 4].copy_from_slice(b" abj");
    let error = repair(&lost[..lost.len() - 30]).unwrap_err().to_string();
    assert!(error.contains("the content of page object"), "{error}");
    assert!(repair(&file[..file.len() - 30]).is_ok());
}

#[test]
fn what_holds_nothing_is_not_repaired() {
    assert_eq!(repair(b""), Err(Error::Empty));
    assert_eq!(repair(b"text"), Err(Error::NotAPdf));
    assert!(matches!(repair(b"%PDF-1.7\n1 0 obj\n<</Type/Catalog>>\nendobj\n"), Err(Error::Damaged { .. })));
}

#[test]
fn the_cost_of_a_signature_follows_the_change() {
    let added = |pages| {
        let file = pdf::file(Xref::Table, pages, 0);
        let prepared = prepare(&file, &contract_fields(1)).unwrap();
        let begun = begin(&prepared, &person_request()).unwrap();
        (prepared.len() - file.len(), begun.bytes.len() - prepared.len())
    };
    let (few, many) = (added(2), added(2_000));
    assert!(many.0 < few.0 + 200 && many.1 < few.1 + 200, "{few:?}, {many:?}");
}
