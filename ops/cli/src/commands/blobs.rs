//! `sealflow blobs sweep`: what the nightly chore does, at once and in one go.

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use sealflow_store::blobs::{self, Limits, Pile, Sweeping, Swept};
use serde_json::json;

use crate::{cli::SweepBlobs, config::Config, platform};

/// It goes on by itself.
const NO_LIMITS: Limits = Limits { looked_at: u64::MAX, moved: u64::MAX, moved_bytes: u64::MAX };

/// Sweeps, or says what a sweep would do.
///
/// # Errors
/// A sentence that says what could not be done.
pub async fn sweep(args: &SweepBlobs) -> Result<ExitCode> {
    platform::log();
    let config = Config::load(args.settings.config.as_deref(), args.settings.data.as_deref(), &json!({}))?;
    let days = config.jobs.keep.retention()?.blobs_days;
    let store = platform::open_store(&config).await?;
    let now = store.now(&mut *store.read().await?).await?;
    let sweeping = Sweeping { before: now.minus_days(days), dry_run: args.dry_run };
    let swept = blobs::sweep(&store, 0, sweeping, NO_LIMITS).await;
    store.close().await;
    let (swept, _) = swept.context("sweeping the blobs")?;
    say!("{}", sentences(&swept, args.dry_run));
    Ok(ExitCode::SUCCESS)
}

fn sentences(swept: &Swept, dry_run: bool) -> String {
    let would = if dry_run { "would be " } else { "" };
    let Swept { looked_at, set_aside, put_back, deleted, unfinished } = swept;
    let line = |Pile { count, bytes }: &Pile, what: &str| format!("{count} ({bytes} bytes) {would}{what}");
    format!(
        "{looked_at} blobs were looked at.\n{}\n{}\n{}\n{}",
        line(set_aside, "set aside: no row refers to them"),
        line(put_back, "put back: a row refers to them after all"),
        line(deleted, "deleted: they were set aside long ago"),
        line(unfinished, "deleted: a process died while it wrote them"),
    )
}
