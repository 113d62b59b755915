//! What keeps a commit through a power cut, and readers from writing.

use sealflow_store::{Store, db::Dialect};
use sealflow_tests::{
    db::{Engine, TestStore},
    on_both, pg,
};
use sqlx::{AnyConnection, Connection as _, PgConnection};

on_both!(an_open_store_can_be_opened_again);

async fn an_open_store_can_be_opened_again(db: TestStore) {
    let again = db.reopen().await.unwrap();
    let tx = again.begin().await.unwrap();
    assert!(tx.now().as_ms() > 1_700_000_000_000);
}

/// Processes that start together make one schema.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_database_can_be_opened_by_many_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let database = pg::new_database().await.unwrap();
    let file = format!("sqlite://{}/new.db", folder.path().display());
    for database_url in [file, database.url().to_owned()] {
        let config = sealflow_store::Config { database_url, blobs_dir: folder.path().join("blobs") };
        let opening: Vec<_> = (0..6)
            .map(|_| {
                let config = config.clone();
                tokio::spawn(async move { Store::open(&config).await.map(drop) })
            })
            .collect();
        for opened in opening {
            opened.await.unwrap().unwrap();
        }
    }
}

/// A run has hundreds of tests; the database of one that has ended makes room, whoever is still connected to it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_is_gone_before_the_next_one_is_made() {
    let server = pg::OwnServer::start().await.unwrap();
    let (over, under_way) = (server.new_database().await.unwrap(), server.new_database().await.unwrap());
    let url = over.url().to_owned();
    let still_open = PgConnection::connect(&url).await.unwrap();
    drop(over);
    let next = server.new_database().await.unwrap();
    assert!(PgConnection::connect(&url).await.is_err());
    for kept in [&under_way, &next] {
        PgConnection::connect(kept.url()).await.unwrap().close().await.unwrap();
    }
    drop(still_open);
}

async fn pragma(connection: &mut AnyConnection, name: &'static str) -> i64 {
    sqlx::query_scalar(name).fetch_one(connection).await.unwrap()
}

#[tokio::test]
async fn sqlite_keeps_commits_and_checks_references() {
    let db = TestStore::new(Engine::Sqlite).await.unwrap();
    assert_eq!(db.store.dialect(), Dialect::Sqlite);
    let mut tx = db.store.begin().await.unwrap();
    let mode: String = sqlx::query_scalar("pragma journal_mode").fetch_one(tx.conn()).await.unwrap();
    assert_eq!(mode, "wal");
    // 2 is FULL.
    assert_eq!(pragma(tx.conn(), "pragma synchronous").await, 2);
    assert_eq!(pragma(tx.conn(), "pragma foreign_keys").await, 1);
    tx.rollback().await.unwrap();
    let mut reader = db.store.read().await.unwrap();
    let refused = sqlx::query("delete from jobs").execute(&mut *reader).await;
    assert!(refused.unwrap_err().to_string().contains("readonly"));
}

#[tokio::test]
async fn an_unknown_engine_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let config = sealflow_store::Config {
        database_url: "mysql://root@localhost/test".to_owned(),
        blobs_dir: folder.path().to_owned(),
    };
    let refused = Store::open(&config).await;
    assert!(matches!(refused, Err(sealflow_store::OpenError::UnknownEngine)));
}
