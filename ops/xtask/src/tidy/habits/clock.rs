//! The core is replayed: a hidden clock, chance, file or table without order would make the replay differ.

use super::{Advice, Finding, Parsed};

const HIDDEN: Advice = (
    "a step gets time and chance in its event, and a replay must give the same bytes",
    "take it from the event; for tables use BTreeMap or IndexMap",
);

const WORDS: &[&str] = &[
    "Uuid::new",
    "Uuid::now",
    "SystemTime",
    "Instant",
    "Timestamp::now",
    "Zoned::now",
    "rand::",
    "std::fs",
    "std::net",
    "std::env",
    "std::thread",
    "HashMap",
    "HashSet",
];

/// Where a library asks for a table without order. It sorts what comes out of it.
const IMPOSED: &[(&str, &str)] = &[("engine/core/src/expr/convert.rs", "HashMap")];

pub(super) fn check(file: &Parsed<'_>) -> Vec<Finding> {
    if !file.in_folder("engine/core/src/") {
        return Vec::new();
    }
    let path = file.file.path.as_str();
    let words = file.code_with(WORDS).into_iter();
    words
        .filter(|(line, word)| !file.is_test(*line) && !IMPOSED.contains(&(path, *word)))
        .map(|(line, word)| Finding::wrong(path, line, format!("{word} in the core"), HIDDEN))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::found;

    #[test]
    fn the_core_has_no_clock_of_its_own() {
        let text = "//! Doc.\nfn id() -> Uuid { Uuid::new_v4() }\nfn at() -> Instant { Instant::now() }\n";
        assert_eq!(
            found("engine/core/src/a.rs", text),
            ["2: Uuid::new in the core", "3: Instant in the core"]
        );
        assert!(found("engine/store/src/a.rs", text).is_empty());
    }

    #[test]
    fn its_tests_may_have_one() {
        let text = "//! Doc.\n#[cfg(test)]\nmod tests { use std::fs; }\n";
        assert!(found("engine/core/src/a.rs", text).is_empty());
    }
}
