//! The fault tests for as long as one likes, with seeds that nobody chose: `ops/soak` starts it.

use std::{
    path::PathBuf,
    process::ExitCode,
    sync::Mutex,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use sealflow_tests::{
    db::Engine,
    faults::campaign::{self, Extent},
};

/// How often it says where it stands.
const TELL_EVERY: Duration = Duration::from_secs(10);

#[tokio::main]
async fn main() -> ExitCode {
    match soak().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:?}");
            ExitCode::FAILURE
        }
    }
}

/// `soak sqlite|postgres MINUTES`.
async fn soak() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [engine, minutes] = arguments.as_slice() else { bail!("usage: soak sqlite|postgres MINUTES") };
    let engine = match engine.as_str() {
        "sqlite" => Engine::Sqlite,
        "postgres" => Engine::Postgres,
        other => bail!("no database {other:?}: sqlite or postgres"),
    };
    let minutes: u64 = minutes.parse().with_context(|| format!("{minutes:?} is no number of minutes"))?;
    let begun = Instant::now();
    let extent = Extent {
        first: u64::try_from(std::time::UNIX_EPOCH.elapsed()?.as_nanos() & u128::from(u64::MAX >> 1))?,
        count: u64::MAX,
        until: begun.checked_add(Duration::from_secs(minutes.saturating_mul(60))),
        at_a_time: std::thread::available_parallelism().map_or(2, usize::from) * 3,
    };
    println!("{engine:?}, {minutes} minutes, seeds from {}", extent.first);
    let told = Mutex::new(begun);
    let figures = campaign::run(engine, &engine_under_test()?, extent, move |figures| {
        let mut told = told.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if told.elapsed() >= TELL_EVERY {
            *told = Instant::now();
            println!(
                "{:>5} s: {} seeds, {} processes killed, {} events, {} timers, {} debits",
                begun.elapsed().as_secs(),
                figures.seeds,
                figures.killed(),
                figures.events,
                figures.timers,
                figures.debits
            );
        }
    })
    .await?;
    println!("{figures}");
    println!("all well after {} s", begun.elapsed().as_secs());
    Ok(())
}

/// Beside this program.
fn engine_under_test() -> Result<PathBuf> {
    let this = std::env::current_exe()?;
    let folder = this.parent().context("a program is in a folder")?;
    let engine = folder.join("engine_under_test");
    if !engine.exists() {
        bail!("{} is missing: build it with cargo build -p sealflow-tests --bins", engine.display());
    }
    Ok(engine)
}
