//! What must go on beside the work: renewing our leases, taking back those of dead workers.

use std::time::Instant;

use sealflow_store::{Error, jobs};

use super::{Parts, retry::Patience};

/// A lease is renewed three times before it would run out.
const RENEWALS: u32 = 3;

/// Renews the leases of the jobs in our hands.
pub(super) async fn renew(parts: Parts) {
    let lease = parts.config.lease();
    let mut patience = Patience::new();
    let mut rest = lease / RENEWALS;
    loop {
        tokio::time::sleep(rest).await;
        rest = match renew_once(&parts).await {
            Ok(()) => {
                patience.reset();
                lease / RENEWALS
            }
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "leases are not renewed yet");
                patience.next().min(lease / RENEWALS)
            }
        };
        parts.held.expire(lease);
    }
}

async fn renew_once(parts: &Parts) -> Result<(), Error> {
    let leases = parts.held.leases();
    if leases.is_empty() {
        return Ok(());
    }
    let asked_at = Instant::now();
    let mut tx = parts.store.begin().await?;
    let lost = jobs::renew(&mut tx, &leases, parts.config.lease_ms()).await?;
    tx.commit().await?;
    parts.held.renewed(&leases, &lost, asked_at);
    Ok(())
}

/// Takes back jobs whose worker has died.
pub(super) async fn reap(parts: Parts) {
    let mut patience = Patience::new();
    loop {
        let rest = match reap_once(&parts).await {
            Ok(reaped) => {
                patience.reset();
                if reaped != jobs::Reaped::default() {
                    tracing::warn!(
                        jobs.released = reaped.released,
                        jobs.dead = reaped.dead,
                        "jobs were taken back from workers that do not answer"
                    );
                }
                parts.config.poll()
            }
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "expired leases are not looked at");
                patience.next()
            }
        };
        tokio::select! {
            () = parts.stop.cancelled() => return,
            () = tokio::time::sleep(rest) => {}
        }
    }
}

async fn reap_once(parts: &Parts) -> Result<jobs::Reaped, Error> {
    let mut tx = parts.store.begin().await?;
    let now = tx.now();
    let reaped = jobs::reap(&mut tx, now).await?;
    tx.commit().await?;
    Ok(reaped)
}
