//! Why a step was refused: which rule, in words that a person's page and a log can use.

use crate::expr;

/// A step that was refused. The state is unchanged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// The instance has ended.
    #[error("the instance has ended")]
    Finished,
    /// Nothing here is waiting for this action.
    #[error("`{action}` is not possible in `{state}`")]
    UnknownActionHere {
        /// What was tried.
        action: String,
        /// Where the instance or the item is.
        state: String,
    },
    /// Somebody else may do it.
    #[error("`{action}` is for somebody else")]
    WrongPerson {
        /// What was tried.
        action: String,
    },
    /// The definition's condition is not met.
    #[error("the condition `{guard}` is not met")]
    GuardRefused {
        /// The condition, as written.
        guard: String,
    },
    /// The counter is at its limit.
    #[error("the limit of `{counter}` is reached")]
    LimitReached {
        /// Which.
        counter: String,
    },
    /// The instance has no such item now.
    #[error("there is no item `{item}` now")]
    UnknownItem {
        /// Its id.
        item: String,
    },
    /// No state waits for this job (any more).
    #[error("no state waits for the job `{key}`")]
    JobNotWaitedFor {
        /// The job's key.
        key: String,
    },
    /// The job reported something that the definition does not know.
    #[error("the definition does not say what follows `{outcome}` of the job `{key}`")]
    UnknownOutcome {
        /// The job's key.
        key: String,
        /// What it reported.
        outcome: String,
    },
    /// The timer was cancelled or set anew.
    #[error("the timer `{key}` was cancelled or set anew")]
    StaleTimer {
        /// The timer's key.
        key: String,
    },
    /// Data that is larger than an instance may keep.
    #[error("{what} is larger than allowed ({limit})")]
    DataTooLarge {
        /// What.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// An expression of the definition has no value here.
    #[error("`{expression}` cannot be worked out")]
    ExpressionFailed {
        /// As written.
        expression: String,
        /// Why.
        #[source]
        source: expr::Error,
    },
    /// The definition asks for a job under a key that it used before.
    #[error("the job key `{key}` was used before")]
    JobKeyUsed {
        /// The key.
        key: String,
    },
    /// The input is not what the definition asks for.
    #[error("the input is not usable: {reason}")]
    BadInput {
        /// Why.
        reason: String,
    },
    /// The state belongs to another definition.
    #[error("the state belongs to another definition")]
    WrongDefinition,
    /// The definition goes round in circles.
    #[error("more than {limit} transitions in one step")]
    TooManyTransitions {
        /// The limit.
        limit: u32,
    },
    /// The definition leads nowhere; loading refuses such definitions.
    #[error("the definition is broken at `{state}`: {reason}")]
    BrokenDefinition {
        /// Where.
        state: String,
        /// What is missing.
        reason: &'static str,
    },
}

impl Rejection {
    /// A stable name of the rule, for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::UnknownActionHere { .. } => "unknown_action_here",
            Self::WrongPerson { .. } => "wrong_person",
            Self::GuardRefused { .. } => "guard_refused",
            Self::LimitReached { .. } => "limit_reached",
            Self::UnknownItem { .. } => "unknown_item",
            Self::JobNotWaitedFor { .. } => "job_not_waited_for",
            Self::UnknownOutcome { .. } => "unknown_outcome",
            Self::StaleTimer { .. } => "stale_timer",
            Self::DataTooLarge { .. } => "data_too_large",
            Self::ExpressionFailed { .. } => "expression_failed",
            Self::JobKeyUsed { .. } => "job_key_used",
            Self::BadInput { .. } => "bad_input",
            Self::WrongDefinition => "wrong_definition",
            Self::TooManyTransitions { .. } => "too_many_transitions",
            Self::BrokenDefinition { .. } => "broken_definition",
        }
    }

    /// Whether the event came too late to matter: a job or timer that nobody waits for any more. It is no error; the
    /// store ignores it.
    #[must_use]
    pub const fn is_stale(&self) -> bool {
        matches!(self, Self::JobNotWaitedFor { .. } | Self::StaleTimer { .. })
    }
}
