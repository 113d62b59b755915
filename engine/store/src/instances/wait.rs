//! Waiting for the end of an instance.

use std::time::Duration;

use sealflow_core::ids::InstanceId;
use tokio::time::Instant;

use super::Instance;
use crate::{Error, Store};

/// How often it is looked at when no signal comes: another process may have ended it.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Waits until an instance has ended, at most for `patience`; tells how it stands then, and nothing when there is no
/// such instance.
///
/// # Errors
/// When the database cannot be reached, or holds what this version cannot read.
pub async fn wait_until_ended(
    store: &Store,
    id: InstanceId,
    patience: Duration,
) -> Result<Option<Instance>, Error> {
    let until = Instant::now() + patience;
    // Before the first look, so that no end slips in between.
    let wait = store.wait_for_end(id);
    loop {
        let rest = LOOK_EVERY.min(until.saturating_duration_since(Instant::now()));
        let found = super::get(&mut *store.read().await?, id).await?;
        match &found {
            Some(instance) if instance.finished_at.is_none() && !rest.is_zero() => {}
            _ => return Ok(found),
        }
        // Told or not: the row decides.
        let _ = tokio::time::timeout(rest, wait.told()).await;
    }
}
