//! The shape of modules, functions and traits.

use super::{Advice, Finding, Parsed};

const NO_DOC: Advice =
    ("the first line of a module says why it exists", "begin the file with a `//!` sentence that says why");
const FLAGS: Advice =
    ("`f(true, false)` cannot be read where it stands", "take an enum, or a struct with named fields");
const ONE_USE: Advice =
    ("a trait with one implementation is a detour", "use the type itself, until a second one is there");

pub(super) fn check(file: &Parsed<'_>) -> Vec<Finding> {
    let path = &file.file.path;
    let mut findings = Vec::new();
    if !file.file.text.starts_with("//!") && !file.is_test(1) {
        findings.push(Finding::wrong(path, 1, "a module without its reason", NO_DOC));
    }
    for function in file.source.functions() {
        if function.flags > 1 {
            let what = format!("`{}` takes {} flags", function.name, function.flags);
            findings.push(Finding::look(path, function.lines.start, what, FLAGS));
        }
    }
    findings
}

/// Traits of this workspace that one type implements.
pub(super) fn traits(files: &[Parsed<'_>]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| !file.is_test(1)) {
        for (n, line) in file.source.code.lines().enumerate() {
            let Some((before, rest)) = line.split_once("trait ") else { continue };
            let declares = before.split_whitespace().all(|word| word.starts_with("pub") || word == "async");
            let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            // A trait that adds methods to somebody else's type has one implementation by nature.
            if !declares || name.is_empty() || name.ends_with("Ext") || file.is_test(n + 1) {
                continue;
            }
            if implementations(files, &name) == 1 {
                findings.push(Finding::look(
                    &file.file.path,
                    n + 1,
                    format!("trait {name} has one implementation"),
                    ONE_USE,
                ));
            }
        }
    }
    findings
}

fn implementations(files: &[Parsed<'_>], name: &str) -> usize {
    let lines = files.iter().flat_map(|file| file.source.code.lines());
    lines
        .filter(|line| {
            line.trim_start().starts_with("impl")
                && line.split_once(" for ").is_some_and(|(of, _)| names(of, name))
        })
        .count()
}

fn names(text: &str, name: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == name)
}

#[cfg(test)]
mod tests {
    use super::super::found;

    #[test]
    fn a_module_says_why_it_exists() {
        assert_eq!(found("ops/a.rs", "fn f() {}\n"), ["1: a module without its reason"]);
        assert!(found("ops/a.rs", "//! Because.\nfn f() {}\n").is_empty());
        assert!(found("ops/x/src/tests.rs", "fn f() {}\n").is_empty());
    }

    #[test]
    fn two_flags_are_worth_a_look() {
        assert_eq!(found("ops/a.rs", "//! Doc.\nfn f(a: bool, b: bool) {}\n"), ["2: `f` takes 2 flags"]);
        assert!(found("ops/a.rs", "//! Doc.\nfn f(a: bool, b: u8) {}\n").is_empty());
    }

    #[test]
    fn a_trait_is_worth_it_from_the_second_implementation() {
        let one = "//! Doc.\npub trait Key {}\nimpl Key for A {}\n";
        assert_eq!(found("ops/a.rs", one), ["2: trait Key has one implementation"]);
        assert!(found("ops/a.rs", &format!("{one}impl<T> Key for B<T> {{}}\n")).is_empty());
    }
}
