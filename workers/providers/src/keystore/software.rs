//! A key that lives for one signature and is written nowhere in clear.
//!
//! The signer's will is confirmed first; then a fresh key is made, certified with the signer's name, used once, and
//! dropped. While it is waited for its certificate it may be kept wrapped; see `wrapped.rs`.

use openssl::{
    ec::{EcGroup, EcKey},
    hash::MessageDigest,
    nid::Nid,
    pkey::{PKey, Private},
    rsa::Rsa,
    sign::Signer,
};

use super::{Algorithm, Error, Subject, WrappingKey, request};

/// A private key in memory; its bytes are wiped when it is dropped.
pub struct OneOffKey {
    key: PKey<Private>,
    algorithm: Algorithm,
}

impl std::fmt::Debug for OneOffKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OneOffKey").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

impl OneOffKey {
    /// Draws a new key.
    ///
    /// # Errors
    /// When the cryptographic library fails.
    pub fn generate(algorithm: Algorithm) -> Result<Self, Error> {
        let key = match algorithm {
            Algorithm::P256 => {
                let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
                PKey::from_ec_key(EcKey::generate(&group)?)?
            }
            Algorithm::Rsa2048 => PKey::from_rsa(Rsa::generate(2048)?)?,
            Algorithm::Rsa3072 => PKey::from_rsa(Rsa::generate(3072)?)?,
            Algorithm::Sm2 => sealflow_sm2::generate()?,
        };
        Ok(Self { key, algorithm })
    }

    /// The kind of key.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The key as it may be kept.
    ///
    /// # Errors
    /// When the cryptographic library fails.
    pub fn wrapped(&self, by: &WrappingKey) -> Result<Vec<u8>, Error> {
        by.wrap(&self.key)
    }

    /// A key of that kind that was kept.
    ///
    /// # Errors
    /// [`Error::Wrapped`] when it was wrapped for another purpose or under another secret, or was changed.
    pub fn unwrapped(algorithm: Algorithm, wrapped: &[u8], by: &WrappingKey) -> Result<Self, Error> {
        Ok(Self { key: by.unwrap(wrapped)?, algorithm })
    }

    /// A certificate request (PKCS#10, DER) for the subject, which proves possession of the key.
    ///
    /// # Errors
    /// When a name does not fit or the cryptographic library fails.
    pub fn csr(&self, subject: &Subject) -> Result<Vec<u8>, Error> {
        request::build(self.algorithm, subject, &self.public_key_der()?, |info| self.sign(info))
    }

    /// Hashes and signs: with SHA-256 an `ECDSA-Sig-Value` in DER or PKCS#1 v1.5, with SM3 SM2's signature in DER.
    ///
    /// # Errors
    /// When the cryptographic library fails.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(match self.algorithm {
            Algorithm::Sm2 => sealflow_sm2::sign(&self.key, message)?,
            _ => Signer::new(MessageDigest::sha256(), &self.key)?.sign_oneshot_to_vec(message)?,
        })
    }

    /// The public key as `SubjectPublicKeyInfo` in DER.
    ///
    /// # Errors
    /// When the cryptographic library fails.
    pub fn public_key_der(&self) -> Result<Vec<u8>, Error> {
        Ok(self.key.public_key_to_der()?)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is the test's failure")]
mod tests {
    use openssl::{pkey::Public, sign::Verifier, x509::X509Req};

    use super::*;

    const ALL: [Algorithm; 4] = [Algorithm::P256, Algorithm::Rsa2048, Algorithm::Rsa3072, Algorithm::Sm2];

    fn subject(common_name: &str) -> Subject {
        Subject {
            common_name: common_name.into(),
            organization: Some("示例采购有限公司".into()),
            serial_number: Some("7f3a".into()),
        }
    }

    fn public(key: &OneOffKey) -> PKey<Public> {
        PKey::public_key_from_der(&key.public_key_der().unwrap()).unwrap()
    }

    #[test]
    fn the_request_names_the_subject_and_proves_the_key() {
        for algorithm in ALL {
            let key = OneOffKey::generate(algorithm).unwrap();
            let der = key.csr(&subject("示例签署人")).unwrap();
            let request = X509Req::from_der(&der).unwrap();
            let proven = match algorithm {
                Algorithm::Sm2 => sealflow_sm2::is_signed_by(&der, &public(&key)),
                _ => request.verify(&key.key).unwrap(),
            };
            assert!(proven, "{algorithm:?}");
            let name = request.subject_name().entries_by_nid(Nid::COMMONNAME).next().unwrap();
            assert_eq!(name.data().to_string().unwrap(), "示例签署人");
            assert_eq!(
                request.public_key().unwrap().public_key_to_der().unwrap(),
                key.public_key_der().unwrap()
            );
        }
    }

    #[test]
    fn names_that_certificates_cannot_carry_are_refused() {
        let key = OneOffKey::generate(Algorithm::P256).unwrap();
        assert!(matches!(key.csr(&subject("")), Err(Error::Name("common_name"))));
        assert!(matches!(key.csr(&subject(&"长".repeat(65))), Err(Error::Name("common_name"))));
        assert!(key.csr(&subject(&"长".repeat(64))).is_ok());
    }

    #[test]
    fn a_wrapped_key_is_the_same_key_for_its_purpose_alone() {
        let secret = [7; 32];
        let (own, other) = (WrappingKey::derive(&secret, "job/1"), WrappingKey::derive(&secret, "job/2"));
        let (own, other, elsewhere) = (own.unwrap(), other.unwrap(), WrappingKey::derive(&[8; 32], "job/1"));
        for algorithm in ALL {
            let key = OneOffKey::generate(algorithm).unwrap();
            let wrapped = key.wrapped(&own).unwrap();
            let again = OneOffKey::unwrapped(algorithm, &wrapped, &own).unwrap();
            assert_eq!(again.public_key_der().unwrap(), key.public_key_der().unwrap());
            let signature = again.sign(b"contract").unwrap();
            let verifies = match algorithm {
                Algorithm::Sm2 => sealflow_sm2::verify(&public(&key), b"contract", &signature),
                _ => {
                    let mut verifier = Verifier::new(MessageDigest::sha256(), &key.key).unwrap();
                    verifier.verify_oneshot(&signature, b"contract").unwrap()
                }
            };
            assert!(verifies, "{algorithm:?}");

            let clear = key.key.private_key_to_pkcs8().unwrap();
            assert!(clear.windows(16).all(|piece| !wrapped.windows(16).any(|kept| kept == piece)));
            assert_ne!(key.wrapped(&own).unwrap(), wrapped, "a nonce was used twice");
            let mut changed = wrapped.clone();
            *changed.last_mut().unwrap() ^= 1;
            for (kept, by) in [
                (wrapped.as_slice(), &other),
                (&wrapped, elsewhere.as_ref().unwrap()),
                (&changed, &own),
                (&wrapped[..20], &own),
            ] {
                assert!(matches!(OneOffKey::unwrapped(algorithm, kept, by), Err(Error::Wrapped)));
            }
        }
    }

    #[test]
    fn a_signature_verifies_and_only_over_what_was_signed() {
        for algorithm in ALL {
            let key = OneOffKey::generate(algorithm).unwrap();
            let signature = key.sign(b"contract").unwrap();
            let verifies = |message: &[u8]| match algorithm {
                Algorithm::Sm2 => sealflow_sm2::verify(&public(&key), message, &signature),
                _ => {
                    let mut verifier = Verifier::new(MessageDigest::sha256(), &key.key).unwrap();
                    verifier.verify_oneshot(&signature, message).unwrap()
                }
            };
            assert!(verifies(b"contract"), "{algorithm:?}");
            assert!(!verifies(b"another contract"), "{algorithm:?}");
        }
    }
}
