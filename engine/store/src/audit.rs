//! The audit log: who did what, in a chain of hashes, so that a row that was changed or taken out shows.
//!
//! A row's leaf is SHA-256(00 ‖ data), as in RFC 6962; its link is SHA-256(01 ‖ the link before ‖ leaf). Data is the row
//! as a JSON list. Writers wait for each other at the chain's end: append last in a transaction.

use sealflow_core::ids::PersonId;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use sqlx::{Row as _, any::AnyRow};

use crate::db::{Conn, Error, row};

/// Something that somebody did.
#[derive(Debug, Clone)]
pub struct Entry<'a> {
    /// Who; none for the platform itself.
    pub person_id: Option<PersonId>,
    /// What, for example `contract.send`.
    pub action: &'a str,
    /// To what kind of thing, for example `contract`.
    pub target_kind: &'a str,
    /// To which.
    pub target_id: String,
    /// More, without personal data.
    pub detail: Value,
}

/// What [`verify`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verified {
    /// All rows are as they were written.
    Whole {
        /// How many.
        rows: i64,
    },
    /// The row with this number is missing or not as it was written.
    Broken {
        /// The first such number.
        seq: i64,
    },
}

struct Hashes {
    leaf: String,
    chain: String,
}

fn hashes(before: &str, data: &str) -> Hashes {
    let leaf = Sha256::new().chain_update([0]).chain_update(data).finalize();
    let chain = Sha256::new().chain_update([1]).chain_update(before).chain_update(leaf).finalize();
    Hashes { leaf: hex::encode(leaf), chain: hex::encode(chain) }
}

/// Writes an entry at the end of the chain.
///
/// # Errors
/// The database's.
pub async fn append(conn: &mut Conn, entry: &Entry<'_>, now_ms: i64) -> Result<(), Error> {
    let head = sqlx::query("update audit_head set seq = seq + 1 where id = 1 returning seq, chain_sha256")
        .fetch_one(&mut *conn)
        .await?;
    let seq: i64 = head.try_get("seq")?;
    let before: String = head.try_get("chain_sha256")?;
    let person = entry.person_id.map(|id| id.to_string());
    let detail = row::to_json("audit.detail", &entry.detail)?;
    let data =
        json!([seq, now_ms, person, entry.action, entry.target_kind, entry.target_id, detail]).to_string();
    let hashes = hashes(&before, &data);
    sqlx::query(
        "insert into audit (seq, at_ms, person_id, action, target_kind, target_id, detail, leaf_sha256, chain_sha256)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(seq)
    .bind(now_ms)
    .bind(person)
    .bind(entry.action)
    .bind(entry.target_kind)
    .bind(&entry.target_id)
    .bind(detail)
    .bind(&hashes.leaf)
    .bind(&hashes.chain)
    .execute(&mut *conn)
    .await?;
    sqlx::query("update audit_head set chain_sha256 = $1 where id = 1")
        .bind(&hashes.chain)
        .execute(conn)
        .await?;
    Ok(())
}

/// Works the whole chain out again.
///
/// # Errors
/// The database's.
pub async fn verify(conn: &mut Conn) -> Result<Verified, Error> {
    let head =
        sqlx::query("select seq, chain_sha256 from audit_head where id = 1").fetch_one(&mut *conn).await?;
    let (last, end): (i64, String) = (head.try_get("seq")?, head.try_get("chain_sha256")?);
    let mut before = String::new();
    let mut done = 0;
    while done < last {
        let found = sqlx::query(
            "select seq, at_ms, person_id, action, target_kind, target_id, detail, leaf_sha256, chain_sha256
             from audit where seq > $1 and seq <= $2 order by seq limit 1000",
        )
        .bind(done)
        .bind(last)
        .fetch_all(&mut *conn)
        .await?;
        if found.is_empty() {
            return Ok(Verified::Broken { seq: done + 1 });
        }
        for row in &found {
            let stored = Stored::read(row)?;
            let hashes = hashes(&before, &stored.data);
            if stored.seq != done + 1 || stored.leaf != hashes.leaf || stored.chain != hashes.chain {
                return Ok(Verified::Broken { seq: done + 1 });
            }
            before = hashes.chain;
            done = stored.seq;
        }
    }
    Ok(if before == end { Verified::Whole { rows: last } } else { Verified::Broken { seq: last } })
}

struct Stored {
    seq: i64,
    data: String,
    leaf: String,
    chain: String,
}

impl Stored {
    fn read(row: &AnyRow) -> Result<Self, Error> {
        let seq: i64 = row.try_get("seq")?;
        let at_ms: i64 = row.try_get("at_ms")?;
        let person: Option<String> = row.try_get("person_id")?;
        let words: [String; 4] = [
            row.try_get("action")?,
            row.try_get("target_kind")?,
            row.try_get("target_id")?,
            row.try_get("detail")?,
        ];
        let [action, target_kind, target_id, detail] = words;
        let data = json!([seq, at_ms, person, action, target_kind, target_id, detail]).to_string();
        Ok(Self { seq, data, leaf: row.try_get("leaf_sha256")?, chain: row.try_get("chain_sha256")? })
    }
}
