//! Workers: they do what is slow or outside, at least once, and tell the instance that waits.
//!
//! apalis runs the workers; the jobs are rows of our own table (`sealflow_store::jobs`), reached through
//! [`runtime`]'s `Backend`. What each kind of job does is in [`handlers`].

pub mod cron;
pub mod handlers;
pub mod raise;
pub mod registry;
pub mod room;
pub mod runtime;

pub use registry::{Ctx, Done, JobError, LOCAL_TIME, Registry};
pub use runtime::{Config, Control, Runtime, desk, run};
