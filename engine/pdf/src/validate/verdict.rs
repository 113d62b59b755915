//! Why: the words of ETSI EN 319 102-1, so that a report can be held against any other validator's.

use std::fmt;

use openssl::error::ErrorStack;
use serde::{Deserialize, Serialize};

/// The verdict on one signature (ETSI EN 319 102-1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Verdict {
    /// All checks passed.
    #[serde(rename = "TOTAL-PASSED")]
    TotalPassed,
    /// The signature is wrong, or the file was changed.
    #[serde(rename = "TOTAL-FAILED")]
    TotalFailed,
    /// Neither can be said, for instance because the issuer is not trusted.
    #[serde(rename = "INDETERMINATE")]
    Indeterminate,
}

/// The class of the reason for which a signature did not pass (ETSI EN 319 102-1, 5.1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SubIndication {
    /// The signature is not as the standard has it, or what was added to the file is not allowed.
    FormatFailure,
    /// What was signed was changed.
    HashFailure,
    /// The value does not belong to the certificate.
    SigCryptoFailure,
    /// The signer's certificate is not there.
    NoSigningCertificateFound,
    /// Nobody who is trusted issued it.
    NoCertificateChainFound,
    /// It, or one of its chain, is not for this.
    ChainConstraintsFailure,
    /// An algorithm is not accepted, or a key is too short.
    CryptoConstraintsFailure,
    /// The certificate was not in force, and nothing proves the signature at another time.
    OutOfBoundsNoPoe,
    /// The certificate was revoked, and nothing proves the signature before.
    RevokedNoPoe,
    /// An issuer's certificate was, and nothing proves the signature before.
    RevokedCaNoPoe,
    /// Whether it was revoked cannot be found out now.
    TryLater,
}

impl SubIndication {
    /// ETSI's word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FormatFailure => "FORMAT_FAILURE",
            Self::HashFailure => "HASH_FAILURE",
            Self::SigCryptoFailure => "SIG_CRYPTO_FAILURE",
            Self::NoSigningCertificateFound => "NO_SIGNING_CERTIFICATE_FOUND",
            Self::NoCertificateChainFound => "NO_CERTIFICATE_CHAIN_FOUND",
            Self::ChainConstraintsFailure => "CHAIN_CONSTRAINTS_FAILURE",
            Self::CryptoConstraintsFailure => "CRYPTO_CONSTRAINTS_FAILURE",
            Self::OutOfBoundsNoPoe => "OUT_OF_BOUNDS_NO_POE",
            Self::RevokedNoPoe => "REVOKED_NO_POE",
            Self::RevokedCaNoPoe => "REVOKED_CA_NO_POE",
            Self::TryLater => "TRY_LATER",
        }
    }
}

impl fmt::Display for SubIndication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a signature did not pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) verdict: Verdict,
    pub(crate) sub_indication: SubIndication,
    pub(crate) reason: String,
}

impl Fault {
    pub(crate) fn failed(sub_indication: SubIndication, reason: impl Into<String>) -> Self {
        Self { verdict: Verdict::TotalFailed, sub_indication, reason: reason.into() }
    }

    pub(crate) fn indeterminate(sub_indication: SubIndication, reason: impl Into<String>) -> Self {
        Self { verdict: Verdict::Indeterminate, sub_indication, reason: reason.into() }
    }

    /// Something that should be readable is not.
    pub(crate) fn openssl(source: ErrorStack) -> Self {
        Self::failed(SubIndication::FormatFailure, format!("a certificate or key cannot be read: {source}"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::SubIndication;

    #[test]
    fn the_word_is_the_same_in_reports() {
        for one in
            [SubIndication::FormatFailure, SubIndication::OutOfBoundsNoPoe, SubIndication::RevokedCaNoPoe]
        {
            assert_eq!(json!(one), json!(one.as_str()));
        }
    }
}
