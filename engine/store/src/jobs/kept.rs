//! What a job keeps from one attempt to the next, beside its payload: there until the job is done or no longer wanted.
//!
//! Only the holder of the lease writes it, so a job that was delivered twice keeps one thing: the second delivery reads what the
//! first one wrote, and the first can write nothing more.

use super::{AckError, Lease};
use crate::{Conn, Error, Tx};

/// Keeps this for the next attempt, in place of what was kept before; none: nothing. No secret goes in here in clear.
///
/// # Errors
/// When the lease is lost, or the database cannot be reached.
pub async fn keep(tx: &mut Tx, lease: &Lease, kept: Option<&str>) -> Result<(), AckError> {
    let written =
        sqlx::query("update jobs set kept = $3 where id = $1 and lease_token = $2 and state = 'running'")
            .bind(lease.job_id.to_string())
            .bind(&lease.token)
            .bind(kept)
            .execute(tx.conn())
            .await
            .map_err(Error::from)?;
    if written.rows_affected() == 0 {
        return Err(AckError::LeaseLost(lease.job_id));
    }
    Ok(())
}

/// What earlier attempts of this job kept.
///
/// # Errors
/// When the database cannot be reached.
pub async fn kept(conn: &mut Conn, lease: &Lease) -> Result<Option<String>, Error> {
    let found: Option<Option<String>> = sqlx::query_scalar("select kept from jobs where id = $1")
        .bind(lease.job_id.to_string())
        .fetch_optional(conn)
        .await?;
    Ok(found.flatten())
}
