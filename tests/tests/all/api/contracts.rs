//! Drafts: what is taken, what is refused, and what a repeat makes.

use sealflow_store::definitions;
use sealflow_tests::{db::TestStore, on_both};
use serde_json::{Value, json};

use super::{
    World,
    world::{SENDER, SIGNER, id},
};

const CONTRACTS: &str = "select count(*) from contracts";

async fn a_draft_may_be_incomplete(db: TestStore) {
    let world = World::open(db).await;
    let sender = world.as_person(SENDER).await;
    let types = sender.get("/api/contract-types").await.expect(200);
    assert_eq!(types[0]["name"], "supplier_purchase");
    assert_eq!(types[0]["deadline_days"], 30);
    assert_eq!(types[0]["recipients"][1]["kind"], "organization");
    let body = json!({"title": "示例采购合同", "contract_type": "supplier_purchase", "recipients": []});
    let draft = sender.post("/api/contracts", &body).await.expect(201);
    assert_eq!(draft["status"], "draft");
    assert_eq!(
        draft["sender"],
        json!({"organization_name": "示例采购有限公司", "person_name": "示例发起人"})
    );
    assert_eq!(draft["allowed"], json!(["edit", "send"]));

    let full = sender.put(&format!("/api/contracts/{}", id(&draft)), &world.input().await).await.expect(200);
    assert_eq!(full["recipients"][0]["phone"], SIGNER);
    assert_eq!(full["recipients"][0]["title"], "供应商签署人");
    assert_eq!(full["recipients"][1]["organization_name"], "示例采购有限公司");
}

/// Nobody shall be asked for what no page shows: such a type is listed with the reason, and taken nowhere.
async fn a_type_that_needs_more_than_is_offered_is_refused(db: TestStore) {
    let world = World::open(db).await;
    let source = include_str!("../../../../workflows/supplier_purchase/workflow.yaml");
    let face = source
        .replace("name: supplier_purchase", "name: face_purchase")
        .replace("intent_methods: [sms_code]", "intent_methods: [face, email_code]");
    let either = source
        .replace("name: supplier_purchase", "name: either_purchase")
        .replace("intent_methods: [sms_code]", "intent_methods: [face, sms_code]");
    let mut tx = world.tx().await;
    for source in [&face, &either] {
        let loaded = sealflow_core::load(source, "test.yaml").unwrap();
        definitions::publish(&mut tx, &loaded.definition, source).await.unwrap();
    }
    tx.commit().await.unwrap();
    let sender = world.as_person(SENDER).await;
    let types = sender.get("/api/contract-types").await.expect(200);
    let named = |name: &str| types.as_array().unwrap().iter().find(|each| each["name"] == name).unwrap();
    assert!(named("face_purchase")["unavailable"].as_str().unwrap().contains("人脸意愿认证"), "{types}");
    assert_eq!(named("either_purchase")["unavailable"], Value::Null, "one method is enough");
    assert_eq!(named("supplier_purchase")["unavailable"], Value::Null);

    let mut body = world.input().await;
    body["contract_type"] = json!("face_purchase");
    let refused = sender.post("/api/contracts", &body).await.refused(422, "contract_type_unavailable");
    assert_eq!(refused["fields"][0]["field"], "contract_type");
    assert_eq!(world.count(CONTRACTS).await, 0);
    body["contract_type"] = json!("either_purchase");
    sender.post("/api/contracts", &body).await.expect(201);
}

async fn what_is_said_must_be_right(db: TestStore) {
    let world = World::open(db).await;
    let sender = world.as_person(SENDER).await;
    let input = world.input().await;
    let with = |path: &str, value: Value| {
        let mut body = input.clone();
        *body.pointer_mut(path).unwrap() = value;
        body
    };
    let cases = [
        (with("/title", json!(" ")), 422, "invalid_fields", "title"),
        (with("/title", json!("长".repeat(101))), 422, "invalid_fields", "title"),
        (with("/title", json!("a\u{202e}b")), 422, "invalid_fields", "title"),
        (with("/contract_type", json!("none")), 422, "contract_type_unknown", ""),
        (with("/recipients/0/phone", json!("12345678901")), 422, "invalid_fields", "recipients[0].phone"),
        (with("/recipients/0/phone", json!("13800138000")), 422, "invalid_fields", "recipients[0].phone"),
        (with("/recipients/0/name", json!("")), 422, "invalid_fields", "recipients[0].name"),
        (with("/recipients/0/role", json!("witness")), 422, "role_unknown", "recipients[0].role"),
        (with("/recipients/0/role", json!("buyer")), 422, "invalid_fields", "recipients[0].organization_id"),
        (with("/recipients/1/role", json!("supplier")), 422, "role_unknown", "recipients[1].role"),
        (
            with("/recipients/1/organization_id", json!(null)),
            422,
            "invalid_fields",
            "recipients[1].organization_id",
        ),
        (
            with("/recipients/1/organization_id", json!(uuid::Uuid::nil())),
            422,
            "organization_unusable",
            "recipients[1].organization_id",
        ),
    ];
    for (body, status, code, field) in cases {
        let problem = sender.post("/api/contracts", &body).await.refused(status, code);
        let told = problem["fields"][0]["field"].as_str().unwrap_or_default();
        assert_eq!(told, field, "{body}: {problem}");
    }
    for deadline in [1, i64::MAX] {
        let mut wrong = input.clone();
        wrong["deadline_at_ms"] = json!(deadline);
        let problem = sender.post("/api/contracts", &wrong).await.refused(422, "invalid_fields");
        assert_eq!(problem["fields"][0]["field"], "deadline_at_ms");
    }
    assert_eq!(world.count(CONTRACTS).await, 0);
    assert_eq!(world.count("select count(*) from recipients").await, 0);
}

async fn a_repeated_request_makes_one_draft(db: TestStore) {
    let world = World::open(db).await;
    let sender = world.as_person(SENDER).await;
    let input = world.input().await;
    let first = sender.post_as("draft-1", "/api/contracts", &input).await.expect(201);
    let again = sender.post_as("draft-1", "/api/contracts", &input).await.expect(201);
    assert_eq!(first, again);
    assert_eq!(world.count(CONTRACTS).await, 1);
    sender.post_as("draft-2", "/api/contracts", &input).await.expect(201);
    assert_eq!(world.count(CONTRACTS).await, 2);
    sender.post_as(&"k".repeat(65), "/api/contracts", &input).await.refused(400, "bad_request");
    assert_eq!(world.count(CONTRACTS).await, 2);
}

async fn a_document_can_be_taken_out_again(db: TestStore) {
    let world = World::open(db).await;
    let draft = world.draft().await;
    let sender = world.as_person(SENDER).await;
    let documents = format!("/api/contracts/{}/documents", id(&draft));
    let one = format!("{documents}/{}", id(&draft["documents"][0]));
    sender.delete(&format!("{documents}/{}", uuid::Uuid::nil())).await.refused(404, "not_found");
    sender.get(&format!("{one}/file")).await.expect(200);
    sender.delete(&one).await.expect(204);
    sender.get(&format!("{one}/file")).await.refused(404, "not_found");
    assert_eq!(world.count("select count(*) from revisions").await, 0);
}

async fn what_was_sent_stays_as_it_is(db: TestStore) {
    let world = World::open(db).await;
    let contract = world.sent().await;
    let sender = world.as_person(SENDER).await;
    let path = format!("/api/contracts/{}", id(&contract));
    sender.put(&path, &world.input().await).await.refused(409, "not_draft");
    let documents = format!("{path}/documents");
    sender.upload(&documents, "b.pdf", b"%PDF-1.7".to_vec()).await.refused(409, "not_draft");
    let one = format!("{documents}/{}", id(&contract["documents"][0]));
    sender.delete(&one).await.refused(409, "not_draft");
    assert_eq!(sender.get(&path).await.expect(200)["documents"], contract["documents"]);
    assert!(contract["recipients"][0].get("phone").is_none());
}

async fn a_file_comes_whole_and_under_its_name(db: TestStore) {
    let world = World::open(db).await;
    let contract = world.sent().await;
    let sender = world.as_person(SENDER).await;
    let file = format!("/api/contracts/{}/documents/{}/file", id(&contract), id(&contract["documents"][0]));
    let shown = sender.get(&file).await;
    assert_eq!(shown.headers["content-type"], "application/pdf");
    assert!(shown.headers["content-disposition"].to_str().unwrap().starts_with("inline;"));
    assert_eq!(
        shown.headers["etag"],
        format!("\"{}\"", contract["documents"][0]["sha256"].as_str().unwrap())
    );
    assert_eq!(shown.bytes, super::world::contract_pdf());
    let saved = sender.get(&format!("{file}?download=1&revision=0")).await;
    let disposition = saved.headers["content-disposition"].to_str().unwrap();
    assert!(
        disposition.starts_with("attachment;") && disposition.contains("UTF-8''%E7%A4%BA"),
        "{disposition}"
    );
    sender.get(&format!("{file}?revision=7")).await.refused(404, "not_found");
    sender.get(&format!("{file}?revision=-1")).await.refused(422, "invalid_fields");
    sender.get(&format!("{file}?revision=x")).await.refused(400, "bad_request");
    assert_eq!(world.count("select count(*) from audit where action = 'document.download'").await, 1);
}

on_both!(
    a_draft_may_be_incomplete,
    a_type_that_needs_more_than_is_offered_is_refused,
    what_is_said_must_be_right,
    a_repeated_request_makes_one_draft,
    a_document_can_be_taken_out_again,
    what_was_sent_stays_as_it_is,
    a_file_comes_whole_and_under_its_name,
);
