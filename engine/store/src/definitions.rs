//! Published definitions: immutable, found by the hash that instances pin, or by name for what is started now.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use sealflow_core::{Definition, DefinitionHash, Timestamp};

use crate::{
    Conn, Error, Tx,
    db::row::{from_json, to_json},
};

/// How many compiled definitions are kept in memory.
const CACHED_MAX: usize = 256;

const NEWEST_CONTRACT_TYPES: &str = include_str!("definitions/newest_contract_types.sql");

/// Compiled definitions that were read before. What a hash names never changes, so nothing here is ever stale.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    compiled: Mutex<HashMap<DefinitionHash, Arc<Definition>>>,
}

impl Cache {
    fn get(&self, hash: &DefinitionHash) -> Option<Arc<Definition>> {
        self.compiled.lock().unwrap_or_else(PoisonError::into_inner).get(hash).cloned()
    }

    fn put(&self, definition: Arc<Definition>) {
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        if compiled.len() >= CACHED_MAX {
            compiled.clear();
        }
        compiled.insert(definition.hash().clone(), definition);
    }
}

/// A definition that cannot be published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// What is published is immutable: raise the version.
    #[error("version {version} of {name} is published already with another source: raise the version")]
    VersionTaken {
        /// The definition's name.
        name: String,
        /// Its version.
        version: u32,
    },
    /// The database.
    #[error(transparent)]
    Store(#[from] Error),
}

/// A definition as it was published.
#[derive(Debug, Clone)]
pub struct Published {
    /// What instances pin.
    pub hash: DefinitionHash,
    /// As it was written.
    pub source: String,
    /// When.
    pub published_at: Timestamp,
}

/// Publishes a definition with the source that it was loaded from. Publishing the same again changes nothing. A release
/// that compiles the same source to another form publishes that form beside the earlier one: running instances keep
/// theirs, new ones take the newest.
///
/// # Errors
/// When this version of this name has another source.
pub async fn publish(
    tx: &mut Tx,
    definition: &Definition,
    source: &str,
) -> Result<DefinitionHash, PublishError> {
    let hash = definition.hash().clone();
    let known: Vec<(String, String, i64)> = sqlx::query_as(
        "select hash, source, compilation from definitions where name = $1 and version = $2 order by compilation",
    )
    .bind(definition.name())
    .bind(i64::from(definition.version()))
    .fetch_all(tx.conn())
    .await
    .map_err(Error::from)?;
    if known.iter().any(|(known, ..)| *known == hash.0) {
        return Ok(hash);
    }
    if known.iter().any(|(_, known, _)| known != source) {
        return Err(PublishError::VersionTaken {
            name: definition.name().to_owned(),
            version: definition.version(),
        });
    }
    let kind = if definition.contract_type().is_some() { "contract_type" } else { "workflow" };
    let now = tx.now();
    // Two processes of one release may start at once: the second finds the first one's row.
    sqlx::query(
        "insert into definitions (hash, name, version, compilation, kind, source, compiled, published_at_ms) \
         values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (hash) do nothing",
    )
    .bind(&hash.0)
    .bind(definition.name())
    .bind(i64::from(definition.version()))
    .bind(known.last().map_or(1, |(.., compilation)| compilation + 1))
    .bind(kind)
    .bind(source)
    .bind(to_json("a definition", definition)?)
    .bind(now.as_ms())
    .execute(tx.conn())
    .await
    .map_err(Error::from)?;
    Ok(hash)
}

/// The definition with this hash.
///
/// # Errors
/// When the database cannot be reached, or what it holds is not a definition.
pub async fn get(tx: &mut Tx, hash: &DefinitionHash) -> Result<Option<Arc<Definition>>, Error> {
    if let Some(known) = tx.store().definitions().get(hash) {
        return Ok(Some(known));
    }
    let Some(definition) = read(tx.conn(), hash).await? else { return Ok(None) };
    let definition = Arc::new(definition);
    tx.store().definitions().put(definition.clone());
    Ok(Some(definition))
}

/// The definition with this hash, for those who only read.
///
/// # Errors
/// When the database cannot be reached, or what it holds is not a definition.
pub async fn read(conn: &mut Conn, hash: &DefinitionHash) -> Result<Option<Definition>, Error> {
    let compiled: Option<String> = sqlx::query_scalar("select compiled from definitions where hash = $1")
        .bind(&hash.0)
        .fetch_optional(conn)
        .await?;
    compiled.map(|compiled| from_json("a definition", &compiled)).transpose()
}

/// The newest version of a name.
///
/// # Errors
/// When the database cannot be reached, or what it holds is not a definition.
pub async fn newest(conn: &mut Conn, name: &str) -> Result<Option<Definition>, Error> {
    let compiled: Option<String> = sqlx::query_scalar(
        "select compiled from definitions where name = $1 order by version desc, compilation desc limit 1",
    )
    .bind(name)
    .fetch_optional(conn)
    .await?;
    compiled.map(|compiled| from_json("a definition", &compiled)).transpose()
}

/// One version of a name, as the newest release compiled it.
///
/// # Errors
/// When the database cannot be reached, or what it holds is not a definition.
pub async fn of_version(conn: &mut Conn, name: &str, version: u32) -> Result<Option<Definition>, Error> {
    let compiled: Option<String> = sqlx::query_scalar(
        "select compiled from definitions where name = $1 and version = $2 order by compilation desc limit 1",
    )
    .bind(name)
    .bind(i64::from(version))
    .fetch_optional(conn)
    .await?;
    compiled.map(|compiled| from_json("a definition", &compiled)).transpose()
}

/// The newest version of every contract type, by name.
///
/// # Errors
/// When the database cannot be reached, or what it holds is not a definition.
pub async fn newest_contract_types(conn: &mut Conn) -> Result<Vec<Definition>, Error> {
    let compiled: Vec<String> = sqlx::query_scalar(NEWEST_CONTRACT_TYPES).fetch_all(conn).await?;
    compiled.iter().map(|compiled| from_json("a definition", compiled)).collect()
}

/// The source of a definition.
///
/// # Errors
/// When the database cannot be reached.
pub async fn source(conn: &mut Conn, hash: &DefinitionHash) -> Result<Option<Published>, Error> {
    let row: Option<(String, i64)> =
        sqlx::query_as("select source, published_at_ms from definitions where hash = $1")
            .bind(&hash.0)
            .fetch_optional(conn)
            .await?;
    Ok(row.map(|(source, at)| Published { hash: hash.clone(), source, published_at: Timestamp(at) }))
}
