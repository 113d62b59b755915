//! Signatures (签名) that people keep as pictures. A photo is opened in a confined child process, its paper is taken away, and
//! the photo itself is not kept.

use axum::{
    Json,
    extract::{DefaultBodyLimit, Request, State},
    http::StatusCode,
    response::Response,
};
use bytes::Bytes;
use sealflow_core::ids::SignatureId;
use sealflow_pdf::{
    picture::{Mark, Wanted},
    seal::Color,
};
use sealflow_store::signatures::{self, Signature};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::seals::{MarkUpload, receive_mark, svg_answer};
use crate::{App, auth::SignedIn, error::Error, extract::At, openapi::Refusals, problem::Code};

/// Fields show it as large as they are; this is what its picture says of itself.
const WIDTH_MM: f64 = 40.0;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_signatures, add_signature))
        .routes(routes!(remove_signature))
        .routes(routes!(get_signature_image))
        .layer(DefaultBodyLimit::disable())
}

pub(super) const REFUSALS: Refusals = &[
    ("list_signatures", &[]),
    (
        "add_signature",
        &[
            Code::FileMissing,
            Code::FileEmpty,
            Code::MarkTooLarge,
            Code::MarkNotAPicture,
            Code::MarkDamaged,
            Code::MarkBlank,
            Code::MarkNoPaper,
            Code::FilesAtOnce,
            Code::SignatureLimit,
            Code::SignaturesTooOften,
        ],
    ),
    ("remove_signature", &[]),
    ("get_signature_image", &[]),
];

/// A signature that the person keeps as a picture.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SignatureImage {
    /// Its id.
    #[schema(value_type = String, format = "uuid")]
    id: SignatureId,
    /// Where its picture is.
    #[schema(example = "/api/signatures/019adf2c-6f00-7c3a-9d53-0c4de0a1b111/image.svg")]
    svg_url: String,
    /// When it was added.
    created_at_ms: i64,
}

/// Where a signature's picture is.
pub(super) fn svg_url(id: SignatureId) -> String {
    format!("/api/signatures/{id}/image.svg")
}

impl From<Signature> for SignatureImage {
    fn from(kept: Signature) -> Self {
        Self { id: kept.id, svg_url: svg_url(kept.id), created_at_ms: kept.created_at_ms }
    }
}

/// Lists the pictures of signatures that the person keeps, the newest first; at most five.
#[utoipa::path(
    get, path = "/api/signatures", tag = "signing", security(("session" = [])),
    responses((status = OK, body = [SignatureImage]))
)]
async fn list_signatures(
    State(app): State<App>,
    signed_in: SignedIn,
) -> Result<Json<Vec<SignatureImage>>, Error> {
    let mut reader = app.store.read().await?;
    let kept = signatures::kept_by(&mut reader, signed_in.person_id).await?;
    Ok(Json(kept.into_iter().map(SignatureImage::from).collect()))
}

/// Cuts a signature out of a photo of paper and keeps it for its person.
#[utoipa::path(
    post, path = "/api/signatures", tag = "signing", security(("session" = [])),
    request_body(content = MarkUpload, content_type = "multipart/form-data"),
    responses((status = CREATED, body = SignatureImage))
)]
async fn add_signature(
    State(app): State<App>,
    signed_in: SignedIn,
    request: Request,
) -> Result<(StatusCode, Json<SignatureImage>), Error> {
    let person = signed_in.person_id;
    let bytes = receive_mark(&app, request).await?;
    // Who has no room left does not keep a child busy.
    let mut tx = app.store.begin().await?;
    let now_ms = tx.now().as_ms();
    signatures::check_room(tx.conn(), person, now_ms).await?;
    drop(tx);
    let wanted = Wanted { mark: Mark::Signature, color: Color::Black, width_mm: WIDTH_MM };
    let turn = app.turns.take(person).await?;
    let cleaned = app.pdf.clean(&bytes, wanted).await.map_err(Error::Mark)?;
    drop(turn);
    let sha256 = app.store.blobs().put(Bytes::from(cleaned.svg)).await?;
    let mut tx = app.store.begin().await?;
    let now_ms = tx.now().as_ms();
    let added = signatures::add(tx.conn(), person, &sha256, now_ms).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(added.into())))
}

/// Takes a signature away. Fields that hold it already keep it.
#[utoipa::path(
    delete, path = "/api/signatures/{signature_id}", tag = "signing", security(("session" = [])),
    params(("signature_id" = String, Path, format = "uuid")), responses((status = NO_CONTENT))
)]
async fn remove_signature(
    State(app): State<App>,
    signed_in: SignedIn,
    At(signature_id): At<SignatureId>,
) -> Result<StatusCode, Error> {
    let mut tx = app.store.begin().await?;
    let now_ms = tx.now().as_ms();
    if !signatures::remove(tx.conn(), signed_in.person_id, signature_id, now_ms).await? {
        return Err(Code::NotFound.into());
    }
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The picture of a signature, for its person alone.
#[utoipa::path(
    get, path = "/api/signatures/{signature_id}/image.svg", tag = "signing", security(("session" = [])),
    params(("signature_id" = String, Path, format = "uuid")),
    responses((status = OK, content_type = "image/svg+xml", body = String))
)]
async fn get_signature_image(
    State(app): State<App>,
    signed_in: SignedIn,
    At(signature_id): At<SignatureId>,
) -> Result<Response, Error> {
    let found = signatures::get(&mut *app.store.read().await?, signature_id).await?;
    let own = found.filter(|signature| signature.person_id == signed_in.person_id).ok_or(Code::NotFound)?;
    let svg = app.store.blobs().get(&own.sha256).await?;
    Ok(svg_answer(String::from_utf8(svg.to_vec()).map_err(|_| Error::Broken("an SVG is text"))?))
}
