//! Reading the application's rows: ids and JSON are text in the tables, flags are 0 or 1.

use std::str::FromStr;

use serde::de::DeserializeOwned;
use sqlx::{Row as _, any::AnyRow};

use crate::db::{Error, row};

/// A typed id, or any other text with a parser.
pub(crate) fn id<T>(from: &AnyRow, column: &'static str) -> Result<T, Error>
where
    T: FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    row::parse(column, &from.try_get::<String, _>(column)?)
}

/// A typed id that may be missing.
pub(crate) fn id_opt<T>(from: &AnyRow, column: &'static str) -> Result<Option<T>, Error>
where
    T: FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    from.try_get::<Option<String>, _>(column)?.map(|text| row::parse(column, &text)).transpose()
}

/// 0 or 1.
pub(crate) fn flag(from: &AnyRow, column: &'static str) -> Result<bool, Error> {
    Ok(from.try_get::<i64, _>(column)? != 0)
}

/// A count or a page number.
pub(crate) fn number<T>(from: &AnyRow, column: &'static str) -> Result<T, Error>
where
    T: TryFrom<i64, Error: std::error::Error + Send + Sync + 'static>,
{
    let value: i64 = from.try_get(column)?;
    value.try_into().map_err(|source| Error::Corrupt { what: column, source: Box::new(source) })
}

/// JSON.
pub(crate) fn json<T: DeserializeOwned>(from: &AnyRow, column: &'static str) -> Result<T, Error> {
    row::from_json(column, &from.try_get::<String, _>(column)?)
}

/// JSON that may be missing.
pub(crate) fn json_opt<T: DeserializeOwned>(from: &AnyRow, column: &'static str) -> Result<Option<T>, Error> {
    from.try_get::<Option<String>, _>(column)?.map(|text| row::from_json(column, &text)).transpose()
}
