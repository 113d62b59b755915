//! Sizes above which a file or a function does too many things.

use super::{files::File, finding::Finding, rust::Source};

const FILE_LOOK: usize = 400;
const FILE_MAX: usize = 700;
const FUNCTION_MAX: usize = 80;

const LONG_FILE: (&str, &str) = (
    "a file of this size has more than one reason to change",
    "move what belongs together to a module of its own",
);
const LONG_FUNCTION: (&str, &str) =
    ("a function this long cannot be read at one sight", "name its parts and make them functions");

pub(super) fn check(files: &[File]) -> Vec<Finding> {
    files.iter().filter(|file| is_source(file)).flat_map(check_file).collect()
}

/// Written by people: generated types are as long as the API.
fn is_source(file: &File) -> bool {
    matches!(file.extension(), "rs" | "ts" | "vue" | "mjs" | "sh") && !file.path.ends_with(".d.ts")
}

fn check_file(file: &File) -> Vec<Finding> {
    let mut findings = Vec::new();
    let lines = file.text.lines().count();
    if lines > FILE_MAX {
        findings.push(Finding::wrong(&file.path, 1, format!("{lines} lines, {FILE_MAX} at most"), LONG_FILE));
    } else if lines > FILE_LOOK {
        findings.push(Finding::look(&file.path, 1, format!("{lines} lines, over {FILE_LOOK}"), LONG_FILE));
    }
    if file.extension() == "rs" {
        for function in Source::new(&file.text).functions() {
            let length = function.lines.len();
            if length > FUNCTION_MAX {
                let what = format!("`{}` has {length} lines, {FUNCTION_MAX} at most", function.name);
                findings.push(Finding::wrong(&file.path, function.lines.start, what, LONG_FUNCTION));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::{super::finding::Weight, *};

    fn weights(path: &str, lines: usize) -> Vec<Weight> {
        check(&[File::new(path, &"x\n".repeat(lines))]).into_iter().map(|finding| finding.weight).collect()
    }

    #[test]
    fn long_files_are_shown_and_longer_ones_refused() {
        assert_eq!(weights("a.rs", 400), []);
        assert_eq!(weights("a.rs", 401), [Weight::Look]);
        assert_eq!(weights("a.vue", 700), [Weight::Look]);
        assert_eq!(weights("a.vue", 701), [Weight::Wrong]);
    }

    #[test]
    fn generated_and_written_for_machines_may_be_long() {
        assert_eq!(weights("api/web/src/api/schema.d.ts", 5000), []);
        assert_eq!(weights("api/web/openapi.json", 5000), []);
    }

    #[test]
    fn a_function_of_80_lines_passes_and_one_of_81_does_not() {
        let function = |lines: usize| format!("fn long() {{\n{}}}\n", "    x();\n".repeat(lines - 2));
        assert_eq!(check(&[File::new("a.rs", &function(80))]), []);
        assert_eq!(check(&[File::new("a.rs", &function(81))]).len(), 1);
    }
}
