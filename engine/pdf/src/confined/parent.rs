//! Why: the parent trusts nothing of its child: not that it ends, not how much it says, not how it ends.

use std::{
    io,
    os::unix::process::ExitStatusExt as _,
    path::Path,
    process::{ExitStatus, Stdio},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    process::{Child, ChildStdin, ChildStdout, Command},
};

use super::{Error, Limits, SUBCOMMAND, child};
use crate::fonts::FOLDERS_VARIABLE;

/// Runs one child; answers all that it wrote.
pub(super) async fn run(
    executable: &Path,
    limits: &Limits,
    head: &[u8],
    body: &[u8],
) -> Result<Vec<u8>, Error> {
    let mut child = spawn(executable, limits).map_err(Error::Io)?;
    let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(Error::Io(io::Error::other("the child has no pipes")));
    };
    let talk = async {
        let ((), output) = tokio::join!(write(stdin, head, body), read(stdout, limits.output_bytes));
        Ok::<_, io::Error>((output?, child.wait().await?))
    };
    match tokio::time::timeout(limits.wall, talk).await {
        Ok(Ok((Some(output), status))) if status.success() => Ok(output),
        Ok(Ok((Some(_), status))) => Err(Error::Refused { why: describe(status) }),
        Ok(Ok((None, _))) => {
            Err(Error::Refused { why: format!("it made more than {} bytes", limits.output_bytes) })
        }
        Ok(Err(source)) => Err(Error::Io(source)),
        // Dropping the child kills it.
        Err(_) => {
            Err(Error::Refused { why: format!("it took longer than {} seconds", limits.wall.as_secs()) })
        }
    }
}

fn spawn(executable: &Path, limits: &Limits) -> io::Result<Child> {
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
        .kill_on_drop(true);
    if let Some(folders) = std::env::var_os(FOLDERS_VARIABLE) {
        command.env(FOLDERS_VARIABLE, folders);
    }
    command.spawn()
}

/// A child that ended early does not read to the end; its status tells why.
async fn write(mut stdin: ChildStdin, head: &[u8], body: &[u8]) {
    if stdin.write_all(head).await.is_ok() && stdin.write_all(body).await.is_ok() {
        // The pipe closes when it is dropped, which is the end of the message.
        let _ = stdin.shutdown().await;
    }
}

/// All output, or none when it is more than `bytes_max`; the pipe is closed then, which ends the child.
async fn read(stdout: ChildStdout, bytes_max: usize) -> io::Result<Option<Vec<u8>>> {
    let mut output = Vec::new();
    let limit = u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1);
    stdout.take(limit).read_to_end(&mut output).await?;
    Ok((output.len() <= bytes_max).then_some(output))
}

fn describe(status: ExitStatus) -> String {
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
