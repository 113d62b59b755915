//! A server of its own for each test, with the demo organization, a second one, and browsers for everybody.

use std::sync::OnceLock;

use sealflow_core::{
    Actor, EventId, EventKind,
    ids::{CodeId, InstanceId, PersonId, RecipientId},
};
use sealflow_pdf::{
    confined::{Confined, Limits},
    convert::word::Word,
};
use sealflow_server::{App, Config};
use sealflow_store::{
    NewEvent, Store, Tx, agreements, codes, contracts, definitions,
    documents::{self, NewRevision, RevisionKind},
    instances, links,
    organizations::{self, Role},
    people::{self, PlatformRole},
    recipients, seed, sessions,
};
use sealflow_tests::{db::TestStore, fixtures};
use serde_json::{Value, json};
use sqlx::Row as _;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::browser::Browser;

pub(crate) const SECRET: [u8; 32] = [7; 32];
pub(crate) const CALLBACK_TOKEN: &str = "callback-token-of-the-tests";

/// People of the demo organization.
pub(crate) const SENDER: &str = "13800000001";
pub(crate) const TRANSACTOR: &str = "13800000002";
pub(crate) const OPS: &str = "13800000003";
/// A signer who is nobody's member.
pub(crate) const SIGNER: &str = "13900000001";
/// A sender of another organization.
pub(crate) const STRANGER: &str = "13900000009";

/// The server and what is behind it.
pub(crate) struct World {
    pub(crate) db: TestStore,
    pub(crate) url: Url,
    shutdown: CancellationToken,
}

impl Drop for World {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

impl World {
    pub(crate) async fn open(db: TestStore) -> Self {
        Self::open_with(db, |_| {}).await
    }

    /// With settings of its own.
    pub(crate) async fn open_with(db: TestStore, set: impl FnOnce(&mut Config)) -> Self {
        let store = db.store.clone();
        Self::open_on(db, store, set).await
    }

    /// With a server that has a way of its own to the database.
    pub(crate) async fn open_on(db: TestStore, store: Store, set: impl FnOnce(&mut Config)) -> Self {
        let pdf = Confined::new(env!("CARGO_BIN_EXE_sealflow_under_test"), Limits::default());
        Self::open_confined(db, store, pdf, set).await
    }

    /// With other children that open files.
    pub(crate) async fn open_confined(
        db: TestStore,
        store: Store,
        pdf: Confined,
        set: impl FnOnce(&mut Config),
    ) -> Self {
        Self::serve(db, set, |config| App::new(store, config, pdf)).await
    }

    /// With another converter of Word files.
    pub(crate) async fn open_with_word(db: TestStore, word: Word) -> Self {
        let store = db.store.clone();
        let pdf = Confined::new(env!("CARGO_BIN_EXE_sealflow_under_test"), Limits::default());
        Self::serve(db, |_| {}, |config| App::new(store, config, pdf).with_word(word)).await
    }

    async fn serve(db: TestStore, set: impl FnOnce(&mut Config), app: impl FnOnce(Config) -> App) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url: Url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let mut config = Config::new(url.clone(), SECRET);
        config.sms_callback_token = CALLBACK_TOKEN.to_owned().into();
        config.codes.per_minute = 1000;
        config.codes.per_hour = 1000;
        config.codes.per_day = 1000;
        set(&mut config);
        publish(&db).await;
        let app = app(config);
        let shutdown = CancellationToken::new();
        tokio::spawn(sealflow_server::serve(app, listener, shutdown.clone()));
        Self { db, url, shutdown }
    }

    /// A browser without any cookie.
    pub(crate) fn browser(&self) -> Browser {
        let http = reqwest::Client::builder().cookie_store(true).no_proxy().build().unwrap();
        Browser { http, url: self.url.clone() }
    }

    /// A browser in which the owner of this phone is signed in, without a code.
    pub(crate) async fn as_person(&self, phone: &str) -> Browser {
        let mut tx = self.tx().await;
        let now_ms = tx.now().as_ms();
        let person = people::by_phone(tx.conn(), &phone.parse().unwrap()).await.unwrap().unwrap();
        let token = sessions::new_token();
        let lifetimes = sessions::Lifetimes { absolute_ms: 3_600_000, idle_ms: 3_600_000 };
        sessions::begin(tx.conn(), &token, person.id, lifetimes, now_ms).await.unwrap();
        tx.commit().await.unwrap();
        let jar = std::sync::Arc::new(reqwest::cookie::Jar::default());
        jar.add_cookie_str(&format!("{}={token}; Path=/", sealflow_server::COOKIE), &self.url);
        let http = reqwest::Client::builder().cookie_provider(jar).no_proxy().build().unwrap();
        Browser { http, url: self.url.clone() }
    }

    pub(crate) async fn tx(&self) -> Tx {
        self.db.store.begin().await.unwrap()
    }

    /// The digits of the newest code that was sent to the phone for the purpose.
    pub(crate) async fn code(&self, phone: &str, purpose: &str) -> String {
        let mut reader = self.db.store.read().await.unwrap();
        let row = sqlx::query(
            "select id from codes where phone = $1 and purpose = $2 order by created_at_ms desc, id desc limit 1",
        )
        .bind(phone)
        .bind(purpose)
        .fetch_one(&mut *reader)
        .await
        .unwrap();
        let id: CodeId = row.get::<String, _>("id").parse().unwrap();
        let row = codes::get(&mut reader, id).await.unwrap().unwrap();
        codes::text(&SECRET, &row)
    }

    /// How many rows the statement counts.
    pub(crate) async fn count(&self, statement: &'static str) -> i64 {
        let mut reader = self.db.store.read().await.unwrap();
        sqlx::query_scalar(statement).fetch_one(&mut *reader).await.unwrap()
    }

    /// Changes rows behind the server's back: time that passes, hands that tamper.
    pub(crate) async fn execute(&self, statement: &'static str) -> u64 {
        let mut tx = self.tx().await;
        let done = sqlx::query(statement).execute(tx.conn()).await.unwrap().rows_affected();
        tx.commit().await.unwrap();
        done
    }

    pub(crate) async fn person(&self, phone: &str) -> PersonId {
        let mut reader = self.db.store.read().await.unwrap();
        people::by_phone(&mut reader, &phone.parse().unwrap()).await.unwrap().unwrap().id
    }

    pub(crate) async fn organization(&self) -> String {
        let mut reader = self.db.store.read().await.unwrap();
        let all = organizations::able_to_sign(&mut reader).await.unwrap();
        all.into_iter().find(|it| it.name == seed::ORGANIZATION).unwrap().id.to_string()
    }

    /// What a complete draft says.
    pub(crate) async fn input(&self) -> Value {
        json!({
            "title": "示例采购合同",
            "contract_type": "supplier_purchase",
            "recipients": [
                {"role": "supplier", "name": "示例签署人", "phone": SIGNER},
                {"role": "buyer", "name": "示例经办人", "phone": TRANSACTOR,
                 "organization_id": self.organization().await},
            ],
        })
    }

    /// A draft with one document.
    pub(crate) async fn draft(&self) -> Value {
        let sender = self.as_person(SENDER).await;
        let made = sender.post("/api/contracts", &self.input().await).await.expect(201);
        let path = format!("/api/contracts/{}/documents", id(&made));
        sender.upload(&path, "示例采购合同.pdf", contract_pdf()).await.expect(201);
        sender.get(&format!("/api/contracts/{}", id(&made))).await.expect(200)
    }

    /// A contract that was sent; the workers have done their part, so that the first signer was notified.
    pub(crate) async fn sent(&self) -> Value {
        let draft = self.draft().await;
        let sender = self.as_person(SENDER).await;
        let path = format!("/api/contracts/{}", id(&draft));
        sender.post(&format!("{path}/send"), &json!({})).await.expect(200);
        self.work(&id(&draft)).await;
        sender.get(&path).await.expect(200)
    }

    /// Does what the contract's instance waits for, as the workers would: every job ends well.
    pub(crate) async fn work(&self, contract_id: &str) {
        for round in 0..20 {
            let mut tx = self.tx().await;
            let contract = contracts::get(tx.conn(), contract_id.parse().unwrap()).await.unwrap().unwrap();
            let instance_id = contract.instance_id.unwrap();
            let state = instances::get(tx.conn(), instance_id).await.unwrap().unwrap().state;
            let waiting = state
                .waiting_jobs()
                .next()
                .map(|(key, job)| (key.to_owned(), job.kind.clone(), job.place.item.clone()));
            let Some((key, kind, item)) = waiting else { return };
            let outcome = match kind.as_str() {
                "prepare_document" => "prepared",
                "stamp_signature" => {
                    append(&mut tx, contract.id, item.unwrap().parse().unwrap()).await;
                    "stamped"
                }
                _ => "sent",
            };
            report(&mut tx, instance_id, &key, outcome, round).await;
            tx.commit().await.unwrap();
        }
        panic!("the instance of {contract_id} goes on and on");
    }

    /// The token of the recipient's link.
    pub(crate) fn link(&self, recipient_id: &str) -> String {
        links::token(&SECRET, recipient_id.parse().unwrap(), links::FIRST)
    }

    /// Time passes for the tasks that are open.
    pub(crate) async fn wait_at_tasks(&self) {
        self.execute("update tasks set since_at_ms = since_at_ms - 60000").await;
    }
}

/// As the stamping worker would: one more revision of each document.
async fn append(tx: &mut Tx, contract: sealflow_core::ids::ContractId, recipient: RecipientId) {
    let now_ms = tx.now().as_ms();
    for document in documents::list(tx.conn(), contract).await.unwrap() {
        let bytes = format!("revision by {recipient}").into_bytes();
        let size_bytes = i64::try_from(bytes.len()).unwrap();
        let sha256 = tx.store().blobs().put(bytes.into()).await.unwrap();
        let new = NewRevision {
            document_id: document.id,
            n: document.newest.n + 1,
            kind: RevisionKind::Signed,
            sha256,
            size_bytes,
            recipient_id: Some(recipient),
        };
        documents::append(tx.conn(), &new, now_ms).await.unwrap();
    }
}

async fn report(tx: &mut Tx, instance: InstanceId, key: &str, outcome: &str, round: usize) {
    let event = NewEvent {
        id: EventId(format!("test/{key}/{round}/{}", uuid::Uuid::now_v7())),
        actor: Actor::Worker,
        kind: EventKind::JobResult { key: key.to_owned(), outcome: outcome.to_owned(), data: json!({}) },
    };
    instances::submit(tx, instance, event).await.unwrap();
}

/// The definitions, the agreement, the demo organization, and another organization with a sender.
async fn publish(db: &TestStore) {
    let mut tx = db.store.begin().await.unwrap();
    let now_ms = tx.now().as_ms();
    let source = include_str!("../../../../workflows/supplier_purchase/workflow.yaml");
    let loaded = sealflow_core::load(source, "supplier_purchase.yaml").unwrap();
    definitions::publish(&mut tx, &loaded.definition, source).await.unwrap();
    let text = include_str!("../../../../workflows/agreements/e_signature_consent.zh.md");
    agreements::publish(tx.conn(), "e_signature_consent", text, now_ms).await.unwrap();
    let spec = json!({});
    let svg = "<svg xmlns=\"http://www.w3.org/2000/svg\"/>";
    seed::demo(&mut tx, seed::DemoSeal { svg, spec: &spec }).await.unwrap();
    let other = organizations::find_or_add(tx.conn(), "示例销售有限公司", now_ms).await.unwrap();
    let stranger =
        people::find_or_add(tx.conn(), &STRANGER.parse().unwrap(), "示例他人", now_ms).await.unwrap();
    let roles = [Role::OrgAdmin, Role::Sender];
    organizations::add_member(tx.conn(), other.id, stranger.id, &roles, now_ms).await.unwrap();
    tx.commit().await.unwrap();
}

/// The sample contract, drawn once.
pub(crate) fn contract_pdf() -> Vec<u8> {
    static PDF: OnceLock<Vec<u8>> = OnceLock::new();
    PDF.get_or_init(|| fixtures::contract().unwrap().to_vec()).clone()
}

/// The id in an answer.
pub(crate) fn id(answer: &Value) -> String {
    answer["id"].as_str().unwrap().to_owned()
}

/// The recipient with this role.
pub(crate) fn recipient(contract: &Value, role: &str) -> String {
    let list = contract["recipients"].as_array().unwrap();
    id(list.iter().find(|each| each["role"] == role).unwrap())
}

/// Makes somebody an operator of the platform.
pub(crate) async fn make_ops(world: &World, phone: &str) {
    let person = world.person(phone).await;
    let mut tx = world.tx().await;
    let now_ms = tx.now().as_ms();
    people::grant_platform_role(tx.conn(), person, PlatformRole::Ops, now_ms).await.unwrap();
    tx.commit().await.unwrap();
}

/// Whether the recipient's turn has come.
pub(crate) async fn has_turn(world: &World, recipient_id: &str) -> bool {
    let mut reader = world.db.store.read().await.unwrap();
    let found = recipients::get(&mut reader, recipient_id.parse().unwrap()).await.unwrap();
    found.unwrap().turn_at_ms.is_some()
}
