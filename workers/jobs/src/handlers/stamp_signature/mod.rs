//! Puts a recipient's confirmed fields and PAdES signature (B-T) on the documents, one appended revision each.
//!
//! The key lives for this one signing: it is drawn for it (in memory or in a token), certified for the confirmed intent, used, and
//! forgotten when the revision is committed or the contract is over (`enrolment.rs`).

mod appearance;
mod enrolment;
mod sign;

use std::collections::BTreeSet;

use sealflow_core::ids::{ContractId, RecipientId, SealId};
use sealflow_store::{
    Change,
    documents::{self, Document},
    fields::{Field, Value},
    instances, organizations, recipients,
    recipients::Recipient,
    signing::{Confirmation, NotAsConfirmed, confirmed_fields},
};
use serde::Deserialize;
use serde_json::json;

use super::{Tools, timestamp};
use crate::registry::{Ctx, Done, JobError};

pub(super) use enrolment::{AFTER_CERTIFICATE, AFTER_ENROLMENT, BEFORE_ENROLMENT};
pub(super) use sign::{AFTER_BLOB, AFTER_TIMESTAMP};

#[derive(Debug, Deserialize)]
pub(super) struct Payload {
    contract_id: ContractId,
    recipient_id: RecipientId,
    confirmation: Confirmation,
    confirmed_at_ms: i64,
}

/// One document and what is put on it.
struct Part<'a> {
    document: &'a Document,
    /// The recipient's filled fields; the first signature or seal field takes the digital signature.
    filled: Vec<&'a Field>,
}

pub(super) async fn run(ctx: Ctx, tools: Tools, payload: Payload) -> Result<Done, JobError> {
    let mut read = ctx.store().read().await?;
    if is_over(&mut read, &ctx).await? {
        return Ok(Done::new("not_wanted"));
    }
    let Some(recipient) = recipients::get(&mut read, payload.recipient_id).await? else {
        return Err(JobError::GiveUp { reason: "the recipient is not there".into() });
    };
    let documents = documents::list(&mut read, payload.contract_id).await?;
    let filled = confirmed_fields(&mut read, payload.recipient_id, &payload.confirmation)
        .await
        .map_err(|error| not_as_confirmed(&error))?;
    for document in &documents {
        check_confirmed(&mut read, document, &payload.confirmation).await?;
    }
    let signer = signer(&mut read, recipient).await?;
    drop(read);

    let parts = parts(&documents, &filled);
    if parts.is_empty() {
        return Err(JobError::GiveUp {
            reason: "no document has a field of this recipient to sign in".into(),
        });
    }
    timestamp::is_back(&ctx, &tools).await?;
    let signing = sign::Signing::begin(&ctx, &tools, &signer, payload.confirmed_at_ms).await?;
    let mut changes: Vec<Change> = seals(&parts).into_iter().map(Change::PutSeal).collect();
    let mut stamped = Vec::new();
    for part in &parts {
        let revision = signing.stamp(part).await?;
        stamped.push(json!({"document_id": part.document.id, "n": revision.n, "sha256": revision.sha256}));
        changes.push(Change::AppendRevision(revision));
    }
    let data = json!({"documents": stamped, "certificate_sha256": signing.certificate_sha256()});
    Ok(Done::new("stamped").with_data(data).with_changes(changes))
}

/// The seals that are put on. One that is disabled (停用) is unusable at once, whatever was confirmed before: the job looks when it
/// draws it, and once more when its revisions are written. What is written then stays.
fn seals(parts: &[Part<'_>]) -> BTreeSet<SealId> {
    let values = parts.iter().flat_map(|part| &part.filled).filter_map(|field| field.value.as_ref());
    let seals = values.filter_map(|value| match value {
        Value::Seal { seal_id } => Some(*seal_id),
        _ => None,
    });
    seals.collect()
}

/// Whether the contract ended while the job waited: then nobody shall be certified or signed any more.
async fn is_over(read: &mut sealflow_store::Conn, ctx: &Ctx) -> Result<bool, JobError> {
    let Some(id) = ctx.instance_id() else { return Ok(false) };
    Ok(instances::get(read, id).await?.is_some_and(|instance| instance.finished_at.is_some()))
}

/// What was confirmed must be under what is signed: revisions are only appended, so it is enough that the confirmed one
/// is one of this document's.
async fn check_confirmed(
    read: &mut sealflow_store::Conn,
    document: &Document,
    confirmation: &Confirmation,
) -> Result<(), JobError> {
    let confirmed = confirmation.documents.iter().find(|confirmed| confirmed.document_id == document.id);
    let Some(confirmed) = confirmed else {
        return Err(JobError::GiveUp { reason: format!("document {} was not confirmed", document.id) });
    };
    let revisions = documents::revisions(read, document.id).await?;
    if revisions.iter().any(|revision| revision.sha256.as_str() == confirmed.sha256) {
        return Ok(());
    }
    Err(JobError::GiveUp {
        reason: format!("the confirmed revision of document {} is not there", document.id),
    })
}

async fn signer(read: &mut sealflow_store::Conn, recipient: Recipient) -> Result<sign::Signer, JobError> {
    let organization = match recipient.organization_id {
        Some(id) => organizations::get(read, id).await?.map(|organization| organization.name),
        None => None,
    };
    Ok(sign::Signer { recipient, organization })
}

/// The documents on which this recipient signs.
fn parts<'a>(documents: &'a [Document], filled: &'a [Field]) -> Vec<Part<'a>> {
    let parts = documents.iter().map(|document| Part {
        document,
        filled: filled.iter().filter(|field| field.document_id == document.id).collect(),
    });
    parts.filter(|part| sign::signature_field(part).is_some()).collect()
}

fn not_as_confirmed(error: &NotAsConfirmed) -> JobError {
    match error {
        NotAsConfirmed::Field(_) => JobError::give_up(error),
        NotAsConfirmed::Store(_) => JobError::retry(error),
    }
}
