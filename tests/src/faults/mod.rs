//! Faults on purpose: a light engine as a child process that is killed, a bank that misbehaves, and what must hold in
//! the database afterwards, whatever happened.
//!
//! ```text
//!   seed ─► plan (what runs, where it is killed, what the bank does)
//!             │
//!             ▼
//!   test ── commands over a pipe ──► engine_under_test ──► database ◄── test: moves the clock, looks, judges
//!     │                                   │ loopback HTTP
//!     └── bank (in the test's process) ◄──┘
//! ```
//!
//! The clock is moved instead of waited for, so that a seed with hours in it takes a fraction of a second.

pub mod bank;
pub mod campaign;
pub mod client;
pub mod engine;
pub mod figures;
pub mod invariants;
pub mod node;
pub mod people;
pub mod plan;
pub mod protocol;
pub mod proxy;
pub mod scenes;
pub mod seed;
