//! What must be true after every contract, killed or not.

use anyhow::{Result, ensure};
use sealflow::journey::Finished;
use sealflow_pdf::{Trust, validate};
use sealflow_tests::scene::Scene;

/// Two valid signatures in revisions after the original, and every message once.
pub(crate) async fn check(scene: &Scene, finished: &Finished) -> Result<()> {
    let original = scene.contract_pdf();
    ensure!(
        finished.signed.starts_with(original),
        "the original's bytes are not at the front of the signed file"
    );

    let trust = Trust { roots_der: vec![scene.root_der()?], ..Trust::default() };
    let report = validate(&finished.signed, &trust)?;
    ensure!(report.signatures.len() == 2, "{} signatures instead of 2", report.signatures.len());
    ensure!(report.passed(), "a signature is not valid: {report:#?}");

    let counts = scene.sms_counts().await?;
    ensure!(!counts.is_empty(), "the sandbox counted no message");
    for (out_id, accepted) in counts {
        ensure!(accepted == 1, "the message {out_id} was delivered {accepted} times");
    }
    Ok(())
}
