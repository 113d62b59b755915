//! Why: the private key may be anywhere (a file, an HSM, the signer's own USB key), so a signature is made in steps, and
//! the key only ever sees the bytes of the signed attributes.
//!
//! [`begin`] appends the revision with a hole, [`signed_attributes`] are what the key signs, [`timestamp_imprint`] is what
//! the timestamp authority gets, [`finish`] fills the hole. PAdES B-B without, B-T with a timestamp (ETSI EN 319 142-1).
//! A key in this process signs by [`LocalSigner`]. [`PreparedSignature::suspend`] keeps a begun signature over a restart; [`add_validation_data`] makes it B-LT, and
//! [`begin_document_timestamp`] B-LTA.

mod begin;
mod copy;
mod finish;
mod growing;
mod local;
mod suspend;
mod upgrade;

pub use begin::begin;
pub(crate) use begin::{Layout, layout};
pub use copy::{Copied, CopyError};
pub use finish::finish;
pub use growing::{GrowingFile, PreparedRevision};
pub use local::{LocalSignature, LocalSigner};
use openssl::pkey::{PKeyRef, Private};
use serde::{Deserialize, Serialize};
pub use suspend::PendingSignature;
pub use upgrade::{
    RevocationSources, ValidationData, add_validation_data, begin_document_timestamp, certificates,
    finish_document_timestamp, issuer_urls, revocation_sources,
};
pub(crate) use upgrade::{document_timestamp, validation_data};

use crate::{appearance, cms, geometry::Rect, limits, prepare, read};

/// A hash value with its algorithm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest {
    /// How it was made.
    pub algorithm: DigestAlgorithm,
    /// The value.
    pub value: Vec<u8>,
}

/// Hash algorithms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DigestAlgorithm {
    /// SHA-256, for RSA and P-256 keys.
    #[default]
    Sha256,
    /// SM3, for SM2 keys.
    Sm3,
}

/// What is to be signed, and how it shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SignRequest {
    /// The signature or seal field that takes the digital signature.
    pub field: String,
    /// Makes the field in the same revision when the file has none of that name; without it the field must be there.
    #[serde(default)]
    pub new_field: Option<NewField>,
    /// What this signer's fields show from now on.
    #[serde(default)]
    pub appearances: Vec<appearance::FieldAppearance>,
    /// The signer's name (`/Name`).
    pub signer_name: String,
    /// Why (`/Reason`).
    #[serde(default)]
    pub reason: Option<String>,
    /// Where (`/Location`).
    #[serde(default)]
    pub location: Option<String>,
    /// The claimed time of signing (`/M`), milliseconds since 1970 UTC.
    pub signed_at_ms: i64,
    /// Room for the signature, in bytes of DER; see [`limits::HOLE_BYTES_DEFAULT`].
    #[serde(default = "hole_bytes_default")]
    pub hole_bytes: usize,
    /// How the file is hashed; it must go with the key, see [`digest_for`].
    #[serde(default)]
    pub digest: DigestAlgorithm,
}

/// The hash that goes with a certificate's key.
///
/// # Errors
/// [`Error::Crypto`] when the certificate cannot be read, or its key is of no kind that signs.
pub fn digest_for(certificate_der: &[u8]) -> Result<DigestAlgorithm, Error> {
    cms::digest_for(certificate_der)
}

/// Room that a signature with these certificates takes at most, in bytes of DER; with a timestamp, or without one.
#[must_use]
pub fn hole_bytes(chain_der: &[Vec<u8>], timestamped: bool) -> usize {
    // The signer's issuer stands beside the signature once more, and is a part of his certificate.
    let certificates: usize = chain_der.iter().chain(chain_der.first()).map(Vec::len).sum();
    let token = if timestamped { limits::TIMESTAMP_BYTES_MAX } else { 0 };
    let needed = (limits::SIGNATURE_BYTES_MAX + certificates + token).next_multiple_of(1024);
    needed.clamp(limits::HOLE_BYTES_MIN, limits::HOLE_BYTES_MAX)
}

const fn hole_bytes_default() -> usize {
    limits::HOLE_BYTES_DEFAULT
}

/// A signature field that is made together with its signature.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct NewField {
    /// Page number, from 1.
    pub page: usize,
    /// Where it is on the page as shown; width and height 0 for an invisible one.
    pub rect: Rect,
}

/// A file that lacks nothing but the signature itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreparedSignature {
    /// The whole file, with a hole of zeros.
    pub bytes: Vec<u8>,
    /// Offset and length of the two signed pieces: start, length, start, length.
    pub byte_range: [usize; 4],
    /// Hash of the two signed pieces.
    pub digest: Digest,
}

/// Why a file cannot be signed.
#[derive(Debug, Clone, PartialEq, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Error {
    /// The file cannot be read.
    #[error("the file cannot be read")]
    Read {
        /// Why.
        #[source]
        source: read::Error,
    },
    /// The new field cannot be made.
    #[error("the signature field cannot be made")]
    NewField {
        /// Why.
        #[source]
        source: prepare::Error,
    },
    /// A field is missing, of another kind, or filled already.
    #[error("field {name:?}: {why}")]
    Field {
        /// The field's name.
        name: String,
        /// What is wrong with it.
        why: String,
    },
    /// An appearance cannot be drawn.
    #[error("field {name:?} cannot be drawn")]
    Appearance {
        /// The field's name.
        name: String,
        /// Why.
        #[source]
        source: appearance::Error,
    },
    /// A part of the request is out of its limits.
    #[error("{what}")]
    Request {
        /// Which part, and its limit.
        what: String,
    },
    /// A certificate, key, signature or token cannot be used.
    #[error("{what}")]
    Crypto {
        /// What is wrong with it.
        what: String,
    },
    /// The signature does not fit into the hole.
    #[error("the signature takes {needed} bytes, the hole has {hole}")]
    HoleTooSmall {
        /// Bytes of the signature.
        needed: usize,
        /// Bytes of the hole.
        hole: usize,
    },
}

impl From<prepare::Error> for Error {
    fn from(source: prepare::Error) -> Self {
        match source {
            prepare::Error::Read { source } => Self::Read { source },
            source => Self::NewField { source },
        }
    }
}

impl From<read::Error> for Error {
    fn from(source: read::Error) -> Self {
        Self::Read { source }
    }
}

/// The DER of the signed attributes (content type, message digest, ESS signing-certificate-v2): the bytes that the key
/// signs: with SHA-256 and PKCS#1 v1.5 for RSA keys, with ECDSA and SHA-256 for P-256 keys, with SM3 for SM2 keys. The same
/// inputs give the same bytes.
///
/// # Errors
/// [`Error::Crypto`] when the certificate cannot be read.
pub fn signed_attributes(digest: &Digest, certificate_der: &[u8]) -> Result<Vec<u8>, Error> {
    cms::signed_attributes(digest, certificate_der)
}

/// The SHA-256 that goes into the timestamp request: over the raw signature value.
#[must_use]
pub fn timestamp_imprint(raw_signature: &[u8]) -> [u8; 32] {
    openssl::sha::sha256(raw_signature)
}

/// Signs the attributes with a key in this process (RSA, P-256 or SM2).
///
/// # Errors
/// [`Error::Crypto`] when the key is of another kind or OpenSSL refuses it.
pub fn sign_with_openssl_key(key: &PKeyRef<Private>, attributes: &[u8]) -> Result<Vec<u8>, Error> {
    cms::sign_with_openssl_key(key, attributes)
}
