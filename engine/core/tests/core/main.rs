//! The interpreter from outside: rules, shipped definitions, random histories, diagnostics.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed unwrap is the test's failure"
)]

mod assignees;
mod contract_types;
mod diagnostics;
mod diagnostics_flow;
mod drive;
mod each;
mod generated;
mod golden;
mod incidents;
mod inputs;
mod limits;
mod micro_deposit;
mod migrate;
mod properties;
mod rules;
mod scenarios;
mod shipped;
mod supplier_purchase;
mod timers;
mod uses;
mod walk;
