//! However an attempt ends, its job's row says so, and the worker goes on with the next.

use sealflow_core::Timestamp;
use sealflow_jobs::{Config, Done, JobError};
use sealflow_store::jobs::{Kind, State};
use sealflow_tests::{db::TestStore, on_both};
use serde_json::{Value, json};

use super::puppet::{Workers, end_rest, get, insert, quick, wait_for, wait_for_state};
use crate::store::errand::Errand;

on_both!(
    a_panic_counts_as_a_failed_attempt,
    a_time_out_counts_and_the_attempt_is_aborted,
    a_payload_that_cannot_be_read_is_dead,
    a_kind_without_handler_is_dead,
    a_failed_attempt_is_repeated,
    a_vendor_says_when_to_come_again,
    waiting_does_not_count,
    giving_up_is_dead,
    an_unknown_result_is_asked_about_first,
    a_result_that_the_instance_refuses_is_dead_and_spares_the_others,
);

async fn goes_on(workers: &mut Workers, db: &TestStore) {
    let id = insert(&db.store, Kind::SendSms, "afterwards", json!(0)).await;
    let call = workers.call().await;
    assert_eq!(call.id(), id);
    call.done();
    wait_for_state(&db.store, id, State::Done).await;
}

async fn a_panic_counts_as_a_failed_attempt(db: TestStore) {
    let mut workers = Workers::start(&db.store, Config { concurrency: 1, ..quick() });
    let id = insert(&db.store, Kind::SendSms, "a", json!(0)).await;
    workers.call().await.panic();
    let job = wait_for_state(&db.store, id, State::Available).await;
    assert_eq!((job.attempts, job.last_error.as_deref()), (1, Some("panic: the handler panicked")));
    goes_on(&mut workers, &db).await;
    end_rest(&db.store, id).await;
    let call = workers.call().await;
    assert_eq!((call.id(), call.ctx.attempt()), (id, 2));
    call.done();
    wait_for_state(&db.store, id, State::Done).await;
    workers.stop().await;
}

async fn a_time_out_counts_and_the_attempt_is_aborted(db: TestStore) {
    let mut workers = Workers::start(&db.store, Config { concurrency: 1, time_limit_ms: 300, ..quick() });
    let id = insert(&db.store, Kind::SendSms, "a", json!(0)).await;
    workers.call().await.aborted().await;
    let job = wait_for_state(&db.store, id, State::Available).await;
    assert_eq!((job.attempts, job.last_error.as_deref()), (1, Some("timeout: the attempt took too long")));
    assert!(job.run_at > job.created_at);
    goes_on(&mut workers, &db).await;
    workers.stop().await;
}

async fn a_payload_that_cannot_be_read_is_dead(db: TestStore) {
    let mut workers = Workers::start(&db.store, Config { concurrency: 1, ..quick() });
    let secret = json!({"n": "张三的号码", "m": 1});
    let id = insert(&db.store, Kind::SendCode, "a", secret).await;
    let job = wait_for_state(&db.store, id, State::Dead).await;
    assert_eq!(job.attempts, 1);
    let error = job.last_error.unwrap();
    assert!(error.contains("the payload cannot be read") && !error.contains('张'), "{error}");
    let good = insert(&db.store, Kind::SendCode, "b", json!({"n": 1, "m": 1})).await;
    wait_for_state(&db.store, good, State::Done).await;
    goes_on(&mut workers, &db).await;
    workers.stop().await;
}

async fn a_kind_without_handler_is_dead(db: TestStore) {
    let id = insert(&db.store, Kind::SendSms, "a", json!(0)).await;
    let mut tx = db.store.begin().await.unwrap();
    // As a newer version might have inserted it.
    sqlx::query("update jobs set kind = 'send_pigeon'").execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
    let mut workers = Workers::start(&db.store, Config { concurrency: 1, ..quick() });
    let job = wait_for_state(&db.store, id, State::Dead).await;
    assert!(job.last_error.unwrap().contains("send_pigeon"));
    goes_on(&mut workers, &db).await;
    workers.stop().await;
}

async fn a_failed_attempt_is_repeated(db: TestStore) {
    let mut workers = Workers::start(&db.store, quick());
    let id = insert(&db.store, Kind::SendSms, "a", json!(0)).await;
    workers.call().await.finish(Err(JobError::retry(&std::fmt::Error)));
    let job = wait_for_state(&db.store, id, State::Available).await;
    assert_eq!(job.attempts, 1);
    assert!(job.last_error.unwrap().starts_with("retry: "));
    end_rest(&db.store, id).await;
    let call = workers.call().await;
    assert_eq!(call.ctx.attempt(), 2);
    assert_eq!(call.ctx.earlier_outside_call(), None);
    call.done();
    wait_for_state(&db.store, id, State::Done).await;
    workers.stop().await;
}

async fn a_vendor_says_when_to_come_again(db: TestStore) {
    let mut workers = Workers::start(&db.store, quick());
    let id = insert(&db.store, Kind::SendSms, "a", json!(0)).await;
    let call = workers.call().await;
    let later = call.ctx.now().await.unwrap().plus_ms(3_600_000);
    call.finish(Err(JobError::Retry { error: "busy".to_owned(), not_before: Some(later) }));
    let job = wait_for_state(&db.store, id, State::Available).await;
    // It failed, so it counts; and it is taken again, not before and not never.
    assert_eq!((job.attempts, job.run_at), (1, later));
    end_rest(&db.store, id).await;
    let call = workers.call().await;
    assert_eq!(call.ctx.attempt(), 2);
    call.done();
    wait_for_state(&db.store, id, State::Done).await;
    workers.stop().await;
}

async fn waiting_does_not_count(db: TestStore) {
    let mut workers = Workers::start(&db.store, quick());
    let id = insert(&db.store, Kind::SendSms, "a", json!(0)).await;
    let call = workers.call().await;
    let until = call.ctx.now().await.unwrap().plus_ms(86_400_000);
    call.finish(Err(JobError::Wait { until, reason: "the number's limit for today".to_owned() }));
    let job = wait_for_state(&db.store, id, State::Available).await;
    assert_eq!((job.attempts, job.run_at), (0, until));
    workers.stop().await;
}

async fn giving_up_is_dead(db: TestStore) {
    let mut workers = Workers::start(&db.store, quick());
    let id = insert(&db.store, Kind::SendSms, "a", json!(0)).await;
    workers.call().await.finish(Err(JobError::GiveUp { reason: "balance used up".to_owned() }));
    let job = wait_for_state(&db.store, id, State::Dead).await;
    assert_eq!((job.attempts, job.last_error.as_deref()), (1, Some("balance used up")));
    workers.stop().await;
}

async fn an_unknown_result_is_asked_about_first(db: TestStore) {
    let mut workers = Workers::start(&db.store, quick());
    let id = insert(&db.store, Kind::SendSms, "a", json!(0)).await;
    let call = workers.call().await;
    assert_eq!(get(&db.store, id).await.outside_call_at, None);
    call.ctx.before_outside_call().await.unwrap();
    // It is committed before the call goes out.
    let noted: Option<Timestamp> = get(&db.store, id).await.outside_call_at;
    assert!(noted.is_some());
    call.finish(Err(JobError::unknown(&std::fmt::Error)));
    wait_for_state(&db.store, id, State::Available).await;
    end_rest(&db.store, id).await;
    let call = workers.call().await;
    assert_eq!(call.ctx.earlier_outside_call(), noted);
    call.done();
    wait_for_state(&db.store, id, State::Done).await;
    workers.stop().await;
}

async fn a_result_that_the_instance_refuses_is_dead_and_spares_the_others(db: TestStore) {
    let first = Errand::start(&db.store).await;
    let mut errands = vec![first];
    for _ in 0..3 {
        errands.push(Errand::start_another(&db.store).await);
    }
    let mut workers = Workers::start(&db.store, quick());
    let mut calls = Vec::new();
    for _ in 0..4 {
        calls.push(workers.call().await);
    }
    // Together, so that they are written in one transaction or few.
    for call in calls {
        let bad = call.ctx.instance_id() == Some(errands[2].id);
        call.finish(Ok(Done::new(if bad { "flown" } else { "sent" }).with_data(Value::Null)));
    }
    for (n, errand) in errands.iter().enumerate() {
        let id = errand.jobs().await[0].id;
        let job = wait_for(&db.store, id, |job| job.finished_at.is_some()).await;
        let expected = if n == 2 { (State::Dead, "in_progress") } else { (State::Done, "waiting") };
        assert_eq!((job.state, errand.get().await.status.as_str()), expected);
    }
    workers.stop().await;
}
