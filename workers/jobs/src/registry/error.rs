//! How an attempt can end without a result, sorted by what comes next.

use std::{error::Error, fmt::Write as _};

use sealflow_core::Timestamp;
use sealflow_pdf::confined;
use sealflow_store::jobs::Provider;

/// An attempt without a result. The texts are for operators and are kept: no personal data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JobError {
    /// It surely did not happen; try again later.
    #[error("{error}")]
    Retry {
        /// Why.
        error: String,
        /// Not before this time, when the vendor said so.
        not_before: Option<Timestamp>,
    },
    /// It may have happened; the next attempt asks first.
    #[error("{error}")]
    Unknown {
        /// Why it is not known.
        error: String,
    },
    /// The provider asked for a rest: it gets it from all jobs that call it, and the attempt does not count.
    #[error("{error}")]
    Throttled {
        /// Who.
        provider: Provider,
        /// How long, when it said so, in milliseconds.
        rest_ms: Option<i64>,
        /// What it said.
        error: String,
    },
    /// Not possible before a known time; no failure, the attempt does not count.
    #[error("{reason}")]
    Wait {
        /// When.
        until: Timestamp,
        /// Why.
        reason: String,
    },
    /// Another attempt would not help: a person must look.
    #[error("{reason}")]
    GiveUp {
        /// Why.
        reason: String,
    },
    /// Somebody else has the job: stop at once, nothing is reported.
    #[error("the job is no longer leased to this worker")]
    LeaseLost,
    /// The process is stopping: the job goes back.
    #[error("the worker is stopping")]
    Stopped,
}

impl JobError {
    /// Try again later; `error` is told with its causes.
    #[must_use]
    pub fn retry(error: &(dyn Error + 'static)) -> Self {
        Self::Retry { error: chain(error), not_before: None }
    }

    /// Ask first, then perhaps try again; `error` is told with its causes.
    #[must_use]
    pub fn unknown(error: &(dyn Error + 'static)) -> Self {
        Self::Unknown { error: chain(error) }
    }

    /// The provider asked for a rest; `error` is told with its causes.
    #[must_use]
    pub fn throttled(provider: Provider, rest_ms: Option<i64>, error: &(dyn Error + 'static)) -> Self {
        Self::Throttled { provider, rest_ms, error: chain(error) }
    }

    /// Give up; `error` is told with its causes.
    #[must_use]
    pub fn give_up(error: &(dyn Error + 'static)) -> Self {
        Self::GiveUp { reason: chain(error) }
    }

    /// A document that cannot be opened stays so; a child process that cannot be run is another matter.
    #[must_use]
    pub fn from_confined(error: confined::Error) -> Self {
        match &error {
            confined::Error::Read(_) | confined::Error::Prepare(_) | confined::Error::Sign(_) => {
                Self::give_up(&error)
            }
            _ => Self::retry(&error),
        }
    }
}

impl From<sealflow_store::Error> for JobError {
    fn from(error: sealflow_store::Error) -> Self {
        Self::retry(&error)
    }
}

/// An error with its causes in one line.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        // Writing to a text cannot fail.
        let _ = write!(text, ": {error}");
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("the gateway cannot be reached")]
    struct Outer(#[source] std::fmt::Error);

    #[test]
    fn an_error_is_told_with_its_causes() {
        let expected = format!("the gateway cannot be reached: {}", std::fmt::Error);
        assert_eq!(
            JobError::retry(&Outer(std::fmt::Error)),
            JobError::Retry { error: expected, not_before: None }
        );
    }
}
