//! The command line, as `sealflow --help` shows it.

mod blobs;
mod pages;
mod pdf;
mod workflow;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use url::Url;

pub use blobs::{Blobs, SweepBlobs};
pub use pages::{CleanMark, DrawSeal, MakeFields, MakePages};
pub use pdf::{Pdf, PdfBegin, PdfFinish, PdfSign, PdfUpgrade, PdfValidate, Place, Timestamps};
pub use workflow::{Diff, Explain, GraphFormat, MigrateInstances, Simulate, Workflow};

/// Electronic signatures, driven by a workflow engine.
#[derive(Debug, Parser)]
#[command(name = "sealflow", version, about, max_term_width = 100, after_help = AFTER_HELP)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const AFTER_HELP: &str = "\
Settings come from sealflow.toml and from the environment (SEALFLOW_LISTEN, SEALFLOW_SMS__ENDPOINT, DATABASE_URL, …); the \
README lists them. `sealflow demo --out demo` shows a whole contract in a minute.";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Everything in one process: API and pages, workers, clock
    All(All),
    /// Only the API and the pages
    Serve(Settings),
    /// Only the workers and the clock
    Work(Settings),
    /// Bring the database to this version's tables and publish the definitions, then exit
    Migrate(Settings),
    /// Drive a whole contract over HTTP against a fresh data folder and its own sandbox vendors
    Demo(Demo),
    /// Only the sandbox vendors: SMS, mail, certificates, timestamps
    Sandbox(SandboxArgs),
    /// Look after the files that documents are kept in
    #[command(subcommand)]
    Blobs(Blobs),
    /// Sign and validate PDF files
    #[command(subcommand)]
    Pdf(Pdf),
    /// Check, test, draw, play and compare definitions; explain and move their instances
    #[command(subcommand)]
    Workflow(Workflow),
    /// Opens untrusted files for its parent process, within limits
    #[command(hide = true)]
    PdfChild,
}

/// Where settings and data are.
#[derive(Debug, Args)]
pub struct Settings {
    /// Settings file [default: sealflow.toml, when it is there]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Folder of the database, the documents and the keys [default: var]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
}

/// `sealflow all`
#[derive(Debug, Args)]
pub struct All {
    /// Where settings and data are.
    #[command(flatten)]
    pub settings: Settings,
    /// Start the sandbox vendors too, and talk to them
    #[arg(long)]
    pub sandbox: bool,
    /// Let the sandbox vendors take free ports instead of 7100 to 7105
    #[arg(long, requires = "sandbox")]
    pub free_ports: bool,
    /// Add the demo organization with its seal, and three people who can log in
    #[arg(long)]
    pub demo_data: bool,
}

/// `sealflow demo`
#[derive(Debug, Args)]
pub struct Demo {
    /// Folder for original.pdf, signed.pdf and ca.pem
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
}

/// `sealflow sandbox`
#[derive(Debug, Args)]
pub struct SandboxArgs {
    /// Folder that keeps the sandbox's keys and messages
    #[arg(long, value_name = "DIR", default_value = "var/sandbox")]
    pub data: PathBuf,
    /// Where people reach the platform: part of the SMS texts, and where receipts go
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    pub public_url: Url,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        use clap::CommandFactory as _;
        Cli::command().debug_assert();
    }
}
