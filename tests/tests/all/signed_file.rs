//! The file of a completed contract, as others judge it and as people see it.

use anyhow::{Result, ensure};
use sealflow_tests::{
    judges::{self, Area, is_dark, is_red},
    scene::Scene,
};

/// The supplier's signature and date, the buyer's seal and date, as `workflows/supplier_purchase/workflow.yaml` places them.
const SIGNATURE: Area = Area { x_mm: 120.0, y_mm: 98.0, w_mm: 54.0, h_mm: 24.0 };
const SIGNED_ON: Area = Area { x_mm: 124.0, y_mm: 138.0, w_mm: 40.0, h_mm: 8.0 };
const SEAL: Area = Area { x_mm: 44.0, y_mm: 90.0, w_mm: 38.0, h_mm: 38.0 };
const SEALED_ON: Area = Area { x_mm: 42.0, y_mm: 138.0, w_mm: 40.0, h_mm: 8.0 };
/// A third of the seal's ring on its left side, where nothing else is printed.
const SEAL_RING: Area = Area { x_mm: 44.0, y_mm: 100.0, w_mm: 2.0, h_mm: 18.0 };

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn is_accepted_by_all_judges_and_looks_right() -> Result<()> {
    let scene = Scene::open(env!("CARGO_BIN_EXE_sealflow_under_test"), None).await?;
    let mut running = scene.program.start("")?;
    let finished = scene.journey()?.drive().await?;
    running.stop().await?;

    let folder = tempfile::tempdir()?;
    let (original, signed) = (folder.path().join("original.pdf"), folder.path().join("signed.pdf"));
    std::fs::write(&original, scene.contract_pdf())?;
    std::fs::write(&signed, &finished.signed)?;

    ensure!(finished.signed.starts_with(scene.contract_pdf()), "the original's bytes were moved");
    judges::pyhanko_accepts(&signed, scene.root_file(), 2)?;
    judges::pdfsig_accepts(&signed, scene.root_file(), 2)?;
    judges::qpdf_accepts(&signed)?;

    let text = judges::text_of(&signed)?;
    ensure!(text.contains("采购合同"), "the Chinese text cannot be copied from the file");
    let last = u32::try_from(text.matches('\u{c}').count())?;
    ensure!(last >= 8, "the contract has only {last} pages");
    let (before, after) = (judges::render(&original, last)?, judges::render(&signed, last)?);
    for (what, area, ink, least) in [
        ("the signature", SIGNATURE, is_dark as fn([u8; 3]) -> bool, 0.01),
        ("the supplier's date", SIGNED_ON, is_dark, 0.02),
        ("the seal", SEAL, is_red, 0.08),
        ("the seal's ring", SEAL_RING, is_red, 0.2),
        ("the buyer's date", SEALED_ON, is_dark, 0.02),
    ] {
        let added = after.share(area, ink) - before.share(area, ink);
        ensure!(added >= least, "{what} covers only {:.1} % of its place", added * 100.0);
    }
    Ok(())
}

#[tokio::test]
async fn is_refused_by_every_judge_after_one_changed_byte() -> Result<()> {
    let scene = Scene::open(env!("CARGO_BIN_EXE_sealflow_under_test"), None).await?;
    let mut running = scene.program.start("")?;
    let mut signed = scene.journey()?.drive().await?.signed;
    running.stop().await?;
    // A digit of the page tree's first object: outside of every hole, inside of both signatures' ranges.
    let middle = scene.contract_pdf().len() / 2;
    signed[middle] ^= 1;

    let folder = tempfile::tempdir()?;
    let path = folder.path().join("changed.pdf");
    std::fs::write(&path, &signed)?;
    ensure!(judges::pyhanko_accepts(&path, scene.root_file(), 2).is_err(), "pyHanko accepts a changed file");
    ensure!(judges::pdfsig_accepts(&path, scene.root_file(), 2).is_err(), "pdfsig accepts a changed file");
    let trust = sealflow_pdf::Trust { roots_der: vec![scene.root_der()?], ..Default::default() };
    ensure!(
        !sealflow_pdf::validate(&signed, &trust).is_ok_and(|report| report.passed()),
        "we accept a changed file"
    );
    Ok(())
}
