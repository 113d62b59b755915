//! What a step itself costs: the function, without a database.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};
use sealflow_core::{Actor, Event, EventId, EventKind, Timestamp, ids::PersonId, start, step};
use serde_json::{Value, json};
use uuid::Uuid;

/// How long it is measured.
const TIME: Duration = Duration::from_secs(1);

/// After how many steps an instance begins anew.
const ROUNDS: u64 = 40;

/// Microseconds a step: a person's event that raises a counter, enters a state and starts a job; the job's result, that
/// leads back and opens a task.
pub(super) fn run() -> Result<f64> {
    let loaded = sealflow_core::load(include_str!("waiter.yaml"), "bench.yaml")
        .map_err(|error| anyhow!("{error:?}"))?;
    let definition = loaded.definition;
    let clerk = PersonId::from_uuid(Uuid::now_v7());
    let person = Actor::Person { id: clerk, acting_as: None };
    let event = |n: u64, actor: &Actor, kind| Event {
        id: EventId(format!("{n}")),
        at: Timestamp(1),
        random: 1,
        actor: actor.clone(),
        kind,
    };
    let begun = event(0, &person, EventKind::Started);
    let (fresh, _) = start(&definition, json!({ "clerk": clerk }), &begun)?;
    let (mut state, since, mut steps) = (fresh.clone(), Instant::now(), 0_u64);
    while since.elapsed() < TIME {
        // The names of jobs are kept for ever, so that none is used twice; a long life is no usual one.
        if steps.is_multiple_of(ROUNDS) {
            state = fresh.clone();
        }
        let go = EventKind::Action { name: "go".to_owned(), item: None, data: Value::Null };
        (state, _) = step(&definition, &state, &event(steps, &person, go))?;
        let key = state.waiting_jobs().next().context("no job was started")?.0.to_owned();
        let result = EventKind::JobResult { key, outcome: "sent".to_owned(), data: Value::Null };
        (state, _) = step(&definition, &state, &event(steps, &Actor::Worker, result))?;
        steps += 2;
    }
    #[expect(clippy::cast_precision_loss, reason = "a small count")]
    Ok(since.elapsed().as_secs_f64() * 1e6 / steps as f64)
}
