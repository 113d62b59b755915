//! What the integration tests share: databases, files, judges, and the program as a child process.

pub mod db;
pub mod faults;
pub mod fixtures;
pub mod judges;
pub mod pg;
pub mod process;
pub mod scene;
