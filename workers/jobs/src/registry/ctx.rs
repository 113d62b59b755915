//! What a handler knows of its job.

use sealflow_core::{
    Timestamp,
    ids::{InstanceId, JobId},
};
use sealflow_store::{
    Store,
    jobs::{self, ClaimedJob},
};
use std::sync::Arc;

use super::JobError;
use crate::runtime::commit::{Committer, Report, ReportError};

/// What a handler knows of its job. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Ctx {
    pub(crate) store: Store,
    pub(crate) job: Arc<ClaimedJob>,
    pub(crate) committer: Committer,
}

impl Ctx {
    /// The database and the blobs, for reading. What is to be written goes into [`super::Done`].
    #[must_use]
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// The job's id: the same for every attempt, so also good as a key towards a vendor.
    #[must_use]
    pub fn job_id(&self) -> JobId {
        self.job.lease.job_id
    }

    /// The job's key; never used twice.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.job.key
    }

    /// From 1; this attempt included.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.job.attempt
    }

    /// How often it was begun, from 1; also when that did not count as an attempt.
    #[must_use]
    pub fn begun(&self) -> u64 {
        self.job.lease_epoch
    }

    /// The instance that waits for it.
    #[must_use]
    pub fn instance_id(&self) -> Option<InstanceId> {
        self.job.instance_id
    }

    /// The item of an `each` that it serves: for a contract, the recipient.
    #[must_use]
    pub fn item(&self) -> Option<&str> {
        self.job.item.as_deref()
    }

    /// When an earlier attempt was about to call outside. What came of that call must be asked before another.
    #[must_use]
    pub fn earlier_outside_call(&self) -> Option<Timestamp> {
        self.job.earlier_outside_call_at
    }

    /// Commits that a vendor is about to be called. Only then call.
    ///
    /// # Errors
    /// [`JobError::LeaseLost`]: somebody else has the job; do not call.
    pub async fn before_outside_call(&self) -> Result<(), JobError> {
        self.commit(Report::MarkOutside(self.job.lease.clone())).await
    }

    /// Commits what the next attempt needs to know; none: nothing any more. It goes when the job is done or no longer wanted.
    ///
    /// # Errors
    /// [`JobError::LeaseLost`]: somebody else has the job, and keeps something else.
    pub async fn keep(&self, kept: Option<String>) -> Result<(), JobError> {
        self.commit(Report::Keep(self.job.lease.clone(), kept)).await
    }

    /// What an earlier attempt kept.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn kept(&self) -> Result<Option<String>, JobError> {
        if self.begun() <= 1 {
            return Ok(None);
        }
        Ok(jobs::kept(&mut *self.store.read().await?, &self.job.lease).await?)
    }

    async fn commit(&self, report: Report) -> Result<(), JobError> {
        match self.committer.commit(report).await {
            Ok(_) => Ok(()),
            Err(ReportError::LeaseLost | ReportError::Refused) => Err(JobError::LeaseLost),
            Err(ReportError::Closed) => Err(JobError::Stopped),
        }
    }

    /// The database's clock.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn now(&self) -> Result<Timestamp, JobError> {
        let mut reader = self.store.read().await?;
        Ok(self.store.now(&mut reader).await?)
    }
}
