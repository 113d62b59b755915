//! Why: Word files are converted by LibreOffice, a large program that opens whatever is in them. So it runs as a process of its
//! own with limits on memory, processor time, files and time, with an empty home, without macros and links, and without a
//! network where the system allows that.

mod archive;

use std::{
    io,
    os::unix::process::ExitStatusExt as _,
    path::{Path, PathBuf},
    process::{ExitStatus, Output, Stdio},
    sync::Arc,
    time::Duration,
};

use tempfile::TempDir;
use tokio::{process::Command, sync::Semaphore};

pub use archive::{is_broken_word, is_compound, is_word};

/// Names LibreOffice's program (`soffice.bin`) when it is not in one of the usual places; empty for none.
pub const PROGRAM_VARIABLE: &str = "SEALFLOW_SOFFICE";

const PROGRAMS: [&str; 4] = [
    "/usr/lib/libreoffice/program/soffice.bin",
    "/usr/lib64/libreoffice/program/soffice.bin",
    "/opt/libreoffice/program/soffice.bin",
    "/usr/local/lib/libreoffice/program/soffice.bin",
];
const UNSHARE: &str = "/usr/bin/unshare";
const PRLIMIT: &str = "/usr/bin/prlimit";
/// The program's status when it has set up its folder and wants to be started anew.
const RESTART: i32 = 81;
/// How much of the program's last words is kept for the log.
const WORDS_MAX: usize = 300;

/// No macros, no pictures or text from elsewhere, no questions.
const PROFILE: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="BlockUntrustedRefererLinks" oor:op="fuse"><value>true</value></prop></item>
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="DisableActiveContent" oor:op="fuse"><value>true</value></prop></item>
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="DisableMacrosExecution" oor:op="fuse"><value>true</value></prop></item>
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="MacroSecurityLevel" oor:op="fuse"><value>3</value></prop></item>
<item oor:path="/org.openoffice.Office.Writer/Content/Update"><prop oor:name="Link" oor:op="fuse"><value>2</value></prop></item>
<item oor:path="/org.openoffice.Setup/Office"><prop oor:name="ooSetupInstCompleted" oor:op="fuse"><value>true</value></prop></item>
</oor:items>
"#;

/// What a conversion may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Address space, in bytes.
    pub memory_bytes: u64,
    /// Processor time, in seconds.
    pub cpu_s: u64,
    /// Time from start to end.
    pub wall: Duration,
    /// Largest file that it may write, in bytes.
    pub output_bytes: u64,
    /// Conversions at one time; further ones wait.
    pub at_once: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes: 3 * 1024 * 1024 * 1024,
            cpu_s: 60,
            wall: Duration::from_secs(90),
            output_bytes: 100 * 1024 * 1024,
            at_once: 1,
        }
    }
}

/// Why a Word file was not converted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// LibreOffice is not installed.
    #[error("LibreOffice is not installed: install libreoffice-writer-nogui, or send the contract as PDF")]
    Absent,
    /// The file is no .docx, or has macros.
    #[error("the file is no Word file that can be converted: {why}")]
    NotWord {
        /// What is wrong with it.
        why: &'static str,
    },
    /// The conversion went over a limit or failed.
    #[error("the Word file could not be converted: {why}")]
    Refused {
        /// Which limit, or how the program ended.
        why: String,
    },
    /// Other files were converted for as long as the caller would wait.
    #[error("other Word files are being converted")]
    Busy,
    /// The program could not be started, or its files not be written.
    #[error("LibreOffice cannot be run")]
    Io(#[from] io::Error),
}

/// Converts Word files. Clones share the limit on conversions.
#[derive(Debug, Clone)]
pub struct Word {
    program: Option<PathBuf>,
    limits: Limits,
    slots: Arc<Semaphore>,
    /// How long to wait for a slot; for ever without it.
    patience: Option<Duration>,
}

impl Word {
    /// Looks for LibreOffice.
    #[must_use]
    pub fn find(limits: Limits) -> Self {
        let program = match std::env::var_os(PROGRAM_VARIABLE) {
            Some(named) => Some(PathBuf::from(named)),
            None => PROGRAMS.iter().map(PathBuf::from).find(|path| path.is_file()),
        };
        Self::at(program.filter(|path| path.is_file()), limits)
    }

    /// With this program, or with none.
    #[must_use]
    pub fn at(program: Option<PathBuf>, limits: Limits) -> Self {
        Self { program, limits, slots: Arc::new(Semaphore::new(limits.at_once.max(1))), patience: None }
    }

    /// The same converter, for a caller who waits at most so long for his turn, and then gets [`Error::Busy`].
    #[must_use]
    pub fn patient_for(self, patience: Duration) -> Self {
        Self { patience: Some(patience), ..self }
    }

    /// Whether there is a program to convert with.
    #[must_use]
    pub const fn is_there(&self) -> bool {
        self.program.is_some()
    }

    /// Converts a .docx to PDF. The result is as little to be trusted as the file: it is opened in a child process.
    ///
    /// # Errors
    /// [`Error`]
    pub async fn to_pdf(&self, docx: &[u8]) -> Result<Vec<u8>, Error> {
        archive::check(docx).map_err(|why| Error::NotWord { why })?;
        let program = self.program.as_deref().ok_or(Error::Absent)?;
        let waiting = self.slots.acquire();
        let slot = match self.patience {
            Some(patience) => tokio::time::timeout(patience, waiting).await.map_err(|_| Error::Busy)?,
            None => waiting.await,
        };
        let _slot = slot.map_err(io::Error::other)?;
        let folder = prepared_folder(docx).await?;
        let run = async {
            let mut output = self.run(program, folder.path()).await?;
            if output.status.code() == Some(RESTART) {
                output = self.run(program, folder.path()).await?;
            }
            Ok::<_, io::Error>(output)
        };
        let output = match tokio::time::timeout(self.limits.wall, run).await {
            Ok(output) => output?,
            // Dropping the process kills it.
            Err(_) => {
                let why = format!("it took longer than {} seconds", self.limits.wall.as_secs());
                return Err(Error::Refused { why });
            }
        };
        match tokio::fs::read(folder.path().join("out/contract.pdf")).await {
            Ok(pdf) if output.status.success() && pdf.starts_with(b"%PDF-") => Ok(pdf),
            _ => Err(Error::Refused { why: describe(output.status, &output.stderr) }),
        }
    }

    async fn run(&self, program: &Path, folder: &Path) -> io::Result<Output> {
        self.command(program, folder).await.spawn()?.wait_with_output().await
    }

    async fn command(&self, program: &Path, folder: &Path) -> Command {
        let mut words: Vec<String> = Vec::new();
        if has_private_network().await {
            words.extend([UNSHARE, "--map-root-user", "--net", "--"].map(str::to_owned));
        }
        words.push(PRLIMIT.to_owned());
        let Limits { memory_bytes, cpu_s, output_bytes, .. } = self.limits;
        words.extend([
            format!("--as={memory_bytes}"),
            format!("--cpu={cpu_s}:{}", cpu_s.saturating_add(1)),
            format!("--fsize={output_bytes}"),
            "--nofile=256".to_owned(),
            "--core=0".to_owned(),
            program.display().to_string(),
            format!("-env:UserInstallation=file://{}/profile", folder.display()),
        ]);
        words.extend(
            ["--headless", "--norestore", "--nologo", "--nolockcheck", "--nodefault", "--nofirststartwizard"]
                .map(str::to_owned),
        );
        words.extend(
            ["--convert-to", "pdf:writer_pdf_Export", "--outdir", "out", "contract.docx"].map(str::to_owned),
        );
        let mut words = words.into_iter();
        let mut command = Command::new(words.next().unwrap_or_default());
        command
            .args(words)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", folder)
            .env("TMPDIR", folder)
            .env("LANG", "C.UTF-8")
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            // Neither does a signal to our group (Ctrl-C) end what is under way, nor one to LibreOffice's end us.
            .process_group(0)
            .kill_on_drop(true);
        command
    }
}

/// A folder with the file and the program's settings.
async fn prepared_folder(docx: &[u8]) -> io::Result<TempDir> {
    let folder = TempDir::new()?;
    let settings = folder.path().join("profile/user");
    tokio::fs::create_dir_all(&settings).await?;
    tokio::fs::write(settings.join("registrymodifications.xcu"), PROFILE).await?;
    tokio::fs::write(folder.path().join("contract.docx"), docx).await?;
    Ok(folder)
}

/// Whether this system lets a process have a network of its own, in which there is nobody. Asked each time: it is quick, and an
/// administrator may change it.
async fn has_private_network() -> bool {
    let mut command = Command::new(UNSHARE);
    command.args(["--map-root-user", "--net", "--", "/bin/true"]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    command.status().await.is_ok_and(|status| status.success())
}

fn describe(status: ExitStatus, words: &[u8]) -> String {
    const SIGKILL: i32 = 9;
    const SIGXCPU: i32 = 24;
    const SIGXFSZ: i32 = 25;
    match status.signal() {
        Some(SIGXCPU | SIGKILL) => "it took too much processor time or memory".to_owned(),
        Some(SIGXFSZ) => "it made too large a file".to_owned(),
        Some(signal) => format!("LibreOffice ended with signal {signal}"),
        None => {
            let words: String = String::from_utf8_lossy(words).chars().take(WORDS_MAX).collect();
            format!("LibreOffice ended with status {}: {}", status.code().unwrap_or(-1), words.trim())
        }
    }
}
