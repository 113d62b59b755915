//! Forgetting what nobody needs any more, a bounded number of rows at a time. Contracts and what happened to them are
//! records and are not touched here.

use sealflow_core::Timestamp;

use crate::{Error, Tx};

const SESSIONS: &str = include_str!("retention/sessions.sql");
const CODES: &str = include_str!("retention/codes.sql");
const CODE_NUMBERS: &str = include_str!("retention/code_numbers.sql");
const LINKS: &str = include_str!("retention/links.sql");
const OLD_INSTANCES: &str = include_str!("retention/old_instances.sql");

/// Limits on codes look back a day; what they count must still be there.
const CODES_NEEDED_MS: i64 = 2 * 86_400_000;

/// Forgets sessions, codes and links that expired before `before`, at most `max` of each; tells how many. A code that
/// confirmed a signing stays: it is part of its record.
///
/// # Errors
/// When the database cannot be reached.
pub async fn forget_sign_ins(tx: &mut Tx, before: Timestamp, max: u32) -> Result<u64, Error> {
    let codes_before = before.min(tx.now().plus_ms(-CODES_NEEDED_MS));
    let mut forgotten = 0;
    for (statement, before) in
        [(SESSIONS, before), (CODES, codes_before), (CODE_NUMBERS, codes_before), (LINKS, before)]
    {
        let deleted =
            sqlx::query(statement).bind(before.as_ms()).bind(i64::from(max)).execute(tx.conn()).await?;
        forgotten += deleted.rows_affected();
    }
    Ok(forgotten)
}

/// Forgets instances that ended before `before`, with their history and their jobs, at most `max`; tells how many. Those
/// of contracts stay, and those with a job that has not ended or waits for a person.
///
/// # Errors
/// When the database cannot be reached.
pub async fn forget_instances(tx: &mut Tx, before: Timestamp, max: u32) -> Result<u64, Error> {
    let ids: Vec<String> = sqlx::query_scalar(OLD_INSTANCES)
        .bind(before.as_ms())
        .bind(i64::from(max))
        .fetch_all(tx.conn())
        .await?;
    for id in &ids {
        for statement in [
            "delete from jobs where instance_id = $1",
            "delete from tasks where instance_id = $1",
            "delete from timers where instance_id = $1",
            "delete from incidents where instance_id = $1",
            "delete from refusals where instance_id = $1",
            "delete from history where instance_id = $1",
            "delete from instances where id = $1",
        ] {
            sqlx::query(statement).bind(id).execute(tx.conn()).await?;
        }
    }
    Ok(u64::try_from(ids.len()).unwrap_or(u64::MAX))
}
