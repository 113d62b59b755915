//! A job that kills its worker every time: dead when its attempts are used up, and everything else is done.

use std::{collections::HashMap, path::Path};

use sealflow_store::{
    Store,
    jobs::{self, Filter, Kind, NewJob, State},
};
use sealflow_tests::{
    db::Engine,
    faults::{
        bank::Bank,
        node::Node,
        protocol::{Command, Settings},
        seed::Ground,
    },
    process::was_killed,
};
use serde_json::json;

const OTHERS: usize = 30;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_sqlite() {
    dies_and_the_others_go_on(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres() {
    dies_and_the_others_go_on(Engine::Postgres).await;
}

async fn dies_and_the_others_go_on(engine: Engine) {
    let ground = Ground::open(engine, Path::new(env!("CARGO_BIN_EXE_engine_under_test"))).await.unwrap();
    let store = &ground.store;
    let mut tx = store.begin().await.unwrap();
    let pill = NewJob {
        kind: Kind::StampSignature,
        key: "pill".to_owned(),
        payload: json!({"poison": true}),
        run_at: None,
    };
    let pill = jobs::insert(&mut tx, &pill).await.unwrap();
    for n in 0..OTHERS {
        let kind = [Kind::SendSms, Kind::PrepareDocument, Kind::StampSignature][n % 3];
        let job = NewJob { kind, key: format!("other {n}"), payload: json!({}), run_at: None };
        jobs::insert(&mut tx, &job).await.unwrap();
    }
    tx.commit().await.unwrap();

    let bank = Bank::open(HashMap::new()).await.unwrap();
    let mut settings = Settings::new(&ground.config, bank.address());
    let log = tempfile::NamedTempFile::new().unwrap();
    let mut deaths = 0;
    let state = async || jobs::get(&mut store.read().await.unwrap(), pill).await.unwrap().unwrap();
    while state().await.state != State::Dead {
        // Its lease is over, and its rest.
        settings.shift_ms += 3_600_000;
        let mut node = match Node::start(&ground.executable, &settings, "", log.path()).await.unwrap() {
            Ok(node) => node,
            Err((_, status)) => {
                assert!(was_killed(status));
                deaths += 1;
                continue;
            }
        };
        // It dies of the pill, or finds it dead.
        loop {
            if node.has_ended().unwrap().is_some() {
                assert!(was_killed(node.ended().await.unwrap()));
                deaths += 1;
                break;
            }
            if state().await.state == State::Dead {
                node.stop().await.unwrap();
                break;
            }
            let_it_rest(store, &mut node, &mut settings).await;
        }
        assert!(deaths <= Kind::StampSignature.max_attempts(), "it goes on killing");
    }
    assert_eq!(deaths, Kind::StampSignature.max_attempts());
    let dead = state().await;
    assert_eq!(dead.attempts, Kind::StampSignature.max_attempts());
    assert!(dead.last_error.unwrap().contains("lease"));

    // What was in the same hands goes on.
    settings.shift_ms += 3_600_000;
    let mut node = Node::start(&ground.executable, &settings, "", log.path()).await.unwrap().unwrap();
    loop {
        let mut reader = store.read().await.unwrap();
        let filter = Filter { state: Some(State::Done), ..Filter::default() };
        let done = jobs::list(&mut reader, &filter, 1, 1).await.unwrap().total;
        if done == OTHERS as u64 {
            break;
        }
        let filter = Filter { state: Some(State::Dead), ..Filter::default() };
        assert_eq!(jobs::list(&mut reader, &filter, 1, 1).await.unwrap().total, 1, "another one is dead");
        drop(reader);
        let_it_rest(store, &mut node, &mut settings).await;
    }
    node.stop().await.unwrap();
    println!("{engine:?}: the pill killed {deaths} processes and is dead, {OTHERS} others are done");
}

/// Gives the engine a moment. When nothing runs, its clock jumps to the next job that rests: in larger steps, jobs that
/// were in the same hands would be taken together again, and share the pill's fate each time.
async fn let_it_rest(store: &Store, node: &mut Node, settings: &mut Settings) {
    until_later().await;
    let mut tx = store.begin().await.unwrap();
    let now = tx.now().plus_ms(settings.shift_ms);
    let running = Filter { state: Some(State::Running), ..Filter::default() };
    let waiting = Filter { state: Some(State::Available), ..Filter::default() };
    if jobs::list(tx.conn(), &running, 1, 1).await.unwrap().total > 0 {
        return;
    }
    let waiting = jobs::list(tx.conn(), &waiting, 1, 100).await.unwrap().items;
    let Some(next) = waiting.iter().map(|job| job.run_at).min() else { return };
    settings.shift_ms += (next.as_ms() - now.as_ms() + 1).max(0);
    // One that has just died is noticed by the caller.
    let _ = node.ask(Command::Clock { shift_ms: settings.shift_ms }).await.unwrap();
}

async fn until_later() {
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
}
