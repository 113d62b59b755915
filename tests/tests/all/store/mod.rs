//! The store's promises, each on both engines.

mod blobs;
mod definitions;
pub(crate) mod errand;
mod jobs;
mod jobs_result;
mod leases;
mod ops;
mod settings;
mod submit;
mod timers;
