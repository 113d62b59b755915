//! What can go wrong between us and the database, sorted by what a caller can do about it.

/// A failed access to the store.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No connection, or it broke. Whether a commit that ended so has happened is unknown; every event and every job
    /// has a key by which a repeat finds out.
    #[error("the database cannot be reached")]
    Unreachable(#[source] sqlx::Error),
    /// The database gave up this transaction in favour of another: repeat it.
    #[error("the database asks to repeat the transaction")]
    Contended(#[source] sqlx::Error),
    /// A unique, foreign key or check constraint was broken. See [`Error::constraint`].
    #[error("a constraint of the database was broken")]
    Constraint(#[source] sqlx::Error),
    /// Any other answer of the database.
    #[error("the database refused a statement")]
    Statement(#[source] sqlx::Error),
    /// What a column holds is not what this version writes there.
    #[error("{what} in the database cannot be read")]
    Corrupt {
        /// Which value.
        what: &'static str,
        /// Why not.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A value cannot be written as JSON.
    #[error("{what} cannot be written as JSON")]
    Encode {
        /// Which value.
        what: &'static str,
        /// Why not.
        #[source]
        source: serde_json::Error,
    },
}

impl Error {
    /// Whether a unique constraint was broken.
    #[must_use]
    pub fn is_unique_violation(&self) -> bool {
        self.database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation)
    }

    /// Whether this constraint was broken. PostgreSQL tells its name, SQLite the columns of a unique constraint
    /// (`table.column, …`): give both.
    #[must_use]
    pub fn breaks(&self, name: &str, columns: &str) -> bool {
        self.database_error().is_some_and(|error| {
            error.constraint() == Some(name)
                || error.message().ends_with(&format!("constraint failed: {name}"))
                || error.message().ends_with(&format!("constraint failed: {columns}"))
        })
    }

    /// Whether the same call may succeed a little later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Contended(_))
    }

    fn database_error(&self) -> Option<&dyn sqlx::error::DatabaseError> {
        match self {
            Self::Constraint(error) | Self::Statement(error) => error.as_database_error(),
            _ => None,
        }
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Self::Unreachable(error),
            sqlx::Error::Database(database) => {
                if is_unreachable(database.code().as_deref()) {
                    Self::Unreachable(error)
                } else if is_contended(database.code().as_deref()) {
                    Self::Contended(error)
                } else if database.kind() == sqlx::error::ErrorKind::Other {
                    Self::Statement(error)
                } else {
                    Self::Constraint(error)
                }
            }
            _ => Self::Statement(error),
        }
    }
}

/// PostgreSQL: class 08 (connection), 53 (resources), 58 (system), and 57P01 to 57P03 (stopping, starting). SQLite: disk
/// full or failing, file not to be opened.
fn is_unreachable(code: Option<&str>) -> bool {
    match code {
        Some(code) if code.len() == 5 => {
            matches!(code.get(..2), Some("08" | "53" | "58")) || matches!(code, "57P01" | "57P02" | "57P03")
        }
        code => matches!(sqlite_code(code), Some(10 | 13 | 14)),
    }
}

/// PostgreSQL: serialization failure, deadlock, lock not available. SQLite: busy, locked.
fn is_contended(code: Option<&str>) -> bool {
    matches!(code, Some("40001" | "40P01" | "55P03")) || matches!(sqlite_code(code), Some(5 | 6))
}

/// SQLite's code without the extension in the upper bits. PostgreSQL's have five characters.
fn sqlite_code(code: Option<&str>) -> Option<u32> {
    let code: u32 = code.filter(|code| code.len() < 5)?.parse().ok()?;
    Some(code & 0xff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_connection_is_transient_and_a_missing_row_is_not() {
        assert!(Error::from(sqlx::Error::PoolTimedOut).is_transient());
        assert!(!Error::from(sqlx::Error::RowNotFound).is_transient());
    }

    #[test]
    fn codes_are_sorted() {
        assert!(is_unreachable(Some("08006")) && is_unreachable(Some("57P01")));
        assert!(is_unreachable(Some("53100")) && is_unreachable(Some("13")) && is_unreachable(Some("778")));
        assert!(!is_unreachable(Some("08")) && !is_unreachable(Some("23505")));
        assert!(is_contended(Some("40P01")) && is_contended(Some("5")) && is_contended(Some("517")));
        assert!(!is_contended(Some("2067")) && !is_contended(None));
    }
}
