//! The real program as a child process that a test may let die and start again.

use std::{
    net::TcpListener,
    os::unix::process::ExitStatusExt as _,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};

use anyhow::{Context as _, Result, bail};
use tokio::process::{Child, Command};
use url::Url;

/// How to start the program.
#[derive(Debug, Clone)]
pub struct Program {
    /// The executable.
    pub executable: PathBuf,
    /// Its data folder, kept over restarts.
    pub data_dir: PathBuf,
    /// Its settings, as environment variables.
    pub settings: Vec<(String, String)>,
    /// Where it answers.
    pub url: Url,
}

impl Program {
    /// The program with an address of its own and settings that make a crash test quick: short time-outs, leases as
    /// short as a loaded machine can renew them, no limits on codes.
    ///
    /// # Errors
    /// When no port is free.
    pub fn new(executable: &str, data_dir: &Path) -> Result<Self> {
        let listen = free_address()?;
        let url = Url::parse(&format!("http://{listen}"))?;
        let settings = [
            ("SEALFLOW_LISTEN", listen.as_str()),
            ("SEALFLOW_PUBLIC_URL", url.as_str()),
            ("SEALFLOW_JOBS__LEASE_MS", "3000"),
            ("SEALFLOW_JOBS__POLL_MS", "100"),
            ("SEALFLOW_JOBS__SMS_SETTLE_MS", "1000"),
            ("SEALFLOW_SMS__LIMITS__TIMEOUT_MS", "700"),
            ("SEALFLOW_AUTH__CODES_PER_MINUTE", "1000"),
            ("SEALFLOW_AUTH__CODES_PER_HOUR", "1000"),
            ("SEALFLOW_AUTH__CODES_PER_DAY", "1000"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        Ok(Self { executable: executable.into(), data_dir: data_dir.into(), settings, url })
    }

    /// Starts it; `fail_points` as the crate `fail` reads them, for example `store::submit::before_commit=return`.
    ///
    /// # Errors
    /// When the executable cannot be started.
    pub fn start(&self, fail_points: &str) -> Result<Running> {
        self.start_part(&["all", "--demo-data"], &[("FAILPOINTS", fail_points)])
    }

    /// Starts a part of it, such as `serve`, with settings of its own.
    ///
    /// # Errors
    /// When the executable cannot be started.
    pub fn start_part(&self, part: &[&str], settings: &[(&str, &str)]) -> Result<Running> {
        let log =
            std::fs::OpenOptions::new().create(true).append(true).open(self.data_dir.join("program.log"))?;
        let child = Command::new(&self.executable)
            .args(part)
            .arg("--data")
            .arg(&self.data_dir)
            .env_remove("DATABASE_URL")
            .env_remove("FAILPOINTS")
            .envs(self.settings.iter().cloned())
            .envs(settings.iter().copied())
            .current_dir(&self.data_dir)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("starting {}", self.executable.display()))?;
        Ok(Running { child })
    }

    /// All that the program wrote so far.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.data_dir.join("program.log")).unwrap_or_default()
    }

    /// What the program wrote last, for the message of a failed test.
    #[must_use]
    pub fn log_tail(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }
}

/// A started program.
#[derive(Debug)]
pub struct Running {
    child: Child,
}

impl Running {
    /// Waits for its end.
    ///
    /// # Errors
    /// When the operating system cannot say.
    pub async fn ended(&mut self) -> Result<ExitStatus> {
        Ok(self.child.wait().await?)
    }

    /// The variables that it runs with, one after the other, each ended by a zero byte.
    ///
    /// # Errors
    /// When it has ended.
    pub fn environment(&self) -> Result<String> {
        let id = self.child.id().context("the program has ended")?;
        Ok(std::fs::read_to_string(format!("/proc/{id}/environ"))?)
    }

    /// Ends it at once, as a power cut would.
    ///
    /// # Errors
    /// When it cannot be killed.
    pub async fn kill(&mut self) -> Result<()> {
        Ok(self.child.kill().await?)
    }

    /// Asks it to stop (SIGTERM) and waits until it has.
    ///
    /// # Errors
    /// When it ends with an error.
    pub async fn stop(&mut self) -> Result<()> {
        let Some(pid) = self.child.id() else { return Ok(()) };
        let pid = rustix::process::Pid::from_raw(i32::try_from(pid)?).context("a process id is not 0")?;
        rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        let status = self.child.wait().await?;
        if !status.success() {
            bail!("the program did not stop in order: {status}");
        }
        Ok(())
    }
}

/// Whether it died of SIGKILL, as fail points end it.
#[must_use]
pub fn was_killed(status: ExitStatus) -> bool {
    status.signal() == Some(9)
}

/// A loopback address for a server that is started, killed and started again on it. Its port lies below those that the
/// system hands out by itself (32768 and up on Linux), so that no connection takes it in between.
///
/// # Errors
/// When there is none.
pub fn free_address() -> Result<String> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    const FIRST: u32 = 20_000;
    const COUNT: u32 = 12_000;
    // Other test processes begin elsewhere.
    let begin = std::process::id().wrapping_mul(97);
    for _ in 0..COUNT {
        let port = FIRST + begin.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % COUNT;
        let address = format!("127.0.0.1:{port}");
        if TcpListener::bind(&address).is_ok() {
            return Ok(address);
        }
    }
    bail!("no port from {FIRST} on is free")
}
