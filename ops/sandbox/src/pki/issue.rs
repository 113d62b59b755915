//! One certificate: what it says, and its issuer's signature.

use anyhow::Result;
use openssl::{
    asn1::{Asn1Integer, Asn1Time},
    bn::{BigNum, MsbOption},
    hash::MessageDigest,
    pkey::{PKeyRef, Private, Public},
    x509::{
        X509, X509Builder, X509Extension, X509NameRef, X509Ref,
        extension::{
            AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAlternativeName,
            SubjectKeyIdentifier,
        },
    },
};

use super::Identity;
use crate::{sm2, sources::Sources};

/// Certificates are valid from a little before their making, because clocks differ.
const BACKDATE_S: i64 = 5 * 60;
/// Seconds in a day.
const DAY_S: i64 = 24 * 60 * 60;
/// `id-kp-documentSigning` (RFC 9336).
const DOCUMENT_SIGNING: &str = "1.3.6.1.5.5.7.3.36";

/// Who signs a certificate.
pub(super) enum Signer<'a> {
    Itself(&'a PKeyRef<Private>),
    /// With the addresses where it tells about its certificates.
    Issuer(&'a Identity, Sources),
}

/// What a certificate is for.
pub(super) enum Purpose<'a> {
    Root,
    Issuing,
    Timestamping,
    Server { names: &'a [&'a str], addresses: &'a [&'a str] },
    Signing,
}

/// Makes one certificate.
pub(super) fn issue(
    subject: &X509NameRef,
    public_key: &PKeyRef<Public>,
    purpose: &Purpose<'_>,
    days: i64,
    signer: &Signer<'_>,
) -> Result<X509> {
    let (issuer, key) = match signer {
        Signer::Itself(key) => (None, *key),
        Signer::Issuer(issuer, _) => (Some(issuer), &*issuer.key),
    };
    let now = crate::clock::now_ms() / 1_000;
    let mut builder = X509Builder::new()?;
    builder.set_version(2)?;
    let serial = serial()?;
    builder.set_serial_number(&serial)?;
    let (from, until) = (Asn1Time::from_unix(now - BACKDATE_S)?, Asn1Time::from_unix(now + days * DAY_S)?);
    builder.set_not_before(&from)?;
    builder.set_not_after(&until)?;
    builder.set_subject_name(subject)?;
    builder.set_issuer_name(issuer.map_or(subject, |issuer| issuer.certificate.subject_name()))?;
    builder.set_pubkey(public_key)?;
    for extension in usage(purpose)? {
        builder.append_extension(extension)?;
    }
    let issuer_certificate: Option<&X509Ref> = issuer.map(|issuer| &*issuer.certificate);
    let key_id = SubjectKeyIdentifier::new().build(&builder.x509v3_context(issuer_certificate, None))?;
    builder.append_extension(key_id)?;
    if issuer.is_some() {
        let context = builder.x509v3_context(issuer_certificate, None);
        let authority = AuthorityKeyIdentifier::new().keyid(true).build(&context)?;
        builder.append_extension(authority)?;
    }
    if let Signer::Issuer(_, sources) = signer {
        for extension in sources.extensions()? {
            builder.append_extension(extension)?;
        }
    }
    if let Purpose::Server { names, addresses } = purpose {
        let mut alternative = SubjectAlternativeName::new();
        for name in *names {
            alternative.dns(name);
        }
        for address in *addresses {
            alternative.ip(address);
        }
        let extension = alternative.build(&builder.x509v3_context(issuer_certificate, None))?;
        builder.append_extension(extension)?;
    }
    if !sm2::is_key(key) {
        builder.sign(key, MessageDigest::sha256())?;
        return Ok(builder.build());
    }
    builder.sign(key, MessageDigest::sm3())?;
    Ok(X509::from_der(&sm2::sign_again(&builder.build().to_der()?, key)?)?)
}

/// What the certificate may be used for.
fn usage(purpose: &Purpose<'_>) -> Result<Vec<X509Extension>> {
    let leaf = || BasicConstraints::new().critical().build();
    Ok(match purpose {
        Purpose::Root => vec![
            BasicConstraints::new().critical().ca().build()?,
            KeyUsage::new().critical().key_cert_sign().crl_sign().build()?,
        ],
        Purpose::Issuing => vec![
            BasicConstraints::new().critical().ca().pathlen(0).build()?,
            KeyUsage::new().critical().key_cert_sign().crl_sign().build()?,
        ],
        // RFC 3161, 2.3: this purpose, no other, and critical.
        Purpose::Timestamping => vec![
            leaf()?,
            KeyUsage::new().critical().digital_signature().build()?,
            ExtendedKeyUsage::new().critical().time_stamping().build()?,
        ],
        Purpose::Server { .. } => vec![
            leaf()?,
            KeyUsage::new().critical().digital_signature().build()?,
            ExtendedKeyUsage::new().server_auth().build()?,
        ],
        // `emailProtection` beside document signing, because verifiers that know only S/MIME ask for it.
        Purpose::Signing => vec![
            leaf()?,
            KeyUsage::new().critical().digital_signature().non_repudiation().build()?,
            ExtendedKeyUsage::new().other(DOCUMENT_SIGNING).email_protection().build()?,
        ],
    })
}

/// A positive random number of 16 bytes.
fn serial() -> Result<Asn1Integer> {
    let mut number = BigNum::new()?;
    number.rand(127, MsbOption::ONE, false)?;
    Ok(number.to_asn1_integer()?)
}
