//! One call: a digest goes out, a token comes back and is checked.

use std::path::PathBuf;

use cms::signed_data::SignedData;
use der::{
    Decode as _, Encode as _,
    asn1::{Int, OctetString},
};
use openssl::{
    cms::{CMSOptions, CmsContentInfo},
    error::ErrorStack,
    x509::{
        X509, X509PurposeId,
        store::{X509Store, X509StoreBuilder},
    },
};
use serde::Deserialize;
use url::Url;
use x509_cert::spki::AlgorithmIdentifierOwned;

use super::wire::{
    ID_CT_TST_INFO, ID_SHA_256, ID_SIGNED_DATA, MessageImprint, TimeStampReq, TimeStampResp, TstInfo,
};
use crate::http::{self, Failure, Limits, SetupError};

/// Random bytes in a nonce.
const NONCE_BYTES: usize = 16;

/// How to reach the authority.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The address that takes timestamp queries.
    pub url: Url,
    /// PEM file with the roots that tokens must lead to. Without it a token's signature is not verified here.
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
    /// The authority is busy or broken. Try again later.
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
    /// The authority answers that it will not stamp (`PKIStatus` of RFC 3161). Stop, and call a person.
    #[error("the TSA does not grant the timestamp (status {status})")]
    NotGranted {
        /// 2 rejection, 3 waiting, 4 and 5 revocation.
        status: u8,
    },
    /// The token is not for what was asked, or its signature does not verify.
    #[error("the token does not fit: {0}")]
    Mismatch(&'static str),
    /// The answer is not a timestamp response.
    #[error("the TSA's answer cannot be read")]
    Malformed(#[from] der::Error),
    /// The cryptographic library failed.
    #[error("the cryptographic library failed")]
    Crypto(#[from] ErrorStack),
}

/// The authority.
pub struct TsaClient {
    http: http::Client,
    url: Url,
    roots: Option<X509Store>,
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
            nonce: Some(nonce.clone()),
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
            status @ (408 | 429 | 500..=599) => {
                return Err(Error::Unavailable { status, retry_after_s: answer.retry_after_s() });
            }
            status => return Err(Error::Rejected { status }),
        }
        self.check(&answer.body, sha256, &nonce)
    }

    fn check(&self, answer: &[u8], sha256: &[u8; 32], nonce: &Int) -> Result<Token, Error> {
        let response = TimeStampResp::from_der(answer)?;
        if response.status.status > 1 {
            return Err(Error::NotGranted { status: response.status.status });
        }
        let token = response.time_stamp_token.ok_or(Error::Mismatch("there is none"))?;
        if token.content_type != ID_SIGNED_DATA {
            return Err(Error::Mismatch("it is not signed data"));
        }
        let der = token.to_der()?;
        let signed: SignedData = token.content.decode_as()?;
        if signed.encap_content_info.econtent_type != ID_CT_TST_INFO {
            return Err(Error::Mismatch("its content is not a TSTInfo"));
        }
        let content = signed.encap_content_info.econtent.ok_or(Error::Mismatch("its content is missing"))?;
        let content: OctetString = content.decode_as()?;
        let info = TstInfo::from_der(content.as_bytes())?;
        let imprint = &info.message_imprint;
        if imprint.hash_algorithm.oid != ID_SHA_256 || imprint.hashed_message.as_bytes() != sha256 {
            return Err(Error::Mismatch("it is for another digest"));
        }
        if info.nonce.as_ref() != Some(nonce) {
            return Err(Error::Mismatch("it answers another request"));
        }
        if let Some(roots) = &self.roots {
            verify(&der, roots)?;
        }
        let gen_time_ms = i64::try_from(info.gen_time.to_unix_duration().as_millis())
            .map_err(|_| Error::Mismatch("its time is out of range"))?;
        Ok(Token { der, gen_time_ms, serial: hex::encode(info.serial_number.as_bytes()) })
    }
}

/// Verifies the token's signature and its signer's chain for the purpose of timestamping.
fn verify(token: &[u8], roots: &X509Store) -> Result<(), Error> {
    let mut cms = CmsContentInfo::from_der(token)?;
    cms.verify(None, Some(roots), None, None, CMSOptions::BINARY)
        .map_err(|_| Error::Mismatch("its signature does not lead to a trusted root"))
}

fn roots(path: PathBuf) -> Result<X509Store, Error> {
    let pem = std::fs::read(&path)
        .map_err(|source| Error::Setup(SetupError::TrustFile { path: path.clone(), source }))?;
    let certificates = X509::stack_from_pem(&pem)?;
    if certificates.is_empty() {
        return Err(Error::Setup(SetupError::NoCertificate { path }));
    }
    let mut store = X509StoreBuilder::new()?;
    for certificate in certificates {
        store.add_cert(certificate)?;
    }
    store.set_purpose(X509PurposeId::TIMESTAMP_SIGN)?;
    Ok(store.build())
}

/// A positive number that this client never used before.
fn nonce() -> Result<Int, Error> {
    let mut bytes = [0; NONCE_BYTES];
    openssl::rand::rand_bytes(&mut bytes)?;
    // The first bit is the sign and a leading zero byte would not be DER: set the first byte within 0x40..=0x7f.
    if let Some(first) = bytes.first_mut() {
        *first = (*first & 0x3f) | 0x40;
    }
    Ok(Int::new(&bytes)?)
}
