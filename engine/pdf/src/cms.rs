//! Why: CMS structures are built from their parts, since OpenSSL's own CMS adds attributes that PAdES forbids and wants the
//! key in this process.
//!
//! RFC 5652 (CMS), RFC 5035 (signing-certificate-v2), ETSI EN 319 122-1 (CAdES: no signing-time in a PAdES signature).

mod attributes;
mod hashing;

use cms::{
    content_info::{CmsVersion, ContentInfo},
    signed_data::EncapsulatedContentInfo,
};
use const_oid::{
    ObjectIdentifier,
    db::{rfc5911, rfc5912},
};
use der::{
    Any, Decode, Encode, Sequence, ValueOrd,
    asn1::{OctetString, SetOfVec},
};
use openssl::{
    ecdsa::EcdsaSig,
    hash::MessageDigest,
    pkey::{HasPublic, Id, PKey, PKeyRef, Private, Public},
    sign::Verifier,
    x509::X509,
};
use sealflow_sm2::{self as sm2, SM2_WITH_SM3};
use x509_cert::{
    attr::{Attribute, Attributes},
    spki::AlgorithmIdentifierOwned,
};

pub(crate) use self::{attributes::SignedAttributes, hashing::Hashing};
use self::{
    attributes::{AttributesForm, attributes},
    hashing::sha256,
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

/// SM3, GB/T 33560.
pub(crate) const SM3: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.10197.1.401");

/// `SignedData` as in RFC 5652, with certificates as the bytes that they are: decoding and encoding them would mend
/// what issuers did against the rules, and a mended certificate is another one.
#[derive(Sequence)]
struct SignedData {
    version: CmsVersion,
    digest_algorithms: SetOfVec<AlgorithmIdentifierOwned>,
    encap_content_info: EncapsulatedContentInfo,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", constructed = "true")]
    certificates: SetOfVec<Any>,
    signer_infos: SetOfVec<SignerInfo>,
}

#[derive(Sequence, ValueOrd)]
struct SignerInfo {
    version: CmsVersion,
    sid: IssuerAndSerialNumber,
    digest_alg: AlgorithmIdentifierOwned,
    /// `[0] IMPLICIT`, as [`SignedAttributes::in_signer_info`] writes it.
    signed_attrs: Any,
    signature_algorithm: AlgorithmIdentifierOwned,
    signature: OctetString,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", constructed = "true", optional = "true")]
    unsigned_attrs: Option<Attributes>,
}

#[derive(Clone, Sequence, ValueOrd)]
struct IssuerAndSerialNumber {
    issuer: Any,
    serial_number: Any,
}

fn crypto(what: impl Into<String>) -> Error {
    Error::Crypto { what: what.into() }
}

fn der_fault(source: der::Error) -> Error {
    crypto(format!("a structure cannot be encoded: {source}"))
}

pub(crate) fn signed_attributes(digest: &Digest, certificate_der: &[u8]) -> Result<Vec<u8>, Error> {
    // OpenSSL reads the certificate when its signature comes, and takes longer for it than for signing.
    CertificateId::read(certificate_der)?;
    attributes(digest, openssl::sha::sha256(certificate_der))?.to_der().map_err(der_fault)
}

/// What is taken from a certificate's bytes.
struct CertificateId {
    whole: Any,
    id: IssuerAndSerialNumber,
}

impl CertificateId {
    fn read(der: &[u8]) -> Result<Self, Error> {
        let id = || {
            let whole = asn1::single(der, asn1::SEQUENCE).filter(|whole| whole.whole.len() == der.len())?;
            let mut parts = whole.elements().take(asn1::SEQUENCE)?.elements();
            parts.optional(asn1::CONTEXT_0);
            let serial = parts.take(asn1::INTEGER)?.whole;
            parts.take(asn1::SEQUENCE)?;
            Some((parts.take(asn1::SEQUENCE)?.whole, serial))
        };
        let (issuer, serial_number) = id().ok_or_else(|| crypto("a certificate cannot be read"))?;
        let id = IssuerAndSerialNumber {
            issuer: Any::from_der(issuer).map_err(der_fault)?,
            serial_number: Any::from_der(serial_number).map_err(der_fault)?,
        };
        Ok(Self { whole: Any::from_der(der).map_err(der_fault)?, id })
    }
}

/// OpenSSL reads a certificate too, so that no other structure passes for one.
fn read_by_openssl(der: &[u8]) -> Result<X509, Error> {
    X509::from_der(der).map_err(|source| crypto(format!("a certificate cannot be read: {source}")))
}

fn key_of(certificate: &X509) -> Result<PKey<Public>, Error> {
    certificate.public_key().map_err(|source| crypto(format!("a certificate's key cannot be read: {source}")))
}

fn algorithm(digest: &Digest) -> AlgorithmIdentifierOwned {
    let oid = match digest.algorithm {
        DigestAlgorithm::Sha256 => rfc5912::ID_SHA_256,
        DigestAlgorithm::Sm3 => SM3,
    };
    AlgorithmIdentifierOwned { oid, parameters: None }
}

/// What kind of signature a key makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Rsa,
    Ecdsa,
    Sm2,
}

impl Scheme {
    fn of<T: HasPublic>(key: &PKeyRef<T>) -> Result<Self, Error> {
        match key.id() {
            _ if sm2::is_key(key) => Ok(Self::Sm2),
            Id::RSA => Ok(Self::Rsa),
            Id::EC => Ok(Self::Ecdsa),
            _ => Err(crypto("the key is neither RSA nor on a NIST curve nor SM2")),
        }
    }

    const fn digest(self) -> DigestAlgorithm {
        match self {
            Self::Rsa | Self::Ecdsa => DigestAlgorithm::Sha256,
            Self::Sm2 => DigestAlgorithm::Sm3,
        }
    }

    fn identifier(self) -> AlgorithmIdentifierOwned {
        let (oid, parameters) = match self {
            Self::Rsa => (rfc5912::SHA_256_WITH_RSA_ENCRYPTION, Some(Any::null())),
            Self::Ecdsa => (rfc5912::ECDSA_WITH_SHA_256, None),
            Self::Sm2 => (SM2_WITH_SM3, None),
        };
        AlgorithmIdentifierOwned { oid, parameters }
    }

    fn sign(self, key: &PKeyRef<Private>, bytes: &[u8]) -> Result<Vec<u8>, Error> {
        let signature = match self {
            Self::Rsa => openssl::sign::Signer::new(MessageDigest::sha256(), key)
                .and_then(|mut signer| signer.sign_oneshot_to_vec(bytes)),
            // Without the general interface, which takes half as long again.
            Self::Ecdsa => key
                .ec_key()
                .and_then(|key| EcdsaSig::sign(&sha256(bytes), &key))
                .and_then(|signature| signature.to_der()),
            Self::Sm2 => sm2::sign(key, bytes),
        };
        signature.map_err(|source| crypto(format!("the key did not sign: {source}")))
    }

    fn verify(self, key: &PKeyRef<Public>, bytes: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Rsa | Self::Ecdsa => verify(key, MessageDigest::sha256(), bytes, signature),
            Self::Sm2 => sm2::verify(key, bytes, signature),
        }
    }
}

pub(crate) fn digest_for(certificate_der: &[u8]) -> Result<DigestAlgorithm, Error> {
    CertificateId::read(certificate_der)?;
    let key = key_of(&read_by_openssl(certificate_der)?)?;
    Scheme::of(&key).map(Scheme::digest)
}

/// Checks a signature over bytes. OpenSSL's word on what is wrong is not kept: it is wrong.
pub(crate) fn verify(key: &PKeyRef<Public>, digest: MessageDigest, bytes: &[u8], signature: &[u8]) -> bool {
    Verifier::new(digest, key)
        .and_then(|mut verifier| verifier.verify_oneshot(signature, bytes))
        .unwrap_or(false)
}

pub(crate) fn sign_with_openssl_key(key: &PKeyRef<Private>, attributes: &[u8]) -> Result<Vec<u8>, Error> {
    Scheme::of(key)?.sign(key, attributes)
}

/// The DER that goes into the hole, for a signature that came from elsewhere.
pub(crate) fn signed_data(
    digest: &Digest,
    raw_signature: &[u8],
    chain_der: &[Vec<u8>],
    timestamp_token_der: Option<&[u8]>,
) -> Result<Vec<u8>, Error> {
    let signer = Signer::read(chain_der)?;
    let attributes = signer.attributes(digest)?;
    if !signer.made(attributes.as_der(), raw_signature) {
        return Err(crypto("the signature is not of this file with this certificate's key"));
    }
    signer.signed_data(digest, &attributes, raw_signature, timestamp_token_der)
}

/// A signer's certificates, read once for all of his signatures: to read them takes longer than to sign.
pub(crate) struct Signer {
    id: IssuerAndSerialNumber,
    attributes: AttributesForm,
    certificates: SetOfVec<Any>,
    key: PKey<Public>,
    scheme: Scheme,
}

impl Signer {
    /// `chain_der` holds the signer's certificate first.
    pub(crate) fn read(chain_der: &[Vec<u8>]) -> Result<Self, Error> {
        let signer_der = chain_der.first().ok_or_else(|| crypto("there is no certificate"))?;
        if chain_der.len() > CHAIN_CERTIFICATES_MAX {
            return Err(crypto(format!("more than {CHAIN_CERTIFICATES_MAX} certificates")));
        }
        let CertificateId { whole, id } = CertificateId::read(signer_der)?;
        let key = key_of(&read_by_openssl(signer_der)?)?;
        let mut certificates = SetOfVec::try_from(vec![whole]).map_err(der_fault)?;
        for (index, der) in chain_der.iter().enumerate().skip(1) {
            if !chain_der.iter().take(index).any(|earlier| earlier == der) {
                let issuer = CertificateId::read(der)?;
                read_by_openssl(der)?;
                certificates.insert(issuer.whole).map_err(der_fault)?;
            }
        }
        let scheme = Scheme::of(&key)?;
        let attributes = AttributesForm::new(scheme.digest(), openssl::sha::sha256(signer_der))?;
        Ok(Self { id, attributes, certificates, key, scheme })
    }

    pub(crate) const fn digest_algorithm(&self) -> DigestAlgorithm {
        self.scheme.digest()
    }

    pub(crate) fn attributes(&self, digest: &Digest) -> Result<SignedAttributes, Error> {
        if self.scheme.digest() != digest.algorithm {
            return Err(crypto("the file was hashed in a way that does not go with the key"));
        }
        self.attributes.filled(digest)
    }

    /// Signs with the certificate's private key; whether it is that is to be known, see [`Self::made`].
    pub(crate) fn sign(
        &self,
        key: &PKeyRef<Private>,
        attributes: &SignedAttributes,
    ) -> Result<Vec<u8>, Error> {
        self.scheme.sign(key, attributes.as_der())
    }

    /// Whether the key belongs to the certificate, by a signature that is made and thrown away.
    pub(crate) fn is_of(&self, key: &PKeyRef<Private>) -> Result<bool, Error> {
        const PROBE: &[u8] = b"a key is tried";
        Ok(Scheme::of(key)? == self.scheme && self.made(PROBE, &self.scheme.sign(key, PROBE)?))
    }

    /// The signature over these bytes was made with the certificate's key.
    fn made(&self, bytes: &[u8], raw_signature: &[u8]) -> bool {
        self.scheme.verify(&self.key, bytes, raw_signature)
    }

    /// The DER that goes into the hole. The attributes are the digest's; the signature is not looked at.
    pub(crate) fn signed_data(
        &self,
        digest: &Digest,
        attributes: &SignedAttributes,
        raw_signature: &[u8],
        timestamp_token_der: Option<&[u8]>,
    ) -> Result<Vec<u8>, Error> {
        let signer_info = SignerInfo {
            version: CmsVersion::V1,
            sid: self.id.clone(),
            digest_alg: algorithm(digest),
            signed_attrs: attributes.in_signer_info()?,
            signature_algorithm: self.scheme.identifier(),
            signature: OctetString::new(raw_signature).map_err(der_fault)?,
            unsigned_attrs: timestamp_token_der.map(|token| timestamp(token, raw_signature)).transpose()?,
        };
        let signed_data = SignedData {
            version: CmsVersion::V1,
            digest_algorithms: SetOfVec::try_from(vec![algorithm(digest)]).map_err(der_fault)?,
            encap_content_info: EncapsulatedContentInfo { econtent_type: rfc5911::ID_DATA, econtent: None },
            certificates: self.certificates.clone(),
            signer_infos: SetOfVec::try_from(vec![signer_info]).map_err(der_fault)?,
        };
        let content = signed_data.to_der().and_then(|der| Any::from_der(&der)).map_err(der_fault)?;
        ContentInfo { content_type: rfc5911::ID_SIGNED_DATA, content }.to_der().map_err(der_fault)
    }
}

/// The unsigned attribute with the token, which must be over this signature.
fn timestamp(token: &[u8], raw_signature: &[u8]) -> Result<Attributes, Error> {
    let info = crate::validate::timestamp::parse(token)
        .ok_or_else(|| crypto("the timestamp token cannot be read"))?;
    if !info.is_over(&[raw_signature]) {
        return Err(crypto("the timestamp token is for another signature"));
    }
    let token = asn1::single(token, asn1::SEQUENCE).map(|token| token.whole).unwrap_or_default();
    let token = Any::from_der(token).map_err(|source| crypto(format!("the timestamp token: {source}")))?;
    let values = SetOfVec::try_from(vec![token]).map_err(der_fault)?;
    SetOfVec::try_from(vec![Attribute { oid: TIMESTAMP_TOKEN, values }]).map_err(der_fault)
}
