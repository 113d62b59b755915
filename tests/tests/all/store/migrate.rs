//! Instances go to another version as an event of their history, each wholly or not at all.

use sealflow_core::{Definition, EventKind, load, migrate::StateMap};
use sealflow_store::{
    Store, definitions,
    instances::migrate::{Migrated, Run, migrate, running},
};
use sealflow_tests::{db::TestStore, on_both};

use super::errand::{Errand, definition};

on_both!(
    a_dry_run_changes_nothing_and_a_real_one_once,
    who_stands_elsewhere_stays_with_a_reason,
    a_moved_instance_goes_on_under_the_new_definition,
);

/// Version 2: `asking` is called `deciding`, and has one more timer.
async fn second(store: &Store) -> Definition {
    let source = include_str!("errand.yaml")
        .replace("version: 1", "version: 2")
        .replace("asking", "deciding")
        .replace("      window:", "      late: {after: PT9H, to: expired}\n      window:")
        .replace("work/{rounds}", "errand/{rounds}");
    let definition = load(&source, "errand.yaml").unwrap().definition;
    let mut tx = store.begin().await.unwrap();
    definitions::publish(&mut tx, &definition, &source).await.unwrap();
    tx.commit().await.unwrap();
    definition
}

fn map() -> StateMap {
    StateMap::read("states: {asking: deciding}", "map.yaml").unwrap()
}

async fn go(errand: &Errand, to: &Definition, map: &StateMap, run: Run) -> Migrated {
    let mut tx = errand.store.begin().await.unwrap();
    let migrated = migrate(&mut tx, errand.id, to, map, run).await.unwrap();
    tx.commit().await.unwrap();
    migrated
}

async fn a_dry_run_changes_nothing_and_a_real_one_once(db: TestStore) {
    let errand = Errand::start_asking(&db.store).await;
    let to = second(&db.store).await;
    let before = errand.get().await;
    assert_eq!(go(&errand, &to, &map(), Run::Dry).await, Migrated::Moved);
    let after = errand.get().await;
    assert_eq!((&after.state, after.seq, &after.definition), (&before.state, before.seq, &before.definition));

    let found = async || running(&mut db.store.read().await.unwrap(), "errand", 1, &to, None).await.unwrap();
    assert_eq!(found().await, [errand.id]);
    assert_eq!(go(&errand, &to, &map(), Run::Real).await, Migrated::Moved);
    let moved = errand.get().await;
    assert_eq!(
        (&moved.definition, moved.seq, moved.state.at().to_string().as_str()),
        (to.hash(), before.seq + 1, "deciding")
    );
    assert!(matches!(errand.history().await.last().unwrap().event.kind, EventKind::Migrated { .. }));
    assert!(found().await.is_empty());
    assert_eq!(go(&errand, &to, &map(), Run::Real).await, Migrated::AlreadyThere);
    assert_eq!(errand.get().await.seq, moved.seq);
}

async fn who_stands_elsewhere_stays_with_a_reason(db: TestStore) {
    let asking = Errand::start_asking(&db.store).await;
    let working = Errand::start_another(&db.store).await;
    let to = second(&db.store).await;
    for (errand, map, code) in
        [(&asking, &StateMap::default(), "no_counterpart"), (&working, &map(), "other_job")]
    {
        let before = errand.get().await;
        let Migrated::Not(reasons) = go(errand, &to, map, Run::Real).await else { panic!("it was moved") };
        assert_eq!(reasons.iter().map(|reason| reason.code).collect::<Vec<_>>(), [code]);
        let after = errand.get().await;
        assert_eq!((after.seq, after.state, after.definition), (before.seq, before.state, before.definition));
    }
    assert_eq!(definition().0.name(), to.name());
}

async fn a_moved_instance_goes_on_under_the_new_definition(db: TestStore) {
    let errand = Errand::start_asking(&db.store).await;
    let task = async || {
        sealflow_store::tasks::of_instance(&mut db.store.read().await.unwrap(), errand.id).await.unwrap()
    };
    let timers = async || {
        let timers = sealflow_store::timers::of_instance(&mut db.store.read().await.unwrap(), errand.id)
            .await
            .unwrap();
        timers.into_iter().map(|timer| (timer.key, timer.due_at)).collect::<Vec<_>>()
    };
    let (task_before, timers_before) = (task().await, timers().await);
    let to = second(&db.store).await;
    go(&errand, &to, &map(), Run::Real).await;
    assert_eq!(task().await, task_before, "the person's task is the same");
    let now = timers().await;
    assert_eq!(now.len(), 3);
    for (key, due_at) in timers_before {
        let renamed = key.replace("asking", "deciding");
        assert!(now.contains(&(renamed, due_at)), "{key} keeps its time: {now:?}");
    }
    errand.act("e9", "finish").await.unwrap();
    assert_eq!(errand.get().await.status, "completed");
    assert!(timers().await.is_empty());
}
