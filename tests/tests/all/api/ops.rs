//! The engine room: queues are paused and dead jobs retried, each once, and on record.

use sealflow_tests::{db::TestStore, on_both};
use serde_json::json;

use super::{
    World,
    world::{OPS, id},
};

async fn a_queue_is_paused_and_goes_on(db: TestStore) {
    let world = World::open(db).await;
    let ops = world.as_person(OPS).await;
    let paused = async || {
        let queues = ops.get("/api/ops/queues").await.expect(200);
        let list = queues.as_array().unwrap().clone();
        list.into_iter().find(|queue| queue["queue"] == "sms").unwrap()["paused"].clone()
    };
    assert_eq!(paused().await, false);
    ops.post("/api/ops/queues/sms/pause", &json!({})).await.expect(204);
    assert_eq!(paused().await, true);
    ops.post("/api/ops/queues/sms/resume", &json!({})).await.expect(204);
    assert_eq!(paused().await, false);
    ops.post("/api/ops/queues/none/pause", &json!({})).await.refused(404, "not_found");
    assert_eq!(world.count("select count(*) from audit where target_kind = 'queue'").await, 2);
}

async fn a_dead_job_is_retried_by_hand(db: TestStore) {
    let world = World::open(db).await;
    let contract = world.sent().await;
    let ops = world.as_person(OPS).await;
    let killed = "update jobs set state = 'dead', finished_at_ms = 1, last_error = 'the gateway refused'
                  where kind = 'prepare_document'";
    assert_eq!(world.execute(killed).await, 1);
    let dead = ops.get("/api/ops/jobs?state=dead&queue=pdf").await.expect(200);
    assert_eq!(dead["total"], 1);
    let job = dead["items"][0].clone();
    assert_eq!([&job["kind"], &job["last_error"]], ["prepare_document", "the gateway refused"]);
    assert_eq!(job["contract_id"], contract["id"]);
    assert!(job.get("payload").is_none());

    let path = format!("/api/ops/jobs/{}/retry", id(&job));
    ops.post(&path, &json!({})).await.expect(204);
    ops.post(&path, &json!({})).await.refused(409, "job_not_dead");
    ops.post(&format!("/api/ops/jobs/{}/retry", uuid::Uuid::nil()), &json!({}))
        .await
        .refused(404, "not_found");
    assert_eq!(world.count("select count(*) from audit where action = 'job.retry'").await, 1);
    ops.get("/api/ops/jobs?state=lost").await.refused(422, "invalid_fields");
}

async fn dead_jobs_are_retried_by_queue_and_kind(db: TestStore) {
    let world = World::open(db).await;
    world.sent().await;
    let ops = world.as_person(OPS).await;
    let jobs = world.count("select count(*) from jobs").await;
    assert_eq!(jobs, 2);
    let killed = "update jobs set state = 'dead', attempts = 4, finished_at_ms = 1, lease_token = null, \
                  leased_until_ms = null";
    world.execute(killed).await;
    let retry = async |body| ops.post("/api/ops/dead-jobs/retry", &body).await;
    assert_eq!(retry(json!({"queue": "email"})).await.expect(200)["retried"], 0);
    assert_eq!(retry(json!({"kind": "prepare_document", "queue": "pdf"})).await.expect(200)["retried"], 1);
    assert_eq!(world.count("select count(*) from jobs where state = 'dead'").await, 1);
    assert_eq!(retry(json!({})).await.expect(200)["retried"], 1);
    assert_eq!(world.count("select count(*) from jobs where state = 'available' and attempts = 0").await, 2);
    retry(json!({"kind": "send_pigeon"})).await.refused(422, "invalid_fields");
    assert_eq!(world.count("select count(*) from audit where action = 'job.retry_all'").await, 3);
}

async fn a_dead_job_is_discarded_with_a_reason_unless_an_instance_waits(db: TestStore) {
    let world = World::open(db).await;
    world.sent().await;
    let ops = world.as_person(OPS).await;
    let killed = "update jobs set state = 'dead', finished_at_ms = 1";
    world.execute(killed).await;
    world.execute("update jobs set awaited = 1 where kind = 'prepare_document'").await;
    world.execute("update jobs set awaited = 0 where kind = 'send_sms'").await;
    let all = ops.get("/api/ops/jobs").await.expect(200);
    let path = |kind: &str| {
        let job = all["items"].as_array().unwrap().iter().find(|job| job["kind"] == kind).unwrap();
        format!("/api/ops/jobs/{}/discard", id(job))
    };
    let reason = json!({"reason": "已由人工处理"});
    ops.post(&path("prepare_document"), &reason).await.refused(409, "job_awaited");
    ops.post(&path("send_sms"), &json!({"reason": ""})).await.refused(422, "invalid_fields");
    assert_eq!(world.count("select count(*) from jobs where state = 'dead'").await, 2);
    ops.post(&path("send_sms"), &reason).await.expect(204);
    ops.post(&path("send_sms"), &reason).await.refused(409, "job_not_dead");
    assert_eq!(world.count("select count(*) from jobs where state = 'cancelled'").await, 1);
    let noted = "select count(*) from audit where action = 'job.discard' and detail like '%人工处理%'";
    assert_eq!(world.count(noted).await, 1);
    let absent = format!("/api/ops/jobs/{}/discard", uuid::Uuid::nil());
    ops.post(&absent, &reason).await.refused(404, "not_found");
    // Its instance over, the job is nobody's.
    world.execute("update instances set finished_at_ms = 1, outcome = 'withdrawn'").await;
    ops.post(&path("prepare_document"), &reason).await.expect(204);
}

async fn limits_are_shown_and_set(db: TestStore) {
    let world = World::open(db).await;
    let ops = world.as_person(OPS).await;
    let limits = async || ops.get("/api/ops/limits").await.expect(200);
    assert_eq!(limits().await["slots"], json!([]));
    ops.put("/api/ops/limits/queues/pdf", &json!({"max": 4})).await.expect(204);
    ops.put("/api/ops/limits/kinds/stamp_signature", &json!({"max": 2})).await.expect(204);
    ops.put("/api/ops/limits/providers/sms", &json!({"max": 20, "period_ms": 2_000})).await.expect(204);
    let shown = limits().await;
    let pdf = json!({"queue": "pdf", "max": 4, "by_person": true});
    assert_eq!(shown["slots"], json!([{"kind": "stamp_signature", "max": 2, "by_person": true}, pdf]));
    let sms = shown["providers"].as_array().unwrap().iter().find(|it| it["provider"] == "sms").unwrap();
    assert_eq!([&sms["max"], &sms["period_ms"], &sms["waiting"]], [20, 2_000, 0]);
    for (path, body, status, code) in [
        ("queues/none", json!({"max": 4}), 404, "not_found"),
        ("queues/pdf", json!({"max": 0}), 422, "invalid_fields"),
        // Its jobs have nothing by which they belong together.
        ("kinds/send_sms", json!({"max": 4}), 404, "not_found"),
        ("providers/none", json!({"max": 4}), 404, "not_found"),
        ("providers/sms", json!({"max": 4, "period_ms": 0}), 422, "invalid_fields"),
    ] {
        ops.put(&format!("/api/ops/limits/{path}"), &body).await.refused(status, code);
    }
    ops.put("/api/ops/limits/queues/pdf", &json!({"max": null})).await.expect(204);
    ops.put("/api/ops/limits/providers/sms", &json!({"max": null})).await.expect(204);
    let shown = limits().await;
    assert_eq!(shown["slots"].as_array().unwrap().len(), 1);
    assert!(shown["providers"].as_array().unwrap().iter().all(|it| it.get("max").is_none()));
    assert_eq!(world.count("select count(*) from audit where action like 'limit.%'").await, 5);
}

async fn a_schedule_is_paused_and_started_by_hand(db: TestStore) {
    let world = World::open(db).await;
    let ops = world.as_person(OPS).await;
    assert_eq!(ops.get("/api/ops/schedules").await.expect(200), json!([]));
    ops.post("/api/ops/schedules/nightly/run", &json!({})).await.refused(404, "not_found");
    let chore = "insert into schedules values ('nightly', '0 0 3 * * *', 'Asia/Shanghai', 'once', 'forget_jobs', '{}', 5, 9, 0, 5)";
    world.execute(chore).await;
    let shown = ops.get("/api/ops/schedules").await.expect(200)[0].clone();
    assert_eq!([&shown["last_tick_at_ms"], &shown["next_tick_at_ms"]], [5, 9]);
    ops.post("/api/ops/schedules/nightly/run", &json!({})).await.expect(204);
    assert_eq!(world.count("select count(*) from jobs where kind = 'forget_jobs'").await, 1);
    ops.post("/api/ops/schedules/nightly/pause", &json!({})).await.expect(204);
    assert_eq!(ops.get("/api/ops/schedules").await.expect(200)[0]["paused"], true);
    ops.post("/api/ops/schedules/nightly/resume", &json!({})).await.expect(204);
    assert_eq!(ops.get("/api/ops/schedules").await.expect(200)[0]["paused"], false);
    ops.post("/api/ops/schedules/none/pause", &json!({})).await.refused(404, "not_found");
    assert_eq!(world.count("select count(*) from audit where target_kind = 'schedule'").await, 3);
}

async fn an_instance_shows_how_it_got_there(db: TestStore) {
    let world = World::open(db).await;
    let contract = world.sent().await;
    let ops = world.as_person(OPS).await;
    let list = ops.get(&format!("/api/ops/instances?query={}", id(&contract))).await.expect(200);
    assert_eq!(list["total"], 1);
    let instance = ops.get(&format!("/api/ops/instances/{}", id(&list["items"][0]))).await.expect(200);
    assert_eq!(instance["definition"]["name"], "supplier_purchase");
    assert_eq!(instance["contract_id"], contract["id"]);
    let happened: Vec<_> =
        instance["history"].as_array().unwrap().iter().map(|it| it["kind"].as_str().unwrap()).collect();
    assert_eq!(happened, ["started", "job_result"]);
    assert_eq!(instance["tasks"][0]["form"], "agreement");
    assert!(instance["timers"].as_array().unwrap().len() >= 2);
    assert_eq!(instance["jobs"].as_array().unwrap().len(), 2);
    assert_eq!(instance["refusals"], json!([]));
    let refused = "insert into refusals (instance_id, event_kind, name, rule, detail, actor, times, first_at_ms, last_at_ms)
                   select id, 'action', 'confirm', 'wrong_person', 'it is for somebody else', 'worker', 3, 1, 2 from instances";
    assert_eq!(world.execute(refused).await, 1);
    let instance = ops.get(&format!("/api/ops/instances/{}", id(&list["items"][0]))).await.expect(200);
    let refusal = &instance["refusals"][0];
    assert_eq!([&refusal["rule"], &refusal["name"]], ["wrong_person", "confirm"]);
    assert_eq!([&refusal["times"], &refusal["last_at_ms"]], [3, 2]);
    let text = instance.to_string();
    assert!(!text.contains("13900000001") && !text.contains("示例签署人"), "no personal data: {text}");
    ops.get(&format!("/api/ops/instances/{}", uuid::Uuid::nil())).await.refused(404, "not_found");
    assert_eq!(ops.get("/api/ops/instances?status=completed").await.expect(200)["total"], 0);
}

on_both!(
    a_queue_is_paused_and_goes_on,
    a_dead_job_is_retried_by_hand,
    dead_jobs_are_retried_by_queue_and_kind,
    a_dead_job_is_discarded_with_a_reason_unless_an_instance_waits,
    limits_are_shown_and_set,
    a_schedule_is_paused_and_started_by_hand,
    an_instance_shows_how_it_got_there,
);
