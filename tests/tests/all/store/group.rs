//! On SQLite many callers share one flush of the disk; each of them is as if alone.

use std::{pin::Pin, task::Poll};

use sealflow_store::{
    Store, Tx,
    jobs::{self, Kind, NewJob},
};
use sealflow_tests::db::{Engine, TestStore};
use serde_json::json;

/// A caller that waits for its turn until it is awaited.
type Begin<'a> = Pin<Box<dyn Future<Output = Result<Tx, sealflow_store::Error>> + Send + 'a>>;

async fn waiting(store: &Store) -> Begin<'_> {
    let mut begin: Begin<'_> = Box::pin(store.begin());
    let polled = futures::poll!(&mut begin);
    assert!(matches!(polled, Poll::Pending), "somebody has the writer");
    begin
}

async fn insert(tx: &mut Tx, key: &str) {
    let job = NewJob { kind: Kind::SendSms, key: key.to_owned(), payload: json!({}), run_at: None };
    jobs::insert(tx, &job).await.unwrap();
}

async fn keys(db: &TestStore) -> Vec<String> {
    let store = db.reopen().await.unwrap();
    sqlx::query_scalar("select key from jobs order by key")
        .fetch_all(&mut *store.read().await.unwrap())
        .await
        .unwrap()
}

async fn sqlite() -> TestStore {
    TestStore::new(Engine::Sqlite).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_caller_was_told_is_there_for_everybody() {
    let db = sqlite().await;
    let callers = (0..32).map(|n| {
        let (store, other) = (db.store.clone(), db.config.clone());
        tokio::spawn(async move {
            let mut tx = store.begin().await.unwrap();
            insert(&mut tx, &n.to_string()).await;
            tx.commit().await.unwrap();
            let other = Store::open(&other).await.unwrap();
            let found: i64 = sqlx::query_scalar("select count(*) from jobs where key = $1")
                .bind(n.to_string())
                .fetch_one(&mut *other.read().await.unwrap())
                .await
                .unwrap();
            assert_eq!(found, 1);
        })
    });
    for caller in callers.collect::<Vec<_>>() {
        caller.await.unwrap();
    }
    assert_eq!(keys(&db).await.len(), 32);
}

/// The second breaks a rule that SQLite looks at only when the whole is committed.
async fn broken(tx: &mut Tx) {
    sqlx::raw_sql("pragma defer_foreign_keys = on").execute(tx.conn()).await.unwrap();
    sqlx::query(
        "insert into tasks (instance_id, key, form, assignee, since_at_ms) values ('x', 'k', 'f', 'a', 0)",
    )
    .execute(tx.conn())
    .await
    .unwrap();
}

/// On a busy machine the first may have been open for too long to be shared; then it is tried again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flush_that_fails_is_told_to_all_and_nothing_is_there() {
    let db = sqlite().await;
    let mut is_shared = false;
    for n in 0..100 {
        let key = format!("first-{n}");
        let mut first = db.store.begin().await.unwrap();
        insert(&mut first, &key).await;
        let second = waiting(&db.store).await;
        let breaks = async {
            let mut tx = second.await.unwrap();
            broken(&mut tx).await;
            tx.commit().await
        };
        let (first, second) = tokio::join!(first.commit(), breaks);
        assert!(second.unwrap_err().is_transient());
        // Who was told of success is there, who was told of failure is not.
        assert_eq!(keys(&db).await.contains(&key), first.is_ok());
        if let Err(error) = first {
            assert!(error.is_transient());
            is_shared = true;
            break;
        }
    }
    assert!(is_shared, "no two transactions shared a flush");
    // The next one is not touched by it.
    let mut tx = db.store.begin().await.unwrap();
    insert(&mut tx, "next").await;
    tx.commit().await.unwrap();
    assert!(keys(&db).await.contains(&"next".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_that_is_undone_leaves_the_others_of_its_group() {
    let db = sqlite().await;
    let mut first = db.store.begin().await.unwrap();
    insert(&mut first, "first").await;
    let second = waiting(&db.store).await;
    let third = waiting(&db.store).await;
    let undone = async {
        let mut tx = second.await.unwrap();
        insert(&mut tx, "second").await;
        tx.rollback().await
    };
    let dropped = async {
        let mut tx = third.await.unwrap();
        insert(&mut tx, "third").await;
    };
    let (first, second, ()) = tokio::join!(first.commit(), undone, dropped);
    first.unwrap();
    second.unwrap();
    assert_eq!(keys(&db).await, ["first"]);
}

/// The caller that another waits for gives up before it begins.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_ends_when_nobody_joins_it_after_all() {
    let db = sqlite().await;
    let mut first = db.store.begin().await.unwrap();
    insert(&mut first, "first").await;
    let second = waiting(&db.store).await;
    let first = tokio::spawn(first.commit());
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    drop(second);
    first.await.unwrap().unwrap();
    assert_eq!(keys(&db).await, ["first"]);
}
