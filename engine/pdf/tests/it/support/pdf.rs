//! Why: files of every form that matters, written by a library that has nothing to do with the one under test.

use lopdf::{Dictionary, Document, Object, SaveOptions, Stream, dictionary, xref::XrefType};

/// How the cross-reference is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Xref {
    Table,
    Stream,
}

pub(crate) const BOTH: [Xref; 2] = [Xref::Table, Xref::Stream];

/// A file of A4 pages that all have the same turn.
pub(crate) fn file(xref: Xref, pages: usize, rotate: i64) -> Vec<u8> {
    save(document(pages, rotate), xref)
}

pub(crate) fn document(pages: usize, rotate: i64) -> Document {
    let mut document = Document::with_version("1.7");
    let tree = document.new_object_id();
    let font =
        document.add_object(dictionary! {"Type" => "Font", "Subtype" => "Type1", "BaseFont" => "Helvetica"});
    let resources = document.add_object(dictionary! {"Font" => dictionary! {"F1" => font}});
    let kids: Vec<Object> = (1..=pages)
        .map(|number| {
            let text = format!("BT /F1 20 Tf 60 780 Td (Contract, page {number}) Tj ET 40 40 515 762 re S");
            let content = document.add_object(Stream::new(Dictionary::new(), text.into_bytes()));
            document
                .add_object(dictionary! {"Type" => "Page", "Parent" => tree, "Contents" => content, "Rotate" => rotate})
                .into()
        })
        .collect();
    let count = i64::try_from(pages).unwrap();
    let node = dictionary! {
        "Type" => "Pages", "Kids" => kids, "Count" => count, "Resources" => resources,
        "MediaBox" => vec![0.into(), 0.into(), 595.into(), 842.into()],
    };
    document.objects.insert(tree, Object::Dictionary(node));
    let catalog = document.add_object(dictionary! {"Type" => "Catalog", "Pages" => tree});
    document.trailer.set("Root", catalog);
    document
}

pub(crate) fn save(mut document: Document, xref: Xref) -> Vec<u8> {
    let mut bytes = Vec::new();
    match xref {
        Xref::Table => {
            document.reference_table.cross_reference_type = XrefType::CrossReferenceTable;
            document.save_to(&mut bytes).unwrap();
            assert!(bytes.windows(8).any(|window| window == b"trailer\n"));
        }
        Xref::Stream => {
            let options = SaveOptions::builder().use_object_streams(true).use_xref_streams(true).build();
            document.save_with_options(&mut bytes, options).unwrap();
        }
    }
    bytes
}

/// One page with nothing on it, its box not at the origin, shown 595 by 560 points before it is turned.
pub(crate) fn empty_page(rotate: i64) -> Vec<u8> {
    let mut document = document(1, rotate);
    let page = document.get_pages()[&1];
    let page = document.get_object_mut(page).unwrap().as_dict_mut().unwrap();
    page.remove(b"Contents");
    page.set("MediaBox", vec![(-20).into(), 30.into(), 700.into(), 900.into()]);
    page.set("CropBox", vec![10.into(), 40.into(), 605.into(), 600.into()]);
    save(document, Xref::Table)
}
