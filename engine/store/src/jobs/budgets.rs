//! What a claim may take of what is shared: slots of the queue, slots of concurrency keys, calls of providers. Read under
//! locks, so that two processes never count the same slot twice.

use std::collections::{BTreeMap, BTreeSet};

use sealflow_core::Timestamp;

use super::{Kind, Limits, Provider, Queue, Rate, window::Window};
use crate::{
    Dialect, Error, Tx,
    db::row::{from_json, parse, to_json, to_u64},
};

const RATES_SQLITE: &str = include_str!("rates.sqlite.sql");
const RATES_POSTGRES: &str = include_str!("rates.postgres.sql");
const RUNNING_BY_KEY: &str = include_str!("running_by_key.sql");

/// How often a provider may still be called.
#[derive(Debug)]
pub(super) struct Calls {
    rate: Option<Rate>,
    window: Window,
    blocked_until: Timestamp,
    taken: u32,
    free: u32,
}

/// Why a job is not taken now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Full {
    /// Its key's slots are taken.
    Key,
    /// Its provider may not be called.
    Provider(Provider),
}

/// What is left.
#[derive(Debug)]
pub(super) struct Budgets {
    /// Of the queue's slots, and of the hands that asked.
    free: u32,
    running_by_key: BTreeMap<String, u32>,
    calls: BTreeMap<Provider, Calls>,
    now: Timestamp,
}

#[derive(sqlx::FromRow)]
pub(super) struct RateRow {
    pub(super) provider: String,
    pub(super) max: Option<i64>,
    pub(super) period_ms: i64,
    pub(super) granted: String,
    pub(super) blocked_until_ms: i64,
}

impl RateRow {
    pub(super) fn rate(&self) -> Option<Rate> {
        let max = self.max?;
        Some(Rate { max: u32::try_from(max).unwrap_or(u32::MAX), period_ms: self.period_ms })
    }

    pub(super) fn calls(&self, now: Timestamp) -> Result<Calls, Error> {
        let rate = self.rate();
        let mut window: Window = from_json("the calls of a provider", &self.granted)?;
        if let Some(rate) = rate {
            window.move_to(now.as_ms(), rate);
        }
        let blocked_until = Timestamp(self.blocked_until_ms);
        let free = if blocked_until > now { 0 } else { rate.map_or(u32::MAX, |rate| window.free(rate)) };
        Ok(Calls { rate, window, blocked_until, taken: 0, free })
    }
}

impl Calls {
    /// Whether none is left.
    pub(super) fn is_used_up(&self) -> bool {
        self.free == 0
    }

    /// How many there were in the last period.
    pub(super) fn given(&self) -> u32 {
        self.window.given()
    }

    /// When there is one again; none: there is.
    fn free_at_ms(&self) -> Option<i64> {
        if self.free > 0 {
            return None;
        }
        let by_rate = self.rate.and_then(|rate| self.window.free_at_ms(rate)).unwrap_or(0);
        Some(by_rate.max(self.blocked_until.as_ms()))
    }
}

impl Budgets {
    /// Counts what is left for a queue, for this transaction alone. `now` is the caller's clock.
    pub(super) async fn lock(
        tx: &mut Tx,
        limits: &Limits,
        queue: Queue,
        hands: u32,
        now: Timestamp,
    ) -> Result<Self, Error> {
        lock_slots(tx, queue).await?;
        let rows = lock_rates(tx, &limits.providers(queue)).await?;
        let now = after_waiting(tx, now).await?;
        let mut calls = BTreeMap::new();
        for row in rows {
            calls.insert(parse("a provider", &row.provider)?, row.calls(now)?);
        }
        let free = match limits.of_queue(queue) {
            Some(max) => hands.min(max.saturating_sub(running(tx, queue).await?)),
            None => hands,
        };
        let running_by_key: Vec<(String, i64)> = if queue.kinds().any(|kind| limits.of_key(kind).is_some()) {
            sqlx::query_as(RUNNING_BY_KEY).fetch_all(tx.conn()).await?
        } else {
            Vec::new()
        };
        let count = |count| u32::try_from(count).unwrap_or(u32::MAX);
        let running_by_key = running_by_key.into_iter().map(|(key, running)| (key, count(running))).collect();
        Ok(Self { free, running_by_key, calls, now })
    }

    /// The time at which it was counted.
    pub(super) const fn now(&self) -> Timestamp {
        self.now
    }

    /// How many more jobs may be taken at all.
    pub(super) const fn free(&self) -> u32 {
        self.free
    }

    /// The keys of which this many run already.
    pub(super) fn keys_with(&self, slots: u32) -> BTreeSet<String> {
        let full = self.running_by_key.iter().filter(|(_, running)| **running >= slots);
        full.map(|(key, _)| key.clone()).collect()
    }

    /// The providers that may not be called.
    pub(super) fn used_up(&self) -> BTreeSet<Provider> {
        self.calls.iter().filter(|(_, calls)| calls.is_used_up()).map(|(provider, _)| *provider).collect()
    }

    /// Takes what a job of this kind and key needs, or nothing.
    pub(super) fn take(
        &mut self,
        limits: &Limits,
        kind: Option<Kind>,
        key: Option<&str>,
    ) -> Result<(), Full> {
        let slots = kind.and_then(|kind| limits.of_key(kind));
        if let (Some(slots), Some(key)) = (slots, key)
            && self.running_by_key.get(key).is_some_and(|running| *running >= slots)
        {
            return Err(Full::Key);
        }
        let provider = kind.and_then(Kind::provider);
        if let Some(provider) = provider
            && let Some(calls) = self.calls.get_mut(&provider)
        {
            if calls.is_used_up() {
                return Err(Full::Provider(provider));
            }
            calls.taken += 1;
            calls.free -= 1;
        }
        if let (Some(_), Some(key)) = (slots, key) {
            *self.running_by_key.entry(key.to_owned()).or_default() += 1;
        }
        self.free = self.free.saturating_sub(1);
        Ok(())
    }

    /// Keeps the calls that were taken. Tells when the next may be made, when a provider is used up.
    pub(super) async fn keep(mut self, tx: &mut Tx) -> Result<Option<i64>, Error> {
        let now_ms = self.now.as_ms();
        for (provider, calls) in &mut self.calls {
            let Some(rate) = calls.rate.filter(|_| calls.taken > 0) else { continue };
            calls.window.grant(now_ms, calls.taken, rate);
            sqlx::query("update rate_limits set granted = $2 where provider = $1")
                .bind(provider.as_str())
                .bind(to_json("the calls of a provider", &calls.window)?)
                .execute(tx.conn())
                .await?;
        }
        Ok(self.calls.values().filter_map(Calls::free_at_ms).min().map(|at_ms| (at_ms - now_ms).max(1)))
    }
}

/// Claims that count the same slots wait for each other. SQLite has one writer anyway.
async fn lock_slots(tx: &mut Tx, queue: Queue) -> Result<(), Error> {
    if tx.store().dialect() == Dialect::Sqlite {
        return Ok(());
    }
    // A key's slots may be shared with other queues. Always in the same order, so that nobody waits in a circle.
    let fields = queue.kinds().filter_map(|kind| kind.traits().concurrency).map(|slots| slots.field);
    let mut names: BTreeSet<String> = fields.map(|field| format!("sealflow/slots/{field}")).collect();
    names.insert(format!("sealflow/queue/{queue}"));
    let lock = "select pg_advisory_xact_lock(hashtextextended(name, 0)) from json_array_elements_text($1::json) as names(name)";
    sqlx::query(lock).bind(to_json("locks", &names)?).execute(tx.conn()).await?;
    Ok(())
}

/// The rows of these providers, which nobody else counts on until the commit.
pub(super) async fn lock_rates(tx: &mut Tx, providers: &BTreeSet<Provider>) -> Result<Vec<RateRow>, Error> {
    if providers.is_empty() {
        return Ok(Vec::new());
    }
    let statement = tx.store().dialect().pick(RATES_SQLITE, RATES_POSTGRES);
    let names = to_json("providers", providers)?;
    Ok(sqlx::query_as(statement).bind(names).fetch_all(tx.conn()).await?)
}

/// The transaction's time was read before it waited for the locks; what others granted meanwhile is younger.
async fn after_waiting(tx: &mut Tx, now: Timestamp) -> Result<Timestamp, Error> {
    if tx.store().dialect() == Dialect::Sqlite {
        return Ok(now);
    }
    let store = tx.store().clone();
    let begun = tx.now();
    let waited_ms = store.now(tx.conn()).await?.as_ms().saturating_sub(begun.as_ms());
    Ok(now.plus_ms(waited_ms))
}

async fn running(tx: &mut Tx, queue: Queue) -> Result<u32, Error> {
    let running: i64 = sqlx::query_scalar("select count(*) from jobs where state = 'running' and queue = $1")
        .bind(queue.as_str())
        .fetch_one(tx.conn())
        .await?;
    Ok(u32::try_from(to_u64("a count", running)?).unwrap_or(u32::MAX))
}
