//! The store's promises, each on both engines.

mod batch;
mod blobs;
mod definitions;
pub(crate) mod errand;
mod group;
mod incidents;
mod jobs;
mod jobs_result;
mod kept;
mod leases;
mod limits;
mod migrate;
mod ops;
mod overtaken;
mod refusals;
mod retention;
mod schedules;
mod settings;
mod submit;
mod sweep;
mod timers;
