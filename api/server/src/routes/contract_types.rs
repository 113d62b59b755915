//! Contract types (业务类型): what a sender can choose from.

use axum::{Json, extract::State};
use sealflow_core::model::{
    ContractType as Model,
    contract_type::{FieldPlacement, NamedPage, Page, RecipientKind},
};
use sealflow_store::{contracts, definitions};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    signing::FieldKind,
    view::{PartyKind, title},
};
use crate::{
    App,
    auth::SignedIn,
    error::Error,
    openapi::Refusals,
    problem::{Language, feature},
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_contract_types))
}

pub(super) const REFUSALS: Refusals = &[("list_contract_types", &[])];

/// A signing policy.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ContractType {
    /// Names it in requests.
    #[schema(example = "supplier_purchase")]
    name: String,
    /// The newest version; new contracts use it.
    version: u32,
    /// In the language asked for.
    #[schema(example = "供应商采购合同")]
    title: String,
    /// Who takes part, in routing order.
    recipients: Vec<Role>,
    /// How many days the recipients have, unless the contract says otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 30)]
    deadline_days: Option<i64>,
    /// Why it cannot be chosen: what it needs and the platform does not offer yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "需要抄送，本平台暂未提供。")]
    unavailable: Option<String>,
}

/// One part in the contract.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Role {
    /// Names it in requests.
    #[schema(example = "supplier")]
    role: String,
    /// In the language asked for.
    #[schema(example = "供应商签署人")]
    title: String,
    /// Who plays it.
    kind: PartyKind,
    /// What the role puts on every document, and where.
    fields: Vec<RoleField>,
}

/// A field of the contract type: millimetres from the top left corner of the page.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RoleField {
    /// What it takes.
    kind: FieldKind,
    /// `first`, `last`, or a number from 1.
    #[schema(example = "last")]
    page: String,
    /// From the left edge.
    x_mm: f64,
    /// From the top edge.
    y_mm: f64,
    /// Width.
    w_mm: f64,
    /// Height.
    h_mm: f64,
}

impl From<&FieldPlacement> for RoleField {
    fn from(placed: &FieldPlacement) -> Self {
        let page = match placed.page {
            Page::Named(NamedPage::First) => "first".to_owned(),
            Page::Named(NamedPage::Last) => "last".to_owned(),
            Page::Number(number) => number.to_string(),
        };
        let FieldPlacement { x_mm, y_mm, w_mm, h_mm, .. } = *placed;
        Self { kind: placed.kind.into(), page, x_mm, y_mm, w_mm, h_mm }
    }
}

/// Lists the contract types, in the language asked for.
#[utoipa::path(
    get, path = "/api/contract-types", tag = "contracts", security(("session" = [])),
    responses((status = OK, body = [ContractType]))
)]
async fn list_contract_types(
    State(app): State<App>,
    _: SignedIn,
    language: Language,
) -> Result<Json<Vec<ContractType>>, Error> {
    let mut reader = app.store.read().await?;
    let known = definitions::newest_contract_types(&mut reader).await?;
    let types = known.iter().filter_map(|definition| definition.contract_type());
    Ok(Json(types.map(|model| view(model, language)).collect()))
}

fn view(model: &Model, language: Language) -> ContractType {
    const DAY_MS: i64 = 86_400_000;
    let recipients = model.recipients.iter().map(|role| Role {
        role: role.role.clone(),
        title: title(&role.title, language),
        kind: match role.kind {
            RecipientKind::Person => PartyKind::Person,
            RecipientKind::Organization => PartyKind::Organization,
        },
        fields: role.fields.iter().map(RoleField::from).collect(),
    });
    ContractType {
        name: model.name().to_owned(),
        version: model.version(),
        title: title(&model.title, language),
        recipients: recipients.collect(),
        deadline_days: model.deadline_ms().map(|ms| ms.div_euclid(DAY_MS)),
        unavailable: feature::unavailable(&contracts::not_offered(model), language),
    }
}
