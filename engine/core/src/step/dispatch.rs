//! Which transition an event takes: from the innermost state outwards, the first whose conditions hold.

use serde_json::Value;

use super::{Rejection, run::Run, scope::Visible, target::is_use, transition::STAY};
use crate::{
    Actor, Event, EventId, EventKind, Timestamp,
    definition::Definition,
    ids::PersonId,
    model::{Timer, Transition},
    state::{ItemProgress, Place, SetTimer, State, StatePath},
};

/// The event that a state raises itself when its inner states, or enough of its items, have ended.
pub(crate) const DONE: &str = "done";

/// Why the transitions seen so far were not taken; the first reason is the one to tell.
#[derive(Default)]
struct Refusals {
    guard: Option<String>,
    wrong_person: bool,
}

impl<'a> Run<'a> {
    /// Somebody does something.
    pub(super) fn action(&mut self, name: &str, item: Option<&str>) -> Result<(), Rejection> {
        let workflow = self.workflow;
        let holders = holders_of_action(&self.state, item)?;
        let mut refusals = Refusals::default();
        for holder in &holders {
            let Some(transitions) = workflow.transitions(&holder.path.0, name) else { continue };
            for transition in transitions {
                let visible = self.visible(holder);
                let Some(allowed) = may(&visible, transition)? else { continue };
                if !allowed {
                    refusals.wrong_person = true;
                    continue;
                }
                if let Some(guard) = &transition.guard
                    && !visible.holds(guard)?
                {
                    refusals.guard.get_or_insert_with(|| guard.source().to_owned());
                    continue;
                }
                return self.take(holder, transition);
            }
        }
        Err(match refusals {
            Refusals { guard: Some(guard), .. } => Rejection::GuardRefused { guard },
            Refusals { wrong_person: true, .. } => Rejection::WrongPerson { action: name.to_owned() },
            Refusals { .. } => Rejection::UnknownActionHere {
                action: name.chars().take(64).collect(),
                state: holders.first().map(Place::to_string).unwrap_or_default(),
            },
        })
    }

    /// A job that is waited for has ended.
    pub(super) fn job_result(&mut self, key: &str, outcome: &str) -> Result<(), Rejection> {
        if !matches!(self.event.actor, Actor::Worker | Actor::System) {
            return Err(Rejection::WrongPerson { action: outcome.to_owned() });
        }
        let Some(job) = self.state.jobs.remove(key) else {
            return Err(Rejection::JobNotWaitedFor { key: key.to_owned() });
        };
        // What happens in a used definition is no outcome of anything outside it.
        let inside = self.state.use_around(&job.place).map_or(0, |run| run.place.path.0.len());
        let mut holders = outwards(&self.state, &job.place);
        holders.retain(|holder| holder.path.0.len() >= inside);
        match self.find(&holders, outcome)? {
            Some((holder, transition)) => self.take(&holder, transition),
            None => Err(Rejection::UnknownOutcome { key: key.to_owned(), outcome: outcome.to_owned() }),
        }
    }

    /// A timer is due.
    pub(super) fn timer_fired(&mut self, key: &str, generation: u64) -> Result<(), Rejection> {
        let stale = || Rejection::StaleTimer { key: key.to_owned() };
        if !matches!(self.event.actor, Actor::Clock | Actor::System) {
            return Err(Rejection::WrongPerson { action: key.to_owned() });
        }
        if self.state.timers.get(key).is_none_or(|timer| timer.generation != generation) {
            return Err(stale());
        }
        let Some(fired) = self.state.timers.remove(key) else { return Err(stale()) };
        let workflow = self.workflow;
        let Some(timer) = workflow.timer(&fired.place.path.0, &fired.name) else {
            return Err(self.broken(&fired.place.path.0));
        };
        let then = &timer.then;
        let holds = match &then.guard {
            Some(guard) => self.visible(&fired.place).holds(guard)?,
            None => true,
        };
        let count = fired.fired.saturating_add(1);
        if !(holds && leads_away(then))
            && timer.limit.is_none_or(|limit| count < limit)
            && let Some(due_at) = self.next_due(timer, &fired)?
        {
            self.set_timer(&fired.place, &fired.name, due_at, count);
        }
        if holds { self.take(&fired.place, then) } else { Ok(()) }
    }

    /// When a timer that has fired comes again, if it does: missed times are not made up for.
    fn next_due(&self, timer: &Timer, fired: &SetTimer) -> Result<Option<Timestamp>, Rejection> {
        let now = self.event.at;
        if let Some(daily) = &timer.daily {
            return Ok(daily.next_after(now.max(fired.due_at)));
        }
        let Some(every) = &timer.every else { return Ok(None) };
        let every_ms = every.as_ms().map_err(|_| self.broken(&fired.place.path.0))?.max(1);
        // A whole number of periods after the last.
        let behind = now.as_ms().saturating_sub(fired.due_at.as_ms()).max(0);
        Ok(Some(fired.due_at.plus_ms(every_ms.saturating_mul(behind / every_ms + 1))))
    }

    /// A decision state: the first branch whose condition holds.
    pub(super) fn decide(&mut self, place: &Place) -> Result<(), Rejection> {
        if !self.state.is_in(place) {
            return Ok(());
        }
        let workflow = self.workflow;
        let Some(state) = workflow.state(&place.path.0) else { return Err(self.broken(&place.path.0)) };
        for transition in &state.always {
            let holds = match &transition.guard {
                Some(guard) => self.visible(place).holds(guard)?,
                None => true,
            };
            if holds {
                return self.take(place, transition);
            }
        }
        Err(Rejection::BrokenDefinition {
            state: place.to_string(),
            reason: "no branch of the decision holds",
        })
    }

    /// A final state was entered: of the instance, of an item, or of a state with inner states.
    pub(super) fn ended(&mut self, place: &Place, outcome: String) -> Result<(), Rejection> {
        if !self.state.is_in(place) {
            return Ok(());
        }
        let around = place.path.0.len().saturating_sub(1);
        if let (Some(id), Some((depth, _))) = (&place.item, self.workflow.each_around(&place.path.0))
            && depth == around
        {
            return self.item_ended(id, depth, outcome);
        }
        if around > 0 {
            let path = StatePath(place.path.0.get(..around).unwrap_or_default().to_vec());
            let place = Place { path, item: place.item.clone() };
            if is_use(self.workflow, &place.path.0) {
                return self.use_ended(&place, &outcome);
            }
            return self.done(&place);
        }
        let at = self.state.at.clone();
        // Everything is left, the timers of the whole workflow too; where it ended stays visible.
        self.leave(None, 0);
        let keys: Vec<String> = self.state.timers.keys().cloned().collect();
        self.state.timers.clear();
        self.effects.extend(keys.into_iter().map(|key| crate::Effect::CancelTimer { key }));
        self.state.at = at;
        self.state.outcome = Some(outcome.clone());
        self.due.clear();
        self.effects.push(crate::Effect::Finish { outcome });
        Ok(())
    }

    /// The inner states of `place`, or enough of its items, have ended.
    pub(super) fn done(&mut self, place: &Place) -> Result<(), Rejection> {
        if !self.state.is_in(place) {
            return Ok(());
        }
        match self.find(std::slice::from_ref(place), DONE)? {
            Some((holder, transition)) => self.take(&holder, transition),
            None => Err(Rejection::BrokenDefinition {
                state: place.to_string(),
                reason: "nothing follows `done`",
            }),
        }
    }

    /// The first transition for a job's outcome or for `done` whose condition holds. Those with `by` are for persons
    /// and never found here; those of task states neither, as nothing runs inside a task.
    pub(super) fn find(
        &self,
        holders: &[Place],
        event: &str,
    ) -> Result<Option<(Place, &'a Transition)>, Rejection> {
        let workflow = self.workflow;
        for holder in holders {
            let Some(transitions) = workflow.transitions(&holder.path.0, event) else { continue };
            for transition in transitions.iter().filter(|transition| transition.by.is_none()) {
                let holds = match &transition.guard {
                    Some(guard) => self.visible(holder).holds(guard)?,
                    None => true,
                };
                if holds {
                    return Ok(Some((holder.clone(), transition)));
                }
            }
        }
        Ok(None)
    }
}

/// Whether the actor may take this transition; none when it is no action at all.
fn may(visible: &Visible<'_>, transition: &Transition) -> Result<Option<bool>, Rejection> {
    let person = match visible.actor {
        Actor::Person { id, .. } => Some(*id),
        Actor::System | Actor::Clock | Actor::Worker | Actor::Operator { .. } => None,
    };
    let Some(by) = &transition.by else {
        if visible.state.incidents.values().any(|incident| incident.place == *visible.place) {
            return Ok(Some(matches!(visible.actor, Actor::Operator { .. })));
        }
        let mut assignees = visible
            .state
            .tasks
            .values()
            .filter(|task| task.place == *visible.place)
            .map(|task| task.assignee);
        // A task for several persons is open once for each of them.
        return Ok(assignees
            .next()
            .map(|first| person.is_some_and(|id| id == first || assignees.any(|other| other == id))));
    };
    let is_actor = |value: &Value| {
        let named: Option<PersonId> = value.as_str().and_then(|id| id.parse().ok());
        person.is_some() && named == person
    };
    Ok(Some(match visible.value(by)? {
        Value::Bool(allowed) => allowed,
        Value::Array(people) => people.iter().any(is_actor),
        value => is_actor(&value),
    }))
}

/// Whether taking it certainly leaves the state.
fn leads_away(transition: &Transition) -> bool {
    transition.raise.is_none() && transition.to.as_deref().is_some_and(|to| to != STAY)
}

/// The states that an action may find a transition in, innermost first: of the item, then of the instance.
fn holders_of_action(state: &State, item: Option<&str>) -> Result<Vec<Place>, Rejection> {
    let at = Place { path: state.at.clone(), item: None };
    let Some(id) = item else { return Ok(outwards(state, &at)) };
    let unknown = || Rejection::UnknownItem { item: id.chars().take(64).collect() };
    let item = state.running_item(id).ok_or_else(unknown)?;
    Ok(match &item.progress {
        ItemProgress::Active { path } => {
            outwards(state, &Place { path: path.clone(), item: Some(id.to_owned()) })
        }
        ItemProgress::Waiting | ItemProgress::Done { .. } | ItemProgress::Stopped { .. } => {
            outwards(state, &at)
        }
    })
}

/// `place` and every state around it up to the whole workflow; those outside its `each` are the instance's.
fn outwards(state: &State, place: &Place) -> Vec<Place> {
    let inside = state.running().map_or(0, |run| run.path.0.len());
    (0..=place.path.0.len())
        .rev()
        .map(|len| Place {
            path: StatePath(place.path.0.get(..len).unwrap_or_default().to_vec()),
            item: place.item.clone().filter(|_| len > inside),
        })
        .collect()
}

/// The actions that this person could take now, for pages that show buttons: who may do it is checked, what he would
/// enter is not known yet. Sorted.
#[must_use]
pub fn possible_actions(
    def: &Definition,
    state: &State,
    actor: &Actor,
    item: Option<&str>,
    now: Timestamp,
) -> Vec<String> {
    let kind = EventKind::Started;
    let event = Event { id: EventId(String::new()), at: now, random: 0, actor: actor.clone(), kind };
    let run = Run::new(def, state, &event, &Value::Null);
    let Ok(holders) =
        holders_of_action(state, item).map(|holders| if state.is_final() { Vec::new() } else { holders })
    else {
        return Vec::new();
    };
    let mut names: Vec<String> = Vec::new();
    for holder in &holders {
        let on = match def.workflow().state(&holder.path.0) {
            Some(inner) => &inner.on,
            None => &def.workflow().on,
        };
        for (name, transitions) in on {
            let visible = run.visible(holder);
            if transitions.iter().any(|transition| matches!(may(&visible, transition), Ok(Some(true)))) {
                names.push(name.clone());
            }
        }
    }
    names.sort();
    names.dedup();
    names
}
