//! Signing as a recipient: each step in its order, nothing twice, and nothing but what was confirmed.

use sealflow_tests::{db::TestStore, on_both};
use serde_json::{Value, json};

use super::{
    Browser, World,
    world::{SENDER, SIGNER, TRANSACTOR, has_turn, id, recipient},
};

/// The state of a step.
fn step(view: &Value, kind: &str) -> String {
    let steps = view["steps"].as_array().unwrap();
    let found = steps.iter().find(|step| step["kind"] == kind).unwrap();
    found["state"].as_str().unwrap().to_owned()
}

/// A value for each field of the view.
fn filled(view: &Value) -> Value {
    let values = view["fields"].as_array().unwrap().iter().map(|field| {
        let value = match field["kind"].as_str().unwrap() {
            "signature" => drawn(10.0),
            "seal" | "cross_page_seal" => json!({"seal_id": view["seals"][0]["id"]}),
            "date" => json!({"date": true}),
            _ => json!({"text": "同意"}),
        };
        json!({"id": field["id"], "value": value})
    });
    json!({"fields": values.collect::<Vec<_>>()})
}

/// The first field of this kind.
pub(super) fn field_of(view: &Value, kind: &str) -> Value {
    let fields = view["fields"].as_array().unwrap();
    fields.iter().find(|field| field["kind"] == kind).unwrap().clone()
}

fn drawn(x: f64) -> Value {
    let stroke =
        json!([{"x": x, "y": 20.0}, {"x": x + 30.0, "y": 40.0, "w": 2.5}, {"x": x + 60.0, "y": 20.0}]);
    json!({"strokes": [stroke], "width": 300.0, "height": 180.0})
}

/// The person has accepted, read and filled; only the confirmation is missing.
pub(super) async fn ready_to_confirm(world: &World, contract: &Value) -> Browser {
    let signer = world.as_person(SIGNER).await;
    let path = format!("/api/signing/{}", recipient(contract, "supplier"));
    let view = signer.get(&path).await.expect(200);
    signer
        .post(&format!("{path}/agreement"), &json!({"sha256": view["agreement"]["sha256"]}))
        .await
        .expect(200);
    world.wait_at_tasks().await;
    let pages = view["documents"][0]["page_count"].clone();
    let view = signer
        .post(&format!("{path}/reading"), &json!({"pages_read": pages, "seconds": 30}))
        .await
        .expect(200);
    signer.put(&format!("{path}/fields"), &filled(&view)).await.expect(200);
    signer
}

async fn confirm(world: &World, signer: &Browser, path: &str, phone: &str) -> Value {
    signer.post(&format!("{path}/intent/codes"), &json!({})).await.expect(202);
    let code = world.code(phone, "intent").await;
    signer.post(&format!("{path}/intent"), &json!({"code": code})).await.expect(200)
}

/// The first recipient signs, and the worker stamps.
pub(super) async fn sign_as_person(world: &World, contract: &Value) {
    let signer = ready_to_confirm(world, contract).await;
    let path = format!("/api/signing/{}", recipient(contract, "supplier"));
    assert_eq!(confirm(world, &signer, &path, SIGNER).await["status"], "stamping");
    world.work(&id(contract)).await;
}

/// The second recipient has accepted and filled; only the confirmation is missing.
pub(super) async fn fill_as_organization(world: &World, contract: &Value) -> Browser {
    let transactor = world.as_person(TRANSACTOR).await;
    let path = format!("/api/signing/{}", recipient(contract, "buyer"));
    let view = transactor.get(&path).await.expect(200);
    let accepted = json!({"sha256": view["agreement"]["sha256"]});
    let view = transactor.post(&format!("{path}/agreement"), &accepted).await.expect(200);
    transactor.put(&format!("{path}/fields"), &filled(&view)).await.expect(200);
    transactor
}

/// The second recipient confirms what was filled.
pub(super) async fn confirm_as_organization(world: &World, contract: &Value, transactor: &Browser) {
    let path = format!("/api/signing/{}", recipient(contract, "buyer"));
    confirm(world, transactor, &path, TRANSACTOR).await;
}

/// The second recipient signs, and the worker stamps.
pub(super) async fn sign_as_organization(world: &World, contract: &Value) {
    let transactor = fill_as_organization(world, contract).await;
    confirm_as_organization(world, contract, &transactor).await;
    world.work(&id(contract)).await;
}

async fn two_recipients_sign_one_after_the_other(db: TestStore) {
    let world = World::open(db).await;
    let contract = world.sent().await;
    let path = format!("/api/contracts/{}", id(&contract));
    let sender = world.as_person(SENDER).await;
    let buyer = recipient(&contract, "buyer");
    assert_eq!(contract["recipients"][0]["status"], "notified");
    assert_eq!(contract["recipients"][1]["status"], "waiting");

    sign_as_person(&world, &contract).await;
    let half = sender.get(&path).await.expect(200);
    assert_eq!(half["status"], "in_progress");
    assert_eq!(half["recipients"][0]["status"], "signed");
    assert!(half["recipients"][0]["signed_at_ms"].is_i64());
    assert_eq!(half["documents"][0]["revision"], 1);
    assert!(has_turn(&world, &buyer).await);

    sign_as_organization(&world, &contract).await;
    let done = sender.get(&path).await.expect(200);
    assert_eq!(done["status"], "completed");
    assert!(done["completed_at_ms"].is_i64());
    assert_eq!(done["allowed"], json!(["download"]));
    assert_eq!(done["documents"][0]["revision"], 2);
    let told: Vec<&str> =
        done["timeline"].as_array().unwrap().iter().map(|entry| entry["kind"].as_str().unwrap()).collect();
    let expected = [
        "created",
        "sent",
        "notified",
        "agreement_accepted",
        "reading_finished",
        "confirmed",
        "signed",
        "notified",
        "agreement_accepted",
        "confirmed",
        "signed",
        "completed",
    ];
    assert_eq!(told, expected);
    assert_eq!(world.count("select count(*) from agreement_consents").await, 2);
}

async fn steps_are_taken_in_their_order(db: TestStore) {
    let world = World::open(db).await;
    let contract = world.sent().await;
    let signer = world.as_person(SIGNER).await;
    let path = format!("/api/signing/{}", recipient(&contract, "supplier"));
    let view = signer.get(&path).await.expect(200);
    assert_eq!(
        [step(&view, "agreement"), step(&view, "reading"), step(&view, "sign")],
        ["current", "todo", "todo"]
    );
    assert_eq!(view["min_reading_s"], 5);
    assert_eq!(view["fields"].as_array().unwrap().len(), 2);
    assert_eq!(view["intent_methods"], json!(["sms_code"]));

    let reading = json!({"pages_read": view["documents"][0]["page_count"], "seconds": 30});
    signer.post(&format!("{path}/reading"), &reading).await.refused(409, "step_not_open");
    signer.put(&format!("{path}/fields"), &filled(&view)).await.refused(409, "step_not_open");
    signer.post(&format!("{path}/intent/codes"), &json!({})).await.refused(409, "step_not_open");
    signer.post(&format!("{path}/intent"), &json!({"code": "123456"})).await.refused(409, "step_not_open");

    let other = json!({"sha256": "0".repeat(64)});
    signer.post(&format!("{path}/agreement"), &other).await.refused(409, "agreement_changed");
    assert_eq!(world.count("select count(*) from agreement_consents").await, 0);
    let accepted = json!({"sha256": view["agreement"]["sha256"]});
    let view = signer.post_as("a", &format!("{path}/agreement"), &accepted).await.expect(200);
    assert_eq!(
        [step(&view, "agreement"), step(&view, "reading"), step(&view, "sign")],
        ["done", "current", "todo"]
    );
    signer.post_as("a", &format!("{path}/agreement"), &accepted).await.expect(200);
    signer.post_as("b", &format!("{path}/agreement"), &accepted).await.refused(409, "step_not_open");
}

async fn reading_takes_all_pages_and_its_time(db: TestStore) {
    let world = World::open(db).await;
    let contract = world.sent().await;
    let signer = world.as_person(SIGNER).await;
    let path = format!("/api/signing/{}", recipient(&contract, "supplier"));
    let view = signer.get(&path).await.expect(200);
    let accepted = json!({"sha256": view["agreement"]["sha256"]});
    signer.post(&format!("{path}/agreement"), &accepted).await.expect(200);
    let pages = view["documents"][0]["page_count"].as_i64().unwrap();
    let read = async |pages: i64, seconds: i64| {
        signer.post(&format!("{path}/reading"), &json!({"pages_read": pages, "seconds": seconds})).await
    };
    // The page may say what it likes: the step has only just been opened.
    let problem = read(pages, 3600).await.refused(422, "reading_incomplete");
    assert_eq!(problem["retry_after_s"], 5);
    world.wait_at_tasks().await;
    read(pages - 1, 60).await.refused(422, "reading_incomplete");
    read(pages, 4).await.refused(422, "reading_incomplete");
    read(pages, 5).await.expect(200);
}

async fn fields_take_only_what_fits(db: TestStore) {
    let world = World::open(db).await;
    let contract = world.sent().await;
    let signer = ready_to_confirm(&world, &contract).await;
    let path = format!("/api/signing/{}", recipient(&contract, "supplier"));
    let view = signer.get(&path).await.expect(200);
    let of_kind = |kind: &str| {
        let fields = view["fields"].as_array().unwrap();
        fields.iter().find(|field| field["kind"] == kind).unwrap().clone()
    };
    let (signature, date) = (of_kind("signature"), of_kind("date"));
    assert_eq!(date["value"]["date"].as_str().unwrap().len(), 10);
    let put = async |field: &Value, value: Value| {
        signer.put(&format!("{path}/fields"), &json!({"fields": [{"id": field["id"], "value": value}]})).await
    };
    put(&date, json!({"text": "昨天"})).await.refused(422, "invalid_fields");
    put(&date, json!({"date": false})).await.refused(422, "invalid_fields");
    put(&signature, json!({"seal_id": uuid::Uuid::nil()})).await.refused(422, "invalid_fields");
    put(&signature, json!({"strokes": [], "width": 300.0, "height": 180.0}))
        .await
        .refused(422, "invalid_fields");
    put(&json!({"id": uuid::Uuid::nil()}), json!({"date": true})).await.refused(422, "field_unknown");
    let kept = signer.get(&path).await.expect(200);
    assert_eq!(kept["fields"], view["fields"]);

    put(&signature, Value::Null).await.expect(200);
    let problem =
        signer.post(&format!("{path}/intent/codes"), &json!({})).await.refused(422, "fields_missing");
    assert_eq!(problem["fields"][0]["field"], format!("fields[{}].value", signature["id"].as_str().unwrap()));
    assert_eq!(world.count("select count(*) from codes where purpose = 'intent'").await, 0);
}

async fn what_was_confirmed_is_what_was_shown(db: TestStore) {
    let world = World::open(db).await;
    let contract = world.sent().await;
    let signer = ready_to_confirm(&world, &contract).await;
    let path = format!("/api/signing/{}", recipient(&contract, "supplier"));
    let view = signer.get(&path).await.expect(200);
    signer.post(&format!("{path}/intent/codes"), &json!({})).await.expect(202);
    let code = world.code(SIGNER, "intent").await;
    let signature =
        view["fields"].as_array().unwrap().iter().find(|field| field["kind"] == "signature").unwrap();
    let changed = json!({"fields": [{"id": signature["id"], "value": drawn(11.0)}]});
    signer.put(&format!("{path}/fields"), &changed).await.expect(200);
    signer.post(&format!("{path}/intent"), &json!({"code": code})).await.refused(409, "content_changed");
    assert_eq!(signer.get(&path).await.expect(200)["status"], "in_progress");

    // A document that changes underneath is noticed as well.
    signer.post(&format!("{path}/intent/codes"), &json!({})).await.expect(202);
    let code = world.code(SIGNER, "intent").await;
    world.execute("update revisions set sha256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'").await;
    signer.post(&format!("{path}/intent"), &json!({"code": code})).await.refused(409, "content_changed");
    assert_eq!(confirm(&world, &signer, &path, SIGNER).await["status"], "stamping");
    signer.put(&format!("{path}/fields"), &changed).await.refused(409, "step_not_open");
}

async fn a_repeated_confirmation_answers_the_same(db: TestStore) {
    let world = World::open(db).await;
    let contract = world.sent().await;
    let signer = ready_to_confirm(&world, &contract).await;
    let path = format!("/api/signing/{}", recipient(&contract, "supplier"));
    signer.post(&format!("{path}/intent/codes"), &json!({})).await.expect(202);
    let code = world.code(SIGNER, "intent").await;
    let body = json!({"code": code});
    let first = signer.post_as("confirm-1", &format!("{path}/intent"), &body).await.expect(200);
    let again = signer.post_as("confirm-1", &format!("{path}/intent"), &body).await.expect(200);
    assert_eq!(first, again);
    assert_eq!(first["status"], "stamping");
    assert_eq!(world.count("select count(*) from jobs where kind = 'stamp_signature'").await, 1);
    signer.post_as("confirm-2", &format!("{path}/intent"), &body).await.refused(409, "step_not_open");
    world.work(&id(&contract)).await;
    let later = signer.post_as("confirm-1", &format!("{path}/intent"), &body).await.expect(200);
    assert_eq!(later["status"], "signed");
}

async fn a_signature_that_was_given_up_waits_for_an_operator(db: TestStore) {
    let world = World::open(db).await;
    let contract = world.sent().await;
    let signer = ready_to_confirm(&world, &contract).await;
    let path = format!("/api/signing/{}", recipient(&contract, "supplier"));
    confirm(&world, &signer, &path, SIGNER).await;
    let sender = world.as_person(SENDER).await;
    let shown = format!("/api/contracts/{}", id(&contract));
    assert_eq!(sender.get(&shown).await.expect(200)["waiting_for"], Value::Null);
    // A message that nobody waits for is no such thing.
    world.execute("update jobs set state = 'dead', finished_at_ms = 1 where kind = 'send_sms'").await;
    assert_eq!(sender.get(&shown).await.expect(200)["waiting_for"], Value::Null);
    let given_up = "update jobs set state = 'dead', finished_at_ms = 1, last_error = 'badAlg'
                    where kind = 'stamp_signature'";
    assert_eq!(world.execute(given_up).await, 1);
    assert_eq!(sender.get(&shown).await.expect(200)["waiting_for"], "operator");
    assert_eq!(signer.get(&shown).await.expect(200)["waiting_for"], "operator");
    world.work(&id(&contract)).await;
    assert_eq!(sender.get(&shown).await.expect(200)["waiting_for"], Value::Null);
}

async fn wrong_codes_are_counted(db: TestStore) {
    let world = World::open(db).await;
    let contract = world.sent().await;
    let signer = ready_to_confirm(&world, &contract).await;
    let path = format!("/api/signing/{}", recipient(&contract, "supplier"));
    signer.post(&format!("{path}/intent"), &json!({"code": "123456"})).await.refused(422, "code_expired");
    signer.post(&format!("{path}/intent/codes"), &json!({})).await.expect(202);
    let code = world.code(SIGNER, "intent").await;
    let wrong = if code == "000000" { "000001" } else { "000000" };
    for left in [4, 3, 2, 1] {
        let problem =
            signer.post(&format!("{path}/intent"), &json!({"code": wrong})).await.refused(422, "code_wrong");
        assert_eq!(problem["tries_left"], left);
    }
    signer.post(&format!("{path}/intent"), &json!({"code": wrong})).await.refused(429, "too_many_tries");
    signer.post(&format!("{path}/intent"), &json!({"code": code})).await.refused(429, "too_many_tries");
    assert_eq!(world.count("select count(*) from jobs where kind = 'stamp_signature'").await, 0);
}

async fn a_seal_wants_its_grant_to_the_last_moment(db: TestStore) {
    let world = World::open(db).await;
    let contract = world.sent().await;
    sign_as_person(&world, &contract).await;
    let transactor = world.as_person(TRANSACTOR).await;
    let path = format!("/api/signing/{}", recipient(&contract, "buyer"));
    let view = transactor.get(&path).await.expect(200);
    let seal = view["seals"][0].clone();
    assert_eq!(seal["kind"], "contract");
    transactor.get(seal["svg_url"].as_str().unwrap()).await.expect(200);
    let accepted = json!({"sha256": view["agreement"]["sha256"]});
    let view = transactor.post(&format!("{path}/agreement"), &accepted).await.expect(200);
    transactor.put(&format!("{path}/fields"), &filled(&view)).await.expect(200);
    transactor.post(&format!("{path}/intent/codes"), &json!({})).await.expect(202);
    let code = world.code(TRANSACTOR, "intent").await;

    world.execute("update seals set enabled = 0").await;
    let body = json!({"code": code});
    transactor.post(&format!("{path}/intent"), &body).await.refused(403, "seal_not_granted");
    transactor.put(&format!("{path}/fields"), &filled(&view)).await.refused(403, "seal_not_granted");
    world.execute("update seals set enabled = 1").await;
    // The refused confirmation was undone as a whole: the code is not used up.
    transactor.post(&format!("{path}/intent"), &body).await.expect(200);
}

async fn declining_ends_the_contract(db: TestStore) {
    let world = World::open(db).await;
    let contract = world.sent().await;
    let signer = world.as_person(SIGNER).await;
    let path = format!("/api/signing/{}", recipient(&contract, "supplier"));
    signer.post(&format!("{path}/decline"), &json!({"reason": "  "})).await.refused(422, "invalid_fields");
    let view =
        signer.post_as("no", &format!("{path}/decline"), &json!({"reason": "价格有误"})).await.expect(200);
    assert_eq!(view["status"], "declined");
    signer.post_as("no", &format!("{path}/decline"), &json!({"reason": "价格有误"})).await.expect(200);
    signer
        .post(&format!("{path}/decline"), &json!({"reason": "价格有误"}))
        .await
        .refused(409, "step_not_open");
    let seen =
        world.as_person(SENDER).await.get(&format!("/api/contracts/{}", id(&contract))).await.expect(200);
    assert_eq!(seen["status"], "declined");
    let last = seen["timeline"].as_array().unwrap().last().unwrap().clone();
    assert_eq!([&last["kind"], &last["actor"], &last["detail"]], ["declined", "示例签署人", "价格有误"]);
}

on_both!(
    two_recipients_sign_one_after_the_other,
    steps_are_taken_in_their_order,
    reading_takes_all_pages_and_its_time,
    fields_take_only_what_fits,
    what_was_confirmed_is_what_was_shown,
    a_repeated_confirmation_answers_the_same,
    a_signature_that_was_given_up_waits_for_an_operator,
    wrong_codes_are_counted,
    a_seal_wants_its_grant_to_the_last_moment,
    declining_ends_the_contract,
);
