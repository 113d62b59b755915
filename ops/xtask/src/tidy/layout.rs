//! The top level is a table of contents: a name added there needs a decision.

use std::collections::BTreeSet;

use super::{files::File, finding::Finding};

const NAMES: &[&str] = &[
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "README.zh.md",
    "api",
    "clippy.toml",
    "deny.toml",
    "engine",
    "migrations",
    "ops",
    "rust-toolchain.toml",
    "rustfmt.toml",
    "tests",
    "workers",
    "workflows",
];

const STRANGER: (&str, &str) =
    ("the top level has a fixed layout (README.md, Layout)", "move it to the folder that it belongs to");

pub(super) fn check(files: &[File]) -> Vec<Finding> {
    let top: BTreeSet<&str> = files.iter().filter_map(|file| file.path.split('/').next()).collect();
    top.into_iter()
        .filter(|name| !name.starts_with('.') && !NAMES.contains(name))
        .map(|name| Finding::wrong(name, 1, format!("{name} at the top level"), STRANGER))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_name_passes_and_a_new_one_does_not() {
        let files = ["README.md", ".ci/run", "engine/core/src/lib.rs", "notes/today.md", "notes/more.md"];
        let found = check(&files.map(|path| File::new(path, "")));
        assert_eq!(found.into_iter().map(|finding| finding.file).collect::<Vec<_>>(), ["notes"]);
    }
}
