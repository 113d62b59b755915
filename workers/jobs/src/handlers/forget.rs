//! Chores: forgetting what is old. Each batch is a transaction of its own, so that a chore that is interrupted has done
//! what it has done, and doing it again does no harm.

use sealflow_core::Timestamp;
use sealflow_store::{Error, Tx, jobs, retention};
use serde::Deserialize;
use serde_json::json;

use super::Tools;
use crate::registry::{Ctx, Done, JobError};

/// Rows in one transaction.
const BATCH: u32 = 500;

/// How long things are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retention {
    /// Sessions, codes and links, after they expired, in days.
    pub sign_ins_days: u32,
    /// Jobs, after they were done or cancelled, in days.
    pub jobs_days: u32,
    /// Instances other than contracts', after they ended, in days; none: for ever.
    pub instances_days: Option<u32>,
    /// Files that no row refers to, after they were kept, and once more after they were set aside, in days. At least one:
    /// a file is kept before its row.
    pub blobs_days: u32,
}

impl Default for Retention {
    fn default() -> Self {
        Self { sign_ins_days: 30, jobs_days: 90, instances_days: None, blobs_days: 7 }
    }
}

/// A chore needs to be told nothing.
#[derive(Debug, Deserialize)]
pub(super) struct Payload {}

/// What one batch forgets.
#[derive(Debug, Clone, Copy)]
enum What {
    SignIns,
    Jobs,
    Instances,
}

impl What {
    async fn batch(self, tx: &mut Tx, before: Timestamp) -> Result<u64, Error> {
        match self {
            Self::SignIns => retention::forget_sign_ins(tx, before, BATCH).await,
            Self::Jobs => jobs::delete_finished(tx, before, BATCH).await,
            Self::Instances => retention::forget_instances(tx, before, BATCH).await,
        }
    }
}

pub(super) async fn sign_ins(ctx: Ctx, tools: Tools, _: Payload) -> Result<Done, JobError> {
    forget(&ctx, What::SignIns, tools.retention.sign_ins_days).await
}

pub(super) async fn finished_jobs(ctx: Ctx, tools: Tools, _: Payload) -> Result<Done, JobError> {
    forget(&ctx, What::Jobs, tools.retention.jobs_days).await
}

pub(super) async fn instances(ctx: Ctx, tools: Tools, _: Payload) -> Result<Done, JobError> {
    match tools.retention.instances_days {
        Some(days) => forget(&ctx, What::Instances, days).await,
        None => Ok(Done::new("kept")),
    }
}

async fn forget(ctx: &Ctx, what: What, keep_days: u32) -> Result<Done, JobError> {
    let mut forgotten = 0;
    loop {
        let mut tx = ctx.store().begin().await?;
        let before = tx.now().minus_days(keep_days);
        let batch = what.batch(&mut tx, before).await?;
        tx.commit().await?;
        forgotten += batch;
        if batch < u64::from(BATCH) {
            break;
        }
    }
    tracing::info!(job.kind = ?what, rows.forgotten = forgotten, "old rows were forgotten");
    Ok(Done::new("forgotten").with_data(json!({"rows": forgotten})))
}
