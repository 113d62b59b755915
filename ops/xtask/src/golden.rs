//! Writes what the core's tests compare with: the published schema, and the golden histories of new definitions. What is
//! there already is never changed; the tests say when it no longer holds.

use std::{
    path::Path,
    process::{Command, ExitCode},
};

use anyhow::{Context as _, Result};

/// Runs the tests that compare, told to write what is missing.
pub(crate) fn write(root: &Path) -> Result<ExitCode> {
    for tests in [["--lib", "parse::schema"], ["--test=core", "golden::"]] {
        let status = Command::new(env!("CARGO"))
            .args(["test", "--quiet", "--package", "sealflow-core"])
            .args(tests)
            .env("SEALFLOW_GOLDEN", "record")
            .current_dir(root)
            .status()
            .context("cannot start cargo")?;
        if !status.success() {
            return Ok(ExitCode::FAILURE);
        }
    }
    Ok(ExitCode::SUCCESS)
}
