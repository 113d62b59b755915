//! Sending: a draft that is complete and right becomes an instance. Everything is checked here once more, because the
//! world may have changed since the draft was made; all of it is one transaction.

use sealflow_core::{
    Actor, Definition, EventId,
    ids::{ContractId, InstanceId, PersonId},
    model::{
        ContractType,
        contract_type::{Feature, RecipientKind, RecipientRole},
    },
};
use serde_json::json;
use uuid::Uuid;

use super::{Contract, get, lock_draft, not_offered, place::place_all, placements};
use crate::{
    Tx, agreements,
    db::Error,
    definitions,
    documents::{self, Document},
    fields,
    instances::{self, StartInstance, Submitted},
    links, organizations, people,
    recipients::{self, Recipient},
    seals,
};

/// How long after the deadline (or after sending, without one) a link still leads to the contract: 30 days.
const LINK_GRACE_MS: i64 = 30 * 86_400_000;

/// What sending needs to know.
#[derive(Debug, Clone)]
pub struct Send<'a> {
    /// Which draft.
    pub contract_id: ContractId,
    /// Who sends it.
    pub sender: PersonId,
    /// The sender's name for the intent: a repeat with the same name answers the same.
    pub event_id: EventId,
    /// What links are derived from.
    pub secret: &'a [u8; 32],
}

/// Why a draft is not sent. `index` counts its recipients in routing order from 0.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// There is no such contract.
    #[error("there is no such contract")]
    Unknown,
    /// It was sent before.
    #[error("the contract was sent before")]
    NotDraft,
    /// It has no document.
    #[error("the contract has no document")]
    NoDocuments,
    /// It has no recipient at all.
    #[error("the contract has no recipient")]
    NoRecipients,
    /// A role of the contract type has no recipient.
    #[error("the role {role} has no recipient")]
    RoleUnfilled {
        /// Which role.
        role: String,
    },
    /// One phone number stands for two recipients.
    #[error("recipient {index} has the phone number of another one")]
    SamePhone {
        /// Which recipient.
        index: usize,
    },
    /// The organization has no enabled seal.
    #[error("the organization of recipient {index} cannot sign")]
    OrganizationUnusable {
        /// Which recipient.
        index: usize,
    },
    /// The phone number is not that of a transactor of the organization.
    #[error("recipient {index} is no transactor of the organization")]
    TransactorNotMember {
        /// Which recipient.
        index: usize,
    },
    /// The deadline is over.
    #[error("the deadline is not in the future")]
    DeadlinePast,
    /// A field would lie on no page of the document, or beyond its edge.
    #[error("a field of the role {role} has no place in a document")]
    Placement {
        /// Whose field.
        role: String,
    },
    /// A field that the sender placed would lie on no page of a document, or beyond its edge.
    #[error("the placed field {index} has no place in a document")]
    PlacedField {
        /// Which, in the sender's order.
        index: usize,
    },
    /// A cross-page seal goes over two pages at least, and not over very many.
    #[error("a cross-page seal cannot go over {pages} pages of {document}")]
    CrossPages {
        /// The document's name.
        document: String,
        /// How many pages it would go over.
        pages: usize,
    },
    /// The draft's contract type is not a contract type any more.
    #[error("the contract type cannot be used")]
    ContractType,
    /// The contract type needs what this build does not have.
    #[error("the contract type needs what is not offered: {missing:?}")]
    NotOffered {
        /// What.
        missing: Vec<Feature>,
    },
    /// An agreement that the contract type asks for was not published: the platform is not set up.
    #[error("the agreement {name} of the contract type was not published")]
    AgreementMissing {
        /// The agreement's name.
        name: String,
    },
    /// The engine refused the start.
    #[error("the instance was not started")]
    Start(#[from] instances::submit::Error),
    /// The database's.
    #[error("the contract was not sent")]
    Store(#[from] Error),
}

impl From<sqlx::Error> for SendError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Sends a draft. A repeat with the same event id answers what came of it then.
///
/// # Errors
/// See [`SendError`]; then nothing was sent.
pub async fn send(tx: &mut Tx, request: &Send<'_>) -> Result<Submitted, SendError> {
    if !lock_draft(tx.conn(), request.contract_id).await? {
        return repeated(tx, request).await;
    }
    let contract = get(tx.conn(), request.contract_id).await?.ok_or(SendError::Unknown)?;
    let definition = definitions::get(tx, &contract.definition).await?.ok_or(SendError::ContractType)?;
    let contract_type = definition.contract_type().ok_or(SendError::ContractType)?;
    let missing = not_offered(contract_type);
    if !missing.is_empty() {
        return Err(SendError::NotOffered { missing });
    }
    let documents = documents::list(tx.conn(), contract.id).await?;
    let recipients = recipients::list(tx.conn(), contract.id).await?;
    let now_ms = tx.now().as_ms();
    check(contract_type, &contract, &documents, &recipients, now_ms)?;
    check_agreements(tx, contract_type).await?;
    let placed = placements(tx.conn(), contract.id).await?;
    let fields = place_all(contract_type, &documents, &recipients, &placed)?;
    for field in &fields {
        fields::add(tx.conn(), contract.id, field).await?;
    }
    let deadline_at_ms =
        contract.deadline_at_ms.or(contract_type.deadline_ms().map(|ms| now_ms.saturating_add(ms)));
    let expires_at_ms = deadline_at_ms.unwrap_or(now_ms).saturating_add(LINK_GRACE_MS);
    let mut parties = Vec::with_capacity(recipients.len());
    for (index, recipient) in recipients.iter().enumerate() {
        let person = tie(tx, index, recipient, now_ms).await?;
        links::issue(tx.conn(), request.secret, recipient.id, links::FIRST, expires_at_ms, now_ms).await?;
        parties.push((recipient, person));
    }
    let submitted = start(tx, request, &contract, &definition, &parties, deadline_at_ms).await?;
    Ok(submitted)
}

/// The answer to somebody who sends what was sent before.
async fn repeated(tx: &mut Tx, request: &Send<'_>) -> Result<Submitted, SendError> {
    let contract = get(tx.conn(), request.contract_id).await?.ok_or(SendError::Unknown)?;
    let Some(instance) = contract.instance_id else { return Err(SendError::Unknown) };
    match instances::history::find(tx.conn(), instance, &request.event_id).await? {
        Some(entry) => Ok(entry.into_submitted()),
        None => Err(SendError::NotDraft),
    }
}

fn check(
    contract_type: &ContractType,
    contract: &Contract,
    documents: &[Document],
    recipients: &[Recipient],
    now_ms: i64,
) -> Result<(), SendError> {
    if documents.is_empty() {
        return Err(SendError::NoDocuments);
    }
    if recipients.is_empty() {
        return Err(SendError::NoRecipients);
    }
    for role in &contract_type.recipients {
        if !recipients.iter().any(|recipient| recipient.role == role.role) {
            return Err(SendError::RoleUnfilled { role: role.role.clone() });
        }
    }
    for (index, recipient) in recipients.iter().enumerate() {
        if recipients.iter().take(index).any(|other| other.phone == recipient.phone) {
            return Err(SendError::SamePhone { index });
        }
    }
    if contract.deadline_at_ms.is_some_and(|deadline| deadline <= now_ms) {
        return Err(SendError::DeadlinePast);
    }
    Ok(())
}

async fn check_agreements(tx: &mut Tx, contract_type: &ContractType) -> Result<(), SendError> {
    for name in contract_type.recipients.iter().flat_map(RecipientRole::agreements) {
        if agreements::newest(tx.conn(), name).await?.is_none() {
            return Err(SendError::AgreementMissing { name: name.to_owned() });
        }
    }
    Ok(())
}

/// Finds or makes the recipient's account; for an organization it must be a transactor's.
async fn tie(tx: &mut Tx, index: usize, recipient: &Recipient, now_ms: i64) -> Result<PersonId, SendError> {
    let person = match (recipient.kind, recipient.organization_id) {
        (RecipientKind::Organization, Some(organization)) => {
            if !seals::any_enabled(tx.conn(), organization).await? {
                return Err(SendError::OrganizationUnusable { index });
            }
            let person = people::by_phone(tx.conn(), &recipient.phone).await?;
            let Some(person) = person else { return Err(SendError::TransactorNotMember { index }) };
            let role = organizations::Role::Transactor;
            if !organizations::has_role(tx.conn(), organization, person.id, role).await? {
                return Err(SendError::TransactorNotMember { index });
            }
            person
        }
        (RecipientKind::Organization, None) => return Err(SendError::OrganizationUnusable { index }),
        (RecipientKind::Person, _) => {
            people::find_or_add(tx.conn(), &recipient.phone, &recipient.name, now_ms).await?
        }
    };
    recipients::set_person(tx.conn(), recipient.id, person.id).await?;
    Ok(person.id)
}

async fn start(
    tx: &mut Tx,
    request: &Send<'_>,
    contract: &Contract,
    definition: &Definition,
    parties: &[(&Recipient, PersonId)],
    deadline_at_ms: Option<i64>,
) -> Result<Submitted, SendError> {
    let recipients: Vec<_> = parties
        .iter()
        .map(|(recipient, person)| {
            json!({
                "id": recipient.id,
                "role": recipient.role,
                "kind": recipient.kind,
                "person_id": person,
                "organization_id": recipient.organization_id,
                "name": recipient.name,
            })
        })
        .collect();
    let id = InstanceId::from_uuid(Uuid::now_v7());
    let new = StartInstance {
        id,
        definition: definition.hash().clone(),
        subject: Contract::subject(contract.id),
        input: json!({
            "contract": {
                "id": contract.id,
                "title": contract.title,
                "deadline_at_ms": deadline_at_ms,
                "sender_person_id": contract.sender_id,
                "sender_organization_id": contract.organization_id,
            },
            "recipients": recipients,
        }),
        event_id: request.event_id.clone(),
        actor: Actor::Person { id: request.sender, acting_as: Some(contract.organization_id) },
    };
    let submitted = instances::start(tx, &new).await?;
    let now_ms = tx.now().as_ms();
    sqlx::query("update contracts set instance_id = $2, sent_at_ms = $3, deadline_at_ms = $4 where id = $1")
        .bind(contract.id.to_string())
        .bind(id.to_string())
        .bind(now_ms)
        .bind(deadline_at_ms)
        .execute(tx.conn())
        .await?;
    Ok(submitted)
}
