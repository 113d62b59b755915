//! Seals that are there: their names, whether they may be used, and by whom; and their end.

use axum::{Json, extract::State, http::StatusCode};
use garde::Validate;
use sealflow_core::ids::{OrganizationId, PersonId, SealId};
use sealflow_store::{
    Conn,
    organizations::{self, Role},
    seals::{self, Permission, Seal},
};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{
    note,
    view::{SealDetail, SealList, SealPermission, SealPerson},
};
use crate::{
    App,
    auth::SignedIn,
    error::Error,
    extract::{At, Body, rules},
    problem::Code,
};

/// Lists the seals of an organization that the person may manage: all for an administrator.
#[utoipa::path(
    get, path = "/api/organizations/{organization_id}/seals", tag = "seals", security(("session" = [])),
    params(("organization_id" = String, Path, format = "uuid")), responses((status = OK, body = SealList))
)]
pub(super) async fn list_seals(
    State(app): State<App>,
    signed_in: SignedIn,
    At(organization_id): At<OrganizationId>,
) -> Result<Json<SealList>, Error> {
    let mut reader = app.store.read().await?;
    let memberships = organizations::memberships(&mut reader, signed_in.person_id).await?;
    let own = memberships.into_iter().find(|membership| membership.organization.id == organization_id);
    let own = own.ok_or(Code::NotFound)?;
    let may_create = own.roles.contains(&Role::OrgAdmin);
    let found = if may_create {
        seals::of_organization(&mut reader, organization_id).await?
    } else {
        seals::managed_by(&mut reader, organization_id, signed_in.person_id).await?
    };
    if !may_create && found.is_empty() {
        return Err(Code::Forbidden.into());
    }
    Ok(Json(SealList::new(own.organization.name, may_create, found)))
}

/// The seal, if the person may manage it; who may only see it is forbidden to, for anybody else it is not there.
async fn managed(conn: &mut Conn, id: SealId, person: PersonId) -> Result<Seal, Error> {
    if !seals::may_see(conn, id, person).await? {
        return Err(Code::NotFound.into());
    }
    if !seals::may_manage(conn, id, person).await? {
        return Err(Code::Forbidden.into());
    }
    Ok(seals::get(conn, id).await?.ok_or(Code::NotFound)?)
}

async fn detail(conn: &mut Conn, id: SealId) -> Result<SealDetail, Error> {
    let seal = seals::get(conn, id).await?.ok_or(Code::NotFound)?;
    let people = seals::people(conn, id).await?.into_iter().map(SealPerson::from).collect();
    Ok(SealDetail { organization_id: seal.organization_id, seal: seal.into(), people })
}

/// Shows a seal, and who may do what with it.
#[utoipa::path(
    get, path = "/api/seals/{seal_id}", tag = "seals", security(("session" = [])),
    params(("seal_id" = String, Path, format = "uuid")), responses((status = OK, body = SealDetail))
)]
pub(super) async fn get_seal(
    State(app): State<App>,
    signed_in: SignedIn,
    At(seal_id): At<SealId>,
) -> Result<Json<SealDetail>, Error> {
    let mut reader = app.store.read().await?;
    managed(&mut reader, seal_id, signed_in.person_id).await?;
    Ok(Json(detail(&mut reader, seal_id).await?))
}

/// What can be changed about a seal.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct SealChange {
    /// Unique in the organization.
    #[garde(length(chars, min = 1, max = 30), custom(rules::plain_text))]
    #[schema(example = "合同专用章", max_length = 30)]
    name: String,
    /// A disabled seal is not put on anything from now on, and those who may use it no longer see it.
    #[garde(skip)]
    enabled: bool,
}

/// Renames a seal, enables or disables (停用) it. Its impression cannot be changed.
#[utoipa::path(
    put, path = "/api/seals/{seal_id}", tag = "seals", security(("session" = [])),
    params(("seal_id" = String, Path, format = "uuid")),
    request_body = SealChange, responses((status = OK, body = SealDetail))
)]
pub(super) async fn update_seal(
    State(app): State<App>,
    signed_in: SignedIn,
    At(seal_id): At<SealId>,
    Body(body): Body<SealChange>,
) -> Result<Json<SealDetail>, Error> {
    let mut tx = app.store.begin().await?;
    seals::lock(tx.conn(), seal_id).await?;
    let before = managed(tx.conn(), seal_id, signed_in.person_id).await?;
    let name = body.name.trim();
    let now_ms = tx.now().as_ms();
    if before.name != name {
        seals::rename(tx.conn(), seal_id, name).await?;
        let names = json!({"from": before.name, "to": name});
        note(tx.conn(), signed_in.person_id, "seal.rename", seal_id, names, now_ms).await?;
    }
    if before.enabled != body.enabled {
        seals::set_enabled(tx.conn(), seal_id, body.enabled).await?;
        let action = if body.enabled { "seal.enable" } else { "seal.disable" };
        note(tx.conn(), signed_in.person_id, action, seal_id, json!({}), now_ms).await?;
    }
    let detail = detail(tx.conn(), seal_id).await?;
    tx.commit().await?;
    Ok(Json(detail))
}

/// Removes (删除) a seal that is disabled and that no contract is waiting for. What it was put on stays as it is.
#[utoipa::path(
    delete, path = "/api/seals/{seal_id}", tag = "seals", security(("session" = [])),
    params(("seal_id" = String, Path, format = "uuid")), responses((status = NO_CONTENT))
)]
pub(super) async fn remove_seal(
    State(app): State<App>,
    signed_in: SignedIn,
    At(seal_id): At<SealId>,
) -> Result<StatusCode, Error> {
    let mut tx = app.store.begin().await?;
    seals::lock(tx.conn(), seal_id).await?;
    let seal = managed(tx.conn(), seal_id, signed_in.person_id).await?;
    let now_ms = tx.now().as_ms();
    seals::remove(tx.conn(), &seal, now_ms).await?;
    let name = json!({"name": seal.name});
    note(tx.conn(), signed_in.person_id, "seal.remove", seal_id, name, now_ms).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What a member may do with a seal.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct SealGrantInput {
    /// All that is granted; none takes everything away.
    #[garde(length(max = 2))]
    permissions: Vec<SealPermission>,
}

/// Says what a member of the organization may do with a seal.
#[utoipa::path(
    put, path = "/api/seals/{seal_id}/grants/{person_id}", tag = "seals", security(("session" = [])),
    params(("seal_id" = String, Path, format = "uuid"), ("person_id" = String, Path, format = "uuid")),
    request_body = SealGrantInput, responses((status = OK, body = SealDetail))
)]
pub(super) async fn set_seal_grant(
    State(app): State<App>,
    signed_in: SignedIn,
    At((seal_id, person_id)): At<(SealId, PersonId)>,
    Body(body): Body<SealGrantInput>,
) -> Result<Json<SealDetail>, Error> {
    let mut tx = app.store.begin().await?;
    seals::lock(tx.conn(), seal_id).await?;
    managed(tx.conn(), seal_id, signed_in.person_id).await?;
    let permissions: Vec<Permission> = body.permissions.into_iter().map(Permission::from).collect();
    let now_ms = tx.now().as_ms();
    if !seals::set_permissions(tx.conn(), seal_id, person_id, &permissions, now_ms).await? {
        return Err(Code::NotFound.into());
    }
    let detail = detail(tx.conn(), seal_id).await?;
    let what = json!({"grantee_id": person_id, "permissions": permissions});
    note(tx.conn(), signed_in.person_id, "seal.grant", seal_id, what, now_ms).await?;
    tx.commit().await?;
    Ok(Json(detail))
}
