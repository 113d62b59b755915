//! Why: to start a process for each file takes longer than to read most files, so children are kept and asked again: until
//! they have opened many files, hold much memory, or did not answer as they should.

use std::{
    path::PathBuf,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::sync::Semaphore;

use super::{
    Answer, CALLS_MAX, Error, Limits,
    parent::{Ended, Worker, describe},
};

/// The children of one platform.
#[derive(Debug)]
pub(super) struct Pool {
    executable: PathBuf,
    limits: Limits,
    /// One for each child that may run.
    slots: Semaphore,
    /// Children that wait for a file; never more than there are slots.
    idle: Mutex<Vec<Worker>>,
    started: AtomicU64,
}

impl Pool {
    pub(super) fn new(executable: PathBuf, limits: Limits) -> Self {
        let slots = Semaphore::new(limits.children.max(1));
        Self { executable, limits, slots, idle: Mutex::default(), started: AtomicU64::new(0) }
    }

    /// How many children were started so far.
    pub(super) fn started(&self) -> u64 {
        self.started.load(Ordering::Relaxed)
    }

    /// Starts a child ahead of its first file.
    pub(super) fn warm_up(&self) -> Result<(), Error> {
        let worker = self.start()?;
        self.keep(worker);
        Ok(())
    }

    /// Has a child answer. What breaks it harms nothing but this file.
    pub(super) async fn ask(
        &self,
        head: &[u8],
        file: &[u8],
        patience: Option<Duration>,
    ) -> Result<(Answer, Vec<u8>), Error> {
        let waiting = self.slots.acquire();
        let slot = match patience {
            Some(patience) => tokio::time::timeout(patience, waiting).await.map_err(|_| Error::Busy)?,
            None => waiting.await,
        };
        let _slot = slot.map_err(|source| Error::Io(std::io::Error::other(source)))?;
        let mut worker = self.take()?;
        let mut answer = worker.ask(&self.limits, head, file).await;
        if matches!(answer, Err(Ended::Broke(_))) && worker.calls() > 1 {
            // The verdict on a file must not depend on the files before it.
            worker = self.start()?;
            answer = worker.ask(&self.limits, head, file).await;
        }
        match answer {
            Ok(answer) => {
                self.give_back(worker);
                Ok(answer)
            }
            Err(ended) => Err(self.refusal(ended)),
        }
    }

    fn start(&self) -> Result<Worker, Error> {
        let worker = Worker::start(&self.executable, &self.limits).map_err(Error::Io)?;
        self.started.fetch_add(1, Ordering::Relaxed);
        Ok(worker)
    }

    fn take(&self) -> Result<Worker, Error> {
        loop {
            let waiting = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let Some(mut worker) = waiting else { return self.start() };
            if worker.is_alive() {
                return Ok(worker);
            }
        }
    }

    fn give_back(&self, worker: Worker) {
        let used_up = worker.calls() >= CALLS_MAX || worker.resident_bytes() > self.limits.kept_bytes;
        if !used_up {
            self.keep(worker);
        } else if let Ok(fresh) = self.start() {
            // It gets ready while nobody waits for it.
            self.keep(fresh);
        }
    }

    fn keep(&self, worker: Worker) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < self.limits.children.max(1) {
            idle.push(worker);
        }
    }

    fn refusal(&self, ended: Ended) -> Error {
        let why = match ended {
            Ended::Io(source) => return Error::Io(source),
            Ended::Broke(status) if !status.success() => describe(status),
            Ended::Broke(_) | Ended::Nonsense => return super::mixed_up(),
            Ended::TooSlow => format!("it took longer than {} seconds", self.limits.wall.as_secs()),
            Ended::TooLong => format!("it made more than {} bytes", self.limits.output_bytes),
        };
        Error::Refused { why }
    }
}
