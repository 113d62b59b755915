//! Taking a transition: raise, assign, start jobs, leave, enter.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    Rejection,
    run::Run,
    scope::{failed, text},
    target::{common, resolve},
    trace::Passed,
};
use crate::{
    Effect, JobRequest,
    canonical::canonical,
    expr::{self, Expr},
    model::{Each, JobStart, Transition},
    state::Place,
};

/// `to: stay` and `else: stay`.
pub(crate) const STAY: &str = "stay";

impl<'a> Run<'a> {
    /// Takes a transition of the state at `holder`.
    pub(super) fn take(&mut self, holder: &Place, transition: &'a Transition) -> Result<(), Rejection> {
        if let Some(counter) = &transition.raise
            && !self.raise(holder, counter)?
        {
            return match transition.otherwise.as_deref() {
                None => Err(Rejection::LimitReached { counter: counter.clone() }),
                Some(to) => {
                    self.passed.push(Passed::Took { holder: holder.clone(), transition, otherwise: true });
                    if to == STAY { Ok(()) } else { self.go(holder, to, Vec::new()) }
                }
            };
        }
        self.passed.push(Passed::Took { holder: holder.clone(), transition, otherwise: false });
        self.assign(holder, &transition.set)?;
        let started = self.start_jobs(holder, &transition.start)?;
        match transition.to.as_deref().filter(|to| *to != STAY) {
            Some(to) => self.go(holder, to, started),
            None => {
                self.effects.extend(started);
                Ok(())
            }
        }
    }

    fn go(&mut self, holder: &Place, to: &str, started: Vec<Effect>) -> Result<(), Rejection> {
        let Some(target) = resolve(self.workflow, &holder.path.0, to) else {
            return Err(Rejection::BrokenDefinition {
                state: holder.to_string(),
                reason: "a transition leads to no state",
            });
        };
        let depth = common(self.workflow, &holder.path.0, &target);
        // An item stays an item only while the target lies inside its `each`.
        let inside = self.workflow.each_around(&holder.path.0).is_some_and(|(len, _)| depth >= len);
        let item = holder.item.clone().filter(|_| inside);
        self.leave(item.as_deref(), depth);
        self.effects.extend(started);
        self.enter(item.as_deref(), depth, target)
    }

    /// Raises a counter; false when it is at its limit.
    fn raise(&mut self, place: &Place, name: &str) -> Result<bool, Rejection> {
        let workflow = self.workflow;
        let around = self.state.use_around(place).map(|run| run.place.path.0.clone());
        let own = self.own_each(place).and_then(|each| each.counters.get(name).copied());
        let (limit, count) = match (own, &place.item, &around) {
            (Some(limit), Some(id), _) => (
                Some(limit),
                self.state.running_item_mut(id).and_then(|item| item.scope.counters.get_mut(name)),
            ),
            (_, _, Some(path)) => (
                workflow.state(path).and_then(|state| state.frame.as_ref()?.counters.get(name).copied()),
                self.state.use_around_mut(place).and_then(|run| run.scope.counters.get_mut(name)),
            ),
            _ => (workflow.counters.get(name).copied(), self.state.scope.counters.get_mut(name)),
        };
        let (Some(limit), Some(count)) = (limit, count) else {
            return Err(Rejection::BrokenDefinition {
                state: place.to_string(),
                reason: "a counter is not declared",
            });
        };
        if *count >= limit {
            return Ok(false);
        }
        *count += 1;
        Ok(true)
    }

    /// The `each` whose item's variables are seen at `place`: none inside a definition that runs inside an item.
    fn own_each(&self, place: &Place) -> Option<&Each> {
        let outside = self.state.use_around(place).map_or(0, |run| run.place.path.0.len());
        let (depth, each) = self.workflow.each_around(&place.path.0)?;
        (depth >= outside).then_some(each)
    }

    /// Works out all values, then assigns them: to the item's own variables where it has such, else to the used
    /// definition's, else to the instance's.
    pub(super) fn assign(&mut self, place: &Place, set: &BTreeMap<String, Expr>) -> Result<(), Rejection> {
        let visible = self.visible(place);
        let values: Vec<(&String, Value)> = set
            .iter()
            .map(|(name, expr)| Ok((name, canonical(visible.value(expr)?))))
            .collect::<Result<_, Rejection>>()?;
        let own = self.own_each(place).is_some();
        for (name, value) in values {
            let item = place.item.as_deref().filter(|_| own);
            let own = item
                .and_then(|id| self.state.running_item_mut(id))
                .and_then(|item| item.scope.data.get_mut(name));
            match own {
                Some(own) => *own = value,
                None => {
                    let scope = match self.state.use_around_mut(place) {
                        Some(run) => &mut run.scope,
                        None => &mut self.state.scope,
                    };
                    scope.data.insert(name.clone(), value);
                }
            }
        }
        Ok(())
    }

    /// The jobs of a `start` list, each claimed under its key.
    pub(super) fn start_jobs(
        &mut self,
        place: &Place,
        starts: &[JobStart],
    ) -> Result<Vec<Effect>, Rejection> {
        let mut effects = Vec::new();
        for start in starts {
            let elements = match &start.list {
                None => vec![None],
                Some(list) => match self.visible(place).value(list)? {
                    Value::Array(elements) => elements.into_iter().map(Some).collect(),
                    _ => return Err(failed(list.source(), expr::Error::NotA("list"))),
                },
            };
            for element in &elements {
                let mut visible = self.visible(place);
                visible.local =
                    element.as_ref().map(|value| (start.name.as_deref().unwrap_or("item"), value));
                if let Some(guard) = &start.guard
                    && !visible.holds(guard)?
                {
                    continue;
                }
                let named = start.key.as_ref().map(|key| visible.fill(key)).transpose()?;
                let payload = start
                    .payload
                    .iter()
                    .map(|(name, template)| Ok((name.clone(), visible.fill(template)?)))
                    .collect::<Result<Value, Rejection>>()?;
                let key = self.claim_key(place, named, start.key.as_ref().map(text))?;
                let item = place.item.clone();
                effects.push(Effect::StartJob(JobRequest { key, kind: start.kind.clone(), payload, item }));
            }
        }
        Ok(effects)
    }
}
