//! Statements of one transaction that touch different rows, in as few trips as the engine allows.
//!
//! On PostgreSQL a trip costs as much as the work of a small statement. So what a step writes (the instance, its history,
//! jobs, timers, tasks) is one statement there, whose parts are common table expressions. SQLite has no trips, and no
//! statements that write inside of others: there the parts run one after the other.
//!
//! ```text
//! with g0 as (insert into instances …), g1 as (update instances …),   the guards: each must write all of its rows
//!      kept as (select …),                                            whether they did
//!      p0 as (insert into history … where (select kept.so from kept)), …   nothing is written when they did not
//! select … from kept                                             whether they did, and what a part tells
//! ```

use std::fmt::Write as _;

use serde::Serialize;
use sqlx::AssertSqlSafe;

use super::{
    Dialect, Error, Tx,
    many::{Many, TRUE},
    row::to_json,
};

/// Whether the guards wrote all of their rows, as a condition of the other parts.
const KEPT: &str = "(select kept.so from kept)";

/// Statements that are run together. No two of them may touch the same row, and none sees what another wrote.
#[derive(Debug, Default)]
pub(crate) struct Together {
    guards: Vec<Part>,
    parts: Vec<Part>,
    telling: Option<Part>,
}

#[derive(Debug)]
struct Part {
    statement: &'static Many,
    /// As a JSON list.
    rows: String,
    count: u64,
}

impl Part {
    /// None: there is nothing to do.
    fn new<T: Serialize>(statement: &'static Many, rows: &[T]) -> Result<Option<Self>, Error> {
        if rows.is_empty() {
            return Ok(None);
        }
        Ok(Some(Self { statement, rows: to_json("rows", rows)?, count: rows.len() as u64 }))
    }
}

impl Together {
    /// A statement that must write every one of its rows; else the parts write nothing.
    pub(crate) fn guard<T: Serialize>(&mut self, statement: &'static Many, rows: &[T]) -> Result<(), Error> {
        self.guards.extend(Part::new(statement, rows)?);
        Ok(())
    }

    /// A statement whose text has the condition `{when}`.
    pub(crate) fn part<T: Serialize>(&mut self, statement: &'static Many, rows: &[T]) -> Result<(), Error> {
        self.parts.extend(Part::new(statement, rows)?);
        Ok(())
    }

    /// A part that tells words without commas: its text ends with `returning … as told`. There is one.
    pub(crate) fn telling<T: Serialize>(
        &mut self,
        statement: &'static Many,
        rows: &[T],
    ) -> Result<(), Error> {
        self.telling = Part::new(statement, rows)?;
        Ok(())
    }

    /// Runs them; tells what the telling part told. None: a guard did not write all of its rows.
    pub(crate) async fn run(self, tx: &mut Tx) -> Result<Option<Vec<String>>, Error> {
        match tx.store().dialect() {
            Dialect::Sqlite => self.run_each(tx).await,
            Dialect::Postgres => self.run_at_once(tx).await,
        }
    }

    async fn run_each(self, tx: &mut Tx) -> Result<Option<Vec<String>>, Error> {
        for Part { statement, rows, count } in self.guards {
            let written = sqlx::query(statement.text(Dialect::Sqlite)).bind(rows).execute(tx.conn()).await?;
            if written.rows_affected() != count {
                return Ok(None);
            }
        }
        for Part { statement, rows, .. } in self.parts {
            sqlx::query(statement.text(Dialect::Sqlite)).bind(rows).execute(tx.conn()).await?;
        }
        let Some(Part { statement, rows, .. }) = self.telling else { return Ok(Some(Vec::new())) };
        let told: Vec<Option<String>> =
            sqlx::query_scalar(statement.text(Dialect::Sqlite)).bind(rows).fetch_all(tx.conn()).await?;
        Ok(Some(told.into_iter().flatten().collect()))
    }

    async fn run_at_once(self, tx: &mut Tx) -> Result<Option<Vec<String>>, Error> {
        if self.guards.is_empty() && self.parts.is_empty() && self.telling.is_none() {
            return Ok(Some(Vec::new()));
        }
        // Only texts of this crate are put together; what comes from outside is bound.
        let mut query = sqlx::query_as(AssertSqlSafe(self.text()));
        for part in self.guards.into_iter().chain(self.parts).chain(self.telling) {
            query = query.bind(part.rows);
        }
        let (kept, told): (i64, String) = query.fetch_one(tx.conn()).await?;
        let told = || told.split(',').filter(|word| !word.is_empty()).map(str::to_owned).collect();
        Ok((kept != 0).then(told))
    }

    /// The statement; the lists are its parameters, the guards' first.
    fn text(&self) -> String {
        let (mut text, mut kept) = (String::from("with "), String::from("true"));
        // Writing to a text cannot fail.
        for (n, guard) in self.guards.iter().enumerate() {
            let (number, statement) = (n + 1, guard.statement.numbered(n + 1, TRUE));
            let _ = write!(text, "g{n} as (\n{statement}\nreturning 1),\n");
            let _ = write!(kept, " and (select count(*) from g{n}) = json_array_length(${number}::json)");
        }
        let _ = write!(text, "kept as (select {kept} as so)");
        for (n, part) in self.parts.iter().chain(&self.telling).enumerate() {
            let statement = part.statement.numbered(self.guards.len() + n + 1, KEPT);
            let _ = write!(text, ",\np{n} as (\n{statement}\n)");
        }
        let told = match self.telling {
            Some(_) => format!("(select coalesce(string_agg(told, ','), '') from p{})", self.parts.len()),
            None => "''".to_owned(),
        };
        let _ =
            write!(text, "\nselect cast(case when kept.so then 1 else 0 end as bigint), {told} from kept");
        text
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap is the test's failure")]

    use super::*;
    use crate::db::many::Column;

    static PUT: Many = Many::new("insert into a select n from {rows} where {when}", &[("n", Column::Number)]);
    static DROP: Many =
        Many::new("delete from b where n in (select n from {rows}) and {when}", &[("n", Column::Number)]);
    static TELL: Many = Many::new(
        "insert into c select n from {rows} where {when} returning n as told",
        &[("n", Column::Number)],
    );

    #[test]
    fn the_parts_are_one_statement_that_the_guards_hold_back() {
        let mut together = Together::default();
        together.part(&DROP, &[serde_json::json!({"n": 1})]).unwrap();
        together.guard(&PUT, &[serde_json::json!({"n": 2})]).unwrap();
        together.part::<u8>(&PUT, &[]).unwrap();
        let expected = "with g0 as (\n\
            insert into a select n from json_to_recordset($1::json) as r(n bigint) where true\n\
            returning 1),\n\
            kept as (select true and (select count(*) from g0) = json_array_length($1::json) as so),\n\
            p0 as (\n\
            delete from b where n in (select n from json_to_recordset($2::json) as r(n bigint)) \
            and (select kept.so from kept)\n\
            )\n\
            select cast(case when kept.so then 1 else 0 end as bigint), '' from kept";
        assert_eq!(together.text(), expected);
        together.telling(&TELL, &[serde_json::json!({"n": 3})]).unwrap();
        let text = together.text();
        assert!(
            text.contains("p1 as (\ninsert into c select n from json_to_recordset($3::json) as r(n bigint)")
        );
        assert!(text.ends_with(", (select coalesce(string_agg(told, ','), '') from p1) from kept"));
    }
}
