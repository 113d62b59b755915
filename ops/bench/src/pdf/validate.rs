//! A contract of 500 pages that ten signed, each with a seal across the pages, beside the same that one signed with all those
//! seals: how long it takes to judge all signatures.

use anyhow::{Result, ensure};
use sealflow_pdf::{
    Appearance, FieldAppearance, FieldKind, FieldSpec, Rect, SignRequest, begin, prepare,
    sign::{ValidationData, add_validation_data},
    validate,
};

use super::{
    sample,
    signer::{Signer, request, seal},
    timed,
};
use crate::{Bench, report::median};

const PAGES: usize = 500;
const SIGNERS: usize = 10;
/// Ten signatures may take so many times what one takes.
const ONE_WANTED: f64 = 2.0;

pub(super) fn measure(bench: &mut Bench, signer: &Signer) -> Result<()> {
    let name = "pdf/validate";
    if !bench.wants(name) {
        return Ok(());
    }
    let prepared = prepare(&sample::file(PAGES, 1_000)?, &fields())?;
    let mut ten = prepared.clone();
    for number in 0..SIGNERS {
        ten = signed(&ten, signer, number, number..number + 1)?;
    }
    let one = signed(&prepared, signer, 0, 0..SIGNERS)?;
    // Something has to come after the signature, or there is nothing to compare.
    let data = ValidationData { certificates: signer.trust().roots_der, ..ValidationData::default() };
    let one = add_validation_data(&one, &data)?;
    let (mut took_one, mut took_ten) = (Vec::new(), Vec::new());
    for _ in 0..bench.runs * 3 {
        took_one.push(timed(|| judge(&one, signer, 1))?);
        took_ten.push(timed(|| judge(&ten, signer, SIGNERS))?);
    }
    let (one, ten) = (median(took_one), median(took_ten));
    bench.report.beside(name, ten, "ms", "1 signature", one);
    bench.report.beside(&format!("{name}/by_one"), ten / one, "times", "wanted", ONE_WANTED);
    Ok(())
}

fn own(number: usize, what: &str) -> String {
    format!("signer{number}_{what}")
}

fn fields() -> Vec<FieldSpec> {
    let rect = Rect { x: 0.0, y: 300.0, width: 119.0, height: 119.0 };
    let kinds = [("mark", FieldKind::Signature), ("edge", FieldKind::CrossPageSeal)];
    let of = |number| kinds.map(|(what, kind)| FieldSpec { name: own(number, what), kind, page: 1, rect });
    (0..SIGNERS).flat_map(of).collect()
}

/// Signs as this signer, and shows these seals.
fn signed(file: &[u8], signer: &Signer, number: usize, seals: std::ops::Range<usize>) -> Result<Vec<u8>> {
    let svg = seal()?;
    let shown = |number| FieldAppearance {
        field: own(number, "edge"),
        appearance: Appearance::Svg { svg: svg.clone() },
    };
    let request = SignRequest {
        new_field: None,
        appearances: seals.map(shown).collect(),
        ..request(&own(number, "mark"), None)
    };
    signer.finish(begin(file, &request)?)
}

fn judge(file: &[u8], signer: &Signer, count: usize) -> Result<()> {
    let report = validate(file, &signer.trust())?;
    ensure!(report.passed() && report.signatures.len() == count, "a signature is not valid: {report:?}");
    Ok(())
}
