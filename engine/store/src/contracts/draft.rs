//! Drafts: what the sender says before anybody else sees it. A draft may be incomplete; what is there must be right.

use sealflow_core::{
    DefinitionHash,
    ids::{ContractId, OrganizationId, PersonId},
    model::{
        ContractType,
        contract_type::{FieldKind, RecipientKind},
    },
};
use uuid::Uuid;

use super::placements::{self, Placement};
use crate::{
    db::{Conn, Error, row},
    documents,
    phone::Phone,
    recipients::{self, NewRecipient},
};

/// What a sender says.
#[derive(Debug, Clone)]
pub struct Draft<'a> {
    /// As the sender wrote it.
    pub title: &'a str,
    /// The signing policy.
    pub contract_type: &'a ContractType,
    /// Its exact version.
    pub definition: &'a DefinitionHash,
    /// Until when it must be signed.
    pub deadline_at_ms: Option<i64>,
    /// At most one for each role, in any order.
    pub recipients: &'a [DraftRecipient],
    /// What is placed beside what the contract type asks for.
    pub placements: &'a [Placement],
}

/// A party.
#[derive(Debug, Clone)]
pub struct DraftRecipient {
    /// One of the contract type's roles.
    pub role: String,
    /// The person's name.
    pub name: String,
    /// Where SMS go.
    pub phone: Phone,
    /// For a role that an organization plays.
    pub organization_id: Option<OrganizationId>,
}

/// Why a draft is not kept. `index` counts its recipients from 0.
#[derive(Debug, thiserror::Error)]
pub enum DraftError {
    /// The contract type has no such role, or the draft has it twice.
    #[error("recipient {index} has a role that is not free in the contract type")]
    Role {
        /// Which recipient.
        index: usize,
    },
    /// An organization must be chosen for this role.
    #[error("recipient {index} needs an organization")]
    OrganizationNeeded {
        /// Which recipient.
        index: usize,
    },
    /// A person plays this role.
    #[error("recipient {index} is a person")]
    OrganizationNotWanted {
        /// Which recipient.
        index: usize,
    },
    /// There is no such organization.
    #[error("recipient {index} names no organization of the platform")]
    OrganizationUnknown {
        /// Which recipient.
        index: usize,
    },
    /// The contract type has no such role, or a person has no seals.
    #[error("placement {index} is for a role that cannot fill it")]
    PlacementRole {
        /// Which placement.
        index: usize,
    },
    /// The draft has no such document.
    #[error("placement {index} is on no document of the draft")]
    PlacementDocument {
        /// Which placement.
        index: usize,
    },
    /// It was sent.
    #[error("the contract is no draft any more")]
    NotDraft,
    /// The database's.
    #[error("the draft was not kept")]
    Store(#[from] Error),
}

impl From<sqlx::Error> for DraftError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Makes a draft. The same key of the same sender once more is the draft that is there.
///
/// # Errors
/// See [`DraftError`].
pub async fn create(
    conn: &mut Conn,
    draft: &Draft<'_>,
    organization: OrganizationId,
    sender: PersonId,
    idempotency_key: Option<&str>,
    now_ms: i64,
) -> Result<ContractId, DraftError> {
    let recipients = in_order(draft)?;
    let id = ContractId::from_uuid(Uuid::now_v7());
    let inserted = sqlx::query(
        "insert into contracts (id, title, contract_type, definition_hash, organization_id, sender_id,
                                idempotency_key, created_at_ms, deadline_at_ms)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         on conflict (sender_id, idempotency_key) do nothing",
    )
    .bind(id.to_string())
    .bind(draft.title)
    .bind(draft.contract_type.name())
    .bind(&draft.definition.0)
    .bind(organization.to_string())
    .bind(sender.to_string())
    .bind(idempotency_key)
    .bind(now_ms)
    .bind(draft.deadline_at_ms)
    .execute(&mut *conn)
    .await?;
    if inserted.rows_affected() == 0 {
        let known: String =
            sqlx::query_scalar("select id from contracts where sender_id = $1 and idempotency_key = $2")
                .bind(sender.to_string())
                .bind(idempotency_key)
                .fetch_one(conn)
                .await?;
        return Ok(row::parse("a contract's id", &known)?);
    }
    set_recipients(conn, id, draft, &recipients).await?;
    set_placements(conn, id, draft).await?;
    Ok(id)
}

/// Says everything anew, documents excepted.
///
/// # Errors
/// See [`DraftError`].
pub async fn update(conn: &mut Conn, id: ContractId, draft: &Draft<'_>) -> Result<(), DraftError> {
    let recipients = in_order(draft)?;
    let updated = sqlx::query(
        "update contracts set title = $2, contract_type = $3, definition_hash = $4, deadline_at_ms = $5
         where id = $1 and instance_id is null",
    )
    .bind(id.to_string())
    .bind(draft.title)
    .bind(draft.contract_type.name())
    .bind(&draft.definition.0)
    .bind(draft.deadline_at_ms)
    .execute(&mut *conn)
    .await?;
    if updated.rows_affected() == 0 {
        return Err(DraftError::NotDraft);
    }
    set_recipients(conn, id, draft, &recipients).await?;
    set_placements(conn, id, draft).await
}

/// The recipients by their role's place in the contract type.
fn in_order(draft: &Draft<'_>) -> Result<Vec<NewRecipient>, DraftError> {
    let mut ordered: Vec<NewRecipient> = Vec::with_capacity(draft.recipients.len());
    for (index, recipient) in draft.recipients.iter().enumerate() {
        let roles = draft.contract_type.recipients.iter();
        let Some((position, role)) = roles.enumerate().find(|(_, role)| role.role == recipient.role) else {
            return Err(DraftError::Role { index });
        };
        let position = i64::try_from(position).unwrap_or(i64::MAX);
        if ordered.iter().any(|other| other.position == position) {
            return Err(DraftError::Role { index });
        }
        match (role.kind, recipient.organization_id) {
            (RecipientKind::Organization, None) => return Err(DraftError::OrganizationNeeded { index }),
            (RecipientKind::Person, Some(_)) => return Err(DraftError::OrganizationNotWanted { index }),
            (RecipientKind::Organization, Some(_)) | (RecipientKind::Person, None) => {}
        }
        ordered.push(NewRecipient {
            position,
            role: recipient.role.clone(),
            kind: role.kind,
            name: recipient.name.clone(),
            phone: recipient.phone.clone(),
            organization_id: recipient.organization_id,
        });
    }
    Ok(ordered)
}

async fn set_placements(conn: &mut Conn, id: ContractId, draft: &Draft<'_>) -> Result<(), DraftError> {
    let documents = documents::list(conn, id).await?;
    for (index, placement) in draft.placements.iter().enumerate() {
        let role = draft.contract_type.role(&placement.role);
        let is_person = role.is_some_and(|role| role.kind == RecipientKind::Person);
        let is_seal = matches!(placement.field.kind, FieldKind::Seal | FieldKind::CrossPageSeal);
        if role.is_none() || (is_person && is_seal) {
            return Err(DraftError::PlacementRole { index });
        }
        if placement.document_id.is_some_and(|id| documents.iter().all(|document| document.id != id)) {
            return Err(DraftError::PlacementDocument { index });
        }
    }
    Ok(placements::replace(conn, id, draft.placements).await?)
}

async fn set_recipients(
    conn: &mut Conn,
    id: ContractId,
    draft: &Draft<'_>,
    recipients: &[NewRecipient],
) -> Result<(), DraftError> {
    for (index, recipient) in draft.recipients.iter().enumerate() {
        if let Some(organization) = recipient.organization_id
            && crate::organizations::get(conn, organization).await?.is_none()
        {
            return Err(DraftError::OrganizationUnknown { index });
        }
    }
    Ok(recipients::replace(conn, id, recipients).await?)
}
