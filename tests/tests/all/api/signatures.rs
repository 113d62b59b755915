//! Signatures of photos: kept for their person alone, few at a time, and put on contracts as they were confirmed.

use sealflow_store::signatures;
use sealflow_tests::{db::TestStore, fixtures, on_both};
use serde_json::{Value, json};

use super::{
    World,
    signing::{field_of, ready_to_confirm},
    world::{SENDER, SIGNER, TRANSACTOR, contract_pdf, id, recipient},
};

const PATH: &str = "/api/signatures";
const INK: [u8; 3] = [20, 20, 60];

async fn a_photo_is_kept_for_its_person_alone(db: TestStore) {
    let world = World::open(db).await;
    let sender = world.as_person(SENDER).await;
    let kept = sender.upload(PATH, "a.png", fixtures::scan(INK)).await.expect(201);
    assert_eq!(sender.get(PATH).await.expect(200), json!([kept]));
    let image = sender.get(kept["svg_url"].as_str().unwrap()).await;
    assert_eq!(
        (image.status.as_u16(), &image.headers["content-type"]),
        (200, &"image/svg+xml".parse().unwrap())
    );
    assert!(String::from_utf8(image.bytes).unwrap().contains("data:image/png;base64,"));

    let other = world.as_person(TRANSACTOR).await;
    assert_eq!(other.get(PATH).await.expect(200), json!([]));
    other.get(kept["svg_url"].as_str().unwrap()).await.refused(404, "not_found");
    other.delete(&format!("{PATH}/{}", id(&kept))).await.refused(404, "not_found");
    assert_eq!(sender.get(PATH).await.expect(200), json!([kept]));
    for _ in 0..2 {
        sender.delete(&format!("{PATH}/{}", id(&kept))).await.expect(204);
    }
    assert_eq!(sender.get(PATH).await.expect(200), json!([]));
}

async fn what_shows_no_signature_is_not_kept(db: TestStore) {
    let world = World::open(db).await;
    let sender = world.as_person(SENDER).await;
    sender.upload(PATH, "a.png", fixtures::scan([255; 3])).await.refused(422, "mark_blank");
    sender.upload(PATH, "a.pdf", contract_pdf()).await.refused(422, "mark_not_a_picture");
    sender.upload(PATH, "a.png", fixtures::scan(INK)[..600].to_vec()).await.refused(422, "mark_damaged");
    let mut large = fixtures::scan(INK);
    large.resize(5 * 1024 * 1024 + 1, 0);
    sender.upload(PATH, "a.png", large).await.refused(413, "mark_too_large");
    assert_eq!(world.count("select count(*) from signatures").await, 0);
}

async fn few_are_kept_and_not_very_many_added(db: TestStore) {
    let world = World::open(db).await;
    let sender = world.as_person(SENDER).await;
    let person = world.person(SENDER).await;
    let add = async || sender.upload(PATH, "a.png", fixtures::scan(INK)).await;
    let first = add().await.expect(201);
    let mut tx = world.tx().await;
    let now_ms = tx.now().as_ms();
    let known = signatures::kept_by(tx.conn(), person).await.unwrap().remove(0);
    for _ in 1..signatures::MAX {
        signatures::add(tx.conn(), person, &known.sha256, now_ms).await.unwrap();
    }
    tx.commit().await.unwrap();
    add().await.refused(422, "signature_limit");
    sender.delete(&format!("{PATH}/{}", id(&first))).await.expect(204);
    add().await.expect(201);

    let mut tx = world.tx().await;
    for _ in 0..signatures::ADDED_A_DAY_MAX - 6 {
        for kept in signatures::kept_by(tx.conn(), person).await.unwrap() {
            signatures::remove(tx.conn(), person, kept.id, now_ms).await.unwrap();
        }
        signatures::add(tx.conn(), person, &known.sha256, now_ms).await.unwrap();
    }
    tx.commit().await.unwrap();
    add().await.refused(429, "signatures_too_often");
    world.execute("update signatures set created_at_ms = created_at_ms - 90000000").await;
    add().await.expect(201);
}

async fn a_field_takes_ones_own_and_keeps_it(db: TestStore) {
    let world = World::open(db).await;
    let contract = world.sent().await;
    let signer = ready_to_confirm(&world, &contract).await;
    let path = format!("/api/signing/{}", recipient(&contract, "supplier"));
    let view = signer.get(&path).await.expect(200);
    let put = |field: &Value, signature: &Value| json!({"fields": [{"id": field["id"], "value": {"signature_id": signature["id"]}}]});
    let kept = signer.upload(PATH, "a.png", fixtures::scan(INK)).await.expect(201);
    let stranger = world.as_person(SENDER).await;
    let foreign = stranger.upload(PATH, "a.png", fixtures::scan(INK)).await.expect(201);
    let (signature, date) = (field_of(&view, "signature"), field_of(&view, "date"));
    let fields = format!("{path}/fields");
    signer.put(&fields, &put(&signature, &foreign)).await.refused(422, "signature_unknown");
    signer.put(&fields, &put(&date, &kept)).await.refused(422, "invalid_fields");
    let view = signer.put(&fields, &put(&signature, &kept)).await.expect(200);
    assert_eq!(field_of(&view, "signature")["value"], json!({"signature_id": kept["id"]}));

    signer.post(&format!("{path}/intent/codes"), &json!({})).await.expect(202);
    let code = world.code(SIGNER, "intent").await;
    // Taking it away now changes nothing that was confirmed, and it cannot be chosen again.
    signer.delete(&format!("{PATH}/{}", id(&kept))).await.expect(204);
    signer.get(kept["svg_url"].as_str().unwrap()).await.expect(200);
    signer.put(&fields, &put(&signature, &kept)).await.refused(422, "signature_unknown");
    let view = signer.post(&format!("{path}/intent"), &json!({"code": code})).await.expect(200);
    assert_eq!(view["status"], "stamping");
}

on_both!(
    a_photo_is_kept_for_its_person_alone,
    what_shows_no_signature_is_not_kept,
    few_are_kept_and_not_very_many_added,
    a_field_takes_ones_own_and_keeps_it,
);
