//! What holds for every route: problem details as announced, headers, cross-site requests, unknown paths.

use std::sync::OnceLock;

use reqwest::{Method, header};
use sealflow_tests::{db::TestStore, on_both};
use serde_json::{Value, json};

use super::{
    Reply, World,
    world::{CALLBACK_TOKEN, SENDER},
};

/// The API's document.
pub(super) fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| serde_json::to_value(sealflow_server::openapi()).unwrap())
}

/// All operations as (method, path, operation).
pub(super) fn operations() -> Vec<(Method, String, Value)> {
    let mut all = Vec::new();
    for (path, item) in document()["paths"].as_object().unwrap() {
        for (name, operation) in item.as_object().unwrap() {
            if let Ok(method) = Method::from_bytes(name.to_uppercase().as_bytes())
                && operation["operationId"].is_string()
            {
                all.push((method, path.clone(), operation.clone()));
            }
        }
    }
    all
}

/// The operation that answers at this path.
fn operation(method: &Method, path: &str) -> Option<Value> {
    let matches = |pattern: &str| {
        let (mut left, mut right) = (pattern.split('/'), path.split('/'));
        loop {
            match (left.next(), right.next()) {
                (None, None) => return true,
                (Some(part), Some(given)) if part == given || part.starts_with('{') => {}
                _ => return false,
            }
        }
    };
    let mut found =
        operations().into_iter().filter(|(known, pattern, _)| known == method && matches(pattern));
    found.next().map(|(_, _, operation)| operation)
}

/// A refusal has the shape of RFC 9457, both languages apart, and its code is one that the document lists.
pub(super) fn check_problem(method: &Method, path: &str, reply: &Reply) {
    let kind = reply.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    assert_eq!(kind, Some("application/problem+json"), "{method} {path}: {reply:?}");
    let problem = reply.json();
    assert_eq!(problem["status"], reply.status.as_u16(), "{method} {path}: {problem}");
    let code = problem["code"].as_str().unwrap();
    assert_eq!(problem["type"], format!("urn:sealflow:problem:{code}"));
    assert_eq!(problem["request_id"], reply.headers["x-request-id"].to_str().unwrap());
    for member in ["title", "detail"] {
        assert!(!problem[member].as_str().unwrap().is_empty(), "{problem}");
    }
    let Some(operation) = operation(method, path) else { return };
    let listed =
        &operation["responses"][reply.status.as_str()]["content"]["application/problem+json"]["examples"];
    assert!(listed[code].is_object(), "{} does not announce {code}: {listed}", operation["operationId"]);
}

async fn refusals_speak_the_language_that_is_asked_for(db: TestStore) {
    let world = World::open(db).await;
    let browser = world.browser();
    let chinese = browser.get("/api/me").await.refused(401, "not_signed_in");
    let request = browser.request(Method::GET, "/api/me").header(header::ACCEPT_LANGUAGE, "en-GB,en;q=0.9");
    let english = browser.send(request).await.refused(401, "not_signed_in");
    assert_eq!(chinese["title"], "尚未登录或登录已失效");
    assert_eq!(english["title"], "You are not signed in");
    assert_ne!(chinese["request_id"], english["request_id"]);
}

async fn what_no_route_answers_is_a_problem_or_a_page(db: TestStore) {
    let world = World::open(db).await;
    let browser = world.browser();
    browser.get("/api/nothing").await.refused(404, "not_found");
    browser.get("/api").await.refused(404, "not_found");
    browser.get("/assets/missing.js").await.refused(404, "not_found");
    browser.delete("/api/me").await.refused(405, "method_not_allowed");
    browser.post("/contracts", &json!({})).await.refused(405, "method_not_allowed");
    browser.get("/api/contracts/not-an-id").await.refused(401, "not_signed_in");
    world.as_person(SENDER).await.get("/api/contracts/not-an-id").await.refused(404, "not_found");
}

async fn bodies_are_limited_and_typed(db: TestStore) {
    let world = World::open(db).await;
    let browser = world.browser();
    let post = |text: String, kind: &'static str| {
        let request = browser.request(Method::POST, "/api/login/codes");
        browser.send(request.header(header::CONTENT_TYPE, kind).body(text))
    };
    post("{".into(), "application/json").await.refused(400, "bad_request");
    post(json!({"phone": 7}).to_string(), "application/json").await.refused(422, "invalid_fields");
    post(json!({"phone": "13800000001"}).to_string(), "text/plain")
        .await
        .refused(415, "unsupported_media_type");
    let long = json!({"phone": "1".repeat(2 << 20)}).to_string();
    post(long, "application/json").await.refused(413, "payload_too_large");
    let problem =
        browser.post("/api/login/codes", &json!({"phone": "12345"})).await.refused(422, "invalid_fields");
    assert_eq!(problem["fields"], json!([{"field": "phone", "message": "请输入 11 位手机号码"}]));
}

async fn another_sites_requests_are_refused(db: TestStore) {
    let world = World::open(db).await;
    let sender = world.as_person(SENDER).await;
    let input = world.input().await;
    let post = |name: &'static str, value: &'static str| {
        let url = sender.url.join("/api/contracts").unwrap();
        let request = sender.http.post(url).header(name, value).json(&input);
        sender.send(request)
    };
    post("origin", "https://other.example").await.refused(403, "cross_site_request");
    post("origin", "null").await.refused(403, "cross_site_request");
    post("sec-fetch-site", "cross-site").await.refused(403, "cross_site_request");
    post("sec-fetch-site", "same-site").await.refused(403, "cross_site_request");
    assert_eq!(world.count("select count(*) from contracts").await, 0);
    post("sec-fetch-site", "same-origin").await.expect(201);
    assert_eq!(world.count("select count(*) from contracts").await, 1);
    // Reading is harmless: other origins cannot see the answer.
    let request =
        sender.http.get(sender.url.join("/api/me").unwrap()).header("origin", "https://other.example");
    let reply = sender.send(request).await;
    assert!(!reply.headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN));
    reply.expect(200);
}

async fn every_answer_carries_the_guarding_headers(db: TestStore) {
    let world = World::open(db).await;
    for path in ["/api/environment", "/api/me", "/healthz", "/"] {
        let answer = world.browser().http.get(world.url.join(path).unwrap()).send().await.unwrap();
        let headers = answer.headers();
        assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(headers["x-frame-options"], "DENY", "{path}");
        assert_eq!(headers["referrer-policy"], "no-referrer", "{path}");
        let policy = headers["content-security-policy"].to_str().unwrap();
        for rule in
            ["default-src 'self'", "worker-src 'self' blob:", "frame-ancestors 'none'", "object-src 'none'"]
        {
            assert!(policy.contains(rule), "{path}: {policy}");
        }
        if path.starts_with("/api/") {
            assert_eq!(headers["cache-control"], "no-store", "{path}");
        }
    }
}

async fn the_process_tells_how_it_is(db: TestStore) {
    let world = World::open(db).await;
    let browser = world.browser();
    assert_eq!(browser.get("/healthz").await.expect(200), json!({"status": "ok"}));
    assert_eq!(browser.get("/readyz").await.expect(200), json!({"status": "ok"}));
    assert_eq!(browser.get("/api/environment").await.expect(200)["name"], "production");
    let metrics = browser.get("/metrics").await;
    let text = String::from_utf8(metrics.bytes).unwrap();
    assert!(text.contains("sealflow_queue_depth{queue=\"sms\"} 0"), "{text}");
    assert!(text.contains("sealflow_http_requests_total"), "{text}");
    let forwarded = browser.request(Method::GET, "/metrics").header("x-forwarded-for", "203.0.113.7");
    browser.send(forwarded).await.refused(404, "not_found");
    assert_eq!(browser.get("/api/openapi.json").await.expect(200), *document());
}

async fn receipts_are_taken_from_the_vendor_only_and_once(db: TestStore) {
    let world = World::open(db).await;
    let browser = world.browser();
    let receipts = json!([{
        "phone_number": "13900000001", "success": true, "biz_id": "900619746936498440^0", "out_id": "out-1",
        "send_time": "2026-11-23 14:05:00", "report_time": "2026-11-23 14:05:03", "err_code": "DELIVERED",
        "err_msg": "用户接收成功", "sms_size": "1"
    }]);
    browser.post("/callbacks/sms/aliyun/wrong", &receipts).await.refused(404, "not_found");
    assert_eq!(world.count("select count(*) from sms_receipts").await, 0);
    let path = format!("/callbacks/sms/aliyun/{CALLBACK_TOKEN}");
    for _ in 0..2 {
        assert_eq!(browser.post(&path, &receipts).await.expect(200)["code"], 0);
    }
    assert_eq!(world.count("select count(*) from sms_receipts where delivered = 1").await, 1);
    let mut late = receipts.clone();
    late[0]["success"] = json!(false);
    browser.post(&path, &late).await.expect(200);
    assert_eq!(world.count("select count(*) from sms_receipts where delivered = 1").await, 1);
    browser.post(&path, &json!({"not": "a list"})).await.refused(400, "bad_request");
}

on_both!(
    refusals_speak_the_language_that_is_asked_for,
    what_no_route_answers_is_a_problem_or_a_page,
    bodies_are_limited_and_typed,
    another_sites_requests_are_refused,
    every_answer_carries_the_guarding_headers,
    the_process_tells_how_it_is,
    receipts_are_taken_from_the_vendor_only_and_once,
);
