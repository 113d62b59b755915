//! `sealflow all`, `serve`, `work` and `migrate`.

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use sealflow_sandbox::Sandbox;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::{
    cli::{All, Settings},
    config::Config,
    platform,
    sandbox::{self, Ports},
};

/// Which parts of the platform a process runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parts {
    /// API, pages, workers, clock.
    All,
    /// API and pages.
    Serve,
    /// Workers and clock.
    Work,
}

impl Parts {
    pub(crate) const fn serves(self) -> bool {
        matches!(self, Self::All | Self::Serve)
    }

    pub(crate) const fn works(self) -> bool {
        matches!(self, Self::All | Self::Work)
    }
}

/// Everything in one process, with the sandbox vendors when they are wanted.
///
/// # Errors
/// A sentence that says what could not be started.
pub async fn all(args: &All, shutdown: CancellationToken) -> Result<ExitCode> {
    platform::log();
    let first = load(&args.settings, &json!({}))?;
    let (config, vendors) = if args.sandbox {
        let ports = if args.free_ports { Ports::Free } else { Ports::Default };
        let vendors = sandbox::config(&first.data_dir.join("sandbox"), &first.public_url, ports)?;
        let running = Sandbox::start(vendors.clone()).await.context("starting the sandbox")?;
        (load(&args.settings, &sandbox::settings(&vendors, &running))?, Some(running))
    } else {
        (first, None)
    };
    platform::run(&config, Parts::All, args.demo_data, shutdown).await?;
    if let Some(running) = vendors {
        running.stop().await;
    }
    Ok(ExitCode::SUCCESS)
}

/// One part.
///
/// # Errors
/// A sentence that says what could not be started.
pub async fn part(settings: &Settings, parts: Parts, shutdown: CancellationToken) -> Result<ExitCode> {
    platform::log();
    platform::run(&load(settings, &json!({}))?, parts, false, shutdown).await?;
    Ok(ExitCode::SUCCESS)
}

/// Brings tables and definitions up to date.
///
/// # Errors
/// A sentence that says what could not be done.
pub async fn migrate(settings: &Settings) -> Result<ExitCode> {
    platform::log();
    let config = load(settings, &json!({}))?;
    platform::open(&config).await?.close().await;
    say!("The database is at this version, the definitions are published.");
    Ok(ExitCode::SUCCESS)
}

fn load(settings: &Settings, defaults: &Value) -> Result<Config> {
    Config::load(settings.config.as_deref(), settings.data.as_deref(), defaults)
}
