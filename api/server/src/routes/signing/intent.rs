//! Confirming the will (意愿认证) by a code that is bound to exactly what is shown.

use axum::{Json, extract::State, http::StatusCode};
use garde::Validate;
use sealflow_core::ids::RecipientId;
use sealflow_store::{
    audit,
    signing::{self, Confirmed, Signer},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::{
    super::login::{self, CodeSent},
    origin, signer,
    view::{self, Signing},
};
use crate::{
    App,
    auth::SignedIn,
    context::{Client, IdempotencyKey},
    error::Error,
    extract::{At, Body, rules},
    problem::Language,
};

/// A code is on its way.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct IntentCodeSent {
    /// When and how long.
    #[serde(flatten)]
    sent: CodeSent,
    /// Where it is sent.
    #[schema(example = "139****0001")]
    phone_masked: String,
}

/// Sends the code that confirms what is filled in now. A later change of documents or fields makes it worthless.
#[utoipa::path(
    post, path = "/api/signing/{recipient_id}/intent/codes", tag = "signing", security(("session" = [])),
    params(("recipient_id" = String, Path, format = "uuid")),
    responses((status = ACCEPTED, body = IntentCodeSent))
)]
pub(super) async fn send_intent_code(
    State(app): State<App>,
    signed_in: SignedIn,
    At(recipient_id): At<RecipientId>,
) -> Result<(StatusCode, Json<IntentCodeSent>), Error> {
    let mut tx = app.store.begin().await?;
    let signer = signer(tx.conn(), recipient_id, signed_in).await?;
    let code = signing::send_code(&mut tx, &signer, &app.config.codes).await?;
    tx.commit().await?;
    let sent = IntentCodeSent { sent: CodeSent::of(&app), phone_masked: code.phone.masked() };
    Ok((StatusCode::ACCEPTED, Json(sent)))
}

/// Confirms.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct IntentCode {
    /// The six digits.
    #[garde(custom(rules::code))]
    #[schema(example = "123456", pattern = "^[0-9]{6}$")]
    code: String,
}

/// Confirms by code; the signature is then put into the documents. A repeat with the same key answers the same, whatever
/// the code is.
#[utoipa::path(
    post, path = "/api/signing/{recipient_id}/intent", tag = "signing", security(("session" = [])),
    params(
        ("recipient_id" = String, Path, format = "uuid"),
        ("Idempotency-Key" = Option<String>, Header, description = "At most 64 characters; a repeat answers the same")
    ),
    request_body = IntentCode, responses((status = OK, body = Signing))
)]
pub(super) async fn confirm_intent(
    State(app): State<App>,
    signed_in: SignedIn,
    language: Language,
    client: Client,
    key: IdempotencyKey,
    At(recipient_id): At<RecipientId>,
    Body(body): Body<IntentCode>,
) -> Result<Json<Signing>, Error> {
    let mut tx = app.store.begin().await?;
    let signer = signer(tx.conn(), recipient_id, signed_in).await?;
    let event_id = signed_in.event_id("confirm", &key);
    let secret = &app.config.secret;
    match signing::confirm(&mut tx, secret, &signer, &body.code, origin(&client), event_id).await? {
        Confirmed::Refused(tried) => {
            tx.commit().await?;
            Err(login::refused(&tried, true).into())
        }
        Confirmed::Accepted(submitted) => {
            let view = view::of(tx.conn(), &signer, language).await?;
            if !submitted.duplicate {
                let now_ms = tx.now().as_ms();
                audit::append(tx.conn(), &entry(&signer), now_ms).await?;
            }
            tx.commit().await?;
            Ok(Json(view))
        }
    }
}

fn entry(signer: &Signer) -> audit::Entry<'_> {
    audit::Entry {
        person_id: Some(signer.person_id),
        action: "signing.confirm",
        target_kind: "recipient",
        target_id: signer.recipient.id.to_string(),
        detail: json!({"contract_id": signer.contract.id, "method": "sms_code"}),
    }
}
