//! What holds jobs back besides a pause: slots of a queue, slots of a concurrency key, and calls of a provider; all of
//! them over all processes.
//!
//! The limits are rows; what a process keeps of them is in `cache.rs`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use super::{Kind, Provider, Queue, Rate, cache};
use crate::{
    Conn, Error, Tx,
    db::row::{parse, to_u64},
};

/// What a number of slots is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// All running jobs of a queue.
    Queue(Queue),
    /// Running jobs of one concurrency key, as far as jobs of this kind are concerned.
    Kind(Kind),
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Queue(queue) => write!(f, "queue/{queue}"),
            Self::Kind(kind) => write!(f, "kind/{kind}"),
        }
    }
}

impl Scope {
    /// None: another version's.
    pub(super) fn of_text(text: &str) -> Option<Self> {
        match text.split_once('/')? {
            ("queue", queue) => queue.parse().ok().map(Self::Queue),
            ("kind", kind) => kind.parse().ok().map(Self::Kind),
            _ => None,
        }
    }
}

/// Who says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetBy {
    /// The settings, at each start. What a person said stays.
    Configuration,
    /// A person, at run time.
    Person,
}

/// The limits of the settings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConfiguredLimits {
    /// Slots.
    pub slots: BTreeMap<Scope, u32>,
    /// Calls.
    pub rates: BTreeMap<Provider, Rate>,
}

/// The limits that hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Limits {
    slots: BTreeMap<Scope, u32>,
    /// Those with a limit, or asked for a rest.
    providers: BTreeSet<Provider>,
}

impl Limits {
    /// Reads them.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn read(conn: &mut Conn) -> Result<Self, Error> {
        let slots: Vec<(String, i64)> =
            sqlx::query_as("select scope, max from concurrency_limits").fetch_all(&mut *conn).await?;
        let providers: Vec<String> =
            sqlx::query_scalar("select provider from rate_limits").fetch_all(&mut *conn).await?;
        let mut limits = Self::default();
        for (scope, max) in slots {
            let max = u32::try_from(to_u64("a limit", max)?).unwrap_or(u32::MAX);
            limits.slots.extend(Scope::of_text(&scope).map(|scope| (scope, max)));
        }
        limits.providers.extend(providers.iter().filter_map(|provider| provider.parse::<Provider>().ok()));
        Ok(limits)
    }

    /// How many jobs of a queue may run at a time; none: any number.
    #[must_use]
    pub fn of_queue(&self, queue: Queue) -> Option<u32> {
        self.slots.get(&Scope::Queue(queue)).copied()
    }

    /// How many jobs of one concurrency key may run when one of this kind is among them; none: any number.
    #[must_use]
    pub fn of_key(&self, kind: Kind) -> Option<u32> {
        let concurrency = kind.traits().concurrency?;
        Some(self.slots.get(&Scope::Kind(kind)).copied().unwrap_or(concurrency.max))
    }

    /// The providers of a queue's jobs whose calls are counted.
    pub(super) fn providers(&self, queue: Queue) -> BTreeSet<Provider> {
        queue
            .kinds()
            .filter_map(Kind::provider)
            .filter(|provider| self.providers.contains(provider))
            .collect()
    }

    /// Whether a job of this queue that ends may let another begin.
    pub(crate) fn has_slots(&self, queue: Queue) -> bool {
        self.of_queue(queue).is_some() || queue.kinds().any(|kind| self.of_key(kind).is_some())
    }

    /// Whether anything but its order and a pause holds the queue's jobs back.
    #[must_use]
    pub fn apply_to(&self, queue: Queue) -> bool {
        self.has_slots(queue) || !self.providers(queue).is_empty()
    }
}

/// Sets a number of slots; none: takes the limit away, until the settings give it again.
///
/// # Errors
/// When the database cannot be reached.
pub async fn set_slots(tx: &mut Tx, scope: Scope, max: Option<u32>, by: SetBy) -> Result<(), Error> {
    let now = tx.now();
    let by_person = i64::from(by == SetBy::Person);
    match max {
        Some(max) => {
            sqlx::query(
                "insert into concurrency_limits (scope, max, by_person, changed_at_ms) values ($1, $2, $3, $4) \
                 on conflict (scope) do update set max = excluded.max, by_person = excluded.by_person, \
                 changed_at_ms = excluded.changed_at_ms \
                 where concurrency_limits.by_person <= excluded.by_person",
            )
            .bind(scope.to_string())
            .bind(i64::from(max.max(1)))
            .bind(by_person)
            .bind(now.as_ms())
            .execute(tx.conn())
            .await?;
        }
        None => {
            sqlx::query("delete from concurrency_limits where scope = $1 and by_person <= $2")
                .bind(scope.to_string())
                .bind(by_person)
                .execute(tx.conn())
                .await?;
        }
    }
    cache::change(tx);
    if let Scope::Queue(queue) = scope {
        tx.wake(queue);
    }
    Ok(())
}

/// Sets how often a provider may be called; none: as often as there are jobs.
///
/// # Errors
/// When the database cannot be reached.
pub async fn set_rate(tx: &mut Tx, provider: Provider, rate: Option<Rate>, by: SetBy) -> Result<(), Error> {
    let now = tx.now();
    sqlx::query(
        "insert into rate_limits (provider, max, period_ms, granted, blocked_until_ms, throttles, by_person, changed_at_ms) \
         values ($1, $2, $3, '[]', 0, 0, $4, $5) \
         on conflict (provider) do update set max = excluded.max, period_ms = excluded.period_ms, \
         by_person = excluded.by_person, changed_at_ms = excluded.changed_at_ms \
         where rate_limits.by_person <= excluded.by_person",
    )
    .bind(provider.as_str())
    .bind(rate.map(|rate| i64::from(rate.max.max(1))))
    .bind(rate.map_or(1_000, |rate| rate.period_ms.max(1)))
    .bind(i64::from(by == SetBy::Person))
    .bind(now.as_ms())
    .execute(tx.conn())
    .await?;
    cache::change(tx);
    wake_callers(tx, provider);
    Ok(())
}

/// Wakes the queues whose jobs call this provider.
pub(super) fn wake_callers(tx: &mut Tx, provider: Provider) {
    for kind in Kind::ALL.iter().filter(|kind| kind.provider() == Some(provider)) {
        tx.wake(kind.queue());
    }
}

/// Brings the rows to what the settings say; what a person set at run time stays.
///
/// # Errors
/// When the database cannot be reached.
pub async fn apply_configured(tx: &mut Tx, configured: &ConfiguredLimits) -> Result<(), Error> {
    let rows: Vec<String> = sqlx::query_scalar("select scope from concurrency_limits where by_person = 0")
        .fetch_all(tx.conn())
        .await?;
    for scope in rows {
        let known = Scope::of_text(&scope);
        if known.is_none_or(|scope| !configured.slots.contains_key(&scope)) {
            sqlx::query("delete from concurrency_limits where scope = $1 and by_person = 0")
                .bind(scope)
                .execute(tx.conn())
                .await?;
        }
    }
    for (scope, max) in &configured.slots {
        set_slots(tx, *scope, Some(*max), SetBy::Configuration).await?;
    }
    let rows: Vec<String> = sqlx::query_scalar("select provider from rate_limits where by_person = 0")
        .fetch_all(tx.conn())
        .await?;
    for provider in rows {
        let provider: Provider = parse("a provider", &provider)?;
        if !configured.rates.contains_key(&provider) {
            set_rate(tx, provider, None, SetBy::Configuration).await?;
        }
    }
    for (provider, rate) in &configured.rates {
        set_rate(tx, *provider, Some(*rate), SetBy::Configuration).await?;
    }
    cache::change(tx);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_read_as_it_is_written() {
        for scope in [Scope::Queue(Queue::Pdf), Scope::Kind(Kind::StampSignature)] {
            assert_eq!(Scope::of_text(&scope.to_string()), Some(scope));
        }
        assert_eq!(Scope::of_text("queue/next_years"), None);
        assert_eq!(Scope::of_text("pdf"), None);
    }

    #[test]
    fn a_queue_without_limits_is_left_alone() {
        let mut limits = Limits::default();
        assert!(!limits.apply_to(Queue::Sms) && !limits.apply_to(Queue::Email));
        // Its kinds have slots of their own.
        assert!(limits.apply_to(Queue::Pdf) && limits.has_slots(Queue::Pdf));
        limits.providers.insert(Provider::Sms);
        assert!(
            limits.apply_to(Queue::Sms) && !limits.has_slots(Queue::Sms) && !limits.apply_to(Queue::Email)
        );
        limits.slots.insert(Scope::Queue(Queue::Email), 3);
        assert!(limits.has_slots(Queue::Email));
        assert_eq!((limits.of_queue(Queue::Email), limits.of_queue(Queue::Sms)), (Some(3), None));
        limits.slots.insert(Scope::Kind(Kind::StampSignature), 4);
        assert_eq!(limits.of_key(Kind::StampSignature), Some(4));
        assert_eq!(limits.of_key(Kind::SendSms), None);
    }
}
