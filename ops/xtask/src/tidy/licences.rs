//! What the product is built from must be free to use in a closed product too, and come from the one registry. The list of
//! licences and of crates not wanted is the one of `deny.toml`, so that cargo-deny and this check never differ.

use super::finding::Finding;
use crate::metadata::Metadata;

const LICENCE: (&str, &str) = (
    "every part must be permissively licensed",
    "use another crate; or, when the licence is permissive, add it to `[licenses] allow` in deny.toml",
);
const SOURCE: (&str, &str) =
    ("a build needs nothing but the public registry", "use a published version of the crate");
const UNWANTED: (&str, &str) =
    ("deny.toml names it among the crates not wanted, with the reason", "use what deny.toml names instead");

pub(super) fn check(metadata: &Metadata, deny: &str) -> Vec<Finding> {
    let allowed = list(deny, "[licenses]", "allow");
    let unwanted = list(deny, "[bans]", "deny");
    let mut findings = Vec::new();
    for package in &metadata.packages {
        let named = format!("{} {}", package.name, package.version);
        let licence = package.license.as_deref().unwrap_or("none stated");
        if !permits(licence, &allowed) {
            findings.push(Finding::wrong("Cargo.lock", 1, format!("{named} is licensed {licence}"), LICENCE));
        }
        if package.source.as_deref().is_some_and(|source| !source.starts_with("registry+")) {
            findings.push(Finding::wrong("Cargo.lock", 1, format!("{named} comes from elsewhere"), SOURCE));
        }
        if unwanted.contains(&package.name) {
            findings.push(Finding::wrong("Cargo.lock", 1, format!("{named} is in the build"), UNWANTED));
        }
    }
    findings
}

/// The first string of every line of the array `key` in a section of `deny.toml`.
fn list(deny: &str, section: &str, key: &str) -> Vec<String> {
    let in_section = deny.lines().skip_while(|line| line.trim() != section).skip(1);
    in_section
        .take_while(|line| !line.starts_with('['))
        .skip_while(|line| !line.starts_with(&format!("{key} = [")))
        .skip(1)
        .take_while(|line| !line.starts_with(']'))
        .filter_map(|line| line.split('"').nth(1).map(str::to_owned))
        .collect()
}

/// Whether an SPDX expression (or the older `A/B`) can be met with the allowed licences.
fn permits(expression: &str, allowed: &[String]) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut parser = Parser { words: &words, allowed };
    parser.any() && parser.words.is_empty()
}

/// `AND` binds tighter than `OR`.
struct Parser<'a> {
    words: &'a [&'a str],
    allowed: &'a [String],
}

impl Parser<'_> {
    fn any(&mut self) -> bool {
        let mut met = self.all();
        while self.take("OR") {
            met |= self.all();
        }
        met
    }

    fn all(&mut self) -> bool {
        let mut met = self.one();
        while self.take("AND") {
            met &= self.one();
        }
        met
    }

    fn one(&mut self) -> bool {
        if self.take("(") {
            let met = self.any();
            return self.take(")") && met;
        }
        let Some((&word, rest)) = self.words.split_first() else { return false };
        self.words = rest;
        let mut licence = word.to_owned();
        if self.take("WITH") {
            let Some((&exception, rest)) = self.words.split_first() else { return false };
            self.words = rest;
            licence = format!("{word} WITH {exception}");
        }
        self.allowed.contains(&licence)
    }

    fn take(&mut self, word: &str) -> bool {
        match self.words.split_first() {
            Some((first, rest)) if *first == word => {
                self.words = rest;
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::Package;

    const DENY: &str = "[licenses]\nallow = [\n    \"MIT\",\n    \"ISC\", # short\n]\n\n[bans]\ndeny = [\n    { crate = \"old\", \
                        reason = \"x\" },\n]\n";

    fn allowed() -> Vec<String> {
        list(DENY, "[licenses]", "allow")
    }

    #[test]
    fn the_lists_are_read_from_deny_toml() {
        assert_eq!(allowed(), ["MIT", "ISC"]);
        assert_eq!(list(DENY, "[bans]", "deny"), ["old"]);
    }

    #[test]
    fn one_of_several_offered_is_enough() {
        for good in ["MIT", "MIT OR GPL-3.0", "GPL-3.0/MIT", "MIT AND ISC", "(GPL-3.0 OR MIT) AND ISC"] {
            assert!(permits(good, &allowed()), "{good} was refused");
        }
    }

    #[test]
    fn all_of_several_required_must_be_allowed() {
        for bad in
            ["GPL-3.0", "MIT AND GPL-3.0", "MIT WITH exception", "", "(MIT", "MIT MIT", "AGPL-3.0 OR GPL-3.0"]
        {
            assert!(!permits(bad, &allowed()), "{bad} was taken");
        }
    }

    #[test]
    fn licence_source_and_name_are_all_looked_at() {
        let package = |name: &str, license: &str, source: &str| Package {
            id: name.to_owned(),
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
            license: Some(license.to_owned()),
            source: Some(source.to_owned()),
            manifest_path: String::new(),
            dependencies: Vec::new(),
        };
        let count = |package| {
            let metadata = Metadata {
                packages: vec![package],
                workspace_members: Vec::new(),
                target_directory: String::new(),
            };
            check(&metadata, DENY).len()
        };
        assert_eq!(count(package("fine", "MIT", "registry+https://index")), 0);
        assert_eq!(count(package("fine", "AGPL-3.0", "registry+https://index")), 1);
        assert_eq!(count(package("fine", "MIT", "git+https://elsewhere")), 1);
        assert_eq!(count(package("old", "MIT", "registry+https://index")), 1);
    }
}
