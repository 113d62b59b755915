//! Two workers report on one job: who lost the lease changes nothing, also where many results are written together.

use sealflow_core::{Actor, EventId};
use sealflow_store::{
    StartInstance, Store, Subject,
    instances::history,
    jobs::{self, Claim, ClaimedJob, CompleteError, Kind, Outcome, Round},
    submit,
};
use sealflow_tests::{
    db::TestStore,
    faults::{
        plan::Random,
        scenes::{Cast, Definitions, Scene},
    },
    on_both,
};
use serde_json::Value;

const LEASE_MS: i64 = 1_000;

on_both!(a_late_result_among_many_is_not_taken);

async fn claim(store: &Store, worker: &str) -> ClaimedJob {
    let mut tx = store.begin().await.unwrap();
    let now = tx.now();
    let wanted = Claim { queue: Kind::SendSms.queue(), slots: 1, worker, lease_ms: LEASE_MS };
    let job = jobs::claim(&mut tx, &wanted, now).await.unwrap().remove(0);
    tx.commit().await.unwrap();
    job
}

/// Reports as the workers' runtime does.
async fn report(store: &Store, job: &ClaimedJob) -> Result<(), CompleteError> {
    let mut tx = store.begin().await.unwrap();
    let mut round = Round::load(&mut tx, &[(&job.lease, job.instance_id.unwrap())]).await.unwrap();
    let taken = round.take(&job.lease, &Outcome { name: "sent".to_owned(), data: Value::Null }).map(|_| ());
    round.write(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
    taken
}

async fn a_late_result_among_many_is_not_taken(db: TestStore) {
    let definitions = Definitions::load().unwrap();
    definitions.publish(&db.store).await.unwrap();
    let cast = Cast::new(Scene::Errand, &mut Random::new(1));
    let new = StartInstance {
        id: cast.id,
        definition: definitions.get(Scene::Errand).unwrap().hash().clone(),
        subject: Subject { kind: "test".to_owned(), id: cast.id.to_string() },
        input: cast.input,
        event_id: EventId("start".to_owned()),
        actor: Actor::System,
    };
    let mut tx = db.store.begin().await.unwrap();
    submit::start(&mut tx, &new).await.unwrap();
    tx.commit().await.unwrap();

    let first = claim(&db.store, "first").await;
    // Its lease runs out, and the job is for whoever comes next.
    db.store.shift_clock(LEASE_MS + 1);
    let mut tx = db.store.begin().await.unwrap();
    let now = tx.now();
    assert_eq!(jobs::reap(&mut tx, now).await.unwrap().released, 1);
    tx.commit().await.unwrap();
    let lost = report(&db.store, &first).await;
    assert!(matches!(lost, Err(CompleteError::LeaseLost(_))), "taken while nobody had it: {lost:?}");
    db.store.shift_clock(3_600_000);
    let second = claim(&db.store, "second").await;
    assert_eq!((second.lease.job_id, second.attempt), (first.lease.job_id, 2));
    let lost = report(&db.store, &first).await;
    assert!(matches!(lost, Err(CompleteError::LeaseLost(_))), "taken while another had it: {lost:?}");
    let events = async || history::list(&mut db.store.read().await.unwrap(), cast.id, 0, 10).await.unwrap();
    assert_eq!(events().await.len(), 1);
    report(&db.store, &second).await.unwrap();
    assert_eq!(events().await.len(), 2);
    let lost = report(&db.store, &second).await;
    assert!(matches!(lost, Err(CompleteError::LeaseLost(_))), "taken twice: {lost:?}");
    assert_eq!(events().await.len(), 2);
}
