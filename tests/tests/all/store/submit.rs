//! An instance changes by events only, each once, all of it or nothing.

use sealflow_core::{Actor, EventId, EventKind, Rejection, Timestamp, ids::PersonId};
use sealflow_store::{
    NewEvent, instances, instances::history::Disposition, jobs, jobs::State, submit, tasks, timers,
};
use sealflow_tests::{db::TestStore, on_both};
use serde_json::Value;
use uuid::Uuid;

use super::errand::{Errand, action, claim, new_errand, publish, result, sent};

on_both!(
    a_start_writes_state_history_and_job,
    a_repeated_start_is_one_start,
    a_start_needs_a_known_definition_and_a_usable_input,
    a_repeated_event_answers_the_first_result,
    an_event_id_is_not_used_for_two_things,
    a_refused_event_writes_nothing,
    an_event_for_an_unknown_or_ended_instance_writes_nothing,
    what_is_rolled_back_never_was,
    concurrent_events_keep_the_history_gapless,
    concurrent_deliveries_of_one_event_are_one,
    the_task_projection_follows_the_state,
    an_end_drops_what_was_waited_for,
    a_late_result_is_kept_as_ignored,
    a_history_never_goes_back_in_time,
    a_history_replays_to_the_same_state,
);

async fn a_start_writes_state_history_and_job(db: TestStore) {
    let errand = Errand::start(&db.store).await;
    let instance = errand.get().await;
    assert_eq!((instance.status.as_str(), instance.seq, instance.finished_at), ("in_progress", 1, None));
    assert_eq!(instance.subject.id, errand.id.to_string());
    let history = errand.history().await;
    assert_eq!(history.len(), 1);
    assert_eq!(history[0].event.kind, EventKind::Started);
    assert_eq!(history[0].effects.started_jobs, ["work/0"]);
    let jobs = errand.jobs().await;
    assert_eq!(jobs.len(), 1);
    assert_eq!(
        (jobs[0].key.as_str(), jobs[0].state),
        (format!("{}/{}", errand.id, history[0].effects.started_jobs[0]).as_str(), State::Available)
    );
    let found = instances::of_subject(&mut db.store.read().await.unwrap(), &instance.subject).await.unwrap();
    assert_eq!(found.unwrap().id, errand.id);
}

async fn a_repeated_start_is_one_start(db: TestStore) {
    publish(&db.store).await;
    let new = new_errand();
    let mut tx = db.store.begin().await.unwrap();
    let first = submit::start(&mut tx, &new).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = db.store.begin().await.unwrap();
    let second = submit::start(&mut tx, &new).await.unwrap();
    assert!(!first.duplicate && second.duplicate);
    assert_eq!((second.seq, &second.status, &second.effects), (first.seq, &first.status, &first.effects));
    let mut other = new.clone();
    other.event_id = EventId("another start".to_owned());
    let refused = submit::start(&mut tx, &other).await;
    assert!(matches!(refused, Err(submit::Error::AlreadyStarted(id)) if id == new.id));
    assert_eq!(jobs::of_instance(tx.conn(), new.id).await.unwrap().len(), 1);
}

async fn a_start_needs_a_known_definition_and_a_usable_input(db: TestStore) {
    publish(&db.store).await;
    let mut tx = db.store.begin().await.unwrap();
    let mut unknown = new_errand();
    unknown.definition.0 = "0".repeat(64);
    assert!(matches!(submit::start(&mut tx, &unknown).await, Err(submit::Error::UnknownDefinition(_))));
    let mut empty = new_errand();
    empty.input = Value::Null;
    assert!(matches!(submit::start(&mut tx, &empty).await, Err(submit::Error::Rejected(_))));
    let mut nameless = new_errand();
    nameless.subject.kind = String::new();
    assert!(matches!(submit::start(&mut tx, &nameless).await, Err(submit::Error::BadSubject)));
    let mut long = new_errand();
    long.event_id = EventId("x".repeat(129));
    assert!(matches!(submit::start(&mut tx, &long).await, Err(submit::Error::BadEventId)));
    assert!(instances::get(tx.conn(), empty.id).await.unwrap().is_none());
}

async fn a_repeated_event_answers_the_first_result(db: TestStore) {
    let errand = Errand::start_asking(&db.store).await;
    let first = errand.act("e1", "again").await.unwrap();
    let second = errand.act("e1", "again").await.unwrap();
    assert!(!first.duplicate && second.duplicate);
    assert_eq!((first.seq, &first.status, &first.effects), (second.seq, &second.status, &second.effects));
    assert_eq!(first.effects.started_jobs, ["work/1"]);
    assert_eq!(errand.get().await.seq, first.seq);
    assert_eq!(errand.jobs().await.len(), 2);
}

async fn an_event_id_is_not_used_for_two_things(db: TestStore) {
    let errand = Errand::start_asking(&db.store).await;
    errand.act("e1", "note").await.unwrap();
    assert!(matches!(errand.act("e1", "again").await, Err(submit::Error::EventIdReused(id)) if id == "e1"));
    let mut tx = db.store.begin().await.unwrap();
    let stranger = PersonId::from_uuid(Uuid::now_v7());
    let probed = submit::submit(&mut tx, errand.id, action(stranger, "e1", "note")).await;
    assert!(matches!(probed, Err(submit::Error::EventIdReused(_))));
}

async fn a_refused_event_writes_nothing(db: TestStore) {
    let errand = Errand::start_asking(&db.store).await;
    let before = errand.history().await;
    let refused = errand.act("e1", "dance").await;
    assert!(matches!(refused, Err(submit::Error::Rejected(Rejection::UnknownActionHere { .. }))));
    let mut tx = db.store.begin().await.unwrap();
    let stranger = PersonId::from_uuid(Uuid::now_v7());
    let refused = submit::submit(&mut tx, errand.id, action(stranger, "e2", "note")).await;
    assert!(matches!(refused, Err(submit::Error::Rejected(Rejection::WrongPerson { .. }))));
    tx.commit().await.unwrap();
    assert_eq!(errand.history().await, before);
    // The id is still free for what is possible.
    assert!(!errand.act("e1", "note").await.unwrap().duplicate);
}

async fn an_event_for_an_unknown_or_ended_instance_writes_nothing(db: TestStore) {
    let errand = Errand::start_asking(&db.store).await;
    let nobody = new_errand().id;
    let mut tx = db.store.begin().await.unwrap();
    let refused = submit::submit(&mut tx, nobody, action(errand.clerk, "e1", "note")).await;
    assert!(matches!(refused, Err(submit::Error::UnknownInstance(id)) if id == nobody));
    tx.commit().await.unwrap();
    errand.act("end", "finish").await.unwrap();
    let (ended, history) = (errand.get().await, errand.history().await);
    let refused = errand.act("e2", "note").await;
    assert!(matches!(refused, Err(submit::Error::Rejected(Rejection::Finished))));
    let after = errand.get().await;
    assert_eq!((after.seq, after.state), (ended.seq, ended.state));
    assert_eq!(errand.history().await, history);
    assert!(errand.act("end", "finish").await.unwrap().duplicate, "the event that ended it is still known");
}

async fn what_is_rolled_back_never_was(db: TestStore) {
    let errand = Errand::start_asking(&db.store).await;
    let before = errand.get().await;
    let mut tx = db.store.begin().await.unwrap();
    errand.act_in(&mut tx, "e1", "again").await.unwrap();
    tx.rollback().await.unwrap();
    let mut tx = db.store.begin().await.unwrap();
    errand.act_in(&mut tx, "e1", "again").await.unwrap();
    drop(tx);
    let after = errand.get().await;
    assert_eq!((after.seq, after.state), (before.seq, before.state));
    assert_eq!(errand.jobs().await.len(), 1);
    let tasks = tasks::of_instance(&mut db.store.read().await.unwrap(), errand.id).await.unwrap();
    assert_eq!(tasks.len(), 1);
    assert!(!errand.act("e1", "again").await.unwrap().duplicate);
}

async fn concurrent_events_keep_the_history_gapless(db: TestStore) {
    let errand = Errand::start_asking(&db.store).await;
    let before = errand.get().await.seq;
    let writers = (0..6).map(|writer| {
        let errand = errand.clone();
        tokio::spawn(async move {
            for n in 0..5 {
                errand.act(&format!("{writer}-{n}"), "note").await.unwrap();
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    let seqs: Vec<u64> = errand.history().await.iter().map(|entry| entry.seq).collect();
    assert_eq!(seqs, (1..=before + 30).collect::<Vec<_>>());
    let instance = errand.get().await;
    assert_eq!(instance.seq, before + 30);
    assert_eq!(instance.state.data("notes"), Some(&Value::from(30)));
}

async fn concurrent_deliveries_of_one_event_are_one(db: TestStore) {
    let errand = Errand::start_asking(&db.store).await;
    let deliveries: Vec<_> = (0..8)
        .map(|_| {
            let errand = errand.clone();
            tokio::spawn(async move { errand.act("once", "note").await.unwrap() })
        })
        .collect();
    let mut results = Vec::new();
    for delivery in deliveries {
        results.push(delivery.await.unwrap());
    }
    assert_eq!(results.iter().filter(|result| !result.duplicate).count(), 1);
    assert!(results.iter().all(|result| result.seq == results[0].seq));
    assert_eq!(errand.get().await.state.data("notes"), Some(&Value::from(1)));
}

async fn the_task_projection_follows_the_state(db: TestStore) {
    let errand = Errand::start_asking(&db.store).await;
    let mine = tasks::of_person(&mut db.store.read().await.unwrap(), errand.clerk).await.unwrap();
    assert_eq!(mine.len(), 1);
    assert_eq!((mine[0].form.as_str(), mine[0].instance_id), ("approval", errand.id));
    let state = errand.get().await.state;
    let open: Vec<&str> = state.open_tasks().map(|(key, _)| key).collect();
    assert_eq!(open, [mine[0].key.as_str()]);
    errand.act("e1", "again").await.unwrap();
    let mine = tasks::of_person(&mut db.store.read().await.unwrap(), errand.clerk).await.unwrap();
    assert!(mine.is_empty());
}

async fn an_end_drops_what_was_waited_for(db: TestStore) {
    let errand = Errand::start_asking(&db.store).await;
    errand.act("e1", "again").await.unwrap();
    let ended = errand.act("e2", "withdraw").await.unwrap();
    assert_eq!((ended.status.as_str(), ended.effects.outcome.as_deref()), ("broken", Some("broken")));
    assert_eq!(ended.effects.cancelled_jobs, ["work/1"]);
    let states: Vec<State> = errand.jobs().await.iter().map(|job| job.state).collect();
    assert_eq!(states, [State::Done, State::Cancelled]);
    let mut reader = db.store.read().await.unwrap();
    assert!(timers::of_instance(&mut reader, errand.id).await.unwrap().is_empty());
    assert!(tasks::of_instance(&mut reader, errand.id).await.unwrap().is_empty());
    let instance = errand.get().await;
    assert!(instance.finished_at.is_some());
    assert_eq!(instance.outcome.as_deref(), Some("broken"));
    assert!(matches!(errand.act("e3", "withdraw").await, Err(submit::Error::Rejected(Rejection::Finished))));
}

async fn a_late_result_is_kept_as_ignored(db: TestStore) {
    let errand = Errand::start(&db.store).await;
    let job = claim(&db.store, jobs::Queue::Sms, 1).await.pop().unwrap();
    // It was taken before the withdrawal, so that it runs to its end.
    errand.act("e1", "withdraw").await.unwrap();
    let mut tx = db.store.begin().await.unwrap();
    let submitted = jobs::complete(&mut tx, &result(&job, sent())).await.unwrap().unwrap();
    tx.commit().await.unwrap();
    assert!(submitted.ignored && !submitted.duplicate);
    let history = errand.history().await;
    let last = history.last().unwrap();
    assert_eq!((last.seq, last.disposition, last.status.as_str()), (3, Disposition::Ignored, "broken"));
    assert_eq!(errand.get().await.seq, 3);
    assert_eq!(errand.jobs().await[0].state, State::Done);
}

async fn a_history_never_goes_back_in_time(db: TestStore) {
    let errand = Errand::start_asking(&db.store).await;
    let last = errand.get().await.updated_at;
    let mut tx = db.store.begin().await.unwrap();
    submit::submit_at(&mut tx, errand.id, action(errand.clerk, "e1", "note"), Timestamp(1)).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(errand.history().await.last().unwrap().event.at, last);
}

async fn a_history_replays_to_the_same_state(db: TestStore) {
    let errand = Errand::start_asking(&db.store).await;
    errand.act("e1", "again").await.unwrap();
    errand.work().await;
    errand.act("e2", "note").await.unwrap();
    errand.act("e3", "finish").await.unwrap();
    let (definition, _) = super::errand::definition();
    let mut history = errand.history().await.into_iter();
    let first = history.next().unwrap().event;
    let input = serde_json::json!({"clerk": errand.clerk});
    let (mut state, _) = sealflow_core::start(&definition, input, &first).unwrap();
    for entry in history {
        state = sealflow_core::step(&definition, &state, &entry.event).unwrap().0;
    }
    let kept = errand.get().await;
    assert_eq!(kept.state, state);
    assert_eq!(kept.status, "completed");
}

#[tokio::test]
async fn an_unknown_instance_is_refused() {
    let db = TestStore::new(sealflow_tests::db::Engine::Sqlite).await.unwrap();
    let mut tx = db.store.begin().await.unwrap();
    let event = NewEvent {
        id: EventId("e".to_owned()),
        actor: Actor::System,
        kind: EventKind::TimerFired { key: "t".to_owned(), generation: 1 },
    };
    let id = new_errand().id;
    assert!(
        matches!(submit::submit(&mut tx, id, event).await, Err(submit::Error::UnknownInstance(x)) if x == id)
    );
}
