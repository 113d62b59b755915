//! `sealflow blobs …`

use clap::{Args, Subcommand};

use super::Settings;

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Blobs {
    /// Set aside what no row of the database refers to, and delete what was set aside long ago; workers do it every night
    Sweep(SweepBlobs),
}

/// `sealflow blobs sweep`
#[derive(Debug, Args)]
pub struct SweepBlobs {
    /// Where settings and data are.
    #[command(flatten)]
    pub settings: Settings,
    /// Only say what would be done
    #[arg(long)]
    pub dry_run: bool,
}
