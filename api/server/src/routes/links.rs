//! The links in SMS. A link says where it leads and for which phone; it opens nothing.

use axum::{Json, extract::State};
use sealflow_core::{
    State as InstanceState,
    ids::{ContractId, RecipientId},
};
use sealflow_store::{
    contracts, instances, links,
    recipients::{self, Recipient},
};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::view::RecipientStatus;
use crate::{App, error::Error, extract::At, openapi::Refusals, problem::Code};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(open_link))
}

pub(super) const REFUSALS: Refusals =
    &[("open_link", &[Code::LinkUnknown, Code::LinkExpired, Code::LinkUsed])];

/// Where a link leads.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Link {
    /// Which recipient it is for.
    #[schema(value_type = String, format = "uuid")]
    recipient_id: RecipientId,
    /// Which contract it leads to.
    #[schema(value_type = String, format = "uuid")]
    contract_id: ContractId,
    /// Who asks.
    #[schema(example = "示例采购有限公司")]
    sender_organization_name: String,
    /// The phone that it was sent to.
    #[schema(example = "139****0001")]
    phone_masked: String,
    /// Always `active`; other links are refused.
    state: LinkState,
}

/// What a link is good for.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LinkState {
    Active,
}

/// Tells where a link from an SMS leads.
#[utoipa::path(
    get, path = "/api/links/{token}", tag = "session",
    params(("token" = String, Path, description = "The last part of the link")),
    responses((status = OK, body = Link))
)]
async fn open_link(State(app): State<App>, At(token): At<String>) -> Result<Json<Link>, Error> {
    let mut reader = app.store.read().await?;
    let link = links::find(&mut reader, &token).await?.ok_or(Code::LinkUnknown)?;
    let recipient = recipients::get(&mut reader, link.recipient_id).await?.ok_or(Code::LinkUnknown)?;
    let contract = contracts::get(&mut reader, recipient.contract_id).await?.ok_or(Code::LinkUnknown)?;
    let instance = match contract.instance_id {
        Some(id) => instances::get(&mut reader, id).await?,
        None => None,
    };
    let state = instance.map(|instance| instance.state).ok_or(Code::LinkUnknown)?;
    let now_ms = app.store.now(&mut reader).await?.as_ms();
    refuse_closed(&recipient, &state, link.expires_at_ms <= now_ms)?;
    Ok(Json(Link {
        recipient_id: recipient.id,
        contract_id: contract.id,
        sender_organization_name: contract.organization_name,
        phone_masked: recipient.phone.masked(),
        state: LinkState::Active,
    }))
}

fn refuse_closed(recipient: &Recipient, state: &InstanceState, too_old: bool) -> Result<(), Code> {
    if RecipientStatus::of(recipient.id, Some(state), None) == RecipientStatus::Signed {
        return Err(Code::LinkUsed);
    }
    if too_old || state.status() != contracts::IN_PROGRESS {
        return Err(Code::LinkExpired);
    }
    Ok(())
}
