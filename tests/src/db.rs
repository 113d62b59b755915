//! A store of its own for each test, on either engine, and the macro that runs one test on both.

use std::time::{Duration, SystemTime};

use anyhow::Result;
use sealflow_store::{Config, Store};
use tempfile::TempDir;

use crate::pg;

/// Which engine to test on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// A file in a temporary folder.
    Sqlite,
    /// A database of the test process's own server.
    Postgres,
}

/// An empty store; its files and its database go with it.
#[derive(Debug)]
pub struct TestStore {
    /// The store.
    pub store: Store,
    /// How it was opened, to open it once more as another process would.
    pub config: Config,
    /// The engine.
    pub engine: Engine,
    _database: Option<pg::Database>,
    _folder: TempDir,
}

impl TestStore {
    /// A new one, with the schema and nothing in it.
    ///
    /// # Errors
    /// When the engine is not there.
    pub async fn new(engine: Engine) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let database = match engine {
            Engine::Sqlite => None,
            Engine::Postgres => Some(pg::new_database().await?),
        };
        let database_url = match &database {
            None => format!("sqlite://{}/test.db", folder.path().display()),
            Some(database) => database.url().to_owned(),
        };
        let config = Config { database_url, blobs_dir: folder.path().join("blobs") };
        let store = Store::open(&config).await?;
        Ok(Self { store, config, engine, _database: database, _folder: folder })
    }

    /// The same database and files, opened as another process would.
    ///
    /// # Errors
    /// When it cannot be reached.
    pub async fn reopen(&self) -> Result<Store> {
        Ok(Store::open(&self.config).await?)
    }

    /// Eight days pass for every blob that is there.
    ///
    /// # Errors
    /// When a file cannot be touched.
    pub fn age_blobs(&self) -> Result<()> {
        const EIGHT_DAYS: Duration = Duration::from_secs(8 * 86_400);
        let mut folders = vec![self.config.blobs_dir.clone()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder)? {
                let entry = entry?;
                if entry.file_type()?.is_dir() {
                    folders.push(entry.path());
                } else {
                    let file = std::fs::File::options().write(true).open(entry.path())?;
                    file.set_modified(SystemTime::now() - EIGHT_DAYS)?;
                }
            }
        }
        Ok(())
    }
}

/// Runs each of these `async fn(TestStore)` on both engines: `on_both!(a, b);` makes `sqlite::a`, `postgres::a`, ….
#[macro_export]
macro_rules! on_both {
    ($($test:ident),+ $(,)?) => {
        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    let db = $crate::db::TestStore::new($crate::db::Engine::Sqlite).await.unwrap();
                    super::$test(db).await;
                }
            )+
        }

        mod postgres {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    let db = $crate::db::TestStore::new($crate::db::Engine::Postgres).await.unwrap();
                    super::$test(db).await;
                }
            )+
        }
    };
}
