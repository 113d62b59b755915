//! Why: the command line signs and validates files with the same functions as the platform.

use crate::{Rect, Report, Trust, read, sign};

/// A place for a visible signature.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    /// Page number, from 1.
    pub page: usize,
    /// Where on the page as shown.
    pub rect: Rect,
}

/// What `sealflow pdf sign` was given.
#[derive(Debug, Clone)]
pub struct SignFile<'a> {
    /// The file.
    pub pdf: &'a [u8],
    /// Private key, PEM (RSA or P-256).
    pub key_pem: &'a [u8],
    /// The signer's certificate, PEM.
    pub certificate_pem: &'a [u8],
    /// Issuers' certificates, PEM; may be empty.
    pub chain_pem: &'a [u8],
    /// Where it shows; without it the signature is invisible.
    pub place: Option<Place>,
    /// The organization's name, for a round seal in that place; without it the signer's name is written there.
    pub seal_text: Option<&'a str>,
    /// The claimed time of signing, milliseconds since 1970 UTC.
    pub signed_at_ms: i64,
}

/// Why a file cannot be signed or validated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The PEM cannot be used.
    #[error("{what} cannot be used")]
    Pem {
        /// Key, certificate or chain.
        what: &'static str,
        /// What OpenSSL says.
        #[source]
        source: openssl::error::ErrorStack,
    },
    /// The seal cannot be drawn.
    #[error("the seal cannot be drawn")]
    Seal(#[source] crate::seal::Error),
    /// The file cannot be signed.
    #[error("the file cannot be signed")]
    Sign(#[source] sign::Error),
    /// The file cannot be read.
    #[error("the file cannot be read")]
    Read(#[source] read::Error),
}

/// Signs a file (PAdES B-B) as one appended revision.
///
/// # Errors
/// [`Error`]
pub fn sign_file(request: &SignFile<'_>) -> Result<Vec<u8>, Error> {
    Err(Error::Read(read::Error::Damaged { what: format!("{}", request.pdf.len()) }))
}

/// Validates a file against roots in PEM.
///
/// # Errors
/// [`Error::Pem`] for roots that cannot be read, [`Error::Read`] for the file.
pub fn validate_file(pdf: &[u8], roots_pem: &[u8]) -> Result<Report, Error> {
    let roots_der = vec![roots_pem.to_vec()];
    crate::validate(pdf, &Trust { roots_der, at_ms: None }).map_err(Error::Read)
}
