//! Words that must not appear in any file: they belong to one computer, or to nobody.

use super::{files::File, finding::Finding};

const PLACE: (&str, &str) = (
    "a path of one computer means nothing on another",
    "name it from the repository's root, or make it a setting",
);
const REGISTRY: (&str, &str) = (
    "where packages come from is the client's setting",
    "use the package's name; the client knows where to look",
);
const SECRET: (&str, &str) =
    ("a private key in a repository is public", "make it when it is needed, in the data folder");

/// Written in two parts, so that this file does not hold them.
fn rules() -> [(String, (&'static str, &'static str)); 8] {
    [
        (["/wo", "rk/"].concat(), PLACE),
        (["/fa", "rm/"].concat(), PLACE),
        (["/tmp/", "plan"].concat(), PLACE),
        (["/ho", "me/"].concat(), PLACE),
        (["registry.", "npmjs"].concat(), REGISTRY),
        (["index.", "crates.io"].concat(), REGISTRY),
        (["pypi", ".org/simple"].concat(), REGISTRY),
        (["-----BEGIN ", "PRIVATE KEY"].concat(), SECRET),
    ]
}

pub(super) fn check(files: &[File]) -> Vec<Finding> {
    let rules = rules();
    files.iter().filter(|file| file.extension() != "lock").flat_map(|file| check_file(file, &rules)).collect()
}

fn check_file(file: &File, rules: &[(String, (&'static str, &'static str))]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (n, line) in file.text.lines().enumerate() {
        for (word, advice) in rules {
            let whole = line.match_indices(word.as_str()).any(|(at, _)| begins(line, at, word));
            if whole {
                findings.push(Finding::wrong(&file.path, n + 1, format!("`{word}`"), *advice));
            }
        }
    }
    findings
}

/// An absolute path begins there: `/a/` in `b/a/` is another one.
fn begins(line: &str, at: usize, word: &str) -> bool {
    let before = line[..at].chars().next_back();
    !word.starts_with('/') || !before.is_some_and(|c| c.is_alphanumeric() || "._-}*$~".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_found() {
        for (word, _) in rules() {
            let file = File::new("a.md", &format!("fine\nsee `{word}x`\n"));
            let found = check(&[file]);
            assert_eq!(found.len(), 1, "{word}");
            assert_eq!(found.first().map(|finding| finding.line), Some(2));
        }
    }

    #[test]
    fn a_path_that_only_ends_alike_is_another() {
        for (word, _) in rules().iter().filter(|(word, _)| word.starts_with('/')) {
            for before in ["src", "$DIR", "~"] {
                assert_eq!(check(&[File::new("a.md", &format!("see {before}{word}x"))]), []);
            }
        }
    }

    #[test]
    fn lock_files_name_their_registry() {
        let text = ["https://registry.", "npmjs.org/a"].concat();
        assert_eq!(check(&[File::new("yarn.lock", &text)]), []);
    }
}
