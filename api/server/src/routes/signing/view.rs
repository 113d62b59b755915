//! Where a recipient stands, with everything that the next step needs. Read from the instance's state.

use axum::{Json, extract::State};
use sealflow_core::{
    Definition, OpenTask, State as InstanceState,
    ids::{ContractId, DocumentId, FieldId, RecipientId, SealId, SignatureId},
    model::contract_type::{Edge as ModelEdge, FieldKind as ModelFieldKind, RecipientRole, SealKind},
};
use sealflow_pdf::{
    FieldSpec, Rect,
    cross_page::{self, Edge, Span},
};
use sealflow_store::{
    Conn, documents,
    fields::{self, Value},
    instances, seals,
    signing::{Signer, form},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    super::{
        contracts::{Sender, TextLook},
        view::{Document, Recipient, RecipientStatus},
    },
    fields::Strokes,
    signer,
};
use crate::{App, auth::SignedIn, error::Error, extract::At, mirrored::mirrored, problem::Language};

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

/// A field of the recipient.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Field {
    /// Its id.
    #[schema(value_type = String, format = "uuid")]
    id: FieldId,
    /// On which document.
    #[schema(value_type = String, format = "uuid")]
    document_id: DocumentId,
    /// What it takes.
    kind: FieldKind,
    /// From 1.
    page: u32,
    /// Points from the left edge of the page as shown to the field's left edge.
    x: f64,
    /// Points from the lower edge of the page as shown to the field's lower edge.
    y: f64,
    /// Width in points.
    w: f64,
    /// Height in points.
    h: f64,
    /// Whether it must be filled.
    required: bool,
    /// The kind of seal that may be put here.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "contract")]
    seal_kind: Option<SealKind>,
    /// How a date or text is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    style: Option<TextLook>,
    /// Of a cross-page seal, on each of its pages; its own place is then that of the whole impression.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    slices: Vec<FieldSlice>,
    /// What was filled in.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<FieldValue>,
}

/// A page's part of a cross-page seal.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FieldSlice {
    /// From 1.
    page: u32,
    /// Points from the left edge of the page as shown.
    x: f64,
    /// Points from the lower edge of the page as shown.
    y: f64,
    /// Width in points.
    w: f64,
    /// Height in points.
    h: f64,
    /// Which part of the impression, from 0 at its left.
    index: u32,
    /// How many parts the impression has.
    count: u32,
}

mirrored! {
    /// What a field takes.
    FieldKind of ModelFieldKind {
        /// A signature, drawn or of a photo.
        Signature,
        /// A seal of an organization.
        Seal,
        /// The day of signing.
        Date,
        /// A text that the signer enters.
        Text,
        /// One seal of an organization in slices over the edges of several pages (骑缝章).
        CrossPageSeal,
    }
}

/// What was filled into a field.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum FieldValue {
    /// A drawn signature.
    Signature(Strokes),
    /// A seal.
    Seal {
        /// Which.
        #[schema(value_type = String, format = "uuid")]
        seal_id: SealId,
    },
    /// A signature that was cut out of a photo.
    Image {
        /// Which.
        #[schema(value_type = String, format = "uuid")]
        signature_id: SignatureId,
    },
    /// The day of signing.
    Date {
        /// As `2026-11-23`.
        #[schema(example = "2026-11-23")]
        date: String,
    },
    /// A text.
    Text {
        /// The text.
        text: String,
    },
}

impl From<Value> for FieldValue {
    fn from(value: Value) -> Self {
        match value {
            Value::Signature(strokes) => Self::Signature(strokes.into()),
            Value::Seal { seal_id } => Self::Seal { seal_id },
            Value::Image { signature_id, .. } => Self::Image { signature_id },
            Value::Date { date } => Self::Date { date },
            Value::Text { text } => Self::Text { text },
        }
    }
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

/// Where the slices of a cross-page seal are: as the file has them.
fn slices(field: &fields::Field, documents: &[documents::Document]) -> Vec<FieldSlice> {
    let document = documents.iter().find(|document| document.id == field.document_id);
    let (Some(span), Some(document)) = (field.span, document) else { return Vec::new() };
    let number = |page: u32| usize::try_from(page).unwrap_or(usize::MAX);
    let sizes: Vec<(f64, f64)> = document.pages.iter().map(|size| (size.width, size.height)).collect();
    let edge = match span.edge {
        ModelEdge::Left => Edge::Left,
        ModelEdge::Right => Edge::Right,
    };
    let place = field.place;
    let rect = Rect { x: place.x, y: place.y, width: place.w, height: place.h };
    let span = Span { first: number(place.page), last: number(span.to_page), edge };
    let placed = cross_page::place(&field.name, span, &rect, &sizes).unwrap_or_default();
    let small = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
    let slice = |spec: &FieldSpec| {
        let (index, count) = cross_page::slice_of(&spec.name, &field.name)?;
        let Rect { x, y, width: w, height: h } = spec.rect;
        Some(FieldSlice { page: small(spec.page), x, y, w, h, index: small(index), count: small(count) })
    };
    placed.iter().filter_map(slice).collect()
}

impl Field {
    fn of(field: fields::Field, documents: &[documents::Document]) -> Self {
        Self {
            slices: slices(&field, documents),
            style: field.style.map(TextLook::from),
            id: field.id,
            document_id: field.document_id,
            kind: field.kind.into(),
            page: field.place.page,
            x: field.place.x,
            y: field.place.y,
            w: field.place.w,
            h: field.place.h,
            required: field.required,
            seal_kind: field.seal_kind,
            value: field.value.map(FieldValue::from),
        }
    }
}

impl From<seals::Seal> for Seal {
    fn from(seal: seals::Seal) -> Self {
        let svg_url = format!("/api/seals/{}/image.svg", seal.id);
        Self { id: seal.id, name: seal.name, kind: seal.kind, svg_url }
    }
}
