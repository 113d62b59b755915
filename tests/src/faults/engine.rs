//! The engine under test: a store, the real workers with handlers of the test's, and commands from standard input. It
//! has no pages, no documents, no settings, so that it starts in a moment.

use std::{process::ExitCode, time::Duration};

use anyhow::{Context as _, Result, bail};
use sealflow_core::{Actor, EventId, EventKind};
use sealflow_jobs::{Config, Ctx, Done, JobError, Registry, Runtime};
use sealflow_store::{NewEvent, StartInstance, Store, Subject, failpoint, jobs::Kind, submit};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    sync::mpsc,
};
use tokio_util::sync::CancellationToken;

use super::{
    client,
    protocol::{Answer, Command, Reply, Request, Settings},
};

/// The fail points of the handlers here.
pub const FAIL_POINTS: &[&str] = &["bank::pay::before_call", "bank::pay::after_call"];

/// Runs until standard input ends or SIGTERM comes.
#[must_use]
pub fn main() -> ExitCode {
    let _fail_points = fail::FailScenario::setup();
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("engine: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "warn".into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false).init();
    let settings: Settings = serde_json::from_str(&std::env::args().nth(1).context("no settings")?)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let worked = runtime.block_on(work(settings));
    // Reading standard input blocks a thread, which must not be waited for.
    runtime.shutdown_background();
    worked
}

async fn work(settings: Settings) -> Result<()> {
    let config = sealflow_store::Config {
        database_url: settings.database_url.clone(),
        blobs_dir: settings.blobs_dir.clone(),
    };
    let store = Store::open(&config).await?;
    store.shift_clock(settings.shift_ms);
    let stop = CancellationToken::new();
    let runtime = Runtime {
        store: store.clone(),
        registry: registry(&settings),
        config: Config {
            lease_ms: settings.lease_ms,
            poll_ms: settings.poll_ms,
            concurrency: settings.concurrency,
            time_limit_ms: settings.time_limit_ms,
            stop_grace_ms: 5_000,
            ..Config::default()
        },
    };
    let mut terminated = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    let mut workers = tokio::spawn(sealflow_jobs::run(runtime, stop.clone()));
    tokio::select! {
        _ = terminated.recv() => {}
        ended = obey(&store) => ended?,
        ended = &mut workers => bail!("the workers ended by themselves: {ended:?}"),
    }
    stop.cancel();
    workers.await?;
    store.close().await;
    Ok(())
}

/// Does what standard input says, each command in a task of its own.
async fn obey(store: &Store) -> Result<()> {
    let (replies, mut waiting) = mpsc::unbounded_channel::<Reply>();
    tokio::spawn(async move {
        let mut out = tokio::io::stdout();
        while let Some(reply) = waiting.recv().await {
            let Ok(mut line) = serde_json::to_vec(&reply) else { return };
            line.push(b'\n');
            if out.write_all(&line).await.is_err() || out.flush().await.is_err() {
                return;
            }
        }
    });
    // Says that it is there.
    let _ = replies.send(Reply { id: 0, answer: Answer::Done { duplicate: false } });
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        let Request { id, command } = serde_json::from_str(&line)?;
        let (store, replies) = (store.clone(), replies.clone());
        tokio::spawn(async move {
            let answer = execute(&store, command).await;
            let _ = replies.send(Reply { id, answer });
        });
    }
    Ok(())
}

async fn execute(store: &Store, command: Command) -> Answer {
    let result = match command {
        Command::Clock { shift_ms } => {
            store.shift_clock(shift_ms);
            return Answer::Done { duplicate: false };
        }
        Command::Start { instance, definition, input, event_id, person } => {
            let new = StartInstance {
                id: instance,
                definition,
                subject: Subject { kind: "test".to_owned(), id: instance.to_string() },
                input,
                event_id: EventId(event_id),
                actor: Actor::Person { id: person, acting_as: None },
            };
            start(store, &new).await
        }
        Command::Act { instance, event_id, person, name, item, data } => {
            let event = NewEvent {
                id: EventId(event_id),
                actor: Actor::Person { id: person, acting_as: None },
                kind: EventKind::Action { name, item, data },
            };
            act(store, instance, event).await
        }
    };
    match result {
        Ok(duplicate) => Answer::Done { duplicate },
        Err(error) if error.is_transient() => Answer::Unknown { why: format!("{error:?}") },
        Err(error) => Answer::Refused { why: format!("{error:?}") },
    }
}

async fn start(store: &Store, new: &StartInstance) -> Result<bool, submit::Error> {
    let mut tx = store.begin().await?;
    let submitted = submit::start(&mut tx, new).await?;
    tx.commit().await?;
    Ok(submitted.duplicate)
}

async fn act(
    store: &Store,
    instance: sealflow_core::ids::InstanceId,
    event: NewEvent,
) -> Result<bool, submit::Error> {
    let mut tx = store.begin().await?;
    let submitted = submit::submit(&mut tx, instance, event).await?;
    tx.commit().await?;
    Ok(submitted.duplicate)
}

#[derive(Debug, Clone)]
struct Tools {
    bank: String,
    limit: Duration,
}

fn registry(settings: &Settings) -> Registry {
    let tools = Tools { bank: settings.bank.clone(), limit: Duration::from_millis(settings.call_timeout_ms) };
    let mut registry = Registry::default();
    registry.add(Kind::SendEmail, tools.clone(), pay);
    registry.add(Kind::SendSms, tools.clone(), flaky);
    registry.add(Kind::SendCode, tools, hold);
    // Run at once behind the job before it, and committed with it.
    registry.add_local(Kind::PrepareDocument, (), |_: Ctx, (), payload: Value| async move {
        let compares = payload.get("details_id").is_some();
        Ok(Done::new(if compares { "matched" } else { "prepared" }))
    });
    registry.add(Kind::StampSignature, (), |_: Ctx, (), payload: Value| async move {
        if payload["poison"] == true {
            end_this_process();
        }
        Ok(Done::new("stamped"))
    });
    registry
}

/// Pays as ARCHITECTURE.md asks for: a call that may have happened is asked about before another.
async fn pay(ctx: Ctx, tools: Tools, payload: Value) -> Result<Done, JobError> {
    let Some(fen) =
        payload["fen"].as_str().and_then(|fen| fen.parse::<i64>().ok()).or(payload["fen"].as_i64())
    else {
        return Ok(Done::new("sent"));
    };
    let body = json!({"key": ctx.key(), "fen": fen});
    if ctx.earlier_outside_call().is_some() {
        let known =
            client::call(&tools.bank, "/query", &body, tools.limit).await.map_err(|error| unknown(&error))?;
        match known["state"].as_str() {
            Some("paid") => return Ok(Done::new("paid")),
            Some("refused") => return Ok(Done::new("refused")),
            _ => {}
        }
    }
    ctx.before_outside_call().await?;
    failpoint::hit("bank::pay::before_call");
    let answer = client::call(&tools.bank, "/pay", &body, tools.limit).await;
    failpoint::hit("bank::pay::after_call");
    match answer {
        Ok(answer) if answer["state"] == "paid" => Ok(Done::new("paid")),
        Ok(_) => Ok(Done::new("refused")),
        Err(error) => Err(unknown(&error)),
    }
}

fn unknown(error: &client::Error) -> JobError {
    match error {
        client::Error::Unreached(_) => JobError::retry(error),
        client::Error::Unknown(_) => JobError::unknown(error),
    }
}

/// Fails now and then, by its key, and never at the third attempt.
async fn flaky(ctx: Ctx, tools: Tools, payload: Value) -> Result<Done, JobError> {
    if payload["hold"] == true {
        return hold(ctx, tools, payload).await;
    }
    let sum: u32 = ctx.key().bytes().map(u32::from).sum::<u32>() + ctx.attempt();
    if ctx.attempt() < 3 && sum.is_multiple_of(4) {
        return Err(JobError::Retry { error: "busy, for the test".to_owned(), not_before: None });
    }
    Ok(Done::new("sent"))
}

/// Waits for the bank as long as it takes.
async fn hold(_: Ctx, tools: Tools, payload: Value) -> Result<Done, JobError> {
    if payload["hold"] == true {
        client::call(&tools.bank, "/hold", &json!({}), Duration::from_secs(3_600))
            .await
            .map_err(|error| unknown(&error))?;
    }
    Ok(Done::new("sent"))
}

fn end_this_process() {
    let ended = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    if ended.is_err() {
        std::process::abort();
    }
}
