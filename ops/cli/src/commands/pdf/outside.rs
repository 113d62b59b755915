//! `sealflow pdf begin` and `finish`: the key is elsewhere, and its answer may come next week.

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use sealflow_pdf::{
    limits::FILE_BYTES_MAX,
    sign::{DigestAlgorithm, GrowingFile, PendingSignature},
};
use serde::{Deserialize, Serialize};

use super::{
    NewFile, PEM_BYTES_MAX, certificate, chain, now_ms, read,
    sign::{algorithm, begun, finish_file, valid_now},
    write_private, write_whole,
};
use crate::cli::{PdfBegin, PdfFinish};

/// A begun signature as it is kept: no secrets, and of the file only its new revision.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Begun {
    /// For people who find the file.
    what: String,
    pending: PendingSignature,
    /// The signer's certificate and its issuers', hexadecimal.
    chain: Vec<String>,
}

/// Writes what the key is to sign, and what is needed to go on.
///
/// # Errors
/// A sentence that names the file and what is wrong with it.
pub fn begin(args: &PdfBegin) -> Result<ExitCode> {
    let pdf = read(&args.input, FILE_BYTES_MAX as u64)?;
    let chain = chain(certificate(&args.cert)?, args.chain.as_deref())?;
    let file = GrowingFile::new(pdf.clone(), algorithm(&chain)?)?;
    // The level is known when it is finished.
    let (begun, attributes) = begun(&args.input, file, &chain, &args.place, true)?;
    let how = match begun.digest.algorithm {
        DigestAlgorithm::Sm3 => "SM2 with SM3 and the identity 1234567812345678",
        _ => "SHA-256, and PKCS#1 v1.5 (RSA) or ECDSA",
    };
    let kept = Begun {
        what: "a signature begun by `sealflow pdf begin`; `sealflow pdf finish` goes on".to_owned(),
        pending: begun.suspend(&pdf)?,
        chain: chain.iter().map(hex::encode).collect(),
    };
    write_private(&args.state, &serde_json::to_vec_pretty(&kept)?)?;
    write_whole(&args.to_sign, &attributes)?;
    say!("Let the key sign {} ({how}), then run `sealflow pdf finish`.", args.to_sign.display());
    Ok(ExitCode::SUCCESS)
}

/// Puts the key's signature in.
///
/// # Errors
/// A sentence that says what does not belong together.
pub async fn finish(args: &PdfFinish) -> Result<ExitCode> {
    let pdf = read(&args.input, FILE_BYTES_MAX as u64)?;
    // A revision is written with two digits a byte.
    let kept = read(&args.state, 4 * FILE_BYTES_MAX as u64)?;
    let kept: Begun = serde_json::from_slice(&kept)
        .with_context(|| format!("{} is no begun signature", args.state.display()))?;
    let chain: Vec<Vec<u8>> = kept
        .chain
        .iter()
        .map(hex::decode)
        .collect::<Result<_, _>>()
        .with_context(|| format!("{} was changed", args.state.display()))?;
    // It may have been begun long ago.
    valid_now(&chain, now_ms()?)?;
    let signature = read(&args.signature, PEM_BYTES_MAX)?;
    let begun = kept.pending.resume(&pdf)?;
    finish_file(&args.input, NewFile::beside(&args.out)?, begun, &signature, &chain, &args.timestamps).await
}
