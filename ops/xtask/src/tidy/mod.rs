//! Finds what the compiler and clippy do not look for. Every finding says where, what, why, and how to mend it.

mod edges;
mod files;
mod finding;
mod habits;
mod layout;
mod licences;
mod rust;
mod sizes;
mod sql;
mod words;

use std::{path::Path, process::ExitCode};

use anyhow::Result;

use crate::metadata::Metadata;
use finding::{Finding, Weight};

/// Runs every rule, prints what was found, and fails when one finding is more than advice.
pub(crate) fn run(root: &Path) -> Result<ExitCode> {
    let files = files::read(root)?;
    let metadata = Metadata::read(root)?;
    let deny = std::fs::read_to_string(root.join("deny.toml"))?;

    let mut findings = layout::check(&files);
    findings.extend(edges::check(&metadata));
    findings.extend(licences::check(&metadata, &deny));
    findings.extend(sql::check(&files));
    findings.extend(words::check(&files));
    findings.extend(sizes::check(&files));
    findings.extend(habits::check(&files));
    Ok(report(findings, files.len()))
}

fn report(mut findings: Vec<Finding>, files: usize) -> ExitCode {
    findings.sort();
    for finding in &findings {
        println!("{finding}");
    }
    let wrong = findings.iter().filter(|finding| finding.weight == Weight::Wrong).count();
    println!("tidy: {files} files, {wrong} wrong, {} to look at", findings.len() - wrong);
    if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
