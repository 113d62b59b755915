//! Why: a damaged file that is taken must not make trouble when the second person signs. So every object of a file is broken in
//! every way that transport breaks one, and what comes of it is refused when it is uploaded or signed twice for good.

use std::ops::Range;

use sealflow_pdf::{
    FieldKind, Rect, SignRequest, begin, inspect, inspect::Error, prepare, repair, sign, validate,
};

use crate::{
    corpus::judged,
    support::{
        attack::startxref,
        contract_fields, field,
        kinds::{encrypted, hybrid, qpdf, revisions},
        pdf::{self, Xref},
        person_request,
        pki::{pki, trust},
        raw::{self, raw as object, revise, stream, trailer},
    },
};

/// As an upload is taken: the file that is kept, and whether its sender is told that it was repaired.
fn upload(file: &[u8]) -> Result<(Vec<u8>, bool), Error> {
    match inspect(file) {
        Ok(_) => Ok((file.to_vec(), false)),
        Err(Error::Damaged { .. }) => {
            let repaired = repair(file)?;
            inspect(&repaired).map(|_| (repaired, true))
        }
        Err(error) => Err(error),
    }
}

/// Signs what was taken, twice. Answers whether it was taken.
fn taken(name: &str, file: &[u8]) -> bool {
    let Ok((kept, _)) = upload(file) else { return false };
    let report =
        validate(&signed_twice(name, &kept), &trust()).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert!(report.passed() && report.signatures.len() == 2, "{name}: {report:#?}");
    true
}

fn signed_twice(name: &str, kept: &[u8]) -> Vec<u8> {
    let fields = ["one", "two"].map(|name| field(name, FieldKind::Signature, 1, [60.0, 60.0, 90.0, 40.0]));
    let prepared = prepare(kept, &fields).unwrap_or_else(|error| panic!("{name}: {error}"));
    let request =
        |field: &str| SignRequest { field: field.to_owned(), appearances: Vec::new(), ..person_request() };
    let begun = begin(&prepared, &request("one")).unwrap_or_else(|error| panic!("{name}: {error}"));
    let once = pki().person.finish(begun, false);
    let begun = begin(&once, &request("two")).unwrap_or_else(|error| panic!("{name}: {error}"));
    pki().company.finish(begun, false)
}

/// Where the file's objects begin, and where each ends.
fn objects(file: &[u8]) -> Vec<Range<usize>> {
    let find = |word: &[u8]| -> Vec<usize> {
        (0..file.len() - word.len()).filter(|at| file[*at..].starts_with(word)).collect()
    };
    let digits = |end: usize| file[..end].iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let begins = find(b" 0 obj").into_iter().filter(|at| digits(*at) > 0).map(|at| at - digits(at));
    let ends = find(b"endobj");
    begins.filter_map(|begin| Some(begin..*ends.iter().find(|end| **end > begin)? + 6)).collect()
}

/// An object as transport leaves it.
fn breakings(object: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let with = |at: usize, bytes: &[u8]| {
        [&object[..at], bytes, &object[(at + bytes.len()).min(object.len())..]].concat()
    };
    let head = object.windows(3).position(|window| window == b"obj").unwrap();
    let middle = object.len() / 2;
    let mut all = vec![
        ("its number", with(0, b"x")),
        ("its head", with(head, b"jbo")),
        ("its first bytes", with(head + 4, b"<<(")),
        ("its middle", with(middle, b"\0\xff(\x80")),
        ("its end", with(object.len() - 6, b"      ")),
        ("bytes lost", [&object[..middle], &object[(middle + 7).min(object.len())..]].concat()),
        ("bytes put in", [&object[..middle], b"\r\n", &object[middle..]].concat()),
        ("all of it", vec![b' '; object.len()]),
    ];
    if let Some(at) = object.windows(8).position(|window| window == b"/Length ") {
        all.push(("its length", with(at + 8, b"9")));
    }
    all
}

/// A file of one page with a font, a picture and information, each an object of its own; `more` is added to the page.
fn contract(more: &str, trailer: &str) -> Vec<u8> {
    let page = format!(
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources 6 0 R/Contents[4 0 R]/Annots 8 0 R{more}>>"
    );
    let objects = [
        object(1, "<</Type/Catalog/Pages 2 0 R/AcroForm 7 0 R>>"),
        object(2, "<</Type/Pages/Kids[3 0 R]/Count 1>>"),
        object(3, page),
        object(4, stream("", "BT /F1 20 Tf 60 700 Td (Pay 100) Tj ET q 50 0 0 50 60 600 cm /I Do Q")),
        object(5, "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"),
        object(6, "<</Font<</F1 5 0 R>>/XObject<</I 9 0 R>>>>"),
        object(7, "<</Fields[]>>"),
        object(8, "[]"),
        object(
            9,
            stream(
                "/Type/XObject/Subtype/Image/Width 1/Height 1/ColorSpace/DeviceGray/BitsPerComponent 8",
                "x",
            ),
        ),
        object(10, "<</Title(Contract)>>"),
    ];
    raw::file(&objects, &format!("/Info 10 0 R{trailer}"))
}

#[test]
fn every_object_may_break_in_every_way() {
    let (mut kept, mut refused) = (0, 0);
    for (name, file) in [
        ("plain", contract("", "")),
        ("table", qpdf(&[])),
        ("object streams", qpdf(&["--object-streams=generate"])),
        ("linearized", qpdf(&["--linearize"])),
        ("hybrid", hybrid()),
        ("encrypted", encrypted(&["256"])),
        ("stream", pdf::file(Xref::Stream, 2, 0)),
    ] {
        for place in objects(&file) {
            for (how, broken) in breakings(&file[place.clone()]) {
                let damaged = [&file[..place.start], &broken, &file[place.end..]].concat();
                let name = format!("{name}, object at {}, {how}", place.start);
                *(if taken(&name, &damaged) { &mut kept } else { &mut refused }) += 1;
            }
        }
    }
    assert!(kept > 200 && refused > 50, "{kept} were taken, {refused} refused");
}

#[test]
fn every_place_in_the_cross_reference_may_be_wrong() {
    let mut kept = 0;
    for (name, file) in
        [("plain", contract("", "")), ("table", qpdf(&[])), ("linearized", qpdf(&["--linearize"]))]
    {
        let rows: Vec<usize> =
            (0..file.len() - 20).filter(|at| file[at + 10..].starts_with(b" 00000 n")).collect();
        assert!(rows.len() > 8, "{name}");
        for row in rows {
            let offset: usize = std::str::from_utf8(&file[row..row + 10]).unwrap().parse().unwrap();
            for (how, wrong) in
                [("late", offset + 3), ("early", offset - 1), ("far", 9_999_999), ("first", 15)]
            {
                let mut damaged = file.clone();
                damaged[row..row + 10].copy_from_slice(format!("{wrong:010}").as_bytes());
                kept += usize::from(taken(&format!("{name}, row at {row}, {how}"), &damaged));
            }
        }
    }
    assert!(kept > 50, "{kept} were taken");
}

/// What the newest file's object is, in its own words.
fn is_null(file: &[u8], number: u32) -> bool {
    let begins = format!("\n{number} 0 obj\nnull\nendobj");
    file.windows(begins.len()).any(|window| window == begins.as_bytes())
}

#[test]
fn what_is_in_use_and_unreadable_is_repaired_once_and_becomes_null() {
    let whole = contract("", "");
    assert_eq!(upload(&whole), Ok((whole.clone(), false)));
    let broken = |number: u32| {
        let mut file = whole.clone();
        let at = raw::place(&file, &format!("\n{number} 0 obj\n")) + 1;
        let head = format!("{number} 0 abj");
        file[at..at + head.len()].copy_from_slice(head.as_bytes());
        file
    };
    for number in [5, 6, 7, 8, 9, 10] {
        let (kept, is_repaired) = upload(&broken(number)).unwrap();
        assert!(is_repaired && is_null(&kept, number) && !is_null(&kept, 2), "object {number}");
        assert_eq!(upload(&kept), Ok((kept.clone(), false)), "object {number} was repaired twice");
    }
    // Without the page, its content or the catalog nothing is left.
    for number in [1, 2, 3, 4] {
        assert!(upload(&broken(number)).is_err(), "object {number}");
    }
    // Nobody needs what nobody refers to.
    let unused = revise(&whole, &[object(11, "<</A(x>>")], &trailer(&whole).replace("/Size 11", "/Size 12"));
    assert_eq!(upload(&unused), Ok((unused.clone(), false)));
    // A wrong place is found again, with what is there.
    let at = format!("{:010}", raw::place(&whole, "5 0 obj"));
    let moved = String::from_utf8_lossy(&whole[200..]).replace(&at, "0000000003").into_bytes();
    let (kept, is_repaired) = upload(&[&whole[..200], &moved].concat()).unwrap();
    assert!(is_repaired && !is_null(&kept, 5));
}

#[test]
fn a_repaired_file_has_the_newest_of_each_object() {
    // The font was packed by a program that came later.
    let whole = contract("", "");
    let packed = "5 0 <</Type/Font/Subtype/Type1/BaseFont/Courier>>";
    let body = stream("/Type/ObjStm/N 1/First 4", packed);
    let newer = revise(&whole, &[object(12, body.clone())], &trailer(&whole));
    let older = {
        let first = raw::file(&[object(1, "<</Type/Catalog/Pages 2 0 R>>"), object(12, body)], "");
        revise(
            &first,
            &[object(5, "<</Type/Font/Subtype/Type1/BaseFont/Times-Roman>>")],
            "/Size 13/Root 1 0 R",
        )
    };
    let shows = |file: &[u8], font: &[u8]| file.windows(font.len()).any(|window| window == font);
    let cut = |file: &[u8]| file[..file.len() - 30].to_vec();
    let kept = repair(&cut(&newer)).unwrap();
    assert!(shows(&kept, b"Courier") && !shows(&kept, b"Helvetica"));
    let kept = repair(&cut(&[&older[..], &whole[15..]].concat())).unwrap();
    assert!(shows(&kept, b"Helvetica"));
}

/// A file that is hidden in a stream is no part of the one around it.
#[test]
fn the_length_of_a_stream_is_looked_up() {
    let hidden = "1 0 obj\n(hidden)\nendobj\nendstream";
    let whole = contract("/PieceInfo 11 0 R", "");
    let body = format!("<</Length 12 0 R>>stream\n{hidden}\nendstream");
    let more = [object(11, body), object(12, hidden.len().to_string()), object(9, "<<")];
    let file = revise(&whole, &more, &trailer(&whole).replace("/Size 11", "/Size 13"));
    let (kept, is_repaired) = upload(&file).unwrap();
    assert!(is_repaired && inspect(&kept).is_ok());
    assert_eq!(kept.windows(8).filter(|window| window == b"(hidden)").count(), 1);
}

#[test]
fn numbers_that_a_file_names_without_having_them_stay_nothing() {
    // The pages would show what the signers' programs write under these numbers.
    let names: String = (11..60).map(|number| format!("{number} 0 R ")).collect();
    let file = contract(&format!("/PieceInfo[{names}]"), "");
    assert_eq!(upload(&file), Ok((file.clone(), false)));
    assert!(taken("names", &file));
    let [_, _, twice] = revisions(&file, 1, false);
    for number in 11..60 {
        let begins = format!("\n{number} 0 obj");
        assert!(!twice.windows(begins.len()).any(|window| window == begins.as_bytes()), "{number}");
    }
    // Those that are near the end of all numbers leave none for fields.
    let file = contract("/PieceInfo 1999000 0 R", "");
    assert!(upload(&file).is_err());
    let far = raw::characters(&contract("", "")).replace("/Size 11", "/Size 99999999");
    let (kept, is_repaired) = upload(&raw::bytes(&far)).unwrap();
    assert!(is_repaired && taken("size", &kept));
}

#[test]
fn a_list_that_is_no_list_is_left_alone() {
    // The page's annotations are said to be its content.
    let file = raw::characters(&contract("", "")).replace("/Annots 8 0 R", "/Annots 4 0 R");
    let file = raw::bytes(&file);
    let prepared = prepare(&file, &contract_fields(1)).unwrap();
    let added = String::from_utf8_lossy(&prepared[file.len()..]).into_owned();
    assert!(!added.contains("\n4 0 obj"), "{added}");
    assert!(taken("annotations", &file));
}

#[test]
fn what_stays_damaged_is_not_called_repaired() {
    let page = "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>";
    let with = |page: String| {
        let objects = [
            object(1, "<</Type/Catalog/Pages 2 0 R>>"),
            object(2, "<</Type/Pages/Kids[3 0 R]/Count 1>>"),
            object(3, page),
        ];
        let file = raw::characters(&raw::file(&objects, ""));
        raw::bytes(&file.replace("startxref", "startxxxx"))
    };
    assert!(inspect(&repair(&with(page.to_owned())).unwrap()).is_ok());
    // A page that is a stream cannot be written anew with what is put on it.
    let both = stream("/Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]", "x");
    assert!(matches!(repair(&with(both)), Err(Error::Damaged { .. })));
}

#[test]
fn an_encrypted_file_keeps_the_name_that_its_key_is_made_of() {
    let file = raw::characters(&encrypted(&["128", "--use-aes=y"]));
    let at = file.rfind("/ID [").unwrap();
    let second = at + file[at..].find("><").unwrap() + 1;
    let end = at + file[at..].find(']').unwrap();
    let one = format!("{}{}{}", &file[..second], " ".repeat(end - second), &file[end..]);
    assert!(taken("one name", &raw::bytes(&one)));
}

#[test]
fn a_signed_file_that_another_signature_would_break_is_refused() {
    let rect = Rect { x: 60.0, y: 60.0, width: 90.0, height: 40.0 };
    let new_field = |field: &str| SignRequest {
        field: field.to_owned(),
        new_field: Some(sign::NewField { page: 1, rect }),
        appearances: Vec::new(),
        ..person_request()
    };
    // Signed by somebody who did not look.
    let signed = |file: &[u8]| pki().person.finish(begin(file, &new_field("first")).unwrap(), false);
    let further =
        |file: &[u8]| begin(file, &new_field("second")).map(|begun| pki().company.finish(begun, false));
    let sound = signed(&contract("", ""));
    assert!(validate(&further(&sound).unwrap(), &trust()).unwrap().passed());
    let broken = raw::bytes(&raw::characters(&contract("", "")).replace("\n9 0 obj", "\n9 0 abj"));
    let once = signed(&broken);
    assert!(validate(&once, &trust()).unwrap().passed());
    let said = [
        further(&once).map(drop).unwrap_err(),
        prepare(&once, &[field("x", FieldKind::Signature, 1, [0.0; 4])]).map(drop).unwrap_err().into(),
        sign::begin_document_timestamp(&once, 8_192).map(drop).unwrap_err(),
    ];
    for error in said {
        let sign::Error::Read { source } = error else { panic!("{error}") };
        assert!(source.to_string().contains("object 9 is in use and cannot be read"), "{source}");
    }
    assert_eq!(upload(&once), Err(Error::SignedAndDamaged));
    // Whoever signs all the same breaks the first signature.
    let twice = revise(&once, &[], &trailer(&once));
    assert!(!validate(&twice, &trust()).unwrap().passed() && startxref(&twice) > startxref(&once));
    // What was named without being there is not taken for the next signature.
    let names: String = (11..60).map(|number| format!("{number} 0 R ")).collect();
    let once = signed(&contract(&format!("/PieceInfo[{names}]"), ""));
    assert!(validate(&further(&once).unwrap(), &trust()).unwrap().passed());
}

#[test]
fn every_judge_agrees_on_what_was_repaired() {
    let file = contract("", "");
    let replaced = |from: &str, to: &str| raw::bytes(&raw::characters(&file).replace(from, to));
    for (name, damaged) in [
        ("a font", replaced("\n5 0 obj", "\n5 0 abj")),
        ("a picture", replaced("/Height 1", "/Height 1)")),
        ("annotations", replaced("8 0 obj\n[]", "8 0 obj\n]]")),
        ("a place", replaced(&format!("{:010}", raw::place(&file, "6 0 obj")), "0000000003")),
        ("a length", replaced("/Length 1>>", "/Length 9>>")),
        ("names", contract("/PieceInfo[77 0 R 12 0 R 13 0 R]", "")),
        ("an end", file[..file.len() - 40].to_vec()),
    ] {
        let (kept, _) = upload(&damaged).unwrap_or_else(|error| panic!("{name}: {error}"));
        judged(name, &kept, false);
    }
}
