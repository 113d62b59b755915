//! While jobs are short some are taken ahead of need; none of them is kept from others when that changes.

use std::time::Duration;

use sealflow_jobs::Config;
use sealflow_store::Store;
use sealflow_tests::{db::TestStore, on_both};

use super::puppet::{Call, Workers, in_time, insert_many, quick};

on_both!(what_was_taken_ahead_goes_back_when_jobs_become_slow, what_was_taken_ahead_goes_back_at_a_stop,);

const HANDS: usize = 4;
const QUICK: usize = 200;
const ALL: usize = 600;

/// Ends many jobs at once each, and leaves the last ones running.
async fn end_many(workers: &mut Workers) -> Vec<Call> {
    for _ in 0..QUICK {
        workers.call().await.done();
    }
    let mut running = Vec::new();
    for _ in 0..HANDS {
        running.push(workers.call().await);
    }
    running
}

/// How many jobs wait, and how many of them were taken once and given back.
async fn waiting(store: &Store) -> (i64, i64) {
    let given_back = "select count(*), coalesce(cast(sum(case when lease_epoch > 0 and attempts = 0 then 1 else 0 end) as bigint), 0) \
                      from jobs where state = 'available'";
    sqlx::query_as(given_back).fetch_one(&mut *store.read().await.unwrap()).await.unwrap()
}

/// Waits until `left` jobs are to be had, some of them given back.
async fn wait_for_rest(store: &Store, left: i64) {
    in_time(async {
        loop {
            let (waiting, given_back) = waiting(store).await;
            if waiting == left && given_back > 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
}

async fn what_was_taken_ahead_goes_back_when_jobs_become_slow(db: TestStore) {
    insert_many(&db.store, ALL).await;
    let mut workers = Workers::start(&db.store, Config { concurrency: HANDS, ..quick() });
    let running = end_many(&mut workers).await;
    let left = i64::try_from(ALL - QUICK - HANDS).unwrap();
    wait_for_rest(&db.store, left).await;
    // The hands go on with what was given back, one by one.
    running.into_iter().for_each(Call::done);
    for _ in QUICK + HANDS..ALL {
        workers.call().await.done();
    }
    workers.stop().await;
    let (done, twice): (i64, i64) = sqlx::query_as(
        "select count(*), coalesce(cast(sum(case when attempts > 1 then 1 else 0 end) as bigint), 0) \
         from jobs where state = 'done'",
    )
    .fetch_one(&mut *db.store.read().await.unwrap())
    .await
    .unwrap();
    assert_eq!((done, twice), (i64::try_from(ALL).unwrap(), 0));
}

async fn what_was_taken_ahead_goes_back_at_a_stop(db: TestStore) {
    insert_many(&db.store, ALL).await;
    let mut workers = Workers::start(&db.store, Config { concurrency: HANDS, ..quick() });
    let running = end_many(&mut workers).await;
    workers.ask_to_stop();
    running.into_iter().for_each(Call::done);
    workers.stop().await;
    let (waiting, given_back) = waiting(&db.store).await;
    assert_eq!(usize::try_from(waiting).unwrap(), ALL - QUICK - HANDS);
    assert!(given_back > 0, "nothing was taken ahead");
    // Whoever comes next takes them at once, at their first attempt.
    let mut next = Workers::start(&db.store, quick());
    assert_eq!(next.call().await.ctx.attempt(), 1);
    next.crash().await;
}
