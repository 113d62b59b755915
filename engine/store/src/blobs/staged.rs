//! Files that were being written when their process died. A folder's storage writes a file beside its place (`NAME#1`) and
//! renames it when it is whole; it lists no such files, so nobody else finds one. S3 keeps nothing of an upload that was cut off.

use std::{
    io::{Error as IoError, ErrorKind},
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use super::{ASIDE, BlobHash, Blobs, Error, Pile, Sweeping};

impl Blobs {
    /// Deletes those for blobs that begin with this byte, when they are old: nobody writes for as long as that.
    pub(super) async fn sweep_staged(&self, first: u8, sweeping: Sweeping) -> Result<Pile, Error> {
        let Some(root) = self.folder.clone() else { return Ok(Pile::default()) };
        let swept = tokio::task::spawn_blocking(move || {
            let first = hex::encode([first]);
            let mut pile = Pile::default();
            for folder in [root.join(&first), root.join(ASIDE).join(&first)] {
                sweep(&folder, sweeping, &mut pile)?;
            }
            Ok(pile)
        });
        swept.await.unwrap_or_else(|broken| Err(IoError::other(broken))).map_err(Error::Staged)
    }
}

fn sweep(folder: &Path, sweeping: Sweeping, pile: &mut Pile) -> Result<(), IoError> {
    let before = u64::try_from(sweeping.before.as_ms()).unwrap_or(0);
    let before: SystemTime = UNIX_EPOCH + Duration::from_millis(before);
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sweep(&entry.path(), sweeping, pile)?;
            continue;
        }
        if !entry.file_name().to_str().is_some_and(is_staged) {
            continue;
        }
        // It may just have been renamed.
        let Ok(about) = entry.metadata() else { continue };
        if about.modified()? < before {
            if !sweeping.dry_run {
                std::fs::remove_file(entry.path())?;
            }
            *pile = pile.and(Pile { count: 1, bytes: about.len() });
        }
    }
    Ok(())
}

fn is_staged(name: &str) -> bool {
    name.split_once('#').is_some_and(|(hash, number)| {
        hash.parse::<BlobHash>().is_ok()
            && !number.is_empty()
            && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::is_staged;

    #[test]
    fn only_what_is_beside_a_blobs_place_is_ours() {
        let hash = "0".repeat(64);
        assert!(is_staged(&format!("{hash}#1")) && is_staged(&format!("{hash}#23")));
        for other in [hash.clone(), format!("{hash}#"), format!("{hash}#a"), "notes#1".to_owned()] {
            assert!(!is_staged(&other), "{other}");
        }
    }
}
