//! A provider that asks for a rest gets it, from all processes: its jobs wait, and no attempt is counted.

use std::collections::BTreeSet;

use sealflow_core::Timestamp;
use serde::Serialize;

use super::{
    AckError, Kind, Lease, Provider, Queue, Rate,
    ack::release,
    budgets::{RateRow, lock_rates},
    cache, limits,
};
use crate::{Conn, Error, Tx, db::row::to_u64};

/// The first rest when the provider did not say how long.
const REST_FIRST_MS: i64 = 1_000;
/// The longest rest, also when the provider asked for more: it is asked again then.
const REST_MAX_MS: i64 = 300_000;
/// A rest asked for within this time after the last one is a repetition: twice as long.
const REPEATED_WITHIN_MS: i64 = 60_000;

/// Gives a job back whose provider asked for a rest, and has the provider's other jobs wait as well. `rest_ms` is what
/// the provider said. Tells until when.
///
/// # Errors
/// When the lease is lost, or the database cannot be reached.
pub async fn throttled(
    tx: &mut Tx,
    lease: &Lease,
    provider: Provider,
    rest_ms: Option<i64>,
    reason: &str,
) -> Result<Timestamp, AckError> {
    let until = block(tx, provider, rest_ms).await?;
    release(tx, lease, until, 1, Some(reason)).await?;
    let rest_ms = until.as_ms().saturating_sub(tx.now().as_ms());
    for kind in Kind::ALL.iter().filter(|kind| kind.provider() == Some(provider)) {
        tx.store().wake_after(kind.queue(), rest_ms);
    }
    Ok(until)
}

async fn block(tx: &mut Tx, provider: Provider, rest_ms: Option<i64>) -> Result<Timestamp, Error> {
    let now = tx.now();
    sqlx::query(
        "insert into rate_limits (provider, max, period_ms, granted, blocked_until_ms, throttles, by_person, changed_at_ms) \
         values ($1, null, 1000, '[]', 0, 0, 0, $2) on conflict (provider) do nothing",
    )
    .bind(provider.as_str())
    .bind(now.as_ms())
    .execute(tx.conn())
    .await?;
    let row = lock_rates(tx, &BTreeSet::from([provider])).await?.pop();
    let blocked_until = Timestamp(row.map_or(0, |row| row.blocked_until_ms));
    let throttles: i64 = sqlx::query_scalar("select throttles from rate_limits where provider = $1")
        .bind(provider.as_str())
        .fetch_one(tx.conn())
        .await?;
    let (until, throttles) = rest(now, blocked_until, throttles, rest_ms);
    sqlx::query("update rate_limits set blocked_until_ms = $2, throttles = $3 where provider = $1")
        .bind(provider.as_str())
        .bind(until.as_ms())
        .bind(throttles)
        .execute(tx.conn())
        .await?;
    cache::change(tx);
    Ok(until)
}

/// Until when a provider rests, and how often in a row it asked.
fn rest(now: Timestamp, blocked_until: Timestamp, throttles: i64, asked_ms: Option<i64>) -> (Timestamp, i64) {
    // Calls that were under way when the first answer came say nothing new, but for a longer time.
    let blocked = blocked_until > now;
    let repeated = now.as_ms().saturating_sub(blocked_until.as_ms()) < REPEATED_WITHIN_MS;
    let throttles = match (blocked, repeated) {
        (true, _) => throttles.max(1),
        (false, true) => throttles.saturating_add(1),
        (false, false) => 1,
    };
    let grown_ms = REST_FIRST_MS << (throttles - 1).clamp(0, 20);
    let rest_ms = asked_ms.unwrap_or(if blocked { 0 } else { grown_ms }).clamp(0, REST_MAX_MS);
    (blocked_until.max(now.plus_ms(rest_ms)), throttles)
}

/// A provider at a glance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProviderStats {
    /// Which.
    pub provider: Provider,
    /// How often it may be called; none: as often as there are jobs.
    pub rate: Option<Rate>,
    /// A person set the rate at run time.
    pub by_person: bool,
    /// Calls in the last period.
    pub calls: u32,
    /// It asked for a rest until then.
    pub blocked_until: Option<Timestamp>,
    /// Due jobs that wait only because it may not be called now.
    pub waiting: u64,
}

/// Every provider, in a fixed order.
///
/// # Errors
/// When the database cannot be reached.
pub async fn provider_stats(conn: &mut Conn, now: Timestamp) -> Result<Vec<ProviderStats>, Error> {
    let rows: Vec<(String, Option<i64>, i64, String, i64, i64)> = sqlx::query_as(
        "select provider, max, period_ms, granted, blocked_until_ms, by_person from rate_limits",
    )
    .fetch_all(&mut *conn)
    .await?;
    let mut all = Vec::with_capacity(Provider::ALL.len());
    for provider in Provider::ALL.iter().copied() {
        let mut stats = ProviderStats {
            provider,
            rate: None,
            by_person: false,
            calls: 0,
            blocked_until: None,
            waiting: 0,
        };
        if let Some(row) = rows.iter().find(|row| row.0 == provider.as_str()) {
            let (name, max, period_ms, granted, blocked_until_ms, by_person) = row.clone();
            let row = RateRow { provider: name, max, period_ms, granted, blocked_until_ms };
            let calls = row.calls(now)?;
            stats.rate = row.rate();
            stats.by_person = by_person != 0;
            stats.calls = calls.given();
            stats.blocked_until = Some(Timestamp(row.blocked_until_ms)).filter(|until| *until > now);
            if calls.is_used_up() {
                stats.waiting = due(conn, provider, now).await?;
            }
        }
        all.push(stats);
    }
    Ok(all)
}

/// How many jobs that call this provider are due.
async fn due(conn: &mut Conn, provider: Provider, now: Timestamp) -> Result<u64, Error> {
    let mut waiting = 0;
    for kind in Kind::ALL.iter().filter(|kind| kind.provider() == Some(provider)) {
        let count: i64 = sqlx::query_scalar(
            "select count(*) from jobs where state = 'available' and queue = $1 and kind = $2 and run_at_ms <= $3",
        )
        .bind(kind.queue().as_str())
        .bind(kind.as_str())
        .bind(now.as_ms())
        .fetch_one(&mut *conn)
        .await?;
        waiting += to_u64("a count", count)?;
    }
    Ok(waiting)
}

/// A queue's or a kind's slots, as a row says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SlotLimit {
    /// The queue, for all of its jobs.
    pub queue: Option<Queue>,
    /// The kind, for its jobs of one concurrency key.
    pub kind: Option<Kind>,
    /// How many run at a time.
    pub max: u32,
    /// A person set it at run time.
    pub by_person: bool,
}

/// The slots that are limited by a row, in a fixed order.
///
/// # Errors
/// When the database cannot be reached.
pub async fn slot_limits(conn: &mut Conn) -> Result<Vec<SlotLimit>, Error> {
    let rows: Vec<(String, i64, i64)> =
        sqlx::query_as("select scope, max, by_person from concurrency_limits order by scope")
            .fetch_all(conn)
            .await?;
    let mut all = Vec::with_capacity(rows.len());
    for (scope, max, by_person) in rows {
        let (queue, kind) = match limits::Scope::of_text(&scope) {
            Some(limits::Scope::Queue(queue)) => (Some(queue), None),
            Some(limits::Scope::Kind(kind)) => (None, Some(kind)),
            // Another version's.
            None => continue,
        };
        let max = u32::try_from(to_u64("a limit", max)?).unwrap_or(u32::MAX);
        all.push(SlotLimit { queue, kind, max, by_person: by_person != 0 });
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_000_000);

    #[test]
    fn a_rest_is_what_was_asked_for_within_bounds() {
        assert_eq!(rest(NOW, Timestamp(0), 0, Some(7_000)), (NOW.plus_ms(7_000), 1));
        assert_eq!(rest(NOW, Timestamp(0), 0, Some(-5)), (NOW, 1));
        assert_eq!(rest(NOW, Timestamp(0), 9, Some(i64::MAX)), (NOW.plus_ms(REST_MAX_MS), 1));
    }

    #[test]
    fn rests_in_a_row_grow_and_calls_under_way_do_not_count() {
        let (until, throttles) = rest(NOW, Timestamp(0), 0, None);
        assert_eq!((until, throttles), (NOW.plus_ms(1_000), 1));
        assert_eq!(rest(NOW.plus_ms(10), until, throttles, None), (until, 1));
        assert_eq!(rest(NOW.plus_ms(10), until, throttles, Some(5_000)), (NOW.plus_ms(5_010), 1));
        let again = until.plus_ms(50);
        assert_eq!(rest(again, until, throttles, None), (again.plus_ms(2_000), 2));
        assert_eq!(rest(again, until, 40, None), (again.plus_ms(REST_MAX_MS), 41));
        let much_later = until.plus_ms(REPEATED_WITHIN_MS);
        assert_eq!(rest(much_later, until, 5, None), (much_later.plus_ms(1_000), 1));
    }
}
