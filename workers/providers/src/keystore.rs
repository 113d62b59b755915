//! Keys that sign. For now the one kind that needs no keeping: a key for a single signature.

pub mod software;
