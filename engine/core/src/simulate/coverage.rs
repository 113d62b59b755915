//! Which states and ways of a definition were never used by a set of simulations.

use std::collections::BTreeSet;

use super::{Happening, Outcome, Pass};
use crate::{
    model::Workflow,
    state::StatePath,
    ways::{self, WayId},
};

/// What simulations of one definition used so far.
#[derive(Debug, Clone, Default)]
pub struct Coverage {
    states: BTreeSet<StatePath>,
    ways: BTreeSet<WayId>,
}

impl Coverage {
    /// Adds what a simulation went through.
    pub fn add(&mut self, path: &[Happening]) {
        for happening in path {
            let Outcome::Taken { passed, .. } = &happening.outcome else { continue };
            for pass in passed {
                match pass {
                    Pass::Entered(place) => {
                        self.states.insert(place.path.clone());
                    }
                    Pass::Took { way, .. } => {
                        self.ways.insert(way.clone());
                    }
                }
            }
        }
    }

    /// Adds what others went through.
    pub fn join(&mut self, other: Self) {
        self.states.extend(other.states);
        self.ways.extend(other.ways);
    }

    /// The states that were never entered.
    #[must_use]
    pub fn missed_states(&self, workflow: &Workflow) -> Vec<StatePath> {
        ways::states(workflow).into_iter().filter(|path| !self.states.contains(path)).collect()
    }

    /// The ways that were never taken.
    #[must_use]
    pub fn missed_ways(&self, workflow: &Workflow) -> Vec<WayId> {
        ways::ways(workflow).into_iter().map(|way| way.id).filter(|id| !self.ways.contains(id)).collect()
    }
}
