//! The HTTP API as clients meet it: the real server on loopback, on both engines, with the workers' part played by hand.

mod access;
mod audit;
mod browser;
mod codes;
mod contracts;
mod downloads;
mod edge;
mod incidents;
mod lists;
mod lost_answers;
mod ops;
mod placing;
mod removed_seals;
mod seals;
mod sending;
mod signatures;
mod signing;
mod types;
mod uploads;
mod validation;
pub(crate) mod world;

pub(crate) use browser::{Browser, Reply};
pub(crate) use world::World;
