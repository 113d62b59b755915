//! What has happened, one JSON line each, so that a sandbox started again knows it still.

use std::{
    fs::{self, File, OpenOptions},
    io::Write as _,
    marker::PhantomData,
    path::Path,
};

use anyhow::{Context as _, Result};
use serde::{Serialize, de::DeserializeOwned};

/// An append-only file of lines.
#[derive(Debug)]
pub(crate) struct Journal<T> {
    file: File,
    entry: PhantomData<fn(T)>,
}

impl<T: Serialize + DeserializeOwned> Journal<T> {
    /// Opens the file, making it if need be, and reads what is in it. A last line that a crash cut off is dropped.
    pub(crate) fn open(path: &Path) -> Result<(Self, Vec<T>)> {
        let name = path.display();
        let text = if path.exists() {
            fs::read(path).with_context(|| format!("reading {name}"))?
        } else {
            Vec::new()
        };
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        let mut entries = Vec::new();
        for (number, line) in text.get(..whole).unwrap_or_default().split(|byte| *byte == b'\n').enumerate() {
            if line.is_empty() {
                continue;
            }
            let entry =
                serde_json::from_slice(line).with_context(|| format!("{name}, line {}", number + 1))?;
            entries.push(entry);
        }
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .with_context(|| format!("opening {name}"))?;
        if whole < text.len() {
            file.set_len(whole as u64).with_context(|| format!("cutting {name}"))?;
        }
        Ok((Self { file, entry: PhantomData }, entries))
    }

    /// Writes one line in one call to the system, so that the end of this process cannot tear it.
    pub(crate) fn append(&mut self, entry: &T) -> Result<()> {
        let mut line = serde_json::to_vec(entry)?;
        line.push(b'\n');
        self.file.write_all(&line).context("writing the journal")
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is the test's failure")]
mod tests {
    use super::*;

    #[test]
    fn entries_survive_and_a_torn_line_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        let (mut journal, entries) = Journal::<String>::open(&path).unwrap();
        assert!(entries.is_empty());
        journal.append(&"one".into()).unwrap();
        drop(journal);
        OpenOptions::new().append(true).open(&path).unwrap().write_all(b"\"tw").unwrap();

        let (mut journal, entries) = Journal::<String>::open(&path).unwrap();
        assert_eq!(entries, ["one"]);
        journal.append(&"three".into()).unwrap();
        assert_eq!(Journal::<String>::open(&path).unwrap().1, ["one", "three"]);
    }

    #[test]
    fn a_broken_line_in_the_middle_is_told_with_its_number() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        fs::write(&path, "\"one\"\nbroken\n\"three\"\n").unwrap();
        let error = Journal::<String>::open(&path).unwrap_err();
        assert!(error.to_string().ends_with("line 2"), "{error}");
    }
}
