//! A tick starts one job, whoever looks at the clock, however often, and whatever the clock does.

use sealflow_core::Timestamp;
use sealflow_jobs::cron::{self, Schedule};
use sealflow_store::{
    Store,
    jobs::{self, Filter, Kind},
    schedules,
};
use sealflow_tests::{db::TestStore, on_both};
use serde_json::json;

use super::errand::now;

on_both!(
    processes_that_look_together_start_one_job,
    ticks_that_were_missed_are_caught_up_as_the_rule_says,
    a_clock_that_jumps_takes_no_tick_twice,
    a_paused_schedule_does_not_catch_up,
    changed_settings_begin_anew_and_unchanged_ones_go_on,
    a_schedule_is_started_by_hand,
    a_schedule_of_another_version_waits_for_it,
);

const HOUR_MS: i64 = 3_600_000;

fn hourly(name: &str, catch_up: &str) -> Schedule {
    Schedule::new(name, ("0 0 * * * *", "Asia/Shanghai"), catch_up, ("send_email", json!({}))).unwrap()
}

/// Writes the schedules as of half past the hour before the present one, and tells that time.
async fn configured(store: &Store, schedules: &[Schedule]) -> Timestamp {
    let hour = now(store).await.as_ms() / HOUR_MS;
    let at = Timestamp(hour * HOUR_MS - HOUR_MS / 2);
    configure_at(store, schedules, at).await;
    at
}

async fn configure_at(store: &Store, schedules: &[Schedule], at: Timestamp) {
    let mut tx = store.begin().await.unwrap();
    cron::configure(&mut tx, schedules, at).await.unwrap();
    tx.commit().await.unwrap();
}

async fn tick(store: &Store, at: Timestamp) -> usize {
    let mut tx = store.begin().await.unwrap();
    let started = cron::tick(&mut tx, at).await.unwrap();
    tx.commit().await.unwrap();
    started
}

async fn count(store: &Store) -> u64 {
    jobs::list(&mut store.read().await.unwrap(), &Filter::default(), 1, 1).await.unwrap().total
}

async fn processes_that_look_together_start_one_job(db: TestStore) {
    let start = configured(&db.store, &[hourly("report", "once")]).await;
    assert_eq!(tick(&db.store, start.plus_ms(HOUR_MS / 2 - 1)).await, 0);
    let at = start.plus_ms(HOUR_MS / 2);
    let mut looking = Vec::new();
    for _ in 0..4 {
        let store = db.reopen().await.unwrap();
        looking.push(tokio::spawn(async move { tick(&store, at).await }));
    }
    let mut started = 0;
    for look in looking {
        started += look.await.unwrap();
    }
    assert_eq!((started, count(&db.store).await), (1, 1));
    assert_eq!(tick(&db.store, at.plus_ms(5)).await, 0);
    let rows = schedules::list(&mut db.store.read().await.unwrap()).await.unwrap();
    assert_eq!((rows[0].last_tick_at, rows[0].next_tick_at), (at, Some(at.plus_ms(HOUR_MS))));
    let job =
        &jobs::list(&mut db.store.read().await.unwrap(), &Filter::default(), 1, 1).await.unwrap().items[0];
    assert_eq!(job.key, format!("schedule:report:{}", at.as_ms()));
}

async fn ticks_that_were_missed_are_caught_up_as_the_rule_says(db: TestStore) {
    let rules = [("skip", 0), ("once", 1), ("all/2", 2), ("all/100", 3)];
    for (rule, expected) in rules {
        let name = format!("s_{}", rule.replace('/', "_"));
        let start = configured(&db.store, &[hourly(&name, rule)]).await;
        let before = count(&db.store).await;
        // Three ticks, the last twenty minutes ago.
        let back = start.plus_ms(HOUR_MS / 2 + 2 * HOUR_MS + 20 * 60_000);
        tick(&db.store, back).await;
        assert_eq!(count(&db.store).await - before, expected, "{rule}");
        tick(&db.store, back.plus_ms(1_000)).await;
        assert_eq!(count(&db.store).await - before, expected, "{rule}, looked at again");
        // From then on it goes on as ever.
        assert_eq!(tick(&db.store, back.plus_ms(40 * 60_000)).await, 1, "{rule}");
    }
}

async fn a_clock_that_jumps_takes_no_tick_twice(db: TestStore) {
    let start = configured(&db.store, &[hourly("report", "all/100")]).await;
    let first = start.plus_ms(HOUR_MS / 2);
    tick(&db.store, first).await;
    // Two hours ahead: two more ticks.
    tick(&db.store, first.plus_ms(2 * HOUR_MS)).await;
    assert_eq!(count(&db.store).await, 3);
    // Back again, and through the same hours as they really pass.
    for minutes in (1..=120).step_by(7) {
        tick(&db.store, first.plus_ms(minutes * 60_000)).await;
    }
    tick(&db.store, first.plus_ms(2 * HOUR_MS + 60_000)).await;
    assert_eq!(count(&db.store).await, 3);
    // A clock that was years ahead for a moment stops nothing.
    tick(&db.store, first.plus_ms(9_000 * HOUR_MS)).await;
    let caught_up = count(&db.store).await;
    tick(&db.store, first.plus_ms(2 * HOUR_MS + 120_000)).await;
    tick(&db.store, first.plus_ms(3 * HOUR_MS + 100)).await;
    assert_eq!(count(&db.store).await, caught_up + 1);
}

async fn a_paused_schedule_does_not_catch_up(db: TestStore) {
    // Its ticks lie years back, as if it had been paused since.
    let long_ago = now(&db.store).await.plus_ms(-900 * HOUR_MS);
    configure_at(&db.store, &[hourly("report", "all/100")], long_ago).await;
    let pause = async |paused| {
        let mut tx = db.store.begin().await.unwrap();
        assert!(schedules::set_paused(&mut tx, "report", paused).await.unwrap());
        assert!(!schedules::set_paused(&mut tx, "no such", paused).await.unwrap());
        let now = tx.now();
        tx.commit().await.unwrap();
        now
    };
    let paused_at = pause(true).await;
    assert_eq!(tick(&db.store, paused_at).await, 0);
    let resumed_at = pause(false).await;
    assert_eq!(tick(&db.store, resumed_at).await, 0);
    let rows = schedules::list(&mut db.store.read().await.unwrap()).await.unwrap();
    let next = rows[0].next_tick_at.unwrap();
    assert!(next > resumed_at && next <= resumed_at.plus_ms(HOUR_MS));
    assert_eq!(tick(&db.store, next).await, 1);
}

async fn changed_settings_begin_anew_and_unchanged_ones_go_on(db: TestStore) {
    let start =
        configured(&db.store, &[hourly("a", "all/100"), hourly("b", "all/100"), hourly("c", "once")]).await;
    let daily = Schedule::new("b", ("0 0 0 * * *", "UTC"), "all/9", ("send_email", json!({}))).unwrap();
    // Down for three hours, then started with other settings.
    let back = start.plus_ms(3 * HOUR_MS);
    configure_at(&db.store, &[hourly("a", "once"), daily], back).await;
    let rows = schedules::list(&mut db.store.read().await.unwrap()).await.unwrap();
    let names: Vec<_> = rows.iter().map(|row| (row.name.as_str(), row.last_tick_at)).collect();
    assert_eq!(names, [("a", start), ("b", back)]);
    // Of the three missed ticks one is made up for, by the new rule; the changed one promised none of them.
    assert_eq!(tick(&db.store, back).await, 1);
}

async fn a_schedule_is_started_by_hand(db: TestStore) {
    configured(&db.store, &[hourly("report", "skip")]).await;
    let before = schedules::list(&mut db.store.read().await.unwrap()).await.unwrap();
    let mut tx = db.store.begin().await.unwrap();
    let id = schedules::run_now(&mut tx, "report").await.unwrap().unwrap();
    assert_eq!(schedules::run_now(&mut tx, "no such").await.unwrap(), None);
    tx.commit().await.unwrap();
    let job = jobs::get(&mut db.store.read().await.unwrap(), id).await.unwrap().unwrap();
    assert_eq!(job.kind, Kind::SendEmail.as_str());
    assert_eq!(schedules::list(&mut db.store.read().await.unwrap()).await.unwrap(), before);
}

async fn a_schedule_of_another_version_waits_for_it(db: TestStore) {
    let start = configured(&db.store, &[hourly("report", "once"), hourly("other", "once")]).await;
    let mut tx = db.store.begin().await.unwrap();
    sqlx::query("update schedules set kind = 'send_pigeon' where name = 'other'")
        .execute(tx.conn())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(tick(&db.store, start.plus_ms(HOUR_MS / 2)).await, 1);
    let rows = schedules::list(&mut db.store.read().await.unwrap()).await.unwrap();
    let other = rows.iter().find(|row| row.name == "other").unwrap();
    assert_eq!(other.last_tick_at, start, "its tick is left for the version that knows it");
}
