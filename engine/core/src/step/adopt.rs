//! A running instance under a definition that it was not started with: what the new definition says of the states that
//! the instance is in.

use super::{run::Run, scope::text};
use crate::{
    Effect, Event, Rejection, State, TimerRequest,
    definition::Definition,
    ids::PersonId,
    migrate::Reason,
    state::{OpenTask, Place},
};

use serde_json::Value;

/// A state whose places are already those of the new definition.
#[derive(Debug, Clone)]
pub(crate) struct Adopted {
    pub(crate) state: State,
    /// What was dropped so far.
    pub(crate) effects: Vec<Effect>,
    /// The keys of timers that are known under another key.
    pub(crate) moved: Vec<String>,
    /// Timers that only the new definition has.
    pub(crate) fresh: Vec<(Place, String)>,
}

/// Goes on with the instance under `def`.
pub(crate) fn adopt(
    def: &Definition,
    adopted: Adopted,
    event: &Event,
) -> Result<(State, Vec<Effect>), Vec<Reason>> {
    let Adopted { state, effects, moved, fresh } = adopted;
    let mut run = Run::new(def, &state, event, &Value::Null);
    run.effects = effects;
    let mut reasons = run.requirements();
    reasons.extend(run.jobs_under_way());
    reasons.extend(run.tasks_under_way());
    run.timers_moved(&moved);
    for (place, name) in &fresh {
        if let Err(rejection) = run.timer_begins(place, name) {
            reasons.push(Reason::at(place, rejection.code(), rejection.to_string()));
        }
    }
    if !reasons.is_empty() {
        return Err(reasons);
    }
    if let Some(status) = State::status_of(def.workflow(), &run.state.at) {
        run.state.status = status.to_owned();
    }
    run.settle()
        .map(super::Stepped::into_result)
        .map_err(|rejection| vec![Reason::new(rejection.code(), rejection.to_string())])
}

impl Run<'_> {
    /// What the new definition requires of every instance.
    fn requirements(&self) -> Vec<Reason> {
        let place = Place::default();
        let against = |condition: &crate::expr::Expr| match self.visible(&place).holds(condition) {
            Ok(true) => None,
            Ok(false) => {
                let message = format!("the condition `{}` is not met", condition.source());
                Some(Reason::new("guard_refused", message))
            }
            Err(rejection) => Some(Reason::new(rejection.code(), rejection.to_string())),
        };
        self.workflow.require.iter().filter_map(against).collect()
    }

    /// A job that was asked for must be the one that the new definition would ask for.
    fn jobs_under_way(&self) -> Vec<Reason> {
        let mut reasons = Vec::new();
        for (key, waiting) in &self.state.jobs {
            let place = &waiting.place;
            let Some(job) = self.workflow.state(&place.path.0).and_then(|state| state.job.as_ref()) else {
                reasons.push(Reason::at(place, "other_kind", "the new state has no job"));
                continue;
            };
            let same = match &job.key {
                // `#` marks the keys that the engine makes itself.
                None => key.contains('#'),
                Some(template) => self.visible(place).fill(template).is_ok_and(|value| value == key.as_str()),
            };
            if !same {
                let named = job.key.as_ref().map_or_else(|| "a key of its own".to_owned(), text);
                let message =
                    format!("the job `{key}` is under way, but the new definition would name it {named}");
                reasons.push(Reason::at(place, "other_job", message));
            }
        }
        reasons
    }

    /// A task stays open under its key where form and person agree; else it is closed, and the new one opened.
    fn tasks_under_way(&mut self) -> Vec<Reason> {
        let mut reasons = Vec::new();
        let open: Vec<(String, OpenTask)> =
            self.state.tasks.iter().map(|(key, task)| (key.clone(), task.clone())).collect();
        for (key, open) in open {
            let place = &open.place;
            let workflow = self.workflow;
            let Some(task) = workflow.state(&place.path.0).and_then(|state| state.task.as_ref()) else {
                reasons.push(Reason::at(place, "other_kind", "the new state has no task"));
                continue;
            };
            let assignee: Option<PersonId> = match self.visible(place).value(&task.assignee) {
                Ok(value) => value.as_str().and_then(|text| text.parse().ok()),
                Err(rejection) => {
                    reasons.push(Reason::at(place, rejection.code(), rejection.to_string()));
                    continue;
                }
            };
            if open.form == task.form && assignee == Some(open.assignee) {
                if let Some(open) = self.state.tasks.get_mut(&key) {
                    open.methods.clone_from(&task.methods);
                }
                continue;
            }
            self.state.tasks.remove(&key);
            self.effects.push(Effect::CloseTask { key });
            if let Err(rejection) = self.open_task(place, task) {
                reasons.push(Reason::at(place, rejection.code(), rejection.to_string()));
            }
        }
        reasons
    }

    /// Timers under a new key are set anew for the time that they had.
    fn timers_moved(&mut self, keys: &[String]) {
        for key in keys {
            let generation = self.next_serial();
            if let Some(timer) = self.state.timers.get_mut(key) {
                timer.generation = generation;
                let due_at = timer.due_at;
                self.effects.push(Effect::SetTimer(TimerRequest { key: key.clone(), generation, due_at }));
            }
        }
    }

    fn timer_begins(&mut self, place: &Place, name: &str) -> Result<(), Rejection> {
        let workflow = self.workflow;
        let Some(timer) = workflow.timer(&place.path.0, name) else {
            return Err(self.broken(&place.path.0));
        };
        if let Some(due_at) = self.first_due(place, timer)? {
            self.set_timer(place, name, due_at, 0);
        }
        Ok(())
    }
}
