//! Sending: a draft that is complete and right becomes an instance. Everything is checked here once more, because the
//! world may have changed since the draft was made; all of it is one transaction.

use sealflow_core::{
    Actor, Definition, EventId,
    ids::{ContractId, InstanceId, PersonId},
    model::{
        ContractType,
        contract_type::{Feature, FieldPlacement, RecipientKind, RecipientRole},
    },
};
use serde_json::json;
use uuid::Uuid;

use super::{Contract, get, lock_draft, not_offered};
use crate::{
    Tx, agreements,
    db::Error,
    definitions,
    documents::{self, Document},
    fields::{self, NewField, Place},
    instances::{self, StartInstance, Submitted},
    links, organizations, people,
    recipients::{self, Recipient},
    seals,
};

/// How long after the deadline (or after sending, without one) a link still leads to the contract: 30 days.
const LINK_GRACE_MS: i64 = 30 * 86_400_000;
/// Points in a millimetre.
const POINTS_PER_MM: f64 = 72.0 / 25.4;

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
    let fields = place_all(contract_type, &documents, &recipients)?;
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

/// The fields that the contract type asks for, on every document: each file is signed by itself.
fn place_all(
    contract_type: &ContractType,
    documents: &[Document],
    recipients: &[Recipient],
) -> Result<Vec<NewField>, SendError> {
    let mut placed = Vec::new();
    for document in documents {
        for recipient in recipients {
            let Some(role) = contract_type.role(&recipient.role) else { return Err(SendError::ContractType) };
            for (index, field) in role.fields.iter().enumerate() {
                let place = place(field, document)
                    .ok_or_else(|| SendError::Placement { role: recipient.role.clone() })?;
                placed.push(NewField {
                    document_id: document.id,
                    recipient_id: recipient.id,
                    name: format!("r{}_{}_{}", recipient.position + 1, index + 1, field.kind.as_str()),
                    kind: field.kind,
                    place,
                    seal_kind: field.seal_kind,
                });
            }
        }
    }
    Ok(placed)
}

/// Millimetres from the top left corner become points from the lower left corner; none when the page has no such place.
fn place(field: &FieldPlacement, document: &Document) -> Option<Place> {
    let page = field.page.number(document.page_count())?;
    let size = document.pages.get(usize::try_from(page).ok()?.checked_sub(1)?)?;
    let (w, h) = (field.w_mm * POINTS_PER_MM, field.h_mm * POINTS_PER_MM);
    let x = field.x_mm * POINTS_PER_MM;
    let y = size.height - field.y_mm * POINTS_PER_MM - h;
    // A hair of tolerance: page sizes are rounded.
    let fits = x >= 0.0 && y >= -0.5 && x + w <= size.width + 0.5;
    fits.then_some(Place { page, x: round(x), y: round(y.max(0.0)), w: round(w), h: round(h) })
}

/// To a thousandth of a point, so that the same place is always the same number.
fn round(points: f64) -> f64 {
    (points * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap is the test's failure")]

    use sealflow_core::{
        ids::DocumentId,
        model::contract_type::{FieldKind, NamedPage, Page},
    };

    use super::*;
    use crate::{
        blobs::BlobHash,
        documents::{PageSize, Revision, RevisionKind, Source},
    };

    fn document(sizes: &[(f64, f64)]) -> Document {
        Document {
            id: DocumentId::from_uuid(Uuid::from_u128(1)),
            contract_id: ContractId::from_uuid(Uuid::from_u128(2)),
            position: 0,
            name: "示例.pdf".into(),
            repaired: false,
            pages: sizes.iter().map(|&(width, height)| PageSize { width, height }).collect(),
            source: Source::Pdf,
            newest: Revision {
                n: 0,
                kind: RevisionKind::Original,
                sha256: BlobHash::of(b""),
                size_bytes: 0,
                recipient_id: None,
                created_at_ms: 0,
            },
        }
    }

    fn field(page: Page, x_mm: f64, y_mm: f64, w_mm: f64, h_mm: f64) -> FieldPlacement {
        FieldPlacement { kind: FieldKind::Signature, page, x_mm, y_mm, w_mm, h_mm, seal_kind: None }
    }

    #[test]
    fn millimetres_from_the_top_left_become_points_from_the_lower_left() {
        let a4 = document(&[(595.276, 841.89), (595.276, 841.89)]);
        let placed = place(&field(Page::Named(NamedPage::Last), 120.0, 98.0, 54.0, 24.0), &a4).unwrap();
        assert_eq!(placed.page, 2);
        assert!((placed.x - 340.157).abs() < 0.001 && (placed.w - 153.071).abs() < 0.001, "{placed:?}");
        assert!((placed.y - (841.89 - 122.0 * POINTS_PER_MM)).abs() < 0.001, "{placed:?}");
    }

    #[test]
    fn a_field_that_lies_on_no_page_has_no_place() {
        let a4 = document(&[(595.276, 841.89)]);
        assert_eq!(place(&field(Page::Number(2), 10.0, 10.0, 20.0, 20.0), &a4), None);
        assert_eq!(place(&field(Page::Number(1), 200.0, 10.0, 20.0, 20.0), &a4), None);
        assert_eq!(place(&field(Page::Number(1), 10.0, 290.0, 20.0, 20.0), &a4), None);
        assert!(place(&field(Page::Number(1), 190.0, 277.0, 20.0, 20.0), &a4).is_some());
    }
}
