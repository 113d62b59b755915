//! One-time codes by SMS. A code is derived from its row's id, so it stands nowhere, and a job that sends it again sends
//! the same one.
//!
//! A code holds ten minutes, for one use and five tries, for one purpose; one that confirms a will is bound to the
//! recipient and to a digest of what was shown. Only the newest code of a number and purpose counts. A number that
//! nobody has gets a row too, but no message: whoever asks cannot tell the difference.

use sealflow_core::ids::{CodeId, PersonId, RecipientId};
use serde_json::json;
use sqlx::{Row as _, any::AnyRow};
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

use crate::{
    Tx,
    db::{Conn, Error},
    derive, jobs,
    phone::Phone,
    rows,
    text_enum::text_enum,
};

text_enum! {
    /// What a code is good for.
    Purpose ("purpose of a code") {
        /// Signing in.
        Login = "login",
        /// Confirming a will (意愿认证).
        Intent = "intent",
    }
}

/// How often codes are sent to one number, and how long they hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Codes a minute.
    pub per_minute: usize,
    /// Codes an hour.
    pub per_hour: usize,
    /// Codes a day.
    pub per_day: usize,
    /// Tries of one code.
    pub tries: i64,
    /// How long a code holds, in milliseconds.
    pub lifetime_ms: i64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { per_minute: 1, per_hour: 5, per_day: 10, tries: 5, lifetime_ms: 10 * 60_000 }
    }
}

impl Limits {
    /// How long until another code may be sent, when codes were sent at these times, the newest first. The minute is
    /// counted for one purpose: who has just signed in with a code may be sent one to confirm with at once.
    fn wait_ms(&self, sent: &[Sent], purpose: Purpose, now_ms: i64) -> i64 {
        let wait = |mut sent: Box<dyn Iterator<Item = &Sent> + '_>, limit: usize, window_ms: i64| {
            sent.nth(limit.max(1) - 1).map_or(0, |sent| sent.at_ms + window_ms - now_ms)
        };
        let of_purpose = sent.iter().filter(move |sent| sent.purpose == purpose);
        let waits = [
            wait(Box::new(of_purpose), self.per_minute, 60_000),
            wait(Box::new(sent.iter()), self.per_hour, 3_600_000),
            wait(Box::new(sent.iter()), self.per_day, 86_400_000),
        ];
        waits.into_iter().max().unwrap_or(0).max(0)
    }

    /// The most codes that a decision looks back at.
    fn looked_at(&self) -> i64 {
        // Both purposes may have used up a minute.
        let most = self.per_minute.saturating_mul(2).max(self.per_hour).max(self.per_day).clamp(1, 10_000);
        i64::try_from(most).unwrap_or(i64::MAX)
    }
}

/// A code that was sent.
#[derive(Debug, Clone, Copy)]
struct Sent {
    at_ms: i64,
    purpose: Purpose,
}

/// A code that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeRow {
    /// Its id, from which the digits come.
    pub id: CodeId,
    /// What it is good for.
    pub purpose: Purpose,
    /// Where it is sent.
    pub phone: Phone,
    /// Whose it is; none for a number that gets no message.
    pub person_id: Option<PersonId>,
    /// For intent: as which recipient.
    pub recipient_id: Option<RecipientId>,
    /// For intent: SHA-256 over what is confirmed.
    pub digest: Option<String>,
    /// Until when it holds.
    pub expires_at_ms: i64,
}

/// A code to be sent.
#[derive(Debug, Clone)]
pub struct NewCode {
    /// What it is good for.
    pub purpose: Purpose,
    /// Where it is sent.
    pub phone: Phone,
    /// Whose it is; none: nothing is sent.
    pub person_id: Option<PersonId>,
    /// For intent: as which recipient.
    pub recipient_id: Option<RecipientId>,
    /// For intent: SHA-256 over what is confirmed.
    pub digest: Option<String>,
}

/// Why no code is sent.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// The number had enough codes.
    #[error("the number had enough codes")]
    TooSoon {
        /// When to ask again, in seconds.
        retry_after_s: i64,
    },
    /// The database's.
    #[error("the code was not kept")]
    Store(#[from] Error),
}

/// What came of a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Try {
    /// It was right, and is now used.
    Right(CodeRow),
    /// It was wrong.
    Wrong {
        /// How many more may be.
        tries_left: i64,
    },
    /// There is no code to compare with: none was sent, it is too old, or it was used.
    Expired,
    /// It was tried too often.
    Exhausted,
}

/// Which code is tried.
#[derive(Debug, Clone)]
pub struct Wanted<'a> {
    /// What for.
    pub purpose: Purpose,
    /// For which number.
    pub phone: &'a Phone,
    /// For intent: as which recipient.
    pub recipient_id: Option<RecipientId>,
}

/// The six digits of a code.
#[must_use]
pub fn text(secret: &[u8; 32], code: &CodeRow) -> String {
    let bytes = derive::mac(secret, &[code.purpose.as_str().as_bytes(), code.id.as_uuid().as_bytes()]);
    let number = bytes.iter().take(8).fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte));
    format!("{:06}", number % 1_000_000)
}

fn read(row: &AnyRow) -> Result<CodeRow, Error> {
    Ok(CodeRow {
        id: rows::id(row, "id")?,
        purpose: rows::id(row, "purpose")?,
        phone: rows::id(row, "phone")?,
        person_id: rows::id_opt(row, "person_id")?,
        recipient_id: rows::id_opt(row, "recipient_id")?,
        digest: row.try_get("digest")?,
        expires_at_ms: row.try_get("expires_at_ms")?,
    })
}

/// The code with that id, for the job that sends it.
///
/// # Errors
/// The database's.
pub async fn get(conn: &mut Conn, id: CodeId) -> Result<Option<CodeRow>, Error> {
    let found = sqlx::query(
        "select id, purpose, phone, person_id, recipient_id, digest, expires_at_ms from codes where id = $1",
    )
    .bind(id.to_string())
    .fetch_optional(conn)
    .await?;
    found.as_ref().map(read).transpose()
}

/// Makes a code and the job that sends it. An earlier code of the same number and purpose no longer counts.
///
/// # Errors
/// [`IssueError::TooSoon`] when the number had enough codes.
pub async fn issue(tx: &mut Tx, new: &NewCode, limits: &Limits) -> Result<CodeRow, IssueError> {
    let now_ms = tx.now().as_ms();
    let sent = sent(tx.conn(), &new.phone, limits, now_ms).await?;
    let wait_ms = limits.wait_ms(&sent, new.purpose, now_ms);
    if wait_ms > 0 {
        return Err(IssueError::TooSoon { retry_after_s: (wait_ms + 999).div_euclid(1000) });
    }
    let id = CodeId::from_uuid(Uuid::now_v7());
    insert(tx.conn(), id, new, limits, now_ms).await?;
    if new.person_id.is_some() {
        let job = jobs::NewJob {
            kind: jobs::Kind::SendCode,
            key: format!("code/{id}"),
            payload: json!({"code_id": id}),
            run_at: None,
        };
        jobs::insert(tx, &job).await?;
    }
    Ok(CodeRow {
        id,
        purpose: new.purpose,
        phone: new.phone.clone(),
        person_id: new.person_id,
        recipient_id: new.recipient_id,
        digest: new.digest.clone(),
        expires_at_ms: now_ms.saturating_add(limits.lifetime_ms),
    })
}

/// The codes that were sent to the number in the last day, the newest first. Makes others who ask for the number wait.
async fn sent(conn: &mut Conn, phone: &Phone, limits: &Limits, now_ms: i64) -> Result<Vec<Sent>, Error> {
    sqlx::query(
        "insert into code_numbers (phone, asked_at_ms) values ($1, $2)
         on conflict (phone) do update set asked_at_ms = excluded.asked_at_ms",
    )
    .bind(phone.as_str())
    .bind(now_ms)
    .execute(&mut *conn)
    .await?;
    let found = sqlx::query(
        "select created_at_ms, purpose from codes where phone = $1 and created_at_ms > $2
         order by created_at_ms desc limit $3",
    )
    .bind(phone.as_str())
    .bind(now_ms - 86_400_000)
    .bind(limits.looked_at())
    .fetch_all(conn)
    .await?;
    found
        .iter()
        .map(|row| Ok(Sent { at_ms: row.try_get("created_at_ms")?, purpose: rows::id(row, "purpose")? }))
        .collect()
}

async fn insert(
    conn: &mut Conn,
    id: CodeId,
    new: &NewCode,
    limits: &Limits,
    now_ms: i64,
) -> Result<(), Error> {
    sqlx::query(
        "insert into codes (id, purpose, phone, person_id, recipient_id, digest, tries_left, created_at_ms,
                            expires_at_ms)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(id.to_string())
    .bind(new.purpose.as_str())
    .bind(new.phone.as_str())
    .bind(new.person_id.map(|id| id.to_string()))
    .bind(new.recipient_id.map(|id| id.to_string()))
    .bind(new.digest.as_deref())
    .bind(limits.tries)
    .bind(now_ms)
    .bind(now_ms.saturating_add(limits.lifetime_ms))
    .execute(conn)
    .await?;
    Ok(())
}

/// Tries a code. Commit the transaction when it was wrong: a try that is rolled back is a try for nothing.
///
/// # Errors
/// The database's.
pub async fn try_code(
    conn: &mut Conn,
    secret: &[u8; 32],
    wanted: &Wanted<'_>,
    given: &str,
    now_ms: i64,
) -> Result<Try, Error> {
    let newest = sqlx::query(
        "select id from codes
         where phone = $1 and purpose = $2 and coalesce(recipient_id, '') = $3
         order by created_at_ms desc, id desc limit 1",
    )
    .bind(wanted.phone.as_str())
    .bind(wanted.purpose.as_str())
    .bind(wanted.recipient_id.map(|id| id.to_string()).unwrap_or_default())
    .fetch_optional(&mut *conn)
    .await?;
    let Some(newest) = newest else { return Ok(Try::Expired) };
    let id: CodeId = rows::id(&newest, "id")?;
    let taken = sqlx::query(
        "update codes set tries_left = tries_left - 1
         where id = $1 and used_at_ms is null and expires_at_ms > $2 and tries_left > 0
         returning id, purpose, phone, person_id, recipient_id, digest, expires_at_ms, tries_left",
    )
    .bind(id.to_string())
    .bind(now_ms)
    .fetch_optional(&mut *conn)
    .await?;
    let Some(taken) = taken else { return why_not(conn, id, now_ms).await };
    let code = read(&taken)?;
    let tries_left: i64 = taken.try_get("tries_left")?;
    let right = text(secret, &code).as_bytes().ct_eq(given.as_bytes());
    if code.person_id.is_none() || !bool::from(right) {
        return Ok(if tries_left > 0 { Try::Wrong { tries_left } } else { Try::Exhausted });
    }
    sqlx::query("update codes set used_at_ms = $2 where id = $1")
        .bind(id.to_string())
        .bind(now_ms)
        .execute(conn)
        .await?;
    Ok(Try::Right(code))
}

async fn why_not(conn: &mut Conn, id: CodeId, now_ms: i64) -> Result<Try, Error> {
    let exhausted = sqlx::query(
        "select 1 from codes where id = $1 and used_at_ms is null and expires_at_ms > $2 and tries_left = 0",
    )
    .bind(id.to_string())
    .bind(now_ms)
    .fetch_optional(conn)
    .await?;
    Ok(if exhausted.is_some() { Try::Exhausted } else { Try::Expired })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap is the test's failure")]

    use super::*;

    fn row(id: u128, purpose: Purpose) -> CodeRow {
        CodeRow {
            id: CodeId::from_uuid(Uuid::from_u128(id)),
            purpose,
            phone: "13800000001".parse().unwrap(),
            person_id: None,
            recipient_id: None,
            digest: None,
            expires_at_ms: 0,
        }
    }

    #[test]
    fn a_code_is_six_digits_and_its_own() {
        let first = text(&[7; 32], &row(1, Purpose::Login));
        assert!(first.len() == 6 && first.bytes().all(|byte| byte.is_ascii_digit()), "{first}");
        assert_eq!(first, text(&[7; 32], &row(1, Purpose::Login)));
        assert_ne!(first, text(&[7; 32], &row(2, Purpose::Login)));
        assert_ne!(first, text(&[7; 32], &row(1, Purpose::Intent)));
        assert_ne!(first, text(&[8; 32], &row(1, Purpose::Login)));
    }

    #[test]
    fn a_number_gets_one_code_a_minute_five_an_hour_ten_a_day() {
        let limits = Limits::default();
        let minute = 60_000;
        let now = 1_000 * minute;
        let logins = |ages_ms: &[i64]| -> Vec<Sent> {
            ages_ms.iter().map(|age| Sent { at_ms: now - age, purpose: Purpose::Login }).collect()
        };
        let wait_ms = |ages_ms: &[i64]| limits.wait_ms(&logins(ages_ms), Purpose::Login, now);
        assert_eq!(wait_ms(&[]), 0);
        assert_eq!(wait_ms(&[20_000]), 40_000);
        assert_eq!(wait_ms(&[minute]), 0);
        let five: Vec<i64> = (1..=5).map(|i| i * 5 * minute).collect();
        assert_eq!(wait_ms(&five), 35 * minute);
        assert_eq!(wait_ms(&five[..4]), 0);
        let ten: Vec<i64> = (1..=10).map(|i| i * 60 * minute).collect();
        assert_eq!(wait_ms(&ten), (24 - 10) * 60 * minute);

        // Who signed in a moment ago may confirm at once; the hour counts both.
        assert_eq!(limits.wait_ms(&logins(&[20_000]), Purpose::Intent, now), 0);
        assert_eq!(limits.wait_ms(&logins(&five), Purpose::Intent, now), 35 * minute);
    }
}
