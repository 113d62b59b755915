//! Why: the parent trusts nothing of its child: not that it ends, not how much it says, not how it ends.

use std::{
    io,
    os::unix::process::ExitStatusExt as _,
    path::Path,
    process::{ExitStatus, Stdio},
};

use tokio::{
    io::{AsyncWrite, AsyncWriteExt as _},
    process::{Child, ChildStdin, ChildStdout, Command},
};

use super::{
    Answer, Limits, SUBCOMMAND, child,
    frame::{self, Received},
};
use crate::fonts::FOLDERS_VARIABLE;

/// A child process. Dropping it kills it.
#[derive(Debug)]
pub(super) struct Worker {
    process: Child,
    stdin: ChildStdin,
    stdout: ChildStdout,
    /// Files that it has opened.
    calls: u32,
}

/// Why a child gave no answer; it is not to be asked again.
#[derive(Debug)]
pub(super) enum Ended {
    /// It broke.
    Broke(ExitStatus),
    /// It took longer than it may.
    TooSlow,
    /// It wants to say more than it may.
    TooLong,
    /// It said what is no answer.
    Nonsense,
    /// The pipes failed.
    Io(io::Error),
}

impl Worker {
    pub(super) fn start(executable: &Path, limits: &Limits) -> io::Result<Self> {
        let mut command = Command::new(executable);
        command
            .arg(SUBCOMMAND)
            .env_clear()
            .env(child::MEMORY_VARIABLE, limits.memory_bytes.to_string())
            .env(child::CPU_VARIABLE, limits.cpu_s.to_string())
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // Neither does a signal to our group (Ctrl-C) end what is under way, nor one to the child's end us.
            .process_group(0)
            .kill_on_drop(true);
        if let Some(folders) = std::env::var_os(FOLDERS_VARIABLE) {
            command.env(FOLDERS_VARIABLE, folders);
        }
        let mut process = command.spawn()?;
        match (process.stdin.take(), process.stdout.take()) {
            (Some(stdin), Some(stdout)) => Ok(Self { process, stdin, stdout, calls: 0 }),
            _ => Err(io::Error::other("the child has no pipes")),
        }
    }

    /// How many files it has opened.
    pub(super) const fn calls(&self) -> u32 {
        self.calls
    }

    /// It runs, as far as can be seen.
    pub(super) fn is_alive(&mut self) -> bool {
        matches!(self.process.try_wait(), Ok(None))
    }

    /// The memory that it holds, in bytes.
    pub(super) fn resident_bytes(&self) -> usize {
        let Some(id) = self.process.id() else { return 0 };
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = resident.and_then(|text| text.split_whitespace().next()?.parse::<usize>().ok());
        kilobytes.unwrap_or(0).saturating_mul(1024)
    }

    /// Asks; the file follows the head. After an error the child must be dropped.
    pub(super) async fn ask(
        &mut self,
        limits: &Limits,
        head: &[u8],
        file: &[u8],
    ) -> Result<(Answer, Vec<u8>), Ended> {
        self.calls = self.calls.saturating_add(1);
        let talk = async {
            let ((), received) = tokio::join!(
                send(&mut self.stdin, head, file),
                frame::receive(&mut self.stdout, limits.output_bytes)
            );
            match received {
                Ok(Received::Message(answer, tail)) => Ok((answer, tail)),
                Ok(Received::TooLong) => Err(Ended::TooLong),
                Ok(Received::Nonsense) => Err(Ended::Nonsense),
                Ok(Received::Nothing) => Err(match self.process.wait().await {
                    Ok(status) => Ended::Broke(status),
                    Err(error) => Ended::Io(error),
                }),
                Err(error) => Err(Ended::Io(error)),
            }
        };
        tokio::time::timeout(limits.wall, talk).await.unwrap_or(Err(Ended::TooSlow))
    }
}

/// A child that ended early does not read to the end; its status tells why.
async fn send(stdin: &mut (impl AsyncWrite + Unpin), head: &[u8], file: &[u8]) {
    if stdin.write_all(head).await.is_ok() && stdin.write_all(file).await.is_ok() {
        let _ = stdin.flush().await;
    }
}

/// How a child ended, in words.
pub(super) fn describe(status: ExitStatus) -> String {
    const SIGABRT: i32 = 6;
    const SIGKILL: i32 = 9;
    const SIGSEGV: i32 = 11;
    const SIGXCPU: i32 = 24;
    match status.signal() {
        Some(SIGXCPU) => "it took too much processor time".to_owned(),
        Some(SIGABRT) => "it took too much memory, or is nested too deeply".to_owned(),
        Some(SIGSEGV) => "it is nested too deeply".to_owned(),
        Some(SIGKILL) => "its process was killed".to_owned(),
        Some(signal) => format!("its process ended with signal {signal}"),
        None => format!("its process ended with status {}", status.code().unwrap_or(-1)),
    }
}
