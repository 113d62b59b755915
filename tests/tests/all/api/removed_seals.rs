//! The end of a seal: who may remove it, what keeps it, and what stays of it.

use sealflow_core::ids::SealId;
use sealflow_store::{audit, seals};
use sealflow_tests::{db::TestStore, on_both};
use serde_json::{Value, json};

use super::{
    World,
    seals::{official, path, roles, seal},
    signing::{confirm_as_organization, fill_as_organization, sign_as_person},
    world::{SENDER, STRANGER, TRANSACTOR, id, recipient},
};

/// Enables or disables the seal.
async fn turn(world: &World, seal: &str, enabled: bool) {
    let admin = world.as_person(SENDER).await;
    let name = admin.get(seal).await.expect(200)["seal"]["name"].clone();
    admin.put(seal, &json!({"name": name, "enabled": enabled})).await.expect(200);
}

/// The details of what was noted in the audit log, the newest last.
async fn noted(world: &World, action: &str) -> Vec<Value> {
    let mut reader = world.db.store.read().await.unwrap();
    let found: Vec<String> = sqlx::query_scalar(
        "select detail from audit where target_kind = 'seal' and action = $1 order by seq",
    )
    .bind(action)
    .fetch_all(&mut *reader)
    .await
    .unwrap();
    assert!(matches!(audit::verify(&mut reader).await.unwrap(), audit::Verified::Whole { .. }));
    found.iter().map(|detail| serde_json::from_str(detail).unwrap()).collect()
}

async fn a_removed_seal_is_nowhere_and_its_name_is_free(db: TestStore) {
    let world = World::open(db).await;
    let (list, admin) = (path(&world).await, world.as_person(SENDER).await);
    let id = seal(&world).await;
    let seal = format!("/api/seals/{id}");
    let grant = format!("{seal}/grants/{}", world.person(TRANSACTOR).await);
    admin.put(&seal, &json!({"name": "旧章", "enabled": true})).await.expect(200);
    assert_eq!(noted(&world, "seal.rename").await, [json!({"from": "合同专用章", "to": "旧章"})]);

    // Only when it is disabled, and only by who manages it.
    admin.delete(&seal).await.refused(409, "seal_enabled");
    turn(&world, &seal, false).await;
    world.as_person(TRANSACTOR).await.delete(&seal).await.refused(403, "forbidden");
    world.as_person(STRANGER).await.delete(&seal).await.refused(404, "not_found");
    assert_eq!(admin.get(&list).await.expect(200)["seals"].as_array().unwrap().len(), 1);
    assert_eq!(noted(&world, "seal.remove").await, [] as [Value; 0]);
    admin.put(&grant, &json!({"permissions": ["use", "manage"]})).await.expect(200);
    let manager = world.as_person(TRANSACTOR).await;
    assert!(roles(&world, TRANSACTOR).await.contains(&json!("seal_manager")));
    manager.delete(&seal).await.expect(204);
    assert_eq!(noted(&world, "seal.remove").await, [json!({"name": "旧章"})]);

    // Nobody meets it any more, in whatever way.
    assert!(!roles(&world, TRANSACTOR).await.contains(&json!("seal_manager")));
    manager.get(&list).await.refused(403, "forbidden");
    assert_eq!(admin.get(&list).await.expect(200)["seals"], json!([]));
    admin.get(&seal).await.refused(404, "not_found");
    admin.get(&format!("{seal}/image.svg")).await.refused(404, "not_found");
    admin.put(&seal, &json!({"name": "旧章", "enabled": true})).await.refused(404, "not_found");
    admin.put(&grant, &json!({"permissions": []})).await.refused(404, "not_found");
    admin.delete(&seal).await.refused(404, "not_found");
    assert_eq!(noted(&world, "seal.remove").await.len(), 1, "a second time is no deed");

    // Another one may have its name.
    let made = admin.post(&list, &json!({"name": "旧章", "template": official()})).await.expect(201);
    assert_ne!(made["id"], json!(id));
    assert_eq!(world.count("select count(*) from seals where removed_name = '旧章'").await, 1);
}

async fn a_confirmed_seal_stays_until_it_is_on_the_contract(db: TestStore) {
    let world = World::open(db).await;
    let contract = world.sent().await;
    sign_as_person(&world, &contract).await;
    let admin = world.as_person(SENDER).await;
    let seal_id = seal(&world).await;
    let seal = format!("/api/seals/{seal_id}");
    let transactor = fill_as_organization(&world, &contract).await;
    confirm_as_organization(&world, &contract, &transactor).await;
    turn(&world, &seal, false).await;
    admin.delete(&seal).await.refused(409, "seal_awaited");

    turn(&world, &seal, true).await;
    world.work(&id(&contract)).await;
    let path = format!("/api/contracts/{}", id(&contract));
    assert_eq!(admin.get(&path).await.expect(200)["status"], "completed");
    turn(&world, &seal, false).await;
    admin.delete(&seal).await.expect(204);
    assert_eq!(admin.get(&path).await.expect(200)["recipients"][1]["status"], "signed");
    // What was put on keeps its trail.
    let id: SealId = seal_id.parse().unwrap();
    let mut reader = world.db.store.read().await.unwrap();
    assert!(seals::impression(&mut reader, id).await.unwrap().is_some_and(|svg| svg.contains("<svg")));
    assert_eq!(seals::get(&mut reader, id).await.unwrap(), None);
    drop(reader);
    assert_eq!(world.count("select count(*) from seal_grants").await, 2);
}

async fn a_seal_that_was_only_chosen_goes_and_is_chosen_anew(db: TestStore) {
    let world = World::open(db).await;
    let contract = world.sent().await;
    sign_as_person(&world, &contract).await;
    let seal = format!("/api/seals/{}", seal(&world).await);
    let transactor = fill_as_organization(&world, &contract).await;
    turn(&world, &seal, false).await;
    world.as_person(SENDER).await.delete(&seal).await.expect(204);
    let buyer = format!("/api/signing/{}", recipient(&contract, "buyer"));
    assert_eq!(transactor.get(&buyer).await.expect(200)["seals"], json!([]));
    transactor.post(&format!("{buyer}/intent/codes"), &json!({})).await.refused(403, "seal_not_granted");
}

async fn a_seal_of_a_contract_that_ended_goes(db: TestStore) {
    let world = World::open(db).await;
    let contract = world.sent().await;
    sign_as_person(&world, &contract).await;
    let (admin, seal) = (world.as_person(SENDER).await, format!("/api/seals/{}", seal(&world).await));
    let transactor = fill_as_organization(&world, &contract).await;
    confirm_as_organization(&world, &contract, &transactor).await;
    turn(&world, &seal, false).await;
    admin.delete(&seal).await.refused(409, "seal_awaited");
    let withdraw = format!("/api/contracts/{}/withdraw", id(&contract));
    admin.post(&withdraw, &json!({"reason": "示例原因"})).await.expect(200);
    admin.delete(&seal).await.expect(204);
}

on_both!(
    a_removed_seal_is_nowhere_and_its_name_is_free,
    a_confirmed_seal_stays_until_it_is_on_the_contract,
    a_seal_that_was_only_chosen_goes_and_is_chosen_anew,
    a_seal_of_a_contract_that_ended_goes,
);
