//! One seed: instances run, the engine dies where the plan says and is started again, until everything is quiet; then
//! the database and the bank's books are judged.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use sealflow_store::{Store, instances, tasks};
use sqlx::AssertSqlSafe;
use tempfile::TempDir;

use super::{
    bank::Bank,
    figures::Figures,
    invariants::{self, Outside},
    node::{Node, log_tail},
    people::{Doer, event_of},
    plan::Plan,
    protocol::{Answer, Command, Settings},
    scenes::{Cast, Definitions},
};
use crate::{db::Engine, pg, process::was_killed};

/// How long a seed may take. Most of it is waiting for the processor.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long an engine that died is given to be quite gone, on its own clock, beyond its leases.
const MARGIN_MS: i64 = 1;
/// A lease that lasts longer than this beyond its term was taken before the clock was set back.
const SLACK_MS: i64 = 2_000;

/// A database for one seed after another.
#[derive(Debug)]
pub struct Ground {
    /// The test's own view of it.
    pub store: Store,
    /// How it is opened.
    pub config: sealflow_store::Config,
    /// What runs on it.
    pub definitions: Definitions,
    /// The engine's program.
    pub executable: PathBuf,
    _database: Option<pg::Database>,
    folder: TempDir,
}

impl Ground {
    /// A new one. SQLite's file is kept in memory where the system has a place for that: a killed process loses
    /// nothing that it has written, wherever the file is.
    ///
    /// # Errors
    /// When the database is not to be had.
    pub async fn open(engine: Engine, executable: &Path) -> Result<Self> {
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { tempfile::tempdir_in(memory)? } else { tempfile::tempdir()? };
        match engine {
            Engine::Sqlite => {
                let url = format!("sqlite://{}/fault.db", folder.path().display());
                Self::at(url, None, folder, executable).await
            }
            Engine::Postgres => Self::on(pg::new_database().await?, folder, executable).await,
        }
    }

    /// One on a database that is there.
    ///
    /// # Errors
    /// When it cannot be reached.
    pub async fn on(database: pg::Database, folder: TempDir, executable: &Path) -> Result<Self> {
        Self::at(database.url().to_owned(), Some(database), folder, executable).await
    }

    async fn at(
        database_url: String,
        database: Option<pg::Database>,
        folder: TempDir,
        executable: &Path,
    ) -> Result<Self> {
        let config = sealflow_store::Config { database_url, blobs_dir: folder.path().join("blobs") };
        let store = Store::open(&config).await?;
        let definitions = Definitions::load()?;
        definitions.publish(&store).await?;
        let executable = executable.to_owned();
        Ok(Self { store, config, definitions, executable, _database: database, folder })
    }

    /// Where the engines write what they have to say.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.folder.path().join("engine.log")
    }
}

/// What there is to wait for, in the database.
#[derive(Debug)]
enum Outlook {
    /// Something has happened that nobody has looked at.
    News,
    /// Something is due or running.
    Busy,
    /// Nothing, before this time.
    Rest(i64),
    /// Nothing at all. Nothing comes after it: who could begin something has looked at this very state and let it be.
    Quiet,
}

struct Run<'a> {
    ground: &'a Ground,
    plan: Plan,
    bank: Bank,
    settings: Settings,
    life: usize,
    node: Node,
    outside: Outside,
    figures: Figures,
    /// Asks for everything that an [`Outlook`] tells, at one moment.
    look: String,
    /// The instances' events that people know of, all together.
    seen: Option<i64>,
}

/// Runs a seed and judges it.
///
/// # Errors
/// The rule that was broken, or what did not come to its end.
pub async fn run(ground: &Ground, seed: u64) -> Result<Figures> {
    let plan = Plan::new(seed);
    std::fs::write(ground.log(), format!("{plan:#?}\n"))?;
    let judged = tokio::time::timeout(PATIENCE, play(ground, plan)).await;
    judged.context("it does not come to an end").flatten().with_context(|| log_tail(&ground.log()))
}

async fn play(ground: &Ground, mut plan: Plan) -> Result<Figures> {
    let mut doers: Vec<Doer> =
        plan.scenes.clone().into_iter().map(|scene| Doer::new(Cast::new(scene, &mut plan.random))).collect();
    let bank = Bank::open(plan.faults.clone()).await?;
    let settings = Settings::new(&ground.config, bank.address());
    ground.store.shift_clock(0);
    let mut figures = Figures::default();
    let (life, settings, node) = begin(ground, &plan, &bank, 0, settings, &mut figures).await?;
    let look = look_at(&doers);
    let outside = Outside::default();
    let mut run = Run { ground, plan, bank, settings, life, node, outside, figures, look, seen: None };
    for doer in &doers {
        let definition = ground.definitions.get(doer.cast.scene)?.hash().clone();
        let Cast { id: instance, person, input, .. } = doer.cast.clone();
        run.surely(Command::Start { instance, definition, input, event_id: "start".to_owned(), person })
            .await?;
    }
    let begun = Instant::now();
    loop {
        run.look_after().await?;
        match run.outlook().await? {
            Outlook::News => run.let_people_act(&mut doers).await?,
            Outlook::Busy => until_later().await,
            Outlook::Rest(until) => run.jump_to(until).await?,
            Outlook::Quiet => return run.judge(&doers).await,
        }
        ensure!(begun.elapsed() < PATIENCE, "it does not become quiet");
    }
}

/// The statement of [`Run::outlook`]: one, because what is read a moment later may have gone on meanwhile.
fn look_at(doers: &[Doer]) -> String {
    let ids: Vec<String> = doers.iter().map(|doer| format!("'{}'", doer.cast.id)).collect();
    format!(
        "select (select min(leased_until_ms) from jobs where state = 'running'), \
            (select min(run_at_ms) from jobs where state = 'available'), (select min(try_at_ms) from timers), \
            (select cast(sum(seq) as bigint) from instances where id in ({}))",
        ids.join(", ")
    )
}

/// Lets the engine go on for a moment.
async fn until_later() {
    tokio::time::sleep(Duration::from_millis(8)).await;
}

/// Starts the engine's next life; one that dies before its first word is followed by another.
async fn begin(
    ground: &Ground,
    plan: &Plan,
    bank: &Bank,
    mut life: usize,
    mut settings: Settings,
    figures: &mut Figures,
) -> Result<(usize, Settings, Node)> {
    loop {
        let death = plan.deaths.get(life).copied();
        let fail_points = death.map(super::plan::Death::fail_points).unwrap_or_default();
        figures.starts += 1;
        match Node::start(&ground.executable, &settings, &fail_points, &ground.log()).await? {
            Ok(node) => {
                figures.starting += node.started_in;
                return Ok((life, settings, node));
            }
            Err((_, status)) => {
                let died = death.filter(|_| was_killed(status)).context("the engine ended by itself")?;
                *figures.kills.entry(died.point).or_default() += 1;
                settings.shift_ms =
                    after_death(ground, plan, bank, life, settings.shift_ms, settings.lease_ms).await?;
                life += 1;
            }
        }
    }
}

/// Nothing of the dead process is under way any more, its leases are over, and the clock may have jumped. Tells how far
/// the clock is now from the database's.
async fn after_death(
    ground: &Ground,
    plan: &Plan,
    bank: &Bank,
    life: usize,
    shift_ms: i64,
    lease_ms: u64,
) -> Result<i64> {
    bank.until_drained().await?;
    let jump = plan.jumps_ms.get(life).copied().unwrap_or_default();
    let shift = shift_ms + i64::try_from(lease_ms)? + MARGIN_MS + jump;
    ground.store.shift_clock(shift);
    Ok(shift)
}

impl Run<'_> {
    /// Notices a death, and starts the next life.
    async fn look_after(&mut self) -> Result<()> {
        if self.node.has_ended()?.is_some() { self.revive().await } else { Ok(()) }
    }

    async fn revive(&mut self) -> Result<()> {
        let status = self.node.ended().await?;
        let death = self.plan.deaths.get(self.life).filter(|_| was_killed(status));
        let death = death.with_context(|| format!("the engine ended by itself: {status}"))?;
        *self.figures.kills.entry(death.point).or_default() += 1;
        self.settings.shift_ms = after_death(
            self.ground,
            &self.plan,
            &self.bank,
            self.life,
            self.settings.shift_ms,
            self.settings.lease_ms,
        )
        .await?;
        let next = self.life + 1;
        (self.life, self.settings, self.node) =
            begin(self.ground, &self.plan, &self.bank, next, self.settings.clone(), &mut self.figures)
                .await?;
        Ok(())
    }

    /// Repeats a command until it is answered, as a client would who does not know what became of it.
    async fn surely(&mut self, command: Command) -> Result<()> {
        let mut repeated = false;
        loop {
            match self.node.ask(command.clone()).await? {
                Ok(Answer::Done { duplicate }) => {
                    if let Some((instance, event)) = event_of(&command) {
                        self.outside.acknowledged.insert((instance, event.to_owned()));
                    }
                    ensure!(repeated || !duplicate, "a first delivery was taken for a second: {command:?}");
                    self.figures.duplicates += u64::from(duplicate);
                    return Ok(());
                }
                Ok(Answer::Refused { .. }) => return Ok(()),
                Ok(Answer::Unknown { .. }) => {}
                Err(_) => self.revive().await?,
            }
            repeated = true;
            self.figures.repeated += 1;
        }
    }

    /// Everybody looks at his instance, and does one thing or nothing.
    async fn let_people_act(&mut self, doers: &mut [Doer]) -> Result<()> {
        let (mut acted, mut seen) = (false, 0);
        for doer in doers {
            let mut reader = self.ground.store.read().await?;
            let instance = instances::get(&mut reader, doer.cast.id).await?.context("it was started")?;
            let open = tasks::of_instance(&mut reader, doer.cast.id).await?;
            drop(reader);
            seen += i64::try_from(instance.seq)?;
            if let Some(command) = doer.next(&instance, &open, &mut self.plan.random) {
                self.surely(command).await?;
                acted = true;
            }
        }
        // Who did something looks again, also when it was refused.
        self.seen = Some(seen).filter(|_| !acted);
        Ok(())
    }

    async fn outlook(&self) -> Result<Outlook> {
        let store = &self.ground.store;
        let mut reader = store.read().await?;
        let now = store.now(&mut reader).await?.as_ms();
        let (leased, job, timer, events): (Option<i64>, Option<i64>, Option<i64>, Option<i64>) =
            sqlx::query_as(AssertSqlSafe(self.look.clone())).fetch_one(&mut *reader).await?;
        if self.seen.is_none() || events != self.seen {
            return Ok(Outlook::News);
        }
        let held_until_max = now + i64::try_from(self.settings.lease_ms)? + SLACK_MS;
        if leased.is_some_and(|until| until <= held_until_max) {
            return Ok(Outlook::Busy);
        }
        Ok(match [leased, job, timer].into_iter().flatten().min() {
            None => Outlook::Quiet,
            Some(next) if next <= now => Outlook::Busy,
            Some(next) => Outlook::Rest(next - now),
        })
    }

    async fn jump_to(&mut self, ms: i64) -> Result<()> {
        self.settings.shift_ms += ms + MARGIN_MS;
        self.figures.jumps += 1;
        self.ground.store.shift_clock(self.settings.shift_ms);
        let shift_ms = self.settings.shift_ms;
        // A process that died meanwhile is started with the new time.
        let _ = self.node.ask(Command::Clock { shift_ms }).await?;
        Ok(())
    }

    /// Stops the engine in order. It may be dying of its plan just now: after the very commit that made all quiet.
    async fn stop(&mut self) -> Result<()> {
        let status = self.node.terminate().await?;
        if status.success() {
            return Ok(());
        }
        let death = self.plan.deaths.get(self.life).filter(|_| was_killed(status));
        let death = death.with_context(|| format!("the engine did not stop in order: {status}"))?;
        *self.figures.kills.entry(death.point).or_default() += 1;
        Ok(())
    }

    async fn judge(mut self, doers: &[Doer]) -> Result<Figures> {
        self.stop().await?;
        self.bank.until_drained().await?;
        self.outside.debits = self.bank.debits();
        for doer in doers {
            let definition = self.ground.definitions.get(doer.cast.scene)?;
            invariants::check(&self.ground.store, definition, &doer.cast, &self.outside, &mut self.figures)
                .await
                .with_context(|| format!("the {:?} {}", doer.cast.scene, doer.cast.id))?;
        }
        let ours: u64 = self.outside.debits.values().map(|amounts| amounts.len() as u64).sum();
        let known = |key: &str| doers.iter().any(|doer| key.starts_with(&doer.cast.id.to_string()));
        if let Some(key) = self.outside.debits.keys().find(|key| !known(key)) {
            bail!("{key} was debited for nobody");
        }
        self.figures.debits = ours;
        (self.figures.payments, self.figures.queries) = self.bank.asked();
        self.figures.faults = self.bank.faulted();
        self.figures.seeds = 1;
        Ok(self.figures)
    }
}
