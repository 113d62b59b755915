//! The definitions that are shipped, or those of a folder; all are checked before any is published.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use sealflow_core::{Library, Loaded, load_all};
use sealflow_store::{Store, agreements, definitions};

/// Definitions in a folder; more are a mistake.
const FILES_MAX: usize = 1_000;

/// The definition's file in a folder of its own.
const IN_FOLDER: &str = "workflow.yaml";

/// The definitions built in: file name and source.
const SHIPPED: &[(&str, &str)] = &[
    ("batch_download/workflow.yaml", include_str!("../../../workflows/batch_download/workflow.yaml")),
    ("expiry/workflow.yaml", include_str!("../../../workflows/expiry/workflow.yaml")),
    ("labour_contract/workflow.yaml", include_str!("../../../workflows/labour_contract/workflow.yaml")),
    ("micro_deposit/workflow.yaml", include_str!("../../../workflows/micro_deposit/workflow.yaml")),
    ("nda_parallel/workflow.yaml", include_str!("../../../workflows/nda_parallel/workflow.yaml")),
    ("rescission/workflow.yaml", include_str!("../../../workflows/rescission/workflow.yaml")),
    ("seal_application/workflow.yaml", include_str!("../../../workflows/seal_application/workflow.yaml")),
    ("supplier_purchase/workflow.yaml", include_str!("../../../workflows/supplier_purchase/workflow.yaml")),
    ("tender/workflow.yaml", include_str!("../../../workflows/tender/workflow.yaml")),
    (
        "verify_legal_representative/workflow.yaml",
        include_str!("../../../workflows/verify_legal_representative/workflow.yaml"),
    ),
    (
        "verify_organization_documents/workflow.yaml",
        include_str!("../../../workflows/verify_organization_documents/workflow.yaml"),
    ),
    (
        "verify_person_bank_card/workflow.yaml",
        include_str!("../../../workflows/verify_person_bank_card/workflow.yaml"),
    ),
    ("verify_person_face/workflow.yaml", include_str!("../../../workflows/verify_person_face/workflow.yaml")),
    (
        "verify_person_phone/workflow.yaml",
        include_str!("../../../workflows/verify_person_phone/workflow.yaml"),
    ),
];

/// The agreements built in, as contract types name them, each with its text.
const AGREEMENTS: &[(&str, &str)] =
    &[("e_signature_consent", include_str!("../../../workflows/agreements/e_signature_consent.zh.md"))];

/// One definition with the text that it was loaded from.
pub(crate) struct Source {
    pub(crate) text: String,
    pub(crate) loaded: Loaded,
}

/// Loads the definitions of `folder` (`*.yaml` and `*/workflow.yaml`), or those built in when it is empty.
///
/// # Errors
/// Every fault of every file, with file, line, column and the mend.
pub(crate) fn load(folder: &Path) -> Result<Vec<Source>> {
    let files: Vec<(String, String)> = if folder.as_os_str().is_empty() {
        SHIPPED.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    } else {
        read_folder(folder)?
    };
    let mut sources = Vec::new();
    let mut faults = Vec::new();
    let loaded = load_all(&files, &Library::default());
    for ((_, text), loaded) in files.into_iter().zip(loaded) {
        match loaded {
            Ok(loaded) => sources.push(Source { text, loaded }),
            Err(diagnostics) => faults.extend(diagnostics.iter().map(ToString::to_string)),
        }
    }
    if !faults.is_empty() {
        bail!("the definitions have faults; mend them and start again\n{}", faults.join("\n"));
    }
    Ok(sources)
}

/// Publishes them all with the agreements, or none.
///
/// # Errors
/// When a published version would change.
pub(crate) async fn publish(store: &Store, sources: &[Source]) -> Result<()> {
    let mut tx = store.begin().await?;
    for source in sources {
        definitions::publish(&mut tx, &source.loaded.definition, &source.text).await?;
    }
    let now_ms = tx.now().as_ms();
    for (name, text) in AGREEMENTS {
        agreements::publish(tx.conn(), name, text, now_ms).await?;
    }
    tx.commit().await?;
    Ok(())
}

fn read_folder(folder: &Path) -> Result<Vec<(String, String)>> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("reading the definitions in {}", folder.display()))?;
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    for path in &mut paths {
        // A definition with scenarios has a folder of its own.
        if path.join(IN_FOLDER).is_file() {
            path.push(IN_FOLDER);
        }
    }
    paths.retain(|path| path.is_file() && path.extension().is_some_and(|extension| extension == "yaml"));
    paths.sort();
    if paths.len() > FILES_MAX {
        bail!("{} holds {} definitions; at most {FILES_MAX} are read", folder.display(), paths.len());
    }
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        Ok((path.display().to_string(), text))
    };
    paths.into_iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap is the test's failure")]

    use super::*;

    #[test]
    fn every_shipped_definition_is_built_in_and_right() {
        let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../workflows"));
        let on_disk: Vec<String> = read_folder(folder).unwrap().into_iter().map(|(_, text)| text).collect();
        let built_in: Vec<String> =
            load(Path::new("")).unwrap().into_iter().map(|source| source.text).collect();
        assert_eq!(on_disk.len(), built_in.len(), "a definition in workflows/ is not built in");
        for text in on_disk {
            assert!(built_in.contains(&text), "a definition in workflows/ is not built in");
        }
    }

    #[test]
    fn a_fault_stops_the_start_and_names_its_place() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(
            folder.path().join("broken.yaml"),
            "workflow: {name: broken, version: 1, dsl: 1}\nsates: {}\n",
        )
        .unwrap();
        let error = load(folder.path()).err().unwrap().to_string();
        assert!(error.contains("broken.yaml:2:1"), "{error}");
    }
}
