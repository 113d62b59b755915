//! What was refused is told later, and stays little.

use std::time::{Duration, Instant};

use sealflow_core::{Actor, EventId, EventKind, ids::PersonId};
use sealflow_store::{NewEvent, refusals, refusals::Refusal, submit};
use sealflow_tests::{db::TestStore, on_both};
use serde_json::json;
use uuid::Uuid;

use super::errand::Errand;

on_both!(a_refusal_is_kept_and_counted, an_instance_keeps_the_last_ones_only);

/// The refusals, once they are as they should be: they are written after the refused transaction ended.
async fn wait_for(errand: &Errand, right: impl Fn(&[Refusal]) -> bool) -> Vec<Refusal> {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        let found = refusals::of_instance(&mut errand.store.read().await.unwrap(), errand.id).await.unwrap();
        if right(&found) {
            return found;
        }
        assert!(Instant::now() < until, "{found:?}");
        tokio::task::yield_now().await;
    }
}

async fn refused(errand: &Errand, number: usize, name: &str, person: PersonId) {
    let mut tx = errand.store.begin().await.unwrap();
    let event = NewEvent {
        id: EventId(format!("r{number}")),
        actor: Actor::Person { id: person, acting_as: None },
        kind: EventKind::Action { name: name.to_owned(), item: None, data: json!({"secret": "13800138000"}) },
    };
    assert!(matches!(submit::submit(&mut tx, errand.id, event).await, Err(submit::Error::Rejected(_))));
    tx.rollback().await.unwrap();
}

async fn a_refusal_is_kept_and_counted(db: TestStore) {
    let errand = Errand::start_asking(&db.store).await;
    let before = errand.get().await;
    let stranger = PersonId::from_uuid(Uuid::now_v7());
    errand.act("e1", "note").await.unwrap();
    for number in 0..3 {
        refused(&errand, number, "finish", stranger).await;
    }
    refused(&errand, 9, "张三 13800138000", errand.clerk).await;
    let found = wait_for(&errand, |found| found.iter().map(|refusal| refusal.times).sum::<u64>() == 4).await;
    let finish = found.iter().find(|refusal| refusal.name == "finish").unwrap();
    assert_eq!((finish.rule.as_str(), finish.times), ("wrong_person", 3));
    assert_eq!(finish.actor, stranger.to_string());
    let other = found.iter().find(|refusal| refusal.name == "?").unwrap();
    assert_eq!(other.rule, "unknown_action_here");
    assert!(!format!("{found:?}").contains("138001"), "what was entered is not kept");
    assert_eq!(errand.get().await.seq, before.seq + 1, "only what was taken counts");
}

async fn an_instance_keeps_the_last_ones_only(db: TestStore) {
    let errand = Errand::start_asking(&db.store).await;
    for number in 0..40 {
        let name = format!("nothing_{number}");
        refused(&errand, number, &name, errand.clerk).await;
    }
    let found = wait_for(&errand, |found| found.iter().any(|refusal| refusal.name == "nothing_39")).await;
    assert!(found.len() <= 20, "{}", found.len());
    assert!(found.iter().all(|refusal| refusal.name != "nothing_0"), "the oldest are forgotten");
    assert!(found.is_sorted_by_key(|refusal| std::cmp::Reverse(refusal.last_at)), "the newest first");
}
