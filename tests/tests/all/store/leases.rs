//! Whoever stops renewing loses the job, and cannot report about it any more.

use sealflow_store::jobs::{self, AckError, CompleteError, Kind, Lease, Queue, State};
use sealflow_tests::{db::TestStore, on_both};

use super::{
    errand::{LEASE_MS, claim, claim_at, now, result, sent},
    jobs::{insert, job},
};

on_both!(
    an_expired_lease_is_taken_over_and_the_late_ack_refused,
    a_renewed_lease_is_kept,
    a_lost_lease_is_told_to_its_worker,
    a_poison_pill_dies,
    two_reapers_do_not_take_twice,
);

async fn an_expired_lease_is_taken_over_and_the_late_ack_refused(db: TestStore) {
    insert(&db.store, &[job(Kind::SendSms, "a")]).await;
    let start = now(&db.store).await;
    let first = claim_at(&db.store, Queue::Sms, 1, start).await.pop().unwrap();
    let mut tx = db.store.begin().await.unwrap();
    assert_eq!(jobs::reap(&mut tx, start.plus_ms(LEASE_MS)).await.unwrap(), jobs::Reaped::default());
    let expired = start.plus_ms(LEASE_MS + 1);
    assert_eq!(jobs::reap(&mut tx, expired).await.unwrap().released, 1);
    tx.commit().await.unwrap();
    let second = claim_at(&db.store, Queue::Sms, 1, expired).await.pop().unwrap();
    assert_eq!((second.attempt, second.lease_epoch), (2, 2));
    assert_ne!(first.lease.token, second.lease.token);
    let mut tx = db.store.begin().await.unwrap();
    assert!(matches!(
        jobs::complete(&mut tx, &result(&first, sent())).await,
        Err(CompleteError::LeaseLost(_))
    ));
    assert!(matches!(jobs::bury(&mut tx, &first.lease, "late").await, Err(AckError::LeaseLost(_))));
    assert!(matches!(jobs::hand_back(&mut tx, &first.lease).await, Err(AckError::LeaseLost(_))));
    jobs::complete(&mut tx, &result(&second, sent())).await.unwrap();
}

async fn a_renewed_lease_is_kept(db: TestStore) {
    insert(&db.store, &[job(Kind::SendSms, "a")]).await;
    let taken = claim(&db.store, Queue::Sms, 1).await.pop().unwrap();
    let mut tx = db.store.begin().await.unwrap();
    let renewed_at = tx.now();
    assert!(jobs::renew(&mut tx, std::slice::from_ref(&taken.lease), 60_000).await.unwrap().is_empty());
    tx.commit().await.unwrap();
    let mut tx = db.store.begin().await.unwrap();
    assert_eq!(jobs::reap(&mut tx, renewed_at.plus_ms(60_000)).await.unwrap().released, 0);
    assert_eq!(jobs::reap(&mut tx, renewed_at.plus_ms(60_001)).await.unwrap().released, 1);
}

async fn a_lost_lease_is_told_to_its_worker(db: TestStore) {
    insert(&db.store, &[job(Kind::SendSms, "a"), job(Kind::SendSms, "b")]).await;
    let taken = claim(&db.store, Queue::Sms, 2).await;
    let stale = Lease { token: "an older one".to_owned(), ..taken[1].lease.clone() };
    let mut tx = db.store.begin().await.unwrap();
    let leases = [taken[0].lease.clone(), stale];
    let lost = jobs::renew(&mut tx, &leases, LEASE_MS).await.unwrap();
    assert_eq!(lost, [taken[1].lease.job_id]);
    assert!(jobs::renew(&mut tx, &[], LEASE_MS).await.unwrap().is_empty());
}

async fn a_poison_pill_dies(db: TestStore) {
    insert(&db.store, &[job(Kind::SendCode, "pill")]).await;
    let mut at = now(&db.store).await;
    for attempt in 1..=Kind::SendCode.max_attempts() {
        // Takes its worker with it every time: nobody renews or reports.
        at = at.plus_ms(3_600_000);
        let taken = claim_at(&db.store, Queue::Sms, 1, at).await;
        assert_eq!(taken.len(), 1, "attempt {attempt}");
        let mut tx = db.store.begin().await.unwrap();
        let reaped = jobs::reap(&mut tx, at.plus_ms(LEASE_MS + 1)).await.unwrap();
        tx.commit().await.unwrap();
        let last = attempt == Kind::SendCode.max_attempts();
        assert_eq!((reaped.released, reaped.dead), if last { (0, 1) } else { (1, 0) });
    }
    assert!(claim_at(&db.store, Queue::Sms, 1, at.plus_ms(86_400_000)).await.is_empty());
    let all = jobs::list(&mut db.store.read().await.unwrap(), &jobs::Filter::default(), 1, 10).await.unwrap();
    assert_eq!((all.items[0].state, all.items[0].attempts), (State::Dead, 5));
    assert!(all.items[0].last_error.as_deref().unwrap().starts_with("lease_expired"));
}

async fn two_reapers_do_not_take_twice(db: TestStore) {
    let all: Vec<_> = (0..20).map(|n| job(Kind::SendSms, &n.to_string())).collect();
    insert(&db.store, &all).await;
    let start = now(&db.store).await;
    claim_at(&db.store, Queue::Sms, 20, start).await;
    let other = db.reopen().await.unwrap();
    let reapers: Vec<_> = [db.store.clone(), other]
        .into_iter()
        .map(|store| {
            tokio::spawn(async move {
                let mut tx = store.begin().await.unwrap();
                let reaped = jobs::reap(&mut tx, start.plus_ms(LEASE_MS + 1)).await.unwrap();
                tx.commit().await.unwrap();
                reaped.released
            })
        })
        .collect();
    let mut released = 0;
    for reaper in reapers {
        released += reaper.await.unwrap();
    }
    assert_eq!(released, 20);
}
