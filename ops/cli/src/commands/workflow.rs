//! `sealflow workflow check` and `sealflow workflow schema`.

use std::{fs, path::PathBuf, process::ExitCode};

use anyhow::{Context as _, Result};
use sealflow_core::{Library, SOURCE_BYTES_MAX, load_all, schema};

/// Checks definitions, which may use one another; every error is a line `file:line:column: what`, followed by the mend.
///
/// # Errors
/// When a file cannot be read.
pub fn check(files: &[PathBuf]) -> Result<ExitCode> {
    let mut wrong = 0;
    let mut sources = Vec::new();
    for path in files {
        let name = path.display().to_string();
        let size = fs::metadata(path).with_context(|| format!("{name} cannot be read"))?.len();
        if size > SOURCE_BYTES_MAX as u64 {
            println!("{name}:1:1: the file has {size} bytes; a definition has at most {SOURCE_BYTES_MAX}");
            wrong += 1;
            continue;
        }
        let source =
            fs::read_to_string(path).with_context(|| format!("{name} cannot be read as UTF-8 text"))?;
        sources.push((name, source));
    }
    for ((name, _), loaded) in sources.iter().zip(load_all(&sources, &Library::default())) {
        match loaded {
            Ok(loaded) => {
                let definition = loaded.definition;
                println!(
                    "{name}: {} version {} is right ({})",
                    definition.name(),
                    definition.version(),
                    definition.hash()
                );
            }
            Err(diagnostics) => {
                wrong += diagnostics.len();
                for diagnostic in diagnostics {
                    println!("{diagnostic}");
                }
            }
        }
    }
    Ok(if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Prints the JSON Schema of the language.
///
/// # Errors
/// When it cannot be printed.
pub fn print_schema() -> Result<ExitCode> {
    println!("{}", serde_json::to_string_pretty(&schema())?);
    Ok(ExitCode::SUCCESS)
}
