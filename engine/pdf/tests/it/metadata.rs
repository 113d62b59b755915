//! Why: Acrobat writes a file's XMP metadata anew with every signature, which is no forgery; but a stream that a page draws as
//! well must not pass as metadata.

use lopdf::{Dictionary, Document, Object, Stream, dictionary};
use sealflow_pdf::{validate, validate::Verdict};

use crate::{
    signing::revisions,
    support::{
        attack::append,
        pdf::{self, BOTH, Xref},
        pki::trust,
    },
};

/// The metadata's number; objects of streams are compressed apart, so it stands by itself.
const METADATA: u32 = 100;

fn xmp(keys: &str, text: &str) -> Vec<u8> {
    format!("<<{keys}/Length {}>>\nstream\n{text}\nendstream", text.len()).into_bytes()
}

/// A file with metadata in its catalog, signed once; `more` may make it refer to them elsewhere.
fn signed(xref: Xref, more: impl FnOnce(&mut Document)) -> Vec<u8> {
    let mut document = pdf::document(1, 0);
    let keys = dictionary! {"Type" => "Metadata", "Subtype" => "XML"};
    document.objects.insert((METADATA, 0), Object::Stream(Stream::new(keys, b"<x:xmpmeta/>".to_vec())));
    document.max_id = METADATA;
    catalog(&mut document).set("Metadata", Object::Reference((METADATA, 0)));
    more(&mut document);
    let [_, once, _] = revisions(&pdf::save(document, xref), 1, false);
    assert!(validate(&once, &trust()).unwrap().passed());
    once
}

fn catalog(document: &mut Document) -> &mut Dictionary {
    let root = document.trailer.get(b"Root").unwrap().as_reference().unwrap();
    document.get_object_mut(root).unwrap().as_dict_mut().unwrap()
}

/// The verdict, and what is said of the overwritten object.
fn judged(file: &[u8]) -> (Verdict, String, bool) {
    let first = validate(file, &trust()).unwrap().signatures.remove(0);
    let change = first.changes_after.first().unwrap();
    (first.verdict, change.kind.clone(), change.allowed)
}

const KEYS: &str = "/Type/Metadata/Subtype/XML";

#[test]
fn metadata_may_be_written_anew() {
    for xref in BOTH {
        let once = signed(xref, |_| {});
        let again = append(&once, &[(METADATA, xmp(KEYS, "<x:xmpmeta>2027</x:xmpmeta>"))]);
        assert_eq!(judged(&again), (Verdict::TotalPassed, "metadata_changed".to_owned(), true), "{xref:?}");
    }
}

#[test]
fn what_is_more_than_metadata_may_not() {
    let refused = (Verdict::TotalFailed, "object_changed".to_owned(), false);
    let once = signed(Xref::Table, |_| {});
    for keys in [
        "/Type/XObject/Subtype/Form",
        "/Type/Metadata/Subtype/Form",
        "/Subtype/XML",
        "/Type/Metadata/Subtype/XML/BBox[0 0 9 9]",
    ] {
        assert_eq!(judged(&append(&once, &[(METADATA, xmp(keys, "0 0 9 9 re f"))])), refused, "{keys}");
    }
    assert_eq!(judged(&append(&once, &[(METADATA, b"<</Type/Metadata/Subtype/XML>>".to_vec())])), refused);

    let reference = || Object::Reference((METADATA, 0));
    let page = |document: &mut Document| {
        let page = document.get_pages()[&1];
        document.get_object_mut(page).unwrap().as_dict_mut().unwrap().set("Contents", reference());
    };
    let other = |document: &mut Document| catalog(document).set("OpenAction", vec![reference()]);
    let information = |document: &mut Document| document.trailer.set("Info", reference());
    for (name, once) in [
        ("a page draws it", signed(Xref::Table, page)),
        ("the catalog names it twice", signed(Xref::Table, other)),
        ("the trailer names it", signed(Xref::Table, information)),
    ] {
        assert_eq!(judged(&append(&once, &[(METADATA, xmp(KEYS, "0 0 9 9 re f"))])), refused, "{name}");
    }
}
