//! Why: people who are no cryptographers read the report, so each verdict is also told in plain words.

mod chinese;
mod english;

pub use self::{chinese::chinese, english::english};

/// The sub-indications of ETSI EN 319 102-1 that the validator gives; each has words in both languages.
#[cfg(test)]
const SUB_INDICATIONS: [&str; 11] = [
    "FORMAT_FAILURE",
    "HASH_FAILURE",
    "SIG_CRYPTO_FAILURE",
    "NO_SIGNING_CERTIFICATE_FOUND",
    "NO_CERTIFICATE_CHAIN_FOUND",
    "CHAIN_CONSTRAINTS_FAILURE",
    "CRYPTO_CONSTRAINTS_FAILURE",
    "OUT_OF_BOUNDS_NO_POE",
    "REVOKED_NO_POE",
    "REVOKED_CA_NO_POE",
    "TRY_LATER",
];
