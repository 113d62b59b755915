//! One step in the making: the state as it changes, the effects so far, and what is still to be worked off.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, atomic::AtomicU64},
};

use serde_json::Value;

use super::{DATA_BYTES_MAX, Rejection, Stepped, TRANSITIONS_MAX, check_size, scope::Visible, trace::Passed};
use crate::{
    Effect, Event,
    canonical::canonical,
    definition::Definition,
    expr,
    model::Workflow,
    state::{Place, Scope, State, StatePath},
};

/// The status until a state says otherwise.
const STATUS_AT_FIRST: &str = "in_progress";

/// What follows from entering states, without waiting for anything.
#[derive(Debug)]
pub(super) enum Consequence {
    /// A decision state was entered.
    Decide(Place),
    /// A final state was entered.
    Ended { place: Place, outcome: String },
    /// Enough items of the `each` at this path have ended.
    EachDone(Place),
}

pub(super) struct Run<'a> {
    pub(super) workflow: &'a Workflow,
    pub(super) event: &'a Event,
    pub(super) event_data: Value,
    pub(super) state: State,
    pub(super) effects: Vec<Effect>,
    pub(super) due: VecDeque<Consequence>,
    /// What it went through, in order.
    pub(super) passed: Vec<Passed<'a>>,
    draws: Arc<AtomicU64>,
    /// What the loops of its expressions may still spend.
    budget: Arc<AtomicU64>,
}

impl<'a> Run<'a> {
    pub(super) fn new(def: &'a Definition, state: &State, event: &'a Event, data: &Value) -> Self {
        Self {
            workflow: def.workflow(),
            event,
            event_data: data.clone(),
            state: state.clone(),
            effects: Vec::new(),
            due: VecDeque::new(),
            passed: Vec::new(),
            draws: Arc::new(AtomicU64::new(event.random)),
            budget: Arc::new(AtomicU64::new(expr::BUDGET)),
        }
    }

    pub(super) fn start(
        def: &'a Definition,
        input: Value,
        event: &'a Event,
    ) -> Result<Stepped<'a>, Rejection> {
        let workflow = def.workflow();
        let Value::Object(input) = input else {
            return Err(Rejection::BadInput { reason: "it is no object".to_owned() });
        };
        let mut scope = first_scope(&workflow.data, &workflow.counters);
        for name in &workflow.input {
            if !input.contains_key(name) {
                return Err(Rejection::BadInput { reason: format!("`{name}` is missing") });
            }
        }
        for (name, value) in input {
            if !workflow.input.contains(&name) {
                let name: String = name.chars().take(64).collect();
                return Err(Rejection::BadInput { reason: format!("`{name}` is not asked for") });
            }
            scope.data.insert(name, value);
        }
        let state = State {
            definition: def.hash().clone(),
            status: STATUS_AT_FIRST.to_owned(),
            outcome: None,
            at: StatePath::default(),
            scope,
            each: Vec::new(),
            uses: Vec::new(),
            tasks: Default::default(),
            incidents: Default::default(),
            jobs: Default::default(),
            timers: Default::default(),
            used_keys: Default::default(),
            serial: 0,
            started_at: event.at,
            changed_at: event.at,
        };
        let mut run = Self::new(def, &state, event, &Value::Null);
        for condition in &workflow.require {
            if !run.visible(&Place::default()).holds(condition)? {
                return Err(Rejection::GuardRefused { guard: condition.source().to_owned() });
            }
        }
        run.set_timers(&Place::default())?;
        run.enter(None, 0, vec![workflow.initial.clone()])?;
        run.settle()
    }

    /// Works off what follows, and hands out the result.
    pub(super) fn settle(mut self) -> Result<Stepped<'a>, Rejection> {
        let mut transitions = 0;
        while let Some(consequence) = self.due.pop_front() {
            transitions += 1;
            if transitions > TRANSITIONS_MAX {
                return Err(Rejection::TooManyTransitions { limit: TRANSITIONS_MAX });
            }
            match consequence {
                Consequence::Decide(place) => self.decide(&place)?,
                Consequence::Ended { place, outcome } => self.ended(&place, outcome)?,
                Consequence::EachDone(place) => self.done(&place)?,
            }
        }
        self.check_data()?;
        self.state.changed_at = self.event.at;
        Ok(Stepped { state: self.state, effects: self.effects, passed: self.passed })
    }

    /// What expressions at `place` see.
    pub(super) fn visible<'v>(&'v self, place: &'v Place) -> Visible<'v> {
        Visible {
            workflow: self.workflow,
            state: &self.state,
            place,
            event_data: &self.event_data,
            actor: &self.event.actor,
            now: self.event.at,
            draws: &self.draws,
            budget: &self.budget,
            local: None,
        }
    }

    /// A number that this instance never used before.
    pub(super) fn next_serial(&mut self) -> u64 {
        self.state.serial += 1;
        self.state.serial
    }

    fn check_data(&self) -> Result<(), Rejection> {
        let state = &self.state;
        let items = state.each.iter().flat_map(|run| &run.items);
        let scopes = std::iter::once(&state.scope).chain(state.uses.iter().map(|run| &run.scope));
        let values = items
            .clone()
            .map(|item| &item.value)
            .chain(scopes.chain(items.map(|item| &item.scope)).flat_map(|scope| scope.data.values()));
        let mut bytes = 0_usize;
        for value in values {
            bytes = bytes.saturating_add(check_size("the instance's data", value)?);
        }
        if bytes > DATA_BYTES_MAX {
            return Err(Rejection::DataTooLarge { what: "the instance's data", limit: DATA_BYTES_MAX });
        }
        Ok(())
    }
}

/// Variables and counters as a definition declares them.
pub(super) fn first_scope(data: &BTreeMap<String, Value>, counters: &BTreeMap<String, u32>) -> Scope {
    Scope {
        data: data.iter().map(|(name, value)| (name.clone(), canonical(value.clone()))).collect(),
        counters: counters.keys().map(|name| (name.clone(), 0)).collect(),
    }
}
