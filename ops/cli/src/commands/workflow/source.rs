//! Finds and reads the files that the commands are given.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use sealflow_core::{Definition, Diagnostic, Library, SOURCE_BYTES_MAX, load_all, migrate::StateMap};

/// Files and folders that one call looks at; more are a mistake.
const ENTRIES_MAX: usize = 10_000;
/// How deep folders are looked into.
const DEPTH_MAX: usize = 4;

/// A text of at most the size of a definition.
pub(super) fn read(path: &Path) -> Result<String> {
    let name = path.display();
    let size = fs::metadata(path).with_context(|| format!("{name} cannot be read"))?.len();
    if size > SOURCE_BYTES_MAX as u64 {
        bail!("{name}:1:1: the file has {size} bytes; at most {SOURCE_BYTES_MAX} are read");
    }
    fs::read_to_string(path).with_context(|| format!("{name} cannot be read as UTF-8 text"))
}

/// The definition of a file, or all its faults as one error. It may use those beside it, and those in the folders beside
/// its own.
pub(super) fn definition(path: &Path) -> Result<Definition> {
    let mut sources = vec![(path.display().to_string(), read(path)?)];
    for other in neighbours(path) {
        if let Ok(text) = read(&other) {
            sources.push((other.display().to_string(), text));
        }
    }
    match load_all(&sources, &Library::default()).into_iter().next() {
        Some(Ok(loaded)) => Ok(loaded.definition),
        Some(Err(faults)) => bail!("the definition has faults\n{}", lines(&faults)),
        None => bail!("{} holds no definition", path.display()),
    }
}

/// Definitions that the one in this file may use.
fn neighbours(path: &Path) -> Vec<PathBuf> {
    let Some(folder) = path.parent() else { return Vec::new() };
    let beside = entries(folder).unwrap_or_default().into_iter().filter(|other| is_yaml(other));
    let around = folder.parent().map(|around| entries(around).unwrap_or_default()).unwrap_or_default();
    let around =
        around.into_iter().map(|folder| folder.join("workflow.yaml")).filter(|other| other.is_file());
    beside.chain(around).filter(|other| !same_file(other, path)).collect()
}

fn same_file(a: &Path, b: &Path) -> bool {
    fs::canonicalize(a).ok().is_some_and(|a| fs::canonicalize(b).is_ok_and(|b| a == b))
}

/// The map of a file, or an empty one.
pub(super) fn map(path: Option<&Path>) -> Result<StateMap> {
    let Some(path) = path else { return Ok(StateMap::default()) };
    StateMap::read(&read(path)?, &path.display().to_string())
        .map_err(|faults| anyhow::anyhow!("the map has faults\n{}", lines(&faults)))
}

pub(super) fn lines(faults: &[Diagnostic]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// The entries of a folder by name, folders and files with this ending.
pub(super) fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let read = fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))?;
    let mut paths: Vec<PathBuf> =
        read.take(ENTRIES_MAX).filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    Ok(paths)
}

pub(super) fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
}

/// The definitions in a folder and the folders inside it; scenarios are none.
pub(super) fn definitions_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![(folder.to_owned(), 0)];
    while let Some((folder, depth)) = open.pop() {
        for path in entries(&folder)? {
            if path.is_dir() {
                if depth < DEPTH_MAX && !path.ends_with("scenarios") {
                    open.push((path, depth + 1));
                }
            } else if is_yaml(&path) {
                found.push(path);
            }
        }
        if found.len() > ENTRIES_MAX {
            bail!("{} holds more than {ENTRIES_MAX} definitions", folder.display());
        }
    }
    found.sort();
    Ok(found)
}
