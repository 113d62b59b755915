//! What the sender does while a contract is under way: withdraw it, or remind.

use axum::{Json, extract::State};
use garde::Validate;
use sealflow_core::ids::{ContractId, PersonId};
use sealflow_store::{Tx, audit, contracts};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{
    detail::{self, ContractDetail},
    visible,
};
use crate::{
    App,
    auth::SignedIn,
    context::IdempotencyKey,
    error::Error,
    extract::{At, Body, rules},
    problem::{Code, Language},
};

/// Why something is called off.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct Reason {
    /// In the person's own words; the parties see it.
    #[garde(length(chars, min = 1, max = 200), custom(rules::plain_text))]
    #[schema(example = "合同金额需要修改", max_length = 200)]
    pub(crate) reason: String,
}

/// Takes a contract back.
#[utoipa::path(
    post, path = "/api/contracts/{contract_id}/withdraw", tag = "contracts", security(("session" = [])),
    params(
        ("contract_id" = String, Path, format = "uuid"),
        ("Idempotency-Key" = Option<String>, Header, description = "At most 64 characters; a repeat answers the same")
    ),
    request_body = Reason, responses((status = OK, body = ContractDetail))
)]
pub(super) async fn withdraw_contract(
    State(app): State<App>,
    signed_in: SignedIn,
    language: Language,
    key: IdempotencyKey,
    At(contract_id): At<ContractId>,
    Body(body): Body<Reason>,
) -> Result<Json<ContractDetail>, Error> {
    let mut tx = app.store.begin().await?;
    let person = signed_in.person_id;
    let contract = own_sent(&mut tx, contract_id, person).await?;
    let event_id = signed_in.event_id("withdraw", &key);
    let submitted = contracts::withdraw(&mut tx, &contract, person, body.reason.trim(), event_id).await?;
    let detail = detail::of(tx.conn(), contract_id, person, language).await?;
    if !submitted.duplicate {
        note(&mut tx, person, "contract.withdraw", contract_id).await?;
    }
    tx.commit().await?;
    Ok(Json(detail))
}

/// Reminds everybody whose turn it is.
#[utoipa::path(
    post, path = "/api/contracts/{contract_id}/remind", tag = "contracts", security(("session" = [])),
    params(
        ("contract_id" = String, Path, format = "uuid"),
        ("Idempotency-Key" = Option<String>, Header, description = "At most 64 characters; a repeat answers the same")
    ),
    responses((status = OK, body = ContractDetail))
)]
pub(super) async fn remind_recipients(
    State(app): State<App>,
    signed_in: SignedIn,
    language: Language,
    key: IdempotencyKey,
    At(contract_id): At<ContractId>,
) -> Result<Json<ContractDetail>, Error> {
    let mut tx = app.store.begin().await?;
    let person = signed_in.person_id;
    let contract = own_sent(&mut tx, contract_id, person).await?;
    let interval_ms = app.config.remind_interval_s.saturating_mul(1000);
    let event_id = signed_in.event_id("remind", &key);
    let reminded = contracts::remind(&mut tx, &contract, person, interval_ms, &event_id).await?;
    let detail = detail::of(tx.conn(), contract_id, person, language).await?;
    if reminded {
        note(&mut tx, person, "contract.remind", contract_id).await?;
    }
    tx.commit().await?;
    Ok(Json(detail))
}

/// The contract, if the person sent it.
async fn own_sent(tx: &mut Tx, id: ContractId, person: PersonId) -> Result<contracts::Contract, Error> {
    let seen = visible(tx.conn(), id, person).await?;
    if !seen.parts.sender {
        return Err(Code::Forbidden.into());
    }
    Ok(seen.contract)
}

async fn note(tx: &mut Tx, person: PersonId, action: &str, id: ContractId) -> Result<(), Error> {
    let entry = audit::Entry {
        person_id: Some(person),
        action,
        target_kind: "contract",
        target_id: id.to_string(),
        detail: json!({}),
    };
    let now_ms = tx.now().as_ms();
    Ok(audit::append(tx.conn(), &entry, now_ms).await?)
}
