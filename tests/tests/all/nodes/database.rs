//! The database crashes, or its answers are lost: processes live through it, and clients read back before they retry.

use sealflow_core::{Actor, EventId, EventKind};
use sealflow_store::{Config, Error, NewEvent, StartInstance, Store, Subject, instances::history, submit};
use sealflow_tests::{
    db::Engine,
    faults::{
        plan::Random,
        proxy::Proxy,
        scenes::{Cast, Scene},
        seed::Ground,
    },
    pg,
};

use super::crowd::{Crowd, executable, until_later};

/// `pg_ctl stop -m immediate` under load, twice, with fsync on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_of_the_database_is_survived_by_all() {
    let mut server = pg::OwnServer::start().await.unwrap();
    let database = server.new_database().await.unwrap();
    let ground = Ground::on(database, tempfile::tempdir().unwrap(), executable()).await.unwrap();
    let mut crowd = Crowd::gather(ground, 3).await;
    for _ in 0..2 {
        crowd.start(15).await;
        let crash = tokio::task::spawn_blocking(move || {
            server.crash().unwrap();
            server
        });
        // Clients go on meanwhile: what they are not told, they ask again.
        crowd.start(15).await;
        server = crash.await.unwrap();
        crowd.act().await;
    }
    for node in &mut crowd.nodes {
        assert!(node.has_ended().unwrap().is_none(), "a process did not survive: {}", node.log_tail());
    }
    let figures = crowd.finish().await;
    println!("two crashes of the database: {} instances, {} events", figures.instances, figures.events);
    drop(server);
}

/// Processes whose connection breaks at every few commits, with the answer on its way.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_that_are_lost_do_no_harm() {
    let database = pg::new_database().await.unwrap();
    let direct = database.url().to_owned();
    let proxy = Proxy::open(&pg::socket_folder().await.unwrap()).await.unwrap();
    let ground = Ground::on(database, tempfile::tempdir().unwrap(), executable()).await.unwrap();
    let mut crowd = Crowd::gather(ground, 0).await;
    crowd.settings.database_url = proxy.url(&direct).unwrap();
    for _ in 0..2 {
        let node = crowd.another().await;
        crowd.nodes.push(node);
    }
    for cut in 1..=10 {
        proxy.lose_answer_to_commit(1 + cut % 4);
        crowd.start(3).await;
        while proxy.cut() < cut {
            crowd.act().await;
            crowd.start(1).await;
            until_later().await;
        }
    }
    let figures = crowd.finish().await;
    println!("{} answers lost: {} instances, {} events", proxy.cut(), figures.instances, figures.events);
}

/// A client that does not learn whether its event was committed finds it by its id; sent again it counts once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_did_not_hear_the_commit_reads_back() {
    let ground = Ground::open(Engine::Postgres, executable()).await.unwrap();
    let proxy = Proxy::open(&pg::socket_folder().await.unwrap()).await.unwrap();
    let config =
        Config { database_url: proxy.url(&ground.config.database_url).unwrap(), ..ground.config.clone() };
    let store = Store::open(&config).await.unwrap();
    let cast = Cast::new(Scene::Visits, &mut Random::new(3));
    let actor = Actor::Person { id: cast.person, acting_as: None };
    let start = StartInstance {
        id: cast.id,
        definition: ground.definitions.get(cast.scene).unwrap().hash().clone(),
        subject: Subject { kind: "test".to_owned(), id: cast.id.to_string() },
        input: cast.input.clone(),
        event_id: EventId("start".to_owned()),
        actor: actor.clone(),
    };
    proxy.lose_answer_to_commit(1);
    let mut tx = store.begin().await.unwrap();
    submit::start(&mut tx, &start).await.unwrap();
    assert!(matches!(tx.commit().await, Err(Error::Unreachable(_))));
    assert_eq!(proxy.cut(), 1);
    // The server may still be at it.
    let find = async |id: &str| {
        let mut reader = store.read().await.unwrap();
        history::find(&mut reader, cast.id, &EventId(id.to_owned())).await.unwrap()
    };
    while find("start").await.is_none() {
        until_later().await;
    }
    let mut tx = store.begin().await.unwrap();
    assert!(submit::start(&mut tx, &start).await.unwrap().duplicate);
    tx.commit().await.unwrap();
    // An event that was never committed is not found, and is sent again as a first.
    let late = NewEvent {
        id: EventId("never".to_owned()),
        actor,
        kind: EventKind::TimerFired { key: "none".to_owned(), generation: 1 },
    };
    let late = NewEvent { actor: Actor::Clock, ..late };
    let mut tx = store.begin().await.unwrap();
    submit::submit(&mut tx, cast.id, late.clone()).await.unwrap();
    drop(tx);
    assert!(find("never").await.is_none());
    let mut tx = store.begin().await.unwrap();
    assert!(!submit::submit(&mut tx, cast.id, late).await.unwrap().duplicate);
    tx.commit().await.unwrap();
}
