//! A contract in full, as one person sees it.

use axum::{Json, extract::State};
use sealflow_core::{
    Definition,
    ids::{ContractId, PersonId, RecipientId},
};
use sealflow_store::{
    Conn,
    contracts::{self, Seen},
    definitions, documents,
    instances::{self, Instance, history},
    jobs::{self, JobSummary, WAITS_FOR_CA, WAITS_FOR_KEY, WAITS_FOR_TIMESTAMP},
    recipients,
    signing::form,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    super::view::{self, Document, Recipient},
    placed::PlacedField,
    timeline::{self, TimelineEntry},
    visible,
};
use crate::{App, auth::SignedIn, error::Error, extract::At, problem::Language};

/// A contract in full.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ContractDetail {
    /// Its id.
    #[schema(value_type = String, format = "uuid")]
    id: ContractId,
    /// As the sender wrote it.
    #[schema(example = "示例采购合同")]
    title: String,
    /// `draft`, or what the contract type calls the state: `in_progress`, `completed`, `declined`, `withdrawn`,
    /// `expired`.
    #[schema(example = "in_progress")]
    status: String,
    /// The signing policy.
    contract_type: TypeName,
    /// Who sends it.
    sender: Sender,
    /// When the draft was made.
    created_at_ms: i64,
    /// When it was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    sent_at_ms: Option<i64>,
    /// Until when it must be signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    deadline_at_ms: Option<i64>,
    /// When everybody had signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    completed_at_ms: Option<i64>,
    /// The parties in routing order.
    recipients: Vec<Recipient>,
    /// The files.
    documents: Vec<Document>,
    /// What the sender placed beside what the contract type asks for; only in a draft, for its sender.
    fields: Vec<PlacedField>,
    /// The recipient that the person is, once the turn has come.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = "uuid")]
    my_recipient_id: Option<RecipientId>,
    /// Whom signing waits for, when an outside service does not answer, or a person has to look.
    #[serde(skip_serializing_if = "Option::is_none")]
    waiting_for: Option<WaitingFor>,
    /// What happened, in order.
    timeline: Vec<TimelineEntry>,
    /// What the person may do now.
    allowed: Vec<Allowed>,
}

/// A contract type's names.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TypeName {
    /// In requests.
    #[schema(example = "supplier_purchase")]
    name: String,
    /// In the language asked for.
    #[schema(example = "供应商采购合同")]
    title: String,
}

/// Who sends a contract.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Sender {
    /// In whose name.
    #[schema(example = "示例采购有限公司")]
    pub(crate) organization_name: String,
    /// By whom.
    #[schema(example = "示例发起人")]
    pub(crate) person_name: String,
}

/// An outside service without which nothing is signed, and which is waited for until it is back; or the operator, when
/// waiting would not help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum WaitingFor {
    /// It proves when a signature was made.
    TimestampAuthority,
    /// The token where the signers' keys are made.
    SigningKey,
    /// It certifies the signers' keys.
    CertificateAuthority,
    /// A step of the platform's was given up, and somebody who runs it has to look.
    Operator,
}

/// Something that the person may do with the contract now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Allowed {
    /// Change the draft.
    Edit,
    /// Send the draft.
    Send,
    /// Take the contract back.
    Withdraw,
    /// Remind those whose turn it is.
    Remind,
    /// Fetch the files.
    Download,
    /// Take the next step of signing.
    Sign,
    /// Refuse to sign.
    Decline,
}

/// Shows a contract to somebody who may see it.
#[utoipa::path(
    get, path = "/api/contracts/{contract_id}", tag = "contracts", security(("session" = [])),
    params(("contract_id" = String, Path, format = "uuid")),
    responses((status = OK, body = ContractDetail))
)]
pub(super) async fn get_contract(
    State(app): State<App>,
    signed_in: SignedIn,
    language: Language,
    At(contract_id): At<ContractId>,
) -> Result<Json<ContractDetail>, Error> {
    let mut reader = app.store.read().await?;
    Ok(Json(of(&mut reader, contract_id, signed_in.person_id, language).await?))
}

/// The contract as the person sees it.
pub(super) async fn of(
    conn: &mut Conn,
    id: ContractId,
    person: PersonId,
    language: Language,
) -> Result<ContractDetail, Error> {
    let seen = visible(conn, id, person).await?;
    let contract = &seen.contract;
    let definition = definitions::read(conn, &contract.definition).await?;
    let contract_type = definition.as_ref().and_then(Definition::contract_type);
    let instance = match contract.instance_id {
        Some(id) => instances::get(conn, id).await?,
        None => None,
    };
    let history = match &instance {
        Some(instance) => history::list(conn, instance.id, 0, history::ENTRIES_MAX).await?,
        None => Vec::new(),
    };
    let jobs = match &instance {
        Some(instance) => jobs::of_instance(conn, instance.id).await?,
        None => Vec::new(),
    };
    let recipients = recipients::list(conn, id).await?;
    let documents = documents::list(conn, id).await?;
    let fields = match contract.is_draft() {
        true => contracts::placements(conn, id).await?.iter().filter_map(PlacedField::of).collect(),
        false => Vec::new(),
    };
    let state = instance.as_ref().map(|instance| &instance.state);
    Ok(ContractDetail {
        id,
        title: contract.title.clone(),
        status: contract.status.clone(),
        contract_type: TypeName {
            name: contract.contract_type.clone(),
            title: contract_type
                .map_or_else(|| contract.contract_type.clone(), |it| view::title(&it.title, language)),
        },
        sender: Sender {
            organization_name: contract.organization_name.clone(),
            person_name: contract.sender_name.clone(),
        },
        created_at_ms: contract.created_at_ms,
        sent_at_ms: contract.sent_at_ms,
        deadline_at_ms: contract.deadline_at_ms,
        completed_at_ms: timeline::completed_at_ms(&history),
        recipients: recipients.iter().map(|it| Recipient::of(it, state, contract_type, language)).collect(),
        documents: documents.iter().map(Document::from).collect(),
        fields,
        my_recipient_id: seen.parts.recipients.first().copied(),
        waiting_for: waiting_for(&jobs, instance.as_ref()),
        timeline: timeline::of(contract, &recipients, &history, &jobs),
        allowed: allowed(&seen, instance.as_ref(), person),
    })
}

fn waiting_for(jobs: &[JobSummary], instance: Option<&Instance>) -> Option<WaitingFor> {
    let awaited: Vec<&str> =
        instance.into_iter().flat_map(|instance| instance.state.waiting_jobs()).map(|(key, _)| key).collect();
    let is_awaited =
        |job: &JobSummary| job.key.split_once('/').is_some_and(|(_, key)| awaited.contains(&key));
    if jobs.iter().any(|job| job.state == jobs::State::Dead && is_awaited(job)) {
        return Some(WaitingFor::Operator);
    }
    let reasons = jobs.iter().filter(|job| job.state == jobs::State::Available);
    reasons.filter_map(|job| job.last_error.as_deref()).find_map(|reason| match reason {
        _ if reason.starts_with(WAITS_FOR_TIMESTAMP) => Some(WaitingFor::TimestampAuthority),
        _ if reason.starts_with(WAITS_FOR_KEY) => Some(WaitingFor::SigningKey),
        _ if reason.starts_with(WAITS_FOR_CA) => Some(WaitingFor::CertificateAuthority),
        _ => None,
    })
}

/// What the person may do now: the one place that says it. The engine has the last word when it is done.
fn allowed(seen: &Seen, instance: Option<&Instance>, person: PersonId) -> Vec<Allowed> {
    let parts = &seen.parts;
    let Some(instance) = instance else {
        return if parts.sender && parts.may_send { vec![Allowed::Edit, Allowed::Send] } else { Vec::new() };
    };
    let mut allowed = vec![Allowed::Download];
    let mine: Vec<String> = parts.recipients.iter().map(ToString::to_string).collect();
    let open: Vec<_> = instance.state.open_tasks().map(|(_, task)| task).collect();
    let for_me = open.iter().filter(|task| {
        task.assignee == person && task.place.item.as_ref().is_some_and(|item| mine.contains(item))
    });
    if for_me.clone().any(|task| [form::AGREEMENT, form::READING, form::SIGN].contains(&task.form.as_str())) {
        allowed.extend([Allowed::Sign, Allowed::Decline]);
    }
    if parts.sender && instance.status == contracts::IN_PROGRESS {
        allowed.push(Allowed::Withdraw);
        if !open.is_empty() {
            allowed.push(Allowed::Remind);
        }
    }
    allowed
}
