//! Why: forgers write revisions of their own; this writes them, by other code than the crate's.

use std::fmt::Write as _;

use lopdf::{Document, Object, ObjectId, dictionary};
use sealflow_pdf::{
    validate,
    validate::{Change, Verdict},
};

use super::pki::trust;

/// Appends a revision with a cross-reference table that puts these bodies into these objects.
pub(crate) fn append(pdf: &[u8], objects: &[(u32, Vec<u8>)]) -> Vec<u8> {
    let document = Document::load_mem(pdf).unwrap();
    let root = document.trailer.get(b"Root").unwrap().as_reference().unwrap();
    let mut out = pdf.to_vec();
    let mut table = String::from("xref\n");
    let mut size = document.max_id + 1;
    for (number, body) in objects {
        writeln!(table, "{number} 1\n{:010} 00000 n ", out.len()).unwrap();
        out.extend_from_slice(format!("{number} 0 obj\n").as_bytes());
        out.extend_from_slice(body);
        out.extend_from_slice(b"\nendobj\n");
        size = size.max(number + 1);
    }
    let at = out.len();
    let previous = startxref(pdf);
    out.extend_from_slice(table.as_bytes());
    let trailer = format!(
        "trailer\n<</Size {size}/Root {} {} R/Prev {previous}>>\nstartxref\n{at}\n%%EOF\n",
        root.0, root.1
    );
    out.extend_from_slice(trailer.as_bytes());
    out
}

pub(crate) fn startxref(pdf: &[u8]) -> usize {
    let text = String::from_utf8_lossy(&pdf[pdf.len() - 64..]).into_owned();
    text.split("startxref").last().unwrap().split_whitespace().next().unwrap().parse().unwrap()
}

/// What is in an object, as bytes to be changed.
pub(crate) fn body(pdf: &[u8], id: ObjectId) -> String {
    let document = Document::load_mem(pdf).unwrap();
    let mut alone = Document::with_version("1.7");
    alone.objects.insert((1, 0), document.get_object(id).unwrap().clone());
    alone.trailer.set("Root", dictionary! {});
    let mut bytes = Vec::new();
    alone.save_to(&mut bytes).unwrap();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    text.split("1 0 obj").nth(1).unwrap().split("endobj").next().unwrap().trim().to_owned()
}

/// The id of the form field with this name.
pub(crate) fn field_id(pdf: &[u8], name: &str) -> ObjectId {
    let document = Document::load_mem(pdf).unwrap();
    let is = |object: &Object| {
        object
            .as_dict()
            .is_ok_and(|d| d.get(b"T").and_then(Object::as_str).is_ok_and(|t| t == name.as_bytes()))
    };
    *document.objects.iter().find(|(_, object)| is(object)).unwrap().0
}

/// The id of a page.
pub(crate) fn page_id(pdf: &[u8], page: u32) -> ObjectId {
    Document::load_mem(pdf).unwrap().get_pages()[&page]
}

/// Appends nothing but a cross-reference that has an object begin elsewhere.
pub(crate) fn point_to(pdf: &[u8], number: u32, offset: usize) -> Vec<u8> {
    let document = Document::load_mem(pdf).unwrap();
    let root = document.trailer.get(b"Root").unwrap().as_reference().unwrap();
    let text = format!(
        "xref\n{number} 1\n{offset:010} 00000 n \ntrailer\n<</Size {}/Root {} {} R/Prev {}>>\nstartxref\n{}\n%%EOF\n",
        document.max_id + 1,
        root.0,
        root.1,
        startxref(pdf),
        pdf.len()
    );
    [pdf, text.as_bytes()].concat()
}

/// The first signature's verdict, and what was changed after it.
pub(crate) fn judged(file: &[u8]) -> (Verdict, Vec<Change>) {
    let first = validate(file, &trust()).unwrap().signatures.remove(0);
    (first.verdict, first.changes_after)
}

/// The first signature fails for a change of this kind.
pub(crate) fn refused(name: &str, kind: &str, file: &[u8]) {
    let (verdict, changes) = judged(file);
    assert_eq!(verdict, Verdict::TotalFailed, "{name}: {changes:?}");
    let told = changes.iter().any(|change| change.kind == kind && !change.allowed);
    assert!(told, "{name}: {changes:?}");
}
