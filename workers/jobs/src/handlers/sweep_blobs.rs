//! A chore: deleting blobs that no row refers to. How it never takes one that is needed stands in the store, `blobs/sweep.rs`.
//!
//! A job does a bounded part; the next job, inserted with its result, goes on behind it.

use sealflow_store::{
    Change,
    blobs::{self, Limits, Pile, SweepError, Sweeping, Swept},
    jobs::{Kind, NewJob},
};
use serde::Deserialize;
use serde_json::json;

use super::Tools;
use crate::registry::{Ctx, Done, JobError};

/// What one job does, well within an attempt's time limit.
const LIMITS: Limits = Limits { looked_at: 20_000, moved: 200, moved_bytes: 500 << 20 };

/// Where a job begins; the schedule's at the beginning.
#[derive(Debug, Deserialize)]
pub(super) struct Payload {
    /// The first byte of the names that come first.
    #[serde(default)]
    from: u8,
}

pub(super) async fn run(ctx: Ctx, tools: Tools, payload: Payload) -> Result<Done, JobError> {
    let before = ctx.now().await?.minus_days(tools.retention.blobs_days);
    let sweeping = Sweeping { before, dry_run: false };
    let swept = blobs::sweep(ctx.store(), payload.from, sweeping, LIMITS).await;
    let (swept, next) = swept.map_err(|error| match error {
        SweepError::Store(error) => error.into(),
        SweepError::Blobs(error) => JobError::retry(&error),
    })?;
    tell(&swept);
    let done = Done::new("swept").with_data(json!(swept));
    Ok(match next {
        None => done,
        Some(from) => done.with_changes(vec![Change::InsertJob(NewJob {
            kind: Kind::SweepBlobs,
            key: format!("sweep_blobs/after/{}", ctx.job_id()),
            payload: json!({"from": from}),
            run_at: None,
        })]),
    })
}

fn tell(swept: &Swept) {
    let Swept { looked_at, set_aside, put_back, deleted, unfinished } = swept;
    tracing::info!(
        blobs.looked_at = looked_at,
        blobs.set_aside = set_aside.count,
        blobs.set_aside_bytes = set_aside.bytes,
        blobs.put_back = put_back.count,
        blobs.deleted = deleted.count,
        blobs.deleted_bytes = deleted.bytes,
        blobs.unfinished = unfinished.count,
        "blobs that no row refers to were swept"
    );
    for (what, Pile { count, bytes }) in
        [("set_aside", set_aside), ("put_back", put_back), ("deleted", deleted), ("unfinished", unfinished)]
    {
        metrics::counter!("sealflow_blobs_swept_total", "result" => what).increment(*count);
        metrics::counter!("sealflow_blobs_swept_bytes_total", "result" => what).increment(*bytes);
    }
}
