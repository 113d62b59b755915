//! Timestamps from an authority that speaks RFC 3161 over HTTP.
//!
//! A token proves that a digest existed at a time, so it is only as good as its checks: the digest and the nonce must
//! be ours, and with a trusted root configured the token's signature must lead to it with the purpose of timestamping.

mod client;
mod wire;

pub use client::{Config, Error, Token, TsaClient};
