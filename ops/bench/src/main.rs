//! Measures how fast the engine, the job table and the PDF part are, beside their peers in the same call.
//!
//! `ops/bench/run` installs the peers, starts the server, builds this program and runs it.

mod databases;
mod engine;
mod jobs;
mod pdf;
mod peers;
mod report;

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::{databases::Databases, peers::Peers, report::Report};

/// Measures, and prints figures beside those of the peers.
#[derive(Debug, Parser)]
struct Args {
    /// A PostgreSQL server on which databases may be made, as `postgres://user@host/database`.
    #[arg(long, global = true, default_value = "postgres://postgres@localhost/postgres")]
    postgres: String,
    /// The folder of the peers.
    #[arg(long, global = true, default_value = "ops/bench/peers")]
    peers: PathBuf,
    /// The folder of the built program with the dbos crate.
    #[arg(long, global = true, default_value = "target/dbos/release")]
    dbos: PathBuf,
    /// The Python interpreter that has pyHanko.
    #[arg(long, global = true, default_value = "target/judges/bin/python")]
    python: PathBuf,
    /// How often each is measured; the median counts.
    #[arg(long, global = true, default_value_t = 3)]
    runs: usize,
    /// One JSON object a line instead of a table.
    #[arg(long, global = true)]
    json: bool,
    /// Only figures whose name contains this.
    #[arg(long, global = true, default_value = "")]
    only: String,
    #[command(subcommand)]
    part: Part,
}

/// What is measured.
#[derive(Debug, Subcommand)]
enum Part {
    /// Instances: short workflows, from an event to the next step, transitions.
    Engine,
    /// The job table: no-op jobs, inserts, claims in a crowd.
    Jobs,
    /// Signing PDF files.
    Pdf,
}

/// What every measurement needs.
#[derive(Debug)]
struct Bench {
    databases: Databases,
    peers: Peers,
    runs: usize,
    only: String,
    report: Report,
}

impl Bench {
    /// Whether a figure is asked for.
    fn wants(&self, name: &str) -> bool {
        name.contains(&self.only)
    }
}

fn main() -> Result<ExitCode> {
    // This program is its own child that opens files, as the platform's is.
    if std::env::args().nth(1).is_some_and(|first| first == sealflow_pdf::confined::SUBCOMMAND) {
        return Ok(sealflow_pdf::confined::child_main());
    }
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(measure(Args::parse()))?;
    Ok(ExitCode::SUCCESS)
}

async fn measure(args: Args) -> Result<()> {
    let mut bench = Bench {
        databases: Databases::new(args.postgres)?,
        peers: Peers { folder: args.peers, dbos: args.dbos, python: args.python },
        runs: args.runs.clamp(1, 100),
        only: args.only,
        report: Report::new(args.json),
    };
    match args.part {
        Part::Engine => engine::measure(&mut bench).await?,
        Part::Jobs => jobs::measure(&mut bench).await?,
        Part::Pdf => pdf::measure(&mut bench).await?,
    }
    bench.report.end();
    Ok(())
}
