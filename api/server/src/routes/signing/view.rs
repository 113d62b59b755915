//! Where a recipient stands, with everything that the next step needs. Read from the instance's state.

use axum::{Json, extract::State};
use sealflow_core::{
    Definition, OpenTask, State as InstanceState,
    ids::{ContractId, RecipientId, SealId},
    model::contract_type::{RecipientRole, SealKind},
};
use sealflow_store::{
    Conn, documents, fields, instances, seals,
    signing::{Signer, form},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    super::{
        contracts::Sender,
        view::{Document, Recipient, RecipientStatus},
    },
    field::Field,
    signer,
};
use crate::{App, auth::SignedIn, error::Error, extract::At, problem::Language};

/// Where a recipient stands.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Signing {
    /// As whom the person signs.
    recipient: Recipient,
    /// What is signed.
    contract: SigningContract,
    /// How far the recipient is.
    status: RecipientStatus,
    /// The steps of this recipient, in order.
    steps: Vec<Step>,
    /// The agreement that must be accepted, while that step is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    agreement: Option<Agreement>,
    /// The files.
    documents: Vec<Document>,
    /// What the recipient puts on them.
    fields: Vec<Field>,
    /// The seals that the person may put on for the organization.
    seals: Vec<Seal>,
    /// How the recipient may confirm; one is enough.
    intent_methods: Vec<IntentMethod>,
    /// Where the code to confirm is sent.
    #[schema(example = "139****0001")]
    phone_masked: String,
    /// How long the documents must be read, in seconds.
    min_reading_s: u32,
}

/// What is signed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SigningContract {
    /// The contract's id.
    #[schema(value_type = String, format = "uuid")]
    id: ContractId,
    /// As the sender wrote it.
    #[schema(example = "示例采购合同")]
    title: String,
    /// The contract's status.
    #[schema(example = "in_progress")]
    status: String,
    /// Who sends it.
    sender: Sender,
    /// Until when it must be signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    deadline_at_ms: Option<i64>,
}

/// One step.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Step {
    /// What is done.
    kind: StepKind,
    /// Whether it is done.
    state: StepState,
}

/// What is done in a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StepKind {
    /// Accept the agreement.
    Agreement,
    /// Read to the end.
    Reading,
    /// Fill the fields and confirm.
    Sign,
}

/// How far a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StepState {
    Done,
    Current,
    Todo,
}

/// An agreement.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Agreement {
    /// What contract types call it.
    #[schema(example = "e_signature_consent")]
    id: String,
    /// Its heading.
    title: String,
    /// The whole text.
    text: String,
    /// SHA-256 of the text: accept exactly this.
    sha256: String,
}

/// A seal.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Seal {
    /// Its id.
    #[schema(value_type = String, format = "uuid")]
    id: SealId,
    /// As the organization calls it.
    #[schema(example = "合同专用章")]
    name: String,
    /// Which kind.
    #[schema(value_type = String, example = "contract")]
    kind: SealKind,
    /// Where its picture is.
    #[schema(example = "/api/seals/019adf2c-6f00-7c3a-9d53-0c4de0a1b111/image.svg")]
    svg_url: String,
}

/// How a will is confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum IntentMethod {
    /// A one-time code by SMS.
    SmsCode,
}

/// Shows a recipient where it stands.
#[utoipa::path(
    get, path = "/api/signing/{recipient_id}", tag = "signing", security(("session" = [])),
    params(("recipient_id" = String, Path, format = "uuid")),
    responses((status = OK, body = Signing))
)]
pub(super) async fn get_signing(
    State(app): State<App>,
    signed_in: SignedIn,
    language: Language,
    At(recipient_id): At<RecipientId>,
) -> Result<Json<Signing>, Error> {
    let mut reader = app.store.read().await?;
    let signer = signer(&mut reader, recipient_id, signed_in).await?;
    Ok(Json(of(&mut reader, &signer, language).await?))
}

/// The view of a signer as it is now.
pub(super) async fn of(conn: &mut Conn, signer: &Signer, language: Language) -> Result<Signing, Error> {
    let instance = instances::get(conn, signer.instance_id).await?;
    let state = instance.ok_or(Error::Broken("a sent contract has its instance"))?.state;
    let definition = signer.definition(conn).await?;
    let contract_type = definition.as_ref().and_then(Definition::contract_type);
    let role = contract_type.and_then(|it| it.role(&signer.recipient.role));
    let recipient = Recipient::of(&signer.recipient, Some(&state), contract_type, language);
    let open = open_task(signer, &state);
    let steps = steps(role, recipient.status, open);
    let agreement = match steps.first() {
        Some(Step { kind: StepKind::Agreement, .. }) => signer.agreement(conn).await?.map(Agreement::from),
        _ => None,
    };
    let usable = match signer.recipient.organization_id {
        Some(organization) => seals::usable_by(conn, organization, signer.person_id).await?,
        None => Vec::new(),
    };
    let documents = documents::list(conn, signer.contract.id).await?;
    let fields = fields::of_recipient(conn, signer.recipient.id).await?;
    Ok(Signing {
        status: recipient.status,
        recipient,
        contract: SigningContract::of(signer, &state),
        steps,
        agreement,
        documents: documents.iter().map(Document::from).collect(),
        fields: fields.into_iter().map(|field| Field::of(field, &documents)).collect(),
        seals: usable.into_iter().map(Seal::from).collect(),
        intent_methods: vec![IntentMethod::SmsCode],
        phone_masked: signer.recipient.phone.masked(),
        min_reading_s: role.and_then(|role| role.forced_reading).map_or(0, |reading| reading.min_seconds),
    })
}

fn open_task<'a>(signer: &Signer, state: &'a InstanceState) -> Option<&'a OpenTask> {
    let item = signer.recipient.id.to_string();
    let mut tasks = state.open_tasks().map(|(_, task)| task);
    tasks.find(|task| task.place.item.as_ref() == Some(&item) && task.assignee == signer.person_id)
}

/// The steps that the contract type asks for; the open task says which is the current one.
fn steps(role: Option<&RecipientRole>, status: RecipientStatus, open: Option<&OpenTask>) -> Vec<Step> {
    let asked = [
        (StepKind::Agreement, form::AGREEMENT, role.is_some_and(|role| role.agreement().is_some())),
        (StepKind::Reading, form::READING, role.is_some_and(|role| role.forced_reading.is_some())),
        (StepKind::Sign, form::SIGN, true),
    ];
    let through = matches!(status, RecipientStatus::Signed | RecipientStatus::Stamping);
    let mut reached = !through && open.is_none();
    let mut steps = Vec::with_capacity(asked.len());
    for (kind, name, _) in asked.into_iter().filter(|(_, _, asked)| *asked) {
        let current = open.is_some_and(|task| task.form == name);
        let state = match (current, reached) {
            (true, _) => StepState::Current,
            (false, true) => StepState::Todo,
            (false, false) => StepState::Done,
        };
        reached |= current;
        steps.push(Step { kind, state });
    }
    steps
}

impl SigningContract {
    fn of(signer: &Signer, state: &InstanceState) -> Self {
        let contract = &signer.contract;
        Self {
            id: contract.id,
            title: contract.title.clone(),
            status: state.status().to_owned(),
            sender: Sender {
                organization_name: contract.organization_name.clone(),
                person_name: contract.sender_name.clone(),
            },
            deadline_at_ms: contract.deadline_at_ms,
        }
    }
}

impl From<sealflow_store::agreements::Agreement> for Agreement {
    fn from(agreement: sealflow_store::agreements::Agreement) -> Self {
        Self { id: agreement.name, title: agreement.title, text: agreement.body, sha256: agreement.sha256 }
    }
}

impl From<seals::Seal> for Seal {
    fn from(seal: seals::Seal) -> Self {
        let svg_url = format!("/api/seals/{}/image.svg", seal.id);
        Self { id: seal.id, name: seal.name, kind: seal.kind, svg_url }
    }
}
