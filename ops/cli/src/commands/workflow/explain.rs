//! `sealflow workflow explain`: where an instance stands and why.

use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use sealflow_core::{
    Definition, Timestamp, Wait,
    explain::{Next, explain, next},
    scenario::shown,
    ways::Cause,
};
use sealflow_store::{
    Store, Subject, definitions,
    instances::{self, Instance},
    jobs::{self, JobSummary},
    refusals::{self, Refusal},
    timers::{self, Timer},
};
use serde_json::{Value, json};

use crate::{cli::Explain, config::Config, platform};

/// How many refusals are told.
const REFUSALS_SHOWN: usize = 10;

/// Everything that is known of one instance.
struct Story {
    instance: Instance,
    definition: Definition,
    jobs: Vec<JobSummary>,
    timers: Vec<Timer>,
    refusals: Vec<Refusal>,
    now: Timestamp,
}

/// Prints it.
pub(super) async fn run(args: &Explain) -> Result<ExitCode> {
    let config = Config::load(args.settings.config.as_deref(), args.settings.data.as_deref(), &json!({}))?;
    let store = platform::open_store(&config).await?;
    let story = find(args, &store).await;
    store.close().await;
    let story = story?;
    if args.json {
        say!("{}", serde_json::to_string_pretty(&story.as_json())?);
    } else {
        story.print();
    }
    Ok(ExitCode::SUCCESS)
}

async fn find(args: &Explain, store: &Store) -> Result<Story> {
    let mut conn = store.read().await?;
    let mut found = instances::get(&mut conn, args.instance).await?;
    if found.is_none() {
        let subject = Subject { kind: "contract".to_owned(), id: args.instance.to_string() };
        found = instances::of_subject(&mut conn, &subject).await?;
    }
    let Some(instance) = found else {
        bail!("there is no instance {0}, and no contract {0} that was sent", args.instance)
    };
    let id = instance.id;
    let definition = definitions::read(&mut conn, &instance.definition)
        .await?
        .with_context(|| format!("the definition {} is missing", instance.definition))?;
    Ok(Story {
        jobs: jobs::of_instance(&mut conn, id).await?,
        timers: timers::of_instance(&mut conn, id).await?,
        refusals: refusals::of_instance(&mut conn, id).await?,
        now: store.now(&mut conn).await?,
        instance,
        definition,
    })
}

impl Story {
    fn job(&self, key: &str) -> Option<&JobSummary> {
        let full = format!("{}/{key}", self.instance.id);
        self.jobs.iter().find(|job| job.key == full)
    }

    /// Jobs that gave up although nobody waits for them: a message that was never sent.
    fn dead(&self) -> impl Iterator<Item = &JobSummary> {
        self.jobs.iter().filter(|job| job.state == jobs::State::Dead)
    }

    fn print(&self) {
        let Self { instance, definition, .. } = self;
        say!("{}: {} version {}", instance.id, definition.name(), definition.version());
        say!("drives the {} {}", instance.subject.kind, instance.subject.id);
        let since = shown(instance.updated_at);
        match &instance.outcome {
            Some(outcome) => say!("It has ended with `{outcome}`, {}, at {since}.", instance.status),
            None => say!(
                "It is {} in `{}` after {} events, the last at {since}; it is {} now.",
                instance.status,
                instance.state.at(),
                instance.seq,
                shown(self.now)
            ),
        }
        let waits = explain(definition, &instance.state);
        if !waits.is_empty() {
            say!("It waits for:");
        }
        for wait in &waits {
            say!("    {}", self.wait(wait));
        }
        let ways = next(definition, &instance.state);
        if !ways.is_empty() {
            say!("What comes next:");
        }
        for way in &ways {
            say!("    {}", way_words(way));
        }
        let dead: Vec<&JobSummary> = self.dead().collect();
        if !dead.is_empty() {
            say!("Jobs that gave up and wait for a person:");
        }
        for job in dead {
            say!("    {}", job_words(job));
        }
        if !self.refusals.is_empty() {
            say!("Refused lately:");
        }
        for refusal in self.refusals.iter().take(REFUSALS_SHOWN) {
            say!("    {}", refusal_words(refusal));
        }
    }

    fn wait(&self, wait: &Wait) -> String {
        match wait {
            Wait::Person { form, assignee, place, actions, since, .. } => format!(
                "{assignee} to do `{form}` in {place} ({}), since {}",
                actions.join(", "),
                shown(*since)
            ),
            Wait::Operator { reason, place, actions, since, .. } => format!(
                "an operator to decide in {place} ({}), since {}: {reason}",
                actions.join(", "),
                shown(*since)
            ),
            Wait::Worker { key, kind, place, since } => {
                let job = self.job(key).map_or_else(|| "not in the job table".to_owned(), job_words);
                format!("the job {key} ({kind}) in {place}, since {}: {job}", shown(*since))
            }
            Wait::Clock { key, to, due_at, .. } => {
                let to = to.as_ref().map_or_else(|| "stays".to_owned(), |to| format!("then goes to {to}"));
                let late = if *due_at <= self.now { ", which is past" } else { "" };
                let failed = self.timers.iter().find(|timer| timer.key == *key && timer.tries > 0);
                let failed = failed.map(|timer| {
                    format!("; tried {} times: {}", timer.tries, timer.last_error.as_deref().unwrap_or("?"))
                });
                format!("the timer {key} at {}{late}; {to}{}", shown(*due_at), failed.unwrap_or_default())
            }
        }
    }

    fn as_json(&self) -> Value {
        let instance = &self.instance;
        let job = |job: &JobSummary| {
            json!({
                "key": job.key,
                "kind": job.kind,
                "state": job.state.as_str(),
                "attempts": job.attempts,
                "max_attempts": job.max_attempts,
                "run_at_ms": job.run_at.as_ms(),
                "leased_until_ms": job.leased_until.map(Timestamp::as_ms),
                "last_error": job.last_error,
            })
        };
        let waits: Vec<Value> = explain(&self.definition, &instance.state)
            .iter()
            .map(|wait| {
                let mut value = json!(wait);
                if let Wait::Worker { key, .. } = wait {
                    value["job"] = self.job(key).map_or(Value::Null, job);
                }
                value
            })
            .collect();
        json!({
            "instance": instance.id,
            "definition": {"name": self.definition.name(), "version": self.definition.version(), "hash": instance.definition},
            "subject": {"kind": instance.subject.kind, "id": instance.subject.id},
            "status": instance.status,
            "at": instance.state.at(),
            "outcome": instance.outcome,
            "seq": instance.seq,
            "updated_at_ms": instance.updated_at.as_ms(),
            "waits": waits,
            "next": next(&self.definition, &instance.state),
            "dead_jobs": self.dead().map(job).collect::<Vec<_>>(),
            "refusals": self.refusals.iter().map(|refusal| json!({
                "event": refusal.event_kind,
                "name": refusal.name,
                "rule": refusal.rule,
                "detail": refusal.detail,
                "actor": refusal.actor,
                "times": refusal.times,
                "first_at_ms": refusal.first_at.as_ms(),
                "last_at_ms": refusal.last_at.as_ms(),
            })).collect::<Vec<_>>(),
        })
    }
}

fn job_words(job: &JobSummary) -> String {
    let state = match (job.state, job.leased_until) {
        (jobs::State::Running, Some(until)) => format!("running, held until {}", shown(until)),
        (jobs::State::Available, _) => format!("to be taken from {}", shown(job.run_at)),
        (state, _) => state.as_str().to_owned(),
    };
    let error = job.last_error.as_ref().map(|error| format!("; last error: {error}")).unwrap_or_default();
    format!("{} is {state}, attempt {} of {}{error}", job.kind, job.attempts, job.max_attempts)
}

fn way_words(way: &Next) -> String {
    let holder = if way.holder.path.0.is_empty() { "anywhere".to_owned() } else { way.holder.to_string() };
    let cause = match &way.cause {
        Cause::Always => "at once".to_owned(),
        other => other.to_string(),
    };
    let to = way.to.as_ref().map_or_else(|| "stays".to_owned(), |to| format!("→ {to}"));
    let by = way.by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default();
    let condition = way.condition.as_ref().map(|guard| format!(" if {guard}")).unwrap_or_default();
    let raises = way.raises.as_ref().map(|raises| {
        let at_limit = raises.at_limit.as_deref().unwrap_or("refused");
        format!(", raises {} ({} of {}; then {at_limit})", raises.counter, raises.count, raises.limit)
    });
    format!("{holder}: {cause}{by}{condition} {to}{}", raises.unwrap_or_default())
}

fn refusal_words(refusal: &Refusal) -> String {
    let times = if refusal.times > 1 { format!(" ({} times)", refusal.times) } else { String::new() };
    format!(
        "{} {} `{}` by {}: {} ({}){times}",
        shown(refusal.last_at),
        refusal.event_kind.replace('_', " "),
        refusal.name,
        refusal.actor,
        refusal.detail,
        refusal.rule
    )
}
