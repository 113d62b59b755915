//! Events that are written together are as if written one after the other.

use std::time::Duration;

use sealflow_core::{Rejection, ids::InstanceId};
use sealflow_store::{
    Dialect, instances,
    instances::{Desk, wait_until_ended},
    jobs::{self, Filter, Kind, NewJob},
    submit,
    submit::Error,
};
use sealflow_tests::{db::TestStore, on_both};
use serde_json::Value;
use uuid::Uuid;

use super::errand::{Errand, action, new_errand, publish};

on_both!(
    a_refused_event_leaves_the_others,
    events_of_one_instance_apply_in_their_order,
    a_second_delivery_in_a_batch_is_one_event,
    a_desk_tells_each_caller_what_came_of_his_own,
    who_waits_for_an_end_is_told,
    jobs_that_come_together_are_each_there_once,
    a_start_that_loses_a_race_writes_nothing,
);

async fn another_asking(errand: &Errand) -> Errand {
    let another = Errand::start_another(&errand.store).await;
    another.work().await;
    another
}

async fn a_refused_event_leaves_the_others(db: TestStore) {
    let first = Errand::start_asking(&db.store).await;
    let (second, third) = (another_asking(&first).await, another_asking(&first).await);
    let before = (first.get().await.seq, second.history().await, third.get().await.seq);
    let nobody = InstanceId::from_uuid(Uuid::now_v7());
    let mut tx = db.store.begin().await.unwrap();
    let events = vec![
        (first.id, action(first.clerk, "e", "note")),
        (second.id, action(second.clerk, "e", "dance")),
        (nobody, action(first.clerk, "e", "note")),
        (third.id, action(third.clerk, "e", "again")),
    ];
    let submitted = submit::submit_many(&mut tx, events).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(submitted[0].as_ref().unwrap().seq, before.0 + 1);
    assert!(matches!(&submitted[1], Err(Error::Rejected(Rejection::UnknownActionHere { .. }))));
    assert!(matches!(&submitted[2], Err(Error::UnknownInstance(id)) if *id == nobody));
    assert_eq!(submitted[3].as_ref().unwrap().effects.started_jobs, ["work/1"]);
    assert_eq!(first.get().await.seq, before.0 + 1);
    assert_eq!(second.history().await, before.1);
    assert_eq!((third.get().await.seq, third.jobs().await.len()), (before.2 + 1, 2));
}

async fn events_of_one_instance_apply_in_their_order(db: TestStore) {
    let errand = Errand::start_asking(&db.store).await;
    let before = errand.get().await.seq;
    let mut tx = db.store.begin().await.unwrap();
    let events = [("a", "note"), ("b", "again"), ("c", "note"), ("d", "withdraw")];
    let events = events.map(|(id, name)| (errand.id, action(errand.clerk, id, name)));
    let submitted = submit::submit_many(&mut tx, events.into()).await.unwrap();
    tx.commit().await.unwrap();
    // At work again there is nothing to note; and who withdraws drops the job that was never seen.
    assert!(matches!(&submitted[2], Err(Error::Rejected(_))));
    let seqs: Vec<u64> = [0, 1, 3].map(|n: usize| submitted[n].as_ref().unwrap().seq).into_iter().collect();
    assert_eq!(seqs, [before + 1, before + 2, before + 3]);
    let ids: Vec<String> = errand.history().await.into_iter().map(|entry| entry.event.id.0).collect();
    assert_eq!(ids[usize::try_from(before).unwrap()..], ["a", "b", "d"]);
    let instance = errand.get().await;
    assert_eq!((instance.status.as_str(), instance.state.data("notes")), ("broken", Some(&1.into())));
    let states: Vec<_> = errand.jobs().await.into_iter().map(|job| job.state.as_str()).collect();
    assert_eq!((states.len(), states.contains(&"cancelled")), (2, true));
}

async fn a_second_delivery_in_a_batch_is_one_event(db: TestStore) {
    let errand = Errand::start_asking(&db.store).await;
    let before = errand.get().await.seq;
    let mut tx = db.store.begin().await.unwrap();
    let events = ["note", "note", "again"].map(|name| (errand.id, action(errand.clerk, "e", name)));
    let submitted = submit::submit_many(&mut tx, events.into()).await.unwrap();
    tx.commit().await.unwrap();
    let (first, second) = (submitted[0].as_ref().unwrap(), submitted[1].as_ref().unwrap());
    assert!(!first.duplicate && second.duplicate && first.seq == second.seq);
    assert!(matches!(&submitted[2], Err(Error::EventIdReused(id)) if id == "e"));
    assert_eq!(errand.get().await.seq, before + 1);
}

async fn a_desk_tells_each_caller_what_came_of_his_own(db: TestStore) {
    publish(&db.store).await;
    let desk = Desk::open(&db.store);
    let callers = (0..24).map(|n| {
        let desk = desk.clone();
        tokio::spawn(async move {
            let mut new = new_errand();
            if n % 3 == 0 {
                new.definition.0 = "0".repeat(64);
                let refused = desk.start(new).await;
                assert!(matches!(refused, Err(Error::UnknownDefinition(_))));
                return;
            }
            let first = desk.start(new.clone()).await.unwrap();
            // The same call again, as after a lost answer.
            let second = desk.start(new.clone()).await.unwrap();
            assert_eq!((first.duplicate, second.duplicate, second.seq), (false, true, 1));
            let other = action(sealflow_core::ids::PersonId::from_uuid(Uuid::now_v7()), "w", "withdraw");
            assert!(matches!(desk.submit(new.id, other).await, Err(Error::Rejected(_))));
        })
    });
    for caller in callers.collect::<Vec<_>>() {
        caller.await.unwrap();
    }
}

async fn who_waits_for_an_end_is_told(db: TestStore) {
    let errand = Errand::start_asking(&db.store).await;
    let not_yet = wait_until_ended(&db.store, errand.id, Duration::ZERO).await.unwrap().unwrap();
    assert_eq!(not_yet.finished_at, None);
    let waiting = {
        let errand = errand.clone();
        tokio::spawn(async move {
            wait_until_ended(&errand.store, errand.id, Duration::from_secs(20)).await.unwrap().unwrap()
        })
    };
    errand.act("w", "withdraw").await.unwrap();
    assert!(waiting.await.unwrap().finished_at.is_some());
    let nobody = InstanceId::from_uuid(Uuid::now_v7());
    assert!(wait_until_ended(&db.store, nobody, Duration::from_secs(20)).await.unwrap().is_none());
}

fn job(key: &str) -> NewJob {
    NewJob { kind: Kind::SendEmail, key: key.to_owned(), payload: Value::Null, run_at: None }
}

async fn jobs_that_come_together_are_each_there_once(db: TestStore) {
    let desk = Desk::open(&db.store);
    let callers: Vec<_> = (0..24)
        .map(|n| {
            let desk = desk.clone();
            tokio::spawn(async move { desk.enqueue(job(&format!("job/{}", n % 8))).await.unwrap() })
        })
        .collect();
    let mut ids = Vec::new();
    for caller in callers {
        ids.push(caller.await.unwrap());
    }
    for (n, id) in ids.iter().enumerate() {
        assert_eq!(*id, ids[n % 8], "a key is one job");
    }
    let mut tx = db.store.begin().await.unwrap();
    let more = jobs::insert_all(&mut tx, &[&job("new"), &job("job/3"), &job("new")]).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!((more[1], more[0]), (ids[3], more[2]));
    let all = jobs::list(&mut db.store.read().await.unwrap(), &Filter::default(), 1, 100).await.unwrap();
    assert_eq!(all.total, 9);
    assert!(all.items.iter().any(|job| job.id == more[0]));
}

/// The loser learns of the winner's row only when it writes; what it worked out is not there then.
async fn a_start_that_loses_a_race_writes_nothing(db: TestStore) {
    publish(&db.store).await;
    if db.store.dialect() == Dialect::Sqlite {
        // One writer: nobody can lose.
        return;
    }
    let new = new_errand();
    let mut winner = db.store.begin().await.unwrap();
    instances::start(&mut winner, &new).await.unwrap();
    let loser = {
        let (store, new) = (db.store.clone(), new.clone());
        tokio::spawn(async move {
            let mut tx = store.begin().await.unwrap();
            let submitted = instances::start(&mut tx, &new).await.unwrap();
            tx.commit().await.unwrap();
            submitted
        })
    };
    until_blocked(&db).await;
    winner.commit().await.unwrap();
    assert!(loser.await.unwrap().duplicate);
    let history = instances::history::list(&mut db.store.read().await.unwrap(), new.id, 0, 10).await.unwrap();
    assert_eq!(history.len(), 1);
    let jobs = jobs::of_instance(&mut db.store.read().await.unwrap(), new.id).await.unwrap();
    assert_eq!(jobs.len(), 1);
}

/// Returns when a transaction of this database waits for another.
pub(super) async fn until_blocked(db: &TestStore) {
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    loop {
        let blocked: i64 = sqlx::query_scalar(
            "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
        )
        .fetch_one(&mut *db.store.read().await.unwrap())
        .await
        .unwrap();
        if blocked > 0 {
            return;
        }
        assert!(std::time::Instant::now() < deadline, "nobody waits for the winner");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
