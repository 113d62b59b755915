//! Why: a signed PDF must stay exactly the bytes that were signed, for years, under hostile eyes. So this crate never
//! rewrites a file: it reads the few objects that it needs, and every change is a revision appended after the old bytes.
//!
//! Bytes in, bytes out; no database, no network. The way of a contract through it:
//!
//! ```text
//! upload ─ inspect ─► prepare ─► begin ─► signed_attributes ─► (key) ─► timestamp_imprint ─► (TSA) ─► finish ─► validate
//!                     once       └──────────────────── once for each signer ─────────────────────┘
//! ```
//!
//! Files from outside are opened only through [`confined::Confined`], in a child process with limits.

pub mod appearance;
pub mod cli;
pub mod confined;
pub mod convert;
pub mod cross_page;
pub mod fonts;
pub mod inspect;
pub mod limits;
pub mod picture;
pub mod prepare;
pub mod read;
pub mod seal;
pub mod sign;
pub mod validate;

mod asn1;
mod cms;
mod geometry;
mod write;

pub use appearance::{Appearance, FieldAppearance, Strokes};
pub use geometry::Rect;
pub use inspect::{Inspection, inspect};
pub use prepare::{FieldKind, FieldSpec, prepare};
pub use read::repair;
pub use sign::{
    Digest, PreparedSignature, SignRequest, begin, finish, sign_with_openssl_key, signed_attributes,
    timestamp_imprint,
};
pub use validate::{Report, Trust, validate};
