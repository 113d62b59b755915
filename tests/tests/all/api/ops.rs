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
    let text = instance.to_string();
    assert!(!text.contains("13900000001") && !text.contains("示例签署人"), "no personal data: {text}");
    ops.get(&format!("/api/ops/instances/{}", uuid::Uuid::nil())).await.refused(404, "not_found");
    assert_eq!(ops.get("/api/ops/instances?status=completed").await.expect(200)["total"], 0);
}

on_both!(a_queue_is_paused_and_goes_on, a_dead_job_is_retried_by_hand, an_instance_shows_how_it_got_there);
