//! Why: these are the published ways to show other things under a valid signature (Mladenov et al. 2019, 2021; Rohlmann et al.
//! 2021). Each is made here as its authors describe it, and must be reported.

use lopdf::Document;
use sealflow_pdf::{sign_with_openssl_key, signed_attributes, validate, validate::Verdict};

use crate::{
    signing::revisions,
    support::{
        attack::{append, body, field_id, page_id, point_to, startxref},
        pdf::{self, Xref},
        pki::{pki, trust},
    },
};

fn signed() -> Vec<u8> {
    let [_, once, _] = revisions(&pdf::file(Xref::Table, 2, 0), 1, false);
    assert!(validate(&once, &trust()).unwrap().passed());
    once
}

/// The first signature of the attacked file fails; answers the first forbidden change.
fn reported(name: &str, file: &[u8]) -> String {
    let report = validate(file, &trust()).unwrap();
    let first = report.signatures.first().unwrap_or_else(|| panic!("{name}: the signature is not told"));
    assert_eq!(first.verdict, Verdict::TotalFailed, "{name}: {first:#?}");
    assert!(!report.passed());
    let forbidden = first.changes_after.iter().find(|change| !change.allowed);
    forbidden.map(|change| change.kind.clone()).unwrap_or_default()
}

fn next(file: &[u8]) -> u32 {
    Document::load_mem(file).unwrap().max_id + 1
}

/// The number of the signature dictionary's object.
fn signature_object(file: &[u8]) -> u32 {
    let document = Document::load_mem(file).unwrap();
    let field = document.get_dictionary(field_id(file, "person_signature")).unwrap();
    field.get(b"V").unwrap().as_reference().unwrap().0
}

fn text_stream(text: &str) -> Vec<u8> {
    let content = format!("BT /F1 20 Tf 60 700 Td ({text}) Tj ET");
    format!("<</Length {}>>stream\n{content}\nendstream", content.len()).into_bytes()
}

#[test]
fn universal_signature_forgery() {
    let once = signed();
    for (from, to) in [
        ("/ByteRange [", "/ByteRangy ["),
        ("/Contents <", "/Contenty <"),
        ("/SubFilter /ETSI.CAdES.detached", "/SubFiltre /ETSI.CAdES.detached"),
        ("/SubFilter /ETSI.CAdES.detached", "/SubFilter /adbe.x509.rsa_sha1 "),
    ] {
        let at = once.windows(from.len()).position(|window| window == from.as_bytes()).unwrap();
        let mut file = once.clone();
        file[at..at + to.len()].copy_from_slice(to.as_bytes());
        let report = validate(&file, &trust()).unwrap();
        assert_ne!(report.signatures[0].verdict, Verdict::TotalPassed, "{to}");
    }
    // In a later revision, with nothing of the signed bytes touched.
    let number = signature_object(&once);
    let dictionary = body(&once, (number, 0));
    let contents = dictionary.find("/Contents<").unwrap();
    let end = contents + dictionary[contents..].find('>').unwrap() + 1;
    for (name, contents_now) in
        [("null", "/Contents null"), ("empty", "/Contents<>"), ("none", ""), ("zeros", "/Contents<0000>")]
    {
        let mut forged = dictionary.clone();
        forged.replace_range(contents..end, contents_now);
        reported(name, &append(&once, &[(number, forged.into_bytes())]));
    }
}

#[test]
fn incremental_saving() {
    let once = signed();
    let page = page_id(&once, 1);
    let contents = Document::load_mem(&once).unwrap().get_page_contents(page)[0].0;
    let forged = append(&once, &[(contents, text_stream("Pay 1000000"))]);
    assert_eq!(reported("other content", &forged), "object_changed");
    // Without cross-reference or trailer, as readers that repair would still take it.
    let revision = &forged[once.len()..];
    let xref = revision.windows(5).position(|window| window == b"xref\n").unwrap();
    for (name, cut) in [("no xref", xref), ("no trailer", revision.len() - 40)] {
        let file = [once.as_slice(), &revision[..cut]].concat();
        // A reader that refuses the file shows nothing either.
        if let Ok(report) = validate(&file, &trust()) {
            assert!(!report.passed(), "{name}");
        }
    }
    // The signature copied into the new revision.
    let number = signature_object(&once);
    let copy = body(&once, (number, 0)).into_bytes();
    let with_copy = append(&once, &[(contents, text_stream("Pay 1000000")), (number, copy)]);
    reported("the signature copied", &with_copy);
}

#[test]
fn signature_wrapping() {
    let once = signed();
    let number = signature_object(&once);
    let dictionary = body(&once, (number, 0));
    let range_at = dictionary.find("/ByteRange[").unwrap();
    let range_end = range_at + dictionary[range_at..].find(']').unwrap() + 1;
    let numbers: Vec<usize> = dictionary[range_at + 11..range_end - 1]
        .split_whitespace()
        .map(|number| number.parse().unwrap())
        .collect();
    let after = &once[numbers[2]..];
    // The signed second part is kept in a stream, and the copied signature's range points to it.
    let kept = [format!("<</Length {}>>stream\n", after.len()).as_bytes(), after, b"\nendstream"].concat();
    let first = append(&once, &[(next(&once), kept)]);
    let moved =
        once.len() + first[once.len()..].windows(8).position(|window| window == b">>stream").unwrap() + 9;
    assert_eq!(&first[moved..moved + after.len()], after);
    let mut forged = dictionary.clone();
    forged
        .replace_range(range_at..range_end, &format!("/ByteRange[0 {} {moved} {}]", numbers[1], after.len()));
    let page = page_id(&once, 1);
    let contents = Document::load_mem(&once).unwrap().get_page_contents(page)[0].0;
    let file = append(&first, &[(number, forged.into_bytes()), (contents, text_stream("Pay 1000000"))]);
    reported("the second part moved", &file);
}

/// A file whose page shows a form over its text, as a shadow document is prepared before it is signed.
fn covered() -> (Vec<u8>, u32) {
    let mut document = pdf::document(1, 0);
    let cover = document.add_object(lopdf::Stream::new(
        lopdf::dictionary! {"Type" => "XObject", "Subtype" => "Form", "BBox" => vec![0.into(), 0.into(), 595.into(), 842.into()]},
        b"1 g 0 0 595 842 re f".to_vec(),
    ));
    let page = *document.get_pages().values().next().unwrap();
    let page = document.get_object_mut(page).unwrap().as_dict_mut().unwrap();
    page.set("Resources", lopdf::dictionary! {"XObject" => lopdf::dictionary! {"Cover" => cover}});
    (pdf::save(document, Xref::Table), cover.0)
}

#[test]
fn shadow_attacks_that_hide_or_replace() {
    let (file, cover) = covered();
    let [_, once, _] = revisions(&file, 1, false);
    assert!(validate(&once, &trust()).unwrap().passed());
    // Hide: what covered the page is emptied, or its object freed.
    let empty = b"<</Type/XObject/Subtype/Form/BBox[0 0 0 0]/Length 0>>stream\n\nendstream".to_vec();
    assert_eq!(reported("the cover emptied", &append(&once, &[(cover, empty)])), "object_changed");
    assert_eq!(reported("the cover removed", &append(&once, &[(cover, b"null".to_vec())])), "object_changed");
    // Replace: another font under the same text.
    let document = Document::load_mem(&once).unwrap();
    let is_font = |object: &lopdf::Object| object.as_dict().is_ok_and(|d| d.has_type(b"Font"));
    let font = document.objects.iter().find(|(_, object)| is_font(object)).unwrap().0.0;
    let other = b"<</Type/Font/Subtype/Type3/FontBBox[0 0 1 1]/FontMatrix[1 0 0 1 0 0]>>".to_vec();
    assert_eq!(reported("another font", &append(&once, &[(font, other)])), "object_changed");
    // Replace: what a form field shows, under the same value.
    let [_, _, twice] = revisions(&pdf::file(Xref::Table, 1, 0), 1, false);
    let date = field_id(&twice, "person_date");
    let shown = Document::load_mem(&twice).unwrap();
    let shown = shown.get_dictionary(date).unwrap().get(b"AP").unwrap().as_dict().unwrap();
    let appearance = shown.get(b"N").unwrap().as_reference().unwrap().0;
    let form = b"<</Type/XObject/Subtype/Form/BBox[0 0 99 20]/Length 0>>stream\n\nendstream".to_vec();
    assert_eq!(reported("another appearance", &append(&twice, &[(appearance, form)])), "object_changed");
}

#[test]
fn shadow_attack_that_hides_and_replaces() {
    // The other text lies in the file before it is signed, without being referred to.
    let original = pdf::file(Xref::Table, 1, 0);
    let hidden = [b"\n99 0 obj\n".as_slice(), &text_stream("Pay 1000000"), b"\nendobj\n"].concat();
    let xref = startxref(&original);
    let tail = String::from_utf8_lossy(&original[xref..])
        .replace(&xref.to_string(), &(xref + hidden.len()).to_string());
    let planted = [&original[..xref], &hidden, tail.as_bytes()].concat();
    let [_, once, _] = revisions(&planted, 1, false);
    assert!(validate(&once, &trust()).unwrap().passed());
    let page = page_id(&once, 1);
    let contents = Document::load_mem(&once).unwrap().get_page_contents(page)[0].0;
    // Only a cross-reference is added: not one object.
    let offset = xref + 1;
    assert!(once[offset..].starts_with(b"99 0 obj"));
    let switched = point_to(&once, contents, offset);
    let report = validate(&switched, &trust());
    assert!(!report.is_ok_and(|report| report.passed()), "the hidden text is shown under a valid signature");
}

#[test]
fn evil_annotations() {
    let once = signed();
    let page = page_id(&once, 1);
    let page_body = body(&once, page);
    let number = next(&once);
    let with = page_body.replacen("/Annots[", &format!("/Annots[{number} 0 R "), 1);
    assert_ne!(with, page_body);
    for kind in ["FreeText", "Stamp", "Redact", "Ink", "Widget"] {
        let note = format!("<</Type/Annot/Subtype/{kind}/FT/Btn/T(evil)/Rect[0 0 595 842]/Contents(Pay)>>");
        let objects = [(number, note.into_bytes()), (page.0, with.clone().into_bytes())];
        assert_eq!(reported(kind, &append(&once, &objects)), "page_changed");
    }
}

#[test]
fn sneaky_signatures() {
    // A new signature field that shows something but signs nothing.
    let once = signed();
    let document = Document::load_mem(&once).unwrap();
    let root = document.trailer.get(b"Root").unwrap().as_reference().unwrap();
    let catalog = body(&once, root);
    let form = document.get_dictionary(root).unwrap().get(b"AcroForm").unwrap().as_reference();
    let (holder, text) = match form {
        Ok(form) => (form.0, body(&once, form)),
        Err(_) => (root.0, catalog),
    };
    let number = next(&once);
    let with = text.replacen("/Fields[", &format!("/Fields[{number} 0 R "), 1);
    assert_ne!(with, text);
    let appended = text.rfind(']').map(|_| with.clone()).unwrap();
    let field = format!(
        "<</Type/Annot/Subtype/Widget/FT/Sig/T(sneaky)/Rect[0 0 595 842]/AP<</N {} 0 R>>>>",
        number + 1
    );
    let shown = b"<</Type/XObject/Subtype/Form/BBox[0 0 595 842]/Length 0>>stream\n\nendstream".to_vec();
    let objects = [(number, field.into_bytes()), (number + 1, shown), (holder, appended.into_bytes())];
    let kind = reported("a field that shows something", &append(&once, &objects));
    assert!(["field_added", "form_changed"].contains(&kind.as_str()), "{kind}");
}

/// What stands in somebody's signature field where his signature should be.
fn words(next: u32, earlier: u32) -> [(&'static str, String); 8] {
    [
        ("nothing", String::new()),
        ("null", "/V null".to_owned()),
        ("an empty dictionary", "/V<<>>".to_owned()),
        ("a word", "/V false".to_owned()),
        ("a string", "/V(x)".to_owned()),
        ("nothing at the other end", format!("/V {} 0 R", next + 9)),
        ("no signature at the other end", format!("/V {} 0 R", next + 1)),
        ("an earlier signature", format!("/V {earlier} 0 R")),
    ]
}

#[test]
fn a_seal_without_its_signature() {
    let [_, once, twice] = revisions(&pdf::file(Xref::Table, 2, 0), 1, false);
    assert!(validate(&twice, &trust()).unwrap().passed());
    let (seal, next) = (field_id(&once, "company_seal"), next(&once));
    let field = body(&once, seal);
    let cover = b"<</Type/XObject/Subtype/Form/BBox[0 0 595 842]/Length 0>>stream\n\nendstream".to_vec();
    let no_signature =
        b"<</Type/Sig/SubFilter/ETSI.CAdES.detached/ByteRange[0 1 2 3]/Contents<00>>>".to_vec();
    for (name, value) in words(next, signature_object(&once)) {
        for shown in [true, false] {
            let appearance = if shown { format!("/AP<</N {next} 0 R>>") } else { String::new() };
            if value.is_empty() && !shown {
                continue;
            }
            let with = field.replacen("<<", &format!("<<{value}{appearance}"), 1).into_bytes();
            let objects = [(seal.0, with), (next, cover.clone()), (next + 1, no_signature.clone())];
            assert_eq!(reported(name, &append(&once, &objects)), "field_changed", "{name}, shown: {shown}");
        }
    }
}

#[test]
fn a_new_seal_without_its_signature() {
    let once = signed();
    let (page, next) = (page_id(&once, 1), next(&once));
    let document = Document::load_mem(&once).unwrap();
    let form = document.catalog().unwrap().get(b"AcroForm").unwrap().as_reference().unwrap();
    let with = |id, list: &str, number: u32| {
        let text = body(&once, id);
        let (start, rest) = text.split_once(list).unwrap();
        let (items, end) = rest.split_once(']').unwrap();
        format!("{start}{list}{items} {number} 0 R]{end}").into_bytes()
    };
    let cover = b"<</Type/XObject/Subtype/Form/BBox[0 0 595 842]/Length 0>>stream\n\nendstream".to_vec();
    let file = |value: &str, appearance: &str| {
        let field = format!(
            "<</Type/Annot/Subtype/Widget/FT/Sig/T(more)/F 132/Rect[0 0 595 842]/P {} 0 R{value}{appearance}>>",
            page.0
        );
        let objects = [
            (next, cover.clone()),
            (next + 1, b"<</Type/Sig>>".to_vec()),
            (next + 2, field.into_bytes()),
            (form.0, with(form, "/Fields[", next + 2)),
            (page.0, with(page, "/Annots[", next + 2)),
        ];
        append(&once, &objects)
    };
    // A field that waits for its signature, and shows nothing.
    assert!(validate(&file("", ""), &trust()).unwrap().passed());
    for (name, value) in words(next, signature_object(&once)) {
        assert_eq!(reported(name, &file(&value, &format!("/AP<</N {next} 0 R>>"))), "field_added", "{name}");
    }
}

#[test]
fn a_certified_file_allows_no_notes() {
    use crate::support::tools::{folder, run};
    let folder = folder(&pdf::file(Xref::Table, 1, 0));
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
    write("key.pem", &pki().person.key.private_key_to_pem_pkcs8().unwrap());
    write("cert.pem", &pki().person.certificate.to_pem().unwrap());
    let arguments = "sign addsig --field Certified --certify --use-pades pemder --no-pass --key key.pem --cert cert.pem \
                     --chain ca.pem file.pdf certified.pdf";
    let arguments: Vec<&str> = arguments.split_whitespace().collect();
    let (good, text) = run("pyhanko", "pyHanko", &arguments, folder.path());
    assert!(good, "{text}");
    let certified = std::fs::read(folder.path().join("certified.pdf")).unwrap();
    let report = validate(&certified, &trust()).unwrap();
    assert!(report.passed(), "{report:#?}");
    let page = page_id(&certified, 1);
    let number = next(&certified);
    let with = body(&certified, page).replacen("/Annots[", &format!("/Annots[{number} 0 R "), 1);
    let note = b"<</Type/Annot/Subtype/FreeText/Rect[0 0 595 842]/Contents(Pay)>>".to_vec();
    let file = append(&certified, &[(number, note), (page.0, with.into_bytes())]);
    reported("a note on a certified file", &file);
    // Scripts in a certified file's catalog are no form filling either.
    let root = Document::load_mem(&certified).unwrap().trailer.get(b"Root").unwrap().as_reference().unwrap();
    let script = body(&certified, root).replacen(
        "/Type/Catalog",
        "/Type/Catalog/OpenAction<</S/JavaScript/JS(1)>>",
        1,
    );
    reported("a script", &append(&certified, &[(root.0, script.into_bytes())]));
}

#[test]
fn another_signature_cannot_be_moved_into_the_hole() {
    // A genuine signature by the same key over other bytes.
    let once = signed();
    let [_, other, _] = revisions(&pdf::file(Xref::Table, 2, 90), 1, false);
    let hole = |file: &[u8]| {
        let at = file.windows(11).position(|window| window == b"/Contents <").unwrap() + 11;
        at..at + file[at..].iter().position(|byte| *byte == b'>').unwrap()
    };
    let (into, from) = (hole(&once), hole(&other));
    assert_eq!(into.len(), from.len());
    let mut file = once.clone();
    file[into].copy_from_slice(&other[from]);
    reported("another signature", &file);
    // The key itself is as good as ever.
    let attributes = signed_attributes(
        &sealflow_pdf::Digest { algorithm: sealflow_pdf::sign::DigestAlgorithm::Sha256, value: vec![0; 32] },
        &pki().person.chain()[0],
    );
    assert!(sign_with_openssl_key(&pki().person.key, &attributes.unwrap()).is_ok());
}
