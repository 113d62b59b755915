//! Which crate may know which: a dependency between crates of the workspace that is not in the table is a new edge, and
//! needs a decision. Some libraries have one home, so that what they stand for (SQL, PDF objects) stays in one place.

use std::collections::BTreeSet;

use super::finding::Finding;
use crate::metadata::{Metadata, Package};

/// Every crate with the crates that it may use, as `ops/ARCHITECTURE.md` draws them.
const ALLOWED: &[(&str, &[&str])] = &[
    ("sealflow-core", &[]),
    ("sealflow-sm2", &[]),
    ("sealflow-pdf", &["sealflow-core", "sealflow-sm2"]),
    ("sealflow-store", &["sealflow-core"]),
    ("sealflow-providers", &["sealflow-core", "sealflow-pdf", "sealflow-sm2"]),
    ("sealflow-jobs", &["sealflow-core", "sealflow-pdf", "sealflow-providers", "sealflow-store"]),
    ("sealflow-server", &["sealflow-core", "sealflow-pdf", "sealflow-providers", "sealflow-store"]),
    ("sealflow-sandbox", &[]),
    (
        "sealflow",
        &[
            "sealflow-core",
            "sealflow-jobs",
            "sealflow-pdf",
            "sealflow-providers",
            "sealflow-sandbox",
            "sealflow-server",
            "sealflow-store",
        ],
    ),
    (
        "sealflow-tests",
        &[
            "sealflow",
            "sealflow-core",
            "sealflow-jobs",
            "sealflow-pdf",
            "sealflow-providers",
            "sealflow-sandbox",
            "sealflow-server",
            "sealflow-store",
        ],
    ),
    ("sealflow-bench", &["sealflow-core", "sealflow-jobs", "sealflow-pdf", "sealflow-store"]),
    ("xtask", &[]),
];

/// Libraries with one home. Tests and measurements of the whole may use them too.
const HOMES: &[(&str, &[&str])] = &[
    ("apalis", &["sealflow-jobs"]),
    ("axum", &["sealflow-server", "sealflow-sandbox"]),
    ("cel", &["sealflow-core"]),
    ("cryptoki", &["sealflow-providers"]),
    ("lettre", &["sealflow-providers"]),
    ("lopdf", &["sealflow-pdf"]),
    ("object_store", &["sealflow-store"]),
    ("sqlx", &["sealflow-store"]),
];

/// What the pure core must not even be able to call.
const IMPURE: &[&str] = &[
    "axum",
    "chrono",
    "fastrand",
    "futures",
    "getrandom",
    "object_store",
    "openssl",
    "rand",
    "reqwest",
    "sqlx",
    "tokio",
];

const NEW_EDGE: (&str, &str) = (
    "crates know each other only as in ops/ARCHITECTURE.md",
    "move the shared part to a crate that both may use, or decide: change the table in edges.rs and the document together",
);
const NO_HOME: (&str, &str) =
    ("what this library stands for is kept in one crate", "call a function of that crate, or add one there");
const IMPURE_CORE: (&str, &str) = (
    "a step is replayed: without clock, chance and IO it gives the same answer for ever",
    "let the store or a job do it, and hand the result to the step as an event",
);

pub(super) fn check(metadata: &Metadata) -> Vec<Finding> {
    let members = metadata.members();
    members.values().flat_map(|package| check_package(package, &members.keys().copied().collect())).collect()
}

fn check_package(package: &Package, members: &BTreeSet<&str>) -> Vec<Finding> {
    let file = manifest(package);
    let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| *name == package.name) else {
        return vec![Finding::wrong(
            &file,
            1,
            format!("the crate {} is not in the table of edges", package.name),
            NEW_EDGE,
        )];
    };
    let mut findings = Vec::new();
    for dependency in &package.dependencies {
        let name = dependency.name.as_str();
        // A unit test may play against the sandbox's servers, and the sandbox knows nobody.
        let test_double = name == "sealflow-sandbox" && dependency.kind.as_deref() == Some("dev");
        if members.contains(name) && !allowed.contains(&name) && !test_double {
            findings.push(Finding::wrong(&file, 1, format!("{} uses {name}", package.name), NEW_EDGE));
        }
        let homeless =
            HOMES.iter().any(|(library, homes)| *library == name && !homes.contains(&package.name.as_str()));
        let whole = matches!(package.name.as_str(), "sealflow-tests" | "sealflow-bench");
        if homeless && !whole && dependency.kind.as_deref() != Some("dev") {
            findings.push(Finding::wrong(&file, 1, format!("{} uses {name}", package.name), NO_HOME));
        }
        if package.name == "sealflow-core"
            && IMPURE.contains(&name)
            && dependency.kind.as_deref() != Some("dev")
        {
            findings.push(Finding::wrong(&file, 1, format!("the core uses {name}"), IMPURE_CORE));
        }
    }
    findings
}

/// The manifest's path from the root: cargo tells it from the file system's.
fn manifest(package: &Package) -> String {
    let parts: Vec<&str> = package.manifest_path.rsplitn(4, '/').take(3).collect();
    let keep = if parts.get(1) == Some(&"tests") { 2 } else { 3 };
    parts.into_iter().take(keep).rev().collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::Dependency;

    fn package(name: &str, dependencies: &[(&str, Option<&str>)]) -> Package {
        let dependencies = dependencies
            .iter()
            .map(|(name, kind)| Dependency { name: (*name).to_owned(), kind: kind.map(str::to_owned) })
            .collect();
        Package {
            id: name.to_owned(),
            name: name.to_owned(),
            version: "0.1.0".to_owned(),
            license: Some("Apache-2.0".to_owned()),
            source: None,
            manifest_path: "/checkout/api/server/Cargo.toml".to_owned(),
            dependencies,
        }
    }

    fn found(name: &str, dependencies: &[(&str, Option<&str>)]) -> Vec<String> {
        let members = ALLOWED.iter().map(|(name, _)| *name).collect();
        check_package(&package(name, dependencies), &members)
            .into_iter()
            .map(|finding| finding.what)
            .collect()
    }

    #[test]
    fn an_edge_of_the_table_passes_and_a_new_one_does_not() {
        assert!(found("sealflow-server", &[("sealflow-store", None), ("serde", None)]).is_empty());
        assert_eq!(
            found("sealflow-server", &[("sealflow-jobs", None)]),
            ["sealflow-server uses sealflow-jobs"]
        );
        assert_eq!(
            found("sealflow-sandbox", &[("sealflow-core", None)]),
            ["sealflow-sandbox uses sealflow-core"]
        );
    }

    #[test]
    fn only_unit_tests_may_use_the_sandbox() {
        assert!(found("sealflow-providers", &[("sealflow-sandbox", Some("dev"))]).is_empty());
        assert_eq!(found("sealflow-providers", &[("sealflow-sandbox", None)]).len(), 1);
    }

    #[test]
    fn a_crate_that_nobody_decided_on_is_refused() {
        assert_eq!(found("sealflow-extra", &[]), ["the crate sealflow-extra is not in the table of edges"]);
    }

    #[test]
    fn sql_stays_at_home_and_the_core_stays_pure() {
        assert!(found("sealflow-store", &[("sqlx", None)]).is_empty());
        assert_eq!(found("sealflow-server", &[("sqlx", None)]), ["sealflow-server uses sqlx"]);
        assert_eq!(found("sealflow-core", &[("tokio", None)]), ["the core uses tokio"]);
    }

    #[test]
    fn the_manifest_is_named_from_the_root() {
        assert_eq!(manifest(&package("x", &[])), "api/server/Cargo.toml");
    }
}
