//! What is published never changes.

use sealflow_store::definitions::{self, PublishError};
use sealflow_tests::{db::TestStore, on_both};

use super::errand;

on_both!(
    publishing_again_changes_nothing,
    a_version_has_one_source,
    another_compilation_goes_beside,
    the_newest_version_is_found
);

async fn publishing_again_changes_nothing(db: TestStore) {
    errand::publish(&db.store).await;
    errand::publish(&db.store).await;
    let (definition, source) = errand::definition();
    let mut reader = db.store.read().await.unwrap();
    let published = definitions::source(&mut reader, definition.hash()).await.unwrap().unwrap();
    assert_eq!(published.source, source);
    let read = definitions::read(&mut reader, definition.hash()).await.unwrap().unwrap();
    assert_eq!(read, definition);
}

async fn a_version_has_one_source(db: TestStore) {
    errand::publish(&db.store).await;
    let other = errand::definition().1.replace("rounds: 3", "rounds: 4");
    let other_definition = sealflow_core::load(&other, "errand.yaml").unwrap().definition;
    let mut tx = db.store.begin().await.unwrap();
    let refused = definitions::publish(&mut tx, &other_definition, &other).await;
    assert!(matches!(refused, Err(PublishError::VersionTaken { version: 1, .. })));
}

/// As after an upgrade: the source is the same, what it compiles to is not.
async fn another_compilation_goes_beside(db: TestStore) {
    errand::publish(&db.store).await;
    let (first, source) = errand::definition();
    let compiled_otherwise = source.replace("rounds: 3", "rounds: 4");
    let second = sealflow_core::load(&compiled_otherwise, "errand.yaml").unwrap().definition;
    let mut tx = db.store.begin().await.unwrap();
    definitions::publish(&mut tx, &second, source).await.unwrap();
    definitions::publish(&mut tx, &second, source).await.unwrap();
    let newest = definitions::newest(tx.conn(), "errand").await.unwrap().unwrap();
    assert_eq!(newest.hash(), second.hash());
    let pinned = definitions::get(&mut tx, first.hash()).await.unwrap().unwrap();
    assert_eq!(*pinned, first, "running instances keep theirs");
}

async fn the_newest_version_is_found(db: TestStore) {
    errand::publish(&db.store).await;
    let newer = errand::definition().1.replace("version: 1", "version: 2");
    let newer_definition = sealflow_core::load(&newer, "errand.yaml").unwrap().definition;
    let mut tx = db.store.begin().await.unwrap();
    definitions::publish(&mut tx, &newer_definition, &newer).await.unwrap();
    let found = definitions::newest(tx.conn(), "errand").await.unwrap().unwrap();
    assert_eq!(found.version(), 2);
    assert!(definitions::newest(tx.conn(), "nothing").await.unwrap().is_none());
    assert!(definitions::newest_contract_types(tx.conn()).await.unwrap().is_empty());
}
