//! Drafts: made and said anew until they are sent.

use axum::{Json, extract::State, http::StatusCode};
use garde::Validate;
use sealflow_core::{
    Definition,
    ids::{ContractId, OrganizationId, PersonId},
};
use sealflow_store::{
    Conn, Tx,
    contracts::{self, Draft, DraftRecipient, Placement},
    definitions,
    organizations::{self, Role},
    phone::Phone,
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    detail::{self, ContractDetail},
    own_draft,
    placed::PlacedField,
};
use crate::{
    App,
    auth::SignedIn,
    context::IdempotencyKey,
    error::{self, Error},
    extract::{At, Body, rules},
    problem::{Code, Language, Refusal, field},
};

/// The latest deadline, from now: ten years.
const DEADLINE_MS_MAX: i64 = 10 * 366 * 86_400_000;

/// What a sender says about a contract.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct ContractInput {
    /// The title that everybody sees.
    #[garde(length(chars, min = 1, max = 100), custom(rules::plain_text))]
    #[schema(example = "示例采购合同", max_length = 100)]
    title: String,
    /// The contract type's name.
    #[garde(length(min = 1, max = 64))]
    #[schema(example = "supplier_purchase")]
    contract_type: String,
    /// In whose name; needed only by people who send for several organizations. It is fixed with the draft.
    #[garde(skip)]
    #[schema(value_type = Option<String>, format = "uuid")]
    organization_id: Option<OrganizationId>,
    /// Until when it must be signed; otherwise the contract type's time from sending.
    #[garde(skip)]
    deadline_at_ms: Option<i64>,
    /// The parties, at most one for each role. Some may still be missing.
    #[garde(length(max = 50), dive)]
    recipients: Vec<RecipientInput>,
    /// What is placed on the documents beside what the contract type asks for.
    #[garde(length(max = 200), dive)]
    #[serde(default)]
    fields: Vec<PlacedField>,
}

/// A party.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct RecipientInput {
    /// One of the contract type's roles.
    #[garde(length(min = 1, max = 64))]
    #[schema(example = "supplier")]
    role: String,
    /// The person's name; for an organization, the transactor's.
    #[garde(length(chars, min = 1, max = 50), custom(rules::plain_text))]
    #[schema(example = "示例签署人", max_length = 50)]
    name: String,
    /// A mobile number; `+86` and spaces are taken off.
    #[garde(custom(rules::phone))]
    #[schema(example = "13900000001", max_length = 40)]
    phone: String,
    /// For a role that an organization plays.
    #[garde(skip)]
    #[schema(value_type = Option<String>, format = "uuid")]
    organization_id: Option<OrganizationId>,
}

/// Makes a draft.
#[utoipa::path(
    post, path = "/api/contracts", tag = "contracts", security(("session" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "At most 64 characters; a repeat makes no second draft")),
    request_body = ContractInput, responses((status = CREATED, body = ContractDetail))
)]
pub(super) async fn create_contract(
    State(app): State<App>,
    signed_in: SignedIn,
    language: Language,
    key: IdempotencyKey,
    Body(body): Body<ContractInput>,
) -> Result<(StatusCode, Json<ContractDetail>), Error> {
    let mut tx = app.store.begin().await?;
    let organization = sending_organization(tx.conn(), signed_in.person_id, body.organization_id).await?;
    let said = Said::of(&app, &mut tx, &body).await?;
    let now_ms = tx.now().as_ms();
    let draft = said.draft(&body)?;
    let person = signed_in.person_id;
    let id = contracts::create(tx.conn(), &draft, organization, person, key.0.as_deref(), now_ms).await?;
    let detail = detail::of(tx.conn(), id, person, language).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(detail)))
}

/// Says everything about a draft anew, documents excepted.
#[utoipa::path(
    put, path = "/api/contracts/{contract_id}", tag = "contracts", security(("session" = [])),
    params(("contract_id" = String, Path, format = "uuid")),
    request_body = ContractInput, responses((status = OK, body = ContractDetail))
)]
pub(super) async fn update_contract(
    State(app): State<App>,
    signed_in: SignedIn,
    language: Language,
    At(contract_id): At<ContractId>,
    Body(body): Body<ContractInput>,
) -> Result<Json<ContractDetail>, Error> {
    let mut tx = app.store.begin().await?;
    own_draft(tx.conn(), contract_id, signed_in.person_id).await?;
    let said = Said::of(&app, &mut tx, &body).await?;
    contracts::update(tx.conn(), contract_id, &said.draft(&body)?).await?;
    let detail = detail::of(tx.conn(), contract_id, signed_in.person_id, language).await?;
    tx.commit().await?;
    Ok(Json(detail))
}

/// The organization that the person sends for: the one that is named, or the only one.
async fn sending_organization(
    conn: &mut Conn,
    person: PersonId,
    named: Option<OrganizationId>,
) -> Result<OrganizationId, Error> {
    let memberships = organizations::memberships(conn, person).await?;
    let sending = memberships.iter().filter(|membership| membership.roles.contains(&Role::Sender));
    let ids: Vec<OrganizationId> = sending.map(|membership| membership.organization.id).collect();
    match (named, ids.as_slice()) {
        (_, []) => Err(Code::Forbidden.into()),
        (Some(id), ids) if ids.contains(&id) => Ok(id),
        (Some(_), _) => Err(Code::Forbidden.into()),
        (None, [only]) => Ok(*only),
        (None, _) => {
            Err(Refusal::from(Code::InvalidFields).field("organization_id", field::ORGANIZATION).into())
        }
    }
}

/// A body whose names were looked up.
struct Said {
    definition: Definition,
    recipients: Vec<DraftRecipient>,
    placements: Vec<Placement>,
}

impl Said {
    async fn of(app: &App, tx: &mut Tx, body: &ContractInput) -> Result<Self, Error> {
        let now_ms = tx.now().as_ms();
        let possible = now_ms..now_ms.saturating_add(DEADLINE_MS_MAX);
        if body.deadline_at_ms.is_some_and(|deadline| !possible.contains(&deadline)) {
            return Err(Refusal::from(Code::InvalidFields).field("deadline_at_ms", field::DEADLINE).into());
        }
        let definition = definitions::newest(tx.conn(), &body.contract_type).await?;
        let definition = definition.ok_or(Code::ContractTypeUnknown)?;
        let missing = definition.contract_type().map(contracts::not_offered).unwrap_or_default();
        if !missing.is_empty() {
            return Err(error::not_offered(&missing).into());
        }
        let numbered = body.recipients.iter().enumerate();
        let recipients =
            numbered.map(|(index, recipient)| party(app, index, recipient)).collect::<Result<_, _>>()?;
        let numbered = body.fields.iter().enumerate();
        let placements = numbered.map(|(index, placed)| placed.placement(index)).collect::<Result<_, _>>()?;
        Ok(Self { definition, recipients, placements })
    }

    fn draft<'a>(&'a self, body: &'a ContractInput) -> Result<Draft<'a>, Error> {
        Ok(Draft {
            title: body.title.trim(),
            contract_type: self.definition.contract_type().ok_or(Code::ContractTypeUnknown)?,
            definition: self.definition.hash(),
            deadline_at_ms: body.deadline_at_ms,
            recipients: &self.recipients,
            placements: &self.placements,
        })
    }
}

fn party(app: &App, index: usize, recipient: &RecipientInput) -> Result<DraftRecipient, Error> {
    let phone: Phone = recipient.phone.parse().map_err(|_| Error::Broken("the number was validated"))?;
    if app.config.refuses_phone(phone.as_str()) {
        let at = format!("recipients[{index}].phone");
        return Err(Refusal::from(Code::InvalidFields).field(at, field::PHONE_REFUSED).into());
    }
    Ok(DraftRecipient {
        role: recipient.role.clone(),
        name: recipient.name.trim().to_owned(),
        phone,
        organization_id: recipient.organization_id,
    })
}
