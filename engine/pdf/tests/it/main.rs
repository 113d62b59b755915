//! The crate from outside: files are made, prepared, signed, judged, broken.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed unwrap is the test's failure")]

mod command_line;
mod corpus;
mod judges;
mod levels;
mod preparing;
mod reading;
mod signing;
mod support;
mod validation;
