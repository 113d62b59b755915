//! The composition root: reads the configuration, wires store, server, workers and clock, and is the only place that
//! knows all of them. The binary `sealflow` is a thin call into [`main`].

pub mod config;
pub mod journey;
pub mod sample_contract;
