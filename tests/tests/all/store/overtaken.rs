//! An event that comes alone to a desk is worked out without a lock: one that is overtaken then is as if it had waited for
//! it. Only on PostgreSQL: SQLite has one writer, whom nobody overtakes.

use sealflow_core::Rejection;
use sealflow_store::{
    Submitted, Tx,
    instances::{self, Desk, history},
    jobs, submit,
};
use sealflow_tests::db::{Engine, TestStore};
use tokio::task::JoinHandle;

use super::{
    batch::until_blocked,
    errand::{Errand, action, new_errand, publish},
};

type Submitting = JoinHandle<Result<Submitted, submit::Error>>;

/// An errand with an event that is written and not committed, while the desk has another one.
async fn race(db: &TestStore, first: [&str; 2], second: [&str; 2]) -> (Errand, Tx, Submitting) {
    let errand = Errand::start_asking(&db.store).await;
    let mut winner = db.store.begin().await.unwrap();
    errand.act_in(&mut winner, first[0], first[1]).await.unwrap();
    let event = action(errand.clerk, second[0], second[1]);
    let (desk, id) = (Desk::open(&db.store), errand.id);
    let loser = tokio::spawn(async move { desk.submit(id, event).await });
    until_blocked(db).await;
    (errand, winner, loser)
}

async fn event_ids(errand: &Errand) -> Vec<String> {
    errand.history().await.into_iter().skip(2).map(|entry| entry.event.id.0).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn both_events_are_applied_once_in_the_order_of_their_commits() {
    let db = TestStore::new(Engine::Postgres).await.unwrap();
    let (errand, winner, loser) = race(&db, ["a", "note"], ["b", "again"]).await;
    winner.commit().await.unwrap();
    let submitted = loser.await.unwrap().unwrap();
    assert_eq!((submitted.seq, submitted.duplicate), (4, false));
    assert_eq!(event_ids(&errand).await, ["a", "b"]);
    let instance = errand.get().await;
    // The note is not undone by a state that was worked out before it.
    assert_eq!((instance.seq, instance.state.data("notes")), (4, Some(&1.into())));
    assert_eq!(errand.jobs().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_event_is_applied_once_and_the_later_one_hears_so() {
    let db = TestStore::new(Engine::Postgres).await.unwrap();
    let (errand, winner, loser) = race(&db, ["a", "again"], ["a", "again"]).await;
    winner.commit().await.unwrap();
    let submitted = loser.await.unwrap().unwrap();
    assert_eq!((submitted.seq, submitted.duplicate), (3, true));
    assert_eq!(event_ids(&errand).await, ["a"]);
    assert_eq!(errand.jobs().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_winner_makes_impossible_is_refused() {
    let db = TestStore::new(Engine::Postgres).await.unwrap();
    let (errand, winner, loser) = race(&db, ["a", "withdraw"], ["b", "again"]).await;
    winner.commit().await.unwrap();
    assert!(matches!(loser.await.unwrap(), Err(submit::Error::Rejected(Rejection::Finished))));
    assert_eq!(event_ids(&errand).await, ["a"]);
    assert_eq!((errand.get().await.status.as_str(), errand.jobs().await.len()), ("broken", 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_winner_that_gives_up_overtakes_nobody() {
    let db = TestStore::new(Engine::Postgres).await.unwrap();
    let (errand, winner, loser) = race(&db, ["a", "withdraw"], ["b", "again"]).await;
    winner.rollback().await.unwrap();
    assert_eq!(loser.await.unwrap().unwrap().seq, 3);
    assert_eq!(event_ids(&errand).await, ["b"]);
    assert_eq!(errand.get().await.status, "in_progress");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_is_overtaken_is_the_winners() {
    let db = TestStore::new(Engine::Postgres).await.unwrap();
    publish(&db.store).await;
    let new = new_errand();
    let mut winner = db.store.begin().await.unwrap();
    instances::start(&mut winner, &new).await.unwrap();
    let (desk, again) = (Desk::open(&db.store), new.clone());
    let loser = tokio::spawn(async move { desk.start(again).await });
    until_blocked(&db).await;
    winner.commit().await.unwrap();
    assert!(loser.await.unwrap().unwrap().duplicate);
    let mut reader = db.store.read().await.unwrap();
    assert_eq!(history::list(&mut reader, new.id, 0, 10).await.unwrap().len(), 1);
    assert_eq!(jobs::of_instance(&mut reader, new.id).await.unwrap().len(), 1);
}

/// On either engine: one after the other, an event and its repetition, a refused one, one of nobody's.
#[tokio::test(flavor = "multi_thread")]
async fn events_that_come_alone_are_as_in_a_transaction() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let db = TestStore::new(engine).await.unwrap();
        let errand = Errand::start_asking(&db.store).await;
        let before = errand.get().await.updated_at;
        let desk = Desk::open(&db.store);
        for is_second in [false, true] {
            let submitted = desk.submit(errand.id, action(errand.clerk, "a", "note")).await.unwrap();
            assert_eq!((submitted.seq, submitted.duplicate), (3, is_second));
        }
        let other = desk.submit(errand.id, action(errand.clerk, "a", "again")).await;
        assert!(matches!(other, Err(submit::Error::EventIdReused(_))));
        let refused = desk.submit(errand.id, action(errand.clerk, "b", "dance")).await;
        assert!(matches!(refused, Err(submit::Error::Rejected(_))));
        let nobody = new_errand().id;
        let unknown = desk.submit(nobody, action(errand.clerk, "b", "note")).await;
        assert!(matches!(unknown, Err(submit::Error::UnknownInstance(id)) if id == nobody));
        let instance = errand.get().await;
        assert_eq!((instance.seq, instance.state.data("notes")), (3, Some(&1.into())));
        // The database's clock, as in a transaction.
        let now = super::errand::now(&db.store).await;
        assert!(before <= instance.updated_at && instance.updated_at <= now);
    }
}
