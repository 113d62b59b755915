//! `sealflow pdf sign`, `sealflow pdf repair` and `sealflow pdf validate`.

use std::{
    fs,
    io::Write as _,
    path::Path,
    process::ExitCode,
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, Result, bail};
use sealflow_pdf::{
    Rect, Report,
    cli::{Place, SignFile, sign_file, validate_file},
    limits::FILE_BYTES_MAX,
    validate::{SignatureReport, Verdict},
};

use crate::cli::{PdfSign, PdfValidate};

/// Larger key and certificate files are none.
const PEM_BYTES_MAX: u64 = 1024 * 1024;

/// Signs a file as one appended revision.
///
/// # Errors
/// A sentence that names the file and what is wrong with it.
pub fn sign(args: &PdfSign) -> Result<ExitCode> {
    let pdf = read(&args.input, FILE_BYTES_MAX as u64)?;
    let key_pem = read(&args.key, PEM_BYTES_MAX)?;
    let certificate_pem = read(&args.cert, PEM_BYTES_MAX)?;
    let chain_pem =
        args.chain.as_deref().map(|path| read(path, PEM_BYTES_MAX)).transpose()?.unwrap_or_default();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).context("the clock stands before 1970")?;
    let request = SignFile {
        pdf: &pdf,
        key_pem: &key_pem,
        certificate_pem: &certificate_pem,
        chain_pem: &chain_pem,
        place: args.page.zip(args.rect).map(|(page, [x, y, width, height])| Place {
            page,
            rect: Rect { x: x.into(), y: y.into(), width: width.into(), height: height.into() },
        }),
        seal_text: args.seal.as_deref(),
        field: args.field.as_deref(),
        appearances: super::pages::appearances(args)?,
        signed_at_ms: i64::try_from(now.as_millis())?,
    };
    let signed = sign_file(&request).with_context(|| format!("signing {}", args.input.display()))?;
    write_whole(&args.out, &signed)?;
    println!("{} has one more signature ({} bytes).", args.out.display(), signed.len());
    Ok(ExitCode::SUCCESS)
}

/// Rewrites a damaged file that has no signature.
///
/// # Errors
/// A sentence that names the file and what is wrong with it.
pub fn repair(input: &Path, out: &Path) -> Result<ExitCode> {
    let pdf = read(input, FILE_BYTES_MAX as u64)?;
    let repaired = sealflow_pdf::repair(&pdf).with_context(|| format!("repairing {}", input.display()))?;
    write_whole(out, &repaired)?;
    println!(
        "{} was written anew ({} bytes). It is not the file that was sent: tell its sender.",
        out.display(),
        repaired.len()
    );
    Ok(ExitCode::SUCCESS)
}

/// Validates a file; the exit status is 0 only when every signature passes.
///
/// # Errors
/// A sentence that names the file and what is wrong with it.
pub fn validate(args: &PdfValidate) -> Result<ExitCode> {
    let pdf = read(&args.input, FILE_BYTES_MAX as u64)?;
    let roots = read(&args.trust, PEM_BYTES_MAX)?;
    let report =
        validate_file(&pdf, &roots).with_context(|| format!("validating {}", args.input.display()))?;
    if args.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print(&report);
    }
    Ok(if report.passed() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print(report: &Report) {
    if report.signatures.is_empty() {
        println!("no signature · 文件没有签名");
    }
    for signature in &report.signatures {
        let signer = signature.signer.as_deref().unwrap_or("?");
        println!("{}: {} {}", signature.field, signer, words(signature));
        for change in &signature.changes_after {
            let allowed = if change.allowed { "allowed" } else { "NOT ALLOWED" };
            println!("    changed after it: {} {} ({allowed})", change.kind, change.what);
        }
    }
}

fn words(signature: &SignatureReport) -> String {
    let verdict = match signature.verdict {
        Verdict::TotalPassed => "TOTAL-PASSED · 签名有效",
        Verdict::TotalFailed => "TOTAL-FAILED · 签名无效",
        Verdict::Indeterminate => "INDETERMINATE · 无法判定",
    };
    let reason = signature.reason.as_deref().unwrap_or_default();
    match &signature.sub_indication {
        Some(sub) => format!("{verdict} ({sub}) {reason}"),
        None => verdict.to_owned(),
    }
}

pub(super) fn read(path: &Path, bytes_max: u64) -> Result<Vec<u8>> {
    let size = fs::metadata(path).with_context(|| format!("{} cannot be read", path.display()))?.len();
    if size > bytes_max {
        bail!("{} has {size} bytes; at most {bytes_max} are read", path.display());
    }
    fs::read(path).with_context(|| format!("{} cannot be read", path.display()))
}

/// Writes beside and renames, so that nobody sees half a file.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)
        .with_context(|| format!("writing into {}", folder.display()))?;
    file.write_all(bytes)?;
    file.persist(path).with_context(|| format!("writing {}", path.display()))?;
    Ok(())
}
