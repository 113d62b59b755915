//! Limits over processes, with the workers running: what is held back runs as soon as it may, woken and not by polling.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use sealflow_jobs::{Config, JobError};
use sealflow_store::{
    Store,
    jobs::{self, Kind, NewJob, Provider, Queue, Rate, Scope, SetBy, State},
};
use sealflow_tests::{db::TestStore, on_both};
use serde_json::json;

use super::puppet::{Call, Workers, all, in_time, insert, insert_many, quick, wait_for, wait_for_state};

on_both!(
    a_contract_is_stamped_by_one_process_at_a_time,
    a_queue_has_its_slots_over_all_processes,
    a_rate_is_shared_by_all_processes,
    a_throttled_provider_rests_in_all_processes,
    a_crashed_workers_slot_is_given_back,
);

/// So long that a missing wake-up shows as time run out.
fn woken() -> Config {
    Config { poll_ms: 600_000, ..quick() }
}

/// Two processes on one database. SQLite's second one is not told of the first one's jobs, so it polls.
struct Two {
    first: Workers,
    second: Workers,
}

impl Two {
    async fn start(db: &TestStore, config: Config) -> Self {
        let other = db.reopen().await.unwrap();
        let first = Workers::start(&db.store, config.clone());
        Self { first, second: Workers::start(&other, Config { poll_ms: 30, ..config }) }
    }

    async fn call(&mut self) -> Call {
        in_time(async {
            tokio::select! { call = self.first.call() => call, call = self.second.call() => call }
        })
        .await
    }

    fn another_call(&mut self) -> Option<Call> {
        self.first.another_call().or_else(|| self.second.another_call())
    }

    async fn stop(self) {
        self.first.stop().await;
        self.second.stop().await;
    }
}

async fn insert_stamps(store: &Store, contracts: usize, each: usize) {
    let mut tx = store.begin().await.unwrap();
    for n in 0..each {
        for contract in 0..contracts {
            let payload = json!({"contract_id": contract.to_string()});
            let job =
                NewJob { kind: Kind::StampSignature, key: format!("{contract}/{n}"), payload, run_at: None };
            jobs::insert(&mut tx, &job).await.unwrap();
        }
    }
    tx.commit().await.unwrap();
}

async fn running(store: &Store) -> Vec<String> {
    let jobs = all(store).await;
    jobs.into_iter().filter(|job| job.state == State::Running).map(|job| job.key).collect()
}

async fn a_contract_is_stamped_by_one_process_at_a_time(db: TestStore) {
    insert_stamps(&db.store, 3, 6).await;
    let mut two = Two::start(&db, quick()).await;
    let mut left: BTreeMap<String, usize> = (0..3).map(|contract: usize| (contract.to_string(), 6)).collect();
    let mut open: BTreeMap<String, Call> = BTreeMap::new();
    let mut most = 0;
    while !left.is_empty() {
        // One of each contract that has any left.
        while open.len() < left.len() {
            let call = two.call().await;
            let contract = call.payload["contract_id"].as_str().unwrap().to_owned();
            assert!(open.insert(contract, call).is_none(), "two jobs of a contract at once");
        }
        most = most.max(open.len());
        let held = running(&db.store).await;
        let contracts: BTreeSet<_> = held.iter().filter_map(|key| key.split('/').next()).collect();
        assert_eq!(held.len(), contracts.len(), "two running rows of a contract: {held:?}");
        let (contract, call) = open.pop_first().unwrap();
        call.done();
        let count = left.get_mut(&contract).unwrap();
        *count -= 1;
        if *count == 0 {
            left.remove(&contract);
        }
    }
    assert_eq!(most, 3, "contracts waited for each other");
    two.stop().await;
    assert!(all(&db.store).await.iter().all(|job| job.state == State::Done && job.attempts == 1));
}

async fn a_queue_has_its_slots_over_all_processes(db: TestStore) {
    let mut tx = db.store.begin().await.unwrap();
    jobs::set_slots(&mut tx, Scope::Queue(Queue::Sms), Some(3), SetBy::Configuration).await.unwrap();
    tx.commit().await.unwrap();
    insert_many(&db.store, 20).await;
    let mut two = Two::start(&db, quick()).await;
    let mut open = vec![two.call().await, two.call().await, two.call().await];
    for left in (0..17).rev() {
        assert!(two.another_call().is_none(), "more than three at once");
        assert!(running(&db.store).await.len() <= 3);
        open.remove(0).done();
        open.push(two.call().await);
        assert_eq!(open.len(), 3, "{left} left");
    }
    for call in open {
        call.done();
    }
    two.stop().await;
}

async fn a_rate_is_shared_by_all_processes(db: TestStore) {
    let rate = Rate { max: 5, period_ms: 400 };
    let mut tx = db.store.begin().await.unwrap();
    jobs::set_rate(&mut tx, Provider::Sms, Some(rate), SetBy::Configuration).await.unwrap();
    tx.commit().await.unwrap();
    insert_many(&db.store, 20).await;
    let begun = Instant::now();
    // Neither polls: the rest until the next call is what wakes them.
    let other = db.reopen().await.unwrap();
    let mut first = Workers::start(&db.store, woken());
    let mut second = Workers::start(&other, woken());
    for _ in 0..20 {
        let call = in_time(async {
            tokio::select! { call = first.call() => call, call = second.call() => call }
        });
        call.await.done();
    }
    // Five at once, and three periods for the others.
    assert!(begun.elapsed() >= Duration::from_millis(3 * 400), "{:?}", begun.elapsed());
    first.stop().await;
    second.stop().await;
    assert!(all(&db.store).await.iter().all(|job| job.state == State::Done && job.attempts == 1));
}

async fn a_throttled_provider_rests_in_all_processes(db: TestStore) {
    let first = insert(&db.store, Kind::SendSms, "first", json!(1)).await;
    let mut workers = Workers::start(&db.store, woken());
    let call = workers.call().await;
    assert_eq!(call.id(), first);
    call.finish(Err(JobError::throttled(Provider::Sms, Some(700), &std::fmt::Error)));
    let row = wait_for_state(&db.store, first, State::Available).await;
    assert_eq!(row.attempts, 0);
    let other = db.reopen().await.unwrap();
    let mut others = Workers::start(&other, woken());
    let second = insert(&other, Kind::SendSms, "second", json!(2)).await;
    for _ in 0..2 {
        let call = in_time(async {
            tokio::select! { call = workers.call() => call, call = others.call() => call }
        })
        .await;
        assert!(call.ctx.now().await.unwrap() >= row.run_at, "it was called while it rests");
        assert_eq!(call.ctx.attempt(), 1);
        call.done();
    }
    wait_for_state(&db.store, second, State::Done).await;
    wait_for_state(&db.store, first, State::Done).await;
    workers.stop().await;
    others.stop().await;
}

async fn a_crashed_workers_slot_is_given_back(db: TestStore) {
    insert_stamps(&db.store, 1, 2).await;
    let mut first = Workers::start(&db.store, Config { lease_ms: 1_500, ..quick() });
    let call = first.call().await;
    first.crash().await;
    let mut second = Workers::start(&db.store, quick());
    // Whichever of the two is first, the other waits for it.
    for _ in 0..2 {
        let next = second.call().await;
        assert_eq!(next.ctx.attempt(), if next.id() == call.id() { 2 } else { 1 });
        assert!(second.another_call().is_none());
        let id = next.id();
        next.done();
        wait_for(&db.store, id, |job| job.state == State::Done).await;
    }
    second.stop().await;
    drop(call);
}
