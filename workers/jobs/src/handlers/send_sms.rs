//! Tells a recipient by SMS that a contract waits, still waits, is completed or was declined.

use sealflow_core::ids::RecipientId;
use sealflow_providers::sms::Template;
use sealflow_store::{
    Conn, contracts, links,
    recipients::{self, Recipient},
};
use serde::Deserialize;

use super::{Tools, deliver};
use crate::registry::{Ctx, Done, JobError};

#[derive(Debug, Deserialize)]
pub(super) struct Payload {
    template: Text,
    recipient_id: RecipientId,
}

/// Which text.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Text {
    SignRequest,
    Reminder,
    Completed,
    Declined,
}

impl Text {
    /// It would be wrong once the contract was withdrawn, declined, or has expired.
    const fn asks_to_sign(self) -> bool {
        matches!(self, Self::SignRequest | Self::Reminder)
    }
}

pub(super) async fn run(ctx: Ctx, tools: Tools, payload: Payload) -> Result<Done, JobError> {
    let mut read = ctx.store().read().await?;
    let Some(recipient) = recipients::get(&mut read, payload.recipient_id).await? else {
        return Err(JobError::GiveUp { reason: "the recipient is not there".into() });
    };
    if payload.template.asks_to_sign() && !is_in_progress(&mut read, &recipient).await? {
        return Ok(Done::new("skipped"));
    }
    drop(read);
    let token = || links::token(&tools.secret, recipient.id, links::FIRST);
    let template = match payload.template {
        Text::SignRequest => Template::SignRequest { token: token() },
        Text::Reminder => Template::Reminder { token: token() },
        Text::Completed => Template::Completed,
        Text::Declined => Template::Declined,
    };
    deliver::once(&ctx, &tools, &recipient.phone, template).await?;
    Ok(Done::new("sent"))
}

async fn is_in_progress(read: &mut Conn, recipient: &Recipient) -> Result<bool, JobError> {
    let contract = contracts::get(read, recipient.contract_id).await?;
    Ok(contract.is_some_and(|contract| contract.status == contracts::IN_PROGRESS))
}
