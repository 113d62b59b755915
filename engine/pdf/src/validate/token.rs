//! Why: a timestamp is judged before it goes into a file by the rules that it is judged by there, so that no signature turns
//! out weaker than was asked for.

use super::{
    Trust,
    certificates::Certificates,
    chain::{self, Purpose},
    judge::now_ms,
    signed_data::Form,
    timestamp, usage,
    verdict::Fault,
};

/// A token that a signature may carry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// The time in it, milliseconds since 1970 UTC.
    pub time_ms: i64,
    /// The authority's serial number of it: the content of an INTEGER.
    pub serial: Vec<u8>,
    /// The request's number, when it was repeated: the content of an INTEGER.
    pub nonce: Option<Vec<u8>>,
}

/// Why a token would prove nothing, as a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TokenFault(String);

impl From<Fault> for TokenFault {
    fn from(fault: Fault) -> Self {
        Self(fault.reason)
    }
}

/// Judges a timestamp token over what has this SHA-256. Without roots (DER) it is not asked to whom it leads.
///
/// # Errors
/// [`TokenFault`]
pub fn judge_token(
    token_der: &[u8],
    sha256: &[u8; 32],
    roots_der: Option<&[Vec<u8>]>,
) -> Result<Token, TokenFault> {
    let fault = |why: &str| TokenFault(why.to_owned());
    let timestamp = timestamp::parse(token_der).ok_or_else(|| fault("the token cannot be read"))?;
    if !timestamp.is_over_sha256(sha256) {
        return Err(fault("it is for another digest"));
    }
    let (signed, known) = (&timestamp.signed, Certificates::default());
    let certificate = signed.verify(&[signed.content.unwrap_or_default()], Form::Advanced, &known)?;
    usage::check_use(&certificate, Purpose::Timestamping)?;
    usage::check_keys(std::slice::from_ref(&certificate))?;
    chain::in_time(&certificate, timestamp.time_ms)?;
    if let Some(roots_der) = roots_der {
        let trust = Trust { roots_der: roots_der.to_vec(), ..Trust::default() };
        chain::check(&certificate, &signed.certificates, &trust, now_ms(), Purpose::Timestamping, &known)?;
    }
    Ok(Token {
        time_ms: timestamp.time_ms,
        serial: timestamp.serial.to_vec(),
        nonce: timestamp.nonce.map(<[u8]>::to_vec),
    })
}
