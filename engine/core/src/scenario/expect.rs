//! Looks whether what a step expects is true. Everything that is not is told, each with what is there instead.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, atomic::AtomicU64},
};

use serde_json::{Value, json};

use super::{
    compare::{differ, lists},
    fault::Fault,
    model::{Expect, ItemFields, ItemIs, JobFields, JobIs, TaskFields, TaskIs, TimerIs},
    names::{Moment, Names, Unknown, duration_ms, shown, time_ms},
};
use crate::{
    Actor, Effect, State,
    diagnostic::did_you_mean,
    expr::{BUDGET, Expr, Variables},
    ids::PersonId,
    simulate::{Outcome, Simulation},
    state::{Item, ItemProgress},
    step::possible_actions,
    ways,
};

/// The state after a step, and what the step did.
pub(super) struct Look<'a> {
    pub(super) simulation: &'a Simulation<'a>,
    pub(super) names: &'a Names,
    pub(super) moment: Moment<'a>,
    /// What happened from this entry of the path on belongs to the step.
    pub(super) from: usize,
}

fn fault(key: &str, message: String, help: Option<String>) -> Fault {
    Fault { keys: vec!["expect".into(), key.into()], message, help }
}

fn inner(key: &str, name: &str, message: String, help: Option<String>) -> Fault {
    Fault { keys: vec!["expect".into(), key.into(), name.into()], message, help }
}

impl Look<'_> {
    fn state(&self) -> &State {
        self.simulation.state()
    }

    pub(super) fn all(&self, expect: &Expect) -> Vec<Fault> {
        let state = self.state();
        let mut faults = Vec::new();
        if let Some(status) = expect.status.as_deref().filter(|status| *status != state.status()) {
            let message = format!("expected the status `{status}`, but it is `{}`", state.status());
            faults.push(fault("status", message, None));
        }
        faults.extend(expect.at.as_deref().and_then(|at| self.at(at)));
        if let Some(outcome) = &expect.outcome {
            let actual = json!(state.outcome());
            if *outcome != actual {
                let message = format!("expected the outcome {outcome}, but it is {actual}");
                faults.push(fault("outcome", message, None));
            }
        }
        faults.extend(expect.tasks.as_deref().and_then(|tasks| self.tasks(tasks)));
        faults.extend(expect.jobs.as_deref().and_then(|jobs| self.jobs(jobs)));
        faults.extend(expect.started.as_deref().and_then(|jobs| self.started(jobs)));
        faults.extend(expect.timers.as_deref().and_then(|timers| self.timers(timers)));
        faults.extend(self.data("data", &expect.data, &state.scope.data));
        faults.extend(counters("counters", &expect.counters, &state.scope.counters));
        for (id, item) in &expect.items {
            faults.extend(self.item(id, item));
        }
        for (who, actions) in &expect.actions {
            faults.extend(self.actions(who, actions));
        }
        faults.extend(expect.that.iter().filter_map(|source| self.holds(source)));
        faults
    }

    fn at(&self, at: &str) -> Option<Fault> {
        let actual = self.state().at().to_string();
        if actual == at {
            return None;
        }
        let known: Vec<String> =
            ways::states(self.simulation.definition().workflow()).iter().map(ToString::to_string).collect();
        let help = if known.iter().any(|path| path == at) {
            None
        } else {
            did_you_mean(at, known.iter().map(String::as_str))
        };
        Some(fault("at", format!("expected the state `{at}`, but it is `{actual}`"), help))
    }

    fn tasks(&self, expected: &[TaskIs]) -> Option<Fault> {
        let actual: Vec<Value> = self
            .state()
            .open_tasks()
            .map(|(_, task)| {
                self.names.readable(&json!({
                    "form": task.form,
                    "by": task.assignee.to_string(),
                    "item": task.place.item,
                    "at": task.place.path.to_string(),
                }))
            })
            .collect();
        let fits = |expected: &TaskIs, actual: &Value| match expected {
            TaskIs::Form(form) => actual["form"] == form.as_str(),
            TaskIs::Task(TaskFields { form, by, item, at }) => {
                let by = by.as_ref().map(|name| format!("${}", name.trim_start_matches('$')));
                same(form.as_deref(), &actual["form"])
                    && same(by.as_deref(), &actual["by"])
                    && same(item.as_deref(), &actual["item"])
                    && same(at.as_deref(), &actual["at"])
            }
        };
        let words = |task: &Value| {
            let item = task["item"].as_str().map(|item| format!(" for {item}")).unwrap_or_default();
            let (form, by) = (text(&task["form"]), text(&task["by"]));
            format!("{form} by {}{item} in {}", by.trim_start_matches('$'), text(&task["at"]))
        };
        differ(expected, &actual, fits)
            .then(|| fault("tasks", lists("tasks", expected.len(), &actual, words), None))
    }

    fn jobs(&self, expected: &[JobIs]) -> Option<Fault> {
        let actual: Vec<Value> = self
            .state()
            .waiting_jobs()
            .map(|(key, job)| {
                self.names.readable(&json!({"key": key, "kind": job.kind, "item": job.place.item}))
            })
            .collect();
        let fits = |expected: &JobIs, actual: &Value| self.job_fits(expected, actual);
        differ(expected, &actual, fits).then(|| {
            fault("jobs", lists("jobs that are waited for", expected.len(), &actual, job_words), None)
        })
    }

    fn started(&self, expected: &[JobIs]) -> Option<Fault> {
        let since = self.simulation.path().get(self.from..).unwrap_or_default();
        let mut actual = Vec::new();
        for happening in since {
            let Outcome::Taken { effects, .. } = &happening.outcome else { continue };
            for effect in effects {
                if let Effect::StartJob(job) = effect {
                    actual.push(self.names.readable(&json!(job)));
                }
            }
        }
        let fits = |expected: &JobIs, actual: &Value| self.job_fits(expected, actual);
        differ(expected, &actual, fits).then(|| {
            let words = |job: &Value| format!("{} with {}", job_words(job), job["payload"]);
            fault("started", lists("jobs started by it", expected.len(), &actual, words), None)
        })
    }

    fn job_fits(&self, expected: &JobIs, actual: &Value) -> bool {
        match expected {
            JobIs::Named(name) => actual["key"] == name.as_str() || actual["kind"] == name.as_str(),
            JobIs::Job(JobFields { key, kind, item, payload }) => {
                same(key.as_deref(), &actual["key"])
                    && same(kind.as_deref(), &actual["kind"])
                    && same(item.as_deref(), &actual["item"])
                    && payload
                        .iter()
                        .all(|(name, value)| self.meant(value).as_ref() == Ok(&actual["payload"][name]))
            }
        }
    }

    /// An expected value, with times and variables in place, and names for ids.
    fn meant(&self, value: &Value) -> Result<Value, Unknown> {
        self.names.fill(value, &self.moment).map(|value| self.names.readable(&value))
    }

    fn timers(&self, expected: &[TimerIs]) -> Option<Fault> {
        let actual: Vec<Value> = self
            .state()
            .set_timers()
            .map(|(key, timer)| json!({"key": self.names.readable_text(key), "due": timer.due_at.as_ms()}))
            .collect();
        let fits = |expected: &TimerIs, actual: &Value| match expected {
            TimerIs::Key(key) => actual["key"] == key.as_str(),
            TimerIs::Timer(timer) => {
                let due = actual["due"].as_i64();
                let now = self.simulation.clock();
                actual["key"] == timer.key.as_str()
                    && timer.after.as_deref().is_none_or(|after| {
                        duration_ms(after).is_ok_and(|ms| due == Some(now.plus_ms(ms).as_ms()))
                    })
                    && timer
                        .at
                        .as_deref()
                        .is_none_or(|at| time_ms(at).is_ok_and(|at| due == Some(at.as_ms())))
            }
        };
        let words = |timer: &Value| {
            let due = timer["due"].as_i64().map(crate::Timestamp).map(shown).unwrap_or_default();
            format!("{} at {due}", text(&timer["key"]))
        };
        differ(expected, &actual, fits).then(|| {
            let now = shown(self.simulation.clock());
            let message = lists("timers", expected.len(), &actual, words);
            fault("timers", format!("{message}; it is {now}"), None)
        })
    }

    fn data(
        &self,
        key: &str,
        expected: &BTreeMap<String, Value>,
        actual: &BTreeMap<String, Value>,
    ) -> Vec<Fault> {
        let mut faults = Vec::new();
        for (name, value) in expected {
            let Some(is) = actual.get(name) else {
                let help = did_you_mean(name, actual.keys().map(String::as_str));
                faults.push(inner(key, name, format!("there is no variable `{name}`"), help));
                continue;
            };
            let is = self.names.readable(is);
            match self.meant(value) {
                Ok(meant) if meant == is => {}
                Ok(meant) => {
                    faults.push(inner(
                        key,
                        name,
                        format!("expected `{name}` to be {meant}, but it is {is}"),
                        None,
                    ));
                }
                Err(unknown) => faults.push(inner(key, name, unknown.message, unknown.help)),
            }
        }
        faults
    }

    fn item(&self, id: &str, expected: &ItemIs) -> Vec<Fault> {
        let state = self.state();
        let is = |item: &&Item| self.names.readable_text(&item.id) == id;
        let runs = state.each_runs();
        // Of several `each` the one that runs is meant, else the last that ran.
        let found = runs
            .iter()
            .filter(|run| run.running)
            .chain(runs.iter().rev())
            .find_map(|run| run.items.iter().find(is));
        let Some(item) = found else {
            let known: Vec<String> = runs
                .iter()
                .flat_map(|run| &run.items)
                .map(|item| self.names.readable_text(&item.id))
                .collect();
            let help = did_you_mean(id, known.iter().map(String::as_str));
            return vec![inner("items", id, format!("there is no item `{id}`"), help)];
        };
        let short;
        let fields = match expected {
            ItemIs::At(at) => {
                short = ItemFields { at: Some(at.clone()), ..ItemFields::default() };
                &short
            }
            ItemIs::Item(fields) => fields,
        };
        let mut faults = Vec::new();
        if let Some(at) = &fields.at {
            let names = progress_names(&item.progress);
            if !names.contains(at) {
                let actual = names.first().cloned().unwrap_or_default();
                let message = format!("expected the item `{id}` at `{at}`, but it is at `{actual}`");
                faults.push(inner("items", id, message, None));
            }
        }
        faults.extend(self.data("items", &fields.data, &item.scope.data));
        faults.extend(counters("items", &fields.counters, &item.scope.counters));
        faults
    }

    fn actions(&self, who: &str, expected: &BTreeSet<String>) -> Option<Fault> {
        let (name, item) = who.split_once('@').map_or((who, None), |(name, item)| (name, Some(item)));
        let id = match self.names.id(name) {
            Ok(id) => PersonId::from_uuid(id),
            Err(unknown) => return Some(inner("actions", who, unknown.message, unknown.help)),
        };
        let actor = Actor::Person { id, acting_as: None };
        let now = self.simulation.clock();
        let actual: BTreeSet<String> =
            possible_actions(self.simulation.definition(), self.state(), &actor, item, now)
                .into_iter()
                .collect();
        (actual != *expected).then(|| {
            let list = |set: &BTreeSet<String>| set.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
            let message =
                format!("expected that `{who}` can do [{}], but it is [{}]", list(expected), list(&actual));
            inner("actions", who, message, None)
        })
    }

    fn holds(&self, source: &str) -> Option<Fault> {
        let expr = Expr::new(source);
        match expr.evaluate(&Seen { state: self.state(), now: self.simulation.clock() }) {
            Ok(Value::Bool(true)) => None,
            Ok(value) => Some(fault("that", format!("expected `{source}`, but it is {value}"), None)),
            Err(error) => {
                let reason = std::error::Error::source(&error)
                    .map_or_else(|| error.to_string(), |source| format!("{error}: {source}"));
                Some(fault("that", format!("`{source}` cannot be worked out: {reason}"), None))
            }
        }
    }
}

/// The instance's variables and counters, for expressions of a scenario.
struct Seen<'a> {
    state: &'a State,
    now: crate::Timestamp,
}

impl Variables for Seen<'_> {
    fn get(&self, name: &str) -> Option<Cow<'_, Value>> {
        let count = || self.state.counter(name).map(|count| Cow::Owned(Value::from(count)));
        match name {
            "now" => Some(Cow::Owned(Value::from(self.now.as_ms()))),
            "status" => Some(Cow::Owned(Value::from(self.state.status()))),
            _ => self.state.data(name).map(Cow::Borrowed).or_else(count),
        }
    }

    fn budget(&self) -> Arc<AtomicU64> {
        Arc::new(AtomicU64::new(BUDGET))
    }

    fn draws(&self) -> Arc<AtomicU64> {
        Arc::new(AtomicU64::new(0))
    }
}

fn counters(key: &str, expected: &BTreeMap<String, u32>, actual: &BTreeMap<String, u32>) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (name, count) in expected {
        match actual.get(name) {
            Some(is) if is == count => {}
            Some(is) => {
                let message = format!("expected the counter `{name}` at {count}, but it is at {is}");
                faults.push(inner(key, name, message, None));
            }
            None => {
                let help = did_you_mean(name, actual.keys().map(String::as_str));
                faults.push(inner(key, name, format!("there is no counter `{name}`"), help));
            }
        }
    }
    faults
}

/// The names that say where an item is, the usual one first.
fn progress_names(progress: &ItemProgress) -> Vec<String> {
    match progress {
        ItemProgress::Waiting => vec!["waiting".to_owned()],
        ItemProgress::Active { path } => {
            vec![path.0.last().cloned().unwrap_or_default(), path.to_string()]
        }
        ItemProgress::Done { outcome } => vec![outcome.clone(), "done".to_owned()],
        ItemProgress::Stopped { path } => vec!["stopped".to_owned(), path.to_string()],
    }
}

fn same(expected: Option<&str>, actual: &Value) -> bool {
    expected.is_none_or(|expected| actual == expected)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn job_words(job: &Value) -> String {
    format!("{} ({})", text(&job["key"]), text(&job["kind"]))
}
