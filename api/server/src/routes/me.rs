//! The person who is signed in.

use axum::{Json, extract::State};
use sealflow_core::ids::{OrganizationId, PersonId};
use sealflow_store::{
    Conn,
    organizations::{self, Role},
    people::{self, PlatformRole},
    seals,
};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{App, auth::SignedIn, error::Error, openapi::Refusals, problem::Code};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get_me))
}

pub(super) const REFUSALS: Refusals = &[("get_me", &[])];

/// The person who is signed in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Me {
    /// The person's id.
    #[schema(value_type = String, format = "uuid")]
    id: PersonId,
    /// The person's name.
    #[schema(example = "示例发起人")]
    name: String,
    /// First three and last four digits.
    #[schema(example = "138****0001")]
    phone_masked: String,
    /// What the person may do: send contracts for some organization, manage seals, or watch over the platform.
    roles: Vec<MyRole>,
    /// Where the person is a member.
    organizations: Vec<MyOrganization>,
}

/// A right that opens a part of the pages.
#[derive(Debug, Serialize, ToSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MyRole {
    /// May send contracts for at least one organization.
    Sender,
    /// May manage at least one seal, or make some.
    SealManager,
    /// May see queues, jobs and instances.
    Ops,
    /// May use the operator console.
    Operator,
}

/// An organization and what the person is there.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MyOrganization {
    /// The organization's id.
    #[schema(value_type = String, format = "uuid")]
    id: OrganizationId,
    /// Its name.
    #[schema(example = "示例采购有限公司")]
    name: String,
    /// The widest of the roles.
    role: MemberRole,
    /// All roles.
    roles: Vec<MemberRole>,
}

/// What a member may do.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MemberRole {
    /// Manages members and seals.
    OrgAdmin,
    /// Sends contracts.
    Sender,
    /// Signs for the organization.
    Transactor,
    /// None of these.
    Member,
}

impl From<Role> for MemberRole {
    fn from(role: Role) -> Self {
        match role {
            Role::OrgAdmin => Self::OrgAdmin,
            Role::Sender => Self::Sender,
            Role::Transactor => Self::Transactor,
        }
    }
}

/// Tells who is signed in.
#[utoipa::path(
    get, path = "/api/me", tag = "session", security(("session" = [])), responses((status = OK, body = Me))
)]
async fn get_me(State(app): State<App>, signed_in: SignedIn) -> Result<Json<Me>, Error> {
    let mut reader = app.store.read().await?;
    let me = of(&mut reader, signed_in.person_id).await?;
    Ok(Json(me.ok_or(Code::NotSignedIn)?))
}

pub(super) async fn of(conn: &mut Conn, id: PersonId) -> Result<Option<Me>, Error> {
    let Some(person) = people::get(conn, id).await? else { return Ok(None) };
    let memberships = organizations::memberships(conn, id).await?;
    let mut roles: Vec<MyRole> = people::platform_roles(conn, id)
        .await?
        .into_iter()
        .map(|role| match role {
            PlatformRole::Ops => MyRole::Ops,
            PlatformRole::Operator => MyRole::Operator,
        })
        .collect();
    if memberships.iter().any(|membership| membership.roles.contains(&Role::Sender)) {
        roles.insert(0, MyRole::Sender);
    }
    if seals::manages_any(conn, id).await? {
        roles.push(MyRole::SealManager);
    }
    let organizations = memberships.into_iter().map(|membership| MyOrganization {
        id: membership.organization.id,
        name: membership.organization.name,
        role: membership.roles.first().copied().map_or(MemberRole::Member, MemberRole::from),
        roles: membership.roles.into_iter().map(MemberRole::from).collect(),
    });
    let organizations = organizations.collect();
    let phone_masked = person.phone.masked();
    Ok(Some(Me { id, name: person.name, phone_masked, roles, organizations }))
}
