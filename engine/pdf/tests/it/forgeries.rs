//! Why: a file may be built so that a change which is allowed in one place shows in another, or so that readers come to see other
//! bytes without an object having moved. Each such file is refused here beside the honest one that is like it.

use sealflow_pdf::{
    Rect, SignRequest, begin, inspect,
    inspect::Error,
    prepare, repair,
    sign::NewField,
    validate,
    validate::{Verdict, chinese},
};

use crate::support::{
    attack::{judged, refused, startxref},
    contract_fields,
    kinds::encrypted,
    pdf::{self, Xref},
    person_request,
    pki::{pki, trust},
    raw::{self, Raw, characters, newest, raw as object, revise, stream, trailer},
};

const PAY: &str = "BT /F1 20 Tf 60 700 Td (Pay 100      ) Tj ET";
const PAY_MORE: &str = "BT /F1 20 Tf 60 700 Td (Pay 1000000  ) Tj ET";
const FORM: &str = "/Type/XObject/Subtype/Form/BBox[0 0 595 842]/Resources<</Font<</F1 5 0 R>>>>";
const CATALOG: &str = "<</Type/Catalog/Pages 2 0 R>>";

/// A page that shows object 4, with these resources and entries.
fn page(resources: &str, more: &str) -> String {
    format!(
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F1 5 0 R>>{resources}>>/Contents 4 0 R{more}>>"
    )
}

/// A file of one page, with these objects instead of its own or beside them.
fn built(others: &[(u32, String)], trailer: &str) -> Vec<u8> {
    let own = [
        (1, CATALOG.to_owned()),
        (2, "<</Type/Pages/Kids[3 0 R]/Count 1>>".to_owned()),
        (3, page("", "")),
        (4, stream("", PAY)),
        (5, "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>".to_owned()),
    ];
    let objects: std::collections::BTreeMap<u32, String> =
        own.into_iter().chain(others.iter().cloned()).collect();
    let objects: Vec<Raw> = objects.into_iter().map(|(number, body)| object(number, body)).collect();
    raw::file(&objects, trailer)
}

/// Signs in a field of its own.
fn sign(file: &[u8], field: &str) -> Vec<u8> {
    let new_field = Some(NewField { page: 1, rect: Rect { x: 60.0, y: 60.0, width: 90.0, height: 40.0 } });
    let request = SignRequest { field: field.into(), new_field, appearances: Vec::new(), ..person_request() };
    pki().person.finish(begin(file, &request).unwrap(), false)
}

fn signed(others: &[(u32, String)], trailer: &str) -> Vec<u8> {
    let once = sign(&built(others, trailer), "first");
    assert!(validate(&once, &trust()).unwrap().passed());
    once
}

/// A revision with the trailer of the one before.
fn and(file: &[u8], objects: &[(u32, String)]) -> Vec<u8> {
    let objects: Vec<Raw> = objects.iter().map(|(number, body)| object(*number, raw::bytes(body))).collect();
    let size = objects.iter().map(|object| object.number + 1).max().unwrap_or(0);
    revise(file, &objects, &sized(file, size))
}

/// The trailer with a size of at least this.
fn sized(file: &[u8], least: u32) -> String {
    let entries = trailer(file);
    let at = entries.find("/Size ").unwrap() + 6;
    let rest = entries[at..].trim_start_matches(|c: char| c.is_ascii_digit());
    let size: u32 = entries[at..entries.len() - rest.len()].parse().unwrap();
    format!("{}{}{rest}", &entries[..at], size.max(least))
}

fn accepted(name: &str, kind: &str, file: &[u8]) {
    let (verdict, changes) = judged(file);
    assert_eq!(verdict, Verdict::TotalPassed, "{name}: {changes:?}");
    assert!(changes.iter().all(|change| change.kind == kind && change.allowed), "{name}: {changes:?}");
    assert!(!changes.is_empty(), "{name}");
}

#[test]
fn a_stream_is_no_structure_because_it_says_so() {
    for called in ["/Type/ObjStm/N 0/First 0", "/Type/XRef"] {
        let once = signed(&[(4, stream(called, PAY))], "");
        refused(called, "object_changed", &and(&once, &[(4, stream(called, PAY_MORE))]));
    }
    // A cross-reference stream under the number of the one before.
    let once = sign(&pdf::file(Xref::Stream, 1, 0), "first");
    let previous = startxref(&once);
    let text = characters(&once[previous..]);
    let number: u32 = text.split(' ').next().unwrap().parse().unwrap();
    let root = &text[text.find("/Root").unwrap()..];
    let root = &root[..root.find(" R").unwrap() + 2];
    let at = once.len();
    let head = format!(
        "{number} 0 obj\n<</Type/XRef/Size {}{root}/Prev {previous}/W[1 4 2]/Index[{number} 1]/Length 7>>stream\n",
        number + 1
    );
    let row = [&[1], u32::try_from(at).unwrap().to_be_bytes().as_slice(), &[0, 0]].concat();
    let tail = format!("\nendstream\nendobj\nstartxref\n{at}\n%%EOF\n");
    let again = [once.as_slice(), head.as_bytes(), &row, tail.as_bytes()].concat();
    let (verdict, changes) = judged(&again);
    assert_eq!((verdict, changes), (Verdict::TotalPassed, Vec::new()));
}

#[test]
fn a_stream_in_a_dictionarys_place_is_compared() {
    let stores = [(1, "<</Type/Catalog/Pages 2 0 R/DSS 4 0 R>>".to_owned())];
    for (name, once) in
        [("information", signed(&[], "/Info 4 0 R")), ("validation data", signed(&stores, ""))]
    {
        refused(name, "object_changed", &and(&once, &[(4, stream("", PAY_MORE))]));
    }
    let field = |data| stream("/FT/Tx/T(t)", data);
    let once = signed(
        &[
            (1, "<</Type/Catalog/Pages 2 0 R/AcroForm 8 0 R>>".to_owned()),
            (3, page("", "/Annots[9 0 R]").replace("/Contents 4", "/Contents 9")),
            (8, "<</Fields[9 0 R]>>".to_owned()),
            (9, field(PAY)),
        ],
        "",
    );
    refused("a field", "object_changed", &and(&once, &[(9, field(PAY_MORE))]));
}

#[test]
fn the_document_information_holds_strings_and_is_nothing_else() {
    let information = |title: &str| format!("<</Title {title}>>");
    let once = signed(&[(7, information("(a)"))], "/Info 7 0 R");
    accepted("a title", "metadata_changed", &and(&once, &[(7, information("(b)"))]));
    let shown = (90, stream(FORM, PAY_MORE));
    refused("a form as a title", "object_changed", &and(&once, &[(7, information("90 0 R")), shown.clone()]));
    // A page's forms are the document information.
    let both = [
        (3, page("/XObject 7 0 R", "")),
        (4, stream("", "/Title Do")),
        (6, stream(FORM, PAY)),
        (7, information("6 0 R")),
    ];
    let once = signed(&both, "/Info 7 0 R");
    refused("a form of a page", "object_changed", &and(&once, &[(7, information("90 0 R")), shown]));
    refused("another use", "object_changed", &and(&once, &[(7, information("(a)"))]));
    // Another object takes its place.
    let once = signed(&[(7, information("(a)"))], "/Info 7 0 R");
    let other = |body: String| {
        revise(&once, &[object(90, body)], &sized(&once, 91).replace("/Info 7 0 R", "/Info 90 0 R"))
    };
    accepted("other information", "metadata_changed", &other(information("(b)")));
    refused("a stream as information", "object_changed", &other(stream("/Title(b)", PAY)));
}

#[test]
fn what_a_catalog_says_about_the_file_cannot_be_drawn() {
    let once = signed(&[], "");
    let catalog = newest(&once, 1);
    let with = |entry: &str| (1, catalog.replacen("/Type", &format!("{entry}/Type"), 1));
    let shown = (90, stream(FORM, PAY_MORE));
    let certificate = (91, stream("", &characters(&pki().person.chain()[0])));
    for (good, bad) in [
        ("/Version/2.0", "/Version 90 0 R"),
        ("/Extensions<</ESIC<</BaseVersion/1.7/ExtensionLevel 2>>>>", "/Extensions<</ESIC 90 0 R>>"),
        ("/DSS<</Type/DSS/Certs[91 0 R]>>", "/DSS<</Type/DSS/Certs 90 0 R>>"),
        ("/DSS<</VRI<</AB<</Cert[91 0 R]>>>>>>", "/DSS<</VRI<</AB 90 0 R>>>>"),
    ] {
        accepted(good, "metadata_changed", &and(&once, &[with(good), certificate.clone()]));
        refused(bad, "catalog_changed", &and(&once, &[with(bad), shown.clone()]));
    }
    // A page's forms are the catalog.
    let both = [
        (1, "<</Type/Catalog/Pages 2 0 R/Extensions 6 0 R>>".to_owned()),
        (3, page("/XObject 1 0 R", "")),
        (4, stream("", "/Extensions Do")),
        (6, stream(FORM, PAY)),
    ];
    let once = signed(&both, "");
    let other = newest(&once, 1).replace("/Extensions 6", "/Extensions 90");
    refused("a form of a page", "object_changed", &and(&once, &[(1, other), shown]));
}

/// The objects of a form with one field.
fn with_form(field: &str, form: &str, page: String) -> Vec<(u32, String)> {
    let widget = format!("<</Type/Annot/Subtype/Widget/T(t)/Rect[0 0 9 9]/P 3 0 R/F 4{field}>>");
    vec![
        (1, "<</Type/Catalog/Pages 2 0 R/AcroForm 8 0 R>>".to_owned()),
        (3, page),
        (8, format!("<</Fields[9 0 R]{form}>>")),
        (9, widget),
    ]
}

#[test]
fn what_is_filled_in_a_form_cannot_be_drawn_elsewhere() {
    let shown = (90, stream(FORM, PAY_MORE));
    let filled = |once: &[u8], entry: &str| {
        let field = newest(once, 9);
        and(once, &[(9, field.replacen("/Type", &format!("{entry}/Type"), 1)), shown.clone()])
    };
    let annotated = || page("", "/Annots[9 0 R]");
    let text = signed(&with_form("/FT/Tx", "", annotated()), "");
    accepted("a text", "field_filled", &filled(&text, "/V(a)/AP<</N 90 0 R>>"));
    refused("a form as a text", "field_changed", &filled(&text, "/V 90 0 R"));
    refused("a form as looks", "field_changed", &filled(&text, "/AP 90 0 R"));
    let button = signed(&with_form("/FT/Btn", "", annotated()), "");
    accepted("a picture", "field_filled", &filled(&button, "/AP<</N 90 0 R>>"));
    refused("many looks", "field_changed", &filled(&button, "/AP<</N<</A 90 0 R>>>>"));
    refused("looks when pressed", "field_changed", &filled(&button, "/AP<</D 90 0 R>>"));
    // A page's forms are the field, and the form.
    let both = with_form("/FT/Tx", "", page("/XObject 9 0 R", "/Annots[9 0 R]"));
    refused("a field that a page draws", "field_changed", &filled(&signed(&both, ""), "/V 90 0 R"));
    let flags = |once: &[u8], flags: &str| {
        let form = newest(once, 8);
        let at = form.find("/SigFlags ").unwrap() + 10;
        let end = at + form[at..].find(['/', '>']).unwrap();
        and(once, &[(8, format!("{}{flags}{}", &form[..at], &form[end..])), shown.clone()])
    };
    let (verdict, changes) = judged(&flags(&text, "1"));
    assert_eq!((verdict, changes), (Verdict::TotalPassed, Vec::new()));
    refused("a form as flags", "form_changed", &flags(&text, "90 0 R"));
    let both = with_form("/FT/Tx", "", page("/XObject 8 0 R", "/Annots[9 0 R]"));
    refused("a form that a page draws", "object_changed", &flags(&signed(&both, ""), "1"));
}

#[test]
fn another_generation_is_another_object() {
    let later = |file: &[u8], number, body: String| {
        revise(file, &[Raw { number, generation: 1, body: body.into_bytes() }], &trailer(file))
    };
    let once = signed(&[], "");
    refused("hidden", "object_changed", &later(&once, 4, stream("", PAY)));
    let twice = page("", "").replace("4 0 R", "[4 0 R 6 1 R]");
    let once = signed(&[(3, twice), (6, stream("", PAY_MORE))], "");
    refused("shown", "object_changed", &later(&once, 6, stream("", PAY_MORE)));
    // The same bytes under the same number are no change.
    let (verdict, changes) = judged(&and(&once, &[(6, stream("", PAY_MORE))]));
    assert_eq!((verdict, changes), (Verdict::TotalPassed, Vec::new()));
}

#[test]
fn no_stream_ends_in_a_later_revision() {
    const LENGTH: usize = 60_000;
    let open = |length: usize| format!("<</Length {length}>>stream\n{PAY}\nendstream");
    let file = built(&[(4, open(LENGTH))], "");
    // Nobody is asked to sign such a file: it is mended before.
    assert!(matches!(inspect(&file), Err(Error::Damaged { .. })));
    assert!(prepare(&file, &contract_fields(1)).is_err());
    let mended = sign(&repair(&file).unwrap(), "first");
    assert!(validate(&sign(&mended, "second"), &trust()).unwrap().passed());

    // If it was signed elsewhere, what later bytes make of it is a change.
    let once = sign(&file, "first");
    let start = raw::place(&once, PAY);
    let more = format!("\nq 1 g 0 0 595 842 re f Q {PAY_MORE}");
    let mut long = once.clone();
    long.resize(start + LENGTH - more.len(), b' ');
    long.extend_from_slice(more.as_bytes());
    long.extend_from_slice(b"\nendstream endobj\n");
    let at = long.len();
    long.extend_from_slice(
        format!(
            "xref\n0 1\n0000000000 65535 f \ntrailer\n<<{}/Prev {}>>\nstartxref\n{at}\n%%EOF\n",
            trailer(&once),
            startxref(&once)
        )
        .as_bytes(),
    );
    refused("a stream that goes on", "object_changed", &long);
    // A length that is wrong within the file shows the same for ever.
    let wrong = built(&[(4, open(PAY.len() + 3))], "");
    assert!(matches!(inspect(&wrong), Err(Error::Damaged { .. })));
    assert!(validate(&sign(&sign(&wrong, "first"), "second"), &trust()).unwrap().passed());
}

#[test]
fn the_encryption_stays_and_the_size_does_not_shrink() {
    let once = sign(&encrypted(&["128", "--use-aes=y"]), "first");
    let entries = trailer(&once);
    let at = entries.find("/Encrypt ").unwrap() + 9;
    let number: u32 = entries[at..].split(' ').next().unwrap().parse().unwrap();
    let own = newest(&once, number);
    let switched = own.replace("/StmF /StdCF", "/StmF /Identity");
    assert_ne!(own, switched);
    let (verdict, changes) = judged(&revise(&once, &[], &entries));
    assert_eq!((verdict, changes), (Verdict::TotalPassed, Vec::new()));
    let renamed = sized(&once, 901).replace(&format!("/Encrypt {number} 0 R"), "/Encrypt 900 0 R");
    for (name, body) in [("another key", &switched), ("another object", &own)] {
        let file = revise(&once, &[object(900, raw::bytes(body))], &renamed);
        refused(name, "encryption_changed", &file);
    }
    refused(
        "overwritten",
        "object_changed",
        &revise(&once, &[object(number, raw::bytes(&switched))], &entries),
    );

    let once = signed(&[], "");
    let entries = sized(&once, 0);
    let (before, after) = entries.split_at(entries.find("/Size ").unwrap() + 6);
    let small = format!("{before}4{}", after.trim_start_matches(|c: char| c.is_ascii_digit()));
    refused("a smaller size", "revisions_replaced", &revise(&once, &[], &small));
}

#[test]
fn what_is_broken_and_unused_breaks_no_signature() {
    let broken = |body: &str, page: String| {
        let file = built(&[(3, page), (6, body.to_owned())], "");
        sign(&file, "first")
    };
    let bodies = ["<</A (x>>", "<</Length 5>>stream\nabcde", ">>"];
    for body in bodies {
        accepted(body, "signature_added", &sign(&broken(body, page("", "")), "second"));
        // Nobody signs behind it, and no other revision may come.
        let once = broken(body, page("", "/PieceInfo 6 0 R"));
        let (verdict, _) = judged(&revise(&once, &[], &trailer(&once)));
        assert_eq!(verdict, Verdict::TotalFailed, "{body}");
    }
    // The cross-reference is a few bytes off.
    let file = built(&[(6, "(unused)".to_owned())], "");
    let at = raw::place(&file, "6 0 obj");
    let moved = characters(&file).replace(&format!("{at:010}"), &format!("{:010}", at + 3));
    assert_ne!(moved, characters(&file));
    accepted("moved", "signature_added", &sign(&sign(&raw::bytes(&moved), "first"), "second"));
}

#[test]
fn white_space_after_the_last_signature_is_told() {
    let once = signed(&[], "");
    let file = [once.as_slice(), b"\r\n \n"].concat();
    accepted("white space", "white_space_added", &file);
    let report = validate(&file, &trust()).unwrap();
    assert!(chinese(&report.signatures[0]).contains("文件末尾多了空白"));
    let report = validate(&[once.as_slice(), b"\nx"].concat(), &trust()).unwrap();
    assert_eq!(report.signatures[0].verdict, Verdict::TotalFailed);
}

/// A revision with a further signature field, which is object 90, and other objects.
fn with_field(once: &[u8], entries: &str, more: &[(u32, String)]) -> Vec<u8> {
    let list = |number, key: &str| {
        let body = newest(once, number);
        let at = body.find(key).unwrap();
        let end = at + body[at..].find(']').unwrap();
        (number, format!("{} 90 0 R{}", &body[..end], &body[end..]))
    };
    let field =
        format!("<</Type/Annot/Subtype/Widget/FT/Sig/T(x)/Rect[0 600 595 842]/F 4/P 3 0 R{entries}>>");
    and(once, &[&[(90, field), list(8, "/Fields"), list(3, "/Annots")], more].concat())
}

#[test]
fn a_field_without_a_signature_covers_nothing() {
    let once = signed(&with_form("/FT/Tx", "", page("", "/Annots[9 0 R]")), "");
    let added = |entries: &str| with_field(&once, entries, &[]);
    for entries in ["", "/MK<<>>", "/MK<</R 90>>", "/M(D:20260115)"] {
        accepted(entries, "signature_field_added", &added(entries));
    }
    for entries in ["/MK<</BG[1 1 1]>>", "/MK<</BC[1 0 0]>>", "/Border[0 0 9]", "/BS<</W 9>>", "/C[1 0 0]"] {
        refused(entries, "field_added", &added(entries));
    }
}

#[test]
fn an_appearance_is_a_form_or_nothing() {
    let once = signed(&with_form("/FT/Tx", "", page("", "/Annots[9 0 R]")), "");
    let added = |appearance: &str| {
        let more = [
            (91, format!("<<{}>>", raw::holed_signature())),
            (92, stream("/Type/XObject/Subtype/Form/BBox[0 0 9 9]", "0 0 9 9 re f")),
            (93, stream("", "0 0 9 9 re f")),
            (94, "<</Off 92 0 R>>".to_owned()),
            (95, "<</Type/XObject/Subtype/Form/BBox[0 0 0 0]/Length 0>>".to_owned()),
        ];
        raw::sign(with_field(&once, &format!("/V 91 0 R{appearance}"), &more))
    };
    // The last one is what endesive writes for an invisible signature.
    for appearance in
        ["", "/AP<<>>", "/AP<</N 92 0 R>>", "/AP<</N null>>", "/AP<</N<<>>>>", "/AP<</N 95 0 R>>"]
    {
        accepted(appearance, "signature_added", &added(appearance));
    }
    for appearance in [
        "/AP<</N 93 0 R>>",
        "/AP<</N 94 0 R>>",
        "/AP<</N<</Off 93 0 R>>>>",
        "/AP<</N<</Off[<</On 92 0 R>>]>>>>",
        "/AP<</N(x)>>",
        "/AP<</N[]>>",
        "/AP<</X 92 0 R>>",
        "/AP[]",
    ] {
        refused(appearance, "field_added", &added(appearance));
    }
}
