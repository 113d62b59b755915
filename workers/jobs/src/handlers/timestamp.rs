//! Why: without a timestamp nothing is signed or archived. A job waits for the authority as long as it takes, ever more
//! patiently, and says so to whoever waits for it; what it asks of others stands back until the authority is back.

use openssl::sha::sha256;
use sealflow_providers::tsa;
use sealflow_store::jobs::{self, WAITS_FOR_TIMESTAMP};

use super::{Tools, waits};
use crate::registry::{Ctx, JobError, chain};

/// The longest rest that the authority itself may ask for, in milliseconds.
const ASKED_REST_MS_MAX: i64 = 3_600_000;

/// What follows when there is no timestamp. A definite no ends the job.
pub(super) async fn none(ctx: &Ctx, error: &tsa::Error) -> Result<JobError, JobError> {
    if error.is_definite() {
        return Ok(JobError::give_up(error));
    }
    let reason = format!("{WAITS_FOR_TIMESTAMP}: {}", chain(error));
    waits(ctx, asked_rest_ms(error.retry_after_s()), reason).await
}

/// What follows when there is a timestamp that proves nothing: a signature does not become weaker than it should be.
pub(super) async fn unproven(ctx: &Ctx, why: &str) -> Result<JobError, JobError> {
    waits(ctx, 0, format!("{WAITS_FOR_TIMESTAMP}: its timestamp proves nothing: {why}")).await
}

/// A job that waited for the authority tries it before anybody else is asked for anything.
pub(super) async fn is_back(ctx: &Ctx, tools: &Tools) -> Result<(), JobError> {
    if !has_waited(ctx).await? {
        return Ok(());
    }
    match tools.tsa.timestamp(&sha256(ctx.key().as_bytes())).await {
        Ok(_) => Ok(()),
        Err(error) => Err(none(ctx, &error).await?),
    }
}

/// Whether the authority was what the job waited for last.
async fn has_waited(ctx: &Ctx) -> Result<bool, JobError> {
    if ctx.begun() <= 1 {
        return Ok(false);
    }
    let mut read = ctx.store().read().await?;
    let job = jobs::get(&mut read, ctx.job_id()).await?;
    Ok(job.and_then(|job| job.last_error).is_some_and(|last| last.starts_with(WAITS_FOR_TIMESTAMP)))
}

fn asked_rest_ms(retry_after_s: Option<u64>) -> i64 {
    let asked_s = retry_after_s.map_or(0, |s| i64::try_from(s).unwrap_or(i64::MAX));
    asked_s.saturating_mul(1_000).min(ASKED_REST_MS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_authority_may_ask_for_a_rest_within_limits() {
        let rests = [None, Some(90), Some(u64::MAX)].map(asked_rest_ms);
        assert_eq!(rests, [0, 90_000, ASKED_REST_MS_MAX]);
    }
}
