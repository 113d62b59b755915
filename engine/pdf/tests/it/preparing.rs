//! Why: what is wrong with an upload or a field must be said before anything is kept.

use lopdf::{Document, Object, ObjectId, dictionary};
use sealflow_pdf::{
    FieldKind, FieldSpec, Rect, SignRequest, begin, inspect,
    inspect::Error,
    limits::PAGES_MAX,
    prepare,
    prepare::Error as PrepareError,
    sign::{self, NewField},
    validate,
};

use crate::{
    signing::revisions,
    support::{
        attack::{append, body},
        company_request, contract_fields, field,
        pdf::{self, BOTH, Xref},
        person_request,
        pki::{pki, trust},
        show, text,
        tools::{folder, run},
    },
};

#[test]
fn pages_are_told_as_they_are_shown() {
    for xref in BOTH {
        for (rotate, width, height) in
            [(0, 595.0, 842.0), (90, 842.0, 595.0), (180, 595.0, 842.0), (-90, 842.0, 595.0)]
        {
            let found = inspect(&pdf::file(xref, 2, rotate)).unwrap();
            assert_eq!((found.page_count, found.signatures, found.revisions, found.xfa), (2, 0, 1, false));
            assert_eq!((found.pages[1].width, found.pages[1].height), (width, height));
            assert_eq!(i64::from(found.pages[1].rotate), rotate.rem_euclid(360));
        }
    }
    let mut document = pdf::document(1, 90);
    let page = document.get_pages()[&1];
    let crop: Vec<Object> = vec![100.into(), 50.into(), 400.into(), 250.into()];
    document.get_object_mut(page).unwrap().as_dict_mut().unwrap().set("CropBox", crop);
    let found = inspect(&pdf::save(document, Xref::Table)).unwrap();
    assert_eq!((found.pages[0].width, found.pages[0].height), (200.0, 300.0));
}

#[test]
fn files_that_cannot_be_used_are_told_apart() {
    assert_eq!(inspect(b""), Err(Error::Empty));
    assert_eq!(inspect("示例合同".as_bytes()), Err(Error::NotAPdf));
    let file = pdf::file(Xref::Table, 1, 0);
    assert!(matches!(inspect(&file[..file.len() / 2]), Err(Error::Damaged { .. })));
    let many = pdf::file(Xref::Stream, PAGES_MAX + 1, 0);
    assert_eq!(inspect(&many), Err(Error::TooManyPages { max: PAGES_MAX }));
    assert_eq!(inspect(&pdf::file(Xref::Stream, PAGES_MAX, 0)).unwrap().page_count, PAGES_MAX);
    let marked = file_with_trailer_entry(&file, "/Encrypt<</Filter/Standard>>");
    assert_eq!(inspect(&marked), Err(Error::Encrypted));
}

/// Puts an entry into the trailer, which comes last, so that no offset changes.
fn file_with_trailer_entry(file: &[u8], entry: &str) -> Vec<u8> {
    let at = file.windows(7).rposition(|window| window == b"trailer").unwrap();
    let open = at + file[at..].windows(2).position(|window| window == b"<<").unwrap() + 2;
    [&file[..open], entry.as_bytes(), &file[open..]].concat()
}

#[test]
fn bytes_before_the_header_are_dropped() {
    let file = pdf::file(Xref::Stream, 1, 0);
    let junk = [b"\r\nFrom a scanner\r\n".as_slice(), &file].concat();
    assert_eq!(inspect(&junk), inspect(&file));
    assert_eq!(prepare(&junk, &contract_fields(1)), prepare(&file, &contract_fields(1)));
    // A signed file keeps every byte, so such a one is refused.
    let [_, once, _] = revisions(&file, 1, false);
    let junk = [b"junk".as_slice(), &once].concat();
    assert!(prepare(&junk, &[field("more", FieldKind::Seal, 1, [0.0, 0.0, 9.0, 9.0])]).is_err());
    assert!(begin(&junk, &company_request()).is_err());
}

#[test]
fn wrong_fields_are_named() {
    let file = pdf::file(Xref::Table, 1, 90);
    let good = || field("a", FieldKind::Text, 1, [0.0, 0.0, 842.0, 595.0]);
    assert!(prepare(&file, &[good()]).is_ok());
    let rect = |rect| vec![FieldSpec { name: "b".into(), ..field("b", FieldKind::Text, 1, rect) }];
    for fields in [
        vec![FieldSpec { page: 0, name: "b".into(), ..good() }],
        vec![FieldSpec { page: 2, name: "b".into(), ..good() }],
        rect([0.0, 0.0, 843.0, 10.0]),
        rect([-1.0, 0.0, 10.0, 10.0]),
        rect([0.0, 590.0, 10.0, 10.0]),
        rect([0.0, 0.0, 0.5, 10.0]),
        rect([0.0, 0.0, 0.0, 0.0]),
        rect([f64::NAN, 0.0, 10.0, 10.0]),
        rect([0.0, 0.0, f64::INFINITY, 10.0]),
        vec![good(), FieldSpec { name: "b".into(), ..good() }, FieldSpec { name: "b".into(), ..good() }],
    ] {
        match prepare(&file, &fields) {
            Err(PrepareError::Field { name, .. }) => assert_eq!(name, "b"),
            other => panic!("{fields:?}: {other:?}"),
        }
    }
    for name in ["", "a.b", "a\nb", &"a".repeat(129)] {
        assert!(matches!(
            prepare(&file, &[FieldSpec { name: name.into(), ..good() }]),
            Err(PrepareError::Field { .. })
        ));
    }
    let again = prepare(&prepare(&file, &[good()]).unwrap(), &[good()]);
    assert!(matches!(again, Err(PrepareError::Field { .. })));
}

#[test]
fn a_signed_file_takes_signature_fields_only() {
    let [_, once, _] = revisions(&pdf::file(Xref::Stream, 1, 0), 1, false);
    for kind in [FieldKind::Text, FieldKind::Date, FieldKind::Picture] {
        let refused = prepare(&once, &[field("more", kind, 1, [0.0, 0.0, 50.0, 20.0])]);
        assert_eq!(refused, Err(PrepareError::AlreadySigned { field_kind: kind }));
    }
    assert!(prepare(&once, &[field("more", FieldKind::Seal, 1, [0.0, 0.0, 50.0, 20.0])]).is_ok());
}

#[test]
fn a_certified_file_that_allows_no_change_is_left_alone() {
    let certified = |level: i64| {
        let mut document = pdf::document(1, 0);
        let parameters = dictionary! {"Type" => "TransformParams", "V" => "1.2", "P" => level};
        let reference = dictionary! {"TransformMethod" => "DocMDP", "TransformParams" => parameters};
        let references = vec![Object::Dictionary(reference)];
        let signature = document.add_object(dictionary! {"Type" => "Sig", "Reference" => references});
        let root = document.trailer.get(b"Root").unwrap().as_reference().unwrap();
        let root = document.get_object_mut(root).unwrap().as_dict_mut().unwrap();
        root.set("Perms", dictionary! {"DocMDP" => signature});
        pdf::save(document, Xref::Stream)
    };
    assert_eq!(prepare(&certified(1), &contract_fields(1)), Err(PrepareError::Locked));
    // One that may be filled gets no field that shows.
    for level in [2, 3] {
        let refused = prepare(&certified(level), &contract_fields(1));
        assert!(
            matches!(&refused, Err(PrepareError::Field { why, .. }) if why.contains("certified")),
            "{refused:?}"
        );
        let unseen = [field("more", FieldKind::Signature, 1, [0.0; 4])];
        assert!(prepare(&certified(level), &unseen).is_ok());
    }
}

#[test]
fn requests_that_do_not_fit_the_fields_are_refused() {
    let [prepared, once, _] = revisions(&pdf::file(Xref::Table, 1, 0), 1, false);
    let seal = |name: &str| show(name, company_request().appearances.remove(0).appearance);
    let with = |change: &dyn Fn(&mut sign::SignRequest)| {
        let mut request = company_request();
        change(&mut request);
        begin(&once, &request)
    };
    assert!(with(&|_| ()).is_ok());
    assert!(with(&|request| request.field = "person_signature".into()).is_err(), "signed twice");
    assert!(with(&|request| request.field = "company_date".into()).is_err(), "a date is no signature");
    assert!(with(&|request| request.field = "nobody".into()).is_err(), "no such field");
    assert!(
        with(&|request| request.appearances.push(show("person_date", text("x")))).is_err(),
        "filled already"
    );
    assert!(
        with(&|request| request.appearances.push(show("person_signature", text("x")))).is_err(),
        "signed already"
    );
    assert!(with(&|request| request.appearances.push(show("nobody", text("x")))).is_err(), "no such field");
    assert!(with(&|request| request.appearances.push(seal("company_seal"))).is_err(), "two appearances");
    assert!(with(&|request| request.appearances[1] = seal("company_date")).is_err(), "a date takes text");
    assert!(
        with(&|request| request.appearances[1] = show("company_date", text(&"年".repeat(90)))).is_err(),
        "too long"
    );
    assert!(
        with(&|request| request.appearances[1] = show("company_date", text("\u{e000}"))).is_err(),
        "no glyph"
    );
    assert!(with(&|request| request.hole_bytes = 100).is_err(), "a hole too small");
    assert!(with(&|request| request.signer_name = "名".repeat(257)).is_err(), "a name too long");
    let outside = sealflow_pdf::Rect { x: 590.0, y: 0.0, width: 50.0, height: 50.0 };
    let new = |request: &mut sign::SignRequest| {
        request.field = "new".into();
        request.new_field = Some(NewField { page: 1, rect: outside });
    };
    assert!(with(&new).is_err(), "outside the page");
    assert!(begin(&prepared, &person_request()).is_ok());
}

#[test]
fn the_form_is_read_only_and_shows_our_appearances() {
    let mut document = pdf::document(1, 0);
    let root = document.trailer.get(b"Root").unwrap().as_reference().unwrap();
    let form = dictionary! {"Fields" => Vec::<Object>::new(), "NeedAppearances" => true, "XFA" => Object::string_literal("x")};
    let form = document.add_object(form);
    document.get_object_mut(root).unwrap().as_dict_mut().unwrap().set("AcroForm", form);
    let file = pdf::save(document, Xref::Table);
    assert!(inspect(&file).unwrap().xfa);
    let prepared = prepare(&file, &contract_fields(1)).unwrap();
    assert!(!inspect(&prepared).unwrap().xfa);
    let document = Document::load_mem(&prepared).unwrap();
    let form = document.get_dictionary(form).unwrap();
    assert!(form.get(b"NeedAppearances").is_err());
    assert_eq!(form.get(b"SigFlags").unwrap().as_i64().unwrap(), 3);
    assert_eq!(form.get(b"Fields").unwrap().as_array().unwrap().len(), 5);
    for object in document.objects.values().filter_map(|object| object.as_dict().ok()) {
        if object.get(b"FT").and_then(Object::as_name).is_ok_and(|kind| kind != b"Sig") {
            assert_eq!(object.get(b"Ff").unwrap().as_i64().unwrap() & 1, 1, "{object:?}");
        }
    }
}

#[test]
fn fields_that_a_file_lost_are_listed_no_longer() {
    let listed = |file: &[u8]| {
        let document = Document::load_mem(file).unwrap();
        let (_, form) = document.dereference(document.catalog().unwrap().get(b"AcroForm").unwrap()).unwrap();
        let (_, fields) = document.dereference(form.as_dict().unwrap().get(b"Fields").unwrap()).unwrap();
        fields.as_array().unwrap().iter().map(|field| field.as_reference().unwrap().0).collect::<Vec<_>>()
    };
    for indirect in [false, true] {
        let mut document = pdf::document(1, 0);
        let kept = document.add_object(dictionary! {"FT" => "Tx", "T" => Object::string_literal("kept")});
        let fields = Object::Array(vec![(900, 0).into(), kept.into()]);
        let fields = if indirect { document.add_object(fields).into() } else { fields };
        document.catalog_mut().unwrap().set("AcroForm", dictionary! {"Fields" => fields});
        let file = pdf::save(document, Xref::Table);
        assert_eq!(listed(&file), [900, kept.0]);
        let [prepared, _, twice] = revisions(&file, 1, false);
        let fields = listed(&prepared);
        assert_eq!((fields[0], fields.len()), (kept.0, 1 + contract_fields(1).len()), "{indirect}");
        assert!(validate(&twice, &trust()).unwrap().passed(), "{indirect}");
    }
    // Where somebody has signed, the list stays as it is: it may only grow.
    let prepared = prepare(&pdf::file(Xref::Table, 1, 0), &contract_fields(1)).unwrap();
    let form = form_id(&prepared);
    let lost = body(&prepared, form).replacen("/Fields[", "/Fields[900 0 R ", 1);
    let lost = append(&prepared, &[(form.0, lost.into_bytes())]);
    let once = pki().person.finish(begin(&lost, &person_request()).unwrap(), false);
    let more = prepare(&once, &[field("more", FieldKind::Seal, 1, [0.0, 0.0, 9.0, 9.0])]).unwrap();
    assert_eq!(listed(&more)[0], 900);
    assert!(validate(&more, &trust()).unwrap().passed());
}

fn form_id(file: &[u8]) -> ObjectId {
    let document = Document::load_mem(file).unwrap();
    document.catalog().unwrap().get(b"AcroForm").unwrap().as_reference().unwrap()
}

#[test]
fn a_form_in_the_catalog_stays_there_once_somebody_has_signed() {
    for xref in BOTH {
        let prepared = prepare(&pdf::file(xref, 1, 0), &contract_fields(1)).unwrap();
        let document = Document::load_mem(&prepared).unwrap();
        let root = document.trailer.get(b"Root").unwrap().as_reference().unwrap();
        let form = form_id(&prepared);
        let direct = body(&prepared, root)
            .replacen(&format!("{} 0 R", form.0), &body(&prepared, form), 1)
            .into_bytes();
        let direct = append(&prepared, &[(root.0, direct)]);
        let once = pki().person.finish(begin(&direct, &person_request()).unwrap(), false);
        // A field for a further signature, which then is filled.
        let request = SignRequest {
            field: "more".into(),
            new_field: Some(NewField { page: 1, rect: Rect { x: 9.0, y: 9.0, width: 9.0, height: 9.0 } }),
            appearances: Vec::new(),
            ..company_request()
        };
        let twice = pki().company.finish(begin(&once, &request).unwrap(), false);
        let report = validate(&twice, &trust()).unwrap();
        assert!(report.passed() && report.signatures.len() == 2, "{report:#?}");
        // Before that it gets an object of its own, so that signers need not write the catalog.
        let file = prepare(&direct, &[field("more", FieldKind::Seal, 1, [0.0, 0.0, 9.0, 9.0])]).unwrap();
        assert_ne!(form_id(&file), root);
    }
}

/// A file with a form whose fields show an old value, and say another one in these entries.
fn with_old_appearances(fields: &[&str], form: &str) -> Vec<u8> {
    let file = pdf::file(Xref::Table, 1, 0);
    let document = Document::load_mem(&file).unwrap();
    let root = document.trailer.get(b"Root").unwrap().as_reference().unwrap();
    let (page, next) = (document.get_pages()[&1], document.max_id + 1);
    let old = "BT /Helv 9 Tf 2 2 Td (old value) Tj ET";
    let font = "/Resources<</Font<</Helv<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>";
    let mut objects = vec![(
        next,
        format!("<</Subtype/Form/BBox[0 0 150 20]{font}/Length {}>>stream\n{old}\nendstream", old.len()),
    )];
    let mut list = String::new();
    for (number, field) in (next + 1..).zip(fields) {
        let bottom = 300 + 30 * (number - next);
        let widget = format!("/Type/Annot/Subtype/Widget/Rect[60 {bottom} 210 {}]/F 4", bottom + 20);
        let page = page.0;
        objects.push((number, format!("<<{widget}/P {page} 0 R/T(f{number})/AP<</N {next} 0 R>>{field}>>")));
        list.push_str(&format!("{number} 0 R "));
    }
    let with = |id: ObjectId, entry: String| (id.0, body(&file, id).replacen("<<", &entry, 1));
    objects.push(with(page, format!("<</Annots[{list}]")));
    objects.push(with(root, format!("<</AcroForm<</Fields[{list}]{form}>>")));
    let objects: Vec<_> = objects.into_iter().map(|(number, body)| (number, body.into_bytes())).collect();
    append(&file, &objects)
}

/// What the first page shows, fields and all.
fn shown_text(file: &[u8]) -> String {
    run("pdftotext", "poppler-utils", &["-raw", "file.pdf", "-"], folder(file).path()).1
}

#[test]
fn values_that_viewers_are_asked_to_draw_are_drawn() {
    const ASKED: &str = "/NeedAppearances true/DA(/Helv 0 Tf 0 g)";
    let value = format!(
        "/V<{}>",
        hex::encode("\u{feff}新值 1234".encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<_>>())
    );
    let long = format!("/V({})", "w".repeat(300));
    for (field, form, shown) in [
        (format!("/FT/Tx{value}"), ASKED, "新值 1234"),
        (format!("/FT/Tx{value}/Q 2/DA(/Helv 9 Tf 1 0 0 rg)/MK<</BG[1 1 0]/BC[0]>>"), ASKED, "新值 1234"),
        ("/FT/Tx/Ff 4096/V(two\\nlines)".to_owned(), ASKED, "two\nlines"),
        ("/FT/Ch/Ff 131072/V(b)/Opt[[(a)(Apple)][(b)(Berry)]]".to_owned(), ASKED, "Berry"),
        ("/FT/Ch/Ff 131072/V(b)/Opt[(a)(b)]".to_owned(), ASKED, "b"),
        // Nothing is nothing.
        ("/FT/Tx/V()".to_owned(), ASKED, ""),
        ("/FT/Tx".to_owned(), ASKED, ""),
        // Who has not asked means what is there, and a secret is none to be drawn.
        (format!("/FT/Tx{value}"), "", "old value"),
        (format!("/FT/Tx{value}"), "/NeedAppearances false", "old value"),
        ("/FT/Tx/Ff 8192/V(secret)".to_owned(), ASKED, "old value"),
        ("/FT/Ch/V(b)/Opt[(a)(b)]".to_owned(), ASKED, "old value"),
    ] {
        let file = with_old_appearances(&[&field], form);
        let [prepared, _, twice] = revisions(&file, 1, false);
        let text = shown_text(&prepared);
        let rest = text.replacen("Contract, page 1", "", 1);
        assert_eq!(rest.trim(), shown, "{field}, {form}");
        assert!(validate(&twice, &trust()).unwrap().passed(), "{field}");
    }
    // What does not fit is left to viewers, but shows nothing old. The others are drawn all the same.
    let file = with_old_appearances(&[&format!("/FT/Tx{long}"), &format!("/FT/Tx{value}")], ASKED);
    let text = shown_text(&prepare(&file, &contract_fields(1)).unwrap());
    assert!(text.contains("新值 1234") && !text.contains("old value"), "{text}");
}
