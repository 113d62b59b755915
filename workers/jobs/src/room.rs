//! How many bytes of documents the jobs of a process hold at a time. Many small files are worked on together; of large ones as
//! many as there is room for, and one that is larger than all the room alone. The others wait in the order in which they came.
//!
//! A job holds its file once: it is read, grows by a revision, and is stored. A child that opens it holds it once more, and there
//! are few children.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What is counted: a file takes whole pieces.
const PIECE_BYTES: u64 = 64 * 1024;
/// The room that jobs have when nothing else is said, in bytes: four files of 6 MB, as many as there are children.
pub const ROOM_BYTES: u64 = 24 * 1024 * 1024;

/// The room for documents. Clones share it.
#[derive(Debug, Clone)]
pub struct Room {
    free: Arc<Semaphore>,
    pieces: u32,
}

/// A file's part of the room, as long as it is kept.
#[derive(Debug)]
pub struct Taken {
    _pieces: Option<OwnedSemaphorePermit>,
}

impl Default for Room {
    fn default() -> Self {
        Self::new(ROOM_BYTES)
    }
}

impl Room {
    /// Room for so many bytes.
    #[must_use]
    pub fn new(bytes: u64) -> Self {
        let pieces = u32::try_from(bytes / PIECE_BYTES).unwrap_or(u32::MAX >> 4).clamp(1, u32::MAX >> 4);
        Self { free: Arc::new(Semaphore::new(usize::try_from(pieces).unwrap_or(1))), pieces }
    }

    /// Waits until there is room for a file of that size, or all of the room.
    pub async fn take(&self, size_bytes: i64) -> Taken {
        let pieces = u64::try_from(size_bytes).unwrap_or(0).div_ceil(PIECE_BYTES);
        let pieces = u32::try_from(pieces).unwrap_or(u32::MAX).clamp(1, self.pieces);
        // Nobody closes it, so there is always an answer.
        Taken { _pieces: Arc::clone(&self.free).acquire_many_owned(pieces).await.ok() }
    }

    /// How many bytes of it are free.
    #[must_use]
    pub fn free_bytes(&self) -> u64 {
        u64::try_from(self.free.available_permits()).unwrap_or(u64::MAX).saturating_mul(PIECE_BYTES)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is the test's failure")]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use futures::FutureExt as _;

    use super::*;

    const MEGABYTE: i64 = 1024 * 1024;

    /// Has `count` files of a size in work at the same moment, as far as there is room; tells how many were at most.
    async fn together(room: &Room, count: usize, size_bytes: i64) -> i64 {
        let (now, most) = (Arc::new(AtomicI64::new(0)), Arc::new(AtomicI64::new(0)));
        let mut crowd = tokio::task::JoinSet::new();
        for _ in 0..count {
            let (room, now, most) = (room.clone(), Arc::clone(&now), Arc::clone(&most));
            crowd.spawn(async move {
                let taken = room.take(size_bytes).await;
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                // All others have their turn meanwhile.
                for _ in 0..2 * count {
                    tokio::task::yield_now().await;
                }
                now.fetch_sub(1, Ordering::SeqCst);
                drop(taken);
            });
        }
        while let Some(ended) = crowd.join_next().await {
            ended.unwrap();
        }
        most.load(Ordering::SeqCst)
    }

    #[tokio::test]
    async fn files_are_in_work_together_as_far_as_there_is_room() {
        let room = Room::default();
        assert_eq!(together(&room, 50, 50_000).await, 50, "small files waited");
        assert_eq!(together(&room, 50, 6 * MEGABYTE).await, 4);
        assert_eq!(together(&room, 5, 25 * MEGABYTE).await, 1, "larger than the room");
        assert_eq!(together(&room, 5, i64::MAX).await, 1);
        assert_eq!(room.free_bytes(), ROOM_BYTES);
    }

    #[tokio::test]
    async fn a_large_file_is_not_passed_by_small_ones_for_ever() {
        let room = Room::new(10 * 1024 * 1024);
        let first = room.take(6 * MEGABYTE).await;
        let large = room.take(100 * MEGABYTE);
        let mut large = std::pin::pin!(large);
        assert!(large.as_mut().now_or_never().is_none());
        let mut small = std::pin::pin!(room.take(MEGABYTE));
        assert!(small.as_mut().now_or_never().is_none(), "it went ahead");
        drop(first);
        let large = large.now_or_never().unwrap();
        assert!(small.as_mut().now_or_never().is_none());
        assert_eq!(room.free_bytes(), 0);
        drop(large);
        assert!(small.now_or_never().is_some());
    }
}
