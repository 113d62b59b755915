//! What waits for an operator: listed with its reason, decided once, by operators only, and on record.

use sealflow_core::{
    Actor, EventId, EventKind,
    ids::{InstanceId, PersonId},
};
use sealflow_store::{NewEvent, StartInstance, Subject, definitions, instances};
use sealflow_tests::{db::TestStore, on_both};
use serde_json::json;
use uuid::Uuid;

use super::{
    World,
    world::{OPS, SENDER},
};

const SOURCE: &str = "
workflow: {name: repair, version: 1, dsl: 1}
initial: working
states:
  working:
    job: {kind: send_sms, key: \"send/{now}\"}
    on: {sent: over, failed: stuck}
  stuck:
    incident: {reason: the gateway refused}
    on: {retry: working, give_up: over}
  over: {final: over}
";

/// An instance whose definition waits for an operator.
async fn stuck(world: &World) -> InstanceId {
    let definition = sealflow_core::load(SOURCE, "repair.yaml").unwrap().definition;
    let id = InstanceId::from_uuid(Uuid::now_v7());
    let mut tx = world.tx().await;
    definitions::publish(&mut tx, &definition, SOURCE).await.unwrap();
    let start = StartInstance {
        id,
        definition: definition.hash().clone(),
        subject: Subject { kind: "repair".to_owned(), id: id.to_string() },
        input: json!({}),
        event_id: EventId("start".to_owned()),
        actor: Actor::Person { id: PersonId::from_uuid(Uuid::now_v7()), acting_as: None },
    };
    let started = instances::start(&mut tx, &start).await.unwrap();
    let kind = EventKind::JobResult {
        key: started.effects.started_jobs[0].clone(),
        outcome: "failed".to_owned(),
        data: json!({}),
    };
    let failed = NewEvent { id: EventId("failed".to_owned()), actor: Actor::Worker, kind };
    instances::submit(&mut tx, id, failed).await.unwrap();
    tx.commit().await.unwrap();
    id
}

async fn an_operator_decides_once_and_nobody_else_does(db: TestStore) {
    let world = World::open(db).await;
    let id = stuck(&world).await;
    let ops = world.as_person(OPS).await;
    let list = ops.get("/api/ops/incidents").await.expect(200);
    let incident = list["items"][0].clone();
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    assert_eq!([&incident["instance_id"], &incident["cause"]], [&json!(id), &json!("incident")]);
    assert_eq!(
        [&incident["reason"], &incident["actions"]],
        [&json!("the gateway refused"), &json!(["give_up", "retry"])]
    );
    assert!(incident["since_at_ms"].as_i64().unwrap() > 0);

    let path = format!("/api/ops/instances/{id}/incidents");
    let retry = json!({"key": incident["key"], "action": "retry"});
    world.as_person(SENDER).await.post(&path, &retry).await.refused(403, "forbidden");
    world.as_person(SENDER).await.get("/api/ops/incidents").await.refused(403, "forbidden");
    let dance = json!({"key": incident["key"], "action": "dance"});
    ops.post(&path, &dance).await.refused(409, "incident_not_open");
    let other = json!({"key": "stuck#99", "action": "retry"});
    ops.post(&path, &other).await.refused(409, "incident_not_open");
    let nowhere = format!("/api/ops/instances/{}/incidents", Uuid::nil());
    ops.post(&nowhere, &retry).await.refused(404, "not_found");
    assert_eq!(ops.get("/api/ops/incidents").await.expect(200), list, "nothing changed");

    ops.post_as("k1", &path, &retry).await.expect(204);
    ops.post_as("k1", &path, &retry).await.expect(204);
    assert_eq!(ops.get("/api/ops/incidents").await.expect(200)["items"], json!([]));
    ops.post(&path, &retry).await.refused(409, "incident_not_open");
    assert_eq!(world.count("select count(*) from audit where action = 'incident.decide'").await, 1);
    assert_eq!(
        world.count("select count(*) from jobs where kind = 'send_sms' and key like '%/send/%'").await,
        2
    );
}

async fn a_dead_job_is_listed_beside_it(db: TestStore) {
    let world = World::open(db).await;
    world.sent().await;
    stuck(&world).await;
    let killed = "update jobs set state = 'dead', finished_at_ms = 1, last_error = 'no font'
                  where kind = 'prepare_document'";
    assert_eq!(world.execute(killed).await, 1);
    let ops = world.as_person(OPS).await;
    let list = ops.get("/api/ops/incidents").await.expect(200);
    let causes: Vec<_> = list["items"].as_array().unwrap().iter().map(|it| it["cause"].clone()).collect();
    assert_eq!(causes, ["dead_job", "incident"], "the oldest first");
    let job = &list["items"][0];
    assert_eq!([&job["reason"], &job["actions"]], [&json!("no font"), &json!([])]);
    ops.post(&format!("/api/ops/jobs/{}/retry", job["job_id"].as_str().unwrap()), &json!({}))
        .await
        .expect(204);
    assert_eq!(ops.get("/api/ops/incidents").await.expect(200)["items"].as_array().unwrap().len(), 1);
}

on_both!(an_operator_decides_once_and_nobody_else_does, a_dead_job_is_listed_beside_it);
