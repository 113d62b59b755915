//! Makes every field of a contract's documents in one revision each, before anybody signs: a field that came later would
//! break the signatures before it.

use std::collections::BTreeSet;

use bytes::Bytes;
use sealflow_core::{
    ids::{ContractId, RecipientId},
    model::contract_type::{self, FieldKind},
};
use sealflow_pdf::{
    FieldKind as PdfFieldKind, FieldSpec, Rect,
    confined::Prepared,
    cross_page::{self, Edge, Span},
};
use sealflow_store::{
    Change, documents,
    documents::{Document, RevisionKind},
    failpoint, fields,
    fields::Field,
};
use serde::Deserialize;
use serde_json::json;

use super::Tools;
use crate::registry::{Ctx, Done, JobError};

/// The new revision's bytes are kept, nothing refers to them yet.
pub(super) const AFTER_BLOB: &str = "handlers::prepare_document::after_blob";

#[derive(Debug, Deserialize)]
pub(super) struct Payload {
    contract_id: ContractId,
}

pub(super) async fn run(ctx: Ctx, tools: Tools, payload: Payload) -> Result<Done, JobError> {
    let mut read = ctx.store().read().await?;
    let documents = documents::list(&mut read, payload.contract_id).await?;
    let fields = fields::of_contract(&mut read, payload.contract_id).await?;
    drop(read);

    let mut changes = Vec::new();
    let mut prepared = Vec::new();
    for document in documents.iter().filter(|document| document.newest.kind == RevisionKind::Original) {
        let specs = specs(document, &fields)?;
        if specs.is_empty() {
            continue;
        }
        let revision = prepare(&ctx, &tools, document, &specs).await?;
        prepared.push(json!({"document_id": document.id, "sha256": revision.sha256}));
        changes.push(Change::AppendRevision(revision));
    }
    Ok(Done::new("prepared").with_data(json!({"documents": prepared})).with_changes(changes))
}

async fn prepare(
    ctx: &Ctx,
    tools: &Tools,
    document: &Document,
    specs: &[FieldSpec],
) -> Result<documents::NewRevision, JobError> {
    let _room = tools.room.take(document.newest.size_bytes).await;
    let blobs = ctx.store().blobs();
    let found = blobs.get_hashed(&document.newest.sha256).await;
    let (original, hashed) = found.map_err(|error| JobError::retry(&error))?;
    let prepared = tools.confined.prepare(Vec::from(original), specs).await;
    let Prepared { bytes, cut_bytes } = prepared.map_err(JobError::from_confined)?;
    let size_bytes = bytes.len();
    let kept = match cut_bytes {
        0 => blobs.put_grown(Bytes::from(bytes), &hashed).await,
        _ => blobs.put(Bytes::from(bytes)).await,
    };
    let sha256 = kept.map_err(|error| JobError::retry(&error))?;
    failpoint::hit(AFTER_BLOB);
    Ok(documents::NewRevision {
        document_id: document.id,
        n: document.newest.n + 1,
        kind: RevisionKind::Prepared,
        sha256,
        size_bytes: i64::try_from(size_bytes).unwrap_or(i64::MAX),
        recipient_id: None,
    })
}

/// The fields of one document. A recipient has one digital signature in it: the first signature or seal field takes it,
/// further ones show pictures.
fn specs(document: &Document, fields: &[Field]) -> Result<Vec<FieldSpec>, JobError> {
    let mut signers: BTreeSet<RecipientId> = BTreeSet::new();
    let mut specs = Vec::new();
    for field in fields.iter().filter(|field| field.document_id == document.id) {
        let place = field.place;
        let rect = Rect { x: place.x, y: place.y, width: place.w, height: place.h };
        if let Some(span) = field.span {
            let sizes: Vec<(f64, f64)> =
                document.pages.iter().map(|size| (size.width, size.height)).collect();
            let span = Span { first: number(place.page), last: number(span.to_page), edge: edge(span.edge) };
            let slices = cross_page::place(&field.name, span, &rect, &sizes);
            specs
                .extend(slices.map_err(|why| JobError::GiveUp { reason: format!("{}: {why}", field.name) })?);
            continue;
        }
        let takes_signature = matches!(field.kind, FieldKind::Signature | FieldKind::Seal);
        let kind = match field.kind {
            _ if takes_signature && !signers.insert(field.recipient_id) => PdfFieldKind::Picture,
            FieldKind::Signature => PdfFieldKind::Signature,
            FieldKind::Seal => PdfFieldKind::Seal,
            FieldKind::Date => PdfFieldKind::Date,
            FieldKind::Text => PdfFieldKind::Text,
            FieldKind::CrossPageSeal => PdfFieldKind::CrossPageSeal,
        };
        specs.push(FieldSpec { name: field.name.clone(), kind, page: number(place.page), rect });
    }
    Ok(specs)
}

const fn edge(edge: contract_type::Edge) -> Edge {
    match edge {
        contract_type::Edge::Left => Edge::Left,
        contract_type::Edge::Right => Edge::Right,
    }
}

fn number(page: u32) -> usize {
    usize::try_from(page).unwrap_or(usize::MAX)
}
