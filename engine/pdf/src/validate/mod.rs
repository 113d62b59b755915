//! Why: what others think of our signatures is decided by validators; this one is strict, knows what our revisions may change,
//! and refuses the known forgeries.

mod byte_range;
mod certificates;
pub(crate) mod chain;
mod changes;
mod entries;
mod evidence;
mod filled;
mod gm;
mod harmless;
mod hashes;
mod judge;
mod later;
mod pss;
mod revocation;
mod roles;
mod scope;
mod signed_data;
pub(crate) mod store;
mod structure;
pub(crate) mod timestamp;
mod token;
mod usage;
mod values;
mod verdict;
mod words;
#[cfg(test)]
mod work;

use std::{cmp::Reverse, rc::Rc};

use serde::{Deserialize, Serialize};

pub(crate) use self::usage::{check_signer, is_authority};
use self::{evidence::Evidence, signed_data::SignedData};
pub use self::{
    evidence::{Examination, Wanted},
    revocation::{RevocationReport, RevocationStatus},
    token::{Token, TokenFault, judge_token},
    verdict::{SubIndication, Verdict},
    words::{chinese, english},
};
use crate::{
    asn1,
    limits::SIGNATURES_MAX,
    read::{
        self,
        fields::{Field, fields},
        file::File,
        object::Object,
    },
    sign::ValidationData,
};

/// Whom to trust.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Trust {
    /// Root certificates, DER.
    pub roots_der: Vec<Vec<u8>>,
    /// The time to judge at where no timestamp tells it, milliseconds since 1970 UTC; without it now.
    #[serde(default)]
    pub at_ms: Option<i64>,
    /// What is asked of the certificates' issuers.
    #[serde(default)]
    pub revocation: RevocationPolicy,
    /// Certificates, OCSP answers and revocation lists that were fetched, beside those in the file. They are checked like
    /// those.
    #[serde(default)]
    pub known: ValidationData,
}

/// Whether a certificate needs its issuer's fresh word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RevocationPolicy {
    /// What is known counts; nobody's silence is held against a signature.
    #[default]
    IfKnown,
    /// Without a fresh word on every certificate the verdict is INDETERMINATE, TRY_LATER.
    Required,
}

/// What was found out about one signature.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SignatureReport {
    /// The field's full name.
    pub field: String,
    /// The signer's common name, from the certificate.
    pub signer: Option<String>,
    /// The verdict.
    pub verdict: Verdict,
    /// ETSI's word for the reason, such as `HASH_FAILURE`; none for a passed signature.
    pub sub_indication: Option<SubIndication>,
    /// The reason as a sentence.
    pub reason: Option<String>,
    /// The signature covers every byte of the file but its own hole.
    pub covers_whole_file: bool,
    /// What later revisions changed.
    pub changes_after: Vec<Change>,
    /// The claimed time of signing (`/M`), milliseconds since 1970 UTC.
    pub signing_time_ms: Option<i64>,
    /// The timestamp over the signature.
    pub timestamp: Option<TimestampReport>,
    /// `ETSI.CAdES.detached` and the like.
    pub sub_filter: String,
    /// SHA-256 of the signer's certificate, hex.
    pub certificate_sha256: Option<String>,
    /// It is a document timestamp, not somebody's signature.
    pub is_document_timestamp: bool,
    /// It names its signer's certificate in what is signed, as the baseline levels want it.
    #[serde(default)]
    pub is_advanced: bool,
    /// The baseline level that is reached; none for a document timestamp and for what did not pass.
    pub level: Option<Level>,
    /// What the file holds about the revocation of the certificates of the signer and of his timestamp.
    pub revocation: Vec<RevocationReport>,
}

/// Baseline levels of PAdES (ETSI EN 319 142-1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Level {
    /// A signature.
    #[serde(rename = "B-B")]
    BB,
    /// With a trusted timestamp, over it or over the document later.
    #[serde(rename = "B-T")]
    BT,
    /// And with revocation data for every certificate.
    #[serde(rename = "B-LT")]
    BLt,
    /// And with a document timestamp over that.
    #[serde(rename = "B-LTA")]
    BLta,
}

/// A change that a later revision made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Such as `field_filled`, `signature_added`, `page_changed`.
    pub kind: String,
    /// Which field, page or object.
    pub what: String,
    /// It leaves the signature valid.
    pub allowed: bool,
}

/// A timestamp token's verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimestampReport {
    /// The time, milliseconds since 1970 UTC.
    pub time_ms: i64,
    /// The authority's common name.
    pub authority: Option<String>,
    /// The token is over this signature, sound, and its authority is trusted.
    pub trusted: bool,
    /// Why not, as a sentence.
    pub reason: Option<String>,
}

/// The verdicts on all signatures of a file, in the order of their revisions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// One for each filled signature field.
    pub signatures: Vec<SignatureReport>,
}

impl Report {
    /// There is a signature, and every one passed.
    #[must_use]
    pub fn passed(&self) -> bool {
        !self.signatures.is_empty() && self.signatures.iter().all(|s| s.verdict == Verdict::TotalPassed)
    }
}

impl std::str::FromStr for Level {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.to_ascii_lowercase().as_str() {
            "b-b" => Ok(Self::BB),
            "b-t" => Ok(Self::BT),
            "b-lt" => Ok(Self::BLt),
            "b-lta" => Ok(Self::BLta),
            _ => Err(format!("{text:?} is no level; there are b-b, b-t, b-lt and b-lta")),
        }
    }
}

impl std::fmt::Display for Level {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::BB => "B-B",
            Self::BT => "B-T",
            Self::BLt => "B-LT",
            Self::BLta => "B-LTA",
        })
    }
}

/// Validates every signature of a file.
///
/// # Errors
/// Only for a file that cannot be read; a bad signature is a verdict.
pub fn validate(bytes: &[u8], trust: &Trust) -> Result<Report, read::Error> {
    Ok(examine(bytes, trust)?.report)
}

/// Validates every signature of a file, and tells what could be fetched to say more.
///
/// # Errors
/// Only for a file that cannot be read; a bad signature is a verdict.
pub fn examine(bytes: &[u8], trust: &Trust) -> Result<Examination, read::Error> {
    examine_file(&File::open_with_revisions(bytes)?, trust)
}

fn examine_file(file: &File<'_>, trust: &Trust) -> Result<Examination, read::Error> {
    let fields = file.fields()?.iter().map(|(_, field)| Rc::as_ref(field));
    let signed: Vec<&Field> = fields.filter(|field| field.is_signed()).collect();
    if signed.len() > SIGNATURES_MAX {
        return Err(read::Error::TooLarge { what: format!("more than {SIGNATURES_MAX} signatures") });
    }
    // Document timestamps come first: they prove when the signatures before them were there; and of those the last one, as it
    // proves the others.
    let mut evidence = Evidence::of(file, trust)?;
    let mut signatures: Vec<(usize, SignatureReport)> = Vec::with_capacity(signed.len());
    let (mut stamps, others): (Vec<&Field>, Vec<&Field>) =
        signed.into_iter().partition(|field| is_document_timestamp(file, field));
    stamps.sort_by_cached_key(|field| Reverse(judge::signed_end(file, field)));
    for field in stamps {
        let (end, report) = judge::judge(file, field, trust, &evidence)?;
        evidence.add(file, end, &report);
        signatures.push((end, report));
    }
    for field in others {
        signatures.push(judge::judge(file, field, trust, &evidence)?);
    }
    signatures.sort_by_key(|(end, _)| *end);
    let report = Report { signatures: signatures.into_iter().map(|(_, report)| report).collect() };
    Ok(evidence.examination(report))
}

fn is_document_timestamp(file: &File<'_>, field: &Field) -> bool {
    file.entry(&field.dictionary, "V")
        .is_ok_and(|value| value.as_dictionary().is_some_and(|value| value.is("SubFilter", "ETSI.RFC3161")))
}

/// The certificates in all signatures and timestamps of a file, each once.
pub(crate) fn certificates(bytes: &[u8]) -> Result<Vec<Vec<u8>>, read::Error> {
    let file = File::open(bytes)?;
    let mut found: Vec<Vec<u8>> = Vec::new();
    for field in fields(&file)?.iter().filter(|field| field.is_signed()).take(SIGNATURES_MAX) {
        let value = file.entry(&field.dictionary, "V")?.into_dictionary().unwrap_or_default();
        let contents = value.get("Contents").and_then(Object::as_string).unwrap_or_default();
        let Some(contents) = asn1::definite(contents) else { continue };
        let Some(data) = SignedData::parse(&contents) else { continue };
        let token = data.timestamp_token().and_then(SignedData::parse);
        for der in data.certificates.iter().chain(token.iter().flat_map(|token| &token.certificates)) {
            if !found.iter().any(|earlier| earlier == der) {
                found.push(der.to_vec());
            }
        }
    }
    Ok(found)
}
