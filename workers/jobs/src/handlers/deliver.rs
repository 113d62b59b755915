//! One message, once: the gateway has no idempotency, so whoever does not know whether it took the message asks first.
//!
//! ```text
//! mark committed ─► call ─► answer ─► done
//!       │             └── lost (time-out, crash) ──► next attempt: find by OutId ─► there: done
//!       └────────────────────────────────────────────────────────────────────────► not there, and settled: call again
//! ```

use sealflow_providers::sms::{Error as SmsError, Message, Template};
use sealflow_store::{failpoint, jobs::Provider, phone::Phone};

use super::Tools;
use crate::registry::{Ctx, JobError};

/// The mark is committed, the gateway not yet called.
pub(super) const BEFORE_CALL: &str = "handlers::send_sms::before_call";
/// The gateway answered, nothing of it is written.
pub(super) const AFTER_CALL: &str = "handlers::send_sms::after_call";

/// Sends the message unless an earlier attempt of this job has. The job's id is the message's `OutId`.
pub(super) async fn once(
    ctx: &Ctx,
    tools: &Tools,
    phone: &Phone,
    template: Template,
) -> Result<(), JobError> {
    let out_id = ctx.job_id().to_string();
    if let Some(called_at) = ctx.earlier_outside_call() {
        let found = tools.sms.find(phone.as_str(), &out_id, called_at.as_ms()).await.map_err(cannot_ask)?;
        if found.is_some() {
            tracing::info!(job.id = %out_id, "the gateway has this message from an earlier attempt");
            return Ok(());
        }
        let settled_at = called_at.plus_ms(tools.sms_settle_ms);
        if ctx.now().await? < settled_at {
            let reason = "an earlier call may still be under way at the SMS gateway".to_owned();
            return Err(JobError::Wait { until: settled_at, reason });
        }
    }
    ctx.before_outside_call().await?;
    failpoint::hit(BEFORE_CALL);
    let message = Message { phone: phone.as_str().to_owned(), template, out_id };
    let sent = tools.sms.send(&message).await;
    failpoint::hit(AFTER_CALL);
    match sent {
        Ok(_) => Ok(()),
        Err(error) => Err(failed(ctx, error).await?),
    }
}

/// Asking changes nothing at the gateway, so whatever went wrong, it is asked again later.
fn cannot_ask(error: SmsError) -> JobError {
    match error {
        SmsError::Rejected { .. } | SmsError::Setup(_) => JobError::give_up(&error),
        SmsError::Throttled { .. } => JobError::throttled(Provider::Sms, None, &error),
        other => JobError::unknown(&other),
    }
}

/// Sorts the ways in which a send can fail by what comes next.
async fn failed(ctx: &Ctx, error: SmsError) -> Result<JobError, JobError> {
    Ok(match error {
        SmsError::Unreached(_) => JobError::retry(&error),
        SmsError::Throttled { .. } => JobError::throttled(Provider::Sms, None, &error),
        SmsError::Unknown(_) => JobError::unknown(&error),
        SmsError::PerNumberLimit { window, .. } => {
            let until = sealflow_core::Timestamp(window.until_at_ms(ctx.now().await?.as_ms()));
            JobError::Wait { until, reason: error.to_string() }
        }
        SmsError::Rejected { .. } | SmsError::Setup(_) => JobError::give_up(&error),
    })
}
