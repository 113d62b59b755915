//! Keys that sign: one for a single signature, made in memory or in a token, and those that live in tokens and HSMs.

pub mod event;
pub mod pkcs11;
mod request;
pub mod software;
mod wrapped;

use openssl::error::ErrorStack;
use serde::{Deserialize, Serialize};
pub use wrapped::WrappingKey;

/// A key could not be made or used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The cryptographic library failed.
    #[error("the cryptographic library failed")]
    Crypto(#[from] ErrorStack),
    /// The certificate request cannot be written.
    #[error("the certificate request cannot be written")]
    Request(#[from] der::Error),
    /// A name is empty or longer than certificates allow.
    #[error("`{0}` must have 1 to 64 characters")]
    Name(&'static str),
    /// The token did not do it.
    #[error(transparent)]
    Token(#[from] pkcs11::Error),
    /// It was used after its end.
    #[error("the key is destroyed already")]
    Destroyed,
    /// What was kept is no key that this platform wrapped for this purpose.
    #[error("the kept key cannot be unwrapped")]
    Wrapped,
    /// The thread that spoke to the token, or drew the key, broke.
    #[error("the key's thread broke")]
    Thread(#[source] tokio::task::JoinError),
}

/// The kind of key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Algorithm {
    /// ECDSA on NIST P-256 with SHA-256.
    #[default]
    #[serde(rename = "p256")]
    P256,
    /// RSA of 2048 bits, PKCS#1 v1.5 with SHA-256.
    #[serde(rename = "rsa_2048")]
    Rsa2048,
    /// RSA of 3072 bits, PKCS#1 v1.5 with SHA-256.
    #[serde(rename = "rsa_3072")]
    Rsa3072,
    /// SM2 with SM3 (GB/T 32918, GB/T 35276).
    #[serde(rename = "sm2")]
    Sm2,
}

/// Whom the certificate is to name.
#[derive(Clone, PartialEq, Eq)]
pub struct Subject {
    /// `CN`: the person, or the organization where a seal is used.
    pub common_name: String,
    /// `O`: the organization that the person acts for.
    pub organization: Option<String>,
    /// `serialNumber`: tells two people with one name apart; never an ID number in clear.
    pub serial_number: Option<String>,
}
