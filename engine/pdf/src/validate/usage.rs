//! Why: an issuer says what a certificate is for, and a key that is too short may be anybody's: a sound chain alone is not enough.
//! The same is asked whatever family the keys are of.

use der::Decode as _;
use openssl::{
    pkey::Id,
    x509::{X509, X509Ref},
};
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage};

use super::{
    chain::{Purpose, common_name},
    verdict::{Fault, SubIndication},
};
use crate::limits::{CURVE_BITS_MIN, RSA_BITS_MIN};

/// `id-kp-timeStamping`.
const TIME_STAMPING: &str = "1.3.6.1.5.5.7.3.8";
/// `id-kp-OCSPSigning`.
pub(super) const OCSP_SIGNING: &str = "1.3.6.1.5.5.7.3.9";

/// What is wrong with a signer's certificate whatever its chain: signing with it is refused in the same words in which the
/// signature would be refused later.
///
/// # Errors
/// A sentence.
pub(crate) fn check_signer(certificate: &X509Ref) -> Result<(), String> {
    let checked = check_use(certificate, Purpose::Signing).and_then(|()| check_key(certificate));
    checked.map_err(|fault| fault.reason)
}

/// The certificate's issuer lets it do this.
pub(super) fn check_use(certificate: &X509Ref, purpose: Purpose) -> Result<(), Fault> {
    let fault = |why: &str| Err(Fault::indeterminate(SubIndication::ChainConstraintsFailure, why));
    if !may(certificate, |usage| usage.digital_signature() || usage.non_repudiation()) {
        return fault(
            "the certificate is not for signing: its key usage has neither digitalSignature nor nonRepudiation",
        );
    }
    if purpose == Purpose::Timestamping && !has_purpose(certificate, TIME_STAMPING) {
        return fault("the certificate is not for timestamps");
    }
    Ok(())
}

/// No key of the chain can be computed by others.
pub(super) fn check_keys(chain: &[X509]) -> Result<(), Fault> {
    chain.iter().try_for_each(|certificate| check_key(certificate))
}

fn check_key(certificate: &X509Ref) -> Result<(), Fault> {
    let name = common_name(certificate).unwrap_or_default();
    let fault = |why: String| Err(Fault::indeterminate(SubIndication::CryptoConstraintsFailure, why));
    let Ok(key) = certificate.public_key() else {
        return fault(format!("the key of {name} is of no kind that is known"));
    };
    let (kind, bits_min) = match key.id() {
        Id::RSA | Id::RSA_PSS => ("RSA", RSA_BITS_MIN),
        Id::DSA => ("DSA", RSA_BITS_MIN),
        Id::EC | Id::SM2 => ("a curve", CURVE_BITS_MIN),
        _ => return Ok(()),
    };
    let bits = key.bits();
    if bits >= bits_min {
        return Ok(());
    }
    fault(format!("the key of {name} is too short: {kind} of {bits} bits; at least {bits_min} are accepted"))
}

/// The certificate names this extended purpose.
pub(super) fn has_purpose(certificate: &X509Ref, oid: &str) -> bool {
    extension::<ExtendedKeyUsage>(certificate)
        .is_some_and(|usage| usage.0.iter().any(|purpose| purpose.to_string() == oid))
}

pub(crate) fn is_authority(certificate: &X509Ref) -> bool {
    extension::<BasicConstraints>(certificate).is_some_and(|constraints| constraints.ca)
}

/// A certificate without the extension may do everything.
pub(super) fn may(certificate: &X509Ref, what: impl Fn(&KeyUsage) -> bool) -> bool {
    extension::<KeyUsage>(certificate).is_none_or(|usage| what(&usage))
}

/// An extension of the certificate, when it is there and can be read.
pub(super) fn extension<T>(certificate: &X509Ref) -> Option<T>
where
    T: for<'b> der::Decode<'b> + const_oid::AssociatedOid,
{
    let der = certificate.to_der().ok()?;
    let certificate = x509_cert::Certificate::from_der(&der).ok()?;
    let extensions = certificate.tbs_certificate().extensions()?;
    let found = extensions.iter().find(|extension| extension.extn_id == T::OID)?;
    T::from_der(found.extn_value.as_bytes()).ok()
}
