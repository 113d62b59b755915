//! `sealflow pdf …`

use std::path::PathBuf;

use clap::{Args, Subcommand};
use sealflow_pdf::validate::Level;
use sealflow_providers::keystore::pkcs11::KeyUri;
use url::Url;

use super::pages::{self, CleanMark, DrawSeal, MakeFields, MakePages};

/// `sealflow pdf …`
#[derive(Debug, Subcommand)]
pub enum Pdf {
    /// Append a PAdES signature as a new revision
    Sign(Box<PdfSign>),
    /// Begin a signature whose key is elsewhere: writes what that key is to sign
    Begin(PdfBegin),
    /// Finish a begun signature, today or next week, with what the key made of it
    Finish(PdfFinish),
    /// Add timestamp, revocation data and document timestamp to a signed file
    Upgrade(PdfUpgrade),
    /// Rewrite a damaged file that has no signature, with a new cross-reference
    Repair {
        /// The damaged file
        #[arg(value_name = "IN.pdf")]
        input: PathBuf,
        /// Where the mended file goes
        #[arg(long, value_name = "OUT.pdf")]
        out: PathBuf,
    },
    /// Validate every signature of a file; the exit status is 0 only when all pass
    Validate(PdfValidate),
    /// Draw a seal as SVG
    Seal(DrawSeal),
    /// Cut a seal or a signature out of a photo or scan, as SVG in one ink
    Clean(CleanMark),
    /// Make a PDF of pictures, a page for each, or of a Word file
    Pages(MakePages),
    /// Make the fields of a file, in one revision, before its first signature
    Prepare(MakeFields),
}

/// What the levels above B-B need.
#[derive(Debug, Args)]
pub struct Timestamps {
    /// Baseline level of PAdES: b-b, b-t (timestamp), b-lt (and revocation data), b-lta (and document timestamp)
    #[arg(long, value_name = "LEVEL", default_value = "b-b")]
    pub level: Level,
    /// Timestamp authority (RFC 3161) for b-t and above
    #[arg(long, value_name = "URL")]
    pub tsa: Option<Url>,
    /// Roots of the signer and of the timestamp authority, PEM, for b-t and above
    #[arg(long, value_name = "CA.pem")]
    pub trust: Option<PathBuf>,
}

/// Where a signature shows.
#[derive(Debug, Args)]
pub struct Place {
    /// The page of a visible signature, from 1
    #[arg(long, value_name = "N", requires = "rect")]
    pub page: Option<usize>,
    /// Its place in points from the page's lower left corner
    #[arg(long, value_name = "X,Y,W,H", requires = "page", value_parser = rect)]
    pub rect: Option<[f32; 4]>,
    /// Draw a round seal with this organization's name
    #[arg(long, value_name = "NAME", requires = "rect")]
    pub seal: Option<String>,
    /// Sign in this prepared field, instead of a new one
    #[arg(long, value_name = "FIELD", conflicts_with = "page")]
    pub field: Option<String>,
    /// Show this picture in a prepared field; may be given several times. A cross-page seal's slices have one name
    #[arg(long, value_name = "FIELD=FILE.svg", requires = "field", value_parser = pages::pair)]
    pub show: Vec<(String, String)>,
    /// Fill further prepared fields: a JSON array of {"field", "appearance"}
    #[arg(long, value_name = "FILL.json", requires = "field")]
    pub fill: Option<PathBuf>,
}

/// `sealflow pdf sign`
#[derive(Debug, Args)]
pub struct PdfSign {
    /// The file to sign
    #[arg(value_name = "IN.pdf")]
    pub input: PathBuf,
    /// Where the signed file goes
    #[arg(long, value_name = "OUT.pdf")]
    pub out: PathBuf,
    /// Private key, PEM (RSA, P-256 or SM2)
    #[arg(long, value_name = "KEY.pem", required_unless_present = "pkcs11")]
    pub key: Option<PathBuf>,
    /// Private key in a token or HSM (RFC 7512): pkcs11:token=…;object=…?module-path=/…&pin-source=file:/… [env for
    /// what it does not say: SEALFLOW_PKCS11_MODULE, SEALFLOW_PKCS11_PIN]
    #[arg(long, value_name = "URI", conflicts_with = "key")]
    pub pkcs11: Option<KeyUri>,
    /// The signer's certificate, PEM [default: the one beside the key in the token]
    #[arg(long, value_name = "CERT.pem", required_unless_present = "pkcs11")]
    pub cert: Option<PathBuf>,
    /// Certificates from the signer's issuer up to the root, PEM; what is missing is fetched for b-t and above
    #[arg(long, value_name = "CHAIN.pem")]
    pub chain: Option<PathBuf>,
    /// Level, authority and roots.
    #[command(flatten)]
    pub timestamps: Timestamps,
    /// Where it shows.
    #[command(flatten)]
    pub place: Place,
}

/// `sealflow pdf begin`
#[derive(Debug, Args)]
pub struct PdfBegin {
    /// The file to sign; it must still be there at the end
    #[arg(value_name = "IN.pdf")]
    pub input: PathBuf,
    /// The signer's certificate, PEM
    #[arg(long, value_name = "CERT.pem")]
    pub cert: PathBuf,
    /// Certificates from the signer's issuer up to the root, PEM
    #[arg(long, value_name = "CHAIN.pem")]
    pub chain: Option<PathBuf>,
    /// Where the begun signature is kept; it holds no secret
    #[arg(long, value_name = "STATE.json")]
    pub state: PathBuf,
    /// Where the bytes go that the key is to sign
    #[arg(long, value_name = "FILE")]
    pub to_sign: PathBuf,
    /// Where it shows.
    #[command(flatten)]
    pub place: Place,
}

/// `sealflow pdf finish`
#[derive(Debug, Args)]
pub struct PdfFinish {
    /// The file that was begun on
    #[arg(value_name = "IN.pdf")]
    pub input: PathBuf,
    /// Where the signed file goes
    #[arg(long, value_name = "OUT.pdf")]
    pub out: PathBuf,
    /// The begun signature
    #[arg(long, value_name = "STATE.json")]
    pub state: PathBuf,
    /// What the key made of the bytes: PKCS#1 v1.5 for RSA, the DER of an ECDSA or SM2 signature
    #[arg(long, value_name = "FILE")]
    pub signature: PathBuf,
    /// Level, authority and roots.
    #[command(flatten)]
    pub timestamps: Timestamps,
}

/// `sealflow pdf upgrade`
#[derive(Debug, Args)]
pub struct PdfUpgrade {
    /// The signed file
    #[arg(value_name = "IN.pdf")]
    pub input: PathBuf,
    /// Where the raised file goes
    #[arg(long, value_name = "OUT.pdf")]
    pub out: PathBuf,
    /// b-t, b-lt or b-lta
    #[arg(long, value_name = "LEVEL", default_value = "b-lta")]
    pub level: Level,
    /// Timestamp authority (RFC 3161)
    #[arg(long, value_name = "URL")]
    pub tsa: Url,
    /// Roots of the signers and of the timestamp authorities, PEM
    #[arg(long, value_name = "CA.pem")]
    pub trust: PathBuf,
    /// Add a fresh document timestamp even when the level is reached, before the last one grows old
    #[arg(long)]
    pub renew: bool,
}

/// `sealflow pdf validate`
#[derive(Debug, Args)]
pub struct PdfValidate {
    /// The file to look at
    #[arg(value_name = "FILE.pdf")]
    pub input: PathBuf,
    /// The roots that are trusted, PEM; without it nobody is, and a signature that is sound is INDETERMINATE,
    /// NO_CERTIFICATE_CHAIN_FOUND
    #[arg(long, value_name = "CA.pem")]
    pub trust: Option<PathBuf>,
    /// Ask the issuers of trusted certificates where the file does not say whether they were revoked
    #[arg(long)]
    pub online: bool,
    /// Without a fresh word on every certificate the verdict is INDETERMINATE, TRY_LATER
    #[arg(long)]
    pub require_revocation: bool,
    /// Print the report as JSON
    #[arg(long)]
    pub json: bool,
}

fn rect(text: &str) -> Result<[f32; 4], String> {
    let numbers: Vec<f32> = text
        .split(',')
        .map(|part| part.trim().parse::<f32>().map_err(|_| format!("{part:?} is no number")))
        .collect::<Result<_, _>>()?;
    let rect: [f32; 4] = numbers
        .try_into()
        .map_err(|_| "four numbers are wanted: X,Y,W,H, for example 72,72,120,120".to_owned())?;
    if rect.iter().any(|n| !n.is_finite()) || rect[2] <= 0.0 || rect[3] <= 0.0 {
        return Err("width and height must be above 0".to_owned());
    }
    Ok(rect)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rect_is_four_numbers_with_a_size() {
        assert_eq!(rect("72, 72,120,60"), Ok([72.0, 72.0, 120.0, 60.0]));
        for wrong in ["", "1,2,3", "1,2,3,4,5", "a,2,3,4", "1,2,0,4", "1,2,3,-4", "NaN,2,3,4", "1,2,inf,4"] {
            assert!(rect(wrong).is_err(), "{wrong:?} was taken");
        }
    }
}
