//! Places where a test may end the process, so that "what if it dies just here" is a question with an answer.
//!
//! Without the feature `failpoints` a call compiles to nothing. With it, `FAILPOINTS=<name>=return` (as the crate
//! `fail` reads it) ends this process with SIGKILL when it gets there.

/// Every fail point of the store and of the jobs runtime, in the order of a job's life. Handlers add theirs beside.
pub const ALL: &[&str] = &[
    "store::submit::before_commit",
    "store::submit::after_commit",
    "jobs::claim::before_commit",
    "jobs::claim::after_commit",
    "jobs::mark_outside::before_commit",
    "jobs::mark_outside::after_commit",
    "jobs::complete::before_commit",
    "jobs::complete::after_commit",
    "jobs::release::before_commit",
    "jobs::release::after_commit",
    "timers::fire::before_commit",
    "timers::fire::after_commit",
];

/// How far a test has moved a store's clock. The database's clock decides everything, so moving what is read from it
/// moves all of one process's view; other processes on the same database keep theirs, as nodes with a wrong clock would.
#[cfg(feature = "failpoints")]
#[derive(Debug, Default)]
pub(crate) struct ClockShift {
    ms: std::sync::atomic::AtomicI64,
    moved: tokio::sync::Notify,
}

#[cfg(feature = "failpoints")]
impl ClockShift {
    pub(crate) fn set(&self, ms: i64) {
        self.ms.store(ms, std::sync::atomic::Ordering::SeqCst);
        self.moved.notify_one();
    }

    /// Resolves when it was moved since the last time: what sleeps until a time looks again.
    pub(crate) async fn moved(&self) {
        self.moved.notified().await;
    }

    pub(crate) fn applied(&self, now: sealflow_core::Timestamp) -> sealflow_core::Timestamp {
        now.plus_ms(self.ms.load(std::sync::atomic::Ordering::SeqCst))
    }
}

/// Nothing moves the clock in a build without fail points.
#[cfg(not(feature = "failpoints"))]
#[derive(Debug, Default)]
pub(crate) struct ClockShift {}

#[cfg(not(feature = "failpoints"))]
#[expect(clippy::unused_self, reason = "the same calls as with the feature")]
impl ClockShift {
    pub(crate) const fn applied(&self, now: sealflow_core::Timestamp) -> sealflow_core::Timestamp {
        now
    }

    pub(crate) async fn moved(&self) {
        std::future::pending().await
    }
}

/// Ends the process here if a test asked for it.
#[cfg(feature = "failpoints")]
pub fn hit(name: &'static str) {
    fail::fail_point!(name, |_| die(name));
}

/// Does nothing in a build without fail points.
#[cfg(not(feature = "failpoints"))]
#[inline]
pub const fn hit(_name: &'static str) {}

/// SIGKILL, as a power cut would: no destructor runs, no buffer is flushed.
#[cfg(feature = "failpoints")]
fn die(name: &'static str) {
    tracing::warn!(failpoint = name, "ending the process as the test asked");
    if let Err(error) =
        rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL)
    {
        tracing::error!(%error, "the process could not be killed");
        std::process::abort();
    }
}
