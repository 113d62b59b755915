//! What is old is forgotten, in batches; what is needed, or is a record, stays.

use sealflow_core::Timestamp;
use sealflow_store::{Store, jobs, retention};
use sealflow_tests::{db::TestStore, on_both};

use super::errand::{Errand, now};

on_both!(sign_ins_are_forgotten_after_their_time, only_ended_instances_without_contract_are_forgotten);

const DAY_MS: i64 = 86_400_000;

async fn run(store: &Store, statements: &[&'static str], at: Timestamp) {
    let mut tx = store.begin().await.unwrap();
    for statement in statements {
        sqlx::query(*statement).bind(at.as_ms()).execute(tx.conn()).await.unwrap();
    }
    tx.commit().await.unwrap();
}

async fn ids(store: &Store, statement: &'static str) -> Vec<String> {
    sqlx::query_scalar(statement).fetch_all(&mut *store.read().await.unwrap()).await.unwrap()
}

async fn forget(store: &Store, before: Timestamp, max: u32) -> u64 {
    let mut tx = store.begin().await.unwrap();
    let forgotten = retention::forget_sign_ins(&mut tx, before, max).await.unwrap();
    tx.commit().await.unwrap();
    forgotten
}

async fn sign_ins_are_forgotten_after_their_time(db: TestStore) {
    let now = now(&db.store).await;
    let old = now.plus_ms(-40 * DAY_MS);
    run(
        &db.store,
        &[
            "insert into people (id, phone, name, created_at_ms) values ('p', '13900000001', 'p', $1)",
            "insert into sessions values ('s1', 't1', 'p', 0, 0, $1, null), ('s2', 't2', 'p', 0, 0, $1, 5), \
             ('s3', 't3', 'p', 0, 0, $1 + 3000000000, null)",
            "insert into codes values ('c1', 'login', '1', null, null, null, 3, 0, $1, null), \
             ('c2', 'intent', '1', null, 'r', 'd', 3, 0, $1, null), \
             ('c3', 'intent', '1', null, 'r', 'd', 3, 0, $1, 7)",
            "insert into code_numbers values ('1', $1)",
        ],
        old,
    )
    .await;
    run(
        &db.store,
        &[
            "insert into codes values ('c4', 'login', '2', null, null, null, 3, 0, $1, null)",
            "insert into code_numbers values ('2', $1)",
        ],
        now.plus_ms(-DAY_MS),
    )
    .await;
    // One of each kind at a time.
    assert_eq!(forget(&db.store, old, 1).await, 0);
    assert_eq!(forget(&db.store, old.plus_ms(1), 1).await, 3);
    assert_eq!(forget(&db.store, old.plus_ms(1), 1).await, 2);
    assert_eq!(forget(&db.store, old.plus_ms(1), 1).await, 0);
    assert_eq!(ids(&db.store, "select id from sessions").await, ["s3"]);
    // The code that confirmed a signing is a record.
    assert_eq!(ids(&db.store, "select id from codes order by id").await, ["c3", "c4"]);
    // However short the settings say: the limits of a day look at yesterday's codes.
    assert_eq!(forget(&db.store, now, 10).await, 1);
    assert_eq!(ids(&db.store, "select id from codes order by id").await, ["c3", "c4"]);
    assert_eq!(ids(&db.store, "select phone from code_numbers").await, ["2"]);
    assert_eq!(ids(&db.store, "select id from sessions").await, Vec::<String>::new());
}

async fn only_ended_instances_without_contract_are_forgotten(db: TestStore) {
    let ended = Errand::start_asking(&db.store).await;
    let contract = Errand::start_another(&db.store).await;
    contract.work().await;
    let troubled = Errand::start_another(&db.store).await;
    let running = Errand::start_another(&db.store).await;
    let finished = now(&db.store).await;
    let end = async |errand: &Errand, kind: &'static str| {
        let mut tx = db.store.begin().await.unwrap();
        sqlx::query(
            "update instances set finished_at_ms = $2, outcome = 'over', subject_kind = $3 where id = $1",
        )
        .bind(errand.id.to_string())
        .bind(finished.as_ms())
        .bind(kind)
        .execute(tx.conn())
        .await
        .unwrap();
        tx.commit().await.unwrap();
    };
    end(&ended, "errand").await;
    let mut tx = db.store.begin().await.unwrap();
    sqlx::query("insert into incidents (instance_id, key, reason, since_at_ms) values ($1, 'k', 'stuck', 1)")
        .bind(ended.id.to_string())
        .execute(tx.conn())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    end(&contract, "contract").await;
    // Its job never ran.
    end(&troubled, "errand").await;
    let forget = async |before| {
        let mut tx = db.store.begin().await.unwrap();
        let forgotten = retention::forget_instances(&mut tx, before, 100).await.unwrap();
        tx.commit().await.unwrap();
        forgotten
    };
    assert_eq!(forget(finished).await, 0);
    assert_eq!(forget(finished.plus_ms(1)).await, 1);
    let mut left = ids(&db.store, "select id from instances").await;
    left.sort();
    let mut expected: Vec<String> =
        [&contract, &troubled, &running].map(|errand| errand.id.to_string()).into();
    expected.sort();
    assert_eq!(left, expected);
    assert!(jobs::of_instance(&mut db.store.read().await.unwrap(), ended.id).await.unwrap().is_empty());
}
