//! Why: some forgeries need a file of which every byte is chosen, and revisions with other trailers and generations.

use sealflow_pdf::{Digest, PreparedSignature, sign::DigestAlgorithm};

use super::{attack::startxref, pki::pki};

/// An object, as it is written.
#[derive(Debug, Clone)]
pub(crate) struct Raw {
    pub(crate) number: u32,
    pub(crate) generation: u16,
    pub(crate) body: Vec<u8>,
}

pub(crate) fn raw(number: u32, body: impl Into<Vec<u8>>) -> Raw {
    Raw { number, generation: 0, body: body.into() }
}

/// A stream with these entries.
pub(crate) fn stream(entries: &str, data: &str) -> String {
    format!("<<{entries}/Length {}>>stream\n{data}\nendstream", data.chars().count())
}

/// A whole file of these objects; the first is the catalog.
pub(crate) fn file(objects: &[Raw], trailer: &str) -> Vec<u8> {
    let size = objects.iter().map(|object| object.number + 1).max().unwrap();
    let entries = format!("/Size {size}/Root {} 0 R{trailer}", objects[0].number);
    written(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n".to_vec(), objects, &entries)
}

/// Appends a revision; `trailer` says its entries beside `/Prev`.
pub(crate) fn revise(pdf: &[u8], objects: &[Raw], trailer: &str) -> Vec<u8> {
    written(pdf.to_vec(), objects, &format!("{trailer}/Prev {}", startxref(pdf)))
}

fn written(mut out: Vec<u8>, objects: &[Raw], trailer: &str) -> Vec<u8> {
    let mut table = String::from("xref\n0 1\n0000000000 65535 f \n");
    for Raw { number, generation, body } in objects {
        table.push_str(&format!("{number} 1\n{:010} {generation:05} n \n", out.len()));
        out.extend_from_slice(format!("{number} {generation} obj\n").as_bytes());
        out.extend_from_slice(body);
        out.extend_from_slice(b"\nendobj\n");
    }
    let at = out.len();
    out.extend_from_slice(format!("{table}trailer\n<<").as_bytes());
    out.extend(bytes(trailer));
    out.extend_from_slice(format!(">>\nstartxref\n{at}\n%%EOF\n").as_bytes());
    out
}

/// The bytes of a text with a character for a byte.
pub(crate) fn bytes(text: &str) -> Vec<u8> {
    text.chars().map(|character| u8::try_from(character).unwrap()).collect()
}

/// Where the text is in the file first, in bytes.
pub(crate) fn place(pdf: &[u8], text: &str) -> usize {
    pdf.windows(text.len()).position(|window| window == text.as_bytes()).unwrap()
}

/// The file as text with a character for a byte.
pub(crate) fn characters(pdf: &[u8]) -> String {
    pdf.iter().copied().map(char::from).collect()
}

/// The entries of the last trailer, without `/Prev`.
pub(crate) fn trailer(pdf: &[u8]) -> String {
    let text = characters(pdf);
    let last = &text[text.rfind("trailer").unwrap()..text.rfind("startxref").unwrap()];
    let entries = &last[last.find("<<").unwrap() + 2..last.rfind(">>").unwrap()];
    match entries.find("/Prev ") {
        Some(at) => {
            let rest = entries[at + 6..].trim_start_matches(|c: char| c.is_ascii_digit());
            format!("{}{rest}", &entries[..at])
        }
        None => entries.to_owned(),
    }
}

/// What the newest object of this number says.
pub(crate) fn newest(pdf: &[u8], number: u32) -> String {
    let text = characters(pdf);
    let begins = format!("\n{number} 0 obj\n");
    let body = &text[text.rfind(&begins).unwrap() + begins.len()..];
    body[..body.find("\nendobj").unwrap()].to_owned()
}

/// Entries of a signature dictionary with room for what [`sign`] puts in.
pub(crate) fn holed_signature() -> String {
    let (number, hole) = ("0".repeat(10), "0".repeat(2 * 4096));
    format!(
        "/Type/Sig/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached/ByteRange[0 {number} {number} {number}]/Contents<{hole}>"
    )
}

/// The person signs all bytes of a file that ends with a signature dictionary by hand.
pub(crate) fn sign(mut pdf: Vec<u8>) -> Vec<u8> {
    const RANGE: &str = "/ByteRange[0 0000000000 ";
    let range_at = place(&pdf, RANGE) + RANGE.len() - 11;
    let hole_start = place(&pdf[range_at..], "/Contents<") + range_at + 9;
    let hole_end = hole_start + pdf[hole_start..].iter().position(|byte| *byte == b'>').unwrap() + 1;
    let rest = pdf.len() - hole_end;
    let range = format!("{hole_start:010} {hole_end:010} {rest:010}");
    pdf[range_at..range_at + range.len()].copy_from_slice(range.as_bytes());
    let digest = openssl::sha::sha256(&[&pdf[..hole_start], &pdf[hole_end..]].concat());
    let prepared = PreparedSignature {
        bytes: pdf,
        byte_range: [0, hole_start, hole_end, rest],
        digest: Digest { algorithm: DigestAlgorithm::Sha256, value: digest.to_vec() },
    };
    pki().person.finish(prepared, false)
}
