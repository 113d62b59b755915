//! Statements over many rows at once, which come as one JSON list: a round trip and a plan for all of them.
//!
//! The engines read a JSON list in different ways, so a text says `{rows}` where the rows come from, and the columns are
//! given beside it. The list is the parameter `$1`; the rows are called `r`. `{when}` is a condition for statements that
//! are parts of a greater one (`together.rs`), and true else.

use std::{fmt::Write as _, sync::OnceLock};

use serde::Serialize;
use sqlx::{Any, any::AnyArguments, query::Query};

use super::{Dialect, Error, row::to_json};

/// What `{when}` is for a statement of its own.
pub(super) const TRUE: &str = "true";

/// A statement over many rows.
#[derive(Debug)]
pub(crate) struct Many {
    text: &'static str,
    columns: &'static [(&'static str, Column)],
    sqlite: OnceLock<String>,
    postgres: OnceLock<String>,
}

/// What a column holds.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Column {
    Text,
    Number,
}

impl Many {
    /// `columns` are the fields of the rows that the statement reads.
    pub(crate) const fn new(text: &'static str, columns: &'static [(&'static str, Column)]) -> Self {
        Self { text, columns, sqlite: OnceLock::new(), postgres: OnceLock::new() }
    }

    /// Its text for this engine.
    pub(crate) fn text(&'static self, dialect: Dialect) -> &'static str {
        let made = match dialect {
            Dialect::Sqlite => &self.sqlite,
            Dialect::Postgres => &self.postgres,
        };
        made.get_or_init(|| self.made(dialect, 1, TRUE))
    }

    /// Its text as a part of a greater statement of PostgreSQL: the list is this parameter, and `when` the condition.
    pub(crate) fn numbered(&self, parameter: usize, when: &str) -> String {
        self.made(Dialect::Postgres, parameter, when)
    }

    fn made(&self, dialect: Dialect, parameter: usize, when: &str) -> String {
        self.text.replace("{rows}", &rows(self.columns, dialect, parameter)).replace("{when}", when)
    }

    /// The statement with these rows bound.
    pub(crate) fn query<T: Serialize>(
        &'static self,
        dialect: Dialect,
        rows: &[T],
    ) -> Result<Query<'static, Any, AnyArguments>, Error> {
        Ok(sqlx::query(self.text(dialect)).bind(to_json("rows", rows)?))
    }
}

fn rows(columns: &[(&str, Column)], dialect: Dialect, parameter: usize) -> String {
    let mut list = String::new();
    for (name, column) in columns {
        if !list.is_empty() {
            list.push_str(", ");
        }
        // Writing to a text cannot fail.
        let _ = match (dialect, column) {
            (Dialect::Sqlite, _) => write!(list, "json_extract(value, '$.{name}') as {name}"),
            (Dialect::Postgres, Column::Text) => write!(list, "{name} text"),
            (Dialect::Postgres, Column::Number) => write!(list, "{name} bigint"),
        };
    }
    match dialect {
        Dialect::Sqlite => format!("(select {list} from json_each(${parameter})) as r"),
        Dialect::Postgres => format!("json_to_recordset(${parameter}::json) as r({list})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rows_are_read_as_the_engine_does() {
        static MANY: Many =
            Many::new("select * from {rows}", &[("id", Column::Text), ("seq", Column::Number)]);
        assert_eq!(
            MANY.text(Dialect::Postgres),
            "select * from json_to_recordset($1::json) as r(id text, seq bigint)"
        );
        assert_eq!(
            MANY.text(Dialect::Sqlite),
            "select * from (select json_extract(value, '$.id') as id, json_extract(value, '$.seq') as seq \
             from json_each($1)) as r"
        );
    }
}
