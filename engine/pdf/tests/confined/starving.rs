//! Why: each of these files is small, and made so that reading it the plain way takes minutes or gigabytes: something long is asked
//! for by many, or compared with as many others.

use std::io::Write as _;

use sealflow_pdf::{Rect, SignRequest, sign::NewField};

use super::hostile::{CATALOG, assemble};
use crate::support::{attack, person_request, pki::pki};

/// Pages that are streams, all of one length, which is a text of so many bytes.
pub(crate) fn shared_length(pages: usize, bytes: usize) -> Vec<u8> {
    let length = pages + 3;
    let kids: String = (0..pages).map(|page| format!("{} 0 R ", page + 3)).collect();
    let mut objects =
        vec![CATALOG.to_vec(), format!("<</Type/Pages/Kids[{kids}]/Count {pages}>>").into_bytes()];
    let page = format!("<</Type/Page/Parent 2 0 R/Length {length} 0 R>>\nstream\n\nendstream");
    objects.extend((0..pages).map(|_| page.clone().into_bytes()));
    objects.push(format!("({})", "x".repeat(bytes)).into_bytes());
    assemble(&objects, "")
}

/// Tables that all hide the objects of one stream, whose dictionary holds a text of so many bytes.
pub(crate) fn shared_hidden_stream(tables: usize, bytes: usize) -> Vec<u8> {
    let mut out = b"%PDF-1.7\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n".to_vec();
    let hidden = out.len();
    let filling = "x".repeat(bytes);
    write!(out, "3 0 obj\n<</Type/XRef/Size 1/W[1 1 1]/Length 3/A({filling})>>\nstream\n").unwrap();
    out.extend_from_slice(b"\0\0\0\nendstream\nendobj\n");
    let mut previous = String::new();
    for _ in 0..tables {
        let at = out.len();
        write!(
            out,
            "xref\n0 1\n0000000000 65535 f \ntrailer\n<</Size 4/Root 1 0 R/XRefStm {hidden}{previous}>>\n"
        )
        .unwrap();
        previous = format!("/Prev {at}");
        write!(out, "startxref\n{at}\n%%EOF\n").unwrap();
    }
    out
}

/// A field of a long name whose kids are one and the same.
pub(crate) fn repeated_kids(count: usize) -> Vec<u8> {
    let catalog = b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[4 0 R]>>>>".to_vec();
    let mut objects = vec![catalog, b"<</Type/Pages/Kids[3 0 R]/Count 1>>".to_vec()];
    objects.push(b"<</Type/Page/Parent 2 0 R>>".to_vec());
    let kids = "5 0 R ".repeat(count);
    objects.push(format!("<</FT/Tx/T({})/Kids[{kids}]>>", "n".repeat(4_000)).into_bytes());
    objects.push(b"<</T(k)>>".to_vec());
    assemble(&objects, "")
}

/// Objects, each at the end of a stream of its own; `numbers` are those of the stream's other objects.
fn in_object_streams(
    objects: &[String],
    numbers: impl Fn(usize) -> std::ops::Range<usize>,
    first_stream: usize,
) -> Vec<u8> {
    let mut out = b"%PDF-1.7\n".to_vec();
    let mut rows: Vec<[u8; 8]> = vec![[0; 8]];
    for at in 0..objects.len() {
        let stream = u32::try_from(first_stream + at).unwrap().to_be_bytes();
        rows.push([2, stream[0], stream[1], stream[2], stream[3], 0, 0, 0]);
    }
    for (at, object) in objects.iter().enumerate() {
        let mut plain = format!("{} 0 ", at + 1);
        let others = numbers(at);
        let count = others.len() + 1;
        for number in others {
            plain.push_str(&format!("{number} 0 "));
        }
        let first = plain.len();
        plain.push_str(object);
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(plain.as_bytes()).unwrap();
        let packed = encoder.finish().unwrap();
        let offset = u32::try_from(out.len()).unwrap().to_be_bytes();
        rows.push([1, offset[0], offset[1], offset[2], offset[3], 0, 0, 0]);
        write!(
            out,
            "{} 0 obj\n<</Type/ObjStm/N {count}/First {first}/Filter/FlateDecode/Length {}>>\nstream\n",
            first_stream + at,
            packed.len()
        )
        .unwrap();
        out.extend_from_slice(&packed);
        out.extend_from_slice(b"\nendstream\nendobj\n");
    }
    let at = out.len();
    let size = first_stream + objects.len() + 1;
    let data = rows.concat();
    write!(
        out,
        "{} 0 obj\n<</Type/XRef/Size {size}/Index[0 {} {first_stream} {}]/W[1 4 3]/Root 1 0 R/Length {}>>\nstream\n",
        size - 1,
        objects.len() + 1,
        objects.len(),
        data.len()
    )
    .unwrap();
    out.extend_from_slice(&data);
    write!(out, "\nendstream\nendobj\nstartxref\n{at}\n%%EOF\n").unwrap();
    out
}

fn page_objects(pages: usize) -> Vec<String> {
    let kids: String = (0..pages).map(|page| format!("{} 0 R ", page + 3)).collect();
    let mut objects = vec![
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        format!("<</Type/Pages/Kids[{kids}]/Count {pages}>>"),
    ];
    objects.extend((0..pages).map(|_| "<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>".to_owned()));
    objects
}

/// Object streams that hold one object, and name so many others that their index takes more than they do.
pub(crate) fn crowded_indexes(pages: usize) -> Vec<u8> {
    const EACH: usize = 1_000_000;
    in_object_streams(&page_objects(pages), |at| at * EACH..(at + 1) * EACH, 100)
}

/// The page is said to be in an object stream that is itself said to be in the stream of the catalog.
pub(crate) fn nested_object_streams() -> Vec<u8> {
    let file = in_object_streams(&page_objects(1), |_| 0..0, 10);
    let row = |container: u8| [2, 0, 0, 0, container, 0, 0, 0];
    let place = |row: &[u8]| file.windows(8).position(|window| window == row).unwrap();
    // The row of object stream 12 is the fifth after that of the page.
    let of_stream = place(&row(12)) + 3 * 8;
    let mut file = file;
    file[of_stream..of_stream + 8].copy_from_slice(&row(10));
    file
}

/// A cross-reference stream that is packed so often, and a page's content too.
pub(crate) fn chain_of_filters(count: usize) -> Vec<u8> {
    let filters = "/FlateDecode".repeat(count);
    let mut out = b"%PDF-1.7\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n".to_vec();
    let at = out.len();
    write!(out, "2 0 obj\n<</Type/XRef/Size 3/W[1 2 1]/Root 1 0 R/Filter[{filters}]/Length 4>>\nstream\n")
        .unwrap();
    write!(out, "abcd\nendstream\nendobj\nstartxref\n{at}\n%%EOF\n").unwrap();
    out
}

/// The table names one object, with the largest number that 32 bits hold.
pub(crate) fn far_object() -> Vec<u8> {
    let file = assemble(&[CATALOG.to_vec()], "");
    let text = String::from_utf8(file).unwrap();
    text.replace("xref\n0 2\n", "xref\n4294967294 2\n").into_bytes()
}

/// A page and a field that are their own parents.
pub(crate) fn own_parent() -> Vec<u8> {
    let catalog = b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[4 0 R]>>>>".to_vec();
    let tree = b"<</Type/Pages/Kids[3 0 R]/Count 1/Parent 2 0 R>>".to_vec();
    let page = b"<</Type/Page/Parent 3 0 R/Annots[4 0 R]>>".to_vec();
    let field = b"<</FT/Sig/T(s)/Parent 4 0 R/V 4 0 R/Kids[4 0 R]>>".to_vec();
    assemble(&[catalog, tree, page, field], "")
}

/// A file of so many revisions in which nothing changes.
pub(crate) fn revisions(count: usize) -> Vec<u8> {
    let mut out = assemble(&[CATALOG.to_vec(), b"<</Type/Pages/Kids[]/Count 0>>".to_vec()], "");
    for _ in 1..count {
        append(&mut out, &[], 3);
    }
    out
}

/// Adds a revision with these objects.
fn append(out: &mut Vec<u8>, objects: &[(u32, String)], size: u32) {
    let previous = attack::startxref(out);
    let mut table = String::from("xref\n0 0\n");
    for (number, body) in objects {
        table.push_str(&format!("{number} 1\n{:010} 00000 n \n", out.len()));
        write!(out, "{number} 0 obj\n{body}\nendobj\n").unwrap();
    }
    let at = out.len();
    write!(out, "{table}trailer\n<</Size {size}/Root 1 0 R/Prev {previous}>>\nstartxref\n{at}\n%%EOF\n")
        .unwrap();
}

/// A signature over bytes that no machine can count.
pub(crate) fn endless_byte_range() -> Vec<u8> {
    let catalog = b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[4 0 R]>>>>".to_vec();
    let tree = b"<</Type/Pages/Kids[3 0 R]/Count 1>>".to_vec();
    let page = b"<</Type/Page/Parent 2 0 R/Annots[4 0 R]>>".to_vec();
    let most = i64::MAX;
    let value = format!("<</Type/Sig/ByteRange[0 {most} {most} {most}]/Contents<00>>>");
    let field = format!("<</FT/Sig/T(s)/V{value}>>").into_bytes();
    assemble(&[catalog, tree, page, field], "")
}

fn entries(names: usize, value: char) -> String {
    (0..names).map(|name| format!("/{name} {value}")).collect()
}

/// A signed file with these entries in its catalog.
fn signed(more: &str) -> Vec<u8> {
    let catalog = format!("<</Type/Catalog/Pages 2 0 R{more}>>").into_bytes();
    let tree = b"<</Type/Pages/Kids[3 0 R]/Count 1>>".to_vec();
    let page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>".to_vec();
    let file = assemble(&[catalog, tree, page], "");
    let place = NewField { page: 1, rect: Rect { x: 60.0, y: 60.0, width: 140.0, height: 60.0 } };
    let request = SignRequest { new_field: Some(place), appearances: Vec::new(), ..person_request() };
    let begun = sealflow_pdf::begin(&file, &request).unwrap();
    pki().person.finish(begun, false)
}

/// The newest text of an object that is written anew with every revision.
fn newest(file: &[u8], number: u32) -> String {
    let head = format!("\n{number} 0 obj\n");
    let at = file.windows(head.len()).rposition(|window| window == head.as_bytes()).unwrap() + head.len();
    let rest = &file[at..];
    let end = rest.windows(7).position(|window| window == b"\nendobj").unwrap();
    String::from_utf8(rest[..end].to_vec()).unwrap()
}

/// A signed catalog of so many entries, and a later one in which all are different.
pub(crate) fn other_catalog(names: usize) -> Vec<u8> {
    let mut file = signed(&entries(names, '1'));
    let catalog = newest(&file, 1).replace(" 1/", " 2/");
    append(&mut file, &[(1, catalog)], 100);
    file
}

/// A form with so many fonts, and a later one with as many more.
pub(crate) fn other_fonts(names: usize) -> Vec<u8> {
    let fonts = entries(names, '1');
    let mut file = signed(&format!("/AcroForm<</Fields[]/DR<</Font<<{fonts}>>>>>>"));
    let more: String = (0..names).map(|name| format!("/F{name} 1")).collect();
    let catalog = newest(&file, 1).replacen("/Font<<", &format!("/Font<<{more}"), 1);
    append(&mut file, &[(1, catalog)], 100);
    file
}
