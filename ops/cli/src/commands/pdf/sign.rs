//! `sealflow pdf sign`: the key is a file or in a token.

use std::{path::Path, process::ExitCode};

use anyhow::{Context as _, Result, bail};
use openssl::{
    asn1::Asn1Time,
    pkey::{PKey, Private},
    x509::X509,
};
use sealflow_pdf::{
    PreparedSignature, Trust,
    cli::{SignFile, begin_file, key_from_pem},
    finish,
    limits::CHAIN_CERTIFICATES_MAX,
    sign::{DigestAlgorithm, GrowingFile, digest_for, issuer_urls},
    sign_with_openssl_key, signed_attributes, timestamp_imprint,
    validate::Level,
};
use sealflow_providers::{
    keystore::pkcs11::TokenKey,
    revocation::{self, RevocationClient},
};

use super::{NewFile, PEM_BYTES_MAX, certificate, chain, confined, copy, now_ms, place, raise, read, roots};
use crate::{
    cli::{self, PdfSign, Timestamps},
    config::token_environment,
};

/// A key that is at hand.
enum Key {
    File(PKey<Private>),
    Token(TokenKey),
}

impl Key {
    fn open(args: &PdfSign) -> Result<Self> {
        if let Some(uri) = &args.pkcs11 {
            let (module, pin) = token_environment();
            return Ok(Self::Token(TokenKey::open(uri, module, pin)?));
        }
        let Some(path) = &args.key else { bail!("whose key? --key KEY.pem or --pkcs11 URI") };
        let key = key_from_pem(&read(path, PEM_BYTES_MAX)?)
            .with_context(|| format!("reading {}", path.display()))?;
        Ok(Self::File(key))
    }

    fn certificate(&self, args: &PdfSign) -> Result<Vec<u8>> {
        match (&args.cert, self) {
            (Some(path), _) => certificate(path),
            (None, Self::Token(key)) => key
                .certificate_der()
                .map(<[u8]>::to_vec)
                .context("the token has no certificate with the key's id: give it by --cert"),
            (None, Self::File(_)) => bail!("whose certificate? --cert CERT.pem"),
        }
    }

    fn sign(&self, attributes: &[u8]) -> Result<Vec<u8>> {
        match self {
            Self::File(key) => Ok(sign_with_openssl_key(key, attributes)?),
            Self::Token(key) => Ok(key.sign(attributes)?),
        }
    }
}

/// Signs a file as one appended revision, and more of them for the higher levels.
///
/// # Errors
/// A sentence that names the file and what is wrong with it.
pub async fn sign(args: &PdfSign) -> Result<ExitCode> {
    args.timestamps.authority()?;
    let key = Key::open(args)?;
    let mut chain = chain(key.certificate(args)?, args.chain.as_deref())?;
    if args.timestamps.level >= Level::BT {
        complete(&mut chain).await?;
    }
    let (file, out) = copy(&args.input, &args.out, algorithm(&chain)?)?;
    let timestamped = args.timestamps.level >= Level::BT;
    let (begun, attributes) = begun(&args.input, file, &chain, &args.place, timestamped)?;
    let signature = key.sign(&attributes).with_context(|| format!("signing {}", args.input.display()))?;
    finish_file(&args.input, out, begun, &signature, &chain, &args.timestamps).await
}

/// How a file is hashed for the signer's key.
pub(super) fn algorithm(chain: &[Vec<u8>]) -> Result<DigestAlgorithm> {
    Ok(digest_for(chain.first().map(Vec::as_slice).unwrap_or_default())?)
}

/// The new revision without its signature, and what the key is to sign.
pub(super) fn begun(
    input: &Path,
    file: GrowingFile,
    chain: &[Vec<u8>],
    wanted: &cli::Place,
    timestamped: bool,
) -> Result<(PreparedSignature, Vec<u8>)> {
    let signed_at_ms = now_ms()?;
    valid_now(chain, signed_at_ms)?;
    let request = SignFile {
        chain_der: chain,
        place: place(wanted),
        seal_text: wanted.seal.as_deref(),
        field: wanted.field.as_deref(),
        appearances: crate::commands::pages::appearances(wanted)?,
        signed_at_ms,
        timestamped,
    };
    let signing = || format!("signing {}", input.display());
    let begun = begin_file(file, &request).with_context(signing)?;
    let signer = chain.first().map(Vec::as_slice).unwrap_or_default();
    let attributes = signed_attributes(&begun.digest, signer).with_context(signing)?;
    Ok((begun, attributes))
}

/// Puts the signature in, raises it to its level, and writes the file.
pub(super) async fn finish_file(
    input: &Path,
    out: NewFile,
    begun: PreparedSignature,
    signature: &[u8],
    chain: &[Vec<u8>],
    timestamps: &Timestamps,
) -> Result<ExitCode> {
    let signed = finish_at(begun, signature, chain, timestamps)
        .await
        .with_context(|| format!("signing {}", input.display()))?;
    let shown = out.path.display().to_string();
    out.finish(&signed)?;
    say!("{shown} has one more signature, level {} ({} bytes).", timestamps.level, signed.len());
    Ok(ExitCode::SUCCESS)
}

/// Everything after the key. Without all that the level needs there is no file.
async fn finish_at(
    begun: PreparedSignature,
    signature: &[u8],
    chain: &[Vec<u8>],
    timestamps: &Timestamps,
) -> Result<Vec<u8>> {
    let Some(authority) = timestamps.authority()? else {
        return Ok(finish(begun, signature, chain, None)?);
    };
    // First without: a wrong signature needs no timestamp.
    finish(begun.clone(), signature, chain, None)?;
    let token = authority.client()?.timestamp(&timestamp_imprint(signature)).await?;
    let signed = finish(begun, signature, chain, Some(&token.der))?;
    if timestamps.level < Level::BLt {
        has_level(&signed, timestamps.level, &roots(authority.trust)?).await?;
        return Ok(signed);
    }
    raise(signed, timestamps.level, false, authority.url, authority.trust).await
}

/// The newest signature has the level, as whoever validates it will see it.
async fn has_level(signed: &[u8], level: Level, trust: &Trust) -> Result<()> {
    let report = confined()?.validate(signed, trust).await?;
    let own = report.signatures.iter().find(|one| one.covers_whole_file);
    let own = own.context("the new signature cannot be found")?;
    if own.level >= Some(level) {
        return Ok(());
    }
    let of_stamp = own.timestamp.as_ref().and_then(|stamp| stamp.reason.as_deref());
    let why = own.reason.as_deref().or(of_stamp).unwrap_or("it has no timestamp");
    bail!("the signature would not have level {level}: {why}")
}

/// Refuses a certificate that is not valid now: nobody would accept the signature.
pub(super) fn valid_now(chain: &[Vec<u8>], now_ms: i64) -> Result<()> {
    let certificate = X509::from_der(chain.first().map(Vec::as_slice).unwrap_or_default())?;
    let now = Asn1Time::from_unix(now_ms.div_euclid(1_000))?;
    let (from, until) = (certificate.not_before(), certificate.not_after());
    if &*now < from {
        bail!("the certificate is not yet valid: it begins on {from}");
    }
    if &*now > until {
        bail!("the certificate has expired: it was valid until {until}");
    }
    Ok(())
}

/// Fetches the issuers that are missing between the certificate and its root, from where the certificates say.
async fn complete(chain: &mut Vec<Vec<u8>>) -> Result<()> {
    let client = RevocationClient::new(revocation::Config::default())?;
    while chain.len() < CHAIN_CERTIFICATES_MAX {
        let Some(last) = top(chain)? else { return Ok(()) };
        let Some(url) = issuer_urls(&last).into_iter().next() else { return Ok(()) };
        let found = client.certificate(&url).await.context("fetching an issuer's certificate")?;
        if chain.contains(&found) {
            return Ok(());
        }
        chain.push(found);
    }
    Ok(())
}

/// The certificate that the chain ends with, unless it is a root.
fn top(chain: &[Vec<u8>]) -> Result<Option<Vec<u8>>> {
    let all: Vec<X509> = chain.iter().map(|der| X509::from_der(der)).collect::<Result<_, _>>()?;
    let Some(mut last) = all.first() else { return Ok(None) };
    for _ in 0..all.len() {
        let issuer_of = |one: &X509| one.issuer_name().to_der().unwrap_or_default();
        let issuer = issuer_of(last);
        let is_root = last.subject_name().to_der().is_ok_and(|subject| subject == issuer);
        if is_root {
            return Ok(None);
        }
        let next = all.iter().find(|one| one.subject_name().to_der().is_ok_and(|subject| subject == issuer));
        match next {
            Some(next) => last = next,
            None => break,
        }
    }
    Ok(Some(last.to_der()?))
}
