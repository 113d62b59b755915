//! The impressions of seals, for the pages that show them.

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use sealflow_core::ids::SealId;
use sealflow_store::seals;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{App, auth::SignedIn, error::Error, extract::At, openapi::Refusals, problem::Code};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get_seal_image))
}

pub(super) const REFUSALS: Refusals = &[("get_seal_image", &[])];

/// The impression of a seal, for members of its organization.
#[utoipa::path(
    get, path = "/api/seals/{seal_id}/image.svg", tag = "signing", security(("session" = [])),
    params(("seal_id" = String, Path, format = "uuid")),
    responses((status = OK, content_type = "image/svg+xml", body = String))
)]
async fn get_seal_image(
    State(app): State<App>,
    signed_in: SignedIn,
    At(seal_id): At<SealId>,
) -> Result<Response, Error> {
    let mut reader = app.store.read().await?;
    if !seals::may_see(&mut reader, seal_id, signed_in.person_id).await? {
        return Err(Code::NotFound.into());
    }
    let seal = seals::get(&mut reader, seal_id).await?.ok_or(Code::NotFound)?;
    let headers = [
        (header::CONTENT_TYPE, "image/svg+xml"),
        (header::CACHE_CONTROL, "private, no-cache"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'; sandbox"),
    ];
    Ok((headers, seal.svg).into_response())
}
