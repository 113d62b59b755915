//! What a job writes together with its result: in the same transaction, so that neither is there without the other.
//!
//! A handler that has something to keep adds a variant to [`Change`] and one line to its `apply`; the statement stands
//! in the aggregate's file, and its refusals become a variant of [`Error`].

use crate::{Tx, jobs};

/// One write.
#[derive(Debug)]
pub enum Change {
    /// Another job, outside of any instance.
    InsertJob(jobs::NewJob),
}

/// A write that was refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database.
    #[error(transparent)]
    Store(#[from] crate::Error),
}

impl Error {
    /// Whether the same write may succeed a little later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Store(error) => error.is_transient(),
        }
    }
}

impl Change {
    /// Writes it.
    pub(crate) async fn apply(self, tx: &mut Tx) -> Result<(), Error> {
        match self {
            Self::InsertJob(job) => {
                jobs::insert(tx, &job).await?;
            }
        }
        Ok(())
    }
}
