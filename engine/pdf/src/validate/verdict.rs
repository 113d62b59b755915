//! Why: the words of ETSI EN 319 102-1, so that a report can be held against any other validator's.

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

/// Why a signature did not pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) verdict: Verdict,
    pub(crate) sub_indication: &'static str,
    pub(crate) reason: String,
}

impl Fault {
    pub(crate) fn failed(sub_indication: &'static str, reason: impl Into<String>) -> Self {
        Self { verdict: Verdict::TotalFailed, sub_indication, reason: reason.into() }
    }

    pub(crate) fn indeterminate(sub_indication: &'static str, reason: impl Into<String>) -> Self {
        Self { verdict: Verdict::Indeterminate, sub_indication, reason: reason.into() }
    }

    /// Something that should be readable is not.
    pub(crate) fn openssl(source: ErrorStack) -> Self {
        Self::failed("FORMAT_FAILURE", format!("a certificate or key cannot be read: {source}"))
    }
}
