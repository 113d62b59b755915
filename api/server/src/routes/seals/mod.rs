//! Seals (印章管理): made from a template or a picture, renamed, enabled, granted to members and removed; and their
//! impressions.

mod manage;
mod picture;
mod template;
mod view;

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use sealflow_core::ids::{OrganizationId, PersonId, SealId};
use sealflow_store::{
    Conn, audit,
    organizations::{self, Organization, Role},
    seals::{self, NewSeal, Permission, Seal},
};
use serde_json::Value;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) use picture::{MarkUpload, receive_mark};
pub(super) use view::SealKind;

use crate::{App, auth::SignedIn, error::Error, extract::At, openapi::Refusals, problem::Code};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(get_seal_image))
        .routes(routes!(manage::list_seals))
        .routes(routes!(template::create_seal))
        .routes(routes!(template::preview_seal))
        .routes(routes!(manage::get_seal))
        .routes(routes!(manage::update_seal))
        .routes(routes!(manage::remove_seal))
        .routes(routes!(manage::set_seal_grant))
        .merge(picture::router())
}

const PICTURE: &[Code] = &[
    Code::Forbidden,
    Code::FileMissing,
    Code::FileEmpty,
    Code::MarkTooLarge,
    Code::MarkNotAPicture,
    Code::MarkDamaged,
    Code::MarkBlank,
    Code::MarkNoPaper,
    Code::FilesAtOnce,
];

pub(super) const REFUSALS: Refusals = &[
    ("get_seal_image", &[]),
    ("list_seals", &[Code::Forbidden]),
    ("create_seal", &[Code::Forbidden, Code::SealNameTaken, Code::SealLimit]),
    ("preview_seal", &[Code::Forbidden]),
    ("get_seal", &[Code::Forbidden]),
    ("update_seal", &[Code::Forbidden, Code::SealNameTaken]),
    ("remove_seal", &[Code::Forbidden, Code::SealEnabled, Code::SealAwaited]),
    ("set_seal_grant", &[Code::Forbidden]),
    ("preview_seal_picture", PICTURE),
    (
        "create_seal_of_picture",
        &[
            Code::Forbidden,
            Code::FileMissing,
            Code::FileEmpty,
            Code::MarkTooLarge,
            Code::MarkNotAPicture,
            Code::MarkDamaged,
            Code::MarkBlank,
            Code::MarkNoPaper,
            Code::FilesAtOnce,
            Code::SealNameTaken,
            Code::SealLimit,
        ],
    ),
];

/// The impression of a seal, for members of its organization.
#[utoipa::path(
    get, path = "/api/seals/{seal_id}/image.svg", tag = "seals", security(("session" = [])),
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
    let svg = seals::impression(&mut reader, seal_id).await?.ok_or(Code::NotFound)?;
    Ok(svg_answer(svg))
}

/// An SVG that can do nothing but be looked at.
pub(super) fn svg_answer(svg: String) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "image/svg+xml"),
        (header::CACHE_CONTROL, "private, no-cache"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; img-src data:; style-src 'unsafe-inline'; sandbox",
        ),
    ];
    (headers, svg).into_response()
}

/// The organization, if the person administers it; for other members that is forbidden, for anybody else it is not there.
async fn administered(conn: &mut Conn, id: OrganizationId, person: PersonId) -> Result<Organization, Error> {
    let memberships = organizations::memberships(conn, person).await?;
    let own = memberships.into_iter().find(|membership| membership.organization.id == id);
    let own = own.ok_or(Code::NotFound)?;
    if own.roles.contains(&Role::OrgAdmin) { Ok(own.organization) } else { Err(Code::Forbidden.into()) }
}

/// Makes a seal, if the person administers its organization still; who made it may use and manage it, until somebody else
/// decides. `detail` goes into the audit log.
async fn make(app: &App, new: &NewSeal<'_>, maker: PersonId, detail: Value) -> Result<Seal, Error> {
    let mut tx = app.store.begin().await?;
    administered(tx.conn(), new.organization_id, maker).await?;
    let now_ms = tx.now().as_ms();
    let id = seals::add(tx.conn(), new, now_ms).await?;
    seals::set_permissions(tx.conn(), id, maker, Permission::ALL, now_ms).await?;
    let seal = seals::get(tx.conn(), id).await?.ok_or(Error::Broken("the seal was just made"))?;
    note(tx.conn(), maker, "seal.create", id, detail, now_ms).await?;
    tx.commit().await?;
    Ok(seal)
}

/// What somebody did with a seal, into the audit log.
async fn note(
    conn: &mut Conn,
    person: PersonId,
    action: &str,
    seal: SealId,
    detail: Value,
    now_ms: i64,
) -> Result<(), Error> {
    let entry = audit::Entry {
        person_id: Some(person),
        action,
        target_kind: "seal",
        target_id: seal.to_string(),
        detail,
    };
    Ok(audit::append(conn, &entry, now_ms).await?)
}
