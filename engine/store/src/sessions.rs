//! Signed-in sessions: a random token in the person's cookie, its hash here. Revocable at once.

use sealflow_core::ids::{PersonId, SessionId};
use sha2::{Digest as _, Sha256};
use sqlx::Row as _;
use uuid::Uuid;

use crate::{
    db::{Conn, Error},
    rows,
};

/// How long sessions last, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub struct Lifetimes {
    /// From the login.
    pub absolute_ms: i64,
    /// From the last request.
    pub idle_ms: i64,
}

/// A session that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Whose it is.
    pub person_id: PersonId,
    /// Its last request that was written down.
    pub last_seen_at_ms: i64,
}

/// 256 random bits as 64 hexadecimal digits.
#[must_use]
pub fn new_token() -> String {
    hex::encode(rand::random::<[u8; 32]>())
}

fn hash(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}

/// Begins a session for whoever shows this token.
///
/// # Errors
/// The database's.
pub async fn begin(
    conn: &mut Conn,
    token: &str,
    person: PersonId,
    lifetimes: Lifetimes,
    now_ms: i64,
) -> Result<SessionId, Error> {
    let id = SessionId::from_uuid(Uuid::now_v7());
    sqlx::query(
        "insert into sessions (id, token_sha256, person_id, created_at_ms, last_seen_at_ms, expires_at_ms)
         values ($1, $2, $3, $4, $4, $5)",
    )
    .bind(id.to_string())
    .bind(hash(token))
    .bind(person.to_string())
    .bind(now_ms)
    .bind(now_ms.saturating_add(lifetimes.absolute_ms))
    .execute(conn)
    .await?;
    Ok(id)
}

/// The session of this token, if it holds: not revoked, not too old, not idle for too long.
///
/// # Errors
/// The database's.
pub async fn find(
    conn: &mut Conn,
    token: &str,
    lifetimes: Lifetimes,
    now_ms: i64,
) -> Result<Option<Session>, Error> {
    let found = sqlx::query(
        "select id, person_id, last_seen_at_ms from sessions
         where token_sha256 = $1 and revoked_at_ms is null and expires_at_ms > $2 and last_seen_at_ms > $3",
    )
    .bind(hash(token))
    .bind(now_ms)
    .bind(now_ms.saturating_sub(lifetimes.idle_ms))
    .fetch_optional(conn)
    .await?;
    let read = |row| {
        Ok(Session {
            id: rows::id(row, "id")?,
            person_id: rows::id(row, "person_id")?,
            last_seen_at_ms: row.try_get("last_seen_at_ms")?,
        })
    };
    found.as_ref().map(read).transpose()
}

/// Writes down that the session was used.
///
/// # Errors
/// The database's.
pub async fn touch(conn: &mut Conn, id: SessionId, now_ms: i64) -> Result<(), Error> {
    sqlx::query("update sessions set last_seen_at_ms = $2 where id = $1 and last_seen_at_ms < $2")
        .bind(id.to_string())
        .bind(now_ms)
        .execute(conn)
        .await?;
    Ok(())
}

/// Ends the session of this token; tells whose it was.
///
/// # Errors
/// The database's.
pub async fn revoke(conn: &mut Conn, token: &str, now_ms: i64) -> Result<Option<PersonId>, Error> {
    let found = sqlx::query(
        "update sessions set revoked_at_ms = $2 where token_sha256 = $1 and revoked_at_ms is null
         returning person_id",
    )
    .bind(hash(token))
    .bind(now_ms)
    .fetch_optional(conn)
    .await?;
    found.as_ref().map(|row| rows::id(row, "person_id")).transpose()
}

/// Ends all sessions of a person; tells how many.
///
/// # Errors
/// The database's.
pub async fn revoke_all(conn: &mut Conn, person: PersonId, now_ms: i64) -> Result<u64, Error> {
    let done =
        sqlx::query("update sessions set revoked_at_ms = $2 where person_id = $1 and revoked_at_ms is null")
            .bind(person.to_string())
            .bind(now_ms)
            .execute(conn)
            .await?;
    Ok(done.rows_affected())
}
