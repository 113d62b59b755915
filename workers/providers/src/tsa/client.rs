//! One call: a digest goes out, a token comes back and is checked.

use std::{
    path::PathBuf,
    time::{SystemTime, UNIX_EPOCH},
};

use der::{
    Decode as _, Encode as _,
    asn1::{Int, OctetString},
};
use openssl::{error::ErrorStack, x509::X509};
use sealflow_pdf::validate::{TokenFault, judge_token};
use serde::Deserialize;
use url::Url;
use x509_cert::spki::AlgorithmIdentifierOwned;

use super::{
    refusal::Refusal,
    wire::{ID_SHA_256, MessageImprint, TimeStampReq, TimeStampResp},
};
use crate::http::{self, Failure, Limits, SetupError};

/// Random bytes in a nonce.
const NONCE_BYTES: usize = 16;
/// How far the authority's clock may be from ours, in milliseconds. What lies further ahead could be archived only then.
const CLOCKS_APART_MS_MAX: i64 = 600_000;

/// How to reach the authority.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The address that takes timestamp queries.
    pub url: Url,
    /// PEM file with the roots that tokens must lead to. Without it a token may lead to anybody here, which in
    /// production is refused at the start.
    #[serde(default)]
    pub trust_file: Option<PathBuf>,
    /// Time and size.
    #[serde(default)]
    pub limits: Limits,
}

/// A timestamp token that has passed every check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// The token (`ContentInfo`) in DER, as it goes into a signature.
    pub der: Vec<u8>,
    /// The time in it, in milliseconds since 1970 UTC.
    pub gen_time_ms: i64,
    /// The authority's serial number of the token, in hexadecimal.
    pub serial: String,
}

/// A call to the authority that gave no usable token. Asking again is always harmless.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configuration makes no working client.
    #[error("the TSA client cannot be set up")]
    Setup(#[source] SetupError),
    /// No connection, or it broke. Try again later.
    #[error("the TSA cannot be reached")]
    Unreached(#[source] Failure),
    /// The authority is busy, broken, or for the moment not there. Try again later.
    #[error("the TSA answers {status}")]
    Unavailable {
        /// The HTTP status.
        status: u16,
        /// When the authority wants to be asked again, in seconds.
        retry_after_s: Option<u64>,
    },
    /// The address does not take queries. Stop, and call a person.
    #[error("the TSA refuses with {status}")]
    Rejected {
        /// The HTTP status.
        status: u16,
    },
    /// The authority answers that it will not stamp, now or ever.
    #[error("the TSA does not grant the timestamp ({0})")]
    NotGranted(Refusal),
    /// The token is not for what was asked.
    #[error("the token does not fit: {0}")]
    Mismatch(&'static str),
    /// In a file the token would prove nothing.
    #[error("the token would not be accepted")]
    NotAccepted(#[source] TokenFault),
    /// The token tells another time than our clock.
    #[error("the token's time is {apart_s} s away from the clock of this machine")]
    Clock {
        /// How far, in seconds; positive when it lies ahead.
        apart_s: i64,
    },
    /// The answer is not a timestamp response.
    #[error("the TSA's answer cannot be read")]
    Malformed(#[from] der::Error),
    /// The cryptographic library failed.
    #[error("the cryptographic library failed")]
    Crypto(#[from] ErrorStack),
}

impl Error {
    /// A definite no, which is for a person; everything else may pass.
    #[must_use]
    pub fn is_definite(&self) -> bool {
        match self {
            Self::Rejected { .. } | Self::Setup(_) => true,
            Self::NotGranted(refusal) => !refusal.is_for_now(),
            _ => false,
        }
    }

    /// When the authority wants to be asked again, in seconds.
    #[must_use]
    pub const fn retry_after_s(&self) -> Option<u64> {
        match self {
            Self::Unavailable { retry_after_s, .. } => *retry_after_s,
            _ => None,
        }
    }
}

/// The authority.
pub struct TsaClient {
    http: http::Client,
    url: Url,
    /// DER.
    roots: Option<Vec<Vec<u8>>>,
}

impl std::fmt::Debug for TsaClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TsaClient").field("verifies", &self.roots.is_some()).finish_non_exhaustive()
    }
}

impl TsaClient {
    /// Makes a client; nothing is sent.
    ///
    /// # Errors
    /// [`Error::Setup`] when the address or the file cannot be used.
    pub fn new(config: Config) -> Result<Self, Error> {
        http::check_base_url(&config.url).map_err(Error::Setup)?;
        let http = http::Client::new(config.limits, None).map_err(Error::Setup)?;
        let roots = config.trust_file.map(roots).transpose()?;
        Ok(Self { http, url: config.url, roots })
    }

    /// Has a SHA-256 digest stamped.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn timestamp(&self, sha256: &[u8; 32]) -> Result<Token, Error> {
        let imprint = MessageImprint {
            hash_algorithm: AlgorithmIdentifierOwned { oid: ID_SHA_256, parameters: None },
            hashed_message: OctetString::new(sha256.as_slice())?,
        };
        let nonce = nonce()?;
        let query = TimeStampReq {
            version: 1,
            message_imprint: imprint,
            req_policy: None,
            nonce: Some(Int::new(&nonce)?),
            cert_req: true,
            extensions: None,
        };
        let call = self
            .http
            .post(self.url.clone())
            .header("content-type", "application/timestamp-query")
            .header("accept", "application/timestamp-reply")
            .body(query.to_der()?);
        let answer = self.http.call(call).await.map_err(Error::Unreached)?;
        match answer.status.as_u16() {
            200 => {}
            // A proxy in front of it that is being mended says 404, or leads to a page that says so.
            status @ (300..=399 | 404 | 408 | 429 | 500..=599) => {
                return Err(Error::Unavailable { status, retry_after_s: answer.retry_after_s() });
            }
            status => return Err(Error::Rejected { status }),
        }
        self.check(&answer.body, sha256, &nonce)
    }

    fn check(&self, answer: &[u8], sha256: &[u8; 32], nonce: &[u8; NONCE_BYTES]) -> Result<Token, Error> {
        let TimeStampResp { status, time_stamp_token } = TimeStampResp::from_der(answer)?;
        if status.status > 1 {
            return Err(Error::NotGranted(Refusal::new(status.status, status.fail_info.as_ref())));
        }
        let der = time_stamp_token.ok_or(Error::Mismatch("there is none"))?.to_der()?;
        let token = judge_token(&der, sha256, self.roots.as_deref()).map_err(Error::NotAccepted)?;
        if token.nonce.as_deref() != Some(nonce) {
            return Err(Error::Mismatch("it answers another request"));
        }
        let apart_ms = token.time_ms.saturating_sub(now_ms());
        if apart_ms.saturating_abs() > CLOCKS_APART_MS_MAX {
            return Err(Error::Clock { apart_s: apart_ms / 1_000 });
        }
        Ok(Token { der, gen_time_ms: token.time_ms, serial: hex::encode(&token.serial) })
    }
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

fn roots(path: PathBuf) -> Result<Vec<Vec<u8>>, Error> {
    let pem = std::fs::read(&path)
        .map_err(|source| Error::Setup(SetupError::TrustFile { path: path.clone(), source }))?;
    let certificates = X509::stack_from_pem(&pem)?;
    if certificates.is_empty() {
        return Err(Error::Setup(SetupError::NoCertificate { path }));
    }
    Ok(certificates.iter().map(|certificate| certificate.to_der()).collect::<Result<_, _>>()?)
}

/// A positive number that this client never used before.
fn nonce() -> Result<[u8; NONCE_BYTES], Error> {
    let mut bytes = [0; NONCE_BYTES];
    openssl::rand::rand_bytes(&mut bytes)?;
    // The first bit is the sign and a leading zero byte would not be DER: set the first byte within 0x40..=0x7f.
    if let Some(first) = bytes.first_mut() {
        *first = (*first & 0x3f) | 0x40;
    }
    Ok(bytes)
}
