//! An empty database for each run, so that no run sees what an earlier one left.

use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context as _, Result};
use sealflow_store::{Config, Dialect, Store};
use sqlx::{Connection as _, Executor as _, PgConnection};
use tempfile::TempDir;
use url::Url;

/// Makes databases.
#[derive(Debug)]
pub(crate) struct Databases {
    server: Url,
    made: AtomicU64,
}

/// A database of a run; it goes when the run is over.
#[derive(Debug)]
pub(crate) struct Database {
    /// Its address.
    pub(crate) url: String,
    name: Option<(Url, String)>,
    folder: TempDir,
}

impl Databases {
    pub(crate) fn new(server: String) -> Result<Self> {
        let server = Url::parse(&server).context("the address of the PostgreSQL server")?;
        Ok(Self { server, made: AtomicU64::new(0) })
    }

    /// An empty one, of this engine.
    pub(crate) async fn make(&self, dialect: Dialect) -> Result<Database> {
        let folder = tempfile::Builder::new().prefix("sealflow-bench").tempdir_in("/var/tmp")?;
        if dialect == Dialect::Sqlite {
            let url = format!("sqlite://{}/bench.db", folder.path().display());
            return Ok(Database { url, name: None, folder });
        }
        let name = format!("bench_{}_{}", std::process::id(), self.made.fetch_add(1, Ordering::Relaxed));
        let mut connection = PgConnection::connect(self.server.as_str()).await.context("PostgreSQL")?;
        connection.execute(sqlx::AssertSqlSafe(format!("create database {name}"))).await?;
        connection.close().await?;
        let mut url = self.server.clone();
        url.set_path(&name);
        Ok(Database { url: url.into(), name: Some((self.server.clone(), name)), folder })
    }
}

impl Database {
    /// A store in it, with the schema.
    pub(crate) async fn store(&self) -> Result<Store> {
        let config = Config { database_url: self.url.clone(), blobs_dir: self.folder.path().join("blobs") };
        Ok(Store::open(&config).await?)
    }

    /// Throws it away, and writes what it left in the server's memory, so that the next run does not pay for it.
    pub(crate) async fn drop(self) -> Result<()> {
        if let Some((server, name)) = &self.name {
            let mut connection = PgConnection::connect(server.as_str()).await?;
            connection.execute(sqlx::AssertSqlSafe(format!("drop database {name} with (force)"))).await?;
            connection.execute("checkpoint").await?;
            connection.close().await?;
        }
        Ok(())
    }
}
