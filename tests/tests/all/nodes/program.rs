//! The real program as several processes on one PostgreSQL: `serve` and `work`, two of each, restarted one after the other
//! for as long as contracts are under way.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use sealflow_tests::{
    pg,
    process::{Running, free_address},
    scene::Scene,
};
use url::Url;

use crate::survive::verdict;

/// Contracts, one after the other: the transactor reads the newest link on her phone.
const CONTRACTS: usize = 3;
/// How long a process may take to begin.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it is started when it does not begin.
const STARTS_MAX: usize = 3;

/// A process of the crowd.
struct Part {
    command: &'static str,
    address: String,
    running: Running,
}

impl Part {
    /// Starts it, and waits until it is at work: before that a signal ends it out of order. One that cannot begin, as on
    /// an overloaded machine the database does not answer in time, is started again, as a supervisor does.
    async fn start(scene: &Scene, command: &'static str, address: String) -> Result<Self> {
        for _ in 1..STARTS_MAX {
            match Self::start_once(scene, command, &address).await? {
                Some(part) => return Ok(part),
                None => {
                    println!("{command} did not begin and is started again\n{}", scene.program.log_tail())
                }
            }
        }
        let part = Self::start_once(scene, command, &address).await?;
        part.with_context(|| format!("{command} does not begin\n{}", scene.program.log_tail()))
    }

    /// None: it ended before it was at work.
    async fn start_once(scene: &Scene, command: &'static str, address: &str) -> Result<Option<Self>> {
        let url = format!("http://{address}");
        let own = [("SEALFLOW_LISTEN", address), ("SEALFLOW_PUBLIC_URL", url.as_str())];
        let before = begun(scene);
        let running = scene.program.start_part(&[command], &own)?;
        let mut part = Self { command, address: address.to_owned(), running };
        let url = part.url()?;
        let at_work = async {
            match command {
                "serve" => scene.until_ready(&url).await.with_context(|| scene.program.log_tail()),
                _ => until_another_has_begun(scene, before).await,
            }
        };
        tokio::select! {
            at_work = at_work => at_work?,
            _ = part.running.ended() => return Ok(None),
        }
        Ok(Some(part))
    }

    fn url(&self) -> Result<Url> {
        Ok(Url::parse(&format!("http://{}", self.address))?)
    }

    /// Stops it in order and starts it again.
    async fn restart(mut self, scene: &Scene) -> Result<Self> {
        self.running.stop().await.with_context(|| scene.program.log_tail())?;
        Self::start(scene, self.command, self.address).await
    }
}

/// How many processes have said that their workers begin.
fn begun(scene: &Scene) -> usize {
    scene.program.log().matches("the workers begin").count()
}

async fn until_another_has_begun(scene: &Scene, before: usize) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    while begun(scene) == before {
        ensure!(Instant::now() < deadline, "it does not begin\n{}", scene.program.log_tail());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_restart_of_serve_and_work_loses_and_doubles_nothing() -> Result<()> {
    let scene =
        Scene::open(env!("CARGO_BIN_EXE_sealflow_under_test"), Some(pg::new_database().await?)).await?;
    // Tables, definitions and the people of the demo.
    let mut first = scene.program.start("")?;
    scene.until_ready(&scene.program.url).await?;
    first.stop().await?;

    let mut parts = VecDeque::new();
    for command in ["serve", "work", "serve", "work"] {
        parts.push_back(Part::start(&scene, command, free_address()?).await?);
    }
    let doors = [parts[0].url()?, parts[2].url()?];
    let mut restarts = 0;
    for number in 0..CONTRACTS {
        let drive = scene.journey_through(doors[number % doors.len()].clone())?;
        let mut journey = tokio::spawn(drive.drive());
        let finished = loop {
            let part = parts.pop_front().context("four processes")?;
            parts.push_back(part.restart(&scene).await?);
            restarts += 1;
            if journey.is_finished() {
                break (&mut journey).await?.with_context(|| scene.program.log_tail())?;
            }
        };
        verdict::check(&scene, &finished).await?;
    }
    ensure!(restarts >= 2 * parts.len(), "only {restarts} restarts while contracts were under way");
    scene.until_quiet_at(&doors[0]).await?;
    for (_, accepted) in scene.sms_counts().await? {
        ensure!(accepted == 1, "a message was delivered {accepted} times");
    }
    for mut part in parts {
        part.running.stop().await?;
    }
    println!("{restarts} restarts while {CONTRACTS} contracts were signed");
    Ok(())
}
