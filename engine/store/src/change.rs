//! What a job writes together with its result: in the same transaction, so that neither is there without the other.
//!
//! A handler that has something to keep adds a variant to [`Change`] and one line to its `apply`; the statement stands
//! in the aggregate's file, and its refusals become a variant of [`Error`].

use sealflow_core::ids::SealId;

use crate::{Tx, documents, jobs, seals};

/// One write.
#[derive(Debug)]
pub enum Change {
    /// Another job, outside of any instance.
    InsertJob(jobs::NewJob),
    /// A document's next revision.
    AppendRevision(documents::NewRevision),
    /// A seal is on what the other changes write. It stays enabled until that is committed, or nothing is written.
    PutSeal(SealId),
}

/// A write that was refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database.
    #[error(transparent)]
    Store(#[from] crate::Error),
    /// The revision cannot be appended.
    #[error(transparent)]
    Append(#[from] documents::AppendError),
    /// The seal was disabled or removed since the job looked.
    #[error("the seal {0} cannot be used")]
    SealNotUsable(SealId),
}

impl Error {
    /// Whether the same write may succeed a little later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Store(error) | Self::Append(documents::AppendError::Store(error)) => error.is_transient(),
            // Not the same write: the job makes it again, on top of the revision that took the number, or looks at the seal again.
            Self::Append(documents::AppendError::Taken) | Self::SealNotUsable(_) => false,
        }
    }
}

impl Change {
    /// Writes it.
    pub(crate) async fn apply(&self, tx: &mut Tx) -> Result<(), Error> {
        match self {
            Self::InsertJob(job) => {
                jobs::insert(tx, job).await?;
            }
            Self::AppendRevision(revision) => {
                let now_ms = tx.now().as_ms();
                documents::append(tx.conn(), revision, now_ms).await?;
            }
            Self::PutSeal(id) => {
                if !seals::hold(tx, *id).await? {
                    return Err(Error::SealNotUsable(*id));
                }
            }
        }
        Ok(())
    }
}
