//! Schedules with the workers running: every process looks at the clock, each tick is one job.

use std::collections::BTreeSet;

use sealflow_core::ids::JobId;
use sealflow_jobs::{Config, Control, cron::Schedule};
use sealflow_store::{
    jobs::{ConfiguredLimits, Kind, Queue, Scope, State, slot_limits},
    schedules,
};
use sealflow_tests::{db::TestStore, on_both};
use serde_json::json;

use super::puppet::{Workers, all, in_time, insert, quick};

on_both!(a_tick_is_one_job_over_all_processes, the_settings_are_written_before_the_first_job_is_taken);

fn config(expression: &str) -> Config {
    let job = (Kind::SendSms.as_str(), json!({"n": 1}));
    let schedule = Schedule::new("often", (expression, "Asia/Shanghai"), "once", job).unwrap();
    let limits =
        ConfiguredLimits { slots: [(Scope::Queue(Queue::Email), 2)].into(), ..ConfiguredLimits::default() };
    Config { control: Some(Control { limits, schedules: vec![schedule] }), ..quick() }
}

async fn a_tick_is_one_job_over_all_processes(db: TestStore) {
    let other = db.reopen().await.unwrap();
    let mut first = Workers::start(&db.store, config("* * * * * *"));
    let mut second = Workers::start(&other, config("* * * * * *"));
    let mut seen: BTreeSet<JobId> = BTreeSet::new();
    for _ in 0..3 {
        let call = in_time(async {
            tokio::select! { call = first.call() => call, call = second.call() => call }
        })
        .await;
        assert_eq!(call.payload, json!({"n": 1}));
        assert!(seen.insert(call.id()), "a job was begun twice");
        call.done();
    }
    first.stop().await;
    second.stop().await;
    let jobs = all(&db.store).await;
    let times: BTreeSet<&str> =
        jobs.iter().filter_map(|job| job.key.strip_prefix("schedule:often:")).collect();
    assert_eq!(times.len(), jobs.len(), "one job a tick");
    assert!(times.iter().all(|time| time.ends_with("000")), "{times:?}");
    let created: BTreeSet<i64> = jobs.iter().map(|job| job.created_at.as_ms() / 1_000).collect();
    assert!(jobs.len() <= created.len() + 1, "more jobs than seconds");
}

async fn the_settings_are_written_before_the_first_job_is_taken(db: TestStore) {
    insert(&db.store, Kind::SendEmail, "a", json!(0)).await;
    let mut workers = Workers::start(&db.store, config("0 0 0 1 Jan *"));
    let call = workers.call().await;
    let mut reader = db.store.read().await.unwrap();
    assert_eq!(slot_limits(&mut reader).await.unwrap().len(), 1);
    assert_eq!(schedules::list(&mut reader).await.unwrap().len(), 1);
    drop(reader);
    call.done();
    workers.stop().await;
    assert!(all(&db.store).await.iter().all(|job| job.state == State::Done));
}
