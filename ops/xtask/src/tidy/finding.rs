//! One thing found, as it is printed.

use std::fmt;

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weight {
    /// Worth a look; does not fail.
    Look,
    /// Must be mended.
    Wrong,
}

/// One thing found. They sort with the weightiest last, where a terminal shows them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Finding {
    pub(super) weight: Weight,
    pub(super) file: String,
    pub(super) line: usize,
    /// What was found.
    pub(super) what: String,
    /// Why that is bad.
    pub(super) why: &'static str,
    /// What to do.
    pub(super) mend: &'static str,
}

impl Finding {
    /// Something that must be mended. `advice` is why, and the mend.
    pub(super) fn wrong(
        file: &str,
        line: usize,
        what: impl Into<String>,
        advice: (&'static str, &'static str),
    ) -> Self {
        let (why, mend) = advice;
        Self { weight: Weight::Wrong, file: file.to_owned(), line, what: what.into(), why, mend }
    }

    /// Something worth a look.
    pub(super) fn look(
        file: &str,
        line: usize,
        what: impl Into<String>,
        advice: (&'static str, &'static str),
    ) -> Self {
        Self { weight: Weight::Look, ..Self::wrong(file, line, what, advice) }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { weight, file, line, what, why, mend } = self;
        let weight = match weight {
            Weight::Look => "look",
            Weight::Wrong => "wrong",
        };
        write!(f, "{file}:{line}: {weight}: {what}\n    why: {why}\n    mend: {mend}")
    }
}
