//! A scenario on its way: what a step does, to a simulation whose clock and names are the scenario's.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    STEPS_MAX, Scenario,
    expect::Look,
    fault::Fault,
    model::{JobEnds, Refused, Step},
    names::{Moment, Names, duration_ms, shown, time_ms},
};
use crate::{
    Actor, Definition, EventKind, Rejection, Timestamp,
    diagnostic::did_you_mean,
    ids::{OrganizationId, PersonId},
    simulate::{Begin, ClockError, Outcome, Simulation},
};

/// A scenario that is being run.
pub(super) struct Play<'d> {
    pub(super) simulation: Simulation<'d>,
    pub(super) names: Names,
    start: Timestamp,
}

impl<'d> Play<'d> {
    /// None when the start was refused, as it should be.
    pub(super) fn start(def: &'d Definition, scenario: &Scenario) -> Result<Option<Self>, Vec<Fault>> {
        let one = |fault: Fault| vec![fault];
        if scenario.steps.len() > STEPS_MAX {
            return Err(one(Fault::at("steps", format!("more than {STEPS_MAX} steps"))));
        }
        let mut names = Names::default();
        let input = json!(scenario.input);
        names.collect(&input);
        scenario.people.iter().for_each(|name| names.add(name));
        let start = time_ms(&scenario.at).map_err(|unknown| one(Fault::unknown("at", unknown)))?;
        let moment = Moment { start, now: start, scope: None };
        let input = names.fill(&input, &moment).map_err(|unknown| one(Fault::unknown("input", unknown)))?;
        let actor = match &scenario.by {
            None => Actor::System,
            Some(name) => actor(&names, name, None).map_err(one)?,
        };
        let started = Simulation::start(def, Begin { input, actor, at: start, seed: scenario.seed });
        let simulation = match (started, &scenario.refused) {
            (Ok(simulation), None) => simulation,
            (Ok(_), Some(refused)) => {
                let message =
                    format!("expected the start to be refused as `{}`, but it is taken", refused.code());
                return Err(one(Fault::at("refused", message)));
            }
            (Err(rejection), Some(refused)) => {
                let fault = wrong_rule(refused, &rejection, &names);
                if fault.is_none() && !scenario.steps.is_empty() {
                    return Err(one(Fault::at("steps", "nothing follows a start that is refused")));
                }
                return fault.map_or(Ok(None), |fault| Err(one(fault)));
            }
            (Err(rejection), None) => {
                return Err(one(Fault::at(
                    "input",
                    format!("the start is refused: {}", told(&rejection, &names)),
                )));
            }
        };
        let play = Self { simulation, names, start };
        let faults = scenario.expect.as_ref().map(|expect| play.look(0).all(expect)).unwrap_or_default();
        if faults.is_empty() { Ok(Some(play)) } else { Err(faults) }
    }

    /// Looks at the state, and at what happened since the path had `from` entries.
    fn look(&self, from: usize) -> Look<'_> {
        Look { simulation: &self.simulation, names: &self.names, moment: self.moment(), from }
    }

    fn moment(&self) -> Moment<'_> {
        Moment::of(self.start, self.simulation.clock(), self.simulation.state())
    }

    pub(super) fn step(&mut self, step: &Step) -> Vec<Fault> {
        let from = self.simulation.path().len();
        if let Err(fault) = self.act(step) {
            return vec![fault];
        }
        step.expect.as_ref().map(|expect| self.look(from).all(expect)).unwrap_or_default()
    }

    fn act(&mut self, step: &Step) -> Result<(), Fault> {
        check_form(step)?;
        if let Some(action) = &step.action {
            let (actor, kind) = self.action(action, step)?;
            return self.one(step, "do", actor, kind);
        }
        if let Some(job) = &step.job {
            let kind = self.job_result(job)?;
            return self.one(step, "job", Actor::Worker, kind);
        }
        if let Some(duration) = &step.advance {
            let ms = duration_ms(duration).map_err(|unknown| Fault::unknown("advance", unknown))?;
            let to = self.simulation.clock().plus_ms(ms);
            return self.clock(step, "advance", to);
        }
        if let Some(to) = &step.advance_to {
            let to = self.moment_of(to)?;
            return self.clock(step, "advance_to", to);
        }
        Ok(())
    }

    fn action(&self, action: &str, step: &Step) -> Result<(Actor, EventKind), Fault> {
        let Some(by) = &step.by else {
            return Err(Fault {
                help: Some("say who: `by: <name>`".to_owned()),
                ..Fault::at("do", "nobody does it")
            });
        };
        let actor = actor(&self.names, by, step.acting_as.as_deref())?;
        let item = step.item.as_ref().map(|item| self.item(item)).transpose()?;
        let data = self.data(step.data.as_ref(), "data")?;
        Ok((actor, EventKind::Action { name: action.to_owned(), item, data }))
    }

    fn data(&self, data: Option<&Value>, key: &str) -> Result<Value, Fault> {
        let Some(data) = data else { return Ok(json!({})) };
        self.names.fill(data, &self.moment()).map_err(|unknown| Fault::unknown(key, unknown))
    }

    /// Items may be named like persons.
    fn item(&self, item: &str) -> Result<String, Fault> {
        match item.strip_prefix('$') {
            Some(name) => {
                let id = self.names.id(name).map_err(|unknown| Fault::unknown("item", unknown))?;
                Ok(id.to_string())
            }
            None => Ok(item.to_owned()),
        }
    }

    fn job_result(&self, job: &JobEnds) -> Result<EventKind, Fault> {
        let data = self.data(job.data.as_ref(), "job")?;
        let key = match (&job.key, &job.kind) {
            (Some(key), None) => self.key_named(key),
            (None, Some(kind)) => self.only_job_of(kind, job.item.as_deref())?,
            (Some(_), Some(_)) | (None, None) => {
                return Err(Fault::at("job", "a job is named by its `key`, or by its `kind`"));
            }
        };
        Ok(EventKind::JobResult { key, outcome: job.outcome.clone(), data })
    }

    /// The key as the engine has it: names in it stand for ids.
    fn key_named(&self, key: &str) -> String {
        let state = self.simulation.state();
        let waiting = state.waiting_jobs().map(|(other, _)| other);
        let known = waiting.into_iter().find(|other| self.names.readable_text(other) == key);
        known.unwrap_or(key).to_owned()
    }

    fn only_job_of(&self, kind: &str, item: Option<&str>) -> Result<String, Fault> {
        let item = item.map(|item| self.item(item)).transpose()?;
        let state = self.simulation.state();
        let keys: Vec<&str> = state
            .waiting_jobs()
            .filter(|(_, job)| job.kind == kind && (item.is_none() || job.place.item == item))
            .map(|(key, _)| key)
            .collect();
        match keys.as_slice() {
            [key] => Ok((*key).to_owned()),
            [] => Err(Fault {
                help: did_you_mean(kind, state.waiting_jobs().map(|(_, job)| job.kind.as_str())),
                ..Fault::at("job", format!("no job of the kind `{kind}` is waited for"))
            }),
            _ => Err(Fault {
                help: Some(format!("name one by its key: {}", keys.join(", "))),
                ..Fault::at("job", format!("{} jobs of the kind `{kind}` are waited for", keys.len()))
            }),
        }
    }

    fn moment_of(&self, to: &str) -> Result<Timestamp, Fault> {
        let timers: BTreeMap<String, Timestamp> = self
            .simulation
            .state()
            .set_timers()
            .map(|(key, timer)| (self.names.readable_text(key), timer.due_at))
            .collect();
        if let Some(due_at) = timers.get(to) {
            return Ok((*due_at).max(self.simulation.clock()));
        }
        time_ms(to).map_err(|_| Fault {
            help: did_you_mean(to, timers.keys().map(String::as_str))
                .or_else(|| Some("a time has an offset: 2026-03-02T09:00:00+08:00".to_owned())),
            ..Fault::at("advance_to", format!("`{to}` is no time, and no timer with this key is set"))
        })
    }

    /// Delivers one event, and once more where the step asks for it.
    fn one(&mut self, step: &Step, key: &str, actor: Actor, kind: EventKind) -> Result<(), Fault> {
        let before = self.simulation.state().clone();
        let outcome = self.simulation.happen(actor, kind);
        match (&outcome, &step.refused) {
            (Outcome::Refused(rejection), None) => {
                return Err(Fault {
                    help: self.possible(step),
                    ..Fault::at(key, format!("it is refused: {}", told(rejection, &self.names)))
                });
            }
            (Outcome::Refused(rejection), Some(refused)) => {
                if let Some(fault) = wrong_rule(refused, rejection, &self.names) {
                    return Err(fault);
                }
            }
            (_, Some(refused)) => {
                let message = format!("expected it to be refused as `{}`, but it is taken", refused.code());
                return Err(Fault::at("refused", message));
            }
            (_, None) => {}
        }
        if step.refused.is_some() && *self.simulation.state() != before {
            return Err(Fault::at("refused", "what is refused must change nothing"));
        }
        if step.again { self.again() } else { Ok(()) }
    }

    /// The last event once more: with its id it is a repetition; and a job's result or a timer that comes under another
    /// id is late. Neither changes anything.
    fn again(&mut self) -> Result<(), Fault> {
        let Some(last) = self.simulation.path().last().map(|happening| happening.event.clone()) else {
            return Ok(());
        };
        let before = self.simulation.state().clone();
        let refused =
            self.simulation.path().last().is_some_and(|last| matches!(last.outcome, Outcome::Refused(_)));
        let repeated = self.simulation.deliver(last.clone());
        if !refused && repeated != Outcome::Repeated {
            return Err(Fault::at("again", "the second delivery is not seen as one"));
        }
        if let EventKind::JobResult { .. } | EventKind::TimerFired { .. } = last.kind {
            let late = self.simulation.happen(last.actor, last.kind);
            if !matches!(&late, Outcome::Refused(rejection) if rejection.is_stale()) {
                return Err(Fault::at("again", "the second delivery is taken once more"));
            }
        }
        if *self.simulation.state() == before {
            Ok(())
        } else {
            Err(Fault::at("again", "the second delivery changes something"))
        }
    }

    fn clock(&mut self, step: &Step, key: &str, to: Timestamp) -> Result<(), Fault> {
        let moved = self.simulation.advance_to(to);
        match (moved, &step.refused) {
            (Err(ClockError::Refused { source, .. }), Some(refused)) => {
                wrong_rule(refused, &source, &self.names).map_or(Ok(()), Err)
            }
            (Err(error @ ClockError::Refused { .. }), None) => {
                let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
                Err(Fault::at(key, format!("{error}: {source}")))
            }
            (Err(error), _) => {
                Err(Fault::at(key, format!("{error}: it is {}", shown(self.simulation.clock()))))
            }
            (Ok(_), Some(refused)) => {
                let message = format!("expected a timer to be refused as `{}`, but none is", refused.code());
                Err(Fault::at("refused", message))
            }
            (Ok(0), None) if step.again => Err(Fault::at("again", "no timer fires until then")),
            (Ok(_), None) => {
                if step.again {
                    self.again()
                } else {
                    Ok(())
                }
            }
        }
    }

    /// What the person of this step could do instead.
    fn possible(&self, step: &Step) -> Option<String> {
        let action = step.action.as_ref()?;
        let actor = actor(&self.names, step.by.as_ref()?, None).ok()?;
        let state = self.simulation.state();
        let item = step.item.as_ref().map(|item| self.item(item)).transpose().ok()?;
        let possible = crate::possible_actions(
            self.simulation.definition(),
            state,
            &actor,
            item.as_deref(),
            self.simulation.clock(),
        );
        if possible.iter().any(|other| other == action) {
            return None;
        }
        let whose = step.by.as_deref().unwrap_or_default();
        if possible.is_empty() {
            return Some(format!("{whose} can do nothing now; the instance is in `{}`", state.at()));
        }
        did_you_mean(action, possible.iter().map(String::as_str))
            .or_else(|| Some(format!("{whose} can do: {}", possible.join(", "))))
    }
}

fn check_form(step: &Step) -> Result<(), Fault> {
    let kinds = [
        ("do", step.action.is_some()),
        ("job", step.job.is_some()),
        ("advance", step.advance.is_some()),
        ("advance_to", step.advance_to.is_some()),
    ];
    let given: Vec<&str> = kinds.iter().filter(|(_, given)| *given).map(|(name, _)| *name).collect();
    if let [_, second, ..] = given.as_slice() {
        return Err(Fault::at(second, format!("`{}` are two steps", given.join("` and `"))));
    }
    let only_for_do = [
        ("by", step.by.is_some()),
        ("item", step.item.is_some()),
        ("acting_as", step.acting_as.is_some()),
        ("data", step.data.is_some()),
    ];
    if step.action.is_none()
        && let Some((name, _)) = only_for_do.iter().find(|(_, given)| *given)
    {
        return Err(Fault::at(name, format!("`{name}` belongs to `do`")));
    }
    if given.is_empty() && (step.refused.is_some() || step.again) {
        return Err(Fault::at("refused", "nothing is done that could be refused or come again"));
    }
    if given.is_empty() && step.expect.is_none() {
        return Err(Fault::at("note", "nothing is done and nothing is expected"));
    }
    Ok(())
}

fn actor(names: &Names, name: &str, acting_as: Option<&str>) -> Result<Actor, Fault> {
    if name == "system" {
        return Ok(Actor::System);
    }
    let id = names.id(name).map_err(|unknown| Fault::unknown("by", unknown))?;
    let organization = acting_as
        .map(|name| names.id(name).map_err(|unknown| Fault::unknown("acting_as", unknown)))
        .transpose()?;
    let acting_as = organization.map(OrganizationId::from_uuid);
    Ok(Actor::Person { id: PersonId::from_uuid(id), acting_as })
}

/// A rejection in words, with names in the place of ids.
fn told(rejection: &Rejection, names: &Names) -> String {
    let mut text = names.readable_text(&rejection.to_string());
    if let Some(source) = std::error::Error::source(rejection) {
        text = format!("{text}: {source}");
    }
    format!("{text} (`{}`)", rejection.code())
}

fn wrong_rule(refused: &Refused, rejection: &Rejection, names: &Names) -> Option<Fault> {
    let said = told(rejection, names);
    if refused.code() != rejection.code() {
        let message = format!("expected it to be refused as `{}`, but {said}", refused.code());
        return Some(Fault::at("refused", message));
    }
    let part = refused.contains()?;
    if said.contains(part) {
        return None;
    }
    Some(Fault::at("refused", format!("expected the refusal to say {part:?}, but {said}")))
}
