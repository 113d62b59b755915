//! Agreements (签署前协议): the exact texts, and who consented to which.

use sealflow_core::ids::{PersonId, RecipientId};
use sha2::{Digest as _, Sha256};
use sqlx::{Row as _, any::AnyRow};

use crate::{
    db::{Conn, Error},
    rows,
};

/// One version of an agreement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreement {
    /// What contract types call it.
    pub name: String,
    /// Its heading.
    pub title: String,
    /// The text, as it is shown.
    pub body: String,
    /// SHA-256 of the text, hexadecimal: what a consent refers to.
    pub sha256: String,
}

/// A consent to a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    /// Which text.
    pub agreement: Agreement,
    /// Who consented.
    pub person_id: PersonId,
    /// When.
    pub consented_at_ms: i64,
    /// From where.
    pub ip: String,
    /// With what.
    pub user_agent: String,
}

/// A consent to be recorded.
#[derive(Debug, Clone)]
pub struct NewConsent<'a> {
    /// As which recipient.
    pub recipient_id: RecipientId,
    /// To which text.
    pub text_sha256: &'a str,
    /// Who.
    pub person_id: PersonId,
    /// From where.
    pub ip: &'a str,
    /// With what.
    pub user_agent: &'a str,
}

fn read(row: &AnyRow) -> Result<Agreement, Error> {
    Ok(Agreement {
        name: row.try_get("name")?,
        title: row.try_get("title")?,
        body: row.try_get("body")?,
        sha256: row.try_get("sha256")?,
    })
}

/// Publishes a text under a name; consents asked from now on are to this text. The first line is the heading (with or
/// without `#`). Publishing the newest text again changes nothing.
///
/// # Errors
/// The database's.
pub async fn publish(conn: &mut Conn, name: &str, text: &str, now_ms: i64) -> Result<Agreement, Error> {
    let body = text.trim();
    let title = body.lines().next().unwrap_or_default().trim_start_matches('#').trim();
    let sha256 = hex::encode(Sha256::digest(body.as_bytes()));
    let agreement =
        Agreement { name: name.to_owned(), title: title.to_owned(), body: body.to_owned(), sha256 };
    if newest(conn, name).await?.is_some_and(|known| known.sha256 == agreement.sha256) {
        return Ok(agreement);
    }
    sqlx::query(
        "insert into agreement_texts (sha256, name, title, body, published_at_ms) values ($1, $2, $3, $4, $5)
         on conflict (sha256) do update set published_at_ms = excluded.published_at_ms",
    )
    .bind(&agreement.sha256)
    .bind(&agreement.name)
    .bind(&agreement.title)
    .bind(&agreement.body)
    .bind(now_ms)
    .execute(conn)
    .await?;
    Ok(agreement)
}

/// The newest text of that name.
///
/// # Errors
/// The database's.
pub async fn newest(conn: &mut Conn, name: &str) -> Result<Option<Agreement>, Error> {
    let found = sqlx::query(
        "select name, title, body, sha256 from agreement_texts where name = $1
         order by published_at_ms desc, sha256 limit 1",
    )
    .bind(name)
    .fetch_optional(conn)
    .await?;
    found.as_ref().map(read).transpose()
}

/// Records a consent; once more changes nothing.
///
/// # Errors
/// The database's.
pub async fn consent(conn: &mut Conn, new: &NewConsent<'_>, now_ms: i64) -> Result<(), Error> {
    sqlx::query(
        "insert into agreement_consents
             (recipient_id, text_sha256, person_id, consented_at_ms, ip, user_agent)
         values ($1, $2, $3, $4, $5, $6) on conflict (recipient_id, text_sha256) do nothing",
    )
    .bind(new.recipient_id.to_string())
    .bind(new.text_sha256)
    .bind(new.person_id.to_string())
    .bind(now_ms)
    .bind(new.ip)
    .bind(new.user_agent)
    .execute(conn)
    .await?;
    Ok(())
}

/// What the recipient consented to, in order.
///
/// # Errors
/// The database's.
pub async fn consents(conn: &mut Conn, recipient: RecipientId) -> Result<Vec<Consent>, Error> {
    let found = sqlx::query(
        "select t.name, t.title, t.body, t.sha256, c.person_id, c.consented_at_ms, c.ip, c.user_agent
         from agreement_consents c join agreement_texts t on t.sha256 = c.text_sha256
         where c.recipient_id = $1 order by c.consented_at_ms",
    )
    .bind(recipient.to_string())
    .fetch_all(conn)
    .await?;
    let read_consent = |row| {
        Ok(Consent {
            agreement: read(row)?,
            person_id: rows::id(row, "person_id")?,
            consented_at_ms: row.try_get("consented_at_ms")?,
            ip: row.try_get("ip")?,
            user_agent: row.try_get("user_agent")?,
        })
    };
    found.iter().map(read_consent).collect()
}
