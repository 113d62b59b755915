//! Signatures (签名) that people keep as pictures: photos of what they wrote on paper, without the paper. Fields hold them by
//! id and content, so that what was confirmed is what is stamped, whatever becomes of the row.

use sealflow_core::ids::{PersonId, SignatureId};
use sqlx::{Row as _, any::AnyRow};
use uuid::Uuid;

use crate::{
    blobs::BlobHash,
    db::{Conn, Error},
    rows,
};

/// The most that a person keeps at a time.
pub const MAX: i64 = 5;
/// The most that a person adds in a day, those that were taken away again included.
pub const ADDED_A_DAY_MAX: i64 = 50;
const DAY_MS: i64 = 86_400_000;

/// A signature that is kept as a picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// Its id.
    pub id: SignatureId,
    /// Whose it is.
    pub person_id: PersonId,
    /// The picture, an SVG.
    pub sha256: BlobHash,
    /// When it was added.
    pub created_at_ms: i64,
}

/// Why a signature is not added.
#[derive(Debug, thiserror::Error)]
pub enum AddError {
    /// The person has as many as there may be.
    #[error("the person keeps {MAX} signatures already")]
    TooMany,
    /// The person added very many today.
    #[error("the person added {ADDED_A_DAY_MAX} signatures within a day")]
    TooOften,
    /// The database's.
    #[error("the database failed")]
    Store(#[from] Error),
}

impl From<sqlx::Error> for AddError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

fn read(from: &AnyRow) -> Result<Signature, Error> {
    Ok(Signature {
        id: rows::id(from, "id")?,
        person_id: rows::id(from, "person_id")?,
        sha256: rows::id(from, "sha256")?,
        created_at_ms: from.try_get("created_at_ms")?,
    })
}

/// Those that the person keeps, the newest first.
///
/// # Errors
/// The database's.
pub async fn kept_by(conn: &mut Conn, person: PersonId) -> Result<Vec<Signature>, Error> {
    let found = sqlx::query(
        "select id, person_id, sha256, created_at_ms from signatures
         where person_id = $1 and removed_at_ms is null order by created_at_ms desc, id desc",
    )
    .bind(person.to_string())
    .fetch_all(conn)
    .await?;
    found.iter().map(read).collect()
}

/// The signature with that id, also when it was taken away.
///
/// # Errors
/// The database's.
pub async fn get(conn: &mut Conn, id: SignatureId) -> Result<Option<Signature>, Error> {
    let found = sqlx::query("select id, person_id, sha256, created_at_ms from signatures where id = $1")
        .bind(id.to_string())
        .fetch_optional(conn)
        .await?;
    found.as_ref().map(read).transpose()
}

/// Says whether the person may add one now; others who add for the same person wait until the transaction ends.
///
/// # Errors
/// See [`AddError`].
pub async fn check_room(conn: &mut Conn, person: PersonId, now_ms: i64) -> Result<(), AddError> {
    sqlx::query("update people set name = name where id = $1")
        .bind(person.to_string())
        .execute(&mut *conn)
        .await?;
    let counted = sqlx::query(
        "select coalesce(sum(case when removed_at_ms is null then 1 else 0 end), 0) as kept,
                coalesce(sum(case when created_at_ms > $2 then 1 else 0 end), 0) as added
         from signatures where person_id = $1",
    )
    .bind(person.to_string())
    .bind(now_ms.saturating_sub(DAY_MS))
    .fetch_one(conn)
    .await?;
    if counted.try_get::<i64, _>("kept")? >= MAX {
        return Err(AddError::TooMany);
    }
    if counted.try_get::<i64, _>("added")? >= ADDED_A_DAY_MAX {
        return Err(AddError::TooOften);
    }
    Ok(())
}

/// Adds one.
///
/// # Errors
/// See [`AddError`]; then nothing was added.
pub async fn add(
    conn: &mut Conn,
    person: PersonId,
    sha256: &BlobHash,
    now_ms: i64,
) -> Result<Signature, AddError> {
    check_room(conn, person, now_ms).await?;
    let id = SignatureId::from_uuid(Uuid::now_v7());
    sqlx::query("insert into signatures (id, person_id, sha256, created_at_ms) values ($1, $2, $3, $4)")
        .bind(id.to_string())
        .bind(person.to_string())
        .bind(sha256.as_str())
        .bind(now_ms)
        .execute(conn)
        .await?;
    Ok(Signature { id, person_id: person, sha256: sha256.clone(), created_at_ms: now_ms })
}

/// Takes one away; once more changes nothing. False when the person has none with that id.
///
/// # Errors
/// The database's.
pub async fn remove(conn: &mut Conn, person: PersonId, id: SignatureId, now_ms: i64) -> Result<bool, Error> {
    let removed = sqlx::query(
        "update signatures set removed_at_ms = coalesce(removed_at_ms, $3) where id = $1 and person_id = $2",
    )
    .bind(id.to_string())
    .bind(person.to_string())
    .bind(now_ms)
    .execute(conn)
    .await?;
    Ok(removed.rows_affected() == 1)
}
