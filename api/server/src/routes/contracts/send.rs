//! Sending a draft: from here on the definition decides what comes next.

use axum::{Json, extract::State};
use sealflow_core::ids::ContractId;
use sealflow_store::{audit, contracts};
use serde_json::json;

use super::{
    detail::{self, ContractDetail},
    visible,
};
use crate::{
    App,
    auth::SignedIn,
    context::IdempotencyKey,
    error::Error,
    extract::At,
    problem::{Code, Language},
};

/// Sends a draft to its first recipients.
#[utoipa::path(
    post, path = "/api/contracts/{contract_id}/send", tag = "contracts", security(("session" = [])),
    params(
        ("contract_id" = String, Path, format = "uuid"),
        ("Idempotency-Key" = Option<String>, Header, description = "At most 64 characters; a repeat answers the same")
    ),
    responses((status = OK, body = ContractDetail))
)]
pub(super) async fn send_contract(
    State(app): State<App>,
    signed_in: SignedIn,
    language: Language,
    key: IdempotencyKey,
    At(contract_id): At<ContractId>,
) -> Result<Json<ContractDetail>, Error> {
    let mut tx = app.store.begin().await?;
    let seen = visible(tx.conn(), contract_id, signed_in.person_id).await?;
    if !seen.parts.sender || !seen.parts.may_send {
        return Err(Code::Forbidden.into());
    }
    let event_id = signed_in.event_id("send", &key);
    let sender = signed_in.person_id;
    let request = contracts::Send { contract_id, sender, event_id, secret: &app.config.secret };
    let submitted = contracts::send(&mut tx, &request).await?;
    let detail = detail::of(tx.conn(), contract_id, sender, language).await?;
    if !submitted.duplicate {
        let entry = audit::Entry {
            person_id: Some(sender),
            action: "contract.send",
            target_kind: "contract",
            target_id: contract_id.to_string(),
            detail: json!({}),
        };
        let now_ms = tx.now().as_ms();
        audit::append(tx.conn(), &entry, now_ms).await?;
    }
    tx.commit().await?;
    Ok(Json(detail))
}
