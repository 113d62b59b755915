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
