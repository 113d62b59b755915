//! Why: each of these files has broken or starved some reader.

use std::io::Write as _;

/// Writes objects with a cross-reference table; object 1 is the catalog.
pub(crate) fn assemble(objects: &[Vec<u8>], trailer: &str) -> Vec<u8> {
    let mut out = b"%PDF-1.7\n".to_vec();
    let mut offsets = Vec::new();
    for (index, body) in objects.iter().enumerate() {
        offsets.push(out.len());
        writeln!(out, "{} 0 obj", index + 1).unwrap();
        out.extend_from_slice(body);
        out.extend_from_slice(b"\nendobj\n");
    }
    let at = out.len();
    write!(out, "xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).unwrap();
    for offset in offsets {
        writeln!(out, "{offset:010} 00000 n ").unwrap();
    }
    write!(out, "trailer\n<</Size {}/Root 1 0 R{trailer}>>\nstartxref\n{at}\n%%EOF\n", objects.len() + 1)
        .unwrap();
    out
}

pub(crate) const CATALOG: &[u8] = b"<</Type/Catalog/Pages 2 0 R>>";

/// Each stream's length is the next stream.
pub(crate) fn chain_of_lengths(count: usize) -> Vec<u8> {
    let mut objects = vec![CATALOG.to_vec(), b"<</Type/Pages/Kids[3 0 R]/Count 1>>".to_vec()];
    objects.push(b"<</Type/Page/Parent 2 0 R/MediaBox 4 0 R/Contents 4 0 R>>".to_vec());
    for number in 4..4 + count {
        objects.push(format!("<</Length {} 0 R>>\nstream\nq Q\nendstream", number + 1).into_bytes());
    }
    objects.push(b"3".to_vec());
    assemble(&objects, "")
}

pub(crate) fn deep_arrays(depth: usize) -> Vec<u8> {
    let deep = [vec![b'['; depth], vec![b']'; depth]].concat();
    let page = [b"<</Type/Page/Parent 2 0 R/Annots ".as_slice(), &deep, b">>"].concat();
    assemble(&[CATALOG.to_vec(), b"<</Type/Pages/Kids[3 0 R]/Count 1>>".to_vec(), page], "")
}

pub(crate) fn page_ring() -> Vec<u8> {
    assemble(&[CATALOG.to_vec(), b"<</Type/Pages/Kids[2 0 R 2 0 R]/Count 2>>".to_vec()], "")
}

pub(crate) fn revision_ring() -> Vec<u8> {
    let file = assemble(&[CATALOG.to_vec(), b"<</Type/Pages/Kids[]/Count 0>>".to_vec()], "/Prev 0000000000");
    let at = crate::support::attack::startxref(&file);
    let text = String::from_utf8(file).unwrap();
    text.replace("/Prev 0000000000", &format!("/Prev {at:010}")).into_bytes()
}

pub(crate) fn endless_table() -> Vec<u8> {
    let file = assemble(&[CATALOG.to_vec()], "");
    String::from_utf8(file).unwrap().replace("xref\n0 2\n", "xref\n0 4000000000\n").into_bytes()
}

/// Pages in object streams of 100 KB that unpack to 100 MB each.
pub(crate) fn swollen_object_streams(count: usize) -> Vec<u8> {
    let mut out = b"%PDF-1.7\n".to_vec();
    let mut rows: Vec<[u8; 6]> = vec![[0, 0, 0, 0, 0, 0]];
    let mut plain = Vec::new();
    let mut streams = Vec::new();
    for stream in 0..count {
        // Objects 1.. are in streams; the streams come after them.
        let object = match stream {
            0 => "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
            1 => {
                let kids: Vec<String> = (3..=count).map(|number| format!("{number} 0 R")).collect();
                format!("<</Type/Pages/Kids[{}]/Count {}>>", kids.join(" "), count - 2)
            }
            _ => "<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>".to_owned(),
        };
        plain.clear();
        let index = format!("{} 0 ", stream + 1);
        plain.extend_from_slice(index.as_bytes());
        plain.extend_from_slice(object.as_bytes());
        plain.resize(100_000_000, b' ');
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(&plain).unwrap();
        streams.push((index.len(), encoder.finish().unwrap()));
        let container = u8::try_from(count + 1 + stream).unwrap();
        rows.push([2, 0, 0, 0, container, 0]);
    }
    for (stream, (first, packed)) in streams.iter().enumerate() {
        let offset = u32::try_from(out.len()).unwrap().to_be_bytes();
        rows.push([1, offset[0], offset[1], offset[2], offset[3], 0]);
        let head = format!(
            "{} 0 obj\n<</Type/ObjStm/N 1/First {first}/Filter/FlateDecode/Length {}>>\nstream\n",
            count + 1 + stream,
            packed.len()
        );
        out.extend_from_slice(head.as_bytes());
        out.extend_from_slice(packed);
        out.extend_from_slice(b"\nendstream\nendobj\n");
    }
    let at = out.len();
    let offset = u32::try_from(at).unwrap().to_be_bytes();
    rows.push([1, offset[0], offset[1], offset[2], offset[3], 0]);
    let data = rows.concat();
    write!(
        out,
        "{} 0 obj\n<</Type/XRef/Size {}/W[1 4 1]/Root 1 0 R/Length {}>>\nstream\n",
        2 * count + 1,
        rows.len(),
        data.len()
    )
    .unwrap();
    out.extend_from_slice(&data);
    write!(out, "\nendstream\nendobj\nstartxref\n{at}\n%%EOF\n").unwrap();
    out
}

/// Revisions whose cross-reference streams are of 30 KB and unpack to 30 MB each.
pub(crate) fn swollen_revisions(count: usize) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(&vec![0; 30_000_000]).unwrap();
    let packed = encoder.finish().unwrap();
    let mut out = b"%PDF-1.7\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n".to_vec();
    let mut previous = String::new();
    for number in 0..count {
        let at = out.len();
        let head = format!(
            "{} 0 obj\n<</Type/XRef/Size 9/W[1 8 8]/Index[0 2]/Root 1 0 R{previous}/Filter/FlateDecode/Length {}>>\nstream\n",
            number + 3,
            packed.len()
        );
        out.extend_from_slice(head.as_bytes());
        out.extend_from_slice(&packed);
        write!(out, "\nendstream\nendobj\nstartxref\n{at}\n%%EOF\n").unwrap();
        previous = format!("/Prev {at}");
    }
    out
}

/// Pages whose strings do not end before the last one, so that each page is nearly as long as the file.
pub(crate) fn overlapping_strings(count: usize, filling: usize) -> Vec<u8> {
    let kids: String = (0..count).map(|page| format!("{} 0 R ", page + 3)).collect();
    let mut objects =
        vec![CATALOG.to_vec(), format!("<</Type/Pages/Kids[{kids}]/Count {count}>>").into_bytes()];
    for _ in 1..count {
        objects.push(format!("<</Type/Page/Parent 2 0 R/A({}", "x".repeat(filling)).into_bytes());
    }
    objects.push(format!("<</Type/Page/Parent 2 0 R/A({}", ")>>".repeat(count)).into_bytes());
    assemble(&objects, "")
}

/// A page with that many entries, in which every name comes twice.
pub(crate) fn crowded_dictionary(names: usize) -> Vec<u8> {
    let entries: String = (0..names).map(|name| format!("/{} 1", name / 2)).collect();
    let page = format!("<</Type/Page/Parent 2 0 R {entries}>>").into_bytes();
    assemble(&[CATALOG.to_vec(), b"<</Type/Pages/Kids[3 0 R]/Count 1>>".to_vec(), page], "")
}

/// A field of a long name, with many fields below it that inherit it.
pub(crate) fn long_field_names(count: usize) -> Vec<u8> {
    let catalog = b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[4 0 R]>>>>".to_vec();
    let mut objects = vec![catalog, b"<</Type/Pages/Kids[3 0 R]/Count 1>>".to_vec()];
    objects.push(b"<</Type/Page/Parent 2 0 R>>".to_vec());
    let kids: String = (0..count).map(|kid| format!("{} 0 R ", kid + 5)).collect();
    objects.push(format!("<</FT/Tx/T({})/Kids[{kids}]>>", "n".repeat(2_000_000)).into_bytes());
    objects.extend((0..count).map(|kid| format!("<</T({kid})>>").into_bytes()));
    assemble(&objects, "")
}
