//! The links in SMS: each leads one recipient to one contract, and opens nothing without that phone's login code.
//!
//! A token is derived, not drawn: a job that sends the SMS again sends the same link, and nobody has to keep the
//! token. The table holds its hash.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sealflow_core::ids::RecipientId;
use sha2::{Digest as _, Sha256};
use sqlx::Row as _;

use crate::{
    db::{Conn, Error},
    derive, rows,
};

/// The characters of a token: 132 bits.
pub const TOKEN_LENGTH: usize = 22;

/// A link that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Whom it leads.
    pub recipient_id: RecipientId,
    /// Until when.
    pub expires_at_ms: i64,
}

/// The number of a recipient's first link; every message to the recipient carries it.
pub const FIRST: u32 = 1;

/// The token of the recipient's `n`-th link.
#[must_use]
pub fn token(secret: &[u8; 32], recipient: RecipientId, n: u32) -> String {
    let bytes = derive::mac(secret, &[b"link", recipient.as_uuid().as_bytes(), &n.to_be_bytes()]);
    let mut text = URL_SAFE_NO_PAD.encode(bytes);
    text.truncate(TOKEN_LENGTH);
    text
}

fn hash(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}

/// Makes the recipient's `n`-th link known. Once more changes nothing.
///
/// # Errors
/// The database's.
pub async fn issue(
    conn: &mut Conn,
    secret: &[u8; 32],
    recipient: RecipientId,
    n: u32,
    expires_at_ms: i64,
    now_ms: i64,
) -> Result<(), Error> {
    sqlx::query(
        "insert into links (token_sha256, recipient_id, created_at_ms, expires_at_ms) values ($1, $2, $3, $4)
         on conflict (token_sha256) do nothing",
    )
    .bind(hash(&token(secret, recipient, n)))
    .bind(recipient.to_string())
    .bind(now_ms)
    .bind(expires_at_ms)
    .execute(conn)
    .await?;
    Ok(())
}

/// The link with this token.
///
/// # Errors
/// The database's.
pub async fn find(conn: &mut Conn, token: &str) -> Result<Option<Link>, Error> {
    if token.len() != TOKEN_LENGTH {
        return Ok(None);
    }
    let found = sqlx::query("select recipient_id, expires_at_ms from links where token_sha256 = $1")
        .bind(hash(token))
        .fetch_optional(conn)
        .await?;
    let read = |row| {
        Ok(Link {
            recipient_id: rows::id(row, "recipient_id")?,
            expires_at_ms: row.try_get("expires_at_ms")?,
        })
    };
    found.as_ref().map(read).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_the_same_each_time_and_another_for_each_recipient_number_and_secret() {
        let recipient = RecipientId::from_uuid(uuid::Uuid::from_u128(1));
        let other = RecipientId::from_uuid(uuid::Uuid::from_u128(2));
        let first = token(&[7; 32], recipient, 1);
        assert_eq!(first.len(), TOKEN_LENGTH);
        assert_eq!(first, token(&[7; 32], recipient, 1));
        assert_ne!(first, token(&[7; 32], recipient, 2));
        assert_ne!(first, token(&[7; 32], other, 1));
        assert_ne!(first, token(&[8; 32], recipient, 1));
    }
}
