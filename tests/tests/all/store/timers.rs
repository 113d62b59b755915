//! Timers fire when they are due, once, and not when they were cancelled or set anew.

use std::time::Duration;

use sealflow_store::{Dialect, timers, timers::Timer};
use sealflow_tests::{db::TestStore, on_both};
use serde_json::Value;

use super::errand::{Errand, now};

const HOUR_MS: i64 = 3_600_000;

on_both!(
    nothing_is_due_too_early,
    a_repeating_timer_comes_again_and_ends,
    a_timer_fired_twice_happens_once,
    a_cancelled_timer_does_nothing,
    an_interrupting_timer_leads_on,
    a_timer_that_cannot_be_fired_is_put_off,
    processes_share_the_timers_that_are_due,
);

async fn due(db: &TestStore, hours: i64) -> Vec<Timer> {
    let now = now(&db.store).await.plus_ms(hours * HOUR_MS + 1_000);
    timers::due(&mut db.store.read().await.unwrap(), now, 100).await.unwrap()
}

async fn fire(db: &TestStore, timer: &Timer) -> sealflow_store::Submitted {
    let mut tx = db.store.begin().await.unwrap();
    let fired = timers::fire_at(&mut tx, timer, timer.due_at).await.unwrap();
    tx.commit().await.unwrap();
    fired
}

async fn nothing_is_due_too_early(db: TestStore) {
    let errand = Errand::start_asking(&db.store).await;
    let all = timers::of_instance(&mut db.store.read().await.unwrap(), errand.id).await.unwrap();
    assert_eq!(all.len(), 2);
    assert!(all[0].due_at < all[1].due_at);
    assert!(due(&db, 0).await.is_empty());
    assert_eq!(due(&db, 1).await, all[..1]);
    assert_eq!(due(&db, 3).await, all);
}

async fn a_repeating_timer_comes_again_and_ends(db: TestStore) {
    let errand = Errand::start_asking(&db.store).await;
    let first = due(&db, 1).await.remove(0);
    fire(&db, &first).await;
    let second = due(&db, 2).await.remove(0);
    assert_eq!(second.key, first.key);
    assert!(second.generation > first.generation && second.due_at > first.due_at);
    fire(&db, &second).await;
    assert_eq!(errand.get().await.state.data("notes"), Some(&Value::from(2)));
    assert!(due(&db, 2).await.is_empty());
}

async fn a_timer_fired_twice_happens_once(db: TestStore) {
    let errand = Errand::start_asking(&db.store).await;
    let timer = due(&db, 1).await.remove(0);
    let (first, second) = (fire(&db, &timer).await, fire(&db, &timer).await);
    assert!(!first.duplicate && second.duplicate);
    assert_eq!(errand.get().await.state.data("notes"), Some(&Value::from(1)));
    assert_eq!(errand.get().await.seq, first.seq);
    // The next one of the same key is still set.
    assert_eq!(due(&db, 2).await.len(), 1);
}

async fn a_cancelled_timer_does_nothing(db: TestStore) {
    let errand = Errand::start_asking(&db.store).await;
    let timer = due(&db, 3).await.pop().unwrap();
    errand.act("e1", "again").await.unwrap();
    assert!(due(&db, 3).await.is_empty());
    let late = fire(&db, &timer).await;
    assert!(late.ignored);
    assert_eq!(errand.get().await.status, "in_progress");
}

async fn an_interrupting_timer_leads_on(db: TestStore) {
    let errand = Errand::start_asking(&db.store).await;
    let window = due(&db, 3).await.pop().unwrap();
    assert_eq!(fire(&db, &window).await.status, "expired");
    assert_eq!(errand.history().await.last().unwrap().event.at, window.due_at);
    assert!(due(&db, 100).await.is_empty());
}

async fn a_timer_that_cannot_be_fired_is_put_off(db: TestStore) {
    Errand::start_asking(&db.store).await;
    let timer = due(&db, 1).await.remove(0);
    let mut tx = db.store.begin().await.unwrap();
    timers::put_off(&mut tx, &timer, "the definition cannot be read").await.unwrap();
    tx.commit().await.unwrap();
    let found = due(&db, 1).await.remove(0);
    assert_eq!((found.tries, found.last_error.as_deref()), (1, Some("the definition cannot be read")));
    assert_eq!(found.due_at, timer.due_at);
}

async fn processes_share_the_timers_that_are_due(db: TestStore) {
    let first = Errand::start_asking(&db.store).await;
    let second = Errand::start_another(&db.store).await;
    second.work().await;
    let later = now(&db.store).await.plus_ms(HOUR_MS + 1_000);
    let mut tx = db.store.begin().await.unwrap();
    let mine = timers::take_due(&mut tx, later, 1).await.unwrap();
    assert_eq!(mine.len(), 1);
    // SQLite has one writer.
    if db.store.dialect() == Dialect::Postgres {
        let mut other = db.store.begin().await.unwrap();
        let looking = timers::take_due(&mut other, later, 10);
        let theirs = tokio::time::timeout(Duration::from_secs(20), looking).await.unwrap().unwrap();
        assert_eq!(theirs.len(), 1);
        assert_ne!(theirs[0].instance_id, mine[0].instance_id);
        other.rollback().await.unwrap();
    }
    assert!(timers::fire_many(&mut tx, &mine).await.unwrap().iter().all(Result::is_ok));
    tx.commit().await.unwrap();
    let mut tx = db.store.begin().await.unwrap();
    let rest = timers::take_due(&mut tx, later, 10).await.unwrap();
    assert_eq!(rest.len(), 1);
    assert!(
        [first.id, second.id].contains(&rest[0].instance_id) && rest[0].instance_id != mine[0].instance_id
    );
}
