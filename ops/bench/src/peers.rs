//! The peers: programs of their own that do the same work and print what they measured.

use std::{path::PathBuf, process::Stdio, time::Duration};

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, de::DeserializeOwned};
use tokio::process::Command;

/// How long a peer may take.
const TIME_MAX: Duration = Duration::from_secs(120);

/// What a peer prints: how much it did, in how long.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct Drained {
    pub(crate) jobs: f64,
    pub(crate) seconds: f64,
}

/// Where the peers are.
#[derive(Debug)]
pub(crate) struct Peers {
    pub(crate) folder: PathBuf,
    pub(crate) dbos: PathBuf,
    /// The interpreter that has pyHanko.
    pub(crate) python: PathBuf,
}

impl Peers {
    /// Runs a script of `peers/node`; tells what it measured.
    pub(crate) async fn node<T: DeserializeOwned>(&self, script: &str, args: &[&str]) -> Result<T> {
        let mut command = Command::new("node");
        command.arg(script).args(args).current_dir(self.folder.join("node"));
        measured(command, script).await
    }

    /// Runs a script of `peers/python`; tells what it measured.
    pub(crate) async fn python<T: DeserializeOwned>(&self, script: &str, args: &[&str]) -> Result<T> {
        let mut command = Command::new(&self.python);
        command.arg(self.folder.join("python").join(script)).args(args);
        measured(command, script).await
    }

    /// Runs the program with the dbos crate; tells what it measured.
    pub(crate) async fn dbos<T: DeserializeOwned>(&self, args: &[&str]) -> Result<T> {
        let mut command = Command::new(self.dbos.join("sealflow-bench-peer-dbos"));
        command.args(args);
        measured(command, "dbos").await
    }
}

/// Reads the last line that a peer prints.
async fn measured<T: DeserializeOwned>(mut command: Command, name: &str) -> Result<T> {
    let running = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("starting {name}"))?;
    let output = tokio::time::timeout(TIME_MAX, running.wait_with_output())
        .await
        .with_context(|| format!("{name} takes too long"))??;
    let said = String::from_utf8_lossy(&output.stdout);
    match said.lines().last().map(serde_json::from_str) {
        Some(Ok(figures)) => Ok(figures),
        _ => bail!("{name} failed:\n{said}{}", String::from_utf8_lossy(&output.stderr)),
    }
}
