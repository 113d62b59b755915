//! Runs a definition without a database: a clock that is moved by hand, chosen answers, and a seed in place of chance,
//! so that the same script always takes the same path.

mod choice;
mod coverage;

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{
    Actor, Definition, Effect, Event, EventId, EventKind, Rejection, State, Timestamp,
    state::{ItemProgress, Place, StatePath},
    step::{
        self,
        trace::{Passed, Stepped},
    },
    ways::{self, WayId},
};

pub use choice::{Choice, choices};
pub use coverage::Coverage;

/// How often timers may fire in one move of the clock: enough for an hour of seconds, and an end to a loop.
pub const FIRINGS_MAX: usize = 10_000;

/// How a simulation begins.
#[derive(Debug, Clone)]
pub struct Begin {
    /// What the instance is started with.
    pub input: Value,
    /// Who starts it.
    pub actor: Actor,
    /// The clock's first time.
    pub at: Timestamp,
    /// Stands for chance.
    pub seed: u64,
}

/// One thing that an event went through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pass {
    /// It took this way, for an item of an `each` or for the instance.
    Took {
        /// Which.
        way: WayId,
        /// For which item.
        item: Option<String>,
    },
    /// It entered this state.
    Entered(Place),
}

/// What came of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// A step was taken.
    Taken {
        /// What it went through, in order.
        passed: Vec<Pass>,
        /// What it asks the store for.
        effects: Vec<Effect>,
    },
    /// An event with this id was there before; nothing changes.
    Repeated,
    /// A rule refuses it; nothing changes.
    Refused(Rejection),
}

/// An event and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happening {
    /// What happened.
    pub event: Event,
    /// What came of it.
    pub outcome: Outcome,
    /// The instance's status afterwards.
    pub status: String,
    /// The instance's state afterwards.
    pub at: StatePath,
}

/// Why the clock was not moved as far as it should.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClockError {
    /// The clock only goes forward.
    #[error("the clock goes forward only")]
    Backwards,
    /// A timer's own step is refused.
    #[error("the timer `{key}` fires and is refused")]
    Refused {
        /// The timer's key.
        key: String,
        /// Why.
        #[source]
        source: Rejection,
    },
    /// More than [`FIRINGS_MAX`] timers are due.
    #[error("more than {FIRINGS_MAX} timers are due until then")]
    TooMany,
}

/// An instance that is simulated.
#[derive(Debug, Clone)]
pub struct Simulation<'d> {
    def: &'d Definition,
    state: State,
    clock: Timestamp,
    chance: u64,
    events: u64,
    seen: BTreeSet<EventId>,
    path: Vec<Happening>,
}

impl<'d> Simulation<'d> {
    /// Starts an instance.
    ///
    /// # Errors
    /// When the definition refuses the input.
    pub fn start(def: &'d Definition, begin: Begin) -> Result<Self, Rejection> {
        let Begin { input, actor, at, seed } = begin;
        let mut chance = seed;
        let event = Event {
            id: EventId("1".to_owned()),
            at,
            random: draw(&mut chance),
            actor,
            kind: EventKind::Started,
        };
        let stepped = step::start_traced(def, input, &event)?;
        let passed = named(def, &stepped);
        let (state, effects) = stepped.into_result();
        let mut simulation = Self {
            def,
            state,
            clock: at,
            chance,
            events: 1,
            seen: BTreeSet::from([event.id.clone()]),
            path: Vec::new(),
        };
        simulation.tell(event, Outcome::Taken { passed, effects });
        Ok(simulation)
    }

    /// What is run.
    #[must_use]
    pub const fn definition(&self) -> &'d Definition {
        self.def
    }

    /// Where it stands.
    #[must_use]
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// What time it is.
    #[must_use]
    pub const fn clock(&self) -> Timestamp {
        self.clock
    }

    /// Everything that happened, what was refused too.
    #[must_use]
    pub fn path(&self) -> &[Happening] {
        &self.path
    }

    /// Something happens now.
    pub fn happen(&mut self, actor: Actor, kind: EventKind) -> Outcome {
        self.events += 1;
        let id = EventId(self.events.to_string());
        let event = Event { id, at: self.clock, random: draw(&mut self.chance), actor, kind };
        self.deliver(event)
    }

    /// An event is delivered; one whose id is known changes nothing, as in the store.
    pub fn deliver(&mut self, event: Event) -> Outcome {
        let outcome = if self.seen.contains(&event.id) {
            Outcome::Repeated
        } else {
            match step::step_traced(self.def, &self.state, &event) {
                Ok(stepped) => {
                    let passed = named(self.def, &stepped);
                    let (state, effects) = stepped.into_result();
                    self.state = state;
                    self.seen.insert(event.id.clone());
                    Outcome::Taken { passed, effects }
                }
                Err(rejection) => Outcome::Refused(rejection),
            }
        };
        self.tell(event, outcome.clone());
        outcome
    }

    /// Moves the clock; the timers that are due until then fire, each at its time. Tells how many.
    ///
    /// # Errors
    /// [`ClockError`]; the clock then stands where it came to.
    pub fn advance_to(&mut self, at: Timestamp) -> Result<usize, ClockError> {
        if at < self.clock {
            return Err(ClockError::Backwards);
        }
        let mut fired = 0;
        while let Some((key, generation, due_at)) = self.next_due().filter(|(.., due_at)| *due_at <= at) {
            if fired == FIRINGS_MAX {
                return Err(ClockError::TooMany);
            }
            fired += 1;
            self.clock = self.clock.max(due_at);
            let kind = EventKind::TimerFired { key: key.clone(), generation };
            if let Outcome::Refused(source) = self.happen(Actor::Clock, kind) {
                return Err(ClockError::Refused { key, source });
            }
        }
        self.clock = at;
        Ok(fired)
    }

    /// The timer that is due next: its key, its generation and its time.
    #[must_use]
    pub fn next_due(&self) -> Option<(String, u64, Timestamp)> {
        self.state
            .set_timers()
            .min_by_key(|(key, timer)| (timer.due_at, *key))
            .map(|(key, timer)| (key.to_owned(), timer.generation, timer.due_at))
    }

    fn tell(&mut self, event: Event, outcome: Outcome) {
        let (status, at) = (self.state.status().to_owned(), self.state.at().clone());
        self.path.push(Happening { event, outcome, status, at });
    }
}

/// What a step went through, by name.
fn named(def: &Definition, stepped: &Stepped<'_>) -> Vec<Pass> {
    let workflow = def.workflow();
    let name = |passed: &Passed<'_>| match passed {
        Passed::Entered(place) => Some(Pass::Entered(place.clone())),
        Passed::Took { holder, transition, otherwise } => {
            let way = ways::name_of(workflow, &holder.path, transition, *otherwise)?;
            Some(Pass::Took { way, item: holder.item.clone() })
        }
    };
    stepped.passed.iter().filter_map(name).collect()
}

/// The next number of a sequence that a seed fixes (SplitMix64).
fn draw(chance: &mut u64) -> u64 {
    *chance = chance.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *chance;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Where the instance and its running items are, innermost states only.
pub(crate) fn active_places(state: &State) -> Vec<Place> {
    let mut places = vec![Place { path: state.at().clone(), item: None }];
    for item in state.running().into_iter().flat_map(|run| &run.items) {
        if let ItemProgress::Active { path } = &item.progress {
            places.push(Place { path: path.clone(), item: Some(item.id.clone()) });
        }
    }
    places
}
