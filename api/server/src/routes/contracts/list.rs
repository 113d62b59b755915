//! The list of contracts, with its tabs.

use std::collections::BTreeMap;

use axum::{Json, extract::State};
use garde::Validate;
use sealflow_core::ids::ContractId;
use sealflow_store::contracts;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    App,
    auth::SignedIn,
    error::Error,
    extract::{Search, rules},
};

/// A tab of the list. Each contract is in `all` and in exactly one other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ContractView {
    /// Everything.
    #[default]
    All,
    /// Waits for this person.
    AwaitingMe,
    /// Waits for somebody else.
    AwaitingOthers,
    /// Everybody signed.
    Completed,
    /// The deadline passed.
    Expired,
    /// The sender took it back.
    Withdrawn,
    /// A recipient refused.
    Declined,
    /// Not sent.
    Draft,
}

/// Both enums have the same variants: one is the table's, one is the API's.
macro_rules! same_views {
    ($($view:ident),+) => {
        impl From<ContractView> for contracts::View {
            fn from(view: ContractView) -> Self {
                match view { $(ContractView::$view => Self::$view),+ }
            }
        }

        impl From<contracts::View> for ContractView {
            fn from(view: contracts::View) -> Self {
                match view { $(contracts::View::$view => Self::$view),+ }
            }
        }
    };
}
same_views!(All, AwaitingMe, AwaitingOthers, Completed, Expired, Withdrawn, Declined, Draft);

/// Which contracts.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ContractSearch {
    /// Which tab.
    #[garde(skip)]
    #[serde(default)]
    #[param(inline)]
    view: ContractView,
    /// Part of the title or of a party's name.
    #[garde(length(chars, max = 100), inner(custom(rules::no_controls)))]
    query: Option<String>,
    /// Not made before, in milliseconds since 1970 UTC.
    #[garde(range(min = 0))]
    from_ms: Option<i64>,
    /// Made before, in milliseconds since 1970 UTC.
    #[garde(range(min = 0))]
    to_ms: Option<i64>,
    /// From 1.
    #[garde(range(min = 1, max = 100_000))]
    #[param(default = 1, minimum = 1)]
    page: Option<u32>,
    /// How many on a page.
    #[garde(range(min = 1, max = contracts::PAGE_SIZE_MAX))]
    #[param(default = 10, minimum = 1, maximum = 100)]
    page_size: Option<u32>,
}

/// A page of contracts, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ContractList {
    /// The page's contracts.
    items: Vec<ContractSummary>,
    /// How many there are on all pages.
    total: i64,
    /// How many contracts each tab has, whatever is searched for.
    #[schema(example = json!({"all": 3, "awaiting_me": 1, "awaiting_others": 0, "completed": 1, "expired": 0,
        "withdrawn": 0, "declined": 0, "draft": 1}))]
    counts: BTreeMap<ContractView, i64>,
}

/// A contract in the list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ContractSummary {
    /// Its id.
    #[schema(value_type = String, format = "uuid")]
    id: ContractId,
    /// As the sender wrote it.
    #[schema(example = "示例采购合同")]
    title: String,
    /// `draft`, or what the contract type calls the state.
    #[schema(example = "in_progress")]
    status: String,
    /// The tab that it is in.
    view: ContractView,
    /// Who sends it.
    #[schema(example = "示例采购有限公司")]
    sender_organization_name: String,
    /// The parties in routing order: a person's name, or an organization's.
    #[schema(example = json!(["示例签署人", "示例采购有限公司"]))]
    recipient_names: Vec<String>,
    /// When the draft was made.
    created_at_ms: i64,
    /// When it was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    sent_at_ms: Option<i64>,
    /// Until when it must be signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    deadline_at_ms: Option<i64>,
    /// The recipient as whom the person has something to do now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid")]
    my_recipient_id: Option<String>,
}

/// Lists the contracts that the person may see.
#[utoipa::path(
    get, path = "/api/contracts", tag = "contracts", security(("session" = [])),
    params(ContractSearch), responses((status = OK, body = ContractList))
)]
pub(super) async fn list_contracts(
    State(app): State<App>,
    signed_in: SignedIn,
    Search(search): Search<ContractSearch>,
) -> Result<Json<ContractList>, Error> {
    let mut reader = app.store.read().await?;
    let filter = contracts::Filter {
        view: search.view.into(),
        query: search.query.as_deref().unwrap_or_default(),
        from_ms: search.from_ms,
        to_ms: search.to_ms,
    };
    let (page, page_size) = (search.page.unwrap_or(1), search.page_size.unwrap_or(10));
    let found = contracts::list(&mut reader, signed_in.person_id, &filter, page, page_size).await?;
    let mut counts: BTreeMap<ContractView, i64> =
        contracts::View::ALL.iter().map(|view| (ContractView::from(*view), 0)).collect();
    for (view, count) in contracts::counts(&mut reader, signed_in.person_id).await? {
        counts.insert(view.into(), count);
    }
    let items = found.items.into_iter().map(ContractSummary::from).collect();
    Ok(Json(ContractList { items, total: found.total, counts }))
}

impl From<contracts::Summary> for ContractSummary {
    fn from(summary: contracts::Summary) -> Self {
        Self {
            id: summary.id,
            title: summary.title,
            status: summary.status,
            view: summary.view.into(),
            sender_organization_name: summary.organization_name,
            recipient_names: summary.recipient_names,
            created_at_ms: summary.created_at_ms,
            sent_at_ms: summary.sent_at_ms,
            deadline_at_ms: summary.deadline_at_ms,
            my_recipient_id: summary.my_recipient_id,
        }
    }
}
