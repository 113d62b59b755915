//! The test's hold on an engine under test: commands in, replies out, and its end.

use std::{
    fs::OpenOptions,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command as Process},
};

use super::protocol::{Answer, Command, Reply, Request, Settings};

/// How long an engine may take to say anything.
const PATIENCE: Duration = Duration::from_secs(60);

/// A started engine. Dropped, it is killed.
#[derive(Debug)]
pub struct Node {
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    next: u64,
    log: PathBuf,
    /// From the start of the process until it could be asked.
    pub started_in: Duration,
}

/// The engine's process has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Died;

impl Node {
    /// Starts one; `fail_points` as the crate `fail` reads them. [`Died`] when it was killed before it could be asked.
    ///
    /// # Errors
    /// When it cannot be started.
    pub async fn start(
        executable: &Path,
        settings: &Settings,
        fail_points: &str,
        log: &Path,
    ) -> Result<Result<Self, (Died, ExitStatus)>> {
        let begun = Instant::now();
        let file = OpenOptions::new().create(true).append(true).open(log)?;
        let mut child = Process::new(executable)
            .arg(serde_json::to_string(settings)?)
            .env("FAILPOINTS", fail_points)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(file)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("starting {}", executable.display()))?;
        let input = child.stdin.take().context("its input is piped")?;
        let output = BufReader::new(child.stdout.take().context("its output is piped")?).lines();
        let mut node =
            Self { child, input, output, next: 1, log: log.to_owned(), started_in: Duration::ZERO };
        match node.reply().await? {
            Ok(_) => {
                node.started_in = begun.elapsed();
                Ok(Ok(node))
            }
            Err(died) => {
                let status = node.ended().await?;
                Ok(Err((died, status)))
            }
        }
    }

    /// Asks, and waits for the reply.
    ///
    /// # Errors
    /// When it says what cannot be read, or nothing.
    pub async fn ask(&mut self, command: Command) -> Result<Result<Answer, Died>> {
        let Ok(id) = self.send(command).await? else { return Ok(Err(Died)) };
        loop {
            match self.reply().await? {
                Ok(reply) if reply.id == id => return Ok(Ok(reply.answer)),
                Ok(_) => {}
                Err(died) => return Ok(Err(died)),
            }
        }
    }

    /// Asks, and does not wait: tells the number of the reply.
    ///
    /// # Errors
    /// When the command cannot be written as JSON.
    pub async fn send(&mut self, command: Command) -> Result<Result<u64, Died>> {
        let id = self.next;
        self.next += 1;
        let mut line = serde_json::to_vec(&Request { id, command })?;
        line.push(b'\n');
        let written = async {
            self.input.write_all(&line).await?;
            self.input.flush().await
        };
        Ok(written.await.map(|()| id).map_err(|_| Died))
    }

    /// The next reply.
    ///
    /// # Errors
    /// When it says what cannot be read, or nothing.
    pub async fn reply(&mut self) -> Result<Result<Reply, Died>> {
        let line = tokio::time::timeout(PATIENCE, self.output.next_line())
            .await
            .with_context(|| format!("the engine says nothing\n{}", self.log_tail()))?;
        match line {
            Ok(Some(line)) => Ok(Ok(serde_json::from_str(&line).with_context(|| line.clone())?)),
            Ok(None) | Err(_) => Ok(Err(Died)),
        }
    }

    /// Its process id, while it lives.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Whether it has ended.
    ///
    /// # Errors
    /// When the operating system cannot say.
    pub fn has_ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// When it does not end.
    pub async fn ended(&mut self) -> Result<ExitStatus> {
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        Ok(ended.with_context(|| format!("the engine does not end\n{}", self.log_tail()))??)
    }

    /// Ends it at once, as a power cut would.
    ///
    /// # Errors
    /// When it cannot be killed.
    pub async fn kill(mut self) -> Result<()> {
        Ok(self.child.kill().await?)
    }

    /// Asks it to stop (SIGTERM), and waits for its end.
    ///
    /// # Errors
    /// When it does not end.
    pub async fn terminate(&mut self) -> Result<ExitStatus> {
        if let Some(pid) = self.child.id() {
            let pid = rustix::process::Pid::from_raw(i32::try_from(pid)?).context("a process id is not 0")?;
            rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        }
        self.ended().await
    }

    /// Asks it to stop (SIGTERM), and waits until it has.
    ///
    /// # Errors
    /// When it ends with an error.
    pub async fn stop(mut self) -> Result<()> {
        let status = self.terminate().await?;
        if !status.success() {
            bail!("the engine did not stop in order: {status}\n{}", self.log_tail());
        }
        Ok(())
    }

    /// What it wrote last, for the message of a failed test.
    #[must_use]
    pub fn log_tail(&self) -> String {
        log_tail(&self.log)
    }
}

/// The end of a log.
#[must_use]
pub fn log_tail(log: &Path) -> String {
    let log = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = log.lines().collect();
    lines.get(lines.len().saturating_sub(40)..).unwrap_or_default().join("\n")
}
