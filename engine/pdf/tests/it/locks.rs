//! Why: whoever signs may lock fields or the whole file. Those after him keep to it, and a file in which somebody did not is
//! told by name.

use lopdf::{Document, Object, dictionary};
use sealflow_pdf::{
    Appearance, FieldKind, FieldSpec, Rect, SignRequest, begin,
    limits::SIGNATURES_MAX,
    prepare,
    prepare::Error as PrepareError,
    read,
    sign::{Error, NewField, add_validation_data, begin_document_timestamp, certificates},
    sign::{ValidationData, finish_document_timestamp},
    validate,
    validate::{SignatureReport, Verdict},
};

use crate::support::{
    attack::{append, body, field_id},
    company_request, contract_fields,
    pdf::{self, BOTH, Xref},
    person_request,
    pki::{pki, trust},
    show, text,
    tools::timestamp_token,
};

/// The person's request, with nothing but the signature.
fn alone() -> SignRequest {
    SignRequest { appearances: Vec::new(), ..person_request() }
}

/// Signs with a `/Reference` in the signature dictionary, which takes the place of a long reason.
fn sign_with(file: &[u8], references: &str) -> Vec<u8> {
    let reason = "x".repeat(250);
    let mut begun = begin(file, &SignRequest { reason: Some(reason.clone()), ..alone() }).unwrap();
    let old = format!("/Reason ({reason})");
    let new = format!("{:1$}", format!("/Reference[{references}]"), old.len());
    assert_eq!(new.len(), old.len());
    let at = begun.bytes.windows(old.len()).position(|window| window == old.as_bytes()).unwrap();
    begun.bytes[at..at + old.len()].copy_from_slice(new.as_bytes());
    let [_, before, after, _] = begun.byte_range;
    let signed = [&begun.bytes[..before], &begun.bytes[after..]].concat();
    begun.digest.value = openssl::sha::sha256(&signed).to_vec();
    pki().person.finish(begun, false)
}

fn prepared(xref: Xref) -> Vec<u8> {
    prepare(&pdf::file(xref, 1, 0), &contract_fields(1)).unwrap()
}

/// Signed with the fields locked that `lock` tells, by the signature or by its field.
fn locked(by_signature: bool, lock: &str) -> Vec<u8> {
    let file = prepared(Xref::Table);
    let once = if by_signature {
        let parameters = format!("<</Type/TransformParams/V/1.2{lock}>>");
        sign_with(&file, &format!("<</TransformMethod/FieldMDP/TransformParams{parameters}>>"))
    } else {
        let field = field_id(&file, "person_signature");
        let with = body(&file, field).replacen("<<", &format!("<</Lock<</Type/SigFieldLock{lock}>>"), 1);
        let file = append(&file, &[(field.0, with.into_bytes())]);
        pki().person.finish(begin(&file, &alone()).unwrap(), false)
    };
    assert!(validate(&once, &trust()).unwrap().passed());
    once
}

/// Fills a date's field as somebody would who does not ask.
fn filled(file: &[u8], name: &str) -> Vec<u8> {
    let field = field_id(file, name);
    append(file, &[(field.0, body(file, field).replacen("<<", "<</V(2026)", 1).into_bytes())])
}

fn first(file: &[u8]) -> SignatureReport {
    validate(file, &trust()).unwrap().signatures.remove(0)
}

fn told(report: &SignatureReport) -> Vec<(&str, &str, bool)> {
    let changes = report.changes_after.iter();
    changes.map(|change| (change.kind.as_str(), change.what.as_str(), change.allowed)).collect()
}

/// Shows a text in the date's field, and signs the company's.
fn company(date: &str) -> SignRequest {
    SignRequest { appearances: vec![show(date, text("2026"))], ..company_request() }
}

#[test]
fn locked_fields_stay_as_they_are() {
    for by_signature in [false, true] {
        for (lock, is_locked) in [
            ("/Action/All", true),
            ("/Action/Include/Fields[(person_date)]", true),
            ("/Action/Include/Fields[(company_date)]", false),
            ("/Action/Exclude/Fields[(company_date)(company_seal)]", true),
            ("/Action/Exclude/Fields[(person_date)(company_seal)]", false),
            // The name of another, not of one above.
            ("/Action/Include/Fields[(person)]", false),
            ("/Action/Include", false),
            ("/Action/Exclude", true),
            ("/Action/Whatever", true),
            ("", true),
        ] {
            let once = locked(by_signature, lock);
            let report = first(&filled(&once, "person_date"));
            let begun = begin(&once, &company("person_date"));
            if is_locked {
                assert_eq!(told(&report), [("locked_field_changed", "person_date", false)], "{lock}");
                assert_eq!(report.verdict, Verdict::TotalFailed, "{lock}");
                assert!(report.reason.unwrap().contains("locked_field_changed (person_date)"), "{lock}");
                assert!(matches!(begun, Err(Error::Field { why, .. }) if why.contains("locks it")), "{lock}");
            } else {
                assert_eq!(told(&report), [("field_filled", "person_date", true)], "{lock}");
                assert_eq!(report.verdict, Verdict::TotalPassed, "{lock}");
                let twice = pki().company.finish(begun.unwrap(), false);
                assert!(validate(&twice, &trust()).unwrap().passed(), "{lock}");
            }
        }
    }
}

#[test]
fn locked_signature_fields_take_no_signature() {
    let seal_only = SignRequest { appearances: Vec::new(), ..company_request() };
    let rect = Rect { x: 9.0, y: 9.0, width: 50.0, height: 20.0 };
    let elsewhere = SignRequest {
        field: "more".into(),
        new_field: Some(NewField { page: 1, rect }),
        ..seal_only.clone()
    };
    let more = [FieldSpec { name: "more".into(), kind: FieldKind::Seal, page: 1, rect }];
    let once = locked(true, "/Action/Include/Fields[(company_seal)]");
    assert!(matches!(begin(&once, &seal_only), Err(Error::Field { .. })));
    // Others are free.
    assert!(prepare(&once, &more).is_ok());
    let twice = pki().company.finish(begin(&once, &elsewhere).unwrap(), false);
    assert!(validate(&twice, &trust()).unwrap().passed());
    // With all locked there is no place left, made or to be made.
    let once = locked(true, "/Action/All");
    for request in [&seal_only, &elsewhere] {
        assert!(matches!(begin(&once, request), Err(Error::Field { .. })));
    }
    assert!(matches!(prepare(&once, &more), Err(PrepareError::Field { .. })));
    // Without a lock the same signature is a further one.
    let free = pki().person.finish(begin(prepared(Xref::Table), &alone()).unwrap(), false);
    let twice = pki().company.finish(begin(&free, &seal_only).unwrap(), false);
    assert_eq!(told(&first(&twice)), [("signature_added", "company_seal", true)]);
}

#[test]
fn a_timestamp_breaks_no_lock() {
    let once = locked(true, "/Action/All");
    let stamped = stamped(&once);
    assert!(validate(&stamped, &trust()).unwrap().passed());
    assert_eq!(told(&first(&stamped)), [("timestamp_added", "Timestamp1", true)]);
}

fn stamped(file: &[u8]) -> Vec<u8> {
    let begun = begin_document_timestamp(file, 8 * 1024).unwrap();
    let token = timestamp_token(&begun.digest.value.clone().try_into().unwrap());
    finish_document_timestamp(begun, &token).unwrap()
}

/// Certified by its signer: nothing may be changed.
fn certified(xref: Xref) -> Vec<u8> {
    let parameters = "<</Type/TransformParams/V/1.2/P 1>>";
    let reference = format!("<</TransformMethod/DocMDP/TransformParams{parameters}>>");
    let once = sign_with(&prepared(xref), &reference);
    assert!(validate(&once, &trust()).unwrap().passed());
    once
}

#[test]
fn what_proves_a_certification_may_come_after_it() {
    for xref in BOTH {
        let once = certified(xref);
        let data = ValidationData { certificates: certificates(&once).unwrap(), ..ValidationData::default() };
        let proven = add_validation_data(&once, &data).unwrap();
        assert_eq!(told(&first(&proven)), [("metadata_changed", "/DSS", true)]);
        let archived = stamped(&proven);
        let report = validate(&archived, &trust()).unwrap();
        assert!(report.passed(), "{report:#?}");
        assert!(told(&report.signatures[0]).contains(&("timestamp_added", "Timestamp1", true)));
    }
}

#[test]
fn nothing_else_may_come_after_a_certification() {
    let once = certified(Xref::Table);
    for (why, file) in [
        ("a date", filled(&once, "person_date")),
        ("a date, with proofs", {
            let data =
                ValidationData { certificates: certificates(&once).unwrap(), ..ValidationData::default() };
            filled(&add_validation_data(&once, &data).unwrap(), "person_date")
        }),
        ("a timestamp that shows something", {
            let stamped = stamped(&once);
            let field = field_id(&stamped, "Timestamp1");
            let form = Document::load_mem(&stamped).unwrap().max_id + 1;
            let shown = format!("<</AP<</N {form} 0 R>>");
            let drawn = b"<</Subtype/Form/BBox[0 0 9 9]/Length 0>>stream\n\nendstream".to_vec();
            let field_body = body(&stamped, field).replacen("<<", &shown, 1).into_bytes();
            append(&stamped, &[(field.0, field_body), (form, drawn)])
        }),
    ] {
        let report = first(&file);
        assert_eq!(report.verdict, Verdict::TotalFailed, "{why}");
        assert!(report.reason.unwrap().contains("certified and allows no change"), "{why}");
    }
    assert!(begin(&once, &company("company_date")).is_err());
    assert_eq!(prepare(&once, &[]), Err(PrepareError::Locked));
    // A field's own lock may say the same.
    assert!(begin(locked(false, "/Action/Include/Fields[]/P 1"), &company("company_date")).is_err());
    assert!(begin(locked(false, "/Action/Include/Fields[]/P 2"), &company("company_date")).is_ok());
}

/// Certified by its signer: fields may be filled and signed, or notes made as well.
fn certified_for(permission: u8) -> Vec<u8> {
    let parameters = format!("<</Type/TransformParams/V/1.2/P {permission}>>");
    let reference = format!("<</TransformMethod/DocMDP/TransformParams{parameters}>>");
    sign_with(&prepared(Xref::Table), &reference)
}

#[test]
fn a_certified_page_gets_no_new_signature_that_shows() {
    let at = |x: f64, side: f64| Rect { x, y: x, width: side, height: side };
    let request = |rect| SignRequest {
        field: "more".into(),
        new_field: Some(NewField { page: 1, rect }),
        appearances: Vec::new(),
        ..company_request()
    };
    let spec = |rect| [FieldSpec { name: "more".into(), kind: FieldKind::Seal, page: 1, rect }];
    let free = pki().person.finish(begin(prepared(Xref::Table), &alone()).unwrap(), false);
    for permission in [2, 3] {
        let once = certified_for(permission);
        for refused in [begin(&once, &request(at(9.0, 50.0))).unwrap_err().to_string(), {
            prepare(&once, &spec(at(9.0, 50.0))).unwrap_err().to_string()
        }] {
            assert!(refused.contains("the file is certified"), "{refused}");
        }
        assert!(prepare(&once, &spec(at(0.0, 0.0))).is_ok());
        for further in [request(at(0.0, 0.0)), company("company_date")] {
            let twice = pki().company.finish(begin(&once, &further).unwrap(), false);
            assert!(validate(&twice, &trust()).unwrap().passed(), "{}", further.field);
        }
        // A program that does not ask makes the field all the same.
        let twice = pki().company.finish(begin(&once, &request(at(0.0, 0.0))).unwrap(), false);
        let field = field_id(&twice, "more");
        let revision = |rect: &str| {
            let new = body(&twice, field).replacen("/Rect[0 0 0 0]", rect, 1).into_bytes();
            first(&append(&twice, &[(field.0, new)]))
        };
        let unseen = revision("/Rect[0 0 0 0]");
        assert_eq!(told(&unseen), [("signature_added", "more", true)], "{permission}");
        for rect in ["/Rect[9 9 59 59]", "/Rect null/Kids[]"] {
            let report = revision(rect);
            assert_eq!(told(&report), [("field_added", "more", false)], "{permission}, {rect}");
            assert_eq!(report.verdict, Verdict::TotalFailed, "{permission}, {rect}");
        }
    }
    // Where nobody certified the file, the same is a further signature.
    let twice = pki().company.finish(begin(&free, &request(at(9.0, 50.0))).unwrap(), false);
    assert_eq!(told(&first(&twice)), [("signature_added", "more", true)]);
}

/// A file whose signature field keeps its widget apart, as some programs make them.
fn with_widget_apart() -> Vec<u8> {
    let file = prepared(Xref::Table);
    let field = field_id(&file, "company_seal");
    let widget = Document::load_mem(&file).unwrap().max_id + 1;
    let whole = body(&file, field);
    let name = "/T(company_seal)";
    assert!(whole.contains(name) && whole.contains("/FT/Sig"), "{whole}");
    let apart = whole.replacen(name, "", 1).replacen("/FT/Sig", &format!("/Parent {} 0 R", field.0), 1);
    let page = crate::support::attack::page_id(&file, 1).0;
    let page_body = body(&file, (page, 0));
    let moved = page_body.replacen(&format!("{} 0 R", field.0), &format!("{widget} 0 R"), 1);
    assert_ne!(moved, page_body);
    let field_alone = format!("<</FT/Sig{name}/Kids[{widget} 0 R]>>");
    append(
        &file,
        &[(field.0, field_alone.into_bytes()), (widget, apart.into_bytes()), (page, moved.into_bytes())],
    )
}

#[test]
fn a_widget_that_stands_apart_is_filled_by_the_first_signature_only() {
    let file = with_widget_apart();
    let seal = company_request().appearances.remove(0);
    assert!(matches!(seal.appearance, Appearance::Svg { .. }));
    let shown = SignRequest { appearances: vec![seal], ..company_request() };
    let alone_as_company = SignRequest { appearances: Vec::new(), ..company_request() };
    let first = pki().company.finish(begin(&file, &shown).unwrap(), false);
    assert!(validate(&first, &trust()).unwrap().passed());
    let once = pki().person.finish(begin(&file, &alone()).unwrap(), false);
    let refused = begin(&once, &shown);
    assert!(matches!(refused, Err(Error::Field { why, .. }) if why.contains("break")));
    // Without a picture nothing but the field changes.
    let twice = pki().company.finish(begin(&once, &alone_as_company).unwrap(), false);
    assert!(validate(&twice, &trust()).unwrap().passed());
}

/// With so many fields that hold what is no signature.
fn with_signatures(count: usize) -> Vec<u8> {
    let mut document = pdf::document(1, 0);
    let value = document.add_object(dictionary! {"Type" => "Sig"});
    let mut add = |number| {
        let field =
            dictionary! {"FT" => "Sig", "T" => Object::string_literal(format!("s{number}")), "V" => value};
        document.add_object(field).into()
    };
    let fields: Vec<Object> = (0..count).map(&mut add).collect();
    let root = document.trailer.get(b"Root").unwrap().as_reference().unwrap();
    let catalog = document.get_object_mut(root).unwrap().as_dict_mut().unwrap();
    catalog.set("AcroForm", dictionary! {"Fields" => fields});
    pdf::save(document, Xref::Table)
}

#[test]
fn very_many_signatures_are_not_looked_at() {
    let most = validate(&with_signatures(SIGNATURES_MAX), &trust()).unwrap();
    assert_eq!(most.signatures.len(), SIGNATURES_MAX);
    let more = validate(&with_signatures(SIGNATURES_MAX + 1), &trust());
    assert!(matches!(more, Err(read::Error::TooLarge { .. })), "{more:?}");
}
