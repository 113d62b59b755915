//! What the integration tests share: databases, files, the program as a child process.

pub mod db;
pub mod fixtures;
pub mod pg;
