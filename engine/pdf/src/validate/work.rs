//! Why: a file with many signatures is validated within the limits of a child process. That is so as long as a signature costs what
//! was changed after it, and not the whole file again.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is the test's failure")]

use std::fmt::Write as _;

use super::{Examination, Trust, examine_file};
use crate::{
    Appearance, FieldKind, FieldSpec, Rect, SignRequest,
    appearance::FieldAppearance,
    limits::HOLE_BYTES_MIN,
    read::file::File,
    sign::{self, DigestAlgorithm},
};

/// So many bear the slices of one seal.
const PAGES: usize = 9;
const SIGNERS: usize = 8;
const SVG: &str = r#"<svg xmlns="http://www.w3.org/2000/svg" width="40mm" height="40mm" viewBox="0 0 40 40"><circle cx="20" cy="20" r="19" fill="red"/></svg>"#;

/// A file of empty pages.
fn pages() -> Vec<u8> {
    let kids: Vec<String> = (0..PAGES).map(|page| format!("{} 0 R", page + 3)).collect();
    let pages = format!("<</Type/Pages/Count {PAGES}/MediaBox[0 0 595 842]/Kids[{}]>>", kids.join(" "));
    let page = || "<</Type/Page/Parent 2 0 R>>".to_owned();
    let bodies = ["<</Type/Catalog/Pages 2 0 R>>".to_owned(), pages].into_iter();
    let mut out = "%PDF-1.7\n".to_owned();
    let mut table = "0000000000 65535 f \n".to_owned();
    for (index, body) in bodies.chain((0..PAGES).map(|_| page())).enumerate() {
        writeln!(table, "{:010} 00000 n ", out.len()).unwrap();
        write!(out, "{} 0 obj\n{body}\nendobj\n", index + 1).unwrap();
    }
    let (at, size) = (out.len(), PAGES + 3);
    write!(out, "xref\n0 {size}\n{table}trailer\n<</Size {size}/Root 1 0 R>>\nstartxref\n{at}\n%%EOF\n")
        .unwrap();
    out.into_bytes()
}

/// The file with places for all signers, in which so many have put their seal across the pages. Where signatures should be
/// are zeros: what came after them is looked at all the same.
fn sealed(signers: usize) -> Vec<u8> {
    let rect = Rect { x: 0.0, y: 300.0, width: 119.0, height: 119.0 };
    let name = |signer: usize, what: &str| format!("signer{signer}_{what}");
    let fields =
        |signer| {
            [("mark", FieldKind::Signature), ("edge", FieldKind::CrossPageSeal)]
                .map(|(what, kind)| FieldSpec { name: name(signer, what), kind, page: 1, rect })
        };
    let specs: Vec<FieldSpec> = (0..SIGNERS).flat_map(fields).collect();
    let mut file = crate::prepare(&pages(), &specs).unwrap();
    for signer in 0..signers {
        let appearance = Appearance::Svg { svg: SVG.to_owned() };
        let request = SignRequest {
            field: name(signer, "mark"),
            new_field: None,
            appearances: vec![FieldAppearance { field: name(signer, "edge"), appearance }],
            signer_name: String::new(),
            reason: None,
            location: None,
            signed_at_ms: 0,
            hole_bytes: HOLE_BYTES_MIN,
            digest: DigestAlgorithm::Sha256,
        };
        file = sign::begin(file, &request).unwrap().bytes;
    }
    file
}

/// How many objects are parsed and how many sections read to judge the file, and what it is judged.
fn judged(pdf: &[u8]) -> ([usize; 2], Examination) {
    let file = File::open_with_revisions(pdf).unwrap();
    let examination = examine_file(&file, &Trust::default()).unwrap();
    ([file.parsed_objects(), file.read_sections()], examination)
}

#[test]
fn nothing_is_read_for_each_signature() {
    let file = sealed(SIGNERS);
    let ([parsed, sections], examination) = judged(&file);
    let signatures = examination.report.signatures;
    assert_eq!(signatures.len(), SIGNERS);
    for (index, signature) in signatures.iter().enumerate() {
        let changes = &signature.changes_after;
        assert!(changes.iter().all(|change| change.allowed), "{changes:?}");
        // Each later signer signs, and fills a field on each page.
        assert_eq!(changes.len(), (SIGNERS - 1 - index) * (PAGES + 1), "{changes:?}");
    }
    let written = file.windows(4).filter(|window| window == b" obj").count();
    assert!(parsed > SIGNERS * PAGES, "{parsed} objects were parsed");
    assert!(parsed <= written, "{parsed} objects were parsed, and {written} are in the file");
    // That of the empty pages, that of the fields, and one of each signer.
    assert_eq!(sections, SIGNERS + 2);
}
