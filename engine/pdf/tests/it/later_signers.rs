//! Why: Acrobat, when it signs after us, locks its field, moves the page's annotations into another list and adds fonts. None of
//! that is a forgery, and all of it looks much like one.

use lopdf::Document;
use sealflow_pdf::{begin, prepare, validate, validate::Verdict};

use crate::{
    signing::revisions,
    support::{
        attack::{append, body, field_id, page_id},
        contract_fields,
        pdf::{self, BOTH, Xref},
        person_request,
        pki::{pki, trust},
    },
};

type Judged = (Verdict, Vec<(String, bool)>);

/// The verdict on the first signature, and what is said of what came after it.
fn judged(file: &[u8]) -> Judged {
    let first = validate(file, &trust()).unwrap().signatures.remove(0);
    (first.verdict, first.changes_after.into_iter().map(|change| (change.kind, change.allowed)).collect())
}

fn passed(kind: &str) -> Judged {
    (Verdict::TotalPassed, vec![(kind.to_owned(), true)])
}

/// Fails for the one reason that `kind` names.
fn fails(name: &str, file: &[u8], kind: &str) {
    let (verdict, changes) = judged(file);
    assert_eq!(verdict, Verdict::TotalFailed, "{name}: {changes:?}");
    let reasons: Vec<_> = changes.iter().filter(|change| !change.1).map(|change| change.0.as_str()).collect();
    assert_eq!(reasons, [kind], "{name}");
}

fn form_id(file: &[u8]) -> u32 {
    let document = Document::load_mem(file).unwrap();
    document.catalog().unwrap().get(b"AcroForm").unwrap().as_reference().unwrap().0
}

/// A signed file, and what a later revision that adds a signature field is made of.
struct Later {
    once: Vec<u8>,
    /// The new field's number; those that follow are free, too.
    next: u32,
    page: u32,
    page_body: String,
    /// The page's annotations, in order.
    old: Vec<String>,
}

impl Later {
    /// With the page's annotations in an object of their own, or in the page.
    fn new(xref: Xref, indirect: bool) -> Self {
        let prepared = prepare(&pdf::file(xref, 1, 0), &contract_fields(1)).unwrap();
        let (page, next) = (page_id(&prepared, 1).0, Document::load_mem(&prepared).unwrap().max_id + 1);
        let text = body(&prepared, (page, 0));
        let (start, rest) = text.split_once("/Annots[").unwrap();
        let (list, end) = rest.split_once(']').unwrap();
        let old: Vec<String> = list.split_inclusive('R').map(|each| each.trim().to_owned()).collect();
        assert!(old.len() > 2 && old.iter().all(|each| each.ends_with(" 0 R")), "{old:?}");
        let moved = format!("{start}/Annots {next} 0 R{end}").into_bytes();
        let objects = [(next, format!("[{list}]").into_bytes()), (page, moved)];
        let prepared = if indirect { append(&prepared, &objects) } else { prepared };
        let once = pki().person.finish(begin(&prepared, &person_request()).unwrap(), false);
        assert_eq!(judged(&once), (Verdict::TotalPassed, vec![]));
        let (next, page_body) = (Document::load_mem(&once).unwrap().max_id + 1, body(&once, (page, 0)));
        Self { once, next, page, page_body, old }
    }

    /// The page with other annotations: a list or a reference.
    fn page_with(&self, annotations: &str) -> String {
        let (start, rest) = self.page_body.split_once("/Annots").unwrap();
        let end = rest.find(if rest.starts_with('[') { ']' } else { 'R' }).unwrap();
        format!("{start}/Annots {annotations}{}", &rest[end + 1..])
    }

    /// A revision with a further signature field, the page's annotations, and other objects.
    fn with(&self, annotations: &str, more: &[(u32, &str)]) -> Vec<u8> {
        let (next, page, form) = (self.next, self.page, form_id(&self.once));
        let field =
            format!("<</Type/Annot/Subtype/Widget/FT/Sig/T(later)/F 132/Rect[9 9 99 99]/P {page} 0 R>>");
        let fields = body(&self.once, (form, 0)).replacen("/Fields[", "/Fields [", 1);
        let (start, rest) = fields.split_once("/Fields [").unwrap();
        let (list, end) = rest.split_once(']').unwrap();
        let fields = format!("{start}/Fields[{list} {next} 0 R]{end}");
        let mut objects = vec![
            (next, field.into_bytes()),
            (form, fields.into_bytes()),
            (page, self.page_with(annotations).into_bytes()),
        ];
        objects.extend(more.iter().map(|(number, body)| (*number, body.as_bytes().to_vec())));
        append(&self.once, &objects)
    }
}

#[test]
fn annotations_may_move_into_another_list_that_says_the_same() {
    for xref in BOTH {
        for indirect in [false, true] {
            let later = Later::new(xref, indirect);
            let (field, list) = (format!("{} 0 R", later.next), later.next + 1);
            let old = later.old.join(" ");
            let reference = format!("{list} 0 R");
            let name = format!("{xref:?}, indirect {indirect}");
            for (annotations, body) in
                [(format!("[{old} {field}]"), None), (reference.clone(), Some(format!("[{old} {field}]")))]
            {
                let more: Vec<_> = body.iter().map(|body| (list, body.as_str())).collect();
                let file = later.with(&annotations, &more);
                assert_eq!(judged(&file), passed("signature_field_added"), "{name}: {annotations}");
            }

            let mut turned = later.old.clone();
            turned.reverse();
            let doubled = format!("[{old} {} {field}]", later.old[0]);
            let note = later.next + 2;
            for (why, body) in [
                ("one is gone", format!("[{} {field}]", later.old[1..].join(" "))),
                ("all are gone", format!("[{field}]")),
                ("another order", format!("[{} {field}]", turned.join(" "))),
                ("the new one below", format!("[{field} {old}]")),
                ("one twice", doubled),
                ("a note among them", format!("[{old} {note} 0 R {field}]")),
                ("no list", "<<>>".to_owned()),
                ("nothing", "null".to_owned()),
            ] {
                let stamp = format!("<</Type/Annot/Subtype/Stamp/Rect[0 0 99 99]/P {} 0 R>>", later.page);
                let file = later.with(&reference, &[(list, &body), (note, &stamp)]);
                fails(&format!("{name}: {why}"), &file, "page_changed");
            }
        }
    }
}

/// The second signer's revision, with other flags of one widget in it; its own signature is broken by that, the first is not.
fn with_flags(once: &[u8], twice: &[u8], field: &str, flags: &str) -> Vec<u8> {
    assert_eq!(flags.len(), 3, "nothing may move");
    let object = format!("{} 0 obj", field_id(twice, field).0);
    let find = |text: &[u8], from: usize| {
        twice[from..].windows(text.len()).position(|window| window == text).unwrap() + from
    };
    let at = find(b"/F 132", find(object.as_bytes(), once.len())) + 3;
    let mut file = twice.to_vec();
    file[at..at + 3].copy_from_slice(flags.as_bytes());
    file
}

#[test]
fn a_field_may_be_locked_when_it_is_signed() {
    let [_, once, twice] = revisions(&pdf::file(Xref::Table, 1, 0), 1, false);
    let all = judged(&twice);
    assert_eq!(all.0, Verdict::TotalPassed);
    // Locked by its contents, too; or no longer by its place.
    for flags in ["644", "004"] {
        assert_eq!(judged(&with_flags(&once, &twice, "company_seal", flags)), all, "{flags}");
    }
    for (why, flags) in [
        ("invisible", "133"),
        ("hidden", "134"),
        ("not printed", "128"),
        ("without zoom", "140"),
        ("not viewed", "164"),
        ("turned viewing over", "388"),
    ] {
        fails(why, &with_flags(&once, &twice, "company_seal", flags), "field_changed");
    }
    // A text is filled, not locked.
    fails("a date", &with_flags(&once, &twice, "company_date", "644"), "field_changed");
}

#[test]
fn fonts_may_be_added_under_names_that_nobody_asks_for() {
    let prepared = prepare(&pdf::file(Xref::Table, 1, 0), &contract_fields(1)).unwrap();
    let date = field_id(&prepared, "company_date");
    let waiting = body(&prepared, date).replacen("/Helv", "/Gone", 1).into_bytes();
    let waiting = append(&prepared, &[(date.0, waiting)]);
    let once = pki().person.finish(begin(&waiting, &person_request()).unwrap(), false);
    let (form, next) = (form_id(&once), Document::load_mem(&once).unwrap().max_id + 1);
    let text = body(&once, (form, 0));
    assert!(text.contains("/DR<</Font<</Helv"), "{text}");
    let font = b"<</Type/Font/Subtype/Type1/BaseFont/Times-Roman>>".to_vec();
    let with = |from: &str, to: &str| {
        let changed = text.replacen(from, &to.replace("NEW", &format!("{next} 0 R")), 1);
        assert_ne!(changed, text);
        append(&once, &[(next, font.clone()), (form, changed.into_bytes())])
    };
    for (from, to) in [
        ("/Font<<", "/Font<</Later NEW"),
        // What Acrobat adds beside its fonts: nothing is drawn with that.
        ("/DR<<", "/DR<</ProcSet[/PDF/Text]"),
        ("/DR<<", "/DR<</Encoding<</PDFDocEncoding NEW>>"),
    ] {
        assert_eq!(judged(&with(from, to)), passed("form_fonts_added"), "{to}");
    }
    for (why, from, to) in [
        ("a name that a field waits for", "/Font<<", "/Font<</Gone NEW"),
        ("another font in its place", "/Font<</Helv", "/Font<</Helv NEW/Old"),
        ("no fonts", "/Font<<", "/Fonts<<"),
        ("no resources", "/DR<<", "/DX<<"),
        ("more than fonts", "/DR<<", "/DR<</XObject<</Later NEW>>"),
    ] {
        let (verdict, changes) = judged(&with(from, to));
        assert_eq!(verdict, Verdict::TotalFailed, "{why}");
        assert!(changes.iter().any(|change| change.0 == "form_changed" && !change.1), "{why}: {changes:?}");
    }
}
