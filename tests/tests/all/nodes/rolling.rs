//! A rolling restart under load loses nothing and does nothing twice.

use sealflow_tests::{db::Engine, faults::seed::Ground};

use super::crowd::{Crowd, executable};

const NODES: usize = 3;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_restart_loses_and_doubles_nothing() {
    let ground = Ground::open(Engine::Postgres, executable()).await.unwrap();
    let mut crowd = Crowd::gather(ground, NODES).await;
    let mut busy = 0;
    for index in (0..NODES).chain(0..NODES) {
        crowd.start(12).await;
        crowd.act().await;
        busy += crowd.waiting().await;
        crowd.restart(index).await;
    }
    assert!(busy > 0, "there was no load");
    let figures = crowd.finish().await;
    println!(
        "{NODES} processes, each restarted twice: {} instances, {} events, {} jobs, {} debits",
        figures.instances, figures.events, figures.jobs, figures.debits
    );
}
