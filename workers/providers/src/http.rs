//! What the HTTP clients share: limits, one way to set up a client, and one way to read an answer.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use reqwest::{Certificate, RequestBuilder, StatusCode, header::HeaderMap, redirect, retry};
use serde::{Deserialize, Serialize};

/// How long a call may take and how much it may answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Until the connection stands, TLS included, in milliseconds.
    pub connect_timeout_ms: u64,
    /// The whole call, in milliseconds.
    pub timeout_ms: u64,
    /// The largest answer that is read, in bytes.
    pub answer_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connect_timeout_ms: 3_000, timeout_ms: 10_000, answer_bytes_max: 256 * 1024 }
    }
}

/// A client could not be made from its configuration.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The file with the trusted certificates.
    #[error("cannot read the trusted certificates in {path}")]
    TrustFile {
        /// The file named in the configuration.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The file holds no certificate.
    #[error("{path} holds no certificate in PEM form")]
    NoCertificate {
        /// The file named in the configuration.
        path: PathBuf,
    },
    /// The TLS library or the HTTP client refused.
    #[error("the HTTP client cannot be built")]
    Client(#[source] reqwest::Error),
    /// The base address cannot carry a request.
    #[error("{0} is not an http or https address")]
    BaseUrl(url::Url),
}

/// A call that ended without an answer.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// No connection was made, so nothing was sent.
    #[error("no connection")]
    Unreached(#[source] reqwest::Error),
    /// The request went out, wholly or in part, and no complete answer came back.
    #[error("the answer did not arrive")]
    Broken(#[source] reqwest::Error),
    /// The answer is larger than the configuration allows.
    #[error("the answer is larger than {limit} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
}

/// An answer, whatever its status.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// `Retry-After` in seconds, where the server gave it as a number.
    pub(crate) fn retry_after_s(&self) -> Option<u64> {
        self.headers.get(reqwest::header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()
    }
}

/// A client that answers to its configuration only: no proxy from the environment, no redirects, no retries.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    inner: reqwest::Client,
    answer_bytes_max: usize,
}

impl Client {
    /// `trust_file`: the only certificates that TLS servers are trusted by; `None`: those of the system.
    pub(crate) fn new(limits: Limits, trust_file: Option<&Path>) -> Result<Self, SetupError> {
        let mut builder = reqwest::Client::builder()
            .no_proxy()
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .connect_timeout(Duration::from_millis(limits.connect_timeout_ms))
            .timeout(Duration::from_millis(limits.timeout_ms))
            .user_agent(concat!("sealflow/", env!("CARGO_PKG_VERSION")));
        if let Some(path) = trust_file {
            builder = builder.tls_certs_only(read_certificates(path)?);
        }
        let inner = builder.build().map_err(SetupError::Client)?;
        Ok(Self { inner, answer_bytes_max: limits.answer_bytes_max })
    }

    pub(crate) fn get(&self, url: url::Url) -> RequestBuilder {
        self.inner.get(url)
    }

    pub(crate) fn post(&self, url: url::Url) -> RequestBuilder {
        self.inner.post(url)
    }

    /// Sends and reads the answer to its end. Addresses are taken out of errors: their query may name a person.
    pub(crate) async fn call(&self, request: RequestBuilder) -> Result<Answer, Failure> {
        let mut response = request.send().await.map_err(|error| {
            let error = error.without_url();
            if error.is_connect() || error.is_builder() {
                Failure::Unreached(error)
            } else {
                Failure::Broken(error)
            }
        })?;
        let limit = self.answer_bytes_max;
        let mut body = Vec::new();
        while let Some(chunk) =
            response.chunk().await.map_err(|error| Failure::Broken(error.without_url()))?
        {
            if body.len().saturating_add(chunk.len()) > limit {
                return Err(Failure::TooLarge { limit });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status: response.status(), headers: std::mem::take(response.headers_mut()), body })
    }
}

/// The certificates in a PEM file; at least one.
fn read_certificates(path: &Path) -> Result<Vec<Certificate>, SetupError> {
    let pem =
        std::fs::read(path).map_err(|source| SetupError::TrustFile { path: path.to_owned(), source })?;
    let certificates = Certificate::from_pem_bundle(&pem)
        .map_err(|_| SetupError::NoCertificate { path: path.to_owned() })?;
    if certificates.is_empty() {
        return Err(SetupError::NoCertificate { path: path.to_owned() });
    }
    Ok(certificates)
}

/// Refuses addresses that no request can be sent to.
pub(crate) fn check_base_url(url: &url::Url) -> Result<(), SetupError> {
    if matches!(url.scheme(), "http" | "https") && url.has_host() {
        Ok(())
    } else {
        Err(SetupError::BaseUrl(url.clone()))
    }
}
