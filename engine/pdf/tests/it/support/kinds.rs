//! Why: files come in every form that PDF has, written by many programs: one of each, for whoever wants to sign or to break it.

use std::fs;

use sealflow_pdf::{begin, prepare};

use super::{
    company_request, contract_fields,
    pdf::{self, Xref},
    person_request,
    pki::pki,
    tools::{folder, run},
};

/// Prepared, signed by the person, signed by the company.
pub(crate) fn revisions(original: &[u8], page: usize, timestamped: bool) -> [Vec<u8>; 3] {
    let prepared = prepare(original, &contract_fields(page)).unwrap();
    let once = pki().person.finish(begin(&prepared, &person_request()).unwrap(), timestamped);
    let twice = pki().company.finish(begin(&once, &company_request()).unwrap(), timestamped);
    [prepared, once, twice]
}

/// The plain file as qpdf writes it with these options.
pub(crate) fn qpdf(options: &[&str]) -> Vec<u8> {
    let folder = folder(&pdf::file(Xref::Table, 3, 0));
    let arguments = [options, &["--allow-weak-crypto", "file.pdf", "out.pdf"]].concat();
    let (good, text) = run("qpdf", "qpdf", &arguments, folder.path());
    assert!(good, "{options:?}: {text}");
    fs::read(folder.path().join("out.pdf")).unwrap()
}

fn mutool(options: &[&str]) -> Vec<u8> {
    let folder = folder(&pdf::file(Xref::Table, 3, 0));
    let arguments = [&["clean"], options, &["file.pdf", "out.pdf"]].concat();
    let (good, text) = run("mutool", "mupdf-tools", &arguments, folder.path());
    assert!(good, "{options:?}: {text}");
    fs::read(folder.path().join("out.pdf")).unwrap()
}

pub(crate) fn encrypted(options: &[&str]) -> Vec<u8> {
    qpdf(&[&["--encrypt", "", "owner"], options, &["--"]].concat())
}

/// Name, file, and whether it is encrypted.
pub(crate) fn corpus() -> Vec<(&'static str, Vec<u8>, bool)> {
    let junk = [b"\r\nX-Scanner: 7\r\n".as_slice(), &qpdf(&[])].concat();
    vec![
        ("table", qpdf(&[]), false),
        ("object streams", qpdf(&["--object-streams=generate"]), false),
        ("linearized", qpdf(&["--linearize"]), false),
        ("linearized, object streams", qpdf(&["--linearize", "--object-streams=generate"]), false),
        ("mutool", mutool(&[]), false),
        ("mutool, compressed", mutool(&["-gggg", "-z"]), false),
        ("hybrid", hybrid(), false),
        ("bytes before the header", junk, false),
        ("RC4, 40 bits", encrypted(&["40"]), true),
        ("RC4, 128 bits", encrypted(&["128", "--use-aes=n"]), true),
        ("AES, 128 bits", encrypted(&["128", "--use-aes=y"]), true),
        ("AES, 256 bits", encrypted(&["256"]), true),
        (
            "AES, 256 bits, object streams, linearized",
            qpdf(&["--linearize", "--object-streams=generate", "--encrypt", "", "owner", "256", "--"]),
            true,
        ),
    ]
}

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
