//! What a step went through: for those who draw, explain and measure definitions. Running an instance needs none of it.

use crate::{
    Effect,
    model::Transition,
    state::{Place, State},
};

/// One thing that a step went through.
#[derive(Debug, Clone)]
pub(crate) enum Passed<'a> {
    /// It took a transition of the state at `holder`.
    Took {
        holder: Place,
        transition: &'a Transition,
        /// Its counter was at the limit, so that `else` was taken.
        otherwise: bool,
    },
    /// It entered this state.
    Entered(Place),
}

/// The result of a step with the way that led to it.
#[derive(Debug, Clone)]
pub(crate) struct Stepped<'a> {
    pub(crate) state: State,
    pub(crate) effects: Vec<Effect>,
    pub(crate) passed: Vec<Passed<'a>>,
}

impl Stepped<'_> {
    pub(crate) fn into_result(self) -> (State, Vec<Effect>) {
        (self.state, self.effects)
    }
}
