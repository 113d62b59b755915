//! Raises the files of completed contracts to the level that is set: `raise_documents` looks for them on a schedule, and
//! `raise_document` does one, so that each is tried again by itself.
//!
//! It waits a while after the last signature (ETSI's grace period), so that what issuers say was said after it.

use bytes::Bytes;
use openssl::x509::X509;
use sealflow_core::ids::DocumentId;
use sealflow_pdf::{Trust, validate::Level};
use sealflow_store::{
    Change, archive,
    documents::{self, NewRevision, RevisionKind},
    failpoint,
    jobs::{Kind, NewJob},
};
use serde::Deserialize;
use serde_json::json;

use super::{Tools, timestamp, waits, waits_for_ca};
use crate::{
    raise::{Error, Raiser},
    registry::{Ctx, Done, JobError, chain},
};

/// The raised file is kept, no revision refers to it.
const AFTER_BLOB: &str = "handlers::raise_document::after_blob";

/// Documents that one tick finds.
const FOUND_MAX: u32 = 500;

/// What level signatures get, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signatures {
    /// The level of a completed contract. Below B-T signatures get no timestamp.
    pub level: Level,
    /// How long after the last signature the rest is added, in milliseconds.
    pub raise_after_ms: i64,
    /// After how many days an archived file gets a fresh timestamp; none: never.
    pub renew_after_days: Option<u32>,
}

impl Default for Signatures {
    fn default() -> Self {
        Self { level: Level::BLta, raise_after_ms: 3_600_000, renew_after_days: Some(3 * 365) }
    }
}

/// The schedule needs to be told nothing.
#[derive(Debug, Deserialize)]
pub(super) struct Payload {}

pub(super) async fn find(ctx: Ctx, tools: Tools, _: Payload) -> Result<Done, JobError> {
    let settings = tools.signatures;
    if settings.level < Level::BLt {
        return Ok(Done::new("nothing_to_do"));
    }
    let now = ctx.now().await?;
    let mut read = ctx.store().read().await?;
    let due = archive::Due {
        signed_before_ms: now.as_ms().saturating_sub(settings.raise_after_ms),
        archived_before_ms: settings.renew_after_days.map(|days| now.minus_days(days).as_ms()),
    };
    let found = archive::due(&mut read, due, FOUND_MAX).await?;
    drop(read);
    let count = found.len();
    let changes = found.into_iter().map(|one| {
        Change::InsertJob(NewJob {
            kind: Kind::RaiseDocument,
            key: archive::job_key(one.document_id, one.n),
            payload: json!({"document_id": one.document_id, "n": one.n}),
            run_at: None,
        })
    });
    Ok(Done::new("found").with_data(json!({"documents": count})).with_changes(changes.collect()))
}

/// Which revision is raised.
#[derive(Debug, Deserialize)]
pub(super) struct One {
    document_id: DocumentId,
    n: i64,
}

pub(super) async fn run(ctx: Ctx, tools: Tools, one: One) -> Result<Done, JobError> {
    let mut read = ctx.store().read().await?;
    let document = documents::get(&mut read, one.document_id).await?;
    drop(read);
    let Some(document) = document.filter(|document| document.newest.n == one.n) else {
        return Ok(Done::new("superseded"));
    };
    let blobs = ctx.store().blobs();
    let trust = trust(&ctx, &tools).await?;
    let _room = tools.room.take(document.newest.size_bytes).await;
    let found = blobs.get_hashed(&document.newest.sha256).await;
    let (bytes, hashed) = found.map_err(|error| JobError::retry(&error))?;
    let length = bytes.len();
    let raiser =
        Raiser { confined: &tools.confined, tsa: &tools.tsa, revocation: &tools.revocation, trust: &trust };
    let renew = document.newest.kind == RevisionKind::Archived;
    let raised = raiser.raise(Vec::from(bytes), tools.signatures.level, renew).await;
    let (raised, _) = match raised {
        Ok(raised) => raised,
        Err(error) => return Err(ending(&ctx, error).await?),
    };
    if raised.len() == length {
        return Ok(Done::new("nothing_to_do"));
    }
    let size_bytes = i64::try_from(raised.len()).unwrap_or(i64::MAX);
    let kept = blobs.put_grown(Bytes::from(raised), &hashed).await;
    let sha256 = kept.map_err(|error| JobError::retry(&error))?;
    failpoint::hit(AFTER_BLOB);
    let revision = NewRevision {
        document_id: document.id,
        n: document.newest.n + 1,
        kind: RevisionKind::Archived,
        sha256,
        size_bytes,
        recipient_id: None,
    };
    Ok(Done::new("raised")
        .with_data(json!({"n": revision.n, "sha256": revision.sha256}))
        .with_changes(vec![Change::AppendRevision(revision)]))
}

/// The roots of signers, of timestamps, and those that were set.
async fn trust(ctx: &Ctx, tools: &Tools) -> Result<Trust, JobError> {
    let mut roots_der = tools.trust.roots_der.clone();
    let own = match tools.ca.ca_certificates().await {
        Ok(own) => own,
        Err(error) => return Err(waits_for_ca(ctx, &error).await?),
    };
    let is_root = |der: &Vec<u8>| {
        X509::from_der(der).is_ok_and(|found| {
            found.subject_name().try_cmp(found.issuer_name()).is_ok_and(|order| order.is_eq())
        })
    };
    roots_der.extend(own.into_iter().filter(is_root));
    Ok(Trust { roots_der, ..Trust::default() })
}

/// Who does not answer now is asked again, without end: a file does not become weaker because an authority is away.
async fn ending(ctx: &Ctx, error: Error) -> Result<JobError, JobError> {
    match error {
        Error::Timestamp(error) => timestamp::none(ctx, &error).await,
        Error::Revocation { ref source, .. } if source.is_final() => Ok(JobError::give_up(&error)),
        // A page about maintenance, or an address where nothing is today, is not the authority's last word.
        Error::Revocation { .. } | Error::NotReached(_) => waits(ctx, 0, chain(&error)).await,
        Error::Confined(error) => Ok(JobError::from_confined(error)),
        other => Ok(JobError::give_up(&other)),
    }
}
