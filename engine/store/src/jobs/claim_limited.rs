//! Taking jobs of a queue that has limits: those whose key has a free slot and whose provider may be called, in order,
//! passing over the others.
//!
//! Whoever passes over counts afresh each time, so nothing waits behind a job that cannot run, and a slot comes back by
//! itself when its job ends or its lease runs out: the slots are the running rows.

use std::collections::BTreeSet;

use sealflow_core::Timestamp;
use uuid::Uuid;

use super::{
    Claim, ClaimedJob, Kind, Limits,
    budgets::{Budgets, Full},
    claim::{Row, into_jobs},
};
use crate::{
    Error, Tx,
    db::{Commit, row::to_json},
};

const CANDIDATES_SQLITE: &str = include_str!("candidates.sqlite.sql");
const CANDIDATES_POSTGRES: &str = include_str!("candidates.postgres.sql");
const PICKED_SQLITE: &str = include_str!("claim_picked.sqlite.sql");
const PICKED_POSTGRES: &str = include_str!("claim_picked.postgres.sql");

/// How often the table is looked at again when jobs had to be passed over. Each look takes at least one job or finds a
/// key or provider used up, so those left over come with the next claims.
const LOOKS_MAX: u32 = 8;

/// What was chosen, and what is passed over.
#[derive(Debug, Default)]
struct Picking {
    ids: Vec<String>,
    full_keys: BTreeSet<String>,
    kinds_passed: BTreeSet<Kind>,
}

impl Picking {
    fn pass_over(&mut self, full: Full, key: Option<String>) {
        match full {
            Full::Key => self.full_keys.extend(key),
            Full::Provider(provider) => {
                let kinds = Kind::ALL.iter().copied().filter(|kind| kind.provider() == Some(provider));
                self.kinds_passed.extend(kinds);
            }
        }
    }
}

/// Takes up to `slots` jobs that are due and within the limits.
pub(super) async fn claim(
    tx: &mut Tx,
    limits: &Limits,
    claim: &Claim<'_>,
    now: Timestamp,
) -> Result<Vec<ClaimedJob>, Error> {
    let mut budgets = Budgets::lock(tx, limits, claim.queue, claim.slots, now).await?;
    let now = budgets.now();
    let mut picking = Picking::default();
    let slots_max = claim.queue.kinds().filter_map(|kind| limits.of_key(kind)).max();
    if let Some(slots_max) = slots_max {
        picking.full_keys = budgets.keys_with(slots_max);
    }
    for provider in budgets.used_up() {
        picking.pass_over(Full::Provider(provider), None);
    }
    for _ in 0..LOOKS_MAX {
        if budgets.free() == 0 || !look(tx, limits, claim, now, &mut budgets, &mut picking).await? {
            break;
        }
    }
    let claimed = take(tx, claim, now, &picking.ids).await?;
    if let Some(after_ms) = budgets.keep(tx).await? {
        tx.store().wake_after(claim.queue, after_ms);
    }
    Ok(claimed)
}

/// Picks of the next candidates; tells whether there may be more.
async fn look(
    tx: &mut Tx,
    limits: &Limits,
    claim: &Claim<'_>,
    now: Timestamp,
    budgets: &mut Budgets,
    picking: &mut Picking,
) -> Result<bool, Error> {
    let wanted = i64::from(budgets.free());
    let statement = tx.store().dialect().pick(CANDIDATES_SQLITE, CANDIDATES_POSTGRES);
    let candidates: Vec<(String, String, Option<String>)> = sqlx::query_as(statement)
        .bind(claim.queue.as_str())
        .bind(now.as_ms())
        .bind(to_json("kinds", &picking.kinds_passed)?)
        .bind(to_json("keys", &picking.full_keys)?)
        .bind(to_json("job ids", &picking.ids)?)
        .bind(wanted)
        .fetch_all(tx.conn())
        .await?;
    let more = candidates.len() as i64 == wanted;
    for (id, kind, key) in candidates {
        match budgets.take(limits, kind.parse().ok(), key.as_deref()) {
            Ok(()) => picking.ids.push(id),
            Err(full) => picking.pass_over(full, key),
        }
    }
    Ok(more)
}

async fn take(
    tx: &mut Tx,
    claim: &Claim<'_>,
    now: Timestamp,
    ids: &[String],
) -> Result<Vec<ClaimedJob>, Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let token = Uuid::new_v4().simple().to_string();
    let rows: Vec<Row> = sqlx::query_as(tx.store().dialect().pick(PICKED_SQLITE, PICKED_POSTGRES))
        .bind(to_json("job ids", ids)?)
        .bind(&token)
        .bind(now.plus_ms(claim.lease_ms).as_ms())
        .bind(claim.worker)
        .fetch_all(tx.conn())
        .await?;
    tx.label(Commit::Claim);
    into_jobs(rows, &token)
}
