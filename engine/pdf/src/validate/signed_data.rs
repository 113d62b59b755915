//! Why: a signature's CMS is judged from its own bytes, whoever made it, without decoding and encoding it anew.

use openssl::{
    error::ErrorStack,
    hash::{DigestBytes, Hasher, MessageDigest, hash},
    x509::{X509, X509Ref},
};
use sealflow_sm2 as sm2;

use super::{
    certificates::Certificates,
    pss::{self, Pss},
    verdict::{Fault, SubIndication},
};
use crate::{
    asn1::{self, Element, Elements},
    cms,
};

const SIGNED_DATA: &str = "1.2.840.113549.1.7.2";
const CONTENT_TYPE: &str = "1.2.840.113549.1.9.3";
const MESSAGE_DIGEST: &str = "1.2.840.113549.1.9.4";
const SIGNING_CERTIFICATE_V1: &str = "1.2.840.113549.1.9.16.2.12";
/// Most elements of a set.
const SET_MAX: usize = 100;

/// How strict a signature's form is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// AdES, and timestamps: the signer's certificate is named in what is signed.
    Advanced,
    /// PKCS#7 as PDF had it before (`adbe.pkcs7.detached`).
    Plain,
}

/// A SignedData with one signer.
#[derive(Debug)]
pub(crate) struct SignedData<'a> {
    pub(crate) content_type: String,
    pub(crate) content: Option<&'a [u8]>,
    pub(crate) certificates: Vec<&'a [u8]>,
    signer: SignerId<'a>,
    digest_algorithm: String,
    /// With the tag of a SET, as it was signed.
    signed_attributes_der: Option<Vec<u8>>,
    signed_attributes: Vec<Attribute<'a>>,
    signature_algorithm: String,
    signature_parameters: Option<Element<'a>>,
    pub(crate) signature: &'a [u8],
    unsigned_attributes: Vec<Attribute<'a>>,
}

/// How the signer's certificate is told among the others.
#[derive(Debug)]
enum SignerId<'a> {
    IssuerAndSerial(&'a [u8], &'a [u8]),
    /// What the certificate says of its own key.
    Key(&'a [u8]),
}

#[derive(Debug)]
struct Attribute<'a> {
    oid: String,
    values: Vec<Element<'a>>,
}

impl<'a> SignedData<'a> {
    /// Reads a ContentInfo; zeros may follow it.
    pub(crate) fn parse(bytes: &'a [u8]) -> Option<Self> {
        let mut info = asn1::single(bytes, asn1::SEQUENCE)?.elements();
        if asn1::dotted(&info.next()?)? != SIGNED_DATA {
            return None;
        }
        let mut parts = info.take(asn1::CONTEXT_0)?.elements().take(asn1::SEQUENCE)?.elements();
        parts.take(asn1::INTEGER)?;
        let digest_algorithms = all(parts.take(asn1::SET)?.elements())?;
        let mut encapsulated = parts.take(asn1::SEQUENCE)?.elements();
        let content_type = asn1::dotted(&encapsulated.next()?)?;
        let content = match encapsulated.optional(asn1::CONTEXT_0) {
            Some(content) => Some(content.elements().take(asn1::OCTET_STRING)?.content),
            None => None,
        };
        let certificates = match parts.optional(asn1::CONTEXT_0) {
            Some(set) => {
                all(set.elements())?.iter().filter(|e| e.tag == asn1::SEQUENCE).map(|e| e.whole).collect()
            }
            None => Vec::new(),
        };
        parts.optional(asn1::CONTEXT_1);
        let mut signers = parts.take(asn1::SET)?.elements();
        let mut signer = signers.take(asn1::SEQUENCE)?.elements();
        if !signers.is_empty() || !parts.is_empty() {
            return None;
        }
        signer.take(asn1::INTEGER)?;
        let sid = signer.next()?;
        let id = match sid.tag {
            asn1::SEQUENCE => {
                let mut sid = sid.elements();
                SignerId::IssuerAndSerial(sid.take(asn1::SEQUENCE)?.whole, sid.take(asn1::INTEGER)?.content)
            }
            asn1::CONTEXT_0_PRIMITIVE => SignerId::Key(sid.content),
            _ => return None,
        };
        let digest_algorithm = asn1::dotted(&signer.take(asn1::SEQUENCE)?.elements().next()?)?;
        let names_it = |listed: &Element<'_>| {
            listed.elements().next().and_then(|oid| asn1::dotted(&oid)).as_ref() == Some(&digest_algorithm)
        };
        if !digest_algorithms.iter().any(names_it) {
            return None;
        }
        let signed = signer.optional(asn1::CONTEXT_0);
        let mut algorithm = signer.take(asn1::SEQUENCE)?.elements();
        let signature_algorithm = asn1::dotted(&algorithm.next()?)?;
        let signature_parameters = algorithm.next();
        let signature = signer.take(asn1::OCTET_STRING)?.content;
        let unsigned = signer.optional(asn1::CONTEXT_1);
        Some(Self {
            content_type,
            content,
            certificates,
            signer: id,
            digest_algorithm,
            signed_attributes_der: signed
                .map(|set| [&[asn1::SET], set.whole.get(1..).unwrap_or_default()].concat()),
            signed_attributes: signed.map_or(Some(Vec::new()), |set| attributes(&set))?,
            signature_algorithm,
            signature_parameters,
            signature,
            unsigned_attributes: unsigned.map_or(Some(Vec::new()), |set| attributes(&set))?,
        })
    }

    /// The only value of the only attribute with this identifier.
    fn signed_attribute(&self, oid: &str) -> Option<Element<'a>> {
        only(&self.signed_attributes, oid)
    }

    /// The timestamp token over the signature, when there is one.
    pub(crate) fn timestamp_token(&self) -> Option<&'a [u8]> {
        let attribute = self
            .unsigned_attributes
            .iter()
            .find(|attribute| attribute.oid == cms::TIMESTAMP_TOKEN.to_string())?;
        attribute.values.first().map(|value| value.whole)
    }

    /// The attributes name the signer's certificate, as AdES and RFC 3161 want it and older signatures do not.
    pub(crate) fn names_certificate(&self) -> bool {
        [cms::SIGNING_CERTIFICATE_V2.to_string().as_str(), SIGNING_CERTIFICATE_V1]
            .iter()
            .any(|oid| self.signed_attributes.iter().any(|attribute| attribute.oid == *oid))
    }

    /// Checks digest, attributes and signature over `content`; answers the signer's certificate.
    pub(super) fn verify(&self, content: &[&[u8]], form: Form, known: &Certificates) -> Result<X509, Fault> {
        self.verify_hash(form, known, |digest| {
            let mut hasher = Hasher::new(digest)?;
            content.iter().try_for_each(|part| hasher.update(part))?;
            hasher.finish()
        })
    }

    /// The same for content that is hashed elsewhere.
    pub(super) fn verify_hash(
        &self,
        form: Form,
        known: &Certificates,
        hash: impl FnOnce(MessageDigest) -> Result<DigestBytes, ErrorStack>,
    ) -> Result<X509, Fault> {
        let certificate = self.signer_certificate(known)?;
        let Some(digest) = digest(&self.digest_algorithm) else {
            return Err(Fault::indeterminate(
                SubIndication::CryptoConstraintsFailure,
                format!("the hash algorithm {} is not accepted", self.digest_algorithm),
            ));
        };
        let (Some(signed), Some(claimed), Some(content_type)) = (
            self.signed_attributes_der.as_deref(),
            self.signed_attribute(MESSAGE_DIGEST),
            self.signed_attribute(CONTENT_TYPE),
        ) else {
            return Err(Fault::failed(
                SubIndication::FormatFailure,
                "signed attributes are missing or doubled",
            ));
        };
        if asn1::dotted(&content_type).as_deref() != Some(&self.content_type) {
            return Err(Fault::failed(
                SubIndication::FormatFailure,
                "the content type is not the signed one",
            ));
        }
        let actual = hash(digest).map_err(Fault::openssl)?;
        if claimed.tag != asn1::OCTET_STRING || claimed.content != &*actual {
            return Err(Fault::failed(SubIndication::HashFailure, "the signed bytes were changed"));
        }
        if form == Form::Advanced || self.names_certificate() {
            self.check_certificate_reference(&certificate)?;
        }
        let key = certificate.public_key().map_err(Fault::openssl)?;
        let sound = if sm2::is_key(&key) {
            // Whatever name the algorithm goes by, an SM2 key signs in one way only.
            self.digest_algorithm == cms::SM3.to_string() && sm2::verify(&key, signed, self.signature)
        } else if self.signature_algorithm == pss::RSASSA_PSS {
            let pss = Pss::read(self.signature_parameters.as_ref());
            let pss = pss.filter(|pss| pss.digest == digest).ok_or_else(|| self.algorithm_fault())?;
            pss.verify(&key, signed, self.signature)
        } else {
            let signature_digest = signature_digest(&self.signature_algorithm, digest);
            let signature_digest = signature_digest.ok_or_else(|| self.algorithm_fault())?;
            cms::verify(&key, signature_digest, signed, self.signature)
        };
        if !sound {
            return Err(Fault::failed(
                SubIndication::SigCryptoFailure,
                "the signature is not of the certificate's key",
            ));
        }
        Ok(certificate)
    }

    fn algorithm_fault(&self) -> Fault {
        let why = format!("the signature algorithm {} is not accepted", self.signature_algorithm);
        Fault::indeterminate(SubIndication::CryptoConstraintsFailure, why)
    }

    fn signer_certificate(&self, known: &Certificates) -> Result<X509, Fault> {
        for der in &self.certificates {
            let found = known.read(der).map_err(Fault::openssl)?;
            if self.signer.is(&found) {
                return Ok(found);
            }
        }
        Err(Fault::indeterminate(
            SubIndication::NoSigningCertificateFound,
            "the signer's certificate is missing",
        ))
    }

    /// The signing-certificate attribute names the certificate by its hash: without it, another certificate with the same
    /// key could be put in.
    fn check_certificate_reference(&self, certificate: &X509) -> Result<(), Fault> {
        let der = certificate.to_der().map_err(Fault::openssl)?;
        let missing = || {
            Fault::failed(
                SubIndication::FormatFailure,
                "the signing-certificate attribute is missing or broken",
            )
        };
        let (value, default) = match self.signed_attribute(&cms::SIGNING_CERTIFICATE_V2.to_string()) {
            Some(value) => (value, MessageDigest::sha256()),
            None => {
                (self.signed_attribute(SIGNING_CERTIFICATE_V1).ok_or_else(missing)?, MessageDigest::sha1())
            }
        };
        let first =
            || value.elements().take(asn1::SEQUENCE)?.elements().take(asn1::SEQUENCE).map(|c| c.elements());
        let mut id = first().ok_or_else(missing)?;
        let algorithm = match id.optional(asn1::SEQUENCE) {
            Some(algorithm) => {
                let oid =
                    algorithm.elements().next().and_then(|oid| asn1::dotted(&oid)).ok_or_else(missing)?;
                digest(&oid).ok_or_else(missing)?
            }
            None => default,
        };
        let named = id.take(asn1::OCTET_STRING).ok_or_else(missing)?;
        let actual = hash(algorithm, &der).map_err(Fault::openssl)?;
        if *actual == *named.content {
            Ok(())
        } else {
            Err(Fault::failed(
                SubIndication::SigCryptoFailure,
                "the certificate is not the one that was signed for",
            ))
        }
    }
}

impl SignerId<'_> {
    /// Whether it names this certificate.
    fn is(&self, certificate: &X509Ref) -> bool {
        match self {
            Self::IssuerAndSerial(issuer, serial) => {
                let same_issuer = certificate.issuer_name().to_der().is_ok_and(|name| name == *issuer);
                let own = certificate.serial_number().to_bn().map(|serial| serial.to_vec());
                let wanted: Vec<u8> = serial.iter().copied().skip_while(|byte| *byte == 0).collect();
                same_issuer && own.unwrap_or_default() == wanted
            }
            Self::Key(id) => certificate.subject_key_id().is_some_and(|own| own.as_slice() == *id),
        }
    }
}

fn all(mut elements: Elements<'_>) -> Option<Vec<Element<'_>>> {
    let mut found = Vec::new();
    while !elements.is_empty() {
        if found.len() >= SET_MAX {
            return None;
        }
        found.push(elements.next()?);
    }
    Some(found)
}

fn attributes<'a>(set: &Element<'a>) -> Option<Vec<Attribute<'a>>> {
    all(set.elements())?
        .iter()
        .map(|attribute| {
            let mut parts = attribute.elements();
            let oid = asn1::dotted(&parts.next()?)?;
            Some(Attribute { oid, values: all(parts.take(asn1::SET)?.elements())? })
        })
        .collect()
}

fn only<'a>(attributes: &[Attribute<'a>], oid: &str) -> Option<Element<'a>> {
    let mut found = attributes.iter().filter(|attribute| attribute.oid == oid);
    match (found.next().map(|attribute| attribute.values.as_slice()), found.next()) {
        (Some([value]), None) => Some(*value),
        _ => None,
    }
}

/// Hash algorithms that are accepted.
pub(super) fn digest(oid: &str) -> Option<MessageDigest> {
    match oid {
        "2.16.840.1.101.3.4.2.1" => Some(MessageDigest::sha256()),
        "2.16.840.1.101.3.4.2.2" => Some(MessageDigest::sha384()),
        "2.16.840.1.101.3.4.2.3" => Some(MessageDigest::sha512()),
        "1.2.156.10197.1.401" => Some(MessageDigest::sm3()),
        _ => None,
    }
}

/// The hash that a signature algorithm uses.
fn signature_digest(oid: &str, of_signer: MessageDigest) -> Option<MessageDigest> {
    match oid {
        // rsaEncryption, and the key type alone for curves: the signer's digest algorithm.
        "1.2.840.113549.1.1.1" | "1.2.840.10045.2.1" => Some(of_signer),
        "1.2.840.113549.1.1.11" | "1.2.840.10045.4.3.2" => Some(MessageDigest::sha256()),
        "1.2.840.113549.1.1.12" | "1.2.840.10045.4.3.3" => Some(MessageDigest::sha384()),
        "1.2.840.113549.1.1.13" | "1.2.840.10045.4.3.4" => Some(MessageDigest::sha512()),
        _ => None,
    }
}
