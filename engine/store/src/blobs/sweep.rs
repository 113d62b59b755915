//! Deleting blobs that no row refers to: a worker that died between keeping a file and committing its row leaves one, a draft's
//! deleted document too. None may be lost that a row refers to a moment later, and a folder of blobs and a database know
//! nothing of each other's transactions. So:
//!
//! ```text
//! put ───────────► kept ── old, no row ──► aside ── old there, no row ──► deleted
//!  (fresh again)    ▲                        │
//!                   └──────── a row ─────────┘
//! ```
//!
//! - Whoever commits a row that names a blob has put it before, in less than the grace period, or copies the name from a row that
//!   stays. A put always writes, so the blob's time (the storage's own, of a file or of an object in S3) is that of the last put.
//! - The sweep looks at the storage first and at the rows after it. A blob whose time is older than the grace has all its
//!   rows committed by then, or none will come without another put.
//! - That put may come while the sweep still holds its first look: *sweep looks, put, sweep moves, row commits*. So nothing
//!   is deleted at first, only set aside, by writing it anew: its time aside is that of the move, later than that put.
//!   [`Blobs::get`] reads it there too, and the next sweep finds the row and puts it back. It is deleted when the whole
//!   grace has passed once more and there is still no row; by then the row of that put is committed. A put that comes later
//!   writes the kept one, which the deletion does not touch.
//! - Moving writes the new place before it deletes the old one, so that there is always one of them; a sweep that dies is
//!   done again. Two sweeps at once do the same things twice.
//!
//! This asks of the storage only that a write is seen whole and at once, which folders and S3 both give; renames, locks or
//! conditional writes are not needed. It also leaves time to notice a mistake: a database that is not the one of these
//! blobs refers to none of them.

use bytes::Bytes;
use futures::TryStreamExt as _;
use object_store::{ObjectMeta, ObjectStoreExt as _};
use sealflow_core::Timestamp;
use serde::{Deserialize, Serialize};

use super::{ASIDE, BlobHash, Blobs, Error, ObjectError, ObjectPath};
use crate::{
    db::{
        self, Conn, Dialect, Store,
        many::{Column::Text, Many},
    },
    rows,
};

/// Blobs that are asked about in one statement.
const BATCH: usize = 500;

static REFERRED: Many = Many::new(include_str!("referred.sql"), &[("sha256", Text)]);

/// Why a sweep stopped. What it had done is done.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// The storage's.
    #[error(transparent)]
    Blobs(#[from] Error),
    /// The database's.
    #[error(transparent)]
    Store(#[from] db::Error),
}

/// What is swept.
#[derive(Debug, Clone, Copy)]
pub struct Sweeping {
    /// Blobs that were kept, or set aside, before this.
    pub before: Timestamp,
    /// Only look.
    pub dry_run: bool,
}

/// How much one call does; it ends soon after one of them is reached.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Blobs that it looks at.
    pub looked_at: u64,
    /// Blobs that it moves or deletes.
    pub moved: u64,
    /// Their bytes.
    pub moved_bytes: u64,
}

/// Some blobs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Pile {
    /// How many.
    pub count: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Pile {
    const fn add(&mut self, found: &Found) {
        self.count += 1;
        self.bytes += found.size_bytes;
    }

    pub(super) const fn and(self, other: Self) -> Self {
        Self { count: self.count + other.count, bytes: self.bytes + other.bytes }
    }
}

/// What a sweep did; a dry run: what it would do now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Swept {
    /// Everything that was listed.
    pub looked_at: u64,
    /// No row refers to them: deleted the next time but one, unless a row comes.
    pub set_aside: Pile,
    /// They had been set aside, and a row refers to them.
    pub put_back: Pile,
    /// They had been set aside, and there is still no row.
    pub deleted: Pile,
    /// A process died while it wrote them; deleted.
    pub unfinished: Pile,
}

impl Swept {
    const fn reaches(&self, limits: &Limits) -> bool {
        let moved = self.set_aside.and(self.put_back).and(self.deleted);
        moved.count >= limits.moved || moved.bytes >= limits.moved_bytes
    }

    /// With another part's.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            looked_at: self.looked_at + other.looked_at,
            set_aside: self.set_aside.and(other.set_aside),
            put_back: self.put_back.and(other.put_back),
            deleted: self.deleted.and(other.deleted),
            unfinished: self.unfinished.and(other.unfinished),
        }
    }
}

/// Where a blob is.
#[derive(Debug, Clone, Copy)]
enum Place {
    Kept,
    Aside,
}

/// A blob that is old enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its name.
    pub sha256: BlobHash,
    /// Its size.
    pub size_bytes: u64,
}

/// Sweeps the blobs whose names begin with the byte `from`, then those of the bytes after it, until a limit is reached.
/// Tells where to go on.
///
/// # Errors
/// See [`SweepError`]; doing it again is right.
pub async fn sweep(
    store: &Store,
    from: u8,
    sweeping: Sweeping,
    limits: Limits,
) -> Result<(Swept, Option<u8>), SweepError> {
    let mut swept = Swept::default();
    for first in from..=u8::MAX {
        swept.unfinished = swept.unfinished.and(store.blobs().sweep_staged(first, sweeping).await?);
        // What was set aside comes first, so that what is set aside now stays there for the whole grace.
        for place in [Place::Aside, Place::Kept] {
            let (listed, found) = match place {
                Place::Aside => store.blobs().old_aside(first, sweeping.before).await?,
                Place::Kept => store.blobs().old_kept(first, sweeping.before).await?,
            };
            swept.looked_at += listed;
            if !sweep_old(store, place, found, sweeping, limits, &mut swept).await? {
                return Ok((swept, Some(first)));
            }
        }
        if swept.looked_at >= limits.looked_at {
            return Ok((swept, first.checked_add(1)));
        }
    }
    Ok((swept, None))
}

/// False: a limit was reached before the end.
async fn sweep_old(
    store: &Store,
    place: Place,
    found: Vec<Found>,
    sweeping: Sweeping,
    limits: Limits,
    swept: &mut Swept,
) -> Result<bool, SweepError> {
    let blobs = store.blobs();
    for batch in found.chunks(BATCH) {
        let orphans = unreferred(&mut *store.read().await?, store.dialect(), batch).await?;
        for one in batch {
            let (hash, dry_run) = (&one.sha256, sweeping.dry_run);
            let (pile, is_done) = match (place, orphans.contains(one)) {
                (Place::Kept, false) => continue,
                (Place::Kept, true) => (&mut swept.set_aside, dry_run || blobs.set_aside(hash).await?),
                (Place::Aside, false) => (&mut swept.put_back, dry_run || blobs.put_back(hash).await?),
                (Place::Aside, true) => (&mut swept.deleted, dry_run || blobs.delete_aside(hash).await?),
            };
            if is_done {
                pile.add(one);
            }
            if !sweeping.dry_run && swept.reaches(&limits) {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// Those that no committed row refers to.
///
/// # Errors
/// The database's.
pub async fn unreferred(conn: &mut Conn, dialect: Dialect, found: &[Found]) -> Result<Vec<Found>, db::Error> {
    #[derive(Serialize, Deserialize)]
    struct Row<'a> {
        sha256: &'a str,
    }
    let rows: Vec<_> = found.iter().map(|one| Row { sha256: one.sha256.as_str() }).collect();
    let named = REFERRED.query(dialect, &rows)?.fetch_all(conn).await?;
    let named: std::collections::HashSet<BlobHash> =
        named.iter().map(|row| rows::id(row, "sha256")).collect::<Result<_, _>>()?;
    Ok(found.iter().filter(|one| !named.contains(&one.sha256)).cloned().collect())
}

/// The steps of a sweep.
impl Blobs {
    /// Kept blobs that begin with this byte and were put before then; and how many begin with it.
    ///
    /// # Errors
    /// The storage's.
    pub async fn old_kept(&self, first: u8, before: Timestamp) -> Result<(u64, Vec<Found>), Error> {
        self.old(&ObjectPath::from(hex::encode([first])), before).await
    }

    /// Blobs that begin with this byte and were set aside before then; and how many begin with it.
    ///
    /// # Errors
    /// The storage's.
    pub async fn old_aside(&self, first: u8, before: Timestamp) -> Result<(u64, Vec<Found>), Error> {
        self.old(&ObjectPath::from_iter([ASIDE, &hex::encode([first])]), before).await
    }

    async fn old(&self, folder: &ObjectPath, before: Timestamp) -> Result<(u64, Vec<Found>), Error> {
        let mut listed = 0;
        let mut old = Vec::new();
        let mut objects = self.objects.list(Some(folder));
        while let Some(object) = objects.try_next().await.map_err(Error::Storage)? {
            listed += 1;
            if object.last_modified.timestamp_millis() < before.as_ms() {
                old.extend(found(&object));
            }
        }
        Ok((listed, old))
    }

    /// Sets a kept blob aside. False when it is not kept.
    ///
    /// # Errors
    /// The storage's; then it is kept, or aside, or both.
    pub async fn set_aside(&self, hash: &BlobHash) -> Result<bool, Error> {
        let Some(bytes) = self.intact(hash, &hash.path()).await? else { return Ok(false) };
        self.objects.put(&hash.path_aside(), bytes.into()).await.map_err(Error::Storage)?;
        self.delete(&hash.path()).await
    }

    /// Keeps a blob again that was set aside. False when it is not there.
    ///
    /// # Errors
    /// The storage's; then it is kept, or aside, or both.
    pub async fn put_back(&self, hash: &BlobHash) -> Result<bool, Error> {
        let Some(bytes) = self.intact(hash, &hash.path_aside()).await? else { return Ok(false) };
        // One that was put in between has the same bytes, or is damaged and must not stay.
        self.objects.put(&hash.path(), bytes.into()).await.map_err(Error::Storage)?;
        self.delete(&hash.path_aside()).await
    }

    /// Deletes a blob that was set aside. False when it is not there.
    ///
    /// # Errors
    /// The storage's.
    pub async fn delete_aside(&self, hash: &BlobHash) -> Result<bool, Error> {
        self.delete(&hash.path_aside()).await
    }

    /// The bytes to be moved. Damaged ones stay where they are, for a person: moved, they might take the place of good ones.
    async fn intact(&self, hash: &BlobHash, path: &ObjectPath) -> Result<Option<Bytes>, Error> {
        let bytes = self.read(path).await?.filter(|bytes| {
            let is_intact = BlobHash::of(bytes) == *hash;
            if !is_intact {
                tracing::warn!(blob.sha256 = %hash, "a blob that no row refers to is damaged");
            }
            is_intact
        });
        Ok(bytes)
    }

    /// S3 does not tell whether there was anything.
    async fn delete(&self, path: &ObjectPath) -> Result<bool, Error> {
        match self.objects.delete(path).await {
            Ok(()) => Ok(true),
            Err(ObjectError::NotFound { .. }) => Ok(false),
            Err(error) => Err(Error::Storage(error)),
        }
    }
}

/// What is not named like a blob is not ours.
fn found(object: &ObjectMeta) -> Option<Found> {
    Some(Found { sha256: object.location.filename()?.parse().ok()?, size_bytes: object.size })
}
