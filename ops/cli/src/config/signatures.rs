//! What signatures are like, and where their keys are made.

use std::path::PathBuf;

use anyhow::{Context, Result};
use sealflow_jobs::handlers;
use sealflow_providers::keystore::{
    Algorithm,
    pkcs11::{KeyUri, event::TokenKeystore},
};
use secrecy::SecretString;
use serde::Deserialize;

/// What a token's address does not say: the library that speaks to it, and the PIN.
pub(crate) fn token_environment() -> (Option<PathBuf>, Option<SecretString>) {
    let module = std::env::var_os("SEALFLOW_PKCS11_MODULE").map(PathBuf::from);
    (module, std::env::var("SEALFLOW_PKCS11_PIN").ok().map(Into::into))
}

/// The level of signatures (ETSI EN 319 142-1). Nothing is ever signed below it: who is needed for it is waited for.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signatures {
    /// `b-b`, `b-t`, `b-lt` or `b-lta`. B-T comes with the signature; what is above it some time after the last one.
    pub level: String,
    /// What keys sign: `p256`, `rsa_2048`, `rsa_3072` or `sm2` (with SM3). The certificate authority must certify such keys.
    #[serde(default)]
    pub key_algorithm: Algorithm,
    /// Where they are made, for each signing one: `software` (in memory), or the address of a token (RFC 7512),
    /// `pkcs11:token=…?module-path=/…&pin-source=file:/…`. What the address does not say comes from the variables
    /// `SEALFLOW_PKCS11_MODULE` and `SEALFLOW_PKCS11_PIN`.
    pub key_store: String,
    /// How long after it, in seconds: issuers shall have had time to hear of a stolen key.
    pub raise_after_s: u32,
    /// After how many days an archived file gets a fresh timestamp, before the last one's authority is forgotten; 0: never.
    pub renew_after_days: u32,
    /// PEM file with further roots that signatures in validated files may lead to, beside those of the timestamp authority.
    #[serde(default)]
    pub trust_file: Option<PathBuf>,
}

impl Signatures {
    /// The token where keys are made; none: memory.
    pub(crate) fn token(&self) -> Result<Option<KeyUri>> {
        if self.key_store == "software" {
            return Ok(None);
        }
        let uri =
            self.key_store.parse().context("signatures.key_store is `software` or a token's address")?;
        TokenKeystore::check(&uri, self.key_algorithm).context("signatures.key_store")?;
        Ok(Some(uri))
    }

    pub(crate) fn settings(&self) -> Result<handlers::Signatures> {
        let level =
            self.level.parse().map_err(|error: String| anyhow::anyhow!("signatures.level: {error}"))?;
        Ok(handlers::Signatures {
            level,
            raise_after_ms: i64::from(self.raise_after_s) * 1_000,
            renew_after_days: Some(self.renew_after_days).filter(|days| *days > 0),
        })
    }
}
