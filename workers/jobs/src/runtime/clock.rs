//! Fires timers that are due. Every process does, and passes over those that another is firing; a timer fired by two
//! happens once.

use sealflow_store::{
    Error, submit,
    timers::{self, Timer},
};

use super::{Parts, retry::Patience};
use crate::registry::chain;

/// How many timers are fired together: their instances are locked for as long as that takes.
const BATCH: u32 = 250;

/// Fires timers until the stop is asked for.
pub(super) async fn run(parts: Parts) {
    let mut patience = Patience::new();
    loop {
        let rest = match fire_due(&parts).await {
            Ok(fired) => {
                patience.reset();
                if fired == BATCH as usize {
                    continue;
                }
                parts.config.poll()
            }
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "timers are not fired yet");
                patience.next()
            }
        };
        tokio::select! {
            () = parts.stop.cancelled() => return,
            () = parts.store.clock_moved() => {}
            () = tokio::time::sleep(rest) => {}
        }
    }
}

/// Fires one batch; tells how many there were.
async fn fire_due(parts: &Parts) -> Result<usize, submit::Error> {
    let mut reader = parts.store.read().await?;
    let now = parts.store.now(&mut reader).await?;
    let any = timers::any_due(&mut reader, now).await?;
    drop(reader);
    if !any {
        return Ok(0);
    }
    match fire_together(parts).await {
        Ok(fired) => return Ok(fired),
        Err(error) if error.is_transient() => return Err(error),
        // One of them cannot be written; which one shows when they are fired one by one.
        Err(error) => tracing::warn!(error = chain(&error), "timers are fired one by one"),
    }
    let due = timers::due(&mut *parts.store.read().await?, now, BATCH).await?;
    for timer in &due {
        if parts.stop.is_cancelled() {
            return Ok(0);
        }
        match fire(parts, timer).await {
            Ok(()) => {}
            Err(error) if error.is_transient() => return Err(error),
            Err(error) => put_off(parts, timer, &error).await?,
        }
    }
    Ok(due.len())
}

/// Fires a batch in one transaction; those that their instances refuse are put off.
async fn fire_together(parts: &Parts) -> Result<usize, submit::Error> {
    let mut tx = parts.store.begin().await?;
    let now = tx.now();
    let due = timers::take_due(&mut tx, now, BATCH).await?;
    if due.is_empty() {
        tx.rollback().await?;
        return Ok(0);
    }
    let fired = timers::fire_many(&mut tx, &due).await?;
    for (timer, fired) in due.iter().zip(fired) {
        if let Err(error) = fired {
            let text = chain(&error);
            tracing::error!(instance.id = %timer.instance_id, error = text, "a timer cannot be fired and is put off");
            timers::put_off(&mut tx, timer, &text).await?;
        }
    }
    tx.commit().await?;
    Ok(due.len())
}

async fn fire(parts: &Parts, timer: &Timer) -> Result<(), submit::Error> {
    let mut tx = parts.store.begin().await?;
    timers::fire(&mut tx, timer).await?;
    tx.commit().await?;
    Ok(())
}

async fn put_off(parts: &Parts, timer: &Timer, error: &submit::Error) -> Result<(), Error> {
    let text = chain(error);
    tracing::error!(instance.id = %timer.instance_id, error = text, "a timer cannot be fired and is put off");
    let mut tx = parts.store.begin().await?;
    timers::put_off(&mut tx, timer, &text).await?;
    tx.commit().await
}
