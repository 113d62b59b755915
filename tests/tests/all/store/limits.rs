//! What holds jobs back holds over all processes, lets nothing starve, and takes no attempt from anybody who waits.

use std::collections::{BTreeMap, BTreeSet};

use sealflow_core::Timestamp;
use sealflow_store::{
    Store,
    jobs::{self, ClaimedJob, ConfiguredLimits, Kind, NewJob, Provider, Queue, Rate, Scope, SetBy},
};
use sealflow_tests::{db::TestStore, on_both};
use serde_json::json;

use super::{
    errand::{LEASE_MS, claim, claim_at, now, result, sent},
    jobs::{insert, job},
};

on_both!(
    jobs_of_one_key_are_taken_one_by_one,
    a_full_key_holds_nobody_else_up,
    an_expired_lease_gives_the_slot_back,
    a_queue_has_its_slots_over_all_processes,
    a_rate_holds_in_every_period_and_nothing_starves,
    a_rate_is_counted_once_however_many_ask_together,
    a_throttled_provider_rests_and_no_attempt_is_counted,
    what_a_person_sets_outlasts_the_settings,
    a_paused_queue_with_limits_rests,
    waiting_for_a_provider_is_counted,
);

const RATE: Rate = Rate { max: 5, period_ms: 60_000 };

fn stamp(contract: &str, n: u32) -> NewJob {
    let payload = json!({"contract_id": contract});
    NewJob { kind: Kind::StampSignature, key: format!("{contract}/{n}"), payload, run_at: None }
}

fn keys(claimed: &[ClaimedJob]) -> Vec<&str> {
    claimed.iter().map(|job| job.key.as_str()).collect()
}

async fn done(store: &Store, job: &ClaimedJob) {
    let mut tx = store.begin().await.unwrap();
    jobs::complete(&mut tx, &result(job, sent())).await.unwrap();
    tx.commit().await.unwrap();
}

async fn set_slots(store: &Store, scope: Scope, max: u32) {
    let mut tx = store.begin().await.unwrap();
    jobs::set_slots(&mut tx, scope, Some(max), SetBy::Person).await.unwrap();
    tx.commit().await.unwrap();
}

async fn set_rate(store: &Store, rate: Rate) {
    let mut tx = store.begin().await.unwrap();
    jobs::set_rate(&mut tx, Provider::Sms, Some(rate), SetBy::Configuration).await.unwrap();
    tx.commit().await.unwrap();
}

async fn jobs_of_one_key_are_taken_one_by_one(db: TestStore) {
    insert(&db.store, &[stamp("a", 1), stamp("a", 2), stamp("b", 1), stamp("a", 3), stamp("b", 2)]).await;
    let first = claim(&db.store, Queue::Pdf, 10).await;
    assert_eq!(keys(&first), ["a/1", "b/1"]);
    assert!(claim(&db.store, Queue::Pdf, 10).await.is_empty());
    done(&db.store, &first[0]).await;
    assert_eq!(keys(&claim(&db.store, Queue::Pdf, 10).await), ["a/2"]);
    // Two slots for each key, by hand.
    set_slots(&db.store, Scope::Kind(Kind::StampSignature), 2).await;
    assert_eq!(keys(&claim(&db.store, Queue::Pdf, 10).await), ["a/3", "b/2"]);
}

async fn a_full_key_holds_nobody_else_up(db: TestStore) {
    let mut many: Vec<NewJob> = (0..100).map(|n| stamp("a", n)).collect();
    many.push(stamp("b", 0));
    many.push(job(Kind::PrepareDocument, "no key"));
    insert(&db.store, &many).await;
    assert_eq!(keys(&claim(&db.store, Queue::Pdf, 3).await), ["a/0", "b/0", "no key"]);
}

async fn an_expired_lease_gives_the_slot_back(db: TestStore) {
    insert(&db.store, &[stamp("a", 1), stamp("a", 2)]).await;
    let taken = claim(&db.store, Queue::Pdf, 5).await;
    assert_eq!(keys(&taken), ["a/1"]);
    let later = now(&db.store).await.plus_ms(LEASE_MS + 1_000);
    assert!(claim_at(&db.store, Queue::Pdf, 5, later).await.is_empty());
    let mut tx = db.store.begin().await.unwrap();
    assert_eq!(jobs::reap(&mut tx, later).await.unwrap().released, 1);
    tx.commit().await.unwrap();
    // Whichever it is, it is one.
    assert_eq!(claim_at(&db.store, Queue::Pdf, 5, later).await.len(), 1);
    assert!(claim_at(&db.store, Queue::Pdf, 5, later).await.is_empty());
}

/// Several processes claim at once, over and over.
async fn claim_together(db: &TestStore, queue: Queue, slots: u32) -> Vec<ClaimedJob> {
    let mut stores = Vec::new();
    for _ in 0..3 {
        stores.push(db.reopen().await.unwrap());
    }
    let claims: Vec<_> = (0..12)
        .map(|n| {
            let store = stores[n % stores.len()].clone();
            tokio::spawn(async move { claim(&store, queue, slots).await })
        })
        .collect();
    let mut claimed = Vec::new();
    for taking in claims {
        claimed.extend(taking.await.unwrap());
    }
    claimed
}

async fn a_queue_has_its_slots_over_all_processes(db: TestStore) {
    let many: Vec<NewJob> = (0..40).map(|n| job(Kind::SendEmail, &n.to_string())).collect();
    insert(&db.store, &many).await;
    set_slots(&db.store, Scope::Queue(Queue::Email), 7).await;
    let claimed = claim_together(&db, Queue::Email, 5).await;
    assert_eq!(claimed.len(), 7);
    done(&db.store, &claimed[0]).await;
    assert_eq!(claim_together(&db, Queue::Email, 5).await.len(), 1);
}

async fn a_rate_is_counted_once_however_many_ask_together(db: TestStore) {
    let many: Vec<NewJob> = (0..40).map(|n| job(Kind::SendSms, &n.to_string())).collect();
    insert(&db.store, &many).await;
    set_rate(&db.store, RATE).await;
    assert_eq!(claim_together(&db, Queue::Sms, 3).await.len(), 5);
}

async fn a_rate_holds_in_every_period_and_nothing_starves(db: TestStore) {
    const STEP_MS: i64 = 1_700;
    // A claim counts at the database's time, a little later than the test says.
    const SLACK_MS: i64 = 1_600;
    set_rate(&db.store, RATE).await;
    let mut many: Vec<NewJob> = (0..25).map(|n| job(Kind::SendSms, &n.to_string())).collect();
    many.push(job(Kind::SendCode, "code"));
    insert(&db.store, &many).await;
    let other = db.reopen().await.unwrap();
    let start = now(&db.store).await;
    let mut taken: Vec<(i64, ClaimedJob)> = Vec::new();
    for n in 0..250 {
        let store = if n % 2 == 0 { &db.store } else { &other };
        let at = start.plus_ms(n * STEP_MS);
        taken.extend(claim_at(store, Queue::Sms, 2, at).await.into_iter().map(|job| (n * STEP_MS, job)));
    }
    assert_eq!(taken.len(), 26, "some wait for ever");
    assert_eq!(taken[0].1.key, "code", "the urgent one is first");
    assert!(taken.iter().all(|(_, job)| job.attempt == 1), "waiting counted as an attempt");
    for (from, _) in &taken {
        let within = taken.iter().filter(|(at, _)| (*from..from + RATE.period_ms - SLACK_MS).contains(at));
        assert!(within.count() <= 5, "more than five in the minute from {from}");
    }
    // 26 jobs at 5 a minute take little more than five minutes.
    assert!(taken.last().unwrap().0 <= 5 * 66_000, "the limit was not used: {}", taken.last().unwrap().0);
}

async fn a_throttled_provider_rests_and_no_attempt_is_counted(db: TestStore) {
    insert(&db.store, &[job(Kind::SendSms, "a"), job(Kind::SendSms, "b"), job(Kind::SendEmail, "c")]).await;
    let taken = claim(&db.store, Queue::Sms, 1).await.pop().unwrap();
    let mut tx = db.store.begin().await.unwrap();
    let until =
        jobs::throttled(&mut tx, &taken.lease, Provider::Sms, Some(30_000), "http 429").await.unwrap();
    assert_eq!(until, tx.now().plus_ms(30_000));
    let late = jobs::throttled(&mut tx, &taken.lease, Provider::Sms, Some(30_000), "http 429").await;
    assert!(matches!(late, Err(jobs::AckError::LeaseLost(_))));
    tx.commit().await.unwrap();
    let row = jobs::get(&mut db.store.read().await.unwrap(), taken.lease.job_id).await.unwrap().unwrap();
    assert_eq!((row.attempts, row.run_at, row.last_error.as_deref()), (0, until, Some("http 429")));
    let before = until.plus_ms(-10_000);
    assert!(claim_at(&db.store, Queue::Sms, 5, before).await.is_empty());
    assert_eq!(claim_at(&db.store, Queue::Email, 5, before).await.len(), 1);
    let again = claim_at(&db.store, Queue::Sms, 5, until).await;
    assert_eq!((keys(&again), again[1].attempt), (vec!["b", "a"], 1));
}

async fn what_a_person_sets_outlasts_the_settings(db: TestStore) {
    let configured = ConfiguredLimits {
        slots: BTreeMap::from([(Scope::Queue(Queue::Pdf), 4), (Scope::Queue(Queue::Email), 9)]),
        rates: BTreeMap::from([(Provider::Sms, Rate::per_second(20)), (Provider::Ca, Rate::per_second(5))]),
    };
    let mut tx = db.store.begin().await.unwrap();
    jobs::apply_configured(&mut tx, &configured).await.unwrap();
    jobs::set_slots(&mut tx, Scope::Queue(Queue::Pdf), Some(2), SetBy::Person).await.unwrap();
    jobs::set_rate(&mut tx, Provider::Sms, Some(Rate::per_second(3)), SetBy::Person).await.unwrap();
    // The next start, with other settings.
    let fewer = ConfiguredLimits {
        slots: BTreeMap::from([(Scope::Queue(Queue::Pdf), 6)]),
        rates: BTreeMap::from([(Provider::Sms, Rate::per_second(50))]),
    };
    jobs::apply_configured(&mut tx, &fewer).await.unwrap();
    let slots = jobs::slot_limits(tx.conn()).await.unwrap();
    let slots: Vec<_> = slots.iter().map(|slot| (slot.queue, slot.max, slot.by_person)).collect();
    assert_eq!(slots, [(Some(Queue::Pdf), 2, true)]);
    let now = tx.now();
    let rates = jobs::provider_stats(tx.conn(), now).await.unwrap();
    let rate = |provider| rates.iter().find(|stats| stats.provider == provider).unwrap().rate;
    assert_eq!(rate(Provider::Sms), Some(Rate::per_second(3)));
    assert_eq!((rate(Provider::Ca), rate(Provider::Email)), (None, None));
    // The person gives it back to the settings.
    jobs::set_slots(&mut tx, Scope::Queue(Queue::Pdf), None, SetBy::Person).await.unwrap();
    jobs::apply_configured(&mut tx, &fewer).await.unwrap();
    assert_eq!(jobs::slot_limits(tx.conn()).await.unwrap()[0].max, 6);
    tx.commit().await.unwrap();
}

async fn a_paused_queue_with_limits_rests(db: TestStore) {
    insert(&db.store, &[stamp("a", 1)]).await;
    let mut tx = db.store.begin().await.unwrap();
    jobs::pause(&mut tx, Queue::Pdf).await.unwrap();
    tx.commit().await.unwrap();
    assert!(claim(&db.store, Queue::Pdf, 5).await.is_empty());
    let mut tx = db.store.begin().await.unwrap();
    jobs::resume(&mut tx, Queue::Pdf).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(claim(&db.store, Queue::Pdf, 5).await.len(), 1);
}

async fn waiting_for_a_provider_is_counted(db: TestStore) {
    set_rate(&db.store, RATE).await;
    let many: Vec<NewJob> = (0..8).map(|n| job(Kind::SendSms, &n.to_string())).collect();
    insert(&db.store, &many).await;
    let stats = async |at: Timestamp| {
        let mut reader = db.store.read().await.unwrap();
        let all = jobs::provider_stats(&mut reader, at).await.unwrap();
        let sms = all.into_iter().find(|stats| stats.provider == Provider::Sms).unwrap();
        (sms.calls, sms.waiting)
    };
    let start = now(&db.store).await.plus_ms(1_000);
    assert_eq!(stats(start).await, (0, 0));
    let taken: BTreeSet<String> =
        claim_at(&db.store, Queue::Sms, 8, start).await.into_iter().map(|job| job.key).collect();
    assert_eq!(taken.len(), 5);
    assert_eq!(stats(start.plus_ms(5_000)).await, (5, 3));
    assert_eq!(stats(start.plus_ms(90_000)).await, (0, 0));
}
