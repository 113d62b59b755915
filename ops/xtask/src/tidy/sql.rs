//! Two databases, one code: what exists for one must exist for the other, and a statement that nobody runs is dead.

use std::collections::BTreeSet;

use super::{files::File, finding::Finding};

const TWIN: (&str, &str) = (
    "both databases must have the same tables and run the same statements",
    "add the file of the same name for the other database",
);
const ORPHAN: (&str, &str) =
    ("a statement that no source names is dead", "remove it, or include it beside its module");

pub(super) fn check(files: &[File]) -> Vec<Finding> {
    let mut findings = twins(files);
    let sources: String =
        files.iter().filter(|file| file.extension() == "rs").map(|file| file.text.as_str()).collect();
    let statements =
        files.iter().filter(|file| file.extension() == "sql" && !file.path.starts_with("migrations/"));
    for file in statements {
        // The name as it is, or its stem when the dialect is added by a macro.
        let stem = file.name().split('.').next().unwrap_or_default();
        if !sources.contains(file.name()) && !sources.contains(&format!("\"{stem}\"")) {
            findings.push(Finding::wrong(&file.path, 1, format!("no source names {}", file.name()), ORPHAN));
        }
    }
    findings
}

fn twins(files: &[File]) -> Vec<Finding> {
    let paths: BTreeSet<&str> = files.iter().map(|file| file.path.as_str()).collect();
    let twin = |path: &str| -> Option<String> {
        let other = match path {
            _ if path.starts_with("migrations/sqlite/") => path.replacen("/sqlite/", "/postgres/", 1),
            _ if path.starts_with("migrations/postgres/") => path.replacen("/postgres/", "/sqlite/", 1),
            _ if path.ends_with(".sqlite.sql") => path.replace(".sqlite.sql", ".postgres.sql"),
            _ if path.ends_with(".postgres.sql") => path.replace(".postgres.sql", ".sqlite.sql"),
            _ => return None,
        };
        (!paths.contains(other.as_str())).then_some(other)
    };
    paths
        .iter()
        .filter_map(|path| {
            twin(path).map(|other| Finding::wrong(path, 1, format!("{other} is missing"), TWIN))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let files: Vec<File> = files.iter().map(|(path, text)| File::new(path, text)).collect();
        check(&files).into_iter().map(|finding| finding.what).collect()
    }

    #[test]
    fn a_migration_has_the_same_name_for_both() {
        let one = ("migrations/sqlite/0001_start.sql", "");
        assert!(found(&[one, ("migrations/postgres/0001_start.sql", "")]).is_empty());
        assert_eq!(found(&[one]), ["migrations/postgres/0001_start.sql is missing"]);
        assert_eq!(found(&[one, ("migrations/postgres/0001_begin.sql", "")]).len(), 2);
    }

    #[test]
    fn a_dialect_file_has_its_twin() {
        let source =
            ("src/jobs.rs", "include_str!(\"claim.sqlite.sql\") include_str!(\"claim.postgres.sql\")");
        assert!(found(&[source, ("src/claim.sqlite.sql", ""), ("src/claim.postgres.sql", "")]).is_empty());
        assert_eq!(found(&[source, ("src/claim.sqlite.sql", "")]), ["src/claim.postgres.sql is missing"]);
    }

    #[test]
    fn a_statement_is_named_by_a_source() {
        let statement = ("src/insert.sql", "");
        assert!(found(&[statement, ("src/a.rs", "include_str!(\"insert.sql\")")]).is_empty());
        assert_eq!(found(&[statement, ("src/a.rs", "")]), ["no source names insert.sql"]);
    }
}
