//! Organizations (企业) that can be a recipient.

use axum::{Json, extract::State};
use sealflow_core::ids::OrganizationId;
use sealflow_store::organizations;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{App, auth::SignedIn, error::Error, openapi::Refusals, problem::Code};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_organizations))
}

pub(super) const REFUSALS: Refusals = &[("list_organizations", &[Code::Forbidden])];

/// An organization that can sign.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Organization {
    /// Its id.
    #[schema(value_type = String, format = "uuid")]
    id: OrganizationId,
    /// Its registered name.
    #[schema(example = "示例采购有限公司")]
    name: String,
}

/// Lists the organizations that can be a recipient: those with an enabled seal. For people who may send contracts.
#[utoipa::path(
    get, path = "/api/organizations", tag = "contracts", security(("session" = [])),
    responses((status = OK, body = [Organization]))
)]
async fn list_organizations(
    State(app): State<App>,
    signed_in: SignedIn,
) -> Result<Json<Vec<Organization>>, Error> {
    let mut reader = app.store.read().await?;
    let memberships = organizations::memberships(&mut reader, signed_in.person_id).await?;
    if !memberships.iter().any(|membership| membership.roles.contains(&organizations::Role::Sender)) {
        return Err(Code::Forbidden.into());
    }
    let able = organizations::able_to_sign(&mut reader).await?;
    Ok(Json(able.into_iter().map(|it| Organization { id: it.id, name: it.name }).collect()))
}
