//! Leaving and entering states, with everything that begins and ends there.

use serde_json::Value;

use super::{
    ASSIGNEES_MAX, ITEM_ID_BYTES_MAX, JOB_KEY_BYTES_MAX, JOB_KEYS_MAX, Rejection,
    run::{Consequence, Run},
    scope::{failed, text},
    trace::Passed,
};
use crate::{
    Effect, IncidentRequest, JobRequest, TaskRequest, TimerRequest, Timestamp,
    daily::absolute,
    expr::{self, Expr},
    ids::PersonId,
    model::{DEADLINE, Incident, Job, StateDef, Task, Timer},
    state::{ItemProgress, OpenIncident, OpenTask, Place, SetTimer, State, StatePath, WaitingJob},
};

/// The longest reason of an incident that is kept, in characters.
const REASON_CHARS_MAX: usize = 500;

impl Run<'_> {
    /// Leaves every state deeper than `depth`: of one item, or of the instance with all items.
    pub(super) fn leave(&mut self, item: Option<&str>, depth: usize) {
        let left = |place: &Place| {
            place.path.0.len() > depth && item.is_none_or(|item| place.item.as_deref() == Some(item))
        };
        let mut ended: Vec<(usize, Effect)> = Vec::new();
        self.state.tasks.retain(|key, task| {
            let leaves = left(&task.place);
            if leaves {
                ended.push((task.place.path.0.len(), Effect::CloseTask { key: key.clone() }));
            }
            !leaves
        });
        self.state.incidents.retain(|key, incident| {
            let leaves = left(&incident.place);
            if leaves {
                ended.push((incident.place.path.0.len(), Effect::CloseIncident { key: key.clone() }));
            }
            !leaves
        });
        self.state.uses.retain(|run| !left(&run.place));
        self.state.jobs.retain(|key, job| {
            let leaves = left(&job.place);
            if leaves {
                ended.push((job.place.path.0.len(), Effect::CancelJob { key: key.clone() }));
            }
            !leaves
        });
        self.state.timers.retain(|key, timer| {
            let leaves = left(&timer.place);
            if leaves {
                ended.push((timer.place.path.0.len(), Effect::CancelTimer { key: key.clone() }));
            }
            !leaves
        });
        // Innermost first; the sort is stable, so that ties keep their order.
        ended.sort_by_key(|(depth, _)| std::cmp::Reverse(*depth));
        self.effects.extend(ended.into_iter().map(|(_, effect)| effect));
        match item {
            Some(item) => {
                if let Some(ItemProgress::Active { path }) =
                    self.state.running_item_mut(item).map(|item| &mut item.progress)
                {
                    path.0.truncate(depth);
                }
            }
            None => {
                self.stop_each(depth);
                self.state.at.0.truncate(depth);
            }
        }
    }

    /// Enters `target` from the state at `depth` names above it, and then its first inner states.
    pub(super) fn enter(
        &mut self,
        item: Option<&str>,
        depth: usize,
        mut target: Vec<String>,
    ) -> Result<(), Rejection> {
        let mut depth = depth;
        loop {
            if depth == target.len() {
                let Some(state) = self.workflow.state(&target) else { return Err(self.broken(&target)) };
                match state.inner().filter(|_| state.each.is_none()) {
                    Some((first, _)) => target.push(first.to_owned()),
                    None => break,
                }
            }
            depth += 1;
            let path = StatePath(target.get(..depth).unwrap_or_default().to_vec());
            self.move_to(item, &path);
            self.enter_one(&Place { path, item: item.map(str::to_owned) })?;
        }
        if item.is_none()
            && let Some(status) = State::status_of(self.workflow, &self.state.at)
        {
            self.state.status = status.to_owned();
        }
        Ok(())
    }

    fn move_to(&mut self, item: Option<&str>, path: &StatePath) {
        match item {
            None => self.state.at = path.clone(),
            Some(id) => {
                if let Some(item) = self.state.running_item_mut(id) {
                    item.progress = ItemProgress::Active { path: path.clone() };
                }
            }
        }
    }

    fn enter_one(&mut self, place: &Place) -> Result<(), Rejection> {
        let Some(state) = self.workflow.state(&place.path.0) else { return Err(self.broken(&place.path.0)) };
        self.passed.push(Passed::Entered(place.clone()));
        if let Some(frame) = &state.frame {
            self.open_use(place, frame)?;
        }
        if let Some(enter) = &state.enter {
            self.assign(place, &enter.set)?;
            let started = self.start_jobs(place, &enter.start)?;
            self.effects.extend(started);
        }
        self.set_timers(place)?;
        match state {
            StateDef { task: Some(task), .. } => self.open_task(place, task),
            StateDef { job: Some(job), .. } => self.start_waited_job(place, job),
            StateDef { incident: Some(incident), .. } => self.open_incident(place, incident),
            StateDef { each: Some(each), .. } => self.enter_each(place, each),
            StateDef { finish: Some(outcome), .. } => {
                self.due.push_back(Consequence::Ended { place: place.clone(), outcome: outcome.clone() });
                Ok(())
            }
            state if !state.always.is_empty() => {
                self.due.push_back(Consequence::Decide(place.clone()));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Opens the task for its assignee, or for each of several persons: any of them may do it.
    pub(super) fn open_task(&mut self, place: &Place, task: &Task) -> Result<(), Rejection> {
        let not_a_person = || failed(task.assignee.source(), expr::Error::NotA("person's id"));
        let people = match self.visible(place).value(&task.assignee)? {
            Value::Array(people) if (1..=ASSIGNEES_MAX).contains(&people.len()) => people,
            Value::Array(_) => {
                return Err(failed(task.assignee.source(), expr::Error::NotA("list of 1 to 50 persons")));
            }
            person => vec![person],
        };
        let mut assignees: Vec<PersonId> = Vec::with_capacity(people.len());
        for person in people {
            let person: PersonId =
                person.as_str().and_then(|text| text.parse().ok()).ok_or_else(not_a_person)?;
            if !assignees.contains(&person) {
                assignees.push(person);
            }
        }
        let due_at = self.state.timers.get(&timer_key(place, DEADLINE)).map(|timer| timer.due_at);
        for assignee in assignees {
            let key = format!("{place}#{}", self.next_serial());
            self.effects.push(Effect::OpenTask(TaskRequest {
                key: key.clone(),
                form: task.form.clone(),
                assignee,
                item: place.item.clone(),
                due_at,
            }));
            let methods = task.methods.clone();
            let open = OpenTask {
                place: place.clone(),
                form: task.form.clone(),
                assignee,
                methods,
                since: self.event.at,
                due_at,
            };
            self.state.tasks.insert(key, open);
        }
        Ok(())
    }

    fn open_incident(&mut self, place: &Place, incident: &Incident) -> Result<(), Rejection> {
        let reason = match self.visible(place).fill(&incident.reason)? {
            Value::String(reason) => reason.chars().take(REASON_CHARS_MAX).collect::<String>(),
            _ => return Err(failed(&text(&incident.reason), expr::Error::NotA("text"))),
        };
        let key = format!("{place}#{}", self.next_serial());
        self.effects.push(Effect::OpenIncident(IncidentRequest {
            key: key.clone(),
            reason: reason.clone(),
            item: place.item.clone(),
        }));
        let incident = OpenIncident { place: place.clone(), reason, since: self.event.at };
        self.state.incidents.insert(key, incident);
        Ok(())
    }

    fn start_waited_job(&mut self, place: &Place, job: &Job) -> Result<(), Rejection> {
        let visible = self.visible(place);
        let named = job.key.as_ref().map(|key| visible.fill(key)).transpose()?;
        let payload = job
            .payload
            .iter()
            .map(|(name, template)| Ok((name.clone(), visible.fill(template)?)))
            .collect::<Result<Value, Rejection>>()?;
        let key = self.claim_key(place, named, job.key.as_ref().map(text))?;
        self.effects.push(Effect::StartJob(JobRequest {
            key: key.clone(),
            kind: job.kind.clone(),
            payload,
            item: place.item.clone(),
        }));
        self.state
            .jobs
            .insert(key, WaitingJob { place: place.clone(), kind: job.kind.clone(), since: self.event.at });
        Ok(())
    }

    /// The key of a job: as the definition names it, and then never twice; else one of its own.
    pub(super) fn claim_key(
        &mut self,
        place: &Place,
        named: Option<Value>,
        source: Option<String>,
    ) -> Result<String, Rejection> {
        let Some(named) = named else { return Ok(format!("{place}#{}", self.next_serial())) };
        let bad = |what| failed(source.as_deref().unwrap_or_default(), expr::Error::NotA(what));
        let Value::String(key) = named else { return Err(bad("text")) };
        // `#` marks the keys that the engine makes itself.
        if key.is_empty() || key.len() > JOB_KEY_BYTES_MAX || key.contains('#') {
            return Err(bad("job key of 1 to 200 bytes without #"));
        }
        if self.state.used_keys.len() >= JOB_KEYS_MAX {
            return Err(Rejection::DataTooLarge { what: "the number of jobs", limit: JOB_KEYS_MAX });
        }
        if !self.state.used_keys.insert(key.clone()) {
            return Err(Rejection::JobKeyUsed { key });
        }
        Ok(key)
    }

    /// Sets the timers of the state that is being entered.
    pub(super) fn set_timers(&mut self, place: &Place) -> Result<(), Rejection> {
        let workflow = self.workflow;
        for (name, timer) in workflow.timers(&place.path.0) {
            if let Some(due_at) = self.first_due(place, timer)? {
                self.set_timer(place, name, due_at, 0);
            }
        }
        Ok(())
    }

    pub(super) fn first_due(&self, place: &Place, timer: &Timer) -> Result<Option<Timestamp>, Rejection> {
        if let Some(at) = &timer.at {
            return match absolute(at.source()) {
                Some(Ok(literal)) => Ok(Some(literal)),
                Some(Err(_)) => Err(self.broken(&place.path.0)),
                None => self.worked_out(place, at),
            };
        }
        if let Some(daily) = &timer.daily {
            return Ok(daily.next_after(self.event.at));
        }
        let duration = timer.after.as_ref().or(timer.every.as_ref());
        match duration.map(crate::duration::Duration::as_ms) {
            Some(Ok(ms)) => Ok(Some(self.event.at.plus_ms(ms))),
            Some(Err(_)) | None => Err(self.broken(&place.path.0)),
        }
    }

    fn worked_out(&self, place: &Place, at: &Expr) -> Result<Option<Timestamp>, Rejection> {
        match self.visible(place).value(at)? {
            Value::Null => Ok(None),
            value => match value.as_i64() {
                Some(ms) => Ok(Some(Timestamp(ms))),
                None => Err(failed(at.source(), expr::Error::NotA("time in milliseconds"))),
            },
        }
    }

    pub(super) fn set_timer(&mut self, place: &Place, name: &str, due_at: Timestamp, fired: u32) {
        let key = timer_key(place, name);
        let generation = self.next_serial();
        self.effects.push(Effect::SetTimer(TimerRequest { key: key.clone(), generation, due_at }));
        let timer = SetTimer { place: place.clone(), name: name.to_owned(), generation, due_at, fired };
        self.state.timers.insert(key, timer);
    }

    pub(super) fn broken(&self, path: &[String]) -> Rejection {
        Rejection::BrokenDefinition {
            state: path.join("/"),
            reason: "the state or its inner state is missing",
        }
    }
}

fn timer_key(place: &Place, name: &str) -> String {
    format!("{place}:{name}")
}

/// An item's id must be a short text: it becomes part of keys.
pub(super) fn is_item_id(id: &str) -> bool {
    (1..=ITEM_ID_BYTES_MAX).contains(&id.len())
        && id.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}
