//! SIGKILL at each fail point, at each time that the contract passes it.

use std::{collections::BTreeMap, sync::Arc};

use anyhow::{Context as _, Result, ensure};
use sealflow_tests::{
    pg,
    process::{Program, was_killed},
    scene::Scene,
};
use serde_json::json;
use tokio::sync::Semaphore;

use super::verdict;

/// Contracts at one time; more only make each of them slower.
const AT_A_TIME: usize = 3;
/// Above it the counting is wrong: no contract passes a point so often.
const PASSES_MAX: u32 = 60;

/// What became of one contract.
enum Ended {
    /// The program was killed at the point, and the contract came to its end after the restart.
    Killed,
    /// The contract came to its end before the point was passed so often.
    NotReached,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_sqlite() -> Result<()> {
    at_each_point(|| async { Ok(None) }).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres() -> Result<()> {
    at_each_point(|| async { Ok(Some(pg::new_database().await?)) }).await
}

/// Runs contracts until each point was passed as often as one contract passes it.
async fn at_each_point<F, D>(database: F) -> Result<()>
where
    F: Fn() -> D + Send + Sync + Clone + 'static,
    D: Future<Output = Result<Option<pg::Database>>> + Send,
{
    let slots = Arc::new(Semaphore::new(AT_A_TIME));
    let mut points = tokio::task::JoinSet::new();
    for point in sealflow::fail_points() {
        let (slots, database) = (Arc::clone(&slots), database.clone());
        points.spawn(async move {
            let mut kills = 0;
            for passed in 0..PASSES_MAX {
                let _slot = slots.acquire().await?;
                let own = database().await?;
                match kill_once(point, passed, own)
                    .await
                    .with_context(|| format!("killed at {point}, pass {passed}"))?
                {
                    Ended::Killed => kills += 1,
                    Ended::NotReached => return Ok((point, kills)),
                }
            }
            anyhow::bail!("{point} was passed more than {PASSES_MAX} times")
        });
    }
    let mut kills = BTreeMap::new();
    while let Some(ended) = points.join_next().await {
        let (point, count) = ended??;
        kills.insert(point, count);
    }
    println!("kills by fail point: {kills:#?}");
    let never: Vec<_> = kills.iter().filter(|(_, count)| **count == 0).map(|(point, _)| *point).collect();
    ensure!(never.is_empty(), "fail points that no contract ever passed: {never:?}");
    Ok(())
}

/// One contract in a world of its own; the program dies the (`passed` + 1)th time that it comes to the point.
async fn kill_once(point: &str, passed: u32, database: Option<pg::Database>) -> Result<Ended> {
    let scene = Scene::open(env!("CARGO_BIN_EXE_sealflow_under_test"), database).await?;
    let fail_points =
        if passed == 0 { format!("{point}=return") } else { format!("{point}={passed}*off->return") };
    let mut drive = scene.journey()?;
    if point.starts_with("timers::") {
        drive = drive.with_reminder();
    }
    if point.starts_with("jobs::release::") {
        // A job only goes back when something fails.
        scene.put_fault(&json!({"service": "sms", "fault": {"kind": "throttle"}, "times": 1})).await?;
    }
    let mut first = scene.program.start(&fail_points)?;
    let mut journey = tokio::spawn(drive.drive());

    let (finished, killed, mut running) = tokio::select! {
        status = first.ended() => {
            let status = status?;
            ensure!(was_killed(status), "the program ended by itself: {status}\n{}", scene.program.log_tail());
            let again = restart(&scene.program)?;
            let finished = (&mut journey).await?.with_context(|| scene.program.log_tail())?;
            (finished, true, again)
        }
        finished = &mut journey => {
            let finished = finished?.with_context(|| scene.program.log_tail())?;
            (finished, false, first)
        }
    };
    if killed {
        scene.until_quiet().await.with_context(|| scene.program.log_tail())?;
    }
    let stopped = running.stop().await;
    // Without a kill before, the point may still be passed while the program stops.
    if killed {
        stopped.with_context(|| scene.program.log_tail())?;
    }
    verdict::check(&scene, &finished).await?;
    Ok(if killed { Ended::Killed } else { Ended::NotReached })
}

fn restart(program: &Program) -> Result<sealflow_tests::process::Running> {
    program.start("")
}
