//! The database commits, and the server never hears of it: the client is told to ask again, and what it asked for has
//! happened once.

use sealflow_store::{Config, Store};
use sealflow_tests::{
    db::{Engine, TestStore},
    faults::proxy::Proxy,
    pg,
};
use serde_json::json;

use super::{
    Reply, World,
    signing::ready_to_confirm,
    world::{SENDER, SIGNER, id, recipient},
};

/// A server whose way to the database can be cut, and the way.
async fn open() -> (World, Proxy) {
    let db = TestStore::new(Engine::Postgres).await.unwrap();
    let proxy = Proxy::open(&pg::socket_folder().await.unwrap()).await.unwrap();
    let config = Config { database_url: proxy.url(&db.config.database_url).unwrap(), ..db.config.clone() };
    let store = Store::open(&config).await.unwrap();
    (World::open_on(db, store, |_| {}).await, proxy)
}

/// The answer of a server that does not know what came of it.
fn told_to_ask_again(reply: Reply) {
    assert_eq!(reply.headers["retry-after"], "1");
    reply.refused(503, "unavailable");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_contract_is_sent_once() {
    let (world, proxy) = open().await;
    let draft = world.draft().await;
    let sender = world.as_person(SENDER).await;
    let path = format!("/api/contracts/{}/send", id(&draft));
    proxy.lose_answer_to_commit(1);
    told_to_ask_again(sender.post_as("send-1", &path, &json!({})).await);
    assert_eq!(proxy.cut(), 1);

    let sent = sender.post_as("send-1", &path, &json!({})).await.expect(200);
    assert_ne!(sent["status"], "draft");
    assert_eq!(world.count("select count(*) from instances").await, 1);
    assert_eq!(world.count("select count(*) from audit where action = 'contract.send'").await, 1);
    // Another intent finds it sent.
    sender.post_as("send-2", &path, &json!({})).await.refused(409, "not_draft");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signature_is_confirmed_once() {
    let (world, proxy) = open().await;
    let contract = world.sent().await;
    let signer = ready_to_confirm(&world, &contract).await;
    let path = format!("/api/signing/{}/intent", recipient(&contract, "supplier"));
    signer.post(&format!("{path}/codes"), &json!({})).await.expect(202);
    let body = json!({"code": world.code(SIGNER, "intent").await});
    proxy.lose_answer_to_commit(1);
    told_to_ask_again(signer.post_as("confirm-1", &path, &body).await);
    assert_eq!(proxy.cut(), 1);

    let confirmed = signer.post_as("confirm-1", &path, &body).await.expect(200);
    assert_eq!(confirmed["status"], "stamping");
    assert_eq!(world.count("select count(*) from jobs where kind = 'stamp_signature'").await, 1);
    signer.post_as("confirm-2", &path, &body).await.refused(409, "step_not_open");
}
