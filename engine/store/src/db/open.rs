//! Opening: engine by address, connection settings, schema.

use std::{path::PathBuf, time::Duration};

use sqlx::{AnyConnection, AnyPool, any::AnyPoolOptions, migrate::Migrator};

use super::{Dialect, lines::ACQUIRE_TIMEOUT};
use crate::blobs::{self, Blobs};

static SQLITE: Migrator = sqlx::migrate!("../../migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("../../migrations/postgres");

/// Readers of an SQLite file beside its one writer.
const SQLITE_READERS: u32 = 4;
/// Connections of a process to PostgreSQL for transactions, for those of them that do not wait for the disk, and for those
/// who only read.
const POSTGRES_WRITERS: u32 = 10;
const POSTGRES_RELAXED_WRITERS: u32 = 4;
const POSTGRES_READERS: u32 = 6;

/// A connection that was in use a moment ago is not asked whether it is alive: the trip costs as much as a small read.
const TRUSTED: Duration = Duration::from_millis(500);

/// How often, and how far apart, the schema of an SQLite file is looked at.
const MIGRATE_TRIES: u32 = 10;
const MIGRATE_AGAIN_AFTER: Duration = Duration::from_millis(100);

/// WAL lets readers go on beside the writer; FULL makes a commit survive a power cut; a second process may hold the
/// write lock for a moment.
const SQLITE_WRITER: &str = "
    pragma journal_mode = wal;
    pragma synchronous = full;
    pragma foreign_keys = on;
    pragma busy_timeout = 10000;
";
const SQLITE_READER: &str = "
    pragma foreign_keys = on;
    pragma busy_timeout = 10000;
    pragma query_only = on;
";

/// A transaction of ours finds its rows by their keys. A plan for many rows that is made while a table is small may read
/// all of it, and is kept when the table has grown; so such plans are not made. JIT never pays for so small statements.
const POSTGRES_WRITER: &str = "
    set jit = off;
    set enable_seqscan = off;
    set enable_hashjoin = off;
    set enable_mergejoin = off;
";
/// A commit may be lost when the server crashes, with all that came after it. What is sent through a reader's connection are
/// signals, which nobody misses then.
const POSTGRES_RELAXED: &str = "set synchronous_commit = off";

/// Where things are kept.
#[derive(Debug, Clone)]
pub struct Config {
    /// `sqlite:///folder/file.db` (made when it is not there) or `postgres://user@host/database`.
    pub database_url: String,
    /// The folder of the content-addressed files; made when it is not there.
    pub blobs_dir: PathBuf,
}

/// Why the store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Neither SQLite nor PostgreSQL.
    #[error("the database address must begin with sqlite: or postgres:")]
    UnknownEngine,
    /// The database did not answer.
    #[error("the database cannot be reached")]
    Connect(#[source] sqlx::Error),
    /// The schema is not ours, newer than this program, or a migration failed.
    #[error("the database's schema cannot be brought up to date")]
    Migrate(#[source] sqlx::migrate::MigrateError),
    /// The folder of the blobs cannot be used.
    #[error("the folder for documents cannot be used")]
    Blobs(#[source] blobs::Error),
}

pub(super) struct Opened {
    pub(super) dialect: Dialect,
    pub(super) database_url: String,
    /// With how many connections it may open.
    pub(super) writers: (AnyPool, u32),
    /// None: there is no such choice.
    pub(super) relaxed: Option<(AnyPool, u32)>,
    pub(super) readers: AnyPool,
    pub(super) blobs: Blobs,
}

pub(super) async fn open(config: &Config) -> Result<Opened, OpenError> {
    sqlx::any::install_default_drivers();
    let dialect = Dialect::of_url(&config.database_url).ok_or(OpenError::UnknownEngine)?;
    let blobs = Blobs::open(&config.blobs_dir).await.map_err(OpenError::Blobs)?;
    let url = match dialect {
        Dialect::Sqlite => creating(&config.database_url),
        Dialect::Postgres => config.database_url.clone(),
    };
    let (writers_max, readers_max) = match dialect {
        Dialect::Sqlite => (1, SQLITE_READERS),
        Dialect::Postgres => (POSTGRES_WRITERS, POSTGRES_READERS),
    };
    let writers = pool(&url, writers_max, &[dialect.pick(SQLITE_WRITER, POSTGRES_WRITER)]).await?;
    let migrator = match dialect {
        Dialect::Sqlite => &SQLITE,
        Dialect::Postgres => &POSTGRES,
    };
    migrate(migrator, &writers, dialect).await?;
    let readers = pool(&url, readers_max, &[dialect.pick(SQLITE_READER, POSTGRES_RELAXED)]).await?;
    let relaxed = match dialect {
        Dialect::Sqlite => None,
        Dialect::Postgres => {
            let settings = &[POSTGRES_WRITER, POSTGRES_RELAXED];
            Some((pool(&url, POSTGRES_RELAXED_WRITERS, settings).await?, POSTGRES_RELAXED_WRITERS))
        }
    };
    Ok(Opened { dialect, database_url: url, writers: (writers, writers_max), relaxed, readers, blobs })
}

/// Has SQLite make a missing file, unless the address says otherwise.
fn creating(url: &str) -> String {
    match url.split_once('?') {
        None => format!("{url}?mode=rwc"),
        Some((_, query)) if query.split('&').any(|part| part.starts_with("mode=")) => url.to_owned(),
        Some(_) => format!("{url}&mode=rwc"),
    }
}

async fn pool(url: &str, connections: u32, settings: &[&'static str]) -> Result<AnyPool, OpenError> {
    let settings = settings.to_vec();
    AnyPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(false)
        .before_acquire(|connection, meta| {
            Box::pin(async move {
                if meta.idle_for >= TRUSTED {
                    sqlx::Connection::ping(connection).await?;
                }
                Ok(true)
            })
        })
        .after_connect(move |connection: &mut AnyConnection, _| {
            let settings = settings.clone();
            Box::pin(async move {
                for setting in settings {
                    sqlx::raw_sql(setting).execute(&mut *connection).await?;
                }
                Ok(())
            })
        })
        .connect(url)
        .await
        .map_err(OpenError::Connect)
}

/// PostgreSQL has a lock for this. On SQLite processes that start together can get in each other's way; whoever comes
/// second looks again and finds the work done.
async fn migrate(migrator: &Migrator, pool: &AnyPool, dialect: Dialect) -> Result<(), OpenError> {
    let mut tries = match dialect {
        Dialect::Sqlite => MIGRATE_TRIES,
        Dialect::Postgres => 1,
    };
    loop {
        tries -= 1;
        match migrator.run(pool).await {
            Ok(()) => return Ok(()),
            Err(error) if tries == 0 => return Err(OpenError::Migrate(error)),
            Err(error) => {
                tracing::debug!(error = &error as &dyn std::error::Error, "the schema is looked at again");
            }
        }
        tokio::time::sleep(MIGRATE_AGAIN_AFTER).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_file_is_made_unless_the_address_says_otherwise() {
        assert_eq!(creating("sqlite:///a.db"), "sqlite:///a.db?mode=rwc");
        assert_eq!(creating("sqlite:///a.db?mode=ro"), "sqlite:///a.db?mode=ro");
        assert_eq!(creating("sqlite:///a.db?cache=private"), "sqlite:///a.db?cache=private&mode=rwc");
    }

    #[test]
    fn both_engines_have_the_same_migrations() {
        let names = |migrator: &Migrator| -> Vec<_> {
            migrator.iter().map(|migration| (migration.version, migration.description.to_string())).collect()
        };
        assert_eq!(names(&SQLITE), names(&POSTGRES));
    }
}
