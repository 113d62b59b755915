//! The composition root: reads the configuration, wires store, server, workers and clock, and is the only place that
//! knows all of them. The binary `sealflow` is a thin call into [`main`].

#![warn(clippy::print_stdout, clippy::print_stderr, reason = "see `output`")]

#[macro_use]
mod output;

pub mod cli;
pub mod commands;
pub mod config;
mod definitions;
pub mod journey;
mod memory;
mod platform;
pub mod sample_contract;
pub mod sandbox;

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Parser as _;
use tokio_util::sync::CancellationToken;

use crate::{
    cli::{Blobs, Cli, Command, Pdf},
    commands::run::Parts,
};

/// Every fail point of the program, for the crash tests.
#[must_use]
pub fn fail_points() -> Vec<&'static str> {
    let store = sealflow_store::failpoint::ALL.iter();
    store.chain(sealflow_jobs::handlers::FAIL_POINTS).copied().collect()
}

/// Runs the command line; errors end as one sentence with their causes.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    // The child opens untrusted files: it starts no runtime and reads no settings.
    if matches!(cli.command, Command::PdfChild) {
        return sealflow_pdf::confined::child_main();
    }
    if matches!(cli.command, Command::All(_) | Command::Serve(_) | Command::Work(_)) {
        memory::give_large_blocks_back();
    }
    #[cfg(feature = "failpoints")]
    let _fail_points = fail::FailScenario::setup();
    match run(cli.command) {
        Ok(code) => output::end(code),
        Err(error) => {
            complain!("sealflow: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<ExitCode> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("starting the runtime")?;
    runtime.block_on(async {
        let shutdown = CancellationToken::new();
        tokio::spawn(stop_on_signal(shutdown.clone()));
        match command {
            Command::All(args) => commands::run::all(&args, shutdown).await,
            Command::Serve(settings) => commands::run::part(&settings, Parts::Serve, shutdown).await,
            Command::Work(settings) => commands::run::part(&settings, Parts::Work, shutdown).await,
            Command::Migrate(settings) => commands::run::migrate(&settings).await,
            Command::Demo(args) => commands::demo::run(&args, shutdown).await,
            Command::Sandbox(args) => commands::sandbox::run(&args, shutdown).await,
            Command::Blobs(Blobs::Sweep(args)) => commands::blobs::sweep(&args).await,
            Command::Pdf(Pdf::Repair { input, out }) => commands::pdf::repair(&input, &out),
            Command::Pdf(Pdf::Sign(args)) => commands::pdf::sign(&args).await,
            Command::Pdf(Pdf::Begin(args)) => commands::pdf::begin(&args),
            Command::Pdf(Pdf::Finish(args)) => commands::pdf::finish(&args).await,
            Command::Pdf(Pdf::Upgrade(args)) => commands::pdf::upgrade(&args).await,
            Command::Pdf(Pdf::Validate(args)) => commands::pdf::validate(&args).await,
            Command::Pdf(Pdf::Seal(args)) => commands::pages::seal(&args),
            Command::Pdf(Pdf::Clean(args)) => commands::pages::clean(&args),
            Command::Pdf(Pdf::Pages(args)) => commands::pages::pages(&args).await,
            Command::Pdf(Pdf::Prepare(args)) => commands::pages::fields(&args),
            Command::Workflow(command) => commands::workflow::run(command).await,
            Command::PdfChild => Ok(sealflow_pdf::confined::child_main()),
        }
    })
}

/// The first SIGINT or SIGTERM stops in order; the second ends the process at once.
async fn stop_on_signal(shutdown: CancellationToken) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return;
    };
    let either = async |interrupt: &mut tokio::signal::unix::Signal,
                        terminate: &mut tokio::signal::unix::Signal| {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    };
    either(&mut interrupt, &mut terminate).await;
    tracing::info!("stopping: what is under way is brought to an end");
    shutdown.cancel();
    either(&mut interrupt, &mut terminate).await;
    std::process::exit(130);
}
