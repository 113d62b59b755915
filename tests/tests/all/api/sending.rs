//! Sending, withdrawing, reminding: what is checked at the last moment, and what a repeat does.

use sealflow_tests::{db::TestStore, on_both};
use serde_json::{Value, json};

use super::{
    Browser, World,
    world::{SENDER, SIGNER, STRANGER, contract_pdf, id},
};

const INSTANCES: &str = "select count(*) from instances";

/// A draft that says this, with a document or without.
async fn draft(world: &World, sender: &Browser, body: &Value, with_document: bool) -> String {
    let made = sender.post("/api/contracts", body).await.expect(201);
    let path = format!("/api/contracts/{}", id(&made));
    if with_document {
        sender.upload(&format!("{path}/documents"), "示例.pdf", contract_pdf()).await.expect(201);
    }
    assert_eq!(world.count(INSTANCES).await, 0);
    path
}

async fn an_incomplete_draft_is_not_sent(db: TestStore) {
    let world = World::open(db).await;
    let sender = world.as_person(SENDER).await;
    let input = world.input().await;
    let send = async |path: &str| sender.post(&format!("{path}/send"), &json!({})).await;

    let path = draft(&world, &sender, &input, false).await;
    send(&path).await.refused(422, "no_documents");

    let mut nobody = input.clone();
    nobody["recipients"] = json!([]);
    let path = draft(&world, &sender, &nobody, true).await;
    send(&path).await.refused(422, "no_recipients");

    let mut one = input.clone();
    one["recipients"].as_array_mut().unwrap().truncate(1);
    let path = draft(&world, &sender, &one, true).await;
    let problem = send(&path).await.refused(422, "roles_unfilled");
    assert_eq!(problem["fields"][0]["field"], "buyer");

    let mut twice = input.clone();
    twice["recipients"][1]["phone"] = json!(SIGNER);
    let path = draft(&world, &sender, &twice, true).await;
    let problem = send(&path).await.refused(422, "invalid_fields");
    assert_eq!(problem["fields"][0]["field"], "recipients[1].phone");

    let mut foreign = input.clone();
    foreign["recipients"][1]["phone"] = json!(STRANGER);
    let path = draft(&world, &sender, &foreign, true).await;
    send(&path).await.refused(422, "transactor_not_member");
    foreign["recipients"][1]["phone"] = json!("13700000007");
    sender.put(&path, &foreign).await.expect(200);
    send(&path).await.refused(422, "transactor_not_member");

    let path = draft(&world, &sender, &input, true).await;
    world.execute("update seals set enabled = 0").await;
    send(&path).await.refused(422, "organization_unusable");
    world.execute("update seals set enabled = 1").await;

    world.execute("update contracts set deadline_at_ms = 1").await;
    let problem = send(&path).await.refused(422, "invalid_fields");
    assert_eq!(problem["fields"][0]["field"], "deadline_at_ms");

    // Nothing of all that left anything behind.
    for statement in [
        INSTANCES,
        "select count(*) from fields",
        "select count(*) from links",
        "select count(*) from jobs",
        "select count(*) from people where phone = '13900000001'",
    ] {
        assert_eq!(world.count(statement).await, 0, "{statement}");
    }
}

async fn a_document_without_the_page_is_not_sent(db: TestStore) {
    let world = World::open(db).await;
    let sender = world.as_person(SENDER).await;
    let path = draft(&world, &sender, &world.input().await, true).await;
    // A page of 100 × 100 points has no room for the seal.
    world.execute("update documents set pages = '[{\"width\":100.0,\"height\":100.0}]'").await;
    sender.post(&format!("{path}/send"), &json!({})).await.refused(422, "placement_missing");
    assert_eq!(world.count(INSTANCES).await, 0);
}

async fn a_repeated_send_is_one(db: TestStore) {
    let world = World::open(db).await;
    let sender = world.as_person(SENDER).await;
    let path = format!("{}/send", draft(&world, &sender, &world.input().await, true).await);
    let first = sender.post_as("send-1", &path, &json!({})).await.expect(200);
    let again = sender.post_as("send-1", &path, &json!({})).await.expect(200);
    assert_eq!(first, again);
    sender.post_as("send-2", &path, &json!({})).await.refused(409, "not_draft");
    assert_eq!(world.count(INSTANCES).await, 1);
    assert_eq!(world.count("select count(*) from jobs where kind = 'prepare_document'").await, 1);
    assert_eq!(world.count("select count(*) from fields").await, 4);
    assert_eq!(world.count("select count(*) from links").await, 2);
    assert_eq!(world.count("select count(*) from audit where action = 'contract.send'").await, 1);
    assert!(first["deadline_at_ms"].as_i64() > first["sent_at_ms"].as_i64());
}

async fn withdrawing_ends_it_and_is_the_senders_alone(db: TestStore) {
    let world = World::open(db).await;
    let contract = world.sent().await;
    let sender = world.as_person(SENDER).await;
    let path = format!("/api/contracts/{}/withdraw", id(&contract));
    sender.post(&path, &json!({})).await.refused(422, "invalid_fields");
    sender.post(&path, &json!({"reason": "长".repeat(201)})).await.refused(422, "invalid_fields");
    let reason = json!({"reason": "金额有误"});
    let seen = sender.post_as("w", &path, &reason).await.expect(200);
    assert_eq!(seen["status"], "withdrawn");
    assert_eq!(seen["allowed"], json!(["download"]));
    sender.post_as("w", &path, &reason).await.expect(200);
    sender.post(&path, &reason).await.refused(409, "not_in_progress");
    let signer = world.as_person(SIGNER).await;
    let mine = seen["recipients"][0]["id"].as_str().unwrap();
    signer.post(&format!("/api/signing/{mine}/decline"), &reason).await.refused(409, "step_not_open");
    assert_eq!(world.count("select count(*) from tasks").await, 0);
}

async fn a_draft_cannot_be_withdrawn_or_reminded(db: TestStore) {
    let world = World::open(db).await;
    let draft = world.draft().await;
    let sender = world.as_person(SENDER).await;
    let path = format!("/api/contracts/{}", id(&draft));
    sender
        .post(&format!("{path}/withdraw"), &json!({"reason": "示例"}))
        .await
        .refused(409, "not_in_progress");
    sender.post(&format!("{path}/remind"), &json!({})).await.refused(409, "not_in_progress");
}

async fn reminders_are_few(db: TestStore) {
    let world = World::open(db).await;
    let contract = world.sent().await;
    let sender = world.as_person(SENDER).await;
    let path = format!("/api/contracts/{}/remind", id(&contract));
    let jobs = "select count(*) from jobs where kind = 'send_sms'";
    let before = world.count(jobs).await;
    sender.post_as("r1", &path, &json!({})).await.expect(200);
    sender.post_as("r1", &path, &json!({})).await.expect(200);
    assert_eq!(world.count(jobs).await, before + 1);
    let problem = sender.post_as("r2", &path, &json!({})).await.refused(429, "remind_too_soon");
    assert!((1..=600).contains(&problem["retry_after_s"].as_i64().unwrap()), "{problem}");
    for again in 2..=20 {
        world.execute("update contracts set reminded_at_ms = 1").await;
        sender.post_as(&format!("later-{again}"), &path, &json!({})).await.expect(200);
    }
    world.execute("update contracts set reminded_at_ms = 1").await;
    sender.post_as("too-many", &path, &json!({})).await.refused(429, "remind_limit");
    assert_eq!(world.count(jobs).await, before + 20);
}

async fn the_sender_sees_that_a_message_was_given_up(db: TestStore) {
    let world = World::open(db).await;
    let contract = world.sent().await;
    let sender = world.as_person(SENDER).await;
    let path = format!("/api/contracts/{}", id(&contract));
    let kinds = async || -> Vec<Value> {
        let seen = sender.get(&path).await.expect(200);
        seen["timeline"].as_array().unwrap().iter().map(|entry| entry["kind"].clone()).collect()
    };
    assert_eq!(kinds().await, ["created", "sent", "notified"]);
    world
        .execute(
            "update jobs set state = 'dead', last_error = 'no such number', finished_at_ms = created_at_ms + 60000
             where kind = 'send_sms'",
        )
        .await;
    assert_eq!(kinds().await, ["created", "sent", "notified", "not_notified"]);
}

on_both!(
    the_sender_sees_that_a_message_was_given_up,
    an_incomplete_draft_is_not_sent,
    a_document_without_the_page_is_not_sent,
    a_repeated_send_is_one,
    withdrawing_ends_it_and_is_the_senders_alone,
    a_draft_cannot_be_withdrawn_or_reminded,
    reminders_are_few,
);
