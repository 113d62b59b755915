//! Why: OpenSSL checks certificates that are signed with SM2 as if their issuers had no identity, so those chains are built and
//! checked here, by the same rules (RFC 5280): names, signatures, validity, and who may issue.

use openssl::x509::{X509, X509Ref};
use sealflow_sm2 as sm2;
use x509_cert::ext::pkix::KeyUsage;

use super::{
    certificates::Certificates,
    chain::in_time,
    usage::{OCSP_SIGNING, has_purpose, is_authority, may},
    verdict::{Fault, SubIndication},
};
use crate::{
    asn1::{self, Elements},
    limits::CHAIN_CERTIFICATES_MAX,
};

/// The certificate is signed with SM2.
pub(super) fn is_signed_with_sm2(certificate: &X509Ref) -> bool {
    certificate.to_der().ok().is_some_and(|der| {
        parts(&der).is_some_and(|parts| parts.algorithm.as_deref() == Some(&sm2::SM2_WITH_SM3.to_string()))
    })
}

/// An OCSP response has the SM2 signature of the issuer, or of whom the issuer lets answer (RFC 6960, 4.2.2.2).
pub(super) fn is_answer_of(response_der: &[u8], issuer: &X509Ref) -> bool {
    let check = || {
        let mut response = asn1::single(response_der, asn1::SEQUENCE)?.elements();
        response.take(asn1::ENUMERATED)?;
        let mut bytes = response.take(asn1::CONTEXT_0)?.elements().take(asn1::SEQUENCE)?.elements();
        bytes.take(asn1::OBJECT_IDENTIFIER)?;
        let basic = bytes.take(asn1::OCTET_STRING)?.content;
        let parts = parts(basic)?;
        let is_by = |certificate: &X509Ref| {
            certificate
                .public_key()
                .is_ok_and(|key| sm2::is_key(&key) && sm2::verify(&key, parts.signed, parts.signature))
        };
        if is_by(issuer) {
            return Some(());
        }
        let is_delegate = |der: &[u8]| {
            X509::from_der(der).is_ok_and(|delegate| {
                has_purpose(&delegate, OCSP_SIGNING) && issued(issuer, &delegate, der) && is_by(&delegate)
            })
        };
        let mut rest = parts.rest.clone();
        let mut delegates = rest.take(asn1::CONTEXT_0)?.elements().take(asn1::SEQUENCE)?.elements();
        let found = (0..CHAIN_CERTIFICATES_MAX)
            .map_while(|_| delegates.next())
            .any(|delegate| is_delegate(delegate.whole));
        found.then_some(())
    };
    check().is_some()
}

/// Builds the chain to a root, the certificate first.
pub(super) fn build(
    certificate: &X509Ref,
    others_der: &[&[u8]],
    roots_der: &[Vec<u8>],
    at_ms: i64,
    known: &Certificates,
) -> Result<Vec<X509>, Fault> {
    let mut chain: Vec<X509> = vec![certificate.to_owned()];
    while let Some(last) = chain.last() {
        in_time(last, at_ms)?;
        let der = last.to_der().map_err(Fault::openssl)?;
        if roots_der.contains(&der) {
            return Ok(chain);
        }
        let all = roots_der.iter().map(Vec::as_slice).chain(others_der.iter().copied());
        let issuer = all.filter_map(|der| known.read(der).ok()).find(|issuer| issued(issuer, last, &der));
        match issuer {
            Some(issuer) if chain.len() < CHAIN_CERTIFICATES_MAX => chain.push(issuer),
            _ => break,
        }
    }
    Err(Fault::indeterminate(
        SubIndication::NoCertificateChainFound,
        "the certificate's chain: no trusted issuer was found",
    ))
}

fn issued(issuer: &X509Ref, certificate: &X509Ref, der: &[u8]) -> bool {
    let names = (issuer.subject_name().to_der(), certificate.issuer_name().to_der());
    let (Ok(subject), Ok(named), Ok(key)) = (names.0, names.1, issuer.public_key()) else { return false };
    if subject != named || !is_authority(issuer) || !may(issuer, KeyUsage::key_cert_sign) {
        return false;
    }
    if !sm2::is_key(&key) {
        return certificate.verify(&key).unwrap_or(false);
    }
    sm2::is_signed_by(der, &key)
}

struct Parts<'a> {
    signed: &'a [u8],
    algorithm: Option<String>,
    signature: &'a [u8],
    /// What follows the signature: the certificates of an OCSP response.
    rest: Elements<'a>,
}

fn parts(der: &[u8]) -> Option<Parts<'_>> {
    let mut parts = asn1::single(der, asn1::SEQUENCE)?.elements();
    let signed = parts.take(asn1::SEQUENCE)?.whole;
    let algorithm = parts.take(asn1::SEQUENCE)?.elements().next().and_then(|oid| asn1::dotted(&oid));
    let signature = parts.take(asn1::BIT_STRING)?.content.get(1..)?;
    Some(Parts { signed, algorithm, signature, rest: parts })
}
