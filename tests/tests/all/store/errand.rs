//! The definition that these tests run, and the steps they share.

use sealflow_core::{
    Actor, Definition, EventId, EventKind, Timestamp,
    ids::{InstanceId, PersonId},
};
use sealflow_store::{
    NewEvent, StartInstance, Store, Subject, Submitted, Tx, definitions, instances,
    jobs::{self, Claim, ClaimedJob, Complete, Outcome, Queue},
    submit,
};
use serde_json::{Value, json};
use uuid::Uuid;

/// A worker's name.
pub(crate) const WORKER: &str = "worker-a";
/// How long these tests lease.
pub(crate) const LEASE_MS: i64 = 10_000;

pub(crate) fn definition() -> (Definition, &'static str) {
    let source = include_str!("errand.yaml");
    (sealflow_core::load(source, "errand.yaml").unwrap().definition, source)
}

/// A started errand.
#[derive(Clone)]
pub(crate) struct Errand {
    pub(crate) store: Store,
    pub(crate) id: InstanceId,
    pub(crate) clerk: PersonId,
}

pub(crate) async fn publish(store: &Store) {
    let mut tx = store.begin().await.unwrap();
    let (definition, source) = definition();
    definitions::publish(&mut tx, &definition, source).await.unwrap();
    tx.commit().await.unwrap();
}

pub(crate) fn new_errand() -> StartInstance {
    let id = InstanceId::from_uuid(Uuid::now_v7());
    let clerk = PersonId::from_uuid(Uuid::now_v7());
    StartInstance {
        id,
        definition: definition().0.hash().clone(),
        subject: Subject { kind: "errand".to_owned(), id: id.to_string() },
        input: json!({"clerk": clerk}),
        event_id: EventId("start".to_owned()),
        actor: Actor::Person { id: clerk, acting_as: None },
    }
}

/// An action by the clerk.
pub(crate) fn action(clerk: PersonId, id: &str, name: &str) -> NewEvent {
    NewEvent {
        id: EventId(id.to_owned()),
        actor: Actor::Person { id: clerk, acting_as: None },
        kind: EventKind::Action { name: name.to_owned(), item: None, data: Value::Null },
    }
}

pub(crate) fn sent() -> Outcome {
    Outcome { name: "sent".to_owned(), data: Value::Null }
}

pub(crate) fn result(job: &ClaimedJob, outcome: Outcome) -> Complete {
    Complete { lease: job.lease.clone(), outcome, changes: Vec::new() }
}

/// Takes jobs of a queue at `now`, in a transaction of its own.
pub(crate) async fn claim_at(store: &Store, queue: Queue, slots: u32, now: Timestamp) -> Vec<ClaimedJob> {
    let mut tx = store.begin().await.unwrap();
    let claim = Claim { queue, slots, worker: WORKER, lease_ms: LEASE_MS };
    let claimed = jobs::claim(&mut tx, &claim, now).await.unwrap();
    tx.commit().await.unwrap();
    claimed
}

pub(crate) async fn claim(store: &Store, queue: Queue, slots: u32) -> Vec<ClaimedJob> {
    let now = now(store).await;
    claim_at(store, queue, slots, now).await
}

pub(crate) async fn now(store: &Store) -> Timestamp {
    let tx = store.begin().await.unwrap();
    let now = tx.now();
    tx.rollback().await.unwrap();
    now
}

impl Errand {
    /// One that was started: its job waits.
    pub(crate) async fn start(store: &Store) -> Self {
        publish(store).await;
        Self::start_another(store).await
    }

    /// A further one of the same store.
    pub(crate) async fn start_another(store: &Store) -> Self {
        let new = new_errand();
        let Actor::Person { id: clerk, .. } = new.actor else { unreachable!("started by a person") };
        let mut tx = store.begin().await.unwrap();
        submit::start(&mut tx, &new).await.unwrap();
        tx.commit().await.unwrap();
        Self { store: store.clone(), id: new.id, clerk }
    }

    /// One whose job is done: its task is open.
    pub(crate) async fn start_asking(store: &Store) -> Self {
        let errand = Self::start(store).await;
        errand.work().await;
        errand
    }

    /// Does the job that waits.
    pub(crate) async fn work(&self) {
        let job = claim(&self.store, Queue::Sms, 1).await.pop().unwrap();
        let mut tx = self.store.begin().await.unwrap();
        jobs::complete(&mut tx, &result(&job, sent())).await.unwrap();
        tx.commit().await.unwrap();
    }

    pub(crate) async fn act(&self, event_id: &str, name: &str) -> Result<Submitted, submit::Error> {
        let mut tx = self.store.begin().await.unwrap();
        let submitted = self.act_in(&mut tx, event_id, name).await?;
        tx.commit().await.unwrap();
        Ok(submitted)
    }

    pub(crate) async fn act_in(
        &self,
        tx: &mut Tx,
        event_id: &str,
        name: &str,
    ) -> Result<Submitted, submit::Error> {
        submit::submit(tx, self.id, action(self.clerk, event_id, name)).await
    }

    pub(crate) async fn get(&self) -> instances::Instance {
        instances::get(&mut self.store.read().await.unwrap(), self.id).await.unwrap().unwrap()
    }

    pub(crate) async fn history(&self) -> Vec<instances::history::Entry> {
        instances::history::list(&mut self.store.read().await.unwrap(), self.id, 0, 1_000).await.unwrap()
    }

    pub(crate) async fn jobs(&self) -> Vec<jobs::JobSummary> {
        jobs::of_instance(&mut self.store.read().await.unwrap(), self.id).await.unwrap()
    }
}
