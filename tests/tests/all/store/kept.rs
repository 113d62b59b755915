//! What a job keeps from one attempt to the next: the holder of the lease writes it, and it goes with the job.

use sealflow_store::{
    Store,
    jobs::{self, AckError, ClaimedJob, Failure, Kind, Queue},
};
use sealflow_tests::{db::TestStore, on_both};

use super::{
    errand::{Errand, LEASE_MS, claim, claim_at, now, result, sent},
    jobs::{insert, job},
};

on_both!(
    a_dead_job_keeps_for_its_retry_until_nobody_waits_for_it,
    it_goes_when_the_job_is_done,
    it_is_there_for_the_next_attempt,
    who_lost_the_lease_keeps_nothing,
);

async fn keep(store: &Store, job: &ClaimedJob, text: &str) -> Result<(), AckError> {
    let mut tx = store.begin().await.unwrap();
    jobs::keep(&mut tx, &job.lease, Some(text)).await?;
    tx.commit().await.unwrap();
    Ok(())
}

async fn kept(store: &Store, job: &ClaimedJob) -> Option<String> {
    jobs::kept(&mut store.read().await.unwrap(), &job.lease).await.unwrap()
}

async fn it_is_there_for_the_next_attempt(db: TestStore) {
    insert(&db.store, &[job(Kind::SendSms, "a")]).await;
    let first = claim(&db.store, Queue::Sms, 1).await.pop().unwrap();
    assert_eq!(kept(&db.store, &first).await, None);
    keep(&db.store, &first, "one").await.unwrap();
    keep(&db.store, &first, "two").await.unwrap();
    let mut tx = db.store.begin().await.unwrap();
    let failure = Failure { class: jobs::ErrorClass::Retry, error: "away".to_owned(), not_before: None };
    jobs::retry_later(&mut tx, &first.lease, &failure).await.unwrap();
    tx.commit().await.unwrap();
    let later = now(&db.store).await.plus_ms(3_600_000);
    let second = claim_at(&db.store, Queue::Sms, 1, later).await.pop().unwrap();
    assert_eq!(kept(&db.store, &second).await.as_deref(), Some("two"));
}

/// A second delivery beside the first: it reads what the first one kept, which then can keep nothing else.
async fn who_lost_the_lease_keeps_nothing(db: TestStore) {
    insert(&db.store, &[job(Kind::SendSms, "a")]).await;
    let first = claim(&db.store, Queue::Sms, 1).await.pop().unwrap();
    keep(&db.store, &first, "the first's").await.unwrap();
    let expired = now(&db.store).await.plus_ms(LEASE_MS + 1);
    let mut tx = db.store.begin().await.unwrap();
    assert_eq!(jobs::reap(&mut tx, expired).await.unwrap().released, 1);
    tx.commit().await.unwrap();
    let second = claim_at(&db.store, Queue::Sms, 1, expired).await.pop().unwrap();
    assert!(matches!(keep(&db.store, &first, "late").await, Err(AckError::LeaseLost(_))));
    assert_eq!(kept(&db.store, &second).await.as_deref(), Some("the first's"));
    keep(&db.store, &second, "the second's").await.unwrap();
    assert_eq!(kept(&db.store, &second).await.as_deref(), Some("the second's"));
}

async fn it_goes_when_the_job_is_done(db: TestStore) {
    let errand = Errand::start(&db.store).await;
    let awaited = claim(&db.store, Queue::Sms, 1).await.pop().unwrap();
    insert(&db.store, &[job(Kind::SendSms, "plain"), job(Kind::SendSms, "in a round")]).await;
    let [plain, in_a_round] = <[ClaimedJob; 2]>::try_from(claim(&db.store, Queue::Sms, 2).await).unwrap();
    for job in [&awaited, &plain, &in_a_round] {
        keep(&db.store, job, "kept").await.unwrap();
    }
    let mut tx = db.store.begin().await.unwrap();
    jobs::complete(&mut tx, &result(&awaited, sent())).await.unwrap();
    assert!(jobs::complete_plain(&mut tx, std::slice::from_ref(&plain.lease)).await.unwrap().is_empty());
    jobs::complete(&mut tx, &result(&in_a_round, sent())).await.unwrap();
    tx.commit().await.unwrap();
    for job in [&awaited, &plain, &in_a_round] {
        assert_eq!(kept(&db.store, job).await, None, "{}", job.key);
    }
    assert_eq!(errand.get().await.status, "waiting");
}

async fn a_dead_job_keeps_for_its_retry_until_nobody_waits_for_it(db: TestStore) {
    let bury = async |job: &ClaimedJob| {
        let mut tx = db.store.begin().await.unwrap();
        jobs::bury(&mut tx, &job.lease, "no").await.unwrap();
        tx.commit().await.unwrap();
    };
    let (withdrawn, late) = (Errand::start(&db.store).await, Errand::start_another(&db.store).await);
    insert(&db.store, &[job(Kind::SendEmail, "alone")]).await;
    let mut taken = claim(&db.store, Queue::Sms, 2).await;
    taken.sort_by_key(|job| job.instance_id != Some(withdrawn.id));
    let [of_withdrawn, of_late] = <[ClaimedJob; 2]>::try_from(taken).unwrap();
    let alone = claim(&db.store, Queue::Email, 1).await.pop().unwrap();
    for job in [&of_withdrawn, &of_late, &alone] {
        keep(&db.store, job, "kept").await.unwrap();
    }
    bury(&of_withdrawn).await;
    bury(&alone).await;
    assert_eq!(kept(&db.store, &of_withdrawn).await.as_deref(), Some("kept"));
    assert_eq!(kept(&db.store, &alone).await.as_deref(), Some("kept"));

    // Its instance ends; or it dies after that.
    withdrawn.act("e1", "withdraw").await.unwrap();
    assert_eq!(kept(&db.store, &of_withdrawn).await, None);
    late.act("e1", "withdraw").await.unwrap();
    assert_eq!(kept(&db.store, &of_late).await.as_deref(), Some("kept"), "it is still at work");
    bury(&of_late).await;
    assert_eq!(kept(&db.store, &of_late).await, None);

    // A person gives it up.
    let mut tx = db.store.begin().await.unwrap();
    jobs::discard(&mut tx, alone.lease.job_id).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(kept(&db.store, &alone).await, None);
}
