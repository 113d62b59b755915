//! What several resources show in the same form.

use sealflow_core::{
    ItemProgress, State,
    ids::{DocumentId, RecipientId},
    model::{
        ContractType, Title,
        contract_type::{RecipientKind, RecipientRole},
    },
};
use sealflow_store::{contracts, documents, recipients};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::problem::Language;

/// A title in the language asked for.
pub(super) fn title(title: &Title, language: Language) -> String {
    match language {
        Language::Chinese => title.zh.clone(),
        Language::English => title.en.clone(),
    }
}

/// Who plays a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PartyKind {
    /// A natural person.
    Person,
    /// An organization, for which its transactor acts.
    Organization,
}

impl From<RecipientKind> for PartyKind {
    fn from(kind: RecipientKind) -> Self {
        match kind {
            RecipientKind::Person => Self::Person,
            RecipientKind::Organization => Self::Organization,
        }
    }
}

/// How far a recipient is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RecipientStatus {
    /// The turn has not come.
    Waiting,
    /// Was told, and has done nothing yet.
    Notified,
    /// Has done some of the steps.
    InProgress,
    /// Has confirmed; the signature is being put into the documents.
    Stamping,
    /// The signature is in every document.
    Signed,
    /// Is no longer asked: enough others have signed.
    CalledOff,
    /// Has refused.
    Declined,
}

impl RecipientStatus {
    /// Read from the instance's state: which of its states the recipient is in. Without an instance nobody's turn has
    /// come. The role says which step is the first.
    pub(super) fn of(id: RecipientId, state: Option<&State>, role: Option<&RecipientRole>) -> Self {
        let id = id.to_string();
        let Some(state) = state else { return Self::Waiting };
        let declined = state.data("declined").and_then(|declined| declined.get("recipient_id"));
        if declined.and_then(Value::as_str) == Some(&id) {
            return Self::Declined;
        }
        match state.item_progress(&id) {
            None | Some(ItemProgress::Waiting) => Self::Waiting,
            Some(ItemProgress::Done { .. }) => Self::Signed,
            // What stopped everybody is the contract's end; while it goes on, or is completed, only this one was stopped.
            Some(ItemProgress::Stopped { .. })
                if [contracts::IN_PROGRESS, contracts::COMPLETED].contains(&state.status()) =>
            {
                Self::CalledOff
            }
            Some(progress @ (ItemProgress::Active { .. } | ItemProgress::Stopped { .. })) => {
                match progress.state() {
                    Some("stamping") => Self::Stamping,
                    Some(at) if role.is_some_and(|role| at == first_state(role)) => Self::Notified,
                    _ => Self::InProgress,
                }
            }
        }
    }
}

/// The state in which a recipient has been told and has done nothing.
fn first_state(role: &RecipientRole) -> String {
    role.steps().into_iter().next().unwrap_or_else(|| "signing".to_owned())
}

/// A recipient.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Recipient {
    /// Its id.
    #[schema(value_type = String, format = "uuid")]
    pub(super) id: RecipientId,
    /// The contract type's name for the part.
    #[schema(example = "supplier")]
    role: String,
    /// The part in the language asked for.
    #[schema(example = "供应商签署人")]
    title: String,
    /// Who plays it.
    kind: PartyKind,
    /// The person's name; for an organization, the transactor's.
    #[schema(example = "示例签署人")]
    name: String,
    /// For an organization.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = "uuid")]
    organization_id: Option<sealflow_core::ids::OrganizationId>,
    /// For an organization.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "示例采购有限公司")]
    organization_name: Option<String>,
    /// First three and last four digits.
    #[schema(example = "139****0001")]
    phone_masked: String,
    /// The whole number; only in a draft, for its sender.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "13900000001")]
    phone: Option<String>,
    /// How far.
    pub(super) status: RecipientStatus,
    /// When the signature was in every document.
    #[serde(skip_serializing_if = "Option::is_none")]
    signed_at_ms: Option<i64>,
}

impl Recipient {
    pub(super) fn of(
        recipient: &recipients::Recipient,
        state: Option<&State>,
        contract_type: Option<&ContractType>,
        language: Language,
    ) -> Self {
        let role = contract_type.and_then(|it| it.role(&recipient.role));
        let status = RecipientStatus::of(recipient.id, state, role);
        let signed_at_ms = recipient.signed_at_ms.filter(|_| status == RecipientStatus::Signed);
        Self {
            id: recipient.id,
            role: recipient.role.clone(),
            title: role.map_or_else(|| recipient.role.clone(), |role| title(&role.title, language)),
            kind: recipient.kind.into(),
            name: recipient.name.clone(),
            organization_id: recipient.organization_id,
            organization_name: recipient.organization_name.clone(),
            phone_masked: recipient.phone.masked(),
            phone: state.is_none().then(|| recipient.phone.as_str().to_owned()),
            status,
            signed_at_ms,
        }
    }
}

/// A document with its newest revision.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Document {
    /// Its id.
    #[schema(value_type = String, format = "uuid")]
    id: DocumentId,
    /// The file's name.
    #[schema(example = "示例采购合同.pdf")]
    name: String,
    /// How many pages it has.
    #[schema(example = 3)]
    page_count: u32,
    /// The newest revision's size.
    size_bytes: i64,
    /// The newest revision's number, from 0.
    revision: i64,
    /// The newest revision's SHA-256.
    #[schema(example = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    sha256: String,
    /// The upload was damaged, and its content was written into a new file; its sender should look through the pages.
    repaired: bool,
    /// What was uploaded: the PDF itself, or what it was made of.
    source: Source,
}

/// What was uploaded.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Source {
    Pdf,
    Word,
    Pictures,
}

impl From<documents::Source> for Source {
    fn from(source: documents::Source) -> Self {
        match source {
            documents::Source::Pdf => Self::Pdf,
            documents::Source::Word => Self::Word,
            documents::Source::Pictures => Self::Pictures,
        }
    }
}

impl From<&documents::Document> for Document {
    fn from(document: &documents::Document) -> Self {
        Self {
            id: document.id,
            name: document.name.clone(),
            page_count: document.page_count(),
            size_bytes: document.newest.size_bytes,
            revision: document.newest.n,
            sha256: document.newest.sha256.as_str().to_owned(),
            repaired: document.repaired,
            source: document.source.into(),
        }
    }
}
