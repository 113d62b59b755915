//! `sealflow workflow test`: runs the scenarios beside definitions.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Result, bail};
use sealflow_core::{scenario, simulate::Coverage};
use serde_json::json;

use super::source;

/// The definition in a folder of its own.
const DEFINITION: &str = "workflow.yaml";

/// Runs them all; the exit status is 0 only when all pass.
pub(super) fn run(folders: &[PathBuf], as_json: bool) -> Result<ExitCode> {
    let mut passed = 0;
    let mut failed = 0;
    for folder in folders {
        let found = with_definitions(folder)?;
        if found.is_empty() {
            bail!("{} holds no folder with {DEFINITION} and scenarios", folder.display());
        }
        for folder in found {
            let (right, wrong) = one(&folder, as_json)?;
            passed += right;
            failed += wrong;
        }
    }
    if !as_json {
        say!("{passed} scenarios passed, {failed} failed");
    }
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The folder itself, or those directly inside it, as far as they hold a definition with scenarios.
fn with_definitions(folder: &Path) -> Result<Vec<PathBuf>> {
    let holds = |folder: &Path| folder.join(DEFINITION).is_file() && folder.join("scenarios").is_dir();
    if holds(folder) {
        return Ok(vec![folder.to_owned()]);
    }
    Ok(source::entries(folder)?.into_iter().filter(|path| holds(path)).collect())
}

/// How many passed, and how many did not.
fn one(folder: &Path, as_json: bool) -> Result<(usize, usize)> {
    let definition = source::definition(&folder.join(DEFINITION))?;
    let mut coverage = Coverage::default();
    let (mut passed, mut failed) = (0, 0);
    for file in source::entries(&folder.join("scenarios"))?.into_iter().filter(|path| source::is_yaml(path)) {
        let name = file.display().to_string();
        let report = scenario::run(&definition, &source::read(&file)?, &name);
        coverage.add(&report.path);
        if report.passed() {
            passed += 1;
        } else {
            failed += 1;
        }
        if as_json {
            let line = json!({
                "scenario": report.title,
                "file": name,
                "passed": report.passed(),
                "steps": report.steps,
                "faults": report.faults,
            });
            say!("{line}");
        } else {
            let sign = if report.passed() { "ok  " } else { "FAIL" };
            say!(
                "{sign} {}: {}",
                definition.name(),
                if report.title.is_empty() { &name } else { &report.title }
            );
            for fault in &report.faults {
                say!("     {fault}");
            }
        }
    }
    let texts = |all: Vec<String>| if all.is_empty() { "nothing".to_owned() } else { all.join("; ") };
    let states: Vec<String> =
        coverage.missed_states(definition.workflow()).iter().map(ToString::to_string).collect();
    let ways: Vec<String> =
        coverage.missed_ways(definition.workflow()).iter().map(ToString::to_string).collect();
    if as_json {
        let line = json!({"definition": definition.name(), "passed": passed, "failed": failed, "missed_states": states, "missed_ways": ways});
        say!("{line}");
    } else {
        say!("     never entered: {}", texts(states));
        say!("     never taken: {}", texts(ways));
    }
    Ok((passed, failed))
}
