//! Timestamps from an authority that speaks RFC 3161 over HTTP.
//!
//! A token proves that a digest existed at a time, so it is only as good as its checks: the digest and the nonce must
//! be ours, its time about our clock's, and it must pass as it will have to pass in a file: how it is hashed and signed,
//! which certificate it names, and, with a trusted root configured, that it leads there with the purpose of timestamping.

mod client;
mod refusal;
mod wire;

pub use client::{Config, Error, Token, TsaClient};
pub use refusal::Refusal;
