//! Chores of the repository, run as `cargo xtask …`: they need the source tree, never a running platform.

mod golden;
mod metadata;
mod openapi;
mod tidy;

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check what the compiler and clippy cannot: edges between crates, sizes, licences, habits
    Tidy,
    /// Write workflows/definition.schema.json, and golden histories for the definitions that have none
    Golden,
    /// Write api/web/openapi.json from the server, and the web's types from it
    Openapi {
        /// Change nothing; fail when the files are not what would be written
        #[arg(long)]
        check: bool,
    },
}

fn main() -> ExitCode {
    match run(&Cli::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: &Command) -> Result<ExitCode> {
    let root = root()?;
    match command {
        Command::Tidy => tidy::run(&root),
        Command::Golden => golden::write(&root),
        Command::Openapi { check: true } => openapi::check(&root),
        Command::Openapi { check: false } => openapi::write(&root),
    }
}

/// The repository's root, two folders above this crate.
fn root() -> Result<PathBuf> {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.ancestors()
        .nth(2)
        .map(PathBuf::from)
        .with_context(|| format!("{} has no root above it", here.display()))
}
