//! What certification authorities publish about their certificates: answers on single ones (OCSP, RFC 6960), revocation
//! lists (RFC 5280), and their own certificates (RFC 4325).
//!
//! The addresses stand in certificates. Whoever calls this has made sure that the certificate is of an authority that is
//! trusted: anybody can write an address of the inner network into a certificate of his own. Whether an answer is the
//! authority's is for the validator (`engine/pdf`) to say; here only its form is looked at.

use openssl::{
    ocsp::{OcspResponse, OcspResponseStatus},
    x509::{X509, X509Crl},
};
use serde::Deserialize;
use url::Url;

mod inquiry;

pub use inquiry::Inquiry;

use crate::http::{self, Answer, Failure, Limits, SetupError};

/// Longest address that is called.
const URL_BYTES_MAX: usize = 2_048;

/// How the authorities are called.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Time and size; revocation lists are large.
    pub limits: Limits,
}

impl Default for Config {
    fn default() -> Self {
        let limits = Limits { answer_bytes_max: 16 * 1024 * 1024, ..Limits::default() };
        Self { limits }
    }
}

/// A call that gave nothing. Asking again is always harmless.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configuration makes no working client.
    #[error("the client of revocation services cannot be set up")]
    Setup(#[source] SetupError),
    /// The certificate names no address.
    #[error("the certificate names nobody who could be asked")]
    NobodyToAsk,
    /// Neither http nor https, or far too long. Some certificates name LDAP addresses.
    #[error("the certificate names an address that is not called")]
    Address,
    /// No connection, or it broke. Try again later.
    #[error("{host} cannot be reached")]
    Unreached {
        /// Whom.
        host: String,
        /// Why.
        #[source]
        source: Failure,
    },
    /// Busy or broken. Try again later.
    #[error("{host} answers {status}")]
    Unavailable {
        /// Who.
        host: String,
        /// The HTTP status.
        status: u16,
    },
    /// The OCSP responder says that it cannot answer now. Try again later.
    #[error("{host} cannot answer now")]
    TryLater {
        /// Who.
        host: String,
    },
    /// A definite no. Another address may help.
    #[error("{host} refuses ({what})")]
    Refused {
        /// Who.
        host: String,
        /// The status, or OCSP's word.
        what: String,
    },
    /// The answer is not what was asked for.
    #[error("the answer of {host} is no {what}")]
    Malformed {
        /// Whose.
        host: String,
        /// What was asked for.
        what: &'static str,
    },
}

impl Error {
    /// Whether the same question may be answered later.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Unreached { .. } | Self::Unavailable { .. } | Self::TryLater { .. })
    }

    /// Whether nobody can ever be asked: it is the certificate's own fault, or the configuration's.
    #[must_use]
    pub const fn is_final(&self) -> bool {
        matches!(self, Self::Setup(_) | Self::NobodyToAsk | Self::Address)
    }

    fn or(self, later: Self) -> Self {
        if self.is_transient() { self } else { later }
    }
}

/// Whom to ask about a certificate, and what.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// OCSP responders.
    pub ocsp_urls: &'a [String],
    /// What they are asked, DER.
    pub ocsp_request_der: &'a [u8],
    /// Where revocation lists are.
    pub crl_urls: &'a [String],
    /// Ask for a list first.
    pub lists_first: bool,
}

/// An authority's word, DER.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    /// An OCSP response.
    Ocsp(Vec<u8>),
    /// A revocation list.
    Crl(Vec<u8>),
}

/// Asks the authorities.
#[derive(Debug, Clone)]
pub struct RevocationClient {
    http: http::Client,
}

impl RevocationClient {
    /// Makes a client; nothing is sent.
    ///
    /// # Errors
    /// [`Error::Setup`]
    pub fn new(config: Config) -> Result<Self, Error> {
        let http = http::Client::new(config.limits, None).map_err(Error::Setup)?;
        Ok(Self { http })
    }

    /// Asks about one certificate: for an answer of now, else for a list, or the other way round. Answers also who said it.
    /// Whoever is in `heard` is not asked.
    async fn ask<'q>(
        &self,
        question: Question<'q>,
        lists_first: bool,
        heard: &[String],
    ) -> Result<(&'q str, Word), Error> {
        let mut failed = Error::NobodyToAsk;
        for lists in [lists_first, !lists_first] {
            let urls = if lists { question.crl_urls } else { question.ocsp_urls };
            for url in urls.iter().filter(|url| !heard.contains(url)) {
                let word = if lists {
                    self.crl(url).await.map(Word::Crl)
                } else {
                    self.ocsp(url, question.ocsp_request_der).await.map(Word::Ocsp)
                };
                match word {
                    Ok(word) => return Ok((url, word)),
                    Err(error) => failed = failed.or(error),
                }
            }
        }
        Err(failed)
    }

    /// Asks an OCSP responder; `request_der` is the question. The answer is DER as it goes into a document.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn ocsp(&self, url: &str, request_der: &[u8]) -> Result<Vec<u8>, Error> {
        let (url, host) = address(url)?;
        let call = self
            .http
            .post(url)
            .header("content-type", "application/ocsp-request")
            .header("accept", "application/ocsp-response")
            .body(request_der.to_vec());
        let body = self.call(call, &host).await?;
        let malformed = || Error::Malformed { host: host.clone(), what: "OCSP response" };
        let response = OcspResponse::from_der(&body).map_err(|_| malformed())?;
        match response.status() {
            OcspResponseStatus::SUCCESSFUL => Ok(body),
            OcspResponseStatus::TRY_LATER | OcspResponseStatus::INTERNAL_ERROR => {
                Err(Error::TryLater { host })
            }
            other => Err(Error::Refused { host, what: format!("OCSP status {}", other.as_raw()) }),
        }
    }

    /// Fetches a revocation list, DER.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn crl(&self, url: &str) -> Result<Vec<u8>, Error> {
        let (url, host) = address(url)?;
        let body = self.call(self.http.get(url), &host).await?;
        match X509Crl::from_der(&body) {
            Ok(_) => Ok(body),
            Err(_) => Err(Error::Malformed { host, what: "revocation list" }),
        }
    }

    /// Fetches an issuer's certificate, DER.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn certificate(&self, url: &str) -> Result<Vec<u8>, Error> {
        let (url, host) = address(url)?;
        let body = self.call(self.http.get(url), &host).await?;
        // DER, as the standard wants it, or PEM, as some publish it.
        let found = X509::from_der(&body).or_else(|_| X509::from_pem(&body));
        let der = found.and_then(|certificate| certificate.to_der());
        der.map_err(|_| Error::Malformed { host, what: "certificate" })
    }

    async fn call(&self, call: reqwest::RequestBuilder, host: &str) -> Result<Vec<u8>, Error> {
        let answer: Answer = self
            .http
            .call(call)
            .await
            .map_err(|source| Error::Unreached { host: host.to_owned(), source })?;
        match answer.status.as_u16() {
            200 => Ok(answer.body),
            status @ (408 | 429 | 500..=599) => Err(Error::Unavailable { host: host.to_owned(), status }),
            status => Err(Error::Refused { host: host.to_owned(), what: format!("status {status}") }),
        }
    }
}

/// The address, and the host for messages.
fn address(url: &str) -> Result<(Url, String), Error> {
    let url: Url = if url.len() <= URL_BYTES_MAX {
        url.parse().map_err(|_| Error::Address)?
    } else {
        return Err(Error::Address);
    };
    http::check_base_url(&url).map_err(|_| Error::Address)?;
    let host = url.host_str().unwrap_or_default().to_owned();
    Ok((url, host))
}
