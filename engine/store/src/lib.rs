//! Everything that lasts: instances and their history, timers, tasks, jobs, the application's tables, and files by
//! content. One code over SQLite and PostgreSQL.
//!
//! Nothing changes an instance but [`instances::submit`]: one transaction that keeps the event, the new state, the
//! timers, the tasks and the jobs, or nothing.

pub mod agreements;
pub mod archive;
pub mod audit;
pub mod blobs;
pub mod change;
pub mod codes;
pub mod contracts;
pub mod db;
pub mod definitions;
mod derive;
pub mod documents;
pub mod failpoint;
pub mod fields;
pub mod incidents;
pub mod instances;
pub mod jobs;
pub mod links;
pub mod organizations;
pub mod people;
pub mod phone;
pub mod recipients;
pub mod refusals;
pub mod retention;
mod rows;
pub mod schedules;
pub mod seals;
pub mod seed;
pub mod sessions;
pub mod signatures;
pub mod signing;
pub mod sms_receipts;
pub mod tasks;
pub(crate) mod text_enum;
pub mod timers;

pub use change::Change;
pub use db::{Config, Conn, Dialect, Error, OpenError, Reader, Store, Tx};
pub use instances::{NewEvent, StartInstance, Subject, Submitted, submit};
pub use text_enum::UnknownWord;
