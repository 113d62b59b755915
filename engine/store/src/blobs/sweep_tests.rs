//! The steps of a sweep on a storage that is no folder.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is the test's failure")]

use std::sync::Arc;

use bytes::Bytes;
use object_store::{ObjectStoreExt as _, memory::InMemory};
use sealflow_core::Timestamp;

use super::{BlobHash, Blobs, Error, Found};

fn names(found: &[Found]) -> Vec<&str> {
    found.iter().map(|one| one.sha256.as_str()).collect()
}

/// What the steps ask of a storage that is no folder: whole writes, lists by the beginning of a name, times of its own.
#[tokio::test]
async fn the_steps_need_no_folder() {
    let blobs = Blobs { objects: Arc::new(InMemory::new()), folder: None };
    let (long_ago, far) = (Timestamp(0), Timestamp(i64::MAX));
    let hash = blobs.put(Bytes::from_static(b"orphan")).await.unwrap();
    let first = u8::from_str_radix(&hash.as_str()[..2], 16).unwrap();
    assert_eq!(blobs.old_kept(first, long_ago).await.unwrap(), (1, vec![]));
    assert_eq!(blobs.old_kept(first.wrapping_add(1), far).await.unwrap(), (0, vec![]));
    let (_, old) = blobs.old_kept(first, far).await.unwrap();
    assert_eq!(names(&old), [hash.as_str()]);
    assert_eq!(old[0].size_bytes, 6);
    assert_eq!(blobs.old_aside(first, far).await.unwrap().0, 0);

    assert!(blobs.set_aside(&hash).await.unwrap());
    assert_eq!(blobs.old_kept(first, far).await.unwrap().0, 0);
    assert_eq!(names(&blobs.old_aside(first, far).await.unwrap().1), [hash.as_str()]);
    assert_eq!(blobs.get(&hash).await.unwrap(), "orphan");

    assert!(blobs.put_back(&hash).await.unwrap());
    assert!(!blobs.put_back(&hash).await.unwrap());
    assert_eq!(blobs.old_kept(first, far).await.unwrap().0, 1);
    assert_eq!(blobs.old_aside(first, far).await.unwrap().0, 0);

    assert!(blobs.set_aside(&hash).await.unwrap());
    blobs.delete_aside(&hash).await.unwrap();
    assert!(matches!(blobs.get(&hash).await, Err(Error::Missing(_))));
}

/// Nobody can say what was in a damaged one, so it stays for a person; good bytes never give way to it.
#[tokio::test]
async fn a_damaged_blob_is_not_moved() {
    let blobs = Blobs { objects: Arc::new(InMemory::new()), folder: None };
    let hash = BlobHash::of(b"good");
    for path in [hash.path(), hash.path_aside()] {
        blobs.objects.put(&path, Bytes::from_static(b"bad").into()).await.unwrap();
    }
    assert!(!blobs.set_aside(&hash).await.unwrap());
    assert!(!blobs.put_back(&hash).await.unwrap());
    assert!(matches!(blobs.get(&hash).await, Err(Error::Damaged(_))));
    blobs.put(Bytes::from_static(b"good")).await.unwrap();
    assert_eq!(blobs.get(&hash).await.unwrap(), "good");
    // A good one aside mends a damaged one, and is not lost over it.
    for (path, bytes) in [(hash.path(), "bad"), (hash.path_aside(), "good")] {
        blobs.objects.put(&path, Bytes::from_static(bytes.as_bytes()).into()).await.unwrap();
    }
    assert!(blobs.put_back(&hash).await.unwrap());
    assert_eq!(blobs.get(&hash).await.unwrap(), "good");
}
