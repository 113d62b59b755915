//! Who may do what: every route refuses anonymous, wrong person and wrong tenant. The routes come from the API's own
//! document, so that a new one must be entered here.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use sealflow_tests::{db::TestStore, fixtures, on_both};
use serde_json::{Value, json};

use super::{
    Browser, World,
    edge::operations,
    world::{OPS, SENDER, SIGNER, STRANGER, TRANSACTOR, id, make_ops, recipient},
};

/// Routes that anybody may call. Everything else wants a session.
const PUBLIC: &[&str] = &[
    "get_environment",
    "get_health",
    "get_metrics",
    "get_readiness",
    "log_in",
    "log_out",
    "open_link",
    "receive_sms_receipts",
    "send_login_code",
];

/// What a sender of another organization is answered on this organization's things. 0: the route shows only the
/// caller's own, or what everybody may see.
const STRANGER_GETS: &[(&str, u16)] = &[
    ("accept_agreement", 404),
    ("add_document", 404),
    ("add_signature", 0),
    ("confirm_intent", 404),
    ("create_contract", 0),
    ("create_seal", 404),
    ("create_seal_of_picture", 404),
    ("decide_incident", 403),
    ("decline", 404),
    ("discard_job", 403),
    ("fill_fields", 404),
    ("finish_reading", 404),
    ("get_contract", 404),
    ("get_document_file", 404),
    ("get_instance", 403),
    ("get_me", 0),
    ("get_seal", 404),
    ("get_seal_image", 404),
    ("get_signature_image", 404),
    ("get_signing", 404),
    ("list_contract_types", 0),
    ("list_contracts", 0),
    ("list_incidents", 403),
    ("list_instances", 403),
    ("list_jobs", 403),
    ("list_limits", 403),
    ("list_organizations", 0),
    ("list_queues", 403),
    ("list_schedules", 403),
    ("list_seals", 404),
    ("list_signatures", 0),
    ("pause_queue", 403),
    ("pause_schedule", 403),
    ("preview_seal", 404),
    ("preview_seal_picture", 404),
    ("remind_recipients", 404),
    ("remove_document", 404),
    ("remove_seal", 404),
    ("remove_signature", 404),
    ("resume_queue", 403),
    ("resume_schedule", 403),
    ("retry_dead_jobs", 403),
    ("retry_job", 403),
    ("run_schedule", 403),
    ("send_contract", 404),
    ("send_intent_code", 404),
    ("set_kind_slots", 403),
    ("set_provider_rate", 403),
    ("set_queue_slots", 403),
    ("set_seal_grant", 404),
    ("update_contract", 404),
    ("update_seal", 404),
    ("validate_file", 0),
    ("withdraw_contract", 404),
];

/// A body that every route's validation lets through.
fn body(operation: &str, input: &Value) -> Value {
    match operation {
        "create_contract" | "update_contract" => input.clone(),
        "withdraw_contract" | "decline" | "discard_job" => json!({"reason": "示例原因"}),
        "decide_incident" => json!({"key": "stuck#1", "action": "retry"}),
        "accept_agreement" => json!({"sha256": "0".repeat(64)}),
        "finish_reading" => json!({"pages_read": 10, "seconds": 60}),
        "fill_fields" => json!({"fields": []}),
        "confirm_intent" => json!({"code": "123456"}),
        "log_in" => json!({"phone": SENDER, "code": "123456"}),
        "create_seal" => json!({"name": "公章", "template": template()}),
        "preview_seal" => template(),
        "update_seal" => json!({"name": "公章", "enabled": true}),
        "set_seal_grant" => json!({"permissions": ["use"]}),
        "send_login_code" => json!({"phone": SENDER}),
        _ => json!({}),
    }
}

fn template() -> Value {
    json!({"kind": "official", "shape": "round", "color": "red"})
}

/// What a route wants in its query.
fn query(operation: &str) -> &'static str {
    match operation {
        "create_seal_of_picture" => "?name=%E5%85%AC%E7%AB%A0&kind=official&color=red&width_mm=42",
        "preview_seal_picture" => "?color=red&width_mm=42",
        _ => "",
    }
}

/// Puts real ids into a route's path.
fn filled(path: &str, ids: &BTreeMap<&str, String>) -> String {
    ids.iter().fold(path.to_owned(), |path, (name, id)| path.replace(&format!("{{{name}}}"), id))
}

async fn ids(world: &World, contract: &Value) -> BTreeMap<&'static str, String> {
    let signer = world.as_person(SIGNER).await;
    let signature = signer.upload("/api/signatures", "a.png", fixtures::scan([20, 20, 60])).await.expect(201);
    let mut reader = world.db.store.read().await.unwrap();
    let mut first = async |statement: &'static str| -> String {
        sqlx::query_scalar(statement).fetch_one(&mut *reader).await.unwrap()
    };
    BTreeMap::from([
        ("contract_id", id(contract)),
        ("document_id", id(&contract["documents"][0])),
        ("recipient_id", recipient(contract, "supplier")),
        ("seal_id", first("select min(id) from seals").await),
        ("organization_id", first("select min(organization_id) from seals").await),
        ("person_id", first("select min(person_id) from seal_grants").await),
        ("signature_id", id(&signature)),
        ("job_id", first("select min(id) from jobs").await),
        ("instance_id", first("select min(id) from instances").await),
        ("queue", "sms".to_owned()),
        ("kind", "stamp_signature".to_owned()),
        ("provider", "sms".to_owned()),
        ("schedule", "forget_jobs".to_owned()),
        ("token", "0".repeat(22)),
    ])
}

async fn call(
    browser: &Browser,
    method: &Method,
    path: &str,
    operation: &str,
    input: &Value,
) -> super::Reply {
    let path = &format!("{path}{}", query(operation));
    if operation == "add_document" {
        return browser.upload(path, "a.pdf", b"%PDF-1.7".to_vec()).await;
    }
    if !query(operation).is_empty() || operation == "add_signature" {
        return browser.upload(path, "a.png", fixtures::scan([215, 0, 15])).await;
    }
    if operation == "validate_file" {
        return browser.upload(path, "a.pdf", super::world::contract_pdf()).await;
    }
    let request = browser.request(method.clone(), path);
    let request = if method == Method::GET { request } else { request.json(&body(operation, input)) };
    browser.send(request).await
}

async fn every_route_but_the_public_ones_wants_a_session(db: TestStore) {
    let world = World::open(db).await;
    let contract = world.sent().await;
    let (ids, input) = (ids(&world, &contract).await, world.input().await);
    let anonymous = world.browser();
    let mut public = BTreeSet::new();
    for (method, path, operation) in operations() {
        let name = operation["operationId"].as_str().unwrap();
        let reply = call(&anonymous, &method, &filled(&path, &ids), name, &input).await;
        if reply.status.as_u16() != 401 || reply.json()["code"] != "not_signed_in" {
            public.insert(name.to_owned());
        }
        assert_eq!(operation["security"].is_array(), !PUBLIC.contains(&name), "{name} in the document");
    }
    let listed: BTreeSet<String> = PUBLIC.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(public, listed);
}

async fn another_organizations_sender_reaches_nothing(db: TestStore) {
    let world = World::open(db).await;
    let contract = world.sent().await;
    let (ids, input) = (ids(&world, &contract).await, world.input().await);
    let stranger = world.as_person(STRANGER).await;
    let expected: BTreeMap<&str, u16> = STRANGER_GETS.iter().copied().collect();
    let mut met = BTreeSet::new();
    for (method, path, operation) in operations() {
        let name = operation["operationId"].as_str().unwrap().to_owned();
        if PUBLIC.contains(&name.as_str()) {
            continue;
        }
        let status = *expected.get(name.as_str()).unwrap_or_else(|| panic!("{name} is not in STRANGER_GETS"));
        let reply = call(&stranger, &method, &filled(&path, &ids), &name, &input).await;
        if status == 0 {
            assert!(reply.status.is_success(), "{name}: {reply:?}");
        } else {
            assert_eq!(reply.status.as_u16(), status, "{name}: {}", reply.json());
        }
        met.insert(name);
    }
    assert_eq!(met.len(), expected.len());
    assert_eq!(
        stranger.get("/api/contracts").await.expect(200)["counts"]["all"],
        1,
        "only the stranger's own draft"
    );
}

async fn a_draft_is_for_its_sender_alone(db: TestStore) {
    let world = World::open(db).await;
    let draft = world.draft().await;
    let path = format!("/api/contracts/{}", id(&draft));
    for phone in [TRANSACTOR, OPS, STRANGER] {
        let other = world.as_person(phone).await;
        other.get(&path).await.refused(404, "not_found");
        other.put(&path, &world.input().await).await.refused(404, "not_found");
        other.post(&format!("{path}/send"), &json!({})).await.refused(404, "not_found");
    }
    assert_eq!(
        world.as_person(SENDER).await.get(&path).await.expect(200)["allowed"],
        json!(["edit", "send"])
    );
}

async fn a_recipient_sees_nothing_before_the_turn(db: TestStore) {
    let world = World::open(db).await;
    let contract = world.sent().await;
    let path = format!("/api/contracts/{}", id(&contract));
    let file = format!("{path}/documents/{}/file", id(&contract["documents"][0]));
    let (first, second) = (world.as_person(SIGNER).await, world.as_person(TRANSACTOR).await);
    let (supplier, buyer) = (recipient(&contract, "supplier"), recipient(&contract, "buyer"));

    assert_eq!(first.get(&path).await.expect(200)["my_recipient_id"], supplier);
    first.get(&file).await.expect(200);
    first.get(&format!("/api/signing/{supplier}")).await.expect(200);
    first.get(&format!("/api/signing/{buyer}")).await.refused(404, "not_found");

    second.get(&path).await.refused(404, "not_found");
    second.get(&file).await.refused(404, "not_found");
    second.get(&format!("/api/signing/{buyer}")).await.refused(404, "not_found");
    assert_eq!(second.get("/api/contracts").await.expect(200)["total"], 0);
}

async fn what_is_visible_but_not_ones_own_is_forbidden(db: TestStore) {
    let world = World::open(db).await;
    let contract = world.sent().await;
    let path = format!("/api/contracts/{}", id(&contract));
    let signer = world.as_person(SIGNER).await;
    let reason = json!({"reason": "示例原因"});
    signer.post(&format!("{path}/withdraw"), &reason).await.refused(403, "forbidden");
    signer.post(&format!("{path}/remind"), &json!({})).await.refused(403, "forbidden");
    signer.post(&format!("{path}/send"), &json!({})).await.refused(403, "forbidden");
    signer.post("/api/contracts", &world.input().await).await.refused(403, "forbidden");
    signer.get("/api/organizations").await.refused(403, "forbidden");
    let status = world.as_person(SENDER).await.get(&path).await.expect(200)["status"].clone();
    assert_eq!(status, "in_progress");
}

async fn only_ops_reach_the_engine_room(db: TestStore) {
    let world = World::open(db).await;
    let paths = ["/api/ops/queues", "/api/ops/jobs", "/api/ops/incidents", "/api/ops/instances"];
    for path in paths {
        world.as_person(SENDER).await.get(path).await.refused(403, "forbidden");
        world.as_person(OPS).await.get(path).await.expect(200);
    }
    make_ops(&world, SENDER).await;
    world.as_person(SENDER).await.get("/api/ops/queues").await.expect(200);
}

async fn a_session_ends_when_it_should(db: TestStore) {
    let world = World::open(db).await;
    let browser = world.as_person(SENDER).await;
    assert_eq!(browser.get("/api/me").await.expect(200)["phone_masked"], "138****0001");
    world.execute("update sessions set last_seen_at_ms = last_seen_at_ms - 7200001").await;
    browser.get("/api/me").await.refused(401, "not_signed_in");

    let browser = world.as_person(SENDER).await;
    world.execute("update sessions set expires_at_ms = created_at_ms").await;
    browser.get("/api/me").await.refused(401, "not_signed_in");

    let browser = world.as_person(SENDER).await;
    browser.get("/api/me").await.expect(200);
    browser.post("/api/logout", &json!({})).await.expect(204);
    browser.get("/api/me").await.refused(401, "not_signed_in");
    assert_eq!(world.count("select count(*) from sessions where revoked_at_ms is not null").await, 1);
}

on_both!(
    every_route_but_the_public_ones_wants_a_session,
    another_organizations_sender_reaches_nothing,
    a_draft_is_for_its_sender_alone,
    a_recipient_sees_nothing_before_the_turn,
    what_is_visible_but_not_ones_own_is_forbidden,
    only_ops_reach_the_engine_room,
    a_session_ends_when_it_should,
);
