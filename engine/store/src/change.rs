//! What a job writes together with its result: in the same transaction, so that neither is there without the other.
//!
//! A handler that has something to keep adds a variant to [`Change`] and one line to its `apply`; the statement stands
//! in the aggregate's file, and its refusals become a variant of [`Error`].

use crate::{Tx, documents, jobs};

/// One write.
#[derive(Debug)]
pub enum Change {
    /// Another job, outside of any instance.
    InsertJob(jobs::NewJob),
    /// A document's next revision.
    AppendRevision(documents::NewRevision),
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
}

impl Error {
    /// Whether the same write may succeed a little later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Store(error) | Self::Append(documents::AppendError::Store(error)) => error.is_transient(),
            // Not the same write: the job makes it again, on top of the revision that took the number.
            Self::Append(documents::AppendError::Taken) => false,
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
        }
        Ok(())
    }
}
