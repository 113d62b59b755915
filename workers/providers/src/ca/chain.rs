//! From a certificate to the authority's root, with every signature and period of validity checked.

use der::Decode as _;
use openssl::{
    asn1::Asn1Time,
    stack::Stack,
    x509::{X509, X509Ref, X509StoreContext, store::X509StoreBuilder},
};
use sealflow_sm2::SM2_WITH_SM3;
use x509_cert::{Certificate, ext::pkix::BasicConstraints};

use super::{CERTIFICATES_MAX, Chain, Error};

const NO_ROOT: Error = Error::Malformed("the chain does not lead to a root of the CA");

/// Orders leaf, issuers and root.
pub(super) fn close(leaf: &X509, issuers: &[X509]) -> Result<Chain, Error> {
    let chain = if is_signed_with_sm2(leaf)? { by_sm2(leaf, issuers)? } else { by_openssl(leaf, issuers)? };
    let mut ders = chain.iter().map(|certificate| certificate.to_der()).collect::<Result<Vec<_>, _>>()?;
    let root = ders.pop().ok_or(Error::Malformed("the chain is empty"))?;
    if ders.is_empty() {
        return Err(Error::Malformed("the certificate is its own root"));
    }
    let leaf = ders.remove(0);
    let mut roots = Vec::new();
    for issuer in issuers {
        if is_root(issuer)? {
            roots.push(issuer.to_der()?);
        }
    }
    Ok(Chain { leaf, intermediates: ders, root, roots })
}

fn is_root(certificate: &X509Ref) -> Result<bool, Error> {
    Ok(certificate.subject_name().try_cmp(certificate.issuer_name())?.is_eq())
}

fn by_openssl(leaf: &X509, issuers: &[X509]) -> Result<Vec<X509>, Error> {
    let mut store = X509StoreBuilder::new()?;
    let mut between = Stack::new()?;
    for issuer in issuers {
        if is_root(issuer)? {
            store.add_cert(issuer.clone())?;
        } else {
            between.push(issuer.clone())?;
        }
    }
    let store = store.build();
    let mut context = X509StoreContext::new()?;
    let verified = context.init(&store, leaf, &between, |context| {
        if !context.verify_cert()? {
            return Ok(None);
        }
        Ok(context.chain().map(|chain| chain.iter().map(ToOwned::to_owned).collect::<Vec<X509>>()))
    })?;
    verified.ok_or(NO_ROOT)
}

/// OpenSSL checks SM2 signatures as if issuers had no identity, so it is done here. Under such an authority all is SM2.
fn by_sm2(leaf: &X509, issuers: &[X509]) -> Result<Vec<X509>, Error> {
    let now = Asn1Time::days_from_now(0)?;
    let mut chain = vec![leaf.clone()];
    while let Some(last) = chain.last() {
        if last.not_before() > &*now || &*now > last.not_after() {
            return Err(Error::Malformed("a certificate of the chain is not valid now"));
        }
        if is_root(last)? {
            return Ok(chain);
        }
        let mut issuer = None;
        for candidate in issuers {
            if issued(candidate, last)? {
                issuer = Some(candidate.clone());
            }
        }
        match issuer {
            Some(issuer) if chain.len() < CERTIFICATES_MAX => chain.push(issuer),
            _ => break,
        }
    }
    Err(NO_ROOT)
}

fn issued(issuer: &X509, certificate: &X509) -> Result<bool, Error> {
    if certificate.issuer_name().try_cmp(issuer.subject_name())?.is_ne() || !is_authority(issuer)? {
        return Ok(false);
    }
    let key = issuer.public_key()?;
    Ok(sealflow_sm2::is_key(&key) && sealflow_sm2::is_signed_by(&certificate.to_der()?, &key))
}

fn read(certificate: &X509) -> Result<Certificate, Error> {
    Certificate::from_der(&certificate.to_der()?)
        .map_err(|_| Error::Malformed("a certificate of the chain cannot be read"))
}

fn is_signed_with_sm2(certificate: &X509) -> Result<bool, Error> {
    Ok(read(certificate)?.signature_algorithm().oid == SM2_WITH_SM3)
}

fn is_authority(certificate: &X509) -> Result<bool, Error> {
    let found = read(certificate)?.tbs_certificate().get_extension::<BasicConstraints>();
    Ok(found.is_ok_and(|found| found.is_some_and(|(_, constraints)| constraints.ca)))
}
