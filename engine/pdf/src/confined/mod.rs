//! Why: a hostile PDF can eat gigabytes, overflow a stack or run for ever. It does so in a child process with limits, and the
//! server answers "refused".

use std::{path::PathBuf, process::ExitCode, sync::Arc, time::Duration};

use tokio::sync::Semaphore;

use crate::{
    inspect::Inspection,
    prepare::{self, FieldSpec},
    read,
    sign::{self, PreparedSignature, SignRequest},
    validate::{Report, Trust},
};

/// The hidden subcommand that the binary answers with [`child_main`].
pub const SUBCOMMAND: &str = "pdf-child";

/// What a child may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Address space, in bytes.
    pub memory_bytes: u64,
    /// Processor time, in seconds.
    pub cpu_s: u64,
    /// Time from start to end.
    pub wall: Duration,
    /// Largest answer, in bytes.
    pub output_bytes: usize,
    /// Children at one time; further calls wait.
    pub children: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes: 1024 * 1024 * 1024,
            cpu_s: 20,
            wall: Duration::from_secs(30),
            output_bytes: 32 * 1024 * 1024,
            children: 4,
        }
    }
}

/// Why a confined call gave nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file cannot be read.
    #[error("the file cannot be read")]
    Read(#[source] read::Error),
    /// The file cannot be prepared.
    #[error("the file cannot be prepared")]
    Prepare(#[source] prepare::Error),
    /// The signature cannot be begun.
    #[error("the file cannot be signed")]
    Sign(#[source] sign::Error),
    /// The child went over a limit or broke: the file is not to be opened.
    #[error("the file was refused: {why}")]
    Refused {
        /// Which limit, or how the child ended.
        why: String,
    },
    /// The child could not be started or spoken to.
    #[error("the PDF child process cannot be run")]
    Io(#[source] std::io::Error),
}

/// Opens files in child processes. Clones share the limit on children.
#[derive(Debug, Clone)]
pub struct Confined {
    executable: PathBuf,
    limits: Limits,
    slots: Arc<Semaphore>,
}

impl Confined {
    /// Runs `executable pdf-child` for each call; `executable` is usually [`std::env::current_exe`].
    #[must_use]
    pub fn new(executable: impl Into<PathBuf>, limits: Limits) -> Self {
        Self {
            executable: executable.into(),
            limits,
            slots: Arc::new(Semaphore::new(limits.children.max(1))),
        }
    }

    /// [`crate::inspect()`] in a child.
    ///
    /// # Errors
    /// [`Error`]
    pub async fn inspect(&self, bytes: &[u8]) -> Result<Inspection, Error> {
        self.call(bytes).await
    }

    /// [`crate::prepare()`] in a child.
    ///
    /// # Errors
    /// [`Error`]
    pub async fn prepare(&self, bytes: &[u8], fields: &[FieldSpec]) -> Result<Vec<u8>, Error> {
        let _ = fields;
        self.call(bytes).await
    }

    /// [`crate::begin`] in a child. The digest is taken here, not in the child.
    ///
    /// # Errors
    /// [`Error`]
    pub async fn begin(&self, bytes: &[u8], request: &SignRequest) -> Result<PreparedSignature, Error> {
        let _ = request;
        self.call(bytes).await
    }

    /// [`crate::validate()`] in a child.
    ///
    /// # Errors
    /// [`Error`]
    pub async fn validate(&self, bytes: &[u8], trust: &Trust) -> Result<Report, Error> {
        let _ = trust;
        self.call(bytes).await
    }

    async fn call<T>(&self, bytes: &[u8]) -> Result<T, Error> {
        let _slot = self.slots.acquire().await;
        let why = format!("{} {} {}", self.executable.display(), self.limits.output_bytes, bytes.len());
        Err(Error::Refused { why })
    }
}

/// The child's whole life: limits itself, reads one request from standard input, answers on standard output.
#[must_use]
pub fn child_main() -> ExitCode {
    ExitCode::FAILURE
}
