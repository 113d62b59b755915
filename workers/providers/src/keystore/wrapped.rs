//! An event key outside of this process, while its certificate or its timestamp is waited for: encrypted, so that who reads
//! the database alone has nothing.
//!
//! AES-256-GCM under a key that is derived from the platform's secret and the one purpose (RFC 5869 has no second step here:
//! the secret is 32 random bytes already). What was wrapped for one purpose cannot be unwrapped for another.

use openssl::{
    error::ErrorStack,
    hash::MessageDigest,
    pkey::{PKey, Private},
    sign::Signer,
    symm::{Cipher, decrypt_aead, encrypt_aead},
};
use secrecy::{ExposeSecret as _, SecretSlice};

use super::Error;

/// Keeps other uses of the secret apart from this one.
const LABEL: &[u8] = b"event key/";
const NONCE_BYTES: usize = 12;
const TAG_BYTES: usize = 16;

/// Wraps event keys for one purpose, such as one job.
pub struct WrappingKey(SecretSlice<u8>);

impl std::fmt::Debug for WrappingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WrappingKey").finish_non_exhaustive()
    }
}

impl WrappingKey {
    /// Derives it.
    ///
    /// # Errors
    /// When the cryptographic library fails.
    pub fn derive(secret: &[u8; 32], purpose: &str) -> Result<Self, Error> {
        let mut mac = Signer::new(MessageDigest::sha256(), &*PKey::hmac(secret)?)?;
        mac.update(LABEL)?;
        mac.update(purpose.as_bytes())?;
        Ok(Self(mac.sign_to_vec()?.into()))
    }

    /// Nonce, tag and ciphertext of the private key (PKCS#8).
    pub(super) fn wrap(&self, key: &PKey<Private>) -> Result<Vec<u8>, Error> {
        let plain = SecretSlice::from(key.private_key_to_pkcs8()?);
        let (mut nonce, mut tag) = ([0; NONCE_BYTES], [0; TAG_BYTES]);
        openssl::rand::rand_bytes(&mut nonce)?;
        let cipher = Cipher::aes_256_gcm();
        let hidden =
            encrypt_aead(cipher, self.0.expose_secret(), Some(&nonce), &[], plain.expose_secret(), &mut tag)?;
        Ok([nonce.as_slice(), &tag, &hidden].concat())
    }

    pub(super) fn unwrap(&self, wrapped: &[u8]) -> Result<PKey<Private>, Error> {
        let open = || -> Option<Result<PKey<Private>, ErrorStack>> {
            let (nonce, rest) = wrapped.split_at_checked(NONCE_BYTES)?;
            let (tag, hidden) = rest.split_at_checked(TAG_BYTES)?;
            let (cipher, key) = (Cipher::aes_256_gcm(), self.0.expose_secret());
            let plain: SecretSlice<u8> =
                decrypt_aead(cipher, key, Some(nonce), &[], hidden, tag).ok()?.into();
            Some(PKey::private_key_from_pkcs8(plain.expose_secret()))
        };
        Ok(open().ok_or(Error::Wrapped)??)
    }
}
