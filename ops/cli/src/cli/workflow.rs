//! `sealflow workflow …`

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use sealflow_core::ids::InstanceId;

use super::Settings;

/// `sealflow workflow …`
#[derive(Debug, Subcommand)]
pub enum Workflow {
    /// Check definitions; errors name file, line, column and the mend
    Check {
        /// Definition files (YAML), or folders with such files
        #[arg(value_name = "FILE|DIR", required = true)]
        paths: Vec<PathBuf>,
    },
    /// Print the language's JSON Schema, for editors
    Schema {
        /// The schema of scenarios instead
        #[arg(long)]
        scenario: bool,
    },
    /// Run the scenarios beside definitions, and tell which states and ways none of them uses
    Test {
        /// Folders with `workflow.yaml` and `scenarios/`, or folders of such folders
        #[arg(value_name = "DIR", required = true)]
        folders: Vec<PathBuf>,
        /// Print one JSON object a scenario and a definition
        #[arg(long)]
        json: bool,
    },
    /// Draw a definition
    Graph {
        /// Definition file (YAML)
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// How
        #[arg(long, value_enum, default_value_t = GraphFormat::Mermaid)]
        format: GraphFormat,
    },
    /// Play a definition through without a database: choose what happens next, and move the clock
    Simulate(Simulate),
    /// Tell where an instance stands, what it waits for, what comes next, and what was refused
    Explain(Explain),
    /// Compare two versions of a definition, and tell whether running instances could be moved
    Diff(Diff),
    /// Move running instances to another version of their definition
    Migrate(MigrateInstances),
}

/// `--format`
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum GraphFormat {
    /// Text that many editors and pages draw
    Mermaid,
    /// A drawing, laid out by this program
    Svg,
}

/// `sealflow workflow simulate`
#[derive(Debug, Args)]
pub struct Simulate {
    /// Definition file (YAML)
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// What the instance is started with: JSON or YAML, or a file of it. `$name` stands for a person's id
    #[arg(long, value_name = "JSON|YAML|FILE", conflicts_with = "script")]
    pub input: Option<String>,
    /// A scenario that says what happens
    #[arg(long, value_name = "SCENARIO.yaml")]
    pub script: Option<PathBuf>,
    /// Stands for chance: the same seed takes the same path
    #[arg(long, value_name = "N", default_value_t = 1, conflicts_with = "script")]
    pub seed: u64,
    /// When it starts
    #[arg(long, value_name = "TIME", default_value = "2026-03-02T09:00:00+08:00", conflicts_with = "script")]
    pub at: String,
    /// Print one JSON object an event
    #[arg(long)]
    pub json: bool,
}

/// `sealflow workflow explain`
#[derive(Debug, Args)]
pub struct Explain {
    /// The instance's id, or that of the contract that it drives
    #[arg(value_name = "INSTANCE")]
    pub instance: InstanceId,
    /// Where settings and data are.
    #[command(flatten)]
    pub settings: Settings,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `sealflow workflow diff`
#[derive(Debug, Args)]
pub struct Diff {
    /// The old definition
    #[arg(value_name = "OLD")]
    pub old: PathBuf,
    /// The new definition
    #[arg(value_name = "NEW")]
    pub new: PathBuf,
    /// Which new state takes the place of which old one: YAML, `states: {old: new}`
    #[arg(long, value_name = "FILE")]
    pub map: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `sealflow workflow migrate`
#[derive(Debug, Args)]
pub struct MigrateInstances {
    /// The definition's name
    #[arg(value_name = "NAME")]
    pub name: String,
    /// The version that they run
    #[arg(long, value_name = "VERSION")]
    pub from: u32,
    /// The version that they are moved to
    #[arg(long, value_name = "VERSION")]
    pub to: u32,
    /// Which new state takes the place of which old one: YAML, `states: {old: new}`
    #[arg(long, value_name = "FILE")]
    pub map: Option<PathBuf>,
    /// Only tell what would come of it
    #[arg(long)]
    pub dry_run: bool,
    /// Where settings and data are.
    #[command(flatten)]
    pub settings: Settings,
    /// Print one JSON object an instance, and a summary
    #[arg(long)]
    pub json: bool,
}
