//! The audit log: what was done is there, and a hand in it shows.

use sealflow_store::audit::{self, Verified};
use sealflow_tests::{db::TestStore, on_both};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::{
    World,
    world::{OPS, SENDER, SIGNER},
};

async fn verify(world: &World) -> Verified {
    let mut reader = world.db.store.read().await.unwrap();
    audit::verify(&mut reader).await.unwrap()
}

async fn a_hand_in_the_log_shows(db: TestStore) {
    let world = World::open(db).await;
    assert_eq!(verify(&world).await, Verified::Whole { rows: 0 });
    let ops = world.as_person(OPS).await;
    for queue in ["sms", "pdf", "email"] {
        ops.post(&format!("/api/ops/queues/{queue}/pause"), &json!({})).await.expect(204);
    }
    assert_eq!(verify(&world).await, Verified::Whole { rows: 3 });
    world.execute("update audit set target_id = 'sms' where seq = 2").await;
    assert_eq!(verify(&world).await, Verified::Broken { seq: 2 });
    world.execute("update audit set target_id = 'pdf' where seq = 2").await;
    assert_eq!(verify(&world).await, Verified::Whole { rows: 3 });
    world.execute("delete from audit where seq = 3").await;
    assert_eq!(verify(&world).await, Verified::Broken { seq: 3 });
}

/// Somebody who knows the rule writes a row anew, with hashes that fit it and the row before: the row after tells.
async fn a_forger_who_knows_the_rule_is_told_by_the_next_row(db: TestStore) {
    let world = World::open(db).await;
    let ops = world.as_person(OPS).await;
    for queue in ["sms", "pdf", "email"] {
        ops.post(&format!("/api/ops/queues/{queue}/pause"), &json!({})).await.expect(204);
    }
    let mut tx = world.tx().await;
    let before: String = sqlx::query_scalar("select chain_sha256 from audit where seq = 1")
        .fetch_one(tx.conn())
        .await
        .unwrap();
    let (at_ms, person): (i64, String) = sqlx::query_as("select at_ms, person_id from audit where seq = 2")
        .fetch_one(tx.conn())
        .await
        .unwrap();
    let data = json!([2, at_ms, person, "queue.pause", "queue", "forged", "{}"]).to_string();
    let leaf = Sha256::new().chain_update([0]).chain_update(data).finalize();
    let chain = Sha256::new().chain_update([1]).chain_update(before).chain_update(leaf).finalize();
    sqlx::query("update audit set target_id = 'forged', leaf_sha256 = $1, chain_sha256 = $2 where seq = 2")
        .bind(hex::encode(leaf))
        .bind(hex::encode(chain))
        .execute(tx.conn())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(verify(&world).await, Verified::Broken { seq: 3 });
}

async fn what_counts_is_on_record_without_personal_data(db: TestStore) {
    let world = World::open(db).await;
    let contract = world.sent().await;
    super::signing::sign_as_person(&world, &contract).await;
    let browser = world.browser();
    browser.post("/api/login/codes", &json!({"phone": SENDER})).await.expect(202);
    let code = world.code(SENDER, "login").await;
    browser.post("/api/login", &json!({"phone": SENDER, "code": code})).await.expect(200);
    browser.post("/api/logout", &json!({})).await.expect(204);
    let mut reader = world.db.store.read().await.unwrap();
    let rows: Vec<(String, String)> = sqlx::query_as("select action, detail from audit order by seq")
        .fetch_all(&mut *reader)
        .await
        .unwrap();
    let actions: Vec<&str> = rows.iter().map(|(action, _)| action.as_str()).collect();
    assert_eq!(actions, ["contract.send", "signing.confirm", "session.begin", "session.end"]);
    for (_, detail) in &rows {
        assert!(!detail.contains(SIGNER) && !detail.contains(SENDER) && !detail.contains("示例"), "{detail}");
    }
}

async fn writers_at_the_same_time_make_one_chain(db: TestStore) {
    let world = World::open(db).await;
    let ops = world.as_person(OPS).await;
    let writers = (0..16).map(|n| {
        let ops = ops.clone();
        async move {
            let what = if n % 2 == 0 { "pause" } else { "resume" };
            ops.post(&format!("/api/ops/queues/sms/{what}"), &json!({})).await.expect(204)
        }
    });
    futures::future::join_all(writers).await;
    assert_eq!(verify(&world).await, Verified::Whole { rows: 16 });
}

on_both!(
    a_hand_in_the_log_shows,
    a_forger_who_knows_the_rule_is_told_by_the_next_row,
    what_counts_is_on_record_without_personal_data,
    writers_at_the_same_time_make_one_chain,
);
