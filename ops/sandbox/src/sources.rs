//! The addresses in a certificate: where its issuer answers on it, lists what was taken back, and shows itself.

use anyhow::Result;
use der::{
    Encode as _,
    asn1::{Ia5String, ObjectIdentifier},
};
use openssl::{
    asn1::{Asn1Object, Asn1OctetString},
    x509::{X509Extension, X509Ref},
};
use x509_cert::ext::pkix::{
    AccessDescription, AuthorityInfoAccessSyntax, CrlDistributionPoints, IssuingDistributionPoint,
    crl::dp::DistributionPoint,
    name::{DistributionPointName, GeneralName},
};

use crate::pki::Issuer;

const ID_AUTHORITY_INFO_ACCESS: &str = "1.3.6.1.5.5.7.1.1";
const ID_CRL_DISTRIBUTION_POINTS: &str = "2.5.29.31";
const ID_ISSUING_DISTRIBUTION_POINT: &str = "2.5.29.28";
const ID_OCSP: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1");
const ID_CA_ISSUERS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.2");

/// An issuer's addresses.
#[derive(Debug, Clone)]
pub(crate) struct Sources {
    ocsp: String,
    crl: String,
    issuer: String,
}

impl Sources {
    pub(crate) fn of(published_at: &str, issuer: Issuer) -> Self {
        let name = issuer.name();
        Self {
            ocsp: format!("{published_at}/ocsp"),
            crl: format!("{published_at}/crl/{name}.crl"),
            issuer: format!("{published_at}/ca/{name}.cer"),
        }
    }

    /// A certificate of an earlier run may name other ports, or none.
    pub(crate) fn are_in(&self, certificate: &X509Ref) -> bool {
        certificate.ocsp_responders().is_ok_and(|found| found.iter().any(|url| **url == *self.ocsp))
    }

    pub(crate) fn extensions(&self) -> Result<[X509Extension; 2]> {
        let access = |access_method, url: &str| {
            anyhow::Ok(AccessDescription { access_method, access_location: address(url)? })
        };
        let access = AuthorityInfoAccessSyntax(vec![
            access(ID_OCSP, &self.ocsp)?,
            access(ID_CA_ISSUERS, &self.issuer)?,
        ]);
        let points = CrlDistributionPoints(vec![DistributionPoint {
            distribution_point: Some(DistributionPointName::FullName(vec![address(&self.crl)?])),
            reasons: None,
            crl_issuer: None,
        }]);
        Ok([
            extension(ID_AUTHORITY_INFO_ACCESS, &access.to_der()?)?,
            extension(ID_CRL_DISTRIBUTION_POINTS, &points.to_der()?)?,
        ])
    }
}

impl Sources {
    /// What a revocation list says that is only for this address, and only for certificates of authorities or of people.
    pub(crate) fn list_limit(&self, of_authorities: bool) -> Result<X509Extension> {
        let point = IssuingDistributionPoint {
            distribution_point: Some(DistributionPointName::FullName(vec![address(&self.crl)?])),
            only_contains_user_certs: !of_authorities,
            only_contains_ca_certs: of_authorities,
            only_some_reasons: None,
            indirect_crl: false,
            only_contains_attribute_certs: false,
        };
        critical_extension(ID_ISSUING_DISTRIBUTION_POINT, &point.to_der()?)
    }
}

fn address(url: &str) -> Result<GeneralName> {
    Ok(GeneralName::UniformResourceIdentifier(Ia5String::new(url)?))
}

fn extension(oid: &str, der: &[u8]) -> Result<X509Extension> {
    let content = Asn1OctetString::new_from_bytes(der)?;
    Ok(X509Extension::new_from_der(&*Asn1Object::from_str(oid)?, false, &content)?)
}

fn critical_extension(oid: &str, der: &[u8]) -> Result<X509Extension> {
    let content = Asn1OctetString::new_from_bytes(der)?;
    Ok(X509Extension::new_from_der(&*Asn1Object::from_str(oid)?, true, &content)?)
}
