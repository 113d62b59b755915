//! Keys that sign: one for a single signature, which needs no keeping, and those in tokens and HSMs.

pub mod pkcs11;
pub mod software;
