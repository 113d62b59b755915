//! Takes the ticks of the schedules, in every process: a tick is taken once.

use sealflow_store::{Error, jobs, schedules};

use super::{Parts, retry::Patience};
use crate::cron;

/// Brings the rows of limits and schedules to what the settings say, before the first job is taken. Returns when it is
/// done, or the stop is asked for.
pub(super) async fn configure(parts: &Parts) {
    let mut patience = Patience::new();
    while let Err(error) = configure_once(parts).await {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "the limits and schedules of the settings are not written yet"
        );
        tokio::select! {
            () = parts.stop.cancelled() => return,
            () = tokio::time::sleep(patience.next()) => {}
        }
    }
}

async fn configure_once(parts: &Parts) -> Result<(), Error> {
    let Some(control) = &parts.config.control else { return Ok(()) };
    let mut tx = parts.store.begin().await?;
    let now = tx.now();
    jobs::apply_configured(&mut tx, &control.limits).await?;
    cron::configure(&mut tx, &control.schedules, now).await?;
    tx.commit().await
}

/// Takes ticks until the stop is asked for.
pub(super) async fn run(parts: Parts) {
    let mut patience = Patience::new();
    loop {
        let rest = match tick(&parts).await {
            Ok(()) => {
                patience.reset();
                parts.config.poll()
            }
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "ticks are not taken yet");
                patience.next()
            }
        };
        tokio::select! {
            () = parts.stop.cancelled() => return,
            () = tokio::time::sleep(rest) => {}
        }
    }
}

/// Looks without a lock first: mostly nothing is due.
async fn tick(parts: &Parts) -> Result<(), Error> {
    let mut reader = parts.store.read().await?;
    let now = parts.store.now(&mut reader).await?;
    if !schedules::any_due(&mut reader, now).await? {
        return Ok(());
    }
    drop(reader);
    let mut tx = parts.store.begin().await?;
    let now = tx.now();
    let started = cron::tick(&mut tx, now).await?;
    tx.commit().await?;
    if started > 0 {
        tracing::info!(jobs.started = started, "schedules ticked");
    }
    Ok(())
}
