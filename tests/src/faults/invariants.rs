//! What must hold in the database when everything is quiet, whatever happened before.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, bail, ensure};
use sealflow_core::{Definition, Effect, Event, EventKind, State, ids::InstanceId};
use sealflow_store::{
    Store,
    instances::{
        self, Instance,
        history::{self, Disposition, Entry},
    },
    tasks, timers,
};

use super::{figures::Figures, scenes::Cast};

/// What the outside knows.
#[derive(Debug, Clone, Default)]
pub struct Outside {
    /// Events that were answered as committed.
    pub acknowledged: BTreeSet<(InstanceId, String)>,
    /// Debits in the bank's books, by the job's key.
    pub debits: BTreeMap<String, Vec<i64>>,
}

struct Job {
    key: String,
    state: String,
    awaited: bool,
    error: Option<String>,
}

/// Checks one instance, and counts what is in it.
///
/// # Errors
/// The rule that is broken.
pub async fn check(
    store: &Store,
    definition: &Definition,
    cast: &Cast,
    outside: &Outside,
    figures: &mut Figures,
) -> Result<()> {
    let mut reader = store.read().await?;
    let instance = instances::get(&mut reader, cast.id).await?.context("the instance is not there")?;
    let history = history::list(&mut reader, cast.id, 0, history::ENTRIES_MAX).await?;
    let open_tasks = tasks::of_instance(&mut reader, cast.id).await?;
    let set_timers = timers::of_instance(&mut reader, cast.id).await?;
    let rows: Vec<(String, String, i64, Option<String>)> = sqlx::query_as(
        "select key, state, awaited, last_error from jobs where instance_id = $1 order by key",
    )
    .bind(cast.id.to_string())
    .fetch_all(&mut *reader)
    .await?;
    let kept: String = sqlx::query_scalar("select state from instances where id = $1")
        .bind(cast.id.to_string())
        .fetch_one(&mut *reader)
        .await?;
    drop(reader);
    let jobs: Vec<Job> = rows
        .into_iter()
        .map(|(key, state, awaited, error)| Job { key, state, awaited: awaited != 0, error })
        .collect();

    whole(&instance, &history)?;
    let started = replays(definition, cast, &history, &kept)?;
    jobs_end(cast, &jobs, &history, &started)?;
    timers_fire_once(&history)?;
    ensure!(set_timers.is_empty(), "timers are left: {set_timers:?}");
    ensure!(
        instance.state.is_final() == open_tasks.is_empty(),
        "stuck: at {} with {} open tasks",
        instance.state.at(),
        open_tasks.len()
    );
    acknowledged(cast, &history, outside)?;
    paid_once(cast, &jobs, &history, outside)?;

    figures.instances += 1;
    figures.events += history.len() as u64;
    figures.jobs += jobs.iter().filter(|job| job.state == "done").count() as u64;
    figures.timers +=
        history.iter().filter(|entry| matches!(entry.event.kind, EventKind::TimerFired { .. })).count()
            as u64;
    Ok(())
}

/// No gap, no event twice, never back in time.
fn whole(instance: &Instance, history: &[Entry]) -> Result<()> {
    let mut ids = BTreeSet::new();
    for (number, entry) in (1..).zip(history) {
        ensure!(entry.seq == number, "the history has a gap: {} stands at {number}", entry.seq);
        ensure!(ids.insert(&entry.event.id), "the event {:?} is there twice", entry.event.id);
    }
    let back = history.windows(2).any(|pair| matches!(pair, [a, b] if b.event.at < a.event.at));
    ensure!(!back, "the history goes back in time");
    ensure!(
        history.last().map(|entry| entry.seq) == Some(instance.seq),
        "the history ends at {:?}, the instance at {}",
        history.last().map(|entry| entry.seq),
        instance.seq
    );
    Ok(())
}

/// The history gives the kept state again, byte for byte. Tells every job that was asked for.
fn replays(definition: &Definition, cast: &Cast, history: &[Entry], kept: &str) -> Result<BTreeSet<String>> {
    let mut entries = history.iter();
    let first = entries.next().context("the history is empty")?;
    let (mut state, effects) = sealflow_core::start(definition, cast.input.clone(), &first.event)?;
    let mut started = BTreeSet::new();
    asked_for(&effects, &mut started)?;
    for entry in entries {
        let step: Result<(State, Vec<Effect>), _> = sealflow_core::step(definition, &state, &entry.event);
        match (entry.disposition, step) {
            (Disposition::Applied, Ok((next, effects))) => {
                state = next;
                asked_for(&effects, &mut started)?;
            }
            (Disposition::Ignored, Err(rejection)) if rejection.is_stale() => {}
            (disposition, step) => {
                bail!(
                    "event {} was {disposition:?}, and replayed gives {:?}",
                    entry.seq,
                    step.map(|_| "a step")
                )
            }
        }
    }
    let replayed = serde_json::to_string(&state)?;
    ensure!(replayed == kept, "the history replays to another state:\n{replayed}\n{kept}");
    Ok(started)
}

fn asked_for(effects: &[Effect], started: &mut BTreeSet<String>) -> Result<()> {
    for effect in effects {
        if let Effect::StartJob(job) = effect {
            ensure!(started.insert(job.key.clone()), "the job {} is asked for twice", job.key);
        }
    }
    Ok(())
}

/// Every job that was asked for is there and has ended; whose result is awaited has told it once.
fn jobs_end(cast: &Cast, jobs: &[Job], history: &[Entry], started: &BTreeSet<String>) -> Result<()> {
    let prefix = format!("{}/", cast.id);
    let rows: BTreeSet<String> =
        jobs.iter().filter_map(|job| job.key.strip_prefix(&prefix)).map(str::to_owned).collect();
    ensure!(rows == *started, "jobs asked for: {started:?}, jobs there: {rows:?}");
    for job in jobs {
        let ended = matches!(job.state.as_str(), "done" | "cancelled");
        ensure!(ended, "the job {} is {}: {:?}", job.key, job.state, job.error);
        let told = history
            .iter()
            .filter(|entry| result_of(&entry.event).is_some_and(|key| job.key == prefix.clone() + key))
            .count();
        let expected = usize::from(job.awaited && job.state == "done");
        ensure!(told == expected, "the job {} told its result {told} times, not {expected}", job.key);
    }
    Ok(())
}

fn result_of(event: &Event) -> Option<&str> {
    match &event.kind {
        EventKind::JobResult { key, .. } => Some(key),
        _ => None,
    }
}

/// Each setting of a timer fires at most once, and no timer oftener than it was set.
fn timers_fire_once(history: &[Entry]) -> Result<()> {
    let (mut fired, mut by_key) = (BTreeSet::new(), BTreeMap::<&str, usize>::new());
    for entry in history {
        if let EventKind::TimerFired { key, generation } = &entry.event.kind {
            ensure!(fired.insert((key, generation)), "the timer {key}/{generation} fired twice");
            *by_key.entry(key).or_default() += 1;
        }
    }
    for (key, count) in by_key {
        let set =
            history.iter().flat_map(|entry| &entry.effects.set_timers).filter(|set| *set == key).count();
        ensure!(count <= set, "the timer {key} fired {count} times and was set {set} times");
    }
    Ok(())
}

fn acknowledged(cast: &Cast, history: &[Entry], outside: &Outside) -> Result<()> {
    let kept: BTreeSet<&str> = history.iter().map(|entry| entry.event.id.0.as_str()).collect();
    for (_, event) in outside.acknowledged.iter().filter(|(instance, _)| *instance == cast.id) {
        ensure!(kept.contains(event.as_str()), "the event {event} was answered as committed and is lost");
    }
    Ok(())
}

/// One debit for a payment that the instance knows as paid, none for another, never two.
fn paid_once(cast: &Cast, jobs: &[Job], history: &[Entry], outside: &Outside) -> Result<()> {
    let prefix = format!("{}/", cast.id);
    for (key, amounts) in outside.debits.iter().filter(|(key, _)| key.starts_with(&prefix)) {
        ensure!(amounts.len() == 1, "{key} was debited {} times", amounts.len());
        ensure!(jobs.iter().any(|job| job.key == *key), "{key} was debited for no job");
    }
    for entry in history {
        let EventKind::JobResult { key, outcome, .. } = &entry.event.kind else { continue };
        let debits = outside.debits.get(&format!("{prefix}{key}")).map_or(0, Vec::len);
        match outcome.as_str() {
            "paid" => ensure!(debits == 1, "{key} counts as paid and was debited {debits} times"),
            "refused" => ensure!(debits == 0, "{key} counts as refused and was debited"),
            _ => {}
        }
    }
    Ok(())
}
