//! The few places where the engines need different words.

/// A database engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// One file, one writer.
    Sqlite,
    /// A server, any number of processes.
    Postgres,
}

impl Dialect {
    /// The engine that a database address names.
    #[must_use]
    pub fn of_url(url: &str) -> Option<Self> {
        let (scheme, _) = url.split_once(':')?;
        match scheme {
            "sqlite" => Some(Self::Sqlite),
            "postgres" | "postgresql" => Some(Self::Postgres),
            _ => None,
        }
    }

    /// Picks the statement for this engine, where one text cannot serve both.
    #[must_use]
    pub const fn pick(self, sqlite: &'static str, postgres: &'static str) -> &'static str {
        match self {
            Self::Sqlite => sqlite,
            Self::Postgres => postgres,
        }
    }

    /// How a transaction that may write begins, in one trip with the clock. SQLite takes the write lock at once: one that
    /// first reads and then wants to write would be refused when another has written in between. The savepoint is for
    /// group commit.
    pub(super) const fn begin(self) -> &'static str {
        self.pick(
            "begin immediate; savepoint sealflow_tx; select cast(unixepoch('subsec') * 1000 as integer)",
            "begin; select cast(floor(extract(epoch from clock_timestamp()) * 1000) as bigint)",
        )
    }

    /// The database's clock, in milliseconds since 1970 UTC.
    pub(crate) const fn now(self) -> &'static str {
        self.pick(
            "select cast(unixepoch('subsec') * 1000 as integer)",
            "select cast(floor(extract(epoch from clock_timestamp()) * 1000) as bigint)",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_its_engine() {
        assert_eq!(Dialect::of_url("sqlite:///var/sealflow.db"), Some(Dialect::Sqlite));
        assert_eq!(Dialect::of_url("postgres://user@host/db"), Some(Dialect::Postgres));
        assert_eq!(Dialect::of_url("postgresql://user@host/db"), Some(Dialect::Postgres));
        assert_eq!(Dialect::of_url("mysql://user@host/db"), None);
        assert_eq!(Dialect::of_url("sealflow.db"), None);
    }
}
