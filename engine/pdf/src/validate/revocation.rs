//! Why: a certificate that its issuer took back proves nothing from that moment on; before it, it does. What was there to say so
//! (OCSP response or revocation list) comes with the file, and is itself checked against the issuer.

use openssl::{
    asn1::{Asn1GeneralizedTimeRef, Asn1TimeRef},
    hash::MessageDigest,
    ocsp::{OcspBasicResponse, OcspCertId, OcspCertStatus, OcspFlag, OcspResponse},
    stack::Stack,
    x509::{
        CrlStatus, X509, X509Crl,
        store::{X509Store, X509StoreBuilder},
        verify::{X509VerifyFlags, X509VerifyParam},
    },
};
use serde::{Deserialize, Serialize};

use super::{chain::common_name, store::Store};
use crate::{read::text::parse_date, sm2};

/// What is known about one certificate of a chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevocationReport {
    /// The certificate's common name.
    pub certificate: Option<String>,
    /// What its issuer says.
    pub status: RevocationStatus,
    /// `ocsp` or `crl`; none when nothing was there.
    pub source: Option<String>,
}

/// An issuer's word on a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum RevocationStatus {
    /// It was good when the issuer was asked.
    Good,
    /// It was taken back.
    Revoked {
        /// Since when, milliseconds since 1970 UTC; 0 when the issuer does not say.
        at_ms: i64,
    },
    /// Nobody says.
    Unknown,
}

/// The word on every certificate of a chain but its root.
pub(super) fn of_chain(chain: &[X509], store: &Store) -> Vec<RevocationReport> {
    chain
        .windows(2)
        .map(|pair| {
            let [certificate, issuer] = pair else { return unknown(None) };
            of(certificate, issuer, store)
        })
        .collect()
}

fn unknown(certificate: Option<String>) -> RevocationReport {
    RevocationReport { certificate, status: RevocationStatus::Unknown, source: None }
}

/// Any word that it is revoked counts more than any that it is good.
fn of(certificate: &X509, issuer: &X509, store: &Store) -> RevocationReport {
    let name = common_name(certificate);
    let by_ocsp = store.ocsps.iter().filter_map(|der| by_ocsp(der, certificate, issuer)).map(|s| (s, "ocsp"));
    let by_crl = store.crls.iter().filter_map(|der| by_crl(der, certificate, issuer)).map(|s| (s, "crl"));
    let mut best = unknown(name.clone());
    for (status, source) in by_ocsp.chain(by_crl) {
        let counts = matches!(status, RevocationStatus::Revoked { .. }) || best.source.is_none();
        if counts && !matches!(best.status, RevocationStatus::Revoked { .. }) {
            best = RevocationReport { certificate: name.clone(), status, source: Some(source.to_owned()) };
        }
    }
    best
}

/// Trusts the issuer alone, whatever the time: a response speaks of the time that it was made.
fn trusting(issuer: &X509) -> Option<X509Store> {
    let mut parameters = X509VerifyParam::new().ok()?;
    parameters.set_flags(X509VerifyFlags::PARTIAL_CHAIN | X509VerifyFlags::NO_CHECK_TIME).ok()?;
    let mut store = X509StoreBuilder::new().ok()?;
    store.set_param(&parameters).ok()?;
    store.add_cert(issuer.clone()).ok()?;
    Some(store.build())
}

fn by_ocsp(der: &[u8], certificate: &X509, issuer: &X509) -> Option<RevocationStatus> {
    let basic: OcspBasicResponse = OcspResponse::from_der(der).ok()?.basic().ok()?;
    let mut certificates = Stack::new().ok()?;
    certificates.push(issuer.clone()).ok()?;
    let trusted = trusting(issuer)?;
    basic.verify(&certificates, &trusted, OcspFlag::empty()).ok()?;
    [MessageDigest::sha1(), MessageDigest::sha256()].into_iter().find_map(|digest| {
        let id = OcspCertId::from_cert(digest, certificate, issuer).ok()?;
        let found = basic.find_status(&id)?;
        if found.status == OcspCertStatus::GOOD {
            Some(RevocationStatus::Good)
        } else if found.status == OcspCertStatus::REVOKED {
            Some(RevocationStatus::Revoked {
                at_ms: found.revocation_time.and_then(generalized_ms).unwrap_or(0),
            })
        } else {
            None
        }
    })
}

fn by_crl(der: &[u8], certificate: &X509, issuer: &X509) -> Option<RevocationStatus> {
    let crl = X509Crl::from_der(der).ok()?;
    let same = crl.issuer_name().to_der().ok()? == issuer.subject_name().to_der().ok()?;
    let key = issuer.public_key().ok()?;
    if !same || sm2::is_key(&key) || !crl.verify(&key).ok()? {
        return None;
    }
    match crl.get_by_cert(certificate) {
        CrlStatus::Revoked(entry) => {
            Some(RevocationStatus::Revoked { at_ms: time_ms(entry.revocation_date()) })
        }
        CrlStatus::NotRevoked => Some(RevocationStatus::Good),
        CrlStatus::RemoveFromCrl(_) => None,
    }
}

fn generalized_ms(time: &Asn1GeneralizedTimeRef) -> Option<i64> {
    printed_ms(&time.to_string())
}

fn time_ms(time: &Asn1TimeRef) -> i64 {
    printed_ms(&time.to_string()).unwrap_or(0)
}

/// OpenSSL prints `Nov 24 18:43:59 2026 GMT`.
fn printed_ms(text: &str) -> Option<i64> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let parts: Vec<&str> = text.split_whitespace().collect();
    let &[month, day, time, year, ..] = parts.as_slice() else { return None };
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    let day: u8 = day.parse().ok()?;
    let time = time.get(..8)?.replace(':', "");
    parse_date(&format!("{year}{month:02}{day:02}{time}Z"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printed_times_are_read() {
        assert_eq!(printed_ms("Feb 29 23:59:59 2024 GMT"), Some(1_709_251_199_000));
        assert_eq!(printed_ms("Jan  1 00:00:00 1970 GMT"), Some(0));
        for wrong in ["", "Bad 29 23:59:59 2024", "Feb 29", "Feb x 23:59:59 2024"] {
            assert_eq!(printed_ms(wrong), None, "{wrong:?}");
        }
    }
}
