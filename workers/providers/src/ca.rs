//! Certificates from a certification authority that speaks EST (RFC 7030).
//!
//! The authority's TLS server is trusted by one pinned file and not by the system's list. What it issues is checked
//! before it is used: the certificate must be for our key, and its chain must lead to a root of the authority.

mod chain;

use std::path::PathBuf;

use openssl::{
    error::ErrorStack,
    pkcs7::Pkcs7,
    x509::{X509, X509Req},
};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use tokio::sync::Mutex;
use url::Url;

use crate::http::{self, Answer, Failure, Limits, SetupError};

/// Certificates in one answer; more is not a chain.
const CERTIFICATES_MAX: usize = 16;

/// How to reach the authority, and as whom.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Everything before `/.well-known/est/`; https only.
    pub base_url: Url,
    /// PEM file with the only certificates that the TLS server is trusted by.
    pub trust_file: PathBuf,
    /// HTTP basic authentication.
    pub username: String,
    /// HTTP basic authentication.
    pub password: SecretString,
    /// Time and size.
    #[serde(default)]
    pub limits: Limits,
}

/// A certificate with everything up to its root, each in DER.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// The certificate that was issued.
    pub leaf: Vec<u8>,
    /// From the leaf's issuer upwards, without the root.
    pub intermediates: Vec<Vec<u8>>,
    /// The authority's root.
    pub root: Vec<u8>,
    /// All its roots: certificates for other kinds of keys lead to others.
    pub roots: Vec<Vec<u8>>,
}

/// A call to the authority that gave no certificate.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configuration makes no working client.
    #[error("the CA client cannot be set up")]
    Setup(#[source] SetupError),
    /// EST without TLS would send the password in clear.
    #[error("the CA's address must be https")]
    NotHttps,
    /// No connection, or it broke. Try again later with the same request, which may have been heard.
    #[error("the CA cannot be reached")]
    Unreached(#[source] Failure),
    /// The authority is busy or broken. Try again later.
    #[error("the CA answers {status}")]
    Unavailable {
        /// The HTTP status.
        status: u16,
        /// When the authority wants to be asked again, in seconds.
        retry_after_s: Option<u64>,
    },
    /// A person at the authority has to approve the request first (status 202). The same request, byte for byte, later.
    #[error("the CA has not decided yet")]
    Pending {
        /// When the authority wants to be asked again, in seconds.
        retry_after_s: Option<u64>,
    },
    /// A definite no: credentials, or a request that it does not certify. Stop, and call a person.
    #[error("the CA refuses with {status}")]
    Rejected {
        /// The HTTP status.
        status: u16,
    },
    /// The answer is not what EST promises.
    #[error("the CA's answer cannot be used: {0}")]
    Malformed(&'static str),
    /// The cryptographic library failed on the answer or the request.
    #[error("the CA's answer cannot be read")]
    Crypto(#[from] ErrorStack),
}

/// The authority, as one account sees it.
#[derive(Debug)]
pub struct CaClient {
    http: http::Client,
    config: Config,
    /// Issuers as last fetched; asked for again when a chain does not close.
    issuers: Mutex<Option<Vec<X509>>>,
}

impl CaClient {
    /// Makes a client; nothing is sent.
    ///
    /// # Errors
    /// [`Error::Setup`] or [`Error::NotHttps`].
    pub fn new(config: Config) -> Result<Self, Error> {
        http::check_base_url(&config.base_url).map_err(Error::Setup)?;
        if config.base_url.scheme() != "https" {
            return Err(Error::NotHttps);
        }
        let http = http::Client::new(config.limits, Some(&config.trust_file)).map_err(Error::Setup)?;
        Ok(Self { http, config, issuers: Mutex::new(None) })
    }

    /// The authority's own certificates, DER: its root and what issues under it.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn ca_certificates(&self) -> Result<Vec<Vec<u8>>, Error> {
        let certificates = self.fetch_issuers().await?;
        certificates.iter().map(|certificate| Ok(certificate.to_der()?)).collect()
    }

    /// Has a request (PKCS#10, DER) certified.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn enroll(&self, csr_der: &[u8]) -> Result<Chain, Error> {
        let request = X509Req::from_der(csr_der)?;
        let call = self
            .http
            .post(self.address("simpleenroll")?)
            .basic_auth(&self.config.username, Some(self.config.password.expose_secret()))
            .header("content-type", "application/pkcs10")
            .header("content-transfer-encoding", "base64")
            .header("accept", "application/pkcs7-mime")
            .body(openssl::base64::encode_block(csr_der));
        let answer = self.http.call(call).await.map_err(Error::Unreached)?;
        let issued = certificates(&accepted(&answer)?.body)?;
        let key = request.public_key()?;
        let leaf = issued
            .into_iter()
            .find(|certificate| certificate.public_key().is_ok_and(|own| own.public_eq(&key)))
            .ok_or(Error::Malformed("no certificate is for the key of the request"))?;
        self.chain(leaf).await
    }

    /// Closes the chain with the issuers known, and if that fails with the issuers of this minute.
    async fn chain(&self, leaf: X509) -> Result<Chain, Error> {
        let mut issuers = self.issuers.lock().await;
        if let Some(known) = issuers.as_ref()
            && let Ok(chain) = chain::close(&leaf, known)
        {
            return Ok(chain);
        }
        let fetched = self.fetch_issuers().await?;
        let chain = chain::close(&leaf, &fetched)?;
        *issuers = Some(fetched);
        Ok(chain)
    }

    async fn fetch_issuers(&self) -> Result<Vec<X509>, Error> {
        let call = self.http.get(self.address("cacerts")?).header("accept", "application/pkcs7-mime");
        let answer = self.http.call(call).await.map_err(Error::Unreached)?;
        certificates(&accepted(&answer)?.body)
    }

    fn address(&self, operation: &str) -> Result<Url, Error> {
        let mut url = self.config.base_url.clone();
        url.path_segments_mut()
            .map_err(|()| Error::Setup(SetupError::BaseUrl(self.config.base_url.clone())))?
            .pop_if_empty()
            .extend([".well-known", "est", operation]);
        Ok(url)
    }
}

/// Sorts answers by status (RFC 7030, 4.2.3).
fn accepted(answer: &Answer) -> Result<&Answer, Error> {
    let status = answer.status.as_u16();
    let retry_after_s = answer.retry_after_s();
    match status {
        200 => Ok(answer),
        202 => Err(Error::Pending { retry_after_s }),
        408 | 429 | 500..=599 => Err(Error::Unavailable { status, retry_after_s }),
        _ => Err(Error::Rejected { status }),
    }
}

/// Reads a "certs-only" PKCS#7 in base64.
fn certificates(body: &[u8]) -> Result<Vec<X509>, Error> {
    let text: String = body.iter().filter(|b| !b.is_ascii_whitespace()).map(|&b| char::from(b)).collect();
    let der = openssl::base64::decode_block(&text)?;
    let pkcs7 = Pkcs7::from_der(&der)?;
    let list = pkcs7
        .signed()
        .and_then(|signed| signed.certificates())
        .ok_or(Error::Malformed("there are no certificates in it"))?;
    if list.len() > CERTIFICATES_MAX {
        return Err(Error::Malformed("there are more than 16 certificates in it"));
    }
    Ok(list.iter().map(ToOwned::to_owned).collect())
}
