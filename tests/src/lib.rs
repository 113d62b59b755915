//! sealflow-tests

pub mod fixtures;
