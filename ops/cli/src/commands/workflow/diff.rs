//! `sealflow workflow diff`: compares two versions.

use std::process::ExitCode;

use anyhow::{Result, anyhow};
use sealflow_core::{diff::diff, migrate::Reason};

use super::source;
use crate::cli::Diff;

/// Prints what is different.
pub(super) fn run(args: &Diff) -> Result<ExitCode> {
    let (old, new) = (source::definition(&args.old)?, source::definition(&args.new)?);
    let map = source::map(args.map.as_deref())?;
    let found = diff(&old, &new, &map).map_err(|reasons| anyhow!("{}", joined(&reasons)))?;
    if args.json {
        say!("{}", serde_json::to_string_pretty(&found)?);
        return Ok(ExitCode::SUCCESS);
    }
    say!("{} {} → {} {}", old.name(), old.version(), new.name(), new.version());
    if found.changes.is_empty() {
        say!("Nothing is different.");
    }
    for change in &found.changes {
        say!("{change}");
    }
    if found.against_migration.is_empty() {
        say!(
            "Running instances can be moved, unless what they hold stands against it (`migrate --dry-run` tells)."
        );
    } else {
        say!("Running instances cannot be moved from everywhere:");
        for reason in &found.against_migration {
            say!("    {reason}");
        }
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) fn joined(reasons: &[Reason]) -> String {
    reasons.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
