//! Why: a revocation list may speak of some of its issuer's certificates only. One that it does not speak of is not good because
//! it is not named there.

use der::Decode as _;
use openssl::x509::X509Ref;
use x509_cert::{
    certificate::Rfc5280,
    crl::CertificateList,
    ext::pkix::{
        CrlDistributionPoints, IssuingDistributionPoint,
        name::{DistributionPointName, GeneralName},
    },
};

use super::usage::{extension, is_authority};
use crate::asn1;

/// `id-ce-issuingDistributionPoint`.
const ISSUING_DISTRIBUTION_POINT: &str = "2.5.29.28";
/// `id-ce-deltaCRLIndicator`: a list of changes only.
const DELTA: &str = "2.5.29.27";

/// A list speaks of this certificate of its issuer (RFC 5280, 6.3.3): it does not limit itself, or only to where this one is.
pub(super) fn covers(list_der: &[u8], certificate: &X509Ref) -> bool {
    let Ok(list) = CertificateList::<Rfc5280>::from_der(list_der) else { return is_first_version(list_der) };
    list.tbs_cert_list.crl_extensions.iter().flatten().all(|extension| {
        match extension.extn_id.to_string().as_str() {
            DELTA => false,
            ISSUING_DISTRIBUTION_POINT => IssuingDistributionPoint::from_der(extension.extn_value.as_bytes())
                .is_ok_and(|point| is_for(&point, certificate)),
            // What has to be understood and is not may be another limit.
            _ => !extension.critical,
        }
    })
}

/// A list of the first version has no version and no extensions, so it limits nothing; it is not read as one of the second.
fn is_first_version(list_der: &[u8]) -> bool {
    let read = || {
        let mut signed = asn1::single(list_der, asn1::SEQUENCE)?.elements().take(asn1::SEQUENCE)?.elements();
        Some(signed.optional(asn1::INTEGER).is_none())
    };
    read().unwrap_or(false)
}

fn is_for(point: &IssuingDistributionPoint, certificate: &X509Ref) -> bool {
    let limited =
        point.indirect_crl || point.only_some_reasons.is_some() || point.only_contains_attribute_certs;
    let is_authority = is_authority(certificate);
    let other_kind =
        (point.only_contains_user_certs && is_authority) || (point.only_contains_ca_certs && !is_authority);
    let named_here = match &point.distribution_point {
        None => true,
        Some(DistributionPointName::FullName(names)) => {
            names.iter().any(|name| is_distributed_at(certificate, name))
        }
        Some(DistributionPointName::NameRelativeToCRLIssuer(_)) => false,
    };
    !limited && !other_kind && named_here
}

/// The certificate says that its issuer's own list is there.
fn is_distributed_at(certificate: &X509Ref, place: &GeneralName) -> bool {
    let points = extension::<CrlDistributionPoints>(certificate);
    points.iter().flat_map(|points| &points.0).any(|point| {
        point.crl_issuer.is_none()
            && matches!(&point.distribution_point, Some(DistributionPointName::FullName(names)) if names.contains(place))
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is the test's failure")]
mod tests {
    use der::{Encode as _, asn1::Ia5String};
    use openssl::{
        asn1::{Asn1Object, Asn1OctetString, Asn1Time},
        ec::{EcGroup, EcKey},
        hash::MessageDigest,
        nid::Nid,
        pkey::PKey,
        x509::{X509, X509Builder, X509CrlBuilder, X509Extension, X509Name, extension::BasicConstraints},
    };
    use x509_cert::ext::pkix::{crl::dp::DistributionPoint, name::DistributionPointName};

    use super::*;

    const HERE: &str = "http://ca.example/crl/1";

    fn at(url: &str) -> Option<DistributionPointName> {
        let name = GeneralName::UniformResourceIdentifier(Ia5String::new(url).unwrap());
        Some(DistributionPointName::FullName(vec![name]))
    }

    /// A list's limit to certificates that are distributed here.
    fn here() -> IssuingDistributionPoint {
        IssuingDistributionPoint {
            distribution_point: at(HERE),
            only_contains_user_certs: false,
            only_contains_ca_certs: false,
            only_some_reasons: None,
            indirect_crl: false,
            only_contains_attribute_certs: false,
        }
    }

    fn extension_of(oid: &str, is_critical: bool, der: &[u8]) -> X509Extension {
        let content = Asn1OctetString::new_from_bytes(der).unwrap();
        X509Extension::new_from_der(&Asn1Object::from_str(oid).unwrap(), is_critical, &content).unwrap()
    }

    fn key() -> PKey<openssl::pkey::Private> {
        let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
        PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
    }

    /// A certificate whose issuer's lists are at this address.
    fn certificate(is_authority: bool, url: Option<&str>) -> X509 {
        let (key, mut builder) = (key(), X509Builder::new().unwrap());
        builder.set_version(2).unwrap();
        builder.set_pubkey(&key).unwrap();
        builder.set_not_before(&Asn1Time::from_unix(0).unwrap()).unwrap();
        builder.set_not_after(&Asn1Time::from_unix(1).unwrap()).unwrap();
        if is_authority {
            builder.append_extension(BasicConstraints::new().critical().ca().build().unwrap()).unwrap();
        }
        if let Some(url) = url {
            let points = CrlDistributionPoints(vec![DistributionPoint {
                distribution_point: at(url),
                reasons: None,
                crl_issuer: None,
            }]);
            builder.append_extension(extension_of("2.5.29.31", false, &points.to_der().unwrap())).unwrap();
        }
        builder.sign(&key, MessageDigest::sha256()).unwrap();
        builder.build()
    }

    fn list(extensions: Vec<X509Extension>) -> Vec<u8> {
        let mut builder = X509CrlBuilder::new().unwrap();
        builder.set_issuer_name(&X509Name::builder().unwrap().build()).unwrap();
        builder.set_last_update(&Asn1Time::from_unix(0).unwrap()).unwrap();
        builder.set_next_update(&Asn1Time::from_unix(1).unwrap()).unwrap();
        // OpenSSL makes no list without its issuer's key and its number.
        let own = [("2.5.29.35", vec![0x30, 6, 0x80, 4, 1, 2, 3, 4]), ("2.5.29.20", vec![2, 1, 1])];
        for (oid, der) in own {
            builder.append_extension(extension_of(oid, false, &der)).unwrap();
        }
        for extension in extensions {
            builder.append_extension(extension).unwrap();
        }
        builder.sign(&key(), MessageDigest::sha256()).unwrap();
        builder.build().unwrap().to_der().unwrap()
    }

    fn limited(point: &IssuingDistributionPoint) -> Vec<u8> {
        list(vec![extension_of(ISSUING_DISTRIBUTION_POINT, true, &point.to_der().unwrap())])
    }

    #[test]
    fn a_list_is_for_the_certificates_that_name_its_place() {
        let list = limited(&here());
        assert!(covers(&list, &certificate(false, Some(HERE))));
        assert!(covers(&list, &certificate(true, Some(HERE))));
        assert!(!covers(&list, &certificate(false, Some("http://ca.example/crl/2"))));
        assert!(!covers(&list, &certificate(false, None)));
        let anywhere = limited(&IssuingDistributionPoint { distribution_point: None, ..here() });
        assert!(covers(&anywhere, &certificate(false, None)));
    }

    #[test]
    fn a_list_for_one_kind_of_certificates_is_not_for_the_other() {
        let people = limited(&IssuingDistributionPoint { only_contains_user_certs: true, ..here() });
        let authorities = limited(&IssuingDistributionPoint { only_contains_ca_certs: true, ..here() });
        for is_authority in [false, true] {
            let certificate = certificate(is_authority, Some(HERE));
            assert_eq!(covers(&people, &certificate), !is_authority);
            assert_eq!(covers(&authorities, &certificate), is_authority);
        }
    }

    #[test]
    fn lists_that_say_less_are_not_enough() {
        let certificate = certificate(false, Some(HERE));
        assert!(covers(&list(vec![]), &certificate));
        assert!(covers(&list(vec![extension_of("1.2.3.4", false, &[5, 0])]), &certificate));
        let some_reasons = x509_cert::ext::pkix::crl::dp::Reasons::KeyCompromise.into();
        for (what, list) in [
            ("indirect", limited(&IssuingDistributionPoint { indirect_crl: true, ..here() })),
            (
                "reasons",
                limited(&IssuingDistributionPoint { only_some_reasons: Some(some_reasons), ..here() }),
            ),
            (
                "attributes",
                limited(&IssuingDistributionPoint { only_contains_attribute_certs: true, ..here() }),
            ),
            ("delta", list(vec![extension_of(DELTA, true, &[2, 1, 1])])),
            ("not understood", list(vec![extension_of("1.2.3.4", true, &[5, 0])])),
            ("not readable", list(vec![extension_of(ISSUING_DISTRIBUTION_POINT, true, &[5, 0])])),
            ("no list", b"list".to_vec()),
        ] {
            assert!(!covers(&list, &certificate), "{what}");
        }
    }
}
