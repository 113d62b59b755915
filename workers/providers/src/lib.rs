//! Clients of the outside world: text messages, mail, certificates, timestamps, and the keys that sign.
//!
//! Each folder speaks one vendor's protocol over the wire and turns every way in which a call can end into a typed
//! error, because the jobs decide by it: try again, ask first, wait, or stop and call a person. The clients are
//! concrete; tests put a server that speaks the same protocol on the other end (`ops/sandbox`).
//!
//! Nothing here retries by itself and nothing follows a redirect: a client talks to the address in its
//! configuration and to no other, with a limit on time and on the size of the answer.

pub mod ca;
pub mod email;
pub mod http;
pub mod keystore;
pub mod revocation;
pub mod sms;
pub mod tsa;
