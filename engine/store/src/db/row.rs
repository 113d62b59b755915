//! Reading typed values out of portable columns (text and integers).

use std::str::FromStr;

use serde::{Serialize, de::DeserializeOwned};

use super::Error;

/// Parses a text column: an id, a state.
pub(crate) fn parse<T>(what: &'static str, text: &str) -> Result<T, Error>
where
    T: FromStr,
    T::Err: std::error::Error + Send + Sync + 'static,
{
    text.parse().map_err(|source| Error::Corrupt { what, source: Box::new(source) })
}

/// Reads a JSON column.
pub(crate) fn from_json<T: DeserializeOwned>(what: &'static str, text: &str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|source| Error::Corrupt { what, source: Box::new(source) })
}

/// Writes a JSON column.
pub(crate) fn to_json<T: Serialize + ?Sized>(what: &'static str, value: &T) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|source| Error::Encode { what, source })
}

/// Reads a count or a number that is never negative.
pub(crate) fn to_u64(what: &'static str, value: i64) -> Result<u64, Error> {
    u64::try_from(value).map_err(|source| Error::Corrupt { what, source: Box::new(source) })
}

/// Writes a number that the engines hold in 63 bits.
pub(crate) fn to_i64(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
