//! Seals from a photo or scan. The picture is opened in a confined child process, its paper is taken away, and it is not kept.

use axum::{
    Json,
    extract::{DefaultBodyLimit, Request, State},
    http::StatusCode,
};
use bytes::Bytes;
use garde::Validate;
use sealflow_core::ids::{OrganizationId, PersonId};
use sealflow_pdf::picture::{Cleaned, Mark, Wanted};
use sealflow_store::seals::{NewSeal, Source};
use serde::Deserialize;
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    super::contracts::receive_up_to,
    administered, make,
    view::{ManagedSeal, PictureSpec, SealColor, SealKind, SealPreview},
};
use crate::{
    App,
    auth::SignedIn,
    error::Error,
    extract::{At, Search, rules},
    problem::Code,
};

/// The largest photo or scan of a seal or signature, in bytes.
const BYTES_MAX: u64 = 5 * 1024 * 1024;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(preview_seal_picture))
        .routes(routes!(create_seal_of_picture))
        .layer(DefaultBodyLimit::disable())
}

/// A photo or scan.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "only describes the form")]
pub(in crate::routes) struct MarkUpload {
    /// One JPEG or PNG picture of at most 5 MB.
    #[schema(value_type = String, format = Binary)]
    file: String,
}

/// What becomes of the picture.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PictureLook {
    /// The ink that it gets.
    #[garde(skip)]
    #[param(inline)]
    color: SealColor,
    /// Its width in millimetres.
    #[garde(range(min = 10.0, max = 60.0))]
    width_mm: f64,
}

/// A seal to be made.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PictureSeal {
    /// Unique in the organization.
    #[garde(length(chars, min = 1, max = 30), custom(rules::plain_text))]
    name: String,
    /// What it is used for.
    #[garde(skip)]
    #[param(inline)]
    kind: SealKind,
    /// The ink that it gets.
    #[garde(skip)]
    #[param(inline)]
    color: SealColor,
    /// Its width in millimetres.
    #[garde(range(min = 10.0, max = 60.0))]
    width_mm: f64,
}

/// The one picture of the form.
pub(in crate::routes) async fn receive_mark(app: &App, request: Request) -> Result<Bytes, Error> {
    let received = receive_up_to(app, request, BYTES_MAX).await;
    let mut parts = received.map_err(|error| match error {
        Error::Refused(refusal) if refusal.code == Code::FileTooLarge => Code::MarkTooLarge.into(),
        other => other,
    })?;
    match (parts.pop(), parts.is_empty()) {
        (Some(only), true) => Ok(only.bytes),
        (None, _) => Err(Code::FileMissing.into()),
        (Some(_), false) => Err(Code::MarkNotAPicture.into()),
    }
}

/// When it is this person's turn.
async fn clean(
    app: &App,
    person: PersonId,
    bytes: &Bytes,
    color: SealColor,
    width_mm: f64,
) -> Result<Cleaned, Error> {
    let _turn = app.turns.take(person).await?;
    let wanted = Wanted { mark: Mark::Seal, color: color.into(), width_mm };
    app.pdf.clean(bytes, wanted).await.map_err(Error::Mark)
}

/// Cuts a seal out of a picture; nothing is kept.
#[utoipa::path(
    post, path = "/api/organizations/{organization_id}/seals/pictures/preview", tag = "seals",
    security(("session" = [])), params(("organization_id" = String, Path, format = "uuid"), PictureLook),
    request_body(content = MarkUpload, content_type = "multipart/form-data"),
    responses((status = OK, body = SealPreview))
)]
async fn preview_seal_picture(
    State(app): State<App>,
    signed_in: SignedIn,
    At(organization_id): At<OrganizationId>,
    Search(look): Search<PictureLook>,
    request: Request,
) -> Result<Json<SealPreview>, Error> {
    administered(&mut *app.store.read().await?, organization_id, signed_in.person_id).await?;
    let bytes = receive_mark(&app, request).await?;
    let Cleaned { svg, width_mm, height_mm } =
        clean(&app, signed_in.person_id, &bytes, look.color, look.width_mm).await?;
    Ok(Json(SealPreview { svg, width_mm, height_mm }))
}

/// Makes a seal of a picture.
#[utoipa::path(
    post, path = "/api/organizations/{organization_id}/seals/pictures", tag = "seals",
    security(("session" = [])), params(("organization_id" = String, Path, format = "uuid"), PictureSeal),
    request_body(content = MarkUpload, content_type = "multipart/form-data"),
    responses((status = CREATED, body = ManagedSeal))
)]
async fn create_seal_of_picture(
    State(app): State<App>,
    signed_in: SignedIn,
    At(organization_id): At<OrganizationId>,
    Search(asked): Search<PictureSeal>,
    request: Request,
) -> Result<(StatusCode, Json<ManagedSeal>), Error> {
    let person = signed_in.person_id;
    administered(&mut *app.store.read().await?, organization_id, person).await?;
    let bytes = receive_mark(&app, request).await?;
    let Cleaned { svg, width_mm, height_mm } =
        clean(&app, person, &bytes, asked.color, asked.width_mm).await?;
    let spec = PictureSpec { color: asked.color.into(), width_mm, height_mm };
    let spec = serde_json::to_value(spec).map_err(|_| Error::Broken("a seal's data is JSON"))?;
    let new = NewSeal {
        organization_id,
        name: asked.name.trim(),
        kind: asked.kind.into(),
        source: Source::Picture,
        svg: &svg,
        spec: &spec,
    };
    let detail = json!({"source": "picture", "picture_sha256": hex::encode(openssl::sha::sha256(&bytes))});
    let seal = make(&app, &new, person, detail).await?;
    Ok((StatusCode::CREATED, Json(seal.into())))
}
