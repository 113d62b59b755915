//! `sealflow workflow migrate`: moves running instances to another version of their definition.

use std::{collections::BTreeMap, process::ExitCode};

use anyhow::{Context as _, Result, bail};
use sealflow_core::{
    Definition,
    ids::InstanceId,
    migrate::{Reason, StateMap},
};
use sealflow_store::{
    Store, definitions,
    instances::migrate::{Migrated, Run, migrate, running},
};
use serde_json::json;

use super::{diff::joined, source};
use crate::{cli::MigrateInstances, config::Config, platform};

/// How often a transaction that lost a race is tried.
const TRIES_MAX: usize = 5;

/// Moves them, each by itself; the exit status is 0 only when none stays behind.
pub(super) async fn run(args: &MigrateInstances) -> Result<ExitCode> {
    let map = source::map(args.map.as_deref())?;
    if args.from == args.to {
        bail!("--from and --to name the same version");
    }
    let config = Config::load(args.settings.config.as_deref(), args.settings.data.as_deref(), &json!({}))?;
    let store = platform::open_store(&config).await?;
    let done = all(args, &map, &store).await;
    store.close().await;
    let done = done?;
    let how = if args.dry_run { "would be moved" } else { "moved" };
    if args.json {
        say!("{}", json!({"dry_run": args.dry_run, "moved": done.moved, "not_moved": done.not_moved}));
    } else {
        say!("{} {how}, {} not", done.moved, done.not_moved);
        for (reason, count) in &done.reasons {
            say!("    {count} × {reason}");
        }
    }
    Ok(if done.not_moved == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[derive(Default)]
struct Done {
    moved: u64,
    not_moved: u64,
    /// How often each reason stood against it.
    reasons: BTreeMap<String, u64>,
}

async fn all(args: &MigrateInstances, map: &StateMap, store: &Store) -> Result<Done> {
    let find = async |version: u32| -> Result<Definition> {
        let mut conn = store.read().await?;
        definitions::of_version(&mut conn, &args.name, version)
            .await?
            .with_context(|| format!("version {version} of {} is not published", args.name))
    };
    // A typing error in the version is not the same as nothing to do.
    find(args.from).await?;
    let to = find(args.to).await?;
    let mode = if args.dry_run { Run::Dry } else { Run::Real };
    let mut done = Done::default();
    let mut after: Option<InstanceId> = None;
    loop {
        let ids = running(&mut *store.read().await?, &args.name, args.from, &to, after).await?;
        let Some(last) = ids.last() else { return Ok(done) };
        after = Some(*last);
        for id in ids {
            match one(store, id, &to, map, mode).await.with_context(|| format!("moving {id}"))? {
                Migrated::Moved => {
                    done.moved += 1;
                    tell(args, id, &[]);
                }
                Migrated::AlreadyThere => {}
                Migrated::Not(reasons) => {
                    done.not_moved += 1;
                    for reason in &reasons {
                        *done.reasons.entry(reason.message.clone()).or_default() += 1;
                    }
                    tell(args, id, &reasons);
                }
            }
        }
    }
}

fn tell(args: &MigrateInstances, id: InstanceId, reasons: &[Reason]) {
    if args.json {
        say!("{}", json!({"instance": id, "moved": reasons.is_empty(), "reasons": reasons}));
    } else if !reasons.is_empty() {
        say!("{id}: {}", joined(reasons));
    }
}

/// One instance in a transaction of its own.
async fn one(store: &Store, id: InstanceId, to: &Definition, map: &StateMap, mode: Run) -> Result<Migrated> {
    for attempt in 1.. {
        let mut tx = store.begin().await?;
        match migrate(&mut tx, id, to, map, mode).await {
            Ok(migrated) => {
                if mode == Run::Real && migrated == Migrated::Moved {
                    tx.commit().await?;
                } else {
                    tx.rollback().await?;
                }
                return Ok(migrated);
            }
            Err(error) if error.is_transient() && attempt < TRIES_MAX => {}
            Err(error) => return Err(error.into()),
        }
    }
    bail!("it was changed at the same time again and again")
}
