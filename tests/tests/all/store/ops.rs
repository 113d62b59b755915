//! What operators see and do.

use sealflow_store::{
    instances,
    jobs::{self, Filter, Kind, Queue, RetryDeadError, State},
};
use sealflow_tests::{db::TestStore, on_both};

use super::{
    errand::{Errand, claim, now, result, sent},
    jobs::{insert, job},
};

on_both!(
    queues_are_counted,
    a_dead_job_is_tried_again_with_all_its_attempts,
    jobs_are_listed_by_page_and_filter,
    instances_are_listed_by_page_and_filter,
    long_finished_jobs_are_thrown_away_and_dead_ones_kept,
);

async fn queues_are_counted(db: TestStore) {
    let start = now(&db.store).await;
    let mut later = job(Kind::SendEmail, "later");
    later.run_at = Some(start.plus_ms(3_600_000));
    insert(&db.store, &[job(Kind::SendSms, "a"), job(Kind::SendSms, "b"), job(Kind::SendSms, "c"), later])
        .await;
    let taken = claim(&db.store, Queue::Sms, 2).await;
    let mut tx = db.store.begin().await.unwrap();
    jobs::bury(&mut tx, &taken[0].lease, "no").await.unwrap();
    jobs::pause(&mut tx, Queue::Email).await.unwrap();
    tx.commit().await.unwrap();
    let stats = jobs::queue_stats(&mut db.store.read().await.unwrap(), start.plus_ms(60_000)).await.unwrap();
    let names: Vec<Queue> = stats.iter().map(|queue| queue.queue).collect();
    assert_eq!(names, [Queue::Sms, Queue::Email, Queue::Pdf, Queue::Upkeep]);
    let sms = &stats[0];
    assert_eq!((sms.depth, sms.running, sms.dead, sms.paused), (1, 1, 1, false));
    assert!(sms.oldest_age_ms.is_some_and(|age| (50_000..=60_000).contains(&age)), "{sms:?}");
    let email = &stats[1];
    assert_eq!((email.depth, email.scheduled, email.paused, email.oldest_age_ms), (0, 1, true, None));
}

async fn a_dead_job_is_tried_again_with_all_its_attempts(db: TestStore) {
    insert(&db.store, &[job(Kind::SendSms, "a")]).await;
    let taken = claim(&db.store, Queue::Sms, 1).await.pop().unwrap();
    let id = taken.lease.job_id;
    let mut tx = db.store.begin().await.unwrap();
    let refused = jobs::retry_dead(&mut tx, id).await;
    assert!(matches!(refused, Err(RetryDeadError::NotDead { state: State::Running, .. })));
    jobs::mark_outside_call(&mut tx, &taken.lease).await.unwrap();
    jobs::bury(&mut tx, &taken.lease, "balance used up").await.unwrap();
    jobs::retry_dead(&mut tx, id).await.unwrap();
    assert!(matches!(jobs::retry_dead(&mut tx, id).await, Err(RetryDeadError::NotDead { .. })));
    tx.commit().await.unwrap();
    let again = claim(&db.store, Queue::Sms, 1).await.pop().unwrap();
    assert_eq!((again.lease.job_id, again.attempt), (id, 1));
    assert!(again.earlier_outside_call_at.is_some());
}

async fn jobs_are_listed_by_page_and_filter(db: TestStore) {
    let errand = Errand::start_asking(&db.store).await;
    insert(&db.store, &[job(Kind::SendEmail, "a"), job(Kind::SendEmail, "b"), job(Kind::SendSms, "c")]).await;
    let mut reader = db.store.read().await.unwrap();
    let everything = jobs::list(&mut reader, &Filter::default(), 1, 3).await.unwrap();
    assert_eq!((everything.items.len(), everything.total), (3, 4));
    let rest = jobs::list(&mut reader, &Filter::default(), 2, 3).await.unwrap();
    assert_eq!(rest.items.len(), 1);
    assert!(!everything.items.contains(&rest.items[0]));
    let email = Filter { queue: Some(Queue::Email), ..Filter::default() };
    assert_eq!(jobs::list(&mut reader, &email, 1, 10).await.unwrap().total, 2);
    let done = Filter { state: Some(State::Done), ..Filter::default() };
    assert_eq!(jobs::list(&mut reader, &done, 1, 10).await.unwrap().items[0].instance_id, Some(errand.id));
    let of_errand = Filter { instance_id: Some(errand.id), ..Filter::default() };
    assert_eq!(jobs::list(&mut reader, &of_errand, 1, 10).await.unwrap().total, 1);
}

async fn instances_are_listed_by_page_and_filter(db: TestStore) {
    let first = Errand::start_asking(&db.store).await;
    let second = Errand::start_another(&db.store).await;
    let mut reader = db.store.read().await.unwrap();
    let all = instances::list(&mut reader, &instances::Filter::default(), 1, 10).await.unwrap();
    let ids: Vec<_> = all.items.iter().map(|instance| instance.id).collect();
    assert_eq!((ids, all.total), (vec![second.id, first.id], 2));
    assert_eq!((all.items[0].definition_name.as_str(), all.items[0].definition_version), ("errand", 1));
    let waiting = instances::Filter { status: Some("waiting".to_owned()), id: None };
    assert_eq!(instances::list(&mut reader, &waiting, 1, 10).await.unwrap().items[0].id, first.id);
    let by_subject = instances::Filter { status: None, id: Some(second.id.to_string()) };
    assert_eq!(instances::list(&mut reader, &by_subject, 1, 10).await.unwrap().total, 1);
}

async fn long_finished_jobs_are_thrown_away_and_dead_ones_kept(db: TestStore) {
    insert(&db.store, &[job(Kind::SendSms, "done"), job(Kind::SendSms, "dead"), job(Kind::SendSms, "open")])
        .await;
    let taken = claim(&db.store, Queue::Sms, 2).await;
    let mut tx = db.store.begin().await.unwrap();
    jobs::complete(&mut tx, &result(&taken[0], sent())).await.unwrap();
    jobs::bury(&mut tx, &taken[1].lease, "no").await.unwrap();
    let finished = tx.now();
    tx.commit().await.unwrap();
    let mut tx = db.store.begin().await.unwrap();
    assert_eq!(jobs::delete_finished(&mut tx, finished, 100).await.unwrap(), 0);
    assert_eq!(jobs::delete_finished(&mut tx, finished.plus_ms(1), 100).await.unwrap(), 1);
    let left = jobs::list(tx.conn(), &Filter::default(), 1, 10).await.unwrap();
    assert_eq!(left.total, 2);
}
