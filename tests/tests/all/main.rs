//! The integration tests, one binary: linking ten costs five times as much.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is the test's failure")]

mod jobs;
mod store;
