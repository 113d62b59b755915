//! Tests that pass without testing: switched off, content with any panic, or hoping that a moment is long enough.

use super::{Advice, File, Finding, Parsed, lines_with};

const IGNORED: Advice = ("a test that does not run protects nothing", "make it run, or remove it");
const ANY_PANIC: Advice = (
    "any panic passes it, the wrong one too",
    "return the error and compare it, or catch the panic and read it",
);
const SLEEP: Advice = (
    "it is too short on a slow machine and too long on a fast one",
    "wait for a signal, move the simulated clock, or poll an observable state in a function named `until…` or `wait_…`, with \
     a deadline",
);

pub(super) fn check(file: &Parsed<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut find =
        |line, what: &str, advice| findings.push(Finding::wrong(&file.file.path, line, what, advice));
    for (line, _) in file.source.attributes("ignore") {
        find(line, "#[ignore]", IGNORED);
    }
    for (line, _) in file.source.attributes("should_panic") {
        find(line, "#[should_panic]", ANY_PANIC);
    }
    for (line, word) in file.code_with(&["sleep("]) {
        if file.is_test(line) && !polls(file, line) {
            find(line, &format!("{word}…) in a test"), SLEEP);
        }
    }
    findings
}

/// Whether the innermost function around the line is one that polls.
fn polls(file: &Parsed<'_>, line: usize) -> bool {
    let functions = file.source.functions();
    let around = functions.iter().filter(|function| function.lines.contains(&line));
    around.min_by_key(|function| function.lines.len()).is_some_and(|function| {
        ["until", "wait_", "poll"].iter().any(|start| function.name.starts_with(start))
    })
}

/// The same in the web's tests.
pub(super) fn web(file: &File) -> Vec<Finding> {
    let is_test =
        file.path.contains(".test.") || file.path.contains(".spec.") || file.path.starts_with("tests/");
    if !is_test || !matches!(file.extension(), "ts" | "mjs" | "js") {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for (line, word) in lines_with(&file.text, &["waitForTimeout("]) {
        findings.push(Finding::wrong(&file.path, line, word, SLEEP));
    }
    for (line, word) in
        lines_with(&file.text, &["test.only(", "it.only(", "test.skip(", "it.skip(", "describe.skip("])
    {
        findings.push(Finding::wrong(&file.path, line, word, IGNORED));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::found;

    #[test]
    fn a_test_that_is_switched_off_is_found() {
        let off = "//! Doc.\n#[test]\n#[ignore = \"slow\"]\nfn f() {}\n#[test]\n#[should_panic(expected = \"x\")]\nfn g() {}\n";
        assert_eq!(found("ops/a.rs", off), ["3: #[ignore]", "6: #[should_panic]"]);
        assert!(found("ops/a.rs", "//! Doc.\n#[test]\nfn f() { assert!(g()) }\n").is_empty());
    }

    #[test]
    fn a_sleep_in_a_test_is_found() {
        let text = "//! Doc.\nasync fn f() { sleep(x).await; }\n#[cfg(test)]\nmod tests {\n    async fn g() { sleep(x).await; }\n}\n";
        assert_eq!(found("workers/a.rs", text), ["5: sleep(…) in a test"]);
        assert_eq!(found("tests/src/a.rs", text).len(), 2);
    }

    #[test]
    fn polling_with_a_deadline_may_sleep() {
        let text = "//! Doc.\nasync fn wait_for_status() { loop { sleep(x).await; } }\nasync fn f() { until(|| x).await }\n";
        assert!(found("tests/src/a.rs", text).is_empty());
    }

    #[test]
    fn the_web_is_held_to_the_same() {
        assert_eq!(found("tests/browser/a.mjs", "await page.waitForTimeout(500);"), ["1: waitForTimeout("]);
        assert_eq!(found("api/web/src/a.test.ts", "it.skip('x')"), ["1: it.skip("]);
        assert!(found("tests/browser/a.mjs", "await page.waitForSelector('x');").is_empty());
    }
}
