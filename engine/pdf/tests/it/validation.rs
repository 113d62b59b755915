//! Why: a validator that says yes to a forgery is worse than none.

use lopdf::Document;
use sealflow_pdf::{
    Report, Trust, begin, finish, prepare, sign_with_openssl_key, signed_attributes, validate,
    validate::{SubIndication, Verdict},
};

use crate::{
    levels::late_tsa,
    signing::revisions,
    support::{
        SIGNED_AT_MS,
        attack::{append, body, field_id, page_id},
        contract_fields,
        pdf::{self, BOTH, Xref},
        person_request,
        pki::{self, Use, pki, trust},
    },
};

fn judge(file: &[u8]) -> Report {
    validate(file, &trust()).unwrap()
}

/// Verdict, sub-indication and first forbidden change of the first signature.
fn first(file: &[u8]) -> (Verdict, Option<SubIndication>, Option<String>) {
    let report = judge(file).signatures.remove(0);
    let forbidden = report.changes_after.into_iter().find(|change| !change.allowed).map(|change| change.kind);
    (report.verdict, report.sub_indication, forbidden)
}

#[test]
fn two_signatures_pass_and_tell_what_came_after() {
    for xref in BOTH {
        for timestamped in [false, true] {
            let [_, once, twice] = revisions(&pdf::file(xref, 3, 90), 1, timestamped);
            assert!(judge(&once).passed());
            let report = judge(&twice);
            assert!(report.passed(), "{report:#?}");
            let [person, company] = report.signatures.as_slice() else { panic!("{report:#?}") };
            assert_eq!(
                (person.field.as_str(), person.signer.as_deref()),
                ("person_signature", Some("示例签署人"))
            );
            assert_eq!(
                (company.field.as_str(), company.signer.as_deref()),
                ("company_seal", Some("示例采购有限公司"))
            );
            assert_eq!((person.covers_whole_file, company.covers_whole_file), (false, true));
            assert_eq!(person.signing_time_ms, Some(SIGNED_AT_MS));
            let changes: Vec<_> =
                person.changes_after.iter().map(|c| (c.kind.as_str(), c.what.as_str(), c.allowed)).collect();
            let filled = |name| ("field_filled", name, true);
            assert_eq!(
                changes,
                [("signature_added", "company_seal", true), filled("company_date"), filled("company_edge")]
            );
            assert_eq!(company.changes_after, []);
            for signature in &report.signatures {
                let trusted = signature.timestamp.as_ref().map(|timestamp| timestamp.trusted);
                assert_eq!(trusted, timestamped.then_some(true), "{signature:#?}");
            }
        }
    }
}

#[test]
fn the_report_reads_as_the_command_line_shows_it() {
    let [_, once, _] = revisions(&pdf::file(Xref::Table, 1, 0), 1, false);
    let report = serde_json::to_value(judge(&once)).unwrap();
    let signature = &report["signatures"][0];
    assert_eq!(signature["field"], "person_signature");
    assert_eq!(signature["verdict"], "TOTAL-PASSED");
    assert_eq!(signature["sub_indication"], serde_json::Value::Null);
    assert_eq!(signature["covers_whole_file"], true);
    assert_eq!(signature["changes_after"], serde_json::json!([]));
}

/// Where the first hole begins and ends, with its brackets.
fn begin_of_hole(file: &[u8]) -> (usize, usize) {
    let at = file.windows(10).position(|window| window == b"/Contents ").unwrap();
    let label = at + file[at..].windows(11).position(|window| window == b"/Contents <").unwrap() + 10;
    (label, label + file[label..].iter().position(|byte| *byte == b'>').unwrap() + 1)
}

#[test]
fn changed_signature_bytes_fail() {
    let [_, once, _] = revisions(&pdf::file(Xref::Table, 1, 0), 1, false);
    let hole = begin_of_hole(&once);
    let digits = &once[hole.0 + 1..hole.1 - 1];
    // From the signed attributes (the content type's identifier) to the end of the signature value.
    let content_type = b"06092a864886f70d010903";
    let from = hole.0 + 1 + digits.windows(22).position(|window| window == content_type).unwrap();
    let to = hole.0 + 1 + digits.iter().rposition(|digit| *digit != b'0').unwrap();
    assert!(to - from > 300);
    for at in (from..=to).step_by(3) {
        let mut broken = once.clone();
        broken[at] = if broken[at] == b'0' { b'1' } else { b'0' };
        let report = judge(&broken);
        assert_ne!(report.signatures[0].verdict, Verdict::TotalPassed, "digit {}", at - hole.0);
    }
    // What follows the signature in its hole must be zeros.
    let mut broken = once;
    broken[hole.1 - 2] = b'1';
    assert_eq!(first(&broken).1, Some(SubIndication::FormatFailure));
}

#[test]
fn forged_revisions_fail() {
    let [_, once, twice] = revisions(&pdf::file(Xref::Table, 2, 0), 1, false);
    let next = Document::load_mem(&once).unwrap().max_id + 1;
    let page = page_id(&once, 1);
    let page_body = body(&once, page);
    let contents = Document::load_mem(&once).unwrap().get_page_contents(page)[0];
    let date = field_id(&once, "company_date");
    let filled = field_id(&twice, "company_date");
    let signed = field_id(&once, "person_signature");
    let note = format!("<</Type/Annot/Subtype/Stamp/Rect[0 0 500 500]/P {} 0 R>>", page.0);
    let with_note = page_body.replacen("/Annots[", &format!("/Annots[{next} 0 R "), 1);
    assert_ne!(with_note, page_body);
    let turned = page_body.replacen("/Rotate 0", "/Rotate 180", 1);
    assert_ne!(turned, page_body);
    let text = b"<</Length 30>>stream\nBT /F1 20 Tf 60 700 Td (x) Tj ET\nendstream".to_vec();
    let moved = body(&once, date).replacen("/Rect[", "/Rect[0 ", 1).into_bytes();
    let refilled = body(&twice, filled).replacen("/V", "/V(2027)/W", 1).into_bytes();
    let unsigned = body(&once, signed).replacen("/V ", "/W ", 1).into_bytes();
    for (name, file, expected) in [
        ("new page content", append(&once, &[(contents.0, text)]), "object_changed"),
        (
            "a stamp",
            append(&once, &[(next, note.into_bytes()), (page.0, with_note.into_bytes())]),
            "page_changed",
        ),
        ("a turned page", append(&once, &[(page.0, turned.into_bytes())]), "page_changed"),
        ("a moved field", append(&once, &[(date.0, moved)]), "field_changed"),
        ("a date filled twice", append(&twice, &[(filled.0, refilled)]), "field_changed"),
        ("another catalog", append(&once, &[(root(&once), other_catalog(&once))]), "catalog_changed"),
    ] {
        let (verdict, _, change) = first(&file);
        let last = judge(&file).signatures.pop().unwrap();
        let change = change.or_else(|| last.changes_after.into_iter().find(|c| !c.allowed).map(|c| c.kind));
        assert_eq!(change.as_deref(), Some(expected), "{name}");
        assert!(verdict == Verdict::TotalFailed || last.verdict == Verdict::TotalFailed, "{name}");
    }
    // A removed signature is not reported, but the other one notices.
    let removed = append(&twice, &[(signed.0, unsigned)]);
    assert_eq!(first(&removed).0, Verdict::TotalFailed);
}

fn root(file: &[u8]) -> u32 {
    Document::load_mem(file).unwrap().trailer.get(b"Root").unwrap().as_reference().unwrap().0
}

fn other_catalog(file: &[u8]) -> Vec<u8> {
    body(file, (root(file), 0)).replacen("/Type/Catalog", "/Type/Catalog/OpenAction[]", 1).into_bytes()
}

#[test]
fn an_object_that_was_left_hanging_cannot_be_shown_later() {
    let mut document = pdf::document(1, 0);
    let hidden = 500;
    let page = *document.get_pages().values().next().unwrap();
    let contents = document.get_dictionary(page).unwrap().get(b"Contents").unwrap().clone();
    let both = vec![contents, lopdf::Object::Reference((hidden, 0))];
    document.get_object_mut(page).unwrap().as_dict_mut().unwrap().set("Contents", both);
    let [_, once, _] = revisions(&pdf::save(document, Xref::Table), 1, false);
    assert!(judge(&once).passed());
    let text = b"<</Length 31>>stream\nBT /F1 20 Tf 60 700 Td (x) Tj ET \nendstream".to_vec();
    let (verdict, _, change) = first(&append(&once, &[(hidden, text)]));
    assert_eq!((verdict, change.as_deref()), (Verdict::TotalFailed, Some("hidden_object_shown")));
}

#[test]
fn lies_about_the_byte_range_fail() {
    let [_, once, _] = revisions(&pdf::file(Xref::Table, 1, 0), 1, false);
    let at = once.windows(12).rposition(|window| window == b"/ByteRange [").unwrap() + 12;
    let end = at + once[at..].iter().position(|byte| *byte == b']').unwrap();
    let numbers: Vec<i64> = String::from_utf8_lossy(&once[at..end])
        .split_whitespace()
        .map(|number| number.parse().unwrap())
        .collect();
    let [zero, a, b, c] = numbers.try_into().unwrap();
    for lie in [
        format!("{zero} {a} {b}"),
        format!("{zero} {a} {b} {c} 0"),
        format!("1 {} {b} {c}", a - 1),
        format!("{zero} {} {b} {c}", a - 1),
        format!("{zero} {a} {} {}", b + 1, c - 1),
        format!("{zero} {a} {} {c}", b + 1),
        format!("{zero} {a} {b} {}", c - 1),
        format!("{zero} {a} {b} -{c}"),
        format!("{zero} {a} {a} {c}"),
        format!("{zero} {} 0 0", once.len()),
        String::from("null"),
    ] {
        let mut file = once.clone();
        let lie = format!("{lie:<width$}", width = end - at);
        file.splice(at..end, lie.bytes());
        let (verdict, sub_indication, _) = first(&file);
        let sub_indication = sub_indication.unwrap();
        assert_eq!(verdict, Verdict::TotalFailed, "{lie}");
        assert!(
            [SubIndication::FormatFailure, SubIndication::HashFailure].contains(&sub_indication),
            "{lie}: {sub_indication}"
        );
    }
}

#[test]
fn appended_garbage_is_noticed() {
    let [_, once, _] = revisions(&pdf::file(Xref::Table, 1, 0), 1, false);
    assert!(judge(&[&once, b"\n\r\n".as_slice()].concat()).passed());
    for garbage in [b"9 0 obj\n<</Type/Catalog>>\nendobj\n".as_slice(), b"%%EOF", b"\0x"] {
        let file = [once.as_slice(), garbage].concat();
        assert_eq!(first(&file).0, Verdict::TotalFailed, "{garbage:?}");
    }
}

#[test]
fn certificates_are_judged() {
    let [_, once, _] = revisions(&pdf::file(Xref::Table, 1, 0), 1, false);
    let verdict = |trust: &Trust| {
        let report = validate(&once, trust).unwrap().signatures.remove(0);
        (report.verdict, report.sub_indication)
    };
    assert_eq!(
        verdict(&Trust::default()),
        (Verdict::Indeterminate, Some(SubIndication::NoCertificateChainFound))
    );
    // 2024 and 2036: before and after the certificate's time.
    for at_ms in [1_704_067_200_000, 2_082_758_400_000] {
        let at = Trust { at_ms: Some(at_ms), ..trust() };
        assert_eq!(verdict(&at), (Verdict::Indeterminate, Some(SubIndication::OutOfBoundsNoPoe)));
    }
    // A timestamp of somebody who is still trusted then proves that the signature was there in time.
    let prepared = prepare(&pdf::file(Xref::Table, 1, 0), &contract_fields(1)).unwrap();
    let begun = begin(&prepared, &person_request()).unwrap();
    let stamped = pki().person.finish_with(begun, Some(late_tsa()));
    let at = Trust { at_ms: Some(2_082_758_400_000), ..trust() };
    assert!(validate(&stamped, &at).unwrap().passed());
}

#[test]
fn another_certificate_of_the_same_key_fails() {
    let prepared = prepare(&pdf::file(Xref::Table, 1, 0), &contract_fields(1)).unwrap();
    let prepared = begin(&prepared, &person_request()).unwrap();
    let other = pki::issue("示例签署人二", pki().person.key.clone(), Some(&pki().root), Use::Sign);
    let attributes = signed_attributes(&prepared.digest, &pki().person.chain()[0]).unwrap();
    let signature = sign_with_openssl_key(&other.key, &attributes).unwrap();
    // Signed for one certificate, finished with another: refused at once.
    assert!(finish(prepared, &signature, &other.chain(), None).is_err());
}
