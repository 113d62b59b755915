//! Instances: short workflows a second, how soon the next step runs after an event, transitions on SQLite.

mod crowd;
mod event;
mod floor;
mod flow;
mod step;
mod transitions;

use anyhow::{Result, anyhow};
use sealflow_core::{Actor, Definition, EventId, EventKind, ids::InstanceId, ids::PersonId};
use sealflow_jobs::{Config, Registry, Runtime, run as work};
use sealflow_store::{Dialect, NewEvent, StartInstance, Store, Subject, definitions};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{Bench, peers::Drained, report::median};

/// How long clients run workflows.
const SECONDS: u64 = 4;
/// What was set for SQLite, in transitions a second.
const SQLITE_WANTED: f64 = 1_500.0;
/// What was set for the way from an event to the next step, in milliseconds.
const EVENT_WANTED: [(&str, f64); 2] = [("p50", 3.0), ("p99", 10.0)];

/// Milliseconds from an event to the next step.
#[derive(Debug, Clone, Copy, Deserialize)]
struct Soon {
    p50_ms: f64,
    p99_ms: f64,
}

pub(crate) async fn measure(bench: &mut Bench) -> Result<()> {
    if bench.wants("engine/step") {
        bench.report.alone("engine/step", step::run()?, "µs");
    }
    for clients in [1, 8, 32] {
        flows(bench, clients).await?;
    }
    for (dialect, clients) in [(Dialect::Sqlite, 8), (Dialect::Sqlite, 32)] {
        let name = format!("engine/flow5/sqlite/c{clients}");
        if bench.wants(&name) {
            let rate = flow::run(bench, dialect, clients, flow::Steps::Local).await?;
            bench.report.alone(&name, rate, "workflows/s");
        }
    }
    events(bench).await?;
    let name = "engine/transitions/sqlite/c32";
    if bench.wants(name) {
        let mut rates = Vec::new();
        for _ in 0..bench.runs {
            rates.push(transitions::run(bench, Dialect::Sqlite, 32).await?);
        }
        bench.report.beside(name, median(rates), "transitions/s", "wanted", SQLITE_WANTED);
    }
    Ok(())
}

/// Workflows of five no-op jobs, beside those of dbos, in turns.
async fn flows(bench: &mut Bench, clients: usize) -> Result<()> {
    let (name, stepwise) =
        (format!("engine/flow5/postgres/c{clients}"), format!("engine/flow5_stepwise/postgres/c{clients}"));
    if !bench.wants(&name) && !bench.wants(&stepwise) {
        return Ok(());
    }
    let (mut local, mut by_step, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..bench.runs {
        local.push(flow::run(bench, Dialect::Postgres, clients, flow::Steps::Local).await?);
        by_step.push(flow::run(bench, Dialect::Postgres, clients, flow::Steps::Claimed).await?);
        let database = bench.databases.make(Dialect::Postgres).await?;
        let (count, seconds) = (clients.to_string(), SECONDS.to_string());
        let args = ["workflows", database.url.as_str(), &count, &seconds];
        let done: Drained = bench.peers.dbos(&args).await?;
        theirs.push(done.jobs / done.seconds);
        database.drop().await?;
    }
    let theirs = median(theirs);
    bench.report.beside(&name, median(local), "workflows/s", "dbos", theirs);
    bench.report.beside(&stepwise, median(by_step), "workflows/s", "dbos", theirs);
    Ok(())
}

async fn events(bench: &mut Bench) -> Result<()> {
    for (crowd, word) in [(10_000, "10k"), (1_000_000, "1m")] {
        let name = format!("engine/event/postgres/{word}");
        if !bench.wants(&name) {
            continue;
        }
        let ours = event::run(bench, crowd).await?;
        let theirs: Option<Soon> = if crowd == 10_000 {
            let database = bench.databases.make(Dialect::Postgres).await?;
            let theirs = bench.peers.dbos(&["event", database.url.as_str(), "200"]).await?;
            database.drop().await?;
            Some(theirs)
        } else {
            None
        };
        let floor = if crowd == 10_000 { Some(floor::run(bench).await?) } else { None };
        for (at, wanted) in EVENT_WANTED {
            let of = |soon: Soon| if at == "p50" { soon.p50_ms } else { soon.p99_ms };
            let name = format!("{name}/{at}");
            if let Some(theirs) = theirs {
                bench.report.beside(&name, of(ours), "ms", "dbos", of(theirs));
            }
            if let Some(floor) = floor {
                bench.report.beside(&name, of(ours), "ms", "floor", of(floor));
            }
            bench.report.beside(&name, of(ours), "ms", "wanted", wanted);
        }
    }
    Ok(())
}

/// Publishes a definition.
async fn publish(store: &Store, source: &str) -> Result<Definition> {
    let loaded = sealflow_core::load(source, "bench.yaml").map_err(|error| anyhow!("{error:?}"))?;
    let mut tx = store.begin().await?;
    definitions::publish(&mut tx, &loaded.definition, source).await?;
    tx.commit().await?;
    Ok(loaded.definition)
}

/// Workers as production runs them.
fn workers(store: &Store, registry: Registry) -> (CancellationToken, JoinHandle<()>) {
    let stop = CancellationToken::new();
    let config = Config { concurrency: 64, ..Config::default() };
    let working = tokio::spawn(work(Runtime { store: store.clone(), registry, config }, stop.clone()));
    (stop, working)
}

/// An instance to start.
fn new_instance(definition: &Definition, clerk: PersonId) -> StartInstance {
    let id = InstanceId::from_uuid(Uuid::now_v7());
    StartInstance {
        id,
        definition: definition.hash().clone(),
        subject: Subject { kind: "bench".to_owned(), id: id.to_string() },
        input: json!({ "clerk": clerk }),
        event_id: EventId("start".to_owned()),
        actor: Actor::Person { id: clerk, acting_as: None },
    }
}

/// What the clerk does.
fn action(clerk: PersonId, id: String, name: &str) -> NewEvent {
    NewEvent {
        id: EventId(id),
        actor: Actor::Person { id: clerk, acting_as: None },
        kind: EventKind::Action { name: name.to_owned(), item: None, data: Value::Null },
    }
}
