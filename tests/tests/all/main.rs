//! The integration tests, one binary: linking ten costs five times as much.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "what cannot go on is the test's failure"
)]

mod api;
mod cli;
mod cli_workflow;
mod faults;
mod jobs;
mod levels;
mod nodes;
mod signed_file;
mod stamp;
mod store;
mod survive;
