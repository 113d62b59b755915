//! The rate of a provider holds over the deaths of processes: what a dead one was granted still counts, and what it left
//! behind is called within the rate, too.

use std::{
    collections::{BTreeMap, HashMap},
    time::{Duration, Instant},
};

use sealflow_store::{
    Store,
    jobs::{self, Kind, NewJob, Provider, Rate, SetBy},
};
use sealflow_tests::{
    db::Engine,
    faults::{bank::Bank, node::Node, protocol::Settings, seed::Ground},
    process::was_killed,
};
use serde_json::json;

use super::crowd::{executable, until_later};

const JOBS: usize = 40;
const RATE: Rate = Rate { max: 10, period_ms: 1_000 };
/// The rate keeps its grants by slices of the period, each under the time of its newest.
const SLICE_MS: i64 = RATE.period_ms / 50;
const DEADLINE: Duration = Duration::from_secs(120);
/// Where the lives of one of the two processes end.
const DEATHS: &[&str] = &[
    "bank::pay::after_call=2*off->return",
    "jobs::claim::after_commit=1*off->return",
    "bank::pay::before_call=1*off->return",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rate_holds_over_processes_that_die() {
    let ground = Ground::open(Engine::Postgres, executable()).await.unwrap();
    let store = &ground.store;
    let mut tx = store.begin().await.unwrap();
    jobs::set_rate(&mut tx, Provider::Email, Some(RATE), SetBy::Person).await.unwrap();
    for n in 0..JOBS {
        let payload = json!({"fen": n});
        let job = NewJob { kind: Kind::SendEmail, key: format!("mail {n}"), payload, run_at: None };
        jobs::insert(&mut tx, &job).await.unwrap();
    }
    tx.commit().await.unwrap();

    let bank = Bank::open(HashMap::new()).await.unwrap();
    let mut settings = Settings::new(&ground.config, bank.address());
    (settings.lease_ms, settings.call_timeout_ms) = (1_500, 10_000);
    let start = async |fail_points| Node::start(executable(), &settings, fail_points, &ground.log()).await;
    // The first one is alone, so that it certainly gets as far as its end.
    let mut deaths = DEATHS.iter();
    let mut mortal = start(deaths.next().unwrap()).await.unwrap().ok();
    let mut killed = 0;
    if let Some(mut node) = mortal.take() {
        assert!(was_killed(node.ended().await.unwrap()));
        killed += 1;
    }
    let steady = start("").await.unwrap().unwrap();
    let mut grants: BTreeMap<i64, (i64, u32)> = BTreeMap::new();
    let begun = Instant::now();
    while unfinished(store).await > 0 {
        assert!(begun.elapsed() < DEADLINE, "it does not end\n{}", steady.log_tail());
        for (at_ms, count) in granted(store).await {
            let slice = grants.entry(at_ms.div_euclid(SLICE_MS)).or_default();
            *slice = (*slice).max((at_ms, count));
        }
        mortal = match mortal.take() {
            None => match deaths.next() {
                Some(fail_points) => start(fail_points).await.unwrap().ok(),
                None => None,
            },
            Some(mut node) => match Node::has_ended(&mut node).unwrap() {
                Some(status) => {
                    assert!(was_killed(status));
                    killed += 1;
                    None
                }
                None => Some(node),
            },
        };
        until_later().await;
    }
    if let Some(node) = mortal {
        node.kill().await.unwrap();
    }
    steady.stop().await.unwrap();
    for (at_ms, _) in grants.values() {
        let period =
            grants.values().filter(|(other, _)| (at_ms - RATE.period_ms + 1..=*at_ms).contains(other));
        let sum: u32 = period.map(|(_, count)| count).sum();
        assert!(sum <= RATE.max, "{sum} calls in one period: {grants:?}");
    }
    let debits = bank.debits();
    assert_eq!(debits.len(), JOBS);
    assert!(debits.values().all(|amounts| amounts.len() == 1), "paid twice: {debits:?}");
    println!("{JOBS} calls at {} a second, {killed} processes died", RATE.max);
}

async fn unfinished(store: &Store) -> i64 {
    let statement = "select count(*) from jobs where state <> 'done'";
    sqlx::query_scalar(statement).fetch_one(&mut *store.read().await.unwrap()).await.unwrap()
}

/// The grants of the last period, as the provider's row keeps them.
async fn granted(store: &Store) -> Vec<(i64, u32)> {
    let statement = "select granted from rate_limits where provider = 'email'";
    let kept: String =
        sqlx::query_scalar(statement).fetch_one(&mut *store.read().await.unwrap()).await.unwrap();
    serde_json::from_str(&kept).unwrap()
}
