//! Why: CMS structures are built from their parts, since OpenSSL's own CMS adds attributes that PAdES forbids and wants the
//! key in this process.
//!
//! RFC 5652 (CMS), RFC 5035 (signing-certificate-v2), ETSI EN 319 122-1 (CAdES: no signing-time in a PAdES signature).

use cms::{
    cert::{CertificateChoices, IssuerAndSerialNumber},
    content_info::{CmsVersion, ContentInfo},
    signed_data::{
        CertificateSet, EncapsulatedContentInfo, SignedData, SignerIdentifier, SignerInfo, SignerInfos,
    },
};
use const_oid::{
    ObjectIdentifier,
    db::{rfc5911, rfc5912},
};
use der::{
    Any, Decode, Encode, Sequence,
    asn1::{OctetString, SetOfVec},
};
use openssl::{
    hash::MessageDigest,
    pkey::{Id, PKey, PKeyRef, Private, Public},
    sign::{Signer, Verifier},
};
use x509_cert::{
    Certificate,
    attr::{Attribute, Attributes},
    spki::AlgorithmIdentifierOwned,
};

use crate::{
    asn1,
    limits::CHAIN_CERTIFICATES_MAX,
    sign::{Digest, DigestAlgorithm, Error},
};

/// `id-aa-signingCertificateV2`, RFC 5035.
pub(crate) const SIGNING_CERTIFICATE_V2: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.47");
/// `id-aa-timeStampToken`, RFC 3161.
pub(crate) const TIMESTAMP_TOKEN: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.14");

/// `SigningCertificateV2` with one certificate and SHA-256, which is the default and so not written.
#[derive(Sequence)]
struct SigningCertificateV2 {
    certs: Vec<EssCertIdV2>,
}

#[derive(Sequence)]
struct EssCertIdV2 {
    cert_hash: OctetString,
}

fn crypto(what: impl Into<String>) -> Error {
    Error::Crypto { what: what.into() }
}

fn der_fault(source: der::Error) -> Error {
    crypto(format!("a structure cannot be encoded: {source}"))
}

fn attribute(oid: ObjectIdentifier, value: &impl Encode) -> Result<Attribute, Error> {
    let value = value.to_der().and_then(|der| Any::from_der(&der)).map_err(der_fault)?;
    Ok(Attribute { oid, values: SetOfVec::try_from(vec![value]).map_err(der_fault)? })
}

fn attributes(digest: &Digest, certificate_der: &[u8]) -> Result<Attributes, Error> {
    let cert_hash = OctetString::new(openssl::sha::sha256(certificate_der)).map_err(der_fault)?;
    let message_digest = OctetString::new(digest.value.as_slice()).map_err(der_fault)?;
    SetOfVec::try_from(vec![
        attribute(rfc5911::ID_CONTENT_TYPE, &rfc5911::ID_DATA)?,
        attribute(rfc5911::ID_MESSAGE_DIGEST, &message_digest)?,
        attribute(SIGNING_CERTIFICATE_V2, &SigningCertificateV2 { certs: vec![EssCertIdV2 { cert_hash }] })?,
    ])
    .map_err(der_fault)
}

pub(crate) fn signed_attributes(digest: &Digest, certificate_der: &[u8]) -> Result<Vec<u8>, Error> {
    certificate(certificate_der)?;
    attributes(digest, certificate_der)?.to_der().map_err(der_fault)
}

/// Decodes a certificate and makes sure that it will be written as it is.
fn certificate(der: &[u8]) -> Result<Certificate, Error> {
    let certificate = Certificate::from_der(der)
        .map_err(|source| crypto(format!("a certificate cannot be read: {source}")))?;
    match certificate.to_der() {
        Ok(again) if again == der => Ok(certificate),
        _ => Err(crypto("a certificate is not in DER")),
    }
}

fn algorithm(digest: &Digest) -> AlgorithmIdentifierOwned {
    match digest.algorithm {
        DigestAlgorithm::Sha256 => AlgorithmIdentifierOwned { oid: rfc5912::ID_SHA_256, parameters: None },
    }
}

fn signature_algorithm(key: &PKeyRef<Public>) -> Result<AlgorithmIdentifierOwned, Error> {
    match key.id() {
        Id::RSA => Ok(AlgorithmIdentifierOwned {
            oid: rfc5912::SHA_256_WITH_RSA_ENCRYPTION,
            parameters: Some(Any::null()),
        }),
        Id::EC => Ok(AlgorithmIdentifierOwned { oid: rfc5912::ECDSA_WITH_SHA_256, parameters: None }),
        _ => Err(crypto("the key is neither RSA nor on a NIST curve")),
    }
}

/// Checks a signature over bytes with SHA-256.
pub(crate) fn verify_sha256(key: &PKeyRef<Public>, bytes: &[u8], signature: &[u8]) -> bool {
    verify(key, MessageDigest::sha256(), bytes, signature)
}

/// Checks a signature over bytes. OpenSSL's word on what is wrong is not kept: it is wrong.
pub(crate) fn verify(key: &PKeyRef<Public>, digest: MessageDigest, bytes: &[u8], signature: &[u8]) -> bool {
    Verifier::new(digest, key)
        .and_then(|mut verifier| verifier.verify_oneshot(signature, bytes))
        .unwrap_or(false)
}

pub(crate) fn sign_with_openssl_key(key: &PKeyRef<Private>, attributes: &[u8]) -> Result<Vec<u8>, Error> {
    if !matches!(key.id(), Id::RSA | Id::EC) {
        return Err(crypto("the key is neither RSA nor on a NIST curve"));
    }
    Signer::new(MessageDigest::sha256(), key)
        .and_then(|mut signer| signer.sign_oneshot_to_vec(attributes))
        .map_err(|source| crypto(format!("the key did not sign: {source}")))
}

/// The DER that goes into the hole.
pub(crate) fn signed_data(
    digest: &Digest,
    raw_signature: &[u8],
    chain_der: &[Vec<u8>],
    timestamp_token_der: Option<&[u8]>,
) -> Result<Vec<u8>, Error> {
    let signer_der = chain_der.first().ok_or_else(|| crypto("there is no certificate"))?;
    if chain_der.len() > CHAIN_CERTIFICATES_MAX {
        return Err(crypto(format!("more than {CHAIN_CERTIFICATES_MAX} certificates")));
    }
    let mut certificates: Vec<Certificate> = Vec::with_capacity(chain_der.len());
    for der in chain_der {
        let certificate = certificate(der)?;
        if !certificates.contains(&certificate) {
            certificates.push(certificate);
        }
    }
    let tbs = certificates
        .first()
        .map(Certificate::tbs_certificate)
        .ok_or_else(|| crypto("there is no certificate"))?;
    let key = tbs.subject_public_key_info().to_der().map_err(der_fault)?;
    let key = PKey::public_key_from_der(&key)
        .map_err(|source| crypto(format!("the certificate's key: {source}")))?;
    let signed_attrs = attributes(digest, signer_der)?;
    if !verify_sha256(&key, &signed_attrs.to_der().map_err(der_fault)?, raw_signature) {
        return Err(crypto("the signature is not of this file with this certificate's key"));
    }
    let sid = SignerIdentifier::IssuerAndSerialNumber(IssuerAndSerialNumber {
        issuer: tbs.issuer().clone(),
        serial_number: tbs.serial_number().clone(),
    });
    let signer_info = SignerInfo {
        version: CmsVersion::V1,
        sid,
        digest_alg: algorithm(digest),
        signed_attrs: Some(signed_attrs),
        signature_algorithm: signature_algorithm(&key)?,
        signature: OctetString::new(raw_signature).map_err(der_fault)?,
        unsigned_attrs: timestamp_token_der.map(|token| timestamp(token, raw_signature)).transpose()?,
    };
    let certificates: Vec<_> = certificates.into_iter().map(CertificateChoices::Certificate).collect();
    let signed_data = SignedData {
        version: CmsVersion::V1,
        digest_algorithms: SetOfVec::try_from(vec![algorithm(digest)]).map_err(der_fault)?,
        encap_content_info: EncapsulatedContentInfo { econtent_type: rfc5911::ID_DATA, econtent: None },
        certificates: Some(CertificateSet::try_from(certificates).map_err(der_fault)?),
        crls: None,
        signer_infos: SignerInfos(SetOfVec::try_from(vec![signer_info]).map_err(der_fault)?),
    };
    let content = signed_data.to_der().and_then(|der| Any::from_der(&der)).map_err(der_fault)?;
    ContentInfo { content_type: rfc5911::ID_SIGNED_DATA, content }.to_der().map_err(der_fault)
}

/// The unsigned attribute with the token, which must be over this signature.
fn timestamp(token: &[u8], raw_signature: &[u8]) -> Result<Attributes, Error> {
    let info = crate::validate::timestamp::parse(token)
        .ok_or_else(|| crypto("the timestamp token cannot be read"))?;
    if !info.is_over(raw_signature) {
        return Err(crypto("the timestamp token is for another signature"));
    }
    let token = asn1::single(token, asn1::SEQUENCE).map(|token| token.whole).unwrap_or_default();
    let token = Any::from_der(token).map_err(|source| crypto(format!("the timestamp token: {source}")))?;
    let values = SetOfVec::try_from(vec![token]).map_err(der_fault)?;
    SetOfVec::try_from(vec![Attribute { oid: TIMESTAMP_TOKEN, values }]).map_err(der_fault)
}
