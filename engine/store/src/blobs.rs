//! Files by content: a blob's name is the SHA-256 of its bytes, so that a revision, once referred to, cannot change.

mod pieces;
mod staged;
mod sweep;
#[cfg(test)]
mod sweep_tests;

use std::{fmt, path::Path, str::FromStr, sync::Arc};

use bytes::Bytes;
use object_store::{
    Error as ObjectError, ObjectStore, ObjectStoreExt as _, local::LocalFileSystem, path::Path as ObjectPath,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

pub use pieces::{PIECE_BYTES, Whole};
pub use sweep::{Found, Limits, Pile, SweepError, Sweeping, Swept, sweep, unreferred};

/// The most bytes that one blob may have: 200 MiB.
pub const SIZE_MAX: usize = 200 << 20;

/// Where blobs are that no row referred to when they were swept; see `sweep.rs`.
const ASIDE: &str = "aside";

/// A blob's name: 64 lower-case hexadecimal digits. A row that holds one does so in a column that `blobs/referred.sql`
/// names; else the blob is swept.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BlobHash(String);

impl BlobHash {
    /// The name that these bytes have.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Hashed::of(bytes).name()
    }

    fn finish(sha256: Sha256) -> Self {
        Self(hex::encode(sha256.finalize()))
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Two levels of folders keep each of them small.
    fn path(&self) -> ObjectPath {
        ObjectPath::from_iter(self.parts())
    }

    /// Where it is when it was set aside.
    fn path_aside(&self) -> ObjectPath {
        ObjectPath::from_iter([ASIDE].into_iter().chain(self.parts()))
    }

    /// Where it is looked for: what was set aside and then referred to after all is read where it is. It may be put back between
    /// two looks.
    fn paths(&self) -> [ObjectPath; 3] {
        [self.path(), self.path_aside(), self.path()]
    }

    fn parts(&self) -> [&str; 3] {
        let (first, rest) = self.0.split_at(2);
        let (second, _) = rest.split_at(2);
        [first, second, &self.0]
    }
}

impl fmt::Display for BlobHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Bytes that were hashed. When they grow, hashing goes on from here: what is in front is not hashed once more.
#[derive(Debug, Clone)]
pub struct Hashed {
    sha256: Sha256,
    length: usize,
}

impl Hashed {
    /// Hashes these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self { sha256: Sha256::new_with_prefix(bytes), length: bytes.len() }
    }

    /// The hash, to go on with.
    #[must_use]
    pub const fn sha256(&self) -> &Sha256 {
        &self.sha256
    }

    /// The name that these bytes have.
    #[must_use]
    pub fn name(&self) -> BlobHash {
        BlobHash::finish(self.sha256.clone())
    }

    /// The name of bytes that begin with these.
    fn name_grown(&self, bytes: &[u8]) -> BlobHash {
        BlobHash::finish(self.sha256.clone().chain_update(bytes.get(self.length..).unwrap_or_default()))
    }
}

/// The text is no SHA-256.
#[derive(Debug, thiserror::Error)]
#[error("not a SHA-256 in lower-case hexadecimal digits")]
pub struct ParseHashError;

impl FromStr for BlobHash {
    type Err = ParseHashError;

    fn from_str(text: &str) -> Result<Self, ParseHashError> {
        let digits = text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if digits { Ok(Self(text.to_owned())) } else { Err(ParseHashError) }
    }
}

impl TryFrom<String> for BlobHash {
    type Error = ParseHashError;

    fn try_from(text: String) -> Result<Self, ParseHashError> {
        text.parse()
    }
}

impl From<BlobHash> for String {
    fn from(hash: BlobHash) -> Self {
        hash.0
    }
}

/// A failed access to a blob.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing has this name.
    #[error("there is no blob {0}")]
    Missing(BlobHash),
    /// What is stored under the name are other bytes: the storage is damaged or was tampered with.
    #[error("the blob {0} does not have the content that its name tells")]
    Damaged(BlobHash),
    /// More than [`SIZE_MAX`].
    #[error("a blob may have at most {SIZE_MAX} bytes, not {0}")]
    TooLarge(usize),
    /// The folder cannot be made.
    #[error("the folder cannot be made")]
    Folder(#[source] std::io::Error),
    /// The storage failed.
    #[error("the storage of blobs failed")]
    Storage(#[source] ObjectError),
    /// What a dead process was writing cannot be deleted.
    #[error("files that were not written to their end cannot be deleted")]
    Staged(#[source] std::io::Error),
}

/// The blobs. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Blobs {
    objects: Arc<dyn ObjectStore>,
    /// Where they are, when that is a folder.
    folder: Option<Arc<Path>>,
}

impl Blobs {
    /// Blobs in a folder. Each is on the disk before its name is handed out.
    pub(crate) async fn open(dir: &Path) -> Result<Self, Error> {
        tokio::fs::create_dir_all(dir).await.map_err(Error::Folder)?;
        let files = LocalFileSystem::new_with_prefix(dir).map_err(Error::Storage)?.with_fsync(true);
        Ok(Self { objects: Arc::new(files), folder: Some(dir.into()) })
    }

    /// Keeps these bytes. Keeping them twice is one blob, and makes it as fresh as a new one: whoever refers to what it just
    /// kept can rely on it, however old it was.
    ///
    /// # Errors
    /// When they are too many, or the storage failed.
    pub async fn put(&self, bytes: Bytes) -> Result<BlobHash, Error> {
        self.put_grown(bytes, &Hashed::of(&[])).await
    }

    /// As [`Self::put`], for bytes that begin with those that were hashed `before`: only what is behind them is hashed now. The
    /// caller answers for it that they do; a debug build looks.
    ///
    /// # Errors
    /// As there.
    pub async fn put_grown(&self, bytes: Bytes, before: &Hashed) -> Result<BlobHash, Error> {
        if bytes.len() > SIZE_MAX {
            return Err(Error::TooLarge(bytes.len()));
        }
        let hash = before.name_grown(&bytes);
        if cfg!(debug_assertions) && BlobHash::of(&bytes) != hash {
            return Err(Error::Damaged(hash));
        }
        self.objects.put(&hash.path(), bytes.into()).await.map_err(Error::Storage)?;
        Ok(hash)
    }

    /// The bytes, checked against their name.
    ///
    /// # Errors
    /// When there are none, they are not those that were kept, or the storage failed.
    pub async fn get(&self, hash: &BlobHash) -> Result<Bytes, Error> {
        Ok(self.get_hashed(hash).await?.0)
    }

    /// The bytes, checked against their name, and the hash that they were checked by: for whoever makes them grow.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn get_hashed(&self, hash: &BlobHash) -> Result<(Bytes, Hashed), Error> {
        for path in hash.paths() {
            if let Some(bytes) = self.read(&path).await? {
                let hashed = Hashed::of(&bytes);
                return if hashed.name() == *hash {
                    Ok((bytes, hashed))
                } else {
                    Err(Error::Damaged(hash.clone()))
                };
            }
        }
        Err(Error::Missing(hash.clone()))
    }

    async fn read(&self, path: &ObjectPath) -> Result<Option<Bytes>, Error> {
        let found = match self.objects.get(path).await {
            Ok(found) => found,
            Err(ObjectError::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(Error::Storage(error)),
        };
        Ok(Some(found.bytes().await.map_err(Error::Storage)?))
    }
}
