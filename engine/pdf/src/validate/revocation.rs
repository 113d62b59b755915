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
use sealflow_sm2 as sm2;
use serde::{Deserialize, Serialize};

use super::{chain::common_name, gm, scope, store::Store};
use crate::read::text::parse_date;

/// What is known about one certificate of a chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevocationReport {
    /// The certificate's common name.
    pub certificate: Option<String>,
    /// What its issuer says.
    pub status: RevocationStatus,
    /// `ocsp` or `crl`; none when nothing was there.
    pub source: Option<String>,
    /// It was said after the certificate was used, or holds until then.
    #[serde(default)]
    pub fresh: bool,
    /// When it was said, milliseconds since 1970 UTC.
    #[serde(default)]
    pub said_at_ms: Option<i64>,
    /// Until when its issuer lets it hold.
    #[serde(default)]
    pub holds_until_ms: Option<i64>,
    /// The file itself holds a fresh word, so that nobody needs to be asked.
    #[serde(default)]
    pub in_file: bool,
}

/// How long a word holds when its issuer does not say.
const HOLDS_MS: i64 = 24 * 60 * 60 * 1_000;

/// What one response or list says.
struct Word {
    status: RevocationStatus,
    source: &'static str,
    said_at_ms: i64,
    holds_until_ms: Option<i64>,
}

impl Word {
    /// Said after the time, or holding until then (ETSI EN 319 102-1, 5.2.5).
    fn is_fresh(&self, at_ms: i64) -> bool {
        self.said_at_ms >= at_ms || self.holds_until_ms.unwrap_or(self.said_at_ms + HOLDS_MS) >= at_ms
    }

    /// Any word that it is revoked counts more than any that it is good, and then the fresher one.
    fn weight(&self, at_ms: i64) -> (bool, bool, i64) {
        (matches!(self.status, RevocationStatus::Revoked { .. }), self.is_fresh(at_ms), self.said_at_ms)
    }
}

pub(super) fn is_fresh_and_good(report: &RevocationReport) -> bool {
    report.status == RevocationStatus::Good && report.fresh
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

/// The word on every certificate of a chain but its root, for a use at this time.
pub(super) fn of_chain(chain: &[X509], store: &Store, at_ms: i64) -> Vec<RevocationReport> {
    chain
        .windows(2)
        .map(|pair| {
            let [certificate, issuer] = pair else { return unknown(None) };
            of(certificate, issuer, store, at_ms)
        })
        .collect()
}

fn unknown(certificate: Option<String>) -> RevocationReport {
    let (source, said_at_ms, holds_until_ms) = (None, None, None);
    RevocationReport {
        certificate,
        status: RevocationStatus::Unknown,
        source,
        fresh: false,
        said_at_ms,
        holds_until_ms,
        in_file: false,
    }
}

fn of(certificate: &X509, issuer: &X509, store: &Store, at_ms: i64) -> RevocationReport {
    let by_ocsp =
        store.ocsps.iter().enumerate().filter_map(|(at, der)| {
            by_ocsp(der, certificate, issuer).map(|word| (word, at < store.own_ocsps))
        });
    let by_crl = store
        .crls
        .iter()
        .enumerate()
        .filter_map(|(at, der)| by_crl(der, certificate, issuer).map(|word| (word, at < store.own_crls)));
    let words: Vec<(Word, bool)> = by_ocsp.chain(by_crl).collect();
    let in_file = words
        .iter()
        .any(|(word, is_own)| *is_own && word.status != RevocationStatus::Unknown && word.is_fresh(at_ms));
    let name = common_name(certificate);
    match words.into_iter().map(|(word, _)| word).max_by_key(|word| word.weight(at_ms)) {
        Some(word) => RevocationReport {
            certificate: name,
            status: word.status,
            source: Some(word.source.to_owned()),
            fresh: word.is_fresh(at_ms),
            said_at_ms: Some(word.said_at_ms),
            holds_until_ms: word.holds_until_ms,
            in_file,
        },
        None => unknown(name),
    }
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

fn by_ocsp(der: &[u8], certificate: &X509, issuer: &X509) -> Option<Word> {
    let basic: OcspBasicResponse = OcspResponse::from_der(der).ok()?.basic().ok()?;
    // OpenSSL would leave out the issuer's identity.
    let key = issuer.public_key().ok()?;
    if sm2::is_key(&key) {
        gm::is_answer_of(der, issuer).then_some(())?;
    } else {
        let mut certificates = Stack::new().ok()?;
        certificates.push(issuer.clone()).ok()?;
        let trusted = trusting(issuer)?;
        basic.verify(&certificates, &trusted, OcspFlag::empty()).ok()?;
    }
    [MessageDigest::sha1(), MessageDigest::sha256(), MessageDigest::sm3()].into_iter().find_map(|digest| {
        let id = OcspCertId::from_cert(digest, certificate, issuer).ok()?;
        let found = basic.find_status(&id)?;
        let status = if found.status == OcspCertStatus::GOOD {
            RevocationStatus::Good
        } else if found.status == OcspCertStatus::REVOKED {
            RevocationStatus::Revoked { at_ms: found.revocation_time.and_then(generalized_ms).unwrap_or(0) }
        } else {
            return None;
        };
        Some(Word {
            status,
            source: "ocsp",
            said_at_ms: generalized_ms(found.this_update)?,
            holds_until_ms: found.next_update().and_then(generalized_ms),
        })
    })
}

fn by_crl(der: &[u8], certificate: &X509, issuer: &X509) -> Option<Word> {
    let crl = X509Crl::from_der(der).ok()?;
    let same = crl.issuer_name().to_der().ok()? == issuer.subject_name().to_der().ok()?;
    let key = issuer.public_key().ok()?;
    // OpenSSL would leave out the issuer's identity.
    let sound = if sm2::is_key(&key) { sm2::is_signed_by(der, &key) } else { crl.verify(&key).ok()? };
    if !same || !sound || !scope::covers(der, certificate) {
        return None;
    }
    let status = match crl.get_by_cert(certificate) {
        CrlStatus::Revoked(entry) => RevocationStatus::Revoked { at_ms: time_ms(entry.revocation_date()) },
        CrlStatus::NotRevoked => RevocationStatus::Good,
        CrlStatus::RemoveFromCrl(_) => return None,
    };
    Some(Word {
        status,
        source: "crl",
        said_at_ms: printed_ms(&crl.last_update().to_string())?,
        holds_until_ms: crl.next_update().and_then(|time| printed_ms(&time.to_string())),
    })
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
