//! `sealflow workflow check` and `sealflow workflow schema`.

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Result, bail};
use sealflow_core::{Library, load_all, scenario, schema};

use super::source;

/// Checks definitions, which may use one another; every error is a line `file:line:column: what`, followed by the mend.
pub(super) fn run(paths: &[PathBuf]) -> Result<ExitCode> {
    let mut wrong = 0;
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            let found = source::definitions_in(path)?;
            if found.is_empty() {
                bail!("{} holds no definition", path.display());
            }
            files.extend(found);
        } else {
            files.push(path.clone());
        }
    }
    let mut sources = Vec::new();
    for path in &files {
        match source::read(path) {
            Ok(text) => sources.push((path.display().to_string(), text)),
            // A file that is too large is a fault like any other; one that is not there ends the check.
            Err(error) if error.chain().count() == 1 => {
                say!("{error}");
                wrong += 1;
            }
            Err(error) => return Err(error),
        }
    }
    for ((name, _), loaded) in sources.iter().zip(load_all(&sources, &Library::default())) {
        match loaded {
            Ok(loaded) => {
                let definition = loaded.definition;
                say!(
                    "{name}: {} version {} is right ({})",
                    definition.name(),
                    definition.version(),
                    definition.hash()
                );
            }
            Err(diagnostics) => {
                wrong += diagnostics.len();
                say!("{}", source::lines(&diagnostics));
            }
        }
    }
    Ok(if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Prints the JSON Schema of the language, or of scenarios.
pub(super) fn print_schema(of_scenarios: bool) -> Result<ExitCode> {
    let schema = if of_scenarios { scenario::schema() } else { schema() };
    say!("{}", serde_json::to_string_pretty(&schema)?);
    Ok(ExitCode::SUCCESS)
}
