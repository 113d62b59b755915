//! A blob has the content that its name tells.

use bytes::Bytes;
use sealflow_store::blobs::{BlobHash, Error, Hashed};
use sealflow_tests::db::{Engine, TestStore};

#[tokio::test]
async fn what_is_kept_is_found_under_its_hash() {
    let db = TestStore::new(Engine::Sqlite).await.unwrap();
    let blobs = db.store.blobs();
    let bytes = Bytes::from_static("合同".as_bytes());
    let hash = blobs.put(bytes.clone()).await.unwrap();
    assert_eq!(blobs.put(bytes.clone()).await.unwrap(), hash);
    assert_eq!(blobs.get(&hash).await.unwrap(), bytes);
    let other = BlobHash::of(b"other");
    assert!(matches!(blobs.get(&other).await, Err(Error::Missing(name)) if name == other));
}

#[tokio::test]
async fn a_damaged_blob_is_noticed() {
    let db = TestStore::new(Engine::Sqlite).await.unwrap();
    let hash = db.store.blobs().put(Bytes::from_static(b"signed")).await.unwrap();
    let name = hash.as_str();
    let file = db.config.blobs_dir.join(&name[..2]).join(&name[2..4]).join(name);
    std::fs::write(&file, b"forged").unwrap();
    assert!(matches!(db.store.blobs().get(&hash).await, Err(Error::Damaged(_))));
}

/// What was hashed when it was read is not hashed again when it has grown.
#[tokio::test]
async fn a_blob_that_grows_is_hashed_from_where_it_ended() {
    let db = TestStore::new(Engine::Sqlite).await.unwrap();
    let blobs = db.store.blobs();
    let base = blobs.put(Bytes::from_static(b"contract, ")).await.unwrap();
    let (bytes, hashed) = blobs.get_hashed(&base).await.unwrap();
    assert_eq!((&bytes[..], hashed.name()), (&b"contract, "[..], base));
    for (rest, whole) in [("signed", "contract, signed"), ("", "contract, ")] {
        let grown = Bytes::from([&bytes[..], rest.as_bytes()].concat());
        let name = blobs.put_grown(grown, &hashed).await.unwrap();
        assert_eq!(name, BlobHash::of(whole.as_bytes()));
        assert_eq!(blobs.get(&name).await.unwrap(), whole);
    }
    // The name goes on from the hash that is given. A caller who errs is told while he is tested, and nothing is written.
    let (other, moved) = (Hashed::of(b"contract; "), Bytes::from_static(b"contract, signed"));
    let name = BlobHash::of(b"contract; signed");
    assert!(matches!(blobs.put_grown(moved, &other).await, Err(Error::Damaged(found)) if found == name));
    assert!(matches!(blobs.get(&name).await, Err(Error::Missing(_))));
}

#[test]
fn a_name_is_64_hexadecimal_digits() {
    assert!("0".repeat(64).parse::<BlobHash>().is_ok());
    for bad in ["", "..", "../../etc/passwd", &"A".repeat(64), &"0".repeat(63), &"é".repeat(32)] {
        assert!(bad.parse::<BlobHash>().is_err(), "{bad}");
    }
}
