//! Why: what a signer signs differs from file to file in the digest only, so the rest of it is built once.

use std::ops::Range;

use const_oid::{ObjectIdentifier, db::rfc5911};
use der::{
    Any, AnyRef, Decode, Encode, Sequence, Tag, TagNumber,
    asn1::{OctetString, SetOfVec},
};
use x509_cert::attr::{Attribute, Attributes};

use super::{SIGNING_CERTIFICATE_V2, crypto, der_fault};
use crate::sign::{Digest, DigestAlgorithm, Error};

/// Of SHA-256 and of SM3.
const DIGEST_BYTES: usize = 32;

/// `SigningCertificateV2` with one certificate and SHA-256, which is the default and so not written.
#[derive(Sequence)]
struct SigningCertificateV2 {
    certs: Vec<EssCertIdV2>,
}

#[derive(Sequence)]
struct EssCertIdV2 {
    cert_hash: OctetString,
}

fn attribute(oid: ObjectIdentifier, value: &impl Encode) -> Result<Attribute, Error> {
    let value = value.to_der().and_then(|der| Any::from_der(&der)).map_err(der_fault)?;
    Ok(Attribute { oid, values: SetOfVec::try_from(vec![value]).map_err(der_fault)? })
}

pub(super) fn attributes(digest: &Digest, cert_hash: [u8; 32]) -> Result<Attributes, Error> {
    let cert_hash = OctetString::new(cert_hash).map_err(der_fault)?;
    let message_digest = OctetString::new(digest.value.as_slice()).map_err(der_fault)?;
    SetOfVec::try_from(vec![
        attribute(rfc5911::ID_CONTENT_TYPE, &rfc5911::ID_DATA)?,
        attribute(rfc5911::ID_MESSAGE_DIGEST, &message_digest)?,
        attribute(SIGNING_CERTIFICATE_V2, &SigningCertificateV2 { certs: vec![EssCertIdV2 { cert_hash }] })?,
    ])
    .map_err(der_fault)
}

/// The signed attributes of one signer as DER, which differ in the digest only.
pub(super) struct AttributesForm {
    der: Vec<u8>,
    digest_at: Range<usize>,
}

impl AttributesForm {
    pub(super) fn new(algorithm: DigestAlgorithm, cert_hash: [u8; 32]) -> Result<Self, Error> {
        let empty = Digest { algorithm, value: vec![0; DIGEST_BYTES] };
        let der = attributes(&empty, cert_hash)?.to_der().map_err(der_fault)?;
        let value = OctetString::new(empty.value).map_err(der_fault)?;
        let part = attribute(rfc5911::ID_MESSAGE_DIGEST, &value)?.to_der().map_err(der_fault)?;
        let part_at = der.windows(part.len()).position(|window| window == part);
        let end = part_at.ok_or_else(|| crypto("the digest's attribute is lost"))? + part.len();
        Ok(Self { der, digest_at: end - DIGEST_BYTES..end })
    }

    pub(super) fn filled(&self, digest: &Digest) -> Result<SignedAttributes, Error> {
        let mut der = self.der.clone();
        match der.get_mut(self.digest_at.clone()) {
            Some(place) if place.len() == digest.value.len() => place.copy_from_slice(&digest.value),
            _ => return Err(crypto(format!("a digest has {DIGEST_BYTES} bytes"))),
        }
        Ok(SignedAttributes(der))
    }
}

/// Signed attributes as they are signed: a `SET OF` in DER.
pub(crate) struct SignedAttributes(Vec<u8>);

impl SignedAttributes {
    /// What the key signs.
    pub(super) fn as_der(&self) -> &[u8] {
        &self.0
    }

    /// The same bytes with the tag that they have in a `SignerInfo` (RFC 5652, 5.4).
    pub(super) fn in_signer_info(&self) -> Result<Any, Error> {
        let tag = Tag::ContextSpecific { number: TagNumber(0), constructed: true };
        let set = AnyRef::from_der(&self.0).map_err(der_fault)?;
        Any::new(tag, set.value()).map_err(der_fault)
    }
}
