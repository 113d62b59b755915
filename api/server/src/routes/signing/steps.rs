//! The plain steps: accept the agreement, report the reading, decline.

use axum::{Json, extract::State};
use garde::Validate;
use sealflow_core::ids::RecipientId;
use sealflow_store::signing;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    super::contracts::Reason,
    origin, signer,
    view::{self, Signing},
};
use crate::{
    App,
    auth::SignedIn,
    context::{Client, IdempotencyKey},
    error::Error,
    extract::{At, Body},
    problem::Language,
};

/// Consents to a text.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct AcceptedAgreement {
    /// The SHA-256 of the text that was shown.
    #[garde(length(equal = 64), ascii)]
    #[schema(example = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    sha256: String,
}

/// Accepts the agreement, and keeps the consent to exactly this text.
#[utoipa::path(
    post, path = "/api/signing/{recipient_id}/agreement", tag = "signing", security(("session" = [])),
    params(
        ("recipient_id" = String, Path, format = "uuid"),
        ("Idempotency-Key" = Option<String>, Header, description = "At most 64 characters; a repeat answers the same")
    ),
    request_body = AcceptedAgreement, responses((status = OK, body = Signing))
)]
pub(super) async fn accept_agreement(
    State(app): State<App>,
    signed_in: SignedIn,
    language: Language,
    client: Client,
    key: IdempotencyKey,
    At(recipient_id): At<RecipientId>,
    Body(body): Body<AcceptedAgreement>,
) -> Result<Json<Signing>, Error> {
    let mut tx = app.store.begin().await?;
    let signer = signer(tx.conn(), recipient_id, signed_in).await?;
    let event_id = signed_in.event_id("accept", &key);
    signing::accept(&mut tx, &signer, &body.sha256, origin(&client), event_id).await?;
    let view = view::of(tx.conn(), &signer, language).await?;
    tx.commit().await?;
    Ok(Json(view))
}

/// What was read.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct Reading {
    /// How many pages of all documents were shown.
    #[garde(range(max = 1_000_000))]
    #[schema(example = 3)]
    pages_read: u32,
    /// For how long, in seconds.
    #[garde(range(max = 1_000_000))]
    #[schema(example = 12)]
    seconds: u32,
}

/// Reports that everything was read. The time is also measured here: `reading_incomplete` tells how long to go on.
#[utoipa::path(
    post, path = "/api/signing/{recipient_id}/reading", tag = "signing", security(("session" = [])),
    params(
        ("recipient_id" = String, Path, format = "uuid"),
        ("Idempotency-Key" = Option<String>, Header, description = "At most 64 characters; a repeat answers the same")
    ),
    request_body = Reading, responses((status = OK, body = Signing))
)]
pub(super) async fn finish_reading(
    State(app): State<App>,
    signed_in: SignedIn,
    language: Language,
    key: IdempotencyKey,
    At(recipient_id): At<RecipientId>,
    Body(body): Body<Reading>,
) -> Result<Json<Signing>, Error> {
    let mut tx = app.store.begin().await?;
    let signer = signer(tx.conn(), recipient_id, signed_in).await?;
    let event_id = signed_in.event_id("finish_reading", &key);
    signing::finish_reading(&mut tx, &signer, body.pages_read, body.seconds, event_id).await?;
    let view = view::of(tx.conn(), &signer, language).await?;
    tx.commit().await?;
    Ok(Json(view))
}

/// Refuses to sign; the contract ends, and the other parties are told.
#[utoipa::path(
    post, path = "/api/signing/{recipient_id}/decline", tag = "signing", security(("session" = [])),
    params(
        ("recipient_id" = String, Path, format = "uuid"),
        ("Idempotency-Key" = Option<String>, Header, description = "At most 64 characters; a repeat answers the same")
    ),
    request_body = Reason, responses((status = OK, body = Signing))
)]
pub(super) async fn decline(
    State(app): State<App>,
    signed_in: SignedIn,
    language: Language,
    key: IdempotencyKey,
    At(recipient_id): At<RecipientId>,
    Body(body): Body<Reason>,
) -> Result<Json<Signing>, Error> {
    let mut tx = app.store.begin().await?;
    let signer = signer(tx.conn(), recipient_id, signed_in).await?;
    let event_id = signed_in.event_id("decline", &key);
    signing::decline(&mut tx, &signer, body.reason.trim(), event_id).await?;
    let view = view::of(tx.conn(), &signer, language).await?;
    tx.commit().await?;
    Ok(Json(view))
}
