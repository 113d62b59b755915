//! A blob has the content that its name tells.

use bytes::Bytes;
use sealflow_store::blobs::{BlobHash, Error};
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

#[test]
fn a_name_is_64_hexadecimal_digits() {
    assert!("0".repeat(64).parse::<BlobHash>().is_ok());
    for bad in ["", "..", "../../etc/passwd", &"A".repeat(64), &"0".repeat(63), &"é".repeat(32)] {
        assert!(bad.parse::<BlobHash>().is_err(), "{bad}");
    }
}
