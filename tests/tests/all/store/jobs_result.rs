//! A result is one transaction: the ack, what it changes, and the instance's next step.

use sealflow_core::{Rejection, Timestamp};
use sealflow_store::{
    Change,
    jobs::{self, AckError, CompleteError, ErrorClass, Failure, Kind, Outcome, Queue, Released, State},
    submit,
};
use sealflow_tests::{db::TestStore, on_both};
use serde_json::Value;

use super::{
    errand::{Errand, claim, claim_at, now, result, sent},
    jobs::{insert, job},
};

on_both!(
    a_result_moves_the_instance_on,
    a_result_and_its_changes_are_all_or_nothing,
    a_result_that_the_definition_does_not_know_changes_nothing,
    a_failed_attempt_rests_longer_each_time_and_ends_dead,
    a_vendor_can_ask_for_a_longer_rest,
    waiting_and_handing_back_cost_no_attempt,
    a_buried_job_keeps_its_reason,
    a_noted_outside_call_is_seen_by_the_next_attempt,
    a_savepoint_undoes_one_result_of_a_group,
    a_result_that_nobody_waits_for_is_only_noted,
    many_plain_results_are_one_statement_for_those_who_hold_the_lease,
);

async fn a_result_moves_the_instance_on(db: TestStore) {
    let errand = Errand::start(&db.store).await;
    let job = claim(&db.store, Queue::Sms, 1).await.pop().unwrap();
    let mut tx = db.store.begin().await.unwrap();
    let submitted = jobs::complete(&mut tx, &result(&job, sent())).await.unwrap().unwrap();
    tx.commit().await.unwrap();
    assert_eq!((submitted.status.as_str(), submitted.seq), ("waiting", 2));
    let done = &errand.jobs().await[0];
    assert_eq!((done.state, done.finished_at.is_some()), (State::Done, true));
}

async fn a_result_and_its_changes_are_all_or_nothing(db: TestStore) {
    let errand = Errand::start(&db.store).await;
    let mut first = claim(&db.store, Queue::Sms, 1).await.pop().unwrap();
    let with_change = |lease: &jobs::Lease| jobs::Complete {
        lease: lease.clone(),
        outcome: sent(),
        changes: vec![Change::InsertJob(job(Kind::SendEmail, "follow-up"))],
    };
    let good = first.lease.clone();
    first.lease.token = "somebody else's".to_owned();
    let mut tx = db.store.begin().await.unwrap();
    let refused = jobs::complete(&mut tx, &with_change(&first.lease)).await;
    assert!(matches!(refused, Err(CompleteError::LeaseLost(id)) if id == first.lease.job_id));
    tx.commit().await.unwrap();
    assert!(claim(&db.store, Queue::Email, 1).await.is_empty());
    assert_eq!(errand.get().await.status, "in_progress");
    let mut tx = db.store.begin().await.unwrap();
    jobs::complete(&mut tx, &with_change(&good)).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(claim(&db.store, Queue::Email, 1).await.len(), 1);
    let mut tx = db.store.begin().await.unwrap();
    let twice = jobs::complete(&mut tx, &with_change(&good)).await;
    assert!(matches!(twice, Err(CompleteError::LeaseLost(_))));
}

async fn a_result_that_the_definition_does_not_know_changes_nothing(db: TestStore) {
    let errand = Errand::start(&db.store).await;
    let job = claim(&db.store, Queue::Sms, 1).await.pop().unwrap();
    let mut tx = db.store.begin().await.unwrap();
    let odd = Outcome { name: "flown".to_owned(), data: Value::Null };
    let refused = jobs::complete(&mut tx, &result(&job, odd)).await;
    let Err(CompleteError::Submit(submit::Error::Rejected(Rejection::UnknownOutcome { .. }))) = refused
    else {
        panic!("{refused:?}")
    };
    tx.rollback().await.unwrap();
    assert_eq!(errand.jobs().await[0].state, State::Running);
    assert_eq!(errand.get().await.seq, 1);
}

fn failure() -> Failure {
    Failure { class: ErrorClass::Retry, error: "busy".to_owned(), not_before: None }
}

async fn a_failed_attempt_rests_longer_each_time_and_ends_dead(db: TestStore) {
    insert(&db.store, &[job(Kind::SendCode, "code")]).await;
    let mut at = now(&db.store).await;
    let mut rests = Vec::new();
    for attempt in 1..=Kind::SendCode.max_attempts() {
        let taken = claim_at(&db.store, Queue::Sms, 1, at).await.pop().unwrap();
        assert_eq!(taken.attempt, attempt);
        let mut tx = db.store.begin().await.unwrap();
        let released = jobs::retry_later(&mut tx, &taken.lease, &failure()).await.unwrap();
        let begun = tx.now();
        tx.commit().await.unwrap();
        match released {
            Released::RetryAt(next) => {
                rests.push(next.as_ms() - begun.as_ms());
                assert!(claim_at(&db.store, Queue::Sms, 1, Timestamp(next.as_ms() - 1)).await.is_empty());
                at = next;
            }
            Released::Dead => assert_eq!(attempt, Kind::SendCode.max_attempts()),
        }
    }
    assert_eq!(rests.len(), 4);
    assert!(rests[0] >= 500 && rests[0] <= 1_000 && rests[3] >= 4_000 && rests[3] <= 8_000, "{rests:?}");
    let all = jobs::list(&mut db.store.read().await.unwrap(), &jobs::Filter::default(), 1, 10).await.unwrap();
    assert_eq!((all.items[0].state, all.items[0].last_error.as_deref()), (State::Dead, Some("retry: busy")));
}

async fn a_vendor_can_ask_for_a_longer_rest(db: TestStore) {
    insert(&db.store, &[job(Kind::SendSms, "a")]).await;
    let taken = claim(&db.store, Queue::Sms, 1).await.pop().unwrap();
    let asked = now(&db.store).await.plus_ms(3_600_000);
    let mut tx = db.store.begin().await.unwrap();
    let failure = Failure { not_before: Some(asked), ..failure() };
    assert_eq!(jobs::retry_later(&mut tx, &taken.lease, &failure).await.unwrap(), Released::RetryAt(asked));
}

async fn waiting_and_handing_back_cost_no_attempt(db: TestStore) {
    insert(&db.store, &[job(Kind::SendSms, "a")]).await;
    let taken = claim(&db.store, Queue::Sms, 1).await.pop().unwrap();
    let until = now(&db.store).await.plus_ms(86_400_000);
    let mut tx = db.store.begin().await.unwrap();
    jobs::wait_until(&mut tx, &taken.lease, until, "the number's limit for today").await.unwrap();
    tx.commit().await.unwrap();
    assert!(claim(&db.store, Queue::Sms, 1).await.is_empty());
    let again = claim_at(&db.store, Queue::Sms, 1, until).await.pop().unwrap();
    assert_eq!((again.attempt, again.lease_epoch), (1, 2));
    let mut tx = db.store.begin().await.unwrap();
    jobs::hand_back(&mut tx, &again.lease).await.unwrap();
    tx.commit().await.unwrap();
    let third = claim(&db.store, Queue::Sms, 1).await.pop().unwrap();
    assert_eq!((third.attempt, third.lease_epoch), (1, 3));
}

async fn a_buried_job_keeps_its_reason(db: TestStore) {
    insert(&db.store, &[job(Kind::SendSms, "a")]).await;
    let taken = claim(&db.store, Queue::Sms, 1).await.pop().unwrap();
    let mut tx = db.store.begin().await.unwrap();
    jobs::bury(&mut tx, &taken.lease, "the payload cannot be read").await.unwrap();
    assert!(matches!(jobs::bury(&mut tx, &taken.lease, "twice").await, Err(AckError::LeaseLost(_))));
    let buried = jobs::get(tx.conn(), taken.lease.job_id).await.unwrap().unwrap();
    assert_eq!(
        (buried.state, buried.last_error.as_deref()),
        (State::Dead, Some("the payload cannot be read"))
    );
}

async fn a_noted_outside_call_is_seen_by_the_next_attempt(db: TestStore) {
    insert(&db.store, &[job(Kind::SendSms, "a")]).await;
    let taken = claim(&db.store, Queue::Sms, 1).await.pop().unwrap();
    assert_eq!(taken.earlier_outside_call_at, None);
    let mut tx = db.store.begin().await.unwrap();
    let noted = tx.now();
    jobs::mark_outside_call(&mut tx, &taken.lease).await.unwrap();
    tx.commit().await.unwrap();
    // Its worker dies; the lease runs out.
    let later = noted.plus_ms(60_000);
    let mut tx = db.store.begin().await.unwrap();
    assert_eq!(jobs::reap(&mut tx, later).await.unwrap().released, 1);
    tx.commit().await.unwrap();
    let again = claim_at(&db.store, Queue::Sms, 1, later).await.pop().unwrap();
    assert_eq!(again.earlier_outside_call_at, Some(noted));
    let mut tx = db.store.begin().await.unwrap();
    let late = jobs::mark_outside_call(&mut tx, &taken.lease).await;
    assert!(matches!(late, Err(AckError::LeaseLost(_))));
}

async fn a_savepoint_undoes_one_result_of_a_group(db: TestStore) {
    let good = Errand::start(&db.store).await;
    let bad = Errand::start_another(&db.store).await;
    let claimed = claim(&db.store, Queue::Sms, 2).await;
    let mut tx = db.store.begin().await.unwrap();
    for job in &claimed {
        tx.savepoint().await.unwrap();
        let outcome = if job.instance_id == Some(bad.id) {
            Outcome { name: "flown".to_owned(), data: Value::Null }
        } else {
            sent()
        };
        match jobs::complete(&mut tx, &result(job, outcome)).await {
            Ok(_) => tx.keep().await.unwrap(),
            Err(_) => {
                tx.undo().await.unwrap();
                jobs::bury(&mut tx, &job.lease, "refused").await.unwrap();
            }
        }
    }
    tx.commit().await.unwrap();
    assert_eq!((good.get().await.status.as_str(), good.jobs().await[0].state), ("waiting", State::Done));
    assert_eq!((bad.get().await.status.as_str(), bad.jobs().await[0].state), ("in_progress", State::Dead));
}

async fn a_result_that_nobody_waits_for_is_only_noted(db: TestStore) {
    let errand = Errand::start_asking(&db.store).await;
    errand.act("e1", "finish").await.unwrap();
    let farewell = claim(&db.store, Queue::Email, 1).await.pop().unwrap();
    assert_eq!((farewell.instance_id, farewell.awaited), (Some(errand.id), false));
    let before = errand.history().await;
    let mut tx = db.store.begin().await.unwrap();
    let mut complete = result(&farewell, sent());
    complete.changes.push(Change::InsertJob(job(Kind::SendSms, "kept")));
    assert_eq!(jobs::complete(&mut tx, &complete).await.unwrap(), None);
    tx.commit().await.unwrap();
    assert_eq!(errand.history().await, before);
    assert_eq!(claim(&db.store, Queue::Sms, 1).await[0].key, "kept");
}

async fn many_plain_results_are_one_statement_for_those_who_hold_the_lease(db: TestStore) {
    let errand = Errand::start(&db.store).await;
    insert(&db.store, &[job(Kind::SendEmail, "a"), job(Kind::SendEmail, "b"), job(Kind::SendEmail, "c")])
        .await;
    let plain = claim(&db.store, Queue::Email, 3).await;
    let awaited = claim(&db.store, Queue::Sms, 1).await.pop().unwrap();
    // Another lease's token, which is in the list for another job, opens nothing.
    let swapped = jobs::Lease { token: awaited.lease.token.clone(), ..plain[2].lease.clone() };
    let leases = [plain[0].lease.clone(), plain[1].lease.clone(), swapped, awaited.lease.clone()];
    let mut tx = db.store.begin().await.unwrap();
    let lost = jobs::complete_plain(&mut tx, &leases).await.unwrap();
    tx.commit().await.unwrap();
    // What an instance waits for is not noted without telling it.
    assert_eq!(lost, [plain[2].lease.job_id, awaited.lease.job_id]);
    assert_eq!(errand.jobs().await[0].state, State::Running);
    let mut reader = db.store.read().await.unwrap();
    for (job, state) in plain.iter().zip([State::Done, State::Done, State::Running]) {
        assert_eq!(jobs::get(&mut reader, job.lease.job_id).await.unwrap().unwrap().state, state);
    }
}
