//! Certificate requests (PKCS#10, RFC 2986), written here because OpenSSL's want the private key in this process.

use der::{
    Any, Decode as _, Encode as _,
    asn1::{BitString, ObjectIdentifier},
};
use openssl::x509::{X509Name, X509NameBuilder};
use sealflow_sm2::SM2_WITH_SM3;
use x509_cert::{
    name::Name,
    request::{CertReq, CertReqInfo, Version},
    spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned},
};

use super::{Algorithm, Error, Subject};

/// Longest name in a certificate, in characters (RFC 5280, `ub-common-name`, `ub-organization-name`, `ub-serial-number`).
const NAME_CHARS_MAX: usize = 64;
const ECDSA_WITH_SHA_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const SHA_256_WITH_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");

/// A request (DER) for the subject and this public key, which proves by `sign` that the private one is at hand.
pub(super) fn build(
    algorithm: Algorithm,
    subject: &Subject,
    public_key_der: &[u8],
    sign: impl FnOnce(&[u8]) -> Result<Vec<u8>, Error>,
) -> Result<Vec<u8>, Error> {
    let info = CertReqInfo {
        version: Version::V1,
        subject: Name::from_der(&name(subject)?.to_der()?)?,
        public_key: SubjectPublicKeyInfoOwned::from_der(public_key_der)?,
        attributes: Default::default(),
    };
    let signature = sign(&info.to_der()?)?;
    let signature = BitString::from_bytes(&signature)?;
    Ok(CertReq { info, algorithm: identifier(algorithm), signature }.to_der()?)
}

/// Whether a request (DER) is for this subject.
pub(super) fn is_for(csr_der: &[u8], subject: &Subject) -> Result<bool, Error> {
    let wanted = Name::from_der(&name(subject)?.to_der()?)?;
    Ok(CertReq::from_der(csr_der)?.info.subject == wanted)
}

fn identifier(algorithm: Algorithm) -> AlgorithmIdentifierOwned {
    let (oid, parameters) = match algorithm {
        Algorithm::P256 => (ECDSA_WITH_SHA_256, None),
        Algorithm::Rsa2048 | Algorithm::Rsa3072 => (SHA_256_WITH_RSA, Some(Any::null())),
        Algorithm::Sm2 => (SM2_WITH_SM3, None),
    };
    AlgorithmIdentifierOwned { oid, parameters }
}

fn name(subject: &Subject) -> Result<X509Name, Error> {
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
    Ok(name.build())
}
