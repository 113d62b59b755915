//! Why: a signature is worth what its certificate is worth, at the time that the signature is known to have been there.

use openssl::{
    asn1::Asn1Time,
    error::ErrorStack,
    stack::Stack,
    x509::{
        X509, X509PurposeId, X509Ref, X509StoreContext, X509VerifyResult, store::X509StoreBuilder,
        verify::X509VerifyParam,
    },
};

use super::{
    Trust,
    certificates::Certificates,
    gm, usage,
    verdict::{Fault, SubIndication},
};

/// What the certificate must be good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Signing,
    Timestamping,
}

/// OpenSSL's numbers for what is wrong with a chain.
const NOT_YET_VALID: i32 = 9;
const EXPIRED: i32 = 10;
const NO_ISSUER: [i32; 5] = [2, 18, 19, 20, 21];

/// Checks the chain from a certificate to a trusted root at a time; answers it, the certificate first.
pub(super) fn check(
    certificate: &X509Ref,
    others_der: &[&[u8]],
    trust: &Trust,
    at_ms: i64,
    purpose: Purpose,
    known: &Certificates,
) -> Result<Vec<X509>, Fault> {
    usage::check_use(certificate, purpose)?;
    let chain = if gm::is_signed_with_sm2(certificate) {
        gm::build(certificate, others_der, &trust.roots_der, at_ms, known)?
    } else {
        by_openssl(certificate, others_der, trust, at_ms, purpose, known)?
    };
    usage::check_keys(&chain)?;
    Ok(chain)
}

fn by_openssl(
    certificate: &X509Ref,
    others_der: &[&[u8]],
    trust: &Trust,
    at_ms: i64,
    purpose: Purpose,
    known: &Certificates,
) -> Result<Vec<X509>, Fault> {
    let result =
        match verify(certificate, others_der, trust, at_ms, purpose, known).map_err(Fault::openssl)? {
            Ok(chain) => return Ok(chain),
            Err(result) => result,
        };
    let reason = format!("the certificate's chain: {}", result.error_string());
    Err(Fault::indeterminate(
        match result.as_raw() {
            NOT_YET_VALID | EXPIRED => SubIndication::OutOfBoundsNoPoe,
            raw if NO_ISSUER.contains(&raw) => SubIndication::NoCertificateChainFound,
            _ => SubIndication::ChainConstraintsFailure,
        },
        reason,
    ))
}

fn verify(
    certificate: &X509Ref,
    others_der: &[&[u8]],
    trust: &Trust,
    at_ms: i64,
    purpose: Purpose,
    known: &Certificates,
) -> Result<Result<Vec<X509>, X509VerifyResult>, ErrorStack> {
    let mut store = X509StoreBuilder::new()?;
    for root in &trust.roots_der {
        store.add_cert(known.read(root)?)?;
    }
    let mut parameters = X509VerifyParam::new()?;
    parameters.set_time(at_ms.div_euclid(1000));
    store.set_param(&parameters)?;
    if purpose == Purpose::Timestamping {
        store.set_purpose(X509PurposeId::TIMESTAMP_SIGN)?;
    }
    let store = store.build();
    let mut others = Stack::new()?;
    for der in others_der {
        others.push(known.read(der)?)?;
    }
    let mut context = X509StoreContext::new()?;
    context.init(&store, certificate, &others, |context| {
        Ok(if context.verify_cert()? {
            Ok(context.chain().into_iter().flatten().map(ToOwned::to_owned).collect())
        } else {
            Err(context.error())
        })
    })
}

/// The certificate is valid at that time.
pub(super) fn in_time(certificate: &X509Ref, at_ms: i64) -> Result<(), Fault> {
    let at = Asn1Time::from_unix(at_ms.div_euclid(1000)).map_err(Fault::openssl)?;
    if certificate.not_before() <= &*at && &*at <= certificate.not_after() {
        return Ok(());
    }
    Err(Fault::indeterminate(
        SubIndication::OutOfBoundsNoPoe,
        "the certificate's chain: a certificate was not valid at that time",
    ))
}

/// The subject's common name.
pub(crate) fn common_name(certificate: &X509Ref) -> Option<String> {
    let name = certificate.subject_name().entries_by_nid(openssl::nid::Nid::COMMONNAME).last()?;
    name.data().to_string().ok()
}
