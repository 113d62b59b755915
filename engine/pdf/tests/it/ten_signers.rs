//! Why: the tenth signer must not break the first one's signature, in anybody's eyes.

use std::fs;

use sealflow_pdf::{
    Appearance, FieldKind, FieldSpec, SignRequest, begin, inspect, prepare,
    seal::{self, Color, Kind, SealSpec, Shape},
    validate,
};

use crate::support::{
    field,
    pdf::{self, BOTH, Xref},
    person_request,
    pki::{Identity, Use, issue, p256, pki, rsa, trust},
    show, strokes, text,
    tools::{folder, run},
};

const SIGNERS: usize = 10;
/// Organizations, with RSA keys and seals; the others are persons with P-256 keys who draw.
const ORGANIZATIONS: [usize; 4] = [1, 4, 6, 9];
/// These also put their seal across the pages' edges.
const ACROSS: [usize; 2] = [4, 9];

fn name(signer: usize) -> String {
    let numeral = ["甲", "乙", "丙", "丁", "戊", "己", "庚", "辛", "壬", "癸"][signer];
    if ORGANIZATIONS.contains(&signer) {
        format!("示例{numeral}方有限公司")
    } else {
        format!("示例签署人{numeral}")
    }
}

fn rect(signer: usize) -> [f64; 4] {
    let [column, row] = [signer % 3, signer / 3].map(|place| f64::from(u32::try_from(place).unwrap()));
    [40.0 + column * 170.0, 60.0 + row * 160.0, 119.0, 119.0]
}

fn fields(signer: usize) -> Vec<FieldSpec> {
    let [x, y, width, _] = rect(signer);
    let organization = ORGANIZATIONS.contains(&signer);
    let kind = if organization { FieldKind::Seal } else { FieldKind::Signature };
    let own = |what: &str| format!("signer{signer}_{what}");
    let mut fields = vec![
        field(&own("mark"), kind, 3, rect(signer)),
        field(&own("date"), FieldKind::Date, 3, [x, y - 20.0, width, 16.0]),
    ];
    if organization {
        fields.push(field(&own("text"), FieldKind::Text, 2, [x, y, width, 40.0]));
    }
    if ACROSS.contains(&signer) {
        let y = if signer == 4 { 500.0 } else { 120.0 };
        fields.push(field(&own("edge"), FieldKind::CrossPageSeal, 1, [0.0, y, 119.0, 119.0]));
    }
    fields
}

fn request(signer: usize) -> SignRequest {
    let own = |what: &str| format!("signer{signer}_{what}");
    let mut appearances = vec![show(&own("date"), text("2026年1月15日"))];
    if ORGANIZATIONS.contains(&signer) {
        let shape = if signer == 6 { Shape::Oval } else { Shape::Round };
        let spec = SealSpec {
            shape,
            kind: Kind::Contract,
            organization_name: name(signer),
            center_text: None,
            bottom_text: None,
            color: (signer == 6).then_some(Color::Blue),
            size_mm: None,
        };
        let svg = seal::draw(&spec).unwrap();
        appearances.push(show(&own("text"), text(&format!("{}同意。", name(signer)))));
        if ACROSS.contains(&signer) {
            appearances.push(show(&own("edge"), Appearance::Svg { svg: svg.clone() }));
        }
        appearances.push(show(&own("mark"), Appearance::Svg { svg }));
    } else {
        appearances.push(show(&own("mark"), Appearance::Strokes(strokes())));
    }
    SignRequest { field: own("mark"), appearances, signer_name: name(signer), ..person_request() }
}

/// The prepared file, and the file after each signer.
fn revisions(xref: Xref) -> Vec<Vec<u8>> {
    let specs: Vec<FieldSpec> = (0..SIGNERS).flat_map(fields).collect();
    let mut files = vec![prepare(&pdf::file(xref, 4, 0), &specs).unwrap()];
    // One RSA key for all organizations: making them is slow.
    let shared = rsa();
    for signer in 0..SIGNERS {
        let key = if ORGANIZATIONS.contains(&signer) { shared.clone() } else { p256() };
        let identity: Identity = issue(&name(signer), key, Some(&pki().root), Use::Sign);
        let begun = begin(files.last().unwrap(), &request(signer)).unwrap();
        files.push(identity.finish(begun, signer == 0));
    }
    files
}

/// All files in one process: for fifty-five signatures it starts once.
const JUDGE: &str = "\
import sys
from pyhanko.keys import load_cert_from_pemder
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext
root = load_cert_from_pemder('ca.pem')
for path in sys.argv[1:]:
    with open(path, 'rb') as file:
        for signature in PdfFileReader(file).embedded_signatures:
            context = ValidationContext(trust_roots=[root])
            status = validate_pdf_signature(signature, context, context)
            print(path, signature.field_name, 'good' if status.bottom_line else status.pretty_print_details())
";

#[test]
fn every_earlier_signature_stands_after_every_later_one() {
    for xref in BOTH {
        let files = revisions(xref);
        let folder = folder(b"");
        let path = |count: usize| format!("{count}.pdf");
        for (count, file) in files.iter().enumerate() {
            fs::write(folder.path().join(path(count)), file).unwrap();
            assert!(count == 0 || file.starts_with(&files[count - 1]), "{count}: earlier bytes moved");
            assert_eq!(inspect(file).unwrap().signatures, count);
        }
        for (count, file) in files.iter().enumerate().skip(1) {
            let report = validate(file, &trust()).unwrap();
            assert!(report.passed() && report.signatures.len() == count, "{count}: {report:#?}");
            let (good, words) = run("qpdf", "qpdf", &["--check", &path(count)], folder.path());
            assert!(good && !words.contains("WARNING"), "{count}: {words}");
            let (_, words) = run("pdfsig", "poppler-utils", &["-nocert", &path(count)], folder.path());
            assert_eq!(words.matches("Signature is Valid.").count(), count, "{words}");
            assert_eq!(words.matches("Total document signed\n").count(), 1, "{words}");
            let (_, words) = run("mutool", "mupdf-tools", &["sign", "-v", &path(count)], folder.path());
            assert_eq!(words.matches("The document is unchanged since signing.").count(), 1, "{words}");
            let edited = "The signature is valid but there have been edits since signing.";
            assert_eq!(words.matches(edited).count(), count - 1, "{words}");
        }
        let mut arguments: Vec<String> = vec!["-c".into(), JUDGE.into()];
        arguments.extend((1..=SIGNERS).map(path));
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let (good, words) = run("python", "pyHanko (pip install pyhanko-cli)", &arguments, folder.path());
        let accepted = words.lines().filter(|line| line.ends_with(" good")).count();
        assert!(good && accepted == SIGNERS * (SIGNERS + 1) / 2, "{xref:?}: {accepted} accepted; {words}");
    }
}

#[test]
fn a_signer_fills_only_his_own_fields() {
    let files = revisions(Xref::Table);
    // The second signer cannot fill what the first one filled, nor sign in his place.
    let mut greedy = request(1);
    greedy.appearances.push(show("signer0_date", text("2027年1月1日")));
    assert!(begin(&files[1], &greedy).is_err());
    let taken = SignRequest { field: "signer0_mark".into(), ..request(1) };
    assert!(begin(&files[1], &taken).is_err());
    // Nor fill a cross-page seal twice.
    let mut twice = request(5);
    twice.appearances.push(show("signer4_edge", request(4).appearances.remove(2).appearance));
    assert!(begin(&files[5], &twice).is_err());
    assert!(begin(&files[5], &request(5)).is_ok());
}
