//! `sealflow pdf validate`

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use sealflow_jobs::raise;
use sealflow_pdf::{
    Report, Trust,
    limits::FILE_BYTES_MAX,
    validate::{RevocationPolicy, SignatureReport, Verdict, chinese, english, examine},
};
use sealflow_providers::revocation::{self, Inquiry, RevocationClient};
use serde_json::{Value, json};

use super::{read, roots};
use crate::cli::PdfValidate;

/// Validates a file; the exit status is 0 only when every signature passes.
///
/// # Errors
/// A sentence that names the file and what is wrong with it.
pub async fn validate(args: &PdfValidate) -> Result<ExitCode> {
    let pdf = read(&args.input, FILE_BYTES_MAX as u64)?;
    let mut trust = args.trust.as_deref().map_or_else(|| Ok(Trust::default()), roots)?;
    if args.require_revocation {
        trust.revocation = RevocationPolicy::Required;
    }
    let report = look(&pdf, trust, args.online)
        .await
        .with_context(|| format!("validating {}", args.input.display()))?;
    if args.json {
        say!("{}", serde_json::to_string_pretty(&with_words(&report)?)?);
    } else {
        print(&report);
    }
    Ok(if report.passed() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn look(pdf: &[u8], mut trust: Trust, online: bool) -> Result<Report> {
    let mut seen = examine(pdf, &trust)?;
    if !online {
        return Ok(seen.report);
    }
    let client = RevocationClient::new(revocation::Config::default())?;
    let mut inquiry = Inquiry::new(&client);
    for _ in 0..raise::ROUNDS_MAX {
        let mut more = false;
        for wanted in &seen.wanted {
            match raise::ask(&mut inquiry, wanted, &mut trust.known).await {
                Ok(heard) => more |= heard,
                Err(error) => complain!("sealflow: {:#}", anyhow::Error::from(error)),
            }
        }
        if !more {
            break;
        }
        seen = examine(pdf, &trust)?;
    }
    Ok(seen.report)
}

/// The report, each verdict also in plain words.
fn with_words(report: &Report) -> Result<Value> {
    let mut signatures = Vec::with_capacity(report.signatures.len());
    for signature in &report.signatures {
        let mut value = serde_json::to_value(signature)?;
        value["chinese"] = json!(chinese(signature));
        value["english"] = json!(english(signature));
        signatures.push(value);
    }
    Ok(json!({"passed": report.passed(), "signatures": signatures}))
}

fn print(report: &Report) {
    if report.signatures.is_empty() {
        say!("no signature · 文件没有签名");
    }
    for signature in &report.signatures {
        let signer = signature.signer.as_deref().unwrap_or("?");
        say!("{}: {} {}", signature.field, signer, words(signature));
        say!("    {}", chinese(signature));
        for change in &signature.changes_after {
            let allowed = if change.allowed { "allowed" } else { "NOT ALLOWED" };
            say!("    changed after it: {} {} ({allowed})", change.kind, change.what);
        }
    }
}

fn words(signature: &SignatureReport) -> String {
    let verdict = match signature.verdict {
        Verdict::TotalPassed => "TOTAL-PASSED",
        Verdict::TotalFailed => "TOTAL-FAILED",
        Verdict::Indeterminate => "INDETERMINATE",
    };
    let reason = signature.reason.as_deref().unwrap_or_default();
    match (&signature.sub_indication, signature.level) {
        (Some(sub), _) => format!("{verdict} ({sub}) {reason}"),
        (None, Some(level)) => format!("{verdict} ({level})"),
        (None, None) => verdict.to_owned(),
    }
}
