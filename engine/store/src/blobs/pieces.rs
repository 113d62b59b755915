//! Blobs that are sent away piece by piece: whoever takes his time holds one piece in memory, not the whole blob.
//!
//! All of it is read and hashed before the first piece is handed out, so that nobody is shown a byte of what is damaged; then it
//! is read once more, a piece whenever one is asked for. Nothing is held open between two pieces.

use std::{mem, ops::Range};

use bytes::Bytes;
use futures::{Stream, stream};
use object_store::{Error as ObjectError, ObjectStoreExt as _};
use sha2::{Digest as _, Sha256};

use super::{BlobHash, Blobs, Error, ObjectPath};

/// The most bytes of a blob that are in memory at a time: 256 KiB.
pub const PIECE_BYTES: u64 = 256 << 10;

/// A blob that was found whole.
#[derive(Debug)]
pub struct Whole {
    blobs: Blobs,
    path: ObjectPath,
    size_bytes: u64,
    /// Kept from the search, so that what has one piece is read once.
    first: Bytes,
}

impl Blobs {
    /// Looks whether the blob is there and has the content that its name tells.
    ///
    /// # Errors
    /// As [`Blobs::get`].
    pub async fn open_whole(&self, hash: &BlobHash) -> Result<Whole, Error> {
        for path in hash.paths() {
            let (size_bytes, mut sha256) = match self.objects.head(&path).await {
                Ok(found) => (found.size, Sha256::new()),
                Err(ObjectError::NotFound { .. }) => continue,
                Err(error) => return Err(Error::Storage(error)),
            };
            let whole = Whole { blobs: self.clone(), path, size_bytes, first: Bytes::new() };
            let first = whole.read(0).await?;
            sha256.update(&first);
            let mut hashed = PIECE_BYTES;
            while hashed < size_bytes {
                sha256.update(&whole.read(hashed).await?);
                hashed += PIECE_BYTES;
            }
            return if BlobHash::finish(sha256) == *hash {
                Ok(Whole { first, ..whole })
            } else {
                Err(Error::Damaged(hash.clone()))
            };
        }
        Err(Error::Missing(hash.clone()))
    }
}

impl Whole {
    /// How many bytes it has.
    #[must_use]
    pub const fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// These of its bytes, in pieces of at most [`PIECE_BYTES`]. Each is read when it is asked for.
    ///
    /// An error ends them: the storage's, or [`Error::Storage`] when the blob is not there any more.
    pub fn pieces(self, wanted: Range<u64>) -> impl Stream<Item = Result<Bytes, Error>> + Send {
        let wanted = wanted.start..wanted.end.min(self.size_bytes);
        stream::try_unfold((self, wanted), async |(mut whole, wanted)| {
            if wanted.is_empty() {
                return Ok(None);
            }
            let piece = whole.piece(&wanted).await?;
            let next = wanted.start + u64::try_from(piece.len()).unwrap_or(u64::MAX);
            Ok(Some((piece, (whole, next..wanted.end))))
        })
    }

    /// The first of these bytes, as many as stand in one piece. Pieces begin where those of the search did.
    async fn piece(&mut self, wanted: &Range<u64>) -> Result<Bytes, Error> {
        let first = mem::take(&mut self.first);
        let begin = wanted.start - wanted.start % PIECE_BYTES;
        let piece = if begin == 0 { first } else { self.read(begin).await? };
        let within = |offset: u64| {
            usize::try_from(offset.saturating_sub(begin)).unwrap_or(usize::MAX).min(piece.len())
        };
        Ok(piece.slice(within(wanted.start)..within(wanted.end)))
    }

    /// The piece that begins there.
    async fn read(&self, begin: u64) -> Result<Bytes, Error> {
        let end = (begin + PIECE_BYTES).min(self.size_bytes);
        if begin >= end {
            return Ok(Bytes::new());
        }
        self.blobs.objects.get_range(&self.path, begin..end).await.map_err(Error::Storage)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap is the test's failure")]

    use std::sync::Arc;

    use futures::{StreamExt as _, TryStreamExt as _};
    use object_store::memory::InMemory;

    use super::*;

    const PIECE: usize = 256 << 10;

    fn blobs() -> Blobs {
        Blobs { objects: Arc::new(InMemory::new()), folder: None }
    }

    fn bytes(length: usize) -> Bytes {
        (0..length).map(|n| u8::try_from(n % 251).unwrap()).collect()
    }

    async fn read(blobs: &Blobs, hash: &BlobHash, wanted: Range<u64>) -> Vec<Bytes> {
        blobs.open_whole(hash).await.unwrap().pieces(wanted).try_collect().await.unwrap()
    }

    #[tokio::test]
    async fn pieces_are_the_blob_one_after_another() {
        let blobs = blobs();
        for length in [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE, 3 * PIECE + 7] {
            let whole = bytes(length);
            let hash = blobs.put(whole.clone()).await.unwrap();
            assert_eq!(blobs.open_whole(&hash).await.unwrap().size_bytes(), length as u64);
            let pieces = read(&blobs, &hash, 0..length as u64).await;
            assert_eq!(pieces.len(), length.div_ceil(PIECE));
            assert!(pieces.iter().all(|piece| piece.len() <= PIECE));
            assert!(pieces.concat() == whole, "{length}");
        }
    }

    #[tokio::test]
    async fn a_part_is_what_stands_there() {
        let blobs = blobs();
        let whole = bytes(2 * PIECE + 100);
        let hash = blobs.put(whole.clone()).await.unwrap();
        let ends = [0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 2 * PIECE + 99, 2 * PIECE + 100];
        for (n, start) in ends.iter().enumerate() {
            for end in &ends[n..] {
                let pieces = read(&blobs, &hash, *start as u64..*end as u64).await;
                assert!(pieces.concat() == whole[*start..*end], "{start}..{end}");
            }
        }
        assert!(read(&blobs, &hash, 5..u64::MAX).await.concat() == whole[5..]);
    }

    /// The blob is taken away when two pieces were asked for: there is no third, so nothing had been read ahead.
    #[tokio::test]
    async fn no_piece_is_read_before_it_is_asked_for() {
        let blobs = blobs();
        let hash = blobs.put(bytes(4 * PIECE)).await.unwrap();
        let whole = blobs.open_whole(&hash).await.unwrap();
        let mut pieces = Box::pin(whole.pieces(0..u64::MAX));
        for _ in 0..2 {
            assert_eq!(pieces.next().await.unwrap().unwrap().len(), PIECE);
        }
        blobs.objects.delete(&hash.path()).await.unwrap();
        assert!(matches!(pieces.next().await, Some(Err(Error::Storage(ObjectError::NotFound { .. })))));
        assert!(pieces.next().await.is_none(), "an error ends it");
    }

    #[tokio::test]
    async fn what_is_damaged_anywhere_has_no_first_piece() {
        let blobs = blobs();
        let whole = bytes(3 * PIECE);
        let hash = blobs.put(whole.clone()).await.unwrap();
        for at in [0, PIECE, 3 * PIECE - 1] {
            let mut damaged = whole.to_vec();
            damaged[at] ^= 1;
            blobs.objects.put(&hash.path(), damaged.into()).await.unwrap();
            assert!(matches!(blobs.open_whole(&hash).await, Err(Error::Damaged(found)) if found == hash));
        }
        for cut in [0, PIECE, 3 * PIECE - 1] {
            blobs.objects.put(&hash.path(), whole.slice(..cut).into()).await.unwrap();
            assert!(matches!(blobs.open_whole(&hash).await, Err(Error::Damaged(_))), "{cut}");
        }
        blobs.objects.delete(&hash.path()).await.unwrap();
        assert!(matches!(blobs.open_whole(&hash).await, Err(Error::Missing(_))));
        // What was set aside is read there.
        blobs.objects.put(&hash.path_aside(), whole.clone().into()).await.unwrap();
        assert!(read(&blobs, &hash, 0..u64::MAX).await.concat() == whole);
    }
}
