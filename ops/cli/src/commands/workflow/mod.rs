//! `sealflow workflow …`: one file a command.

mod check;
mod diff;
mod explain;
mod graph;
mod migrate;
mod path;
mod simulate;
mod source;
mod test;

use std::process::ExitCode;

use anyhow::Result;

use crate::cli::Workflow;

/// Does one of them.
///
/// # Errors
/// A sentence that says what could not be done.
pub async fn run(command: Workflow) -> Result<ExitCode> {
    match command {
        Workflow::Check { paths } => check::run(&paths),
        Workflow::Schema { scenario } => check::print_schema(scenario),
        Workflow::Test { folders, json } => test::run(&folders, json),
        Workflow::Graph { file, format } => graph::run(&file, format),
        Workflow::Simulate(args) => simulate::run(&args),
        Workflow::Explain(args) => explain::run(&args).await,
        Workflow::Diff(args) => diff::run(&args),
        Workflow::Migrate(args) => migrate::run(&args).await,
    }
}
