//! A key that lives for one signature and is never written anywhere.
//!
//! The signer's will is confirmed first; then a fresh key is made, certified with the signer's name, used once, and
//! dropped. Nobody can sign again with it, the platform included.

use openssl::{
    ec::{EcGroup, EcKey},
    ecdsa::EcdsaSig,
    error::ErrorStack,
    hash::MessageDigest,
    nid::Nid,
    pkey::{PKey, Private},
    x509::{X509NameBuilder, X509ReqBuilder},
};

/// Longest name in a certificate, in characters (RFC 5280, `ub-common-name`, `ub-organization-name`, `ub-serial-number`).
const NAME_CHARS_MAX: usize = 64;

/// The key could not be made or used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The cryptographic library failed.
    #[error("the cryptographic library failed")]
    Crypto(#[from] ErrorStack),
    /// A name is empty or longer than certificates allow.
    #[error("`{0}` must have 1 to 64 characters")]
    Name(&'static str),
}

/// The kind of key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// ECDSA on NIST P-256 with SHA-256.
    P256,
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

/// A private key in memory; its bytes are wiped when it is dropped.
pub struct OneOffKey {
    key: PKey<Private>,
}

impl std::fmt::Debug for OneOffKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OneOffKey")
    }
}

impl OneOffKey {
    /// Draws a new key.
    ///
    /// # Errors
    /// When the cryptographic library fails.
    pub fn generate(algorithm: Algorithm) -> Result<Self, Error> {
        let curve = match algorithm {
            Algorithm::P256 => Nid::X9_62_PRIME256V1,
        };
        let group = EcGroup::from_curve_name(curve)?;
        Ok(Self { key: PKey::from_ec_key(EcKey::generate(&group)?)? })
    }

    /// A certificate request (PKCS#10, DER) for the subject, which proves possession of the key.
    ///
    /// # Errors
    /// When a name does not fit or the cryptographic library fails.
    pub fn csr(&self, subject: &Subject) -> Result<Vec<u8>, Error> {
        let mut name = X509NameBuilder::new()?;
        name.append_entry_by_text("C", "CN")?;
        for (attribute, field, value) in [
            ("O", "organization", subject.organization.as_deref()),
            ("serialNumber", "serial_number", subject.serial_number.as_deref()),
            ("CN", "common_name", Some(subject.common_name.as_str())),
        ] {
            let Some(value) = value else { continue };
            if value.is_empty() || value.chars().count() > NAME_CHARS_MAX {
                return Err(Error::Name(field));
            }
            name.append_entry_by_text(attribute, value)?;
        }
        let mut request = X509ReqBuilder::new()?;
        request.set_version(0)?;
        request.set_subject_name(&name.build())?;
        request.set_pubkey(&self.key)?;
        request.sign(&self.key, MessageDigest::sha256())?;
        Ok(request.build().to_der()?)
    }

    /// Signs a SHA-256 digest: an `ECDSA-Sig-Value` in DER.
    ///
    /// # Errors
    /// When the cryptographic library fails.
    pub fn sign_digest(&self, digest: &[u8; 32]) -> Result<Vec<u8>, Error> {
        let key = self.key.ec_key()?;
        Ok(EcdsaSig::sign(digest, &key)?.to_der()?)
    }

    /// Hashes with SHA-256 and signs: an `ECDSA-Sig-Value` in DER.
    ///
    /// # Errors
    /// When the cryptographic library fails.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        self.sign_digest(&openssl::sha::sha256(message))
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
    use openssl::{sign::Verifier, x509::X509Req};

    use super::*;

    fn subject(common_name: &str) -> Subject {
        Subject {
            common_name: common_name.into(),
            organization: Some("示例采购有限公司".into()),
            serial_number: Some("7f3a".into()),
        }
    }

    #[test]
    fn the_request_names_the_subject_and_proves_the_key() {
        let key = OneOffKey::generate(Algorithm::P256).unwrap();
        let request = X509Req::from_der(&key.csr(&subject("示例签署人")).unwrap()).unwrap();
        assert!(request.verify(&key.key).unwrap());
        let name = request.subject_name().entries_by_nid(Nid::COMMONNAME).next().unwrap();
        assert_eq!(name.data().to_string().unwrap(), "示例签署人");
        assert_eq!(request.public_key().unwrap().public_key_to_der().unwrap(), key.public_key_der().unwrap());
    }

    #[test]
    fn names_that_certificates_cannot_carry_are_refused() {
        let key = OneOffKey::generate(Algorithm::P256).unwrap();
        assert!(matches!(key.csr(&subject("")), Err(Error::Name("common_name"))));
        assert!(matches!(key.csr(&subject(&"长".repeat(65))), Err(Error::Name("common_name"))));
        assert!(key.csr(&subject(&"长".repeat(64))).is_ok());
    }

    #[test]
    fn a_signature_verifies_and_only_over_what_was_signed() {
        let key = OneOffKey::generate(Algorithm::P256).unwrap();
        let signature = key.sign(b"contract").unwrap();
        let verifies = |message: &[u8]| {
            let mut verifier = Verifier::new(MessageDigest::sha256(), &key.key).unwrap();
            verifier.verify_oneshot(&signature, message).unwrap()
        };
        assert!(verifies(b"contract"));
        assert!(!verifies(b"another contract"));
    }
}
