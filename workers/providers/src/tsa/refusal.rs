//! Why an authority does not stamp (`PKIStatusInfo` of RFC 3161, 2.4.2), and whether it may later.

use std::fmt;

use der::asn1::BitString;

/// `PKIStatus`: the answer comes later.
const WAITING: u8 = 3;
/// `timeNotAvailable`: its clock is away.
const TIME_NOT_AVAILABLE: usize = 14;
/// `systemFailure`
const SYSTEM_FAILURE: usize = 25;
/// `PKIFailureInfo` by its bits.
const NAMES: [(usize, &str); 8] = [
    (0, "badAlg"),
    (2, "badRequest"),
    (5, "badDataFormat"),
    (TIME_NOT_AVAILABLE, "timeNotAvailable"),
    (15, "unacceptedPolicy"),
    (16, "unacceptedExtension"),
    (17, "addInfoNotAvailable"),
    (SYSTEM_FAILURE, "systemFailure"),
];

/// What the authority says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// 2 rejection, 3 waiting, 4 and 5 revocation.
    status: u8,
    /// The bits of `PKIFailureInfo` that are set.
    failures: Vec<usize>,
}

impl Refusal {
    pub(super) fn new(status: u8, fail_info: Option<&BitString>) -> Self {
        let bits = fail_info.into_iter().flat_map(BitString::bits);
        let failures = bits.enumerate().filter(|(_, is_set)| *is_set).map(|(bit, _)| bit).collect();
        Self { status, failures }
    }

    /// The authority is out of order, and will stamp the same query later.
    pub(super) fn is_for_now(&self) -> bool {
        let out_of_order = |bit: &usize| [TIME_NOT_AVAILABLE, SYSTEM_FAILURE].contains(bit);
        self.status == WAITING || self.failures.iter().any(out_of_order)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "status {}", self.status)?;
        for bit in &self.failures {
            match NAMES.iter().find(|(known, _)| known == bit) {
                Some((_, name)) => write!(f, ", {name}")?,
                None => write!(f, ", failure {bit}")?,
            }
        }
        Ok(())
    }
}
