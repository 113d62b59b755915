//! What a sender places beside what the contract type asks for: kept with the draft, looked at when it is sent, filled by whom it
//! is for.

use sealflow_tests::{db::TestStore, fixtures, on_both};
use serde_json::{Value, json};

use super::{
    World,
    signing::{field_of, sign_as_person},
    world::{SENDER, SIGNER, TRANSACTOR, id, recipient},
};

fn across(changes: Value) -> Value {
    with(
        json!({"role": "buyer", "kind": "cross_page_seal", "page": 1, "x_mm": 0.0, "y_mm": 120.0,
               "w_mm": 40.0, "h_mm": 40.0}),
        &changes,
    )
}

fn words(changes: Value) -> Value {
    with(
        json!({"role": "supplier", "kind": "text", "page": 1, "x_mm": 30.0, "y_mm": 60.0, "w_mm": 60.0, "h_mm": 8.0,
               "style": {"font": "serif", "size": 12.0, "color": "blue", "align": "right", "overflow": "refuse"}}),
        &changes,
    )
}

/// A second place for the supplier's signature.
fn mark(changes: Value) -> Value {
    with(
        json!({"role": "supplier", "kind": "signature", "page": 2, "x_mm": 30.0, "y_mm": 90.0, "w_mm": 40.0,
               "h_mm": 16.0}),
        &changes,
    )
}

fn with(mut field: Value, changes: &Value) -> Value {
    for (key, value) in changes.as_object().unwrap() {
        field[key] = value.clone();
    }
    field
}

/// The draft's path, and a body that places these fields.
async fn placing(world: &World, draft: &Value, fields: &[Value]) -> (String, Value) {
    let mut input = world.input().await;
    input["fields"] = json!(fields);
    (format!("/api/contracts/{}", id(draft)), input)
}

async fn what_was_placed_is_kept_with_the_draft(db: TestStore) {
    let world = World::open(db).await;
    let draft = world.draft().await;
    let sender = world.as_person(SENDER).await;
    assert_eq!(draft["fields"], json!([]));
    let document = draft["documents"][0]["id"].clone();
    let placed = [
        across(json!({"to_page": 4, "edge": "left", "seal_kind": "contract"})),
        words(json!({"document_id": document})),
        mark(json!({"document_id": document})),
        with(mark(json!({"role": "buyer", "document_id": document})), &json!({"kind": "seal"})),
    ];
    let (path, input) = placing(&world, &draft, &placed).await;
    let kept = sender.put(&path, &input).await.expect(200);
    assert_eq!(kept["fields"], json!(placed));
    // Said anew as a whole.
    let (_, input) = placing(&world, &draft, &placed[..1]).await;
    assert_eq!(sender.put(&path, &input).await.expect(200)["fields"], json!(placed[..1]));
    let (_, input) = placing(&world, &draft, &placed).await;
    sender.put(&path, &input).await.expect(200);
    // What was on a document goes with it.
    sender.delete(&format!("{path}/documents/{}", document.as_str().unwrap())).await.expect(204);
    assert_eq!(sender.get(&path).await.expect(200)["fields"], json!(placed[..1]));
    assert_eq!(world.count("select count(*) from fields").await, 0);
}

async fn what_cannot_be_filled_is_not_placed(db: TestStore) {
    let world = World::open(db).await;
    let draft = world.draft().await;
    let sender = world.as_person(SENDER).await;
    let nowhere = "019adf2c-6f00-7c3a-9d53-0c4de0a1b111";
    for (field, at) in [
        (across(json!({"role": "supplier"})), "fields[0].role"),
        (across(json!({"role": "stranger"})), "fields[0].role"),
        (mark(json!({"kind": "seal"})), "fields[0].role"),
        (
            mark(json!({"style": {"font": "sans", "color": "red", "align": "left", "overflow": "wrap"}})),
            "fields[0].style",
        ),
        (
            across(json!({"style": {"font": "sans", "color": "red", "align": "left", "overflow": "wrap"}})),
            "fields[0].style",
        ),
        (words(json!({"seal_kind": "contract"})), "fields[0].seal_kind"),
        (words(json!({"edge": "left"})), "fields[0].edge"),
        (words(json!({"to_page": 3})), "fields[0].to_page"),
        (words(json!({"document_id": nowhere})), "fields[0].document_id"),
        (words(json!({"page": 0})), "fields[0].page"),
        (words(json!({"w_mm": 501.0})), "fields[0].w_mm"),
        (words(json!({"y_mm": -1.0})), "fields[0].y_mm"),
        (
            words(
                json!({"style": {"font": "sans", "size": 2, "color": "red", "align": "left", "overflow": "wrap"}}),
            ),
            "fields[0].style.size",
        ),
    ] {
        let (path, input) = placing(&world, &draft, &[field]).await;
        let problem = sender.put(&path, &input).await.refused(422, "invalid_fields");
        assert_eq!(problem["fields"][0]["field"], at, "{problem}");
    }
    let (path, input) = placing(&world, &draft, &vec![words(json!({})); 201]).await;
    sender.put(&path, &input).await.refused(422, "invalid_fields");
    assert_eq!(sender.get(&path).await.expect(200)["fields"], json!([]));
}

async fn pages_are_counted_when_it_is_sent(db: TestStore) {
    let world = World::open(db).await;
    let draft = world.draft().await;
    let sender = world.as_person(SENDER).await;
    let send = async |fields: &[Value]| {
        let (path, input) = placing(&world, &draft, fields).await;
        sender.put(&path, &input).await.expect(200);
        sender.post(&format!("{path}/send"), &json!({})).await
    };
    for field in [words(json!({"page": 12})), words(json!({"x_mm": 190.0})), across(json!({"y_mm": 280.0}))] {
        let problem = send(&[across(json!({})), field]).await.refused(422, "field_misplaced");
        assert_eq!(problem["fields"][0]["field"], "fields[1]");
    }
    for (field, pages) in [(across(json!({"page": 11})), 1), (across(json!({"to_page": 1})), 1)] {
        let problem = send(&[field]).await.refused(422, "cross_page_seal_pages");
        let message = format!("“示例采购合同.pdf”上的骑缝章只覆盖 {pages} 页");
        assert_eq!(problem["fields"][0]["message"], message);
    }
    // A document of one page beside the other: the seal is for every document, or for the one that is named.
    let path = format!("/api/contracts/{}", id(&draft));
    sender.upload(&format!("{path}/documents"), "附件.png", fixtures::scan([9; 3])).await.expect(201);
    let problem = send(&[across(json!({}))]).await.refused(422, "cross_page_seal_pages");
    assert_eq!(problem["fields"][0]["message"], "“附件.pdf”上的骑缝章只覆盖 1 页");
    assert_eq!(world.count("select count(*) from fields").await, 0, "a refused sending leaves nothing");
    send(&[across(json!({"document_id": draft["documents"][0]["id"]}))]).await.expect(200);
    assert_eq!(world.count("select count(*) from fields where kind = 'cross_page_seal'").await, 1);
}

async fn each_fills_what_was_placed_for_him(db: TestStore) {
    let world = World::open(db).await;
    let draft = world.draft().await;
    let sender = world.as_person(SENDER).await;
    let finance = across(json!({"y_mm": 200.0, "seal_kind": "finance"}));
    let placed = [across(json!({"to_page": 4})), words(json!({})), finance];
    let (path, input) = placing(&world, &draft, &placed).await;
    sender.put(&path, &input).await.expect(200);
    let contract = sender.post(&format!("{path}/send"), &json!({})).await.expect(200);
    assert_eq!(contract["fields"], json!([]), "they are fields now");
    world.work(&id(&contract)).await;

    let supplier = format!("/api/signing/{}", recipient(&contract, "supplier"));
    let signer = super::signing::ready_to_confirm(&world, &contract).await;
    let view = signer.get(&supplier).await.expect(200);
    let text = field_of(&view, "text");
    assert_eq!((&text["style"], &text["value"]["text"]), (&placed[1]["style"], &json!("同意")));
    let fill = |text_value: &str| json!({"fields": [{"id": text["id"], "value": {"text": text_value}}]});
    for (wrong, message) in [
        ("一二三四五六七八九十一二三四五六七八九十", "文字在此处放不下，请缩短"),
        ("好😀", "“😀”无法显示在文件上，请删去或更换"),
        ("\u{200b}", "不能为空"),
    ] {
        let problem =
            signer.put(&format!("{supplier}/fields"), &fill(wrong)).await.refused(422, "invalid_fields");
        assert_eq!(problem["fields"][0]["message"], message, "{wrong:?}");
    }
    let view = signer
        .put(&format!("{supplier}/fields"), &fill("\u{feff}上海市\u{200b}示例路一号"))
        .await
        .expect(200);
    assert_eq!(field_of(&view, "text")["value"], json!({"text": "上海市示例路一号"}));
    world.execute("delete from codes").await;
    world.execute("update fields set value = null where kind = 'text'").await;
    signer.post(&format!("{supplier}/intent/codes"), &json!({})).await.refused(422, "fields_missing");
    signer.put(&format!("{supplier}/fields"), &fill("上海市示例路一号")).await.expect(200);
    signer.post(&format!("{supplier}/intent/codes"), &json!({})).await.expect(202);
    let code = world.code(SIGNER, "intent").await;
    signer.post(&format!("{supplier}/intent"), &json!({"code": code})).await.expect(200);
    world.work(&id(&contract)).await;

    let buyer = format!("/api/signing/{}", recipient(&contract, "buyer"));
    let transactor = world.as_person(TRANSACTOR).await;
    let view = transactor.get(&buyer).await.expect(200);
    let seal = field_of(&view, "cross_page_seal");
    let slices = seal["slices"].as_array().unwrap();
    let seen: Vec<_> = slices.iter().map(|slice| (slice["page"].clone(), slice["index"].clone())).collect();
    assert_eq!(json!(seen), json!([[1, 0], [2, 1], [3, 2], [4, 3]]));
    let last = &slices[3];
    let right = last["x"].as_f64().unwrap() + last["w"].as_f64().unwrap();
    assert!((right - 595.28).abs() < 0.1 && last["count"] == 4, "{last}");
    let accepted = json!({"sha256": view["agreement"]["sha256"]});
    transactor.post(&format!("{buyer}/agreement"), &accepted).await.expect(200);
    let put = |value: Value| json!({"fields": [{"id": seal["id"], "value": value}]});
    let fields = format!("{buyer}/fields");
    transactor.put(&fields, &put(json!({"text": "章"}))).await.refused(422, "invalid_fields");
    let foreign = json!({"seal_id": "019adf2c-6f00-7c3a-9d53-0c4de0a1b111"});
    transactor.put(&fields, &put(foreign)).await.refused(403, "seal_not_granted");
    let own = json!({"seal_id": view["seals"][0]["id"]});
    let all = view["fields"].as_array().unwrap();
    let finance = all.iter().find(|field| field["seal_kind"] == "finance").unwrap();
    let wrong_kind = json!({"fields": [{"id": finance["id"], "value": own}]});
    transactor.put(&fields, &wrong_kind).await.refused(403, "seal_not_granted");
    let view = transactor.put(&fields, &put(own.clone())).await.expect(200);
    assert_eq!(field_of(&view, "cross_page_seal")["value"], own);
}

async fn without_placed_fields_all_is_as_ever(db: TestStore) {
    let world = World::open(db).await;
    let contract = world.sent().await;
    sign_as_person(&world, &contract).await;
    let view = world
        .as_person(TRANSACTOR)
        .await
        .get(&format!("/api/signing/{}", recipient(&contract, "buyer")))
        .await;
    let fields = view.expect(200)["fields"].as_array().unwrap().clone();
    assert!(fields.iter().all(|field| field.get("slices").is_none() && field.get("style").is_none()));
    assert_eq!(fields.len(), 2);
}

on_both!(
    what_was_placed_is_kept_with_the_draft,
    what_cannot_be_filled_is_not_placed,
    pages_are_counted_when_it_is_sent,
    each_fills_what_was_placed_for_him,
    without_placed_fields_all_is_as_ever,
);
