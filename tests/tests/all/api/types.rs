//! Contracts of other types than the usual one: what the recipients see of it.

use sealflow_store::{agreements, definitions};
use sealflow_tests::{db::TestStore, on_both};
use serde_json::{Value, json};

use super::{
    World,
    signing::sign_as_person,
    world::{SENDER, SIGNER, TRANSACTOR, contract_pdf, id, recipient},
};

/// The supplier purchase, changed, and a contract of it that was sent.
async fn sent(world: &World, change: impl Fn(&str) -> String) -> Value {
    let source = include_str!("../../../../workflows/supplier_purchase/workflow.yaml");
    let source = change(source).replace("name: supplier_purchase", "name: changed");
    let loaded = sealflow_core::load(&source, "changed.yaml").unwrap();
    let mut tx = world.tx().await;
    definitions::publish(&mut tx, &loaded.definition, &source).await.unwrap();
    tx.commit().await.unwrap();
    let sender = world.as_person(SENDER).await;
    let mut body = world.input().await;
    body["contract_type"] = json!("changed");
    let draft = sender.post("/api/contracts", &body).await.expect(201);
    let path = format!("/api/contracts/{}", id(&draft));
    sender.upload(&format!("{path}/documents"), "示例采购合同.pdf", contract_pdf()).await.expect(201);
    sender.post(&format!("{path}/send"), &json!({})).await.expect(200);
    world.work(&id(&draft)).await;
    sender.get(&path).await.expect(200)
}

async fn enough_signatures_call_the_others_off(db: TestStore) {
    let world = World::open(db).await;
    let contract =
        sent(&world, |source| source.replace("routing: sequential", "routing: parallel\nneed: 1")).await;
    assert_eq!(contract["recipients"][1]["status"], "notified", "both are asked at once");
    sign_as_person(&world, &contract).await;
    let sender = world.as_person(SENDER).await;
    let done = sender.get(&format!("/api/contracts/{}", id(&contract))).await.expect(200);
    assert_eq!(done["status"], "completed");
    assert_eq!(done["recipients"][0]["status"], "signed");
    assert_eq!(done["recipients"][1]["status"], "called_off");

    let transactor = world.as_person(TRANSACTOR).await;
    let path = format!("/api/signing/{}", recipient(&contract, "buyer"));
    let view = transactor.get(&path).await.expect(200);
    assert_eq!(view["status"], "called_off");
    let accepted = json!({"sha256": view["agreement"]["sha256"]});
    transactor.post(&format!("{path}/agreement"), &accepted).await.refused(409, "step_not_open");
}

async fn each_agreement_is_accepted_by_itself(db: TestStore) {
    let world = World::open(db).await;
    let mut tx = world.tx().await;
    let now_ms = tx.now().as_ms();
    agreements::publish(tx.conn(), "privacy", "# 隐私政策\n\n示例。", now_ms).await.unwrap();
    tx.commit().await.unwrap();
    let contract = sent(&world, |source| {
        source.replacen("{agreement: e_signature_consent}", "{agreements: [e_signature_consent, privacy]}", 1)
    })
    .await;
    let signer = world.as_person(SIGNER).await;
    let path = format!("/api/signing/{}", recipient(&contract, "supplier"));
    let first = signer.get(&path).await.expect(200);
    assert_eq!(first["agreement"]["id"], "e_signature_consent");
    let accept = |view: &Value| json!({"sha256": view["agreement"]["sha256"]});
    let second = signer.post(&format!("{path}/agreement"), &accept(&first)).await.expect(200);
    assert_eq!(second["agreement"]["id"], "privacy");
    assert_eq!(second["steps"][0], json!({"kind": "agreement", "state": "current"}));
    signer.post(&format!("{path}/agreement"), &accept(&first)).await.refused(409, "agreement_changed");
    let reading = signer.post(&format!("{path}/agreement"), &accept(&second)).await.expect(200);
    assert_eq!(reading["steps"][1], json!({"kind": "reading", "state": "current"}));
    assert_eq!(world.count("select count(*) from agreement_consents").await, 2);
}

on_both!(enough_signatures_call_the_others_off, each_agreement_is_accepted_by_itself);
