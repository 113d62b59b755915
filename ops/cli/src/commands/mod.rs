//! One file a command.

pub mod blobs;
pub mod demo;
pub mod pages;
pub mod pdf;
pub mod run;
pub mod sandbox;
pub mod workflow;
