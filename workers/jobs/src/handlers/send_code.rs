//! Sends a one-time code. The digits are derived from the code's id, so they stand in no table and every attempt sends
//! the same.

use sealflow_core::ids::CodeId;
use sealflow_providers::sms::Template;
use sealflow_store::{
    codes::{self, Purpose},
    contracts, recipients,
};
use serde::Deserialize;

use super::{Tools, deliver};
use crate::registry::{Ctx, Done, JobError};

#[derive(Debug, Deserialize)]
pub(super) struct Payload {
    code_id: CodeId,
}

pub(super) async fn run(ctx: Ctx, tools: Tools, payload: Payload) -> Result<Done, JobError> {
    let mut read = ctx.store().read().await?;
    let Some(code) = codes::get(&mut read, payload.code_id).await? else {
        return Err(JobError::GiveUp { reason: "the code is not there".into() });
    };
    let title = match code.recipient_id {
        Some(id) => match recipients::get(&mut read, id).await? {
            Some(recipient) => {
                contracts::get(&mut read, recipient.contract_id).await?.map(|contract| contract.title)
            }
            None => None,
        },
        None => None,
    };
    drop(read);
    if ctx.now().await?.as_ms() >= code.expires_at_ms {
        return Ok(Done::new("expired"));
    }
    let digits = codes::text(&tools.secret, &code);
    let template = match (code.purpose, title) {
        (Purpose::Intent, Some(title)) => Template::IntentCode { code: digits, title },
        (Purpose::Intent, None) => {
            return Err(JobError::GiveUp { reason: "the code's contract is not there".into() });
        }
        (Purpose::Login, _) => Template::LoginCode { code: digits },
    };
    deliver::once(&ctx, &tools, &code.phone, template).await?;
    Ok(Done::new("sent"))
}
