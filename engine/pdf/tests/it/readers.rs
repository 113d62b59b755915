//! Why: a reader that takes a file for damaged shows the last object of each number that it finds, and others do not. Who may add
//! to a signed file must not choose which of them see what, so what he adds has to be plain. Each irregular file stands here beside
//! the regular one.

use sealflow_pdf::{Rect, SignRequest, begin, sign::NewField, validate, validate::Verdict};

use crate::support::{
    attack::{judged, refused, startxref},
    person_request,
    pki::{pki, trust},
    raw::{self, Raw, newest, raw as object, revise, stream, trailer},
};

const PAY: &str = "BT /F1 20 Tf 60 700 Td (Pay 100      ) Tj ET";
const PAY_MORE: &str = "BT /F1 20 Tf 60 700 Td (Pay 1000000  ) Tj ET";
const FREE: &str = "0 1\n0000000000 65535 f \n";
const FIELD: &str =
    "<</Type/Annot/Subtype/Widget/FT/Tx/T(t)/Rect[300 300 400 320]/P 3 0 R/F 4/DA(/F1 9 Tf 0 g)>>";

/// A page with a field, and these bodies in the place of its objects' own.
fn objects(others: &[(u32, &str)]) -> Vec<Raw> {
    let page = "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F1 5 0 R>>>>/Contents 4 0 R/Annots[9 0 R]>>";
    let own = [
        (1, "<</Type/Catalog/Pages 2 0 R/AcroForm 8 0 R>>".to_owned()),
        (2, "<</Type/Pages/Kids[3 0 R]/Count 1>>".to_owned()),
        (3, page.to_owned()),
        (4, stream("", PAY)),
        (5, "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>".to_owned()),
        (8, "<</Fields[9 0 R]/SigFlags 3>>".to_owned()),
        (9, FIELD.to_owned()),
    ];
    let others = others.iter().map(|(number, body)| (*number, (*body).to_owned()));
    let bodies: std::collections::BTreeMap<u32, String> = own.into_iter().chain(others).collect();
    bodies.into_iter().map(|(number, body)| object(number, body)).collect()
}

fn signed_in(file: &[u8]) -> Vec<u8> {
    let new_field = Some(NewField { page: 1, rect: Rect { x: 60.0, y: 60.0, width: 90.0, height: 40.0 } });
    let request =
        SignRequest { field: "first".into(), new_field, appearances: Vec::new(), ..person_request() };
    let once = pki().person.finish(begin(file, &request).unwrap(), false);
    assert!(validate(&once, &trust()).unwrap().passed());
    once
}

fn signed(others: &[(u32, &str)]) -> Vec<u8> {
    signed_in(&raw::file(&objects(others), ""))
}

fn unchanged(name: &str, file: &[u8]) {
    assert_eq!(judged(file), (Verdict::TotalPassed, Vec::new()), "{name}");
}

/// A revision without objects: this table behind `before`, more of a trailer, and this end with the table's offset in it.
fn table(pdf: &[u8], before: &str, table: &str, more: &str, end: &str) -> Vec<u8> {
    let at = pdf.len();
    let entries = format!("{}{more}/Prev {}", trailer(pdf), startxref(pdf));
    let end = end.replace("AT", &at.to_string());
    [pdf, format!("{before}xref\n{table}trailer\n<<{entries}>>\n{end}").as_bytes()].concat()
}

const END: &str = "startxref\nAT\n%%EOF\n";

#[test]
fn a_table_is_written_as_all_read_it() {
    let once = signed(&[]);
    let tables = |written: &str| table(&once, "", written, "", END);
    for good in [FREE, "0 1\n0000000000 65535 f\r\n", "0 1\r\n0000000000 65535 f \n\n", "", "12 0\n"] {
        unchanged(good, &tables(good));
    }
    for bad in [
        "0 1\n0 65535 f\n",
        "0 1\n0000000000 65535 f\n",
        "0 1\n0000000000 65535 f  \n",
        "0 1\n%\n0000000000 65535 f \n",
        "%\n0 1\n0000000000 65535 f \n",
        "1 1\n0000000000 65535 f \n",
        "0 1\n0000000000 65536 f \n",
        "90 1\n0000000000 00000 n \n",
    ] {
        refused(bad, "revision_not_plain", &tables(bad));
    }
    for before in ["%\n", " "] {
        refused(before, "revision_not_plain", &table(&once, before, FREE, "", END));
    }
    refused("a key twice", "revision_not_plain", &table(&once, "", FREE, "/Size 90", END));
    // What is hidden in a stream beside the table, some see and some do not.
    let row = raw::characters(&section(&once, 90, &[[1, 9, 0]], "[90 1]", "[1 1 1]", ""));
    let end = format!("startxref\n{}\n%%EOF\n", once.len() + row.len());
    for (more, is_good) in [(String::new(), true), (format!("/XRefStm {}", once.len()), false)] {
        let file = table(&once, &row, FREE, &more, &end);
        if is_good { unchanged("beside", &file) } else { refused("hidden", "revision_not_plain", &file) }
    }
}

#[test]
fn the_end_is_where_all_look_for_it() {
    let once = signed(&[]);
    let ends = |end: &str| table(&once, "", FREE, "", end);
    let blank = |bytes: usize| format!("{END}{}", " ".repeat(bytes));
    for good in [END, "startxref\r\nAT\r\n%%EOF", "startxref AT %%EOF\n", &blank(900)] {
        unchanged(good, &ends(good));
    }
    let comment = format!("{END}%{}\n", "x".repeat(1_100));
    for bad in
        ["startxref %\nAT\n%%EOF\n", "startxref\nAT\n", "xstartxref\nAT\n%%EOF\n", &comment, &blank(1_100)]
    {
        let (verdict, _) = judged(&ends(bad));
        assert_eq!(verdict, Verdict::TotalFailed, "{bad}");
    }
    // White space behind the signature itself.
    for (bytes, verdict) in [(900, Verdict::TotalPassed), (1_100, Verdict::TotalFailed)] {
        assert_eq!(judged(&[once.as_slice(), &vec![b'\n'; bytes]].concat()).0, verdict, "{bytes}");
    }
}

/// A cross-reference stream of these rows, as an object.
fn section<const N: usize>(
    pdf: &[u8],
    number: u32,
    rows: &[[u8; N]],
    index: &str,
    widths: &str,
    more: &str,
) -> Vec<u8> {
    let data = rows.concat();
    let size = number + 1;
    let head = format!(
        "{number} 0 obj\n<</Type/XRef/Size {size}/Root 1 0 R/Prev {}/W{widths}/Index{index}/Length {}{more}>>stream\n",
        startxref(pdf),
        data.len()
    );
    [head.as_bytes(), &data, b"\nendstream\nendobj\n"].concat()
}

/// A revision of these bytes and a cross-reference stream with a row of one kind for each number.
fn streamed(pdf: &[u8], more: &[u8], rows: &[[u8; 7]], index: &str, entries: &str) -> Vec<u8> {
    let number = 95;
    let file = [pdf, more].concat();
    let at = file.len();
    let rows = [rows, &[place(at)]].concat();
    let own = section(pdf, number, &rows, index, "[1 4 2]", entries);
    [file, own, format!("startxref\n{at}\n%%EOF\n").into_bytes()].concat()
}

fn place(offset: usize) -> [u8; 7] {
    let [a, b, c, d] = u32::try_from(offset).unwrap().to_be_bytes();
    [1, a, b, c, d, 0, 0]
}

#[test]
fn a_cross_reference_stream_is_written_as_all_read_it() {
    let once = signed(&[]);
    let at = |more: &[u8], rows: &[[u8; 7]], index: &str| streamed(&once, more, rows, index, "");
    unchanged("one row", &at(b"", &[], "[95 1]"));
    unchanged("a free row", &at(b"", &[[0; 7]], "[94 2]"));
    for (name, rows, index) in [
        ("too few rows", &[][..], "[95 2]"),
        ("a negative number", &[], "[-1 95 1]"),
        ("half a pair", &[], "[95 1 7]"),
        ("an unknown kind", &[[3, 0, 0, 0, 0, 0, 0]], "[94 2]"),
    ] {
        refused(name, "revision_not_plain", &at(b"", rows, index));
    }
    for more in ["/Length 90", "/Type/XRef"] {
        refused(more, "revision_not_plain", &streamed(&once, b"", &[], "[95 1]", more));
    }
    // An object stream with a number that stands twice.
    let font = newest(&once, 5);
    let packed = |index: &str, other: &str| {
        let first = index.len();
        let body = stream(&format!("/Type/ObjStm/N 2/First {first}"), &format!("{index}{other}{font}"));
        let row = [2, 0, 0, 0, 94, 0, 1];
        at(format!("94 0 obj\n{body}\nendobj\n").as_bytes(), &[row, place(once.len())], "[5 1 94 2]")
    };
    let other = "<</Type/Font/Subtype/Type1/BaseFont/Courier>>";
    let index = |number: u32| format!("{number} 0 5 {} ", other.len());
    unchanged("two fonts", &packed(&index(93), other));
    refused("one font twice", "object_changed", &packed(&index(5), other));
}

/// A revision with the trailer of the one before.
fn and(file: &[u8], objects: &[(u32, &str)]) -> Vec<u8> {
    let objects: Vec<Raw> = objects.iter().map(|(number, body)| object(*number, raw::bytes(body))).collect();
    let entries = trailer(file);
    let (before, after) = entries.split_once("/Size ").unwrap();
    let rest = after.trim_start_matches(|c: char| c.is_ascii_digit());
    revise(file, &objects, &format!("{before}/Size 100{rest}"))
}

#[test]
fn an_object_says_one_thing_only() {
    let once = signed(&[]);
    let page = newest(&once, 3);
    unchanged("the same page", &and(&once, &[(3, &page)]));
    let twice = page.replacen("/Contents 4 0 R", "/Contents 90 0 R/Contents 4 0 R", 1);
    refused("contents twice", "object_changed", &and(&once, &[(3, &twice), (90, &stream("", PAY_MORE))]));
    let nested = page.replacen("/F1 5 0 R", "/F1 90 0 R/F1 5 0 R", 1);
    refused("a font twice", "object_changed", &and(&once, &[(3, &nested), (90, &newest(&once, 5))]));
    // Readers differ on where a stream ends that is shorter than it says.
    let long = format!("<</Length 400>>stream\n{PAY}\nendstream");
    let once = signed(&[(4, &long)]);
    let more = format!("{long}\nendobj\n{PAY_MORE}{}", " ".repeat(400));
    refused("a stream that is too short", "object_changed", &and(&once, &[(4, &more)]));
    let exact = stream("", PAY);
    unchanged("a stream", &and(&signed(&[(4, &exact)]), &[(4, &exact)]));
}

#[test]
fn what_is_added_asks_for_nothing_that_is_not_there() {
    let once = signed(&[]);
    let shown = |resources: &str| {
        stream(&format!("/Type/XObject/Subtype/Form/BBox[0 0 100 20]/Resources<<{resources}>>"), "/X Do")
    };
    let filled = |looks: &str, resources: &str, more: &[(u32, &str)]| {
        let field = newest(&once, 9).replacen("<<", &format!("<</V(x)/AP<</N {looks}>>"), 1);
        let form = shown(resources);
        and(&once, &[&[(9, field.as_str()), (90, form.as_str())], more].concat())
    };
    let inner = shown("");
    let (verdict, changes) = judged(&filled("90 0 R", "/XObject<</X 91 0 R>>", &[(91, &inner)]));
    assert_eq!(verdict, Verdict::TotalPassed, "{changes:?}");
    for (looks, resources) in [
        ("99 0 R", ""),
        ("90 1 R", ""),
        ("90 0 R", "/XObject<</X 99 0 R>>"),
        ("90 0 R", "/Font<</X 99 0 R>>"),
    ] {
        refused(looks, "revision_not_plain", &filled(looks, resources, &[]));
    }
    for broken in ["<</A (x", ")", "<</A>>", "", "<</Length 9>>stream\nab", "word"] {
        let file = filled("90 0 R", "/XObject<</X 91 0 R>>", &[(91, broken)]);
        refused(broken, "revision_not_plain", &file);
    }
    // What the signed file asked for in vain is no change.
    let once = signed(&[(5, "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/FontDescriptor 77 0 R>>")]);
    unchanged("asked before", &and(&once, &[(3, &newest(&once, 3))]));
}

#[test]
fn no_file_becomes_a_linearized_one() {
    let said = |length: usize| format!("<</Linearized 1/L {length:010}/H[0 0]/O 3/E 0/N 1/T 0>>");
    let file = |length: usize| {
        let mut objects = objects(&[]);
        objects.push(object(20, said(length)));
        // It stands first.
        let last = objects.len() - 1;
        objects.swap(0, last);
        let file = raw::file(&objects, "");
        raw::bytes(&raw::characters(&file).replacen("/Root 20 0 R", "/Root 1 0 R ", 1))
    };
    let once = signed_in(&file(0));
    let length = once.len();
    // Whatever it says, it is not as long.
    unchanged("linearized once", &signed_in(&file(length - 9)));
    let once = signed_in(&file(length + 3));
    for (bytes, verdict) in [(2, Verdict::TotalPassed), (3, Verdict::TotalFailed), (4, Verdict::TotalPassed)]
    {
        assert_eq!(judged(&[once.as_slice(), &vec![b'\n'; bytes]].concat()).0, verdict, "{bytes}");
    }
    // Nor is it when it is signed.
    let request = SignRequest {
        field: "first".into(),
        new_field: Some(NewField { page: 1, rect: Rect { x: 0.0, y: 0.0, width: 0.0, height: 0.0 } }),
        appearances: Vec::new(),
        ..person_request()
    };
    for (own, verdict) in [(false, Verdict::TotalPassed), (true, Verdict::TotalFailed)] {
        let length = begin(file(0), &request).unwrap().bytes.len();
        let begun = begin(file(if own { length } else { length + 1 }), &request).unwrap();
        assert_eq!(judged(&pki().person.finish(begun, false)).0, verdict, "{own}");
    }
}

#[test]
fn no_signature_is_drawn() {
    let field = "<</Type/Annot/Subtype/Widget/FT/Sig/T(t)/Rect[0 0 0 0]/P 3 0 R/F 132>>";
    // A page's forms are the field: it draws what is signed.
    let page = "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F1 5 0 R>>/XObject 9 0 R>>/Contents 4 0 R/Annots[9 0 R]>>";
    let once = signed(&[(3, page), (4, &stream("", &format!("{PAY} /V Do"))), (9, field)]);
    let with = newest(&once, 9).replacen("<<", "<</V 90 0 R", 1);
    let signature = raw::holed_signature();
    let drawn = stream(&format!("{signature}/Subtype/Form/BBox[0 0 595 842]"), PAY_MORE);
    let twice = |signature: &str| raw::sign(and(&once, &[(9, &with), (90, signature)]));
    assert!(validate(&twice(&format!("<<{signature}>>")), &trust()).unwrap().passed());
    refused("a form", "field_changed", &twice(&drawn));
    let report = validate(&twice(&drawn), &trust()).unwrap();
    assert_eq!(report.signatures[1].verdict, Verdict::TotalFailed);
}

#[test]
fn no_number_becomes_a_reference() {
    let page = "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F1 5 0 R>>>>/Contents 7 0 R/Annots[9 0 R]>>";
    let field = "<</Type/Annot/Subtype/Widget/FT/Sig/T(first)/Rect[0 0 0 0]/P 3 0 R/F 132/V 90 0 R>>";
    let signature = format!("<<{}>>", raw::holed_signature());
    let objects =
        objects(&[(3, page), (6, &stream("", PAY_MORE)), (7, "null"), (9, field), (90, &signature)]);
    let file = raw::file(&objects, "");
    let old = raw::place(&file, "7 0 obj");
    let ending = |last: &str| {
        let moved = raw::characters(&file).replacen(&format!("{old:010}"), &format!("{:010}", file.len()), 1);
        let once = raw::sign(raw::bytes(&format!("{moved}{last}")));
        assert!(validate(&once, &trust()).unwrap().passed());
        once
    };
    // The last object is the number 6, until somebody makes it lead to object 6.
    for digits in ["0", "0000000000", "0000000000 "] {
        let once = ending(&format!("7 0 obj 6 {digits}"));
        let more = [once.as_slice(), b" R endobj\n"].concat();
        refused(digits, "object_changed", &table(&more, "", FREE, "", END));
    }
    let once = ending("7 0 obj 6 endobj\n%%EOF\n");
    unchanged("a whole number", &table(&once, "", FREE, "", END));
}
