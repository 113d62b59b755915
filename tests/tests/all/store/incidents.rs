//! What waits for an operator is listed with its reason, and decided by an operator only.

use sealflow_core::{Actor, EventId, EventKind, Rejection, ids::PersonId};
use sealflow_store::{
    NewEvent, StartInstance, Store, definitions, incidents,
    incidents::{Cause, Incident},
    instances,
    jobs::{self, Outcome, Queue},
    submit, tasks,
};
use sealflow_tests::{db::TestStore, on_both};
use serde_json::{Value, json};
use uuid::Uuid;

use super::errand::{claim, new_errand, result};

on_both!(
    an_incident_is_there_as_long_as_its_state,
    a_dead_job_that_is_waited_for_stands_beside_it,
    a_task_has_its_due_time,
);

const SOURCE: &str = "
workflow: {name: repair, version: 1, dsl: 1}
input: [clerk]
initial: working
states:
  working:
    job: {kind: send_sms, key: work}
    on: {sent: over, failed: stuck}
  stuck:
    incident: {reason: \"the gateway refused {clerk}\"}
    on: {check: checking, give_up: over}
  checking:
    task: {form: approval, assignee: clerk, deadline: {after: P1D, to: over}}
    on: {right: over}
  over: {final: over}
";

async fn started(store: &Store) -> StartInstance {
    let definition = sealflow_core::load(SOURCE, "repair.yaml").unwrap().definition;
    let new = StartInstance { definition: definition.hash().clone(), ..new_errand() };
    let mut tx = store.begin().await.unwrap();
    definitions::publish(&mut tx, &definition, SOURCE).await.unwrap();
    submit::start(&mut tx, &new).await.unwrap();
    tx.commit().await.unwrap();
    new
}

async fn open(store: &Store) -> Vec<Incident> {
    incidents::list(&mut store.read().await.unwrap()).await.unwrap()
}

fn decided(id: &str, actor: Actor, name: &str) -> NewEvent {
    let kind = EventKind::Action { name: name.to_owned(), item: None, data: Value::Null };
    NewEvent { id: EventId(id.to_owned()), actor, kind }
}

fn operator() -> Actor {
    Actor::Operator { id: PersonId::from_uuid(Uuid::from_u128(1)) }
}

/// Its job reports that it failed.
async fn stuck(store: &Store) -> StartInstance {
    let new = started(store).await;
    let job = claim(store, Queue::Sms, 1).await.pop().unwrap();
    let mut tx = store.begin().await.unwrap();
    let failed = Outcome { name: "failed".to_owned(), data: Value::Null };
    jobs::complete(&mut tx, &result(&job, failed)).await.unwrap();
    tx.commit().await.unwrap();
    new
}

async fn an_incident_is_there_as_long_as_its_state(db: TestStore) {
    let new = stuck(&db.store).await;
    let found = open(&db.store).await;
    assert_eq!(found.len(), 1);
    let instance = instances::get(&mut db.store.read().await.unwrap(), new.id).await.unwrap().unwrap();
    let (key, incident) = instance.state.open_incidents().next().unwrap();
    assert_eq!((found[0].instance_id, found[0].key.as_str(), &found[0].cause), (new.id, key, &Cause::State));
    assert_eq!((&found[0].reason, found[0].since), (&incident.reason, incident.since));
    assert!(found[0].reason.starts_with("the gateway refused "));

    let mut tx = db.store.begin().await.unwrap();
    let refused = submit::submit(&mut tx, new.id, decided("e1", new.actor.clone(), "check")).await;
    assert!(matches!(refused, Err(submit::Error::Rejected(Rejection::WrongPerson { .. }))));
    tx.rollback().await.unwrap();
    assert_eq!(open(&db.store).await, found, "nothing changed");

    let mut tx = db.store.begin().await.unwrap();
    let first = submit::submit(&mut tx, new.id, decided("e1", operator(), "check")).await.unwrap();
    let second = submit::submit(&mut tx, new.id, decided("e1", operator(), "check")).await.unwrap();
    tx.commit().await.unwrap();
    assert!(!first.duplicate && second.duplicate);
    assert_eq!(first.effects.closed_incidents, [found[0].key.clone()]);
    assert!(open(&db.store).await.is_empty());
}

async fn a_dead_job_that_is_waited_for_stands_beside_it(db: TestStore) {
    let first = stuck(&db.store).await;
    let second = started(&db.store).await;
    let job = claim(&db.store, Queue::Sms, 1).await.pop().unwrap();
    let mut tx = db.store.begin().await.unwrap();
    jobs::bury(&mut tx, &job.lease, "balance used up").await.unwrap();
    // One that nobody waits for keeps no instance.
    let alone = super::jobs::job(jobs::Kind::SendSms, "alone");
    jobs::insert(&mut tx, &alone).await.unwrap();
    tx.commit().await.unwrap();
    let alone = claim(&db.store, Queue::Sms, 1).await.pop().unwrap();
    let mut tx = db.store.begin().await.unwrap();
    jobs::bury(&mut tx, &alone.lease, "no").await.unwrap();
    tx.commit().await.unwrap();

    let found = open(&db.store).await;
    let told: Vec<_> = found.iter().map(|it| (it.instance_id, it.cause.clone())).collect();
    assert_eq!(told, [(first.id, Cause::State), (second.id, Cause::DeadJob(job.lease.job_id))]);
    assert_eq!(found[1].reason, "balance used up");
    assert!(found[0].since <= found[1].since);

    let mut tx = db.store.begin().await.unwrap();
    jobs::retry_dead(&mut tx, job.lease.job_id).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(open(&db.store).await.len(), 1);
}

async fn a_task_has_its_due_time(db: TestStore) {
    let new = stuck(&db.store).await;
    let mut tx = db.store.begin().await.unwrap();
    submit::submit(&mut tx, new.id, decided("e1", operator(), "check")).await.unwrap();
    tx.commit().await.unwrap();
    let task = tasks::of_instance(&mut db.store.read().await.unwrap(), new.id).await.unwrap().pop().unwrap();
    assert_eq!(task.due_at, Some(task.since.plus_ms(86_400_000)));
    assert_eq!(json!(task.assignee), new.input["clerk"]);
}
