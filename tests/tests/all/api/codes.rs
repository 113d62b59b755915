//! Signing in: codes with their limits, links, and what a stranger learns (nothing).

use sealflow_store::codes::Limits;
use sealflow_tests::{db::TestStore, on_both};
use serde_json::{Value, json};

use super::{
    Browser, World,
    world::{SENDER, SIGNER, STRANGER, TRANSACTOR, id, recipient},
};

const UNKNOWN: &str = "13700000007";

async fn ask(browser: &Browser, phone: &str) -> super::Reply {
    browser.post("/api/login/codes", &json!({"phone": phone})).await
}

async fn try_code(browser: &Browser, phone: &str, code: &str) -> super::Reply {
    browser.post("/api/login", &json!({"phone": phone, "code": code})).await
}

/// Six digits that are not these.
fn other(code: &str) -> String {
    if code == "000000" { "000001".to_owned() } else { "000000".to_owned() }
}

async fn a_code_opens_a_session_once(db: TestStore) {
    let world = World::open(db).await;
    let browser = world.browser();
    let sent = ask(&browser, "+86 138 0000 0001").await.expect(202);
    assert_eq!(sent["expires_in_s"], 600);
    let code = world.code(SENDER, "login").await;
    let reply = try_code(&browser, SENDER, &code).await;
    let cookie = reply.headers["set-cookie"].to_str().unwrap().to_owned();
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax") && !cookie.contains("Secure"),
        "{cookie}"
    );
    let person = reply.expect(200)["person"].clone();
    assert_eq!(person["name"], "示例发起人");
    assert_eq!(person["roles"], json!(["sender", "seal_manager"]));
    assert_eq!(person["organizations"][0]["role"], "org_admin");
    assert_eq!(browser.get("/api/me").await.expect(200), person);
    try_code(&world.browser(), SENDER, &code).await.refused(401, "code_expired");
    assert_eq!(world.count("select count(*) from jobs where kind = 'send_code' and queue = 'sms'").await, 1);
}

async fn five_wrong_codes_end_it(db: TestStore) {
    let world = World::open(db).await;
    let browser = world.browser();
    ask(&browser, SENDER).await.expect(202);
    let code = world.code(SENDER, "login").await;
    for left in [4, 3, 2, 1] {
        let problem = try_code(&browser, SENDER, &other(&code)).await.refused(401, "code_wrong");
        assert_eq!(problem["tries_left"], left);
    }
    try_code(&browser, SENDER, &other(&code)).await.refused(429, "too_many_tries");
    try_code(&browser, SENDER, &code).await.refused(429, "too_many_tries");
    browser.get("/api/me").await.refused(401, "not_signed_in");
}

async fn a_code_holds_ten_minutes_and_only_the_newest_counts(db: TestStore) {
    let world = World::open(db).await;
    let browser = world.browser();
    ask(&browser, SENDER).await.expect(202);
    let old = world.code(SENDER, "login").await;
    world.execute("update codes set created_at_ms = created_at_ms - 1000").await;
    ask(&browser, SENDER).await.expect(202);
    let new = world.code(SENDER, "login").await;
    if old != new {
        try_code(&browser, SENDER, &old).await.refused(401, "code_wrong");
    }
    world.execute("update codes set expires_at_ms = expires_at_ms - 600001").await;
    try_code(&browser, SENDER, &new).await.refused(401, "code_expired");
}

async fn a_number_gets_one_code_a_minute_and_five_an_hour(db: TestStore) {
    let world = World::open_with(db, |config| config.codes = Limits::default()).await;
    let browser = world.browser();
    for phone in [SENDER, UNKNOWN] {
        for sent in 1..=5 {
            ask(&browser, phone).await.expect(202);
            let problem = ask(&browser, phone).await.refused(429, "code_limit");
            let wait = problem["retry_after_s"].as_i64().unwrap();
            assert!(if sent < 5 { (1..=60).contains(&wait) } else { wait > 60 }, "{phone} {sent}: {problem}");
            world.execute("update codes set created_at_ms = created_at_ms - 60001").await;
        }
        ask(&browser, phone).await.refused(429, "code_limit");
        world.execute("update codes set created_at_ms = created_at_ms - 3600001").await;
        ask(&browser, phone).await.expect(202);
    }
}

async fn an_unknown_number_looks_like_a_known_one(db: TestStore) {
    let world = World::open(db).await;
    let (known, unknown) = (world.browser(), world.browser());
    assert_eq!(ask(&known, SENDER).await.expect(202), ask(&unknown, UNKNOWN).await.expect(202));
    assert_eq!(world.count("select count(*) from jobs where kind = 'send_code'").await, 1);
    let told =
        |problem: Value| (problem["code"].clone(), problem["tries_left"].clone(), problem["detail"].clone());
    let code = world.code(SENDER, "login").await;
    let wrong = try_code(&known, SENDER, &other(&code)).await.refused(401, "code_wrong");
    let nobodys = world.code(UNKNOWN, "login").await;
    let refused = try_code(&unknown, UNKNOWN, &nobodys).await.refused(401, "code_wrong");
    assert_eq!(told(wrong), told(refused));
    try_code(&unknown, "13700000008", "123456").await.refused(401, "code_expired");
}

async fn who_was_only_named_gets_no_code_before_the_turn(db: TestStore) {
    let world = World::open(db).await;
    let draft = world.draft().await;
    let sender = world.as_person(SENDER).await;
    sender.post(&format!("/api/contracts/{}/send", id(&draft)), &json!({})).await.expect(200);
    ask(&world.browser(), SIGNER).await.expect(202);
    assert_eq!(world.count("select count(*) from jobs where kind = 'send_code'").await, 0);
    world.work(&id(&draft)).await;
    ask(&world.browser(), SIGNER).await.expect(202);
    assert_eq!(world.count("select count(*) from jobs where kind = 'send_code'").await, 1);
}

async fn a_link_opens_only_with_its_own_phone(db: TestStore) {
    let world = World::open(db).await;
    let contract = world.sent().await;
    let supplier = recipient(&contract, "supplier");
    let token = world.link(&supplier);
    let browser = world.browser();
    let link = browser.get(&format!("/api/links/{token}")).await.expect(200);
    assert_eq!(link["recipient_id"], supplier);
    assert_eq!(link["phone_masked"], "139****0001");
    assert_eq!(link["sender_organization_name"], "示例采购有限公司");

    // Another person's phone gets the same answer and no code.
    let jobs = "select count(*) from jobs where kind = 'send_code'";
    browser.post("/api/login/codes", &json!({"phone": SENDER, "link": token})).await.expect(202);
    assert_eq!(world.count(jobs).await, 0);
    browser.post("/api/login/codes", &json!({"phone": SIGNER, "link": token})).await.expect(202);
    assert_eq!(world.count(jobs).await, 1);
    let code = world.code(SIGNER, "login").await;
    let login =
        browser.post("/api/login", &json!({"phone": SIGNER, "code": code, "link": token})).await.expect(200);
    assert_eq!(login["destination"]["recipient_id"], supplier);
    assert_eq!(login["person"]["roles"], json!([]));
}

async fn a_link_that_is_closed_says_so(db: TestStore) {
    let world = World::open(db).await;
    let contract = world.sent().await;
    let path = format!("/api/links/{}", world.link(&recipient(&contract, "supplier")));
    let browser = world.browser();
    browser.get("/api/links/AAAAAAAAAAAAAAAAAAAAAA").await.refused(404, "link_unknown");
    browser.get("/api/links/short").await.refused(404, "link_unknown");
    browser.get(&path).await.expect(200);
    world.execute("update links set expires_at_ms = 1").await;
    browser.get(&path).await.refused(410, "link_expired");
    world.execute("update links set expires_at_ms = 9000000000000").await;
    let withdraw = format!("/api/contracts/{}/withdraw", id(&contract));
    world.as_person(SENDER).await.post(&withdraw, &json!({"reason": "示例原因"})).await.expect(200);
    browser.get(&path).await.refused(410, "link_expired");
}

async fn a_link_of_somebody_who_has_signed_is_used(db: TestStore) {
    let world = World::open(db).await;
    let contract = world.sent().await;
    super::signing::sign_as_person(&world, &contract).await;
    let browser = world.browser();
    let link = |role: &str| format!("/api/links/{}", world.link(&recipient(&contract, role)));
    browser.get(&link("supplier")).await.refused(410, "link_used");
    browser.get(&link("buyer")).await.expect(200);
}

async fn a_code_for_one_purpose_is_none_for_another(db: TestStore) {
    let world = World::open(db).await;
    let contract = world.sent().await;
    let supplier = recipient(&contract, "supplier");
    let signer = super::signing::ready_to_confirm(&world, &contract).await;
    signer.post(&format!("/api/signing/{supplier}/intent/codes"), &json!({})).await.expect(202);
    let intent = world.code(SIGNER, "intent").await;
    try_code(&world.browser(), SIGNER, &intent).await.refused(401, "code_expired");
    ask(&world.browser(), SIGNER).await.expect(202);
    let login = world.code(SIGNER, "login").await;
    if login != intent {
        let path = format!("/api/signing/{supplier}/intent");
        signer.post(&path, &json!({"code": login})).await.refused(422, "code_wrong");
    }
    for phone in [TRANSACTOR, STRANGER] {
        try_code(&world.browser(), phone, &login).await.refused(401, "code_expired");
    }
}

on_both!(
    a_code_opens_a_session_once,
    five_wrong_codes_end_it,
    a_code_holds_ten_minutes_and_only_the_newest_counts,
    a_number_gets_one_code_a_minute_and_five_an_hour,
    an_unknown_number_looks_like_a_known_one,
    who_was_only_named_gets_no_code_before_the_turn,
    a_link_opens_only_with_its_own_phone,
    a_link_that_is_closed_says_so,
    a_link_of_somebody_who_has_signed_is_used,
    a_code_for_one_purpose_is_none_for_another,
);
