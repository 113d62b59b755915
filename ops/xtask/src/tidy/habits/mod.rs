//! Habits that make code worse slowly, one function a habit.

mod clock;
mod shape;
mod tests_only;

use super::{files::File, finding::Finding, rust::Source};

type Advice = (&'static str, &'static str);

const NO_REASON: Advice = (
    "an exception without its reason is never removed",
    "write #[expect(lint, reason = \"…\")]: it also tells when it is no longer needed",
);
const UNFINISHED: Advice = (
    "a mark in the source is read by nobody",
    "finish it now, or leave it out and say so in ops/ARCHITECTURE.md",
);
const PRINT: Advice = ("only the command line speaks to a terminal", "use tracing, without personal data");

/// A Rust file taken apart.
struct Parsed<'a> {
    file: &'a File,
    source: Source,
}

impl Parsed<'_> {
    fn in_folder(&self, folder: &str) -> bool {
        self.file.path.starts_with(folder)
    }

    /// Whether a line is test code: a test file, or a module under `#[cfg(test)]`.
    fn is_test(&self, line: usize) -> bool {
        let path = &self.file.path;
        let whole = path.starts_with("tests/") || path.contains("/tests/") || path.ends_with("/tests.rs");
        whole || self.source.test_lines().iter().any(|lines| lines.contains(&line))
    }

    /// The lines of code that hold one of the words, as `(line, word)`.
    fn code_with<'w>(&self, words: &[&'w str]) -> Vec<(usize, &'w str)> {
        lines_with(&self.source.code, words)
    }
}

pub(super) fn check(files: &[File]) -> Vec<Finding> {
    let parsed: Vec<Parsed<'_>> = files
        .iter()
        .filter(|file| file.extension() == "rs")
        .map(|file| Parsed { file, source: Source::new(&file.text) })
        .collect();
    let mut findings = shape::traits(&parsed);
    for file in &parsed {
        findings.extend(unexplained(file));
        findings.extend(unfinished(file));
        findings.extend(prints(file));
        findings.extend(clock::check(file));
        findings.extend(tests_only::check(file));
        findings.extend(shape::check(file));
    }
    findings.extend(files.iter().flat_map(tests_only::web));
    findings
}

/// Lines with one of the words; a word that begins with a letter must begin a word there.
fn lines_with<'w>(text: &str, words: &[&'w str]) -> Vec<(usize, &'w str)> {
    let mut found = Vec::new();
    for (n, line) in text.lines().enumerate() {
        for word in words {
            let begins = |at: usize| {
                let before = line[..at].chars().next_back();
                !before.is_some_and(|c| {
                    (c.is_alphanumeric() || c == '_') && word.starts_with(char::is_alphabetic)
                })
            };
            if line.match_indices(word).any(|(at, _)| begins(at)) {
                found.push((n + 1, *word));
            }
        }
    }
    found
}

fn unexplained(file: &Parsed<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for kind in ["allow(", "expect("] {
        for (line, inside) in file.source.attributes(kind) {
            if !inside.contains("reason") {
                let what = format!("#[{kind}…)] without a reason");
                findings.push(Finding::wrong(&file.file.path, line, what, NO_REASON));
            }
        }
    }
    findings
}

fn unfinished(file: &Parsed<'_>) -> Vec<Finding> {
    let marks = lines_with(&file.source.comments, &["TODO", "FIXME", "XXX", "HACK"]);
    marks.into_iter().map(|(line, mark)| Finding::wrong(&file.file.path, line, mark, UNFINISHED)).collect()
}

fn prints(file: &Parsed<'_>) -> Vec<Finding> {
    let library = ["engine/", "workers/", "api/"].iter().any(|folder| file.in_folder(folder));
    // Cargo reads what a build script prints, and an example is a program.
    let program = ["/build.rs", "/examples/", "/bin/"].iter().any(|part| file.file.path.contains(part));
    if !library || program {
        return Vec::new();
    }
    let calls = file.code_with(&["println!", "eprintln!", "print!", "eprint!"]);
    let outside_tests = calls.into_iter().filter(|(line, _)| !file.is_test(*line));
    outside_tests.map(|(line, call)| Finding::wrong(&file.file.path, line, call, PRINT)).collect()
}

/// What the rules find in one file, for their tests.
#[cfg(test)]
fn found(path: &str, text: &str) -> Vec<String> {
    check(&[File::new(path, text)])
        .into_iter()
        .map(|finding| format!("{}: {}", finding.line, finding.what))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exception_needs_its_reason() {
        let bad = "//! Doc.\n#[allow(dead_code)]\nfn f() {}\n";
        assert_eq!(found("ops/a.rs", bad), ["2: #[allow(…)] without a reason"]);
        let good = "//! Doc.\n#[expect(dead_code, reason = \"x\")]\nfn f() {}\n";
        assert!(found("ops/a.rs", good).is_empty());
    }

    #[test]
    fn a_mark_for_later_is_refused_in_comments_only() {
        let mark = ["TO", "DO"].concat();
        assert_eq!(found("ops/a.rs", &format!("//! Doc.\n// {mark}: later\n")), [format!("2: {mark}")]);
        assert!(found("ops/a.rs", &format!("//! Doc.\nconst A: &str = \"{mark}\";\n")).is_empty());
    }

    #[test]
    fn libraries_do_not_print() {
        let text = "//! Doc.\nfn f() { println!(); }\n#[cfg(test)]\nmod tests { fn g() { println!(); } }\n";
        assert_eq!(found("engine/core/src/a.rs", text), ["2: println!"]);
        assert!(found("ops/cli/src/a.rs", text).is_empty());
    }
}
