//! What holds jobs back: slots over all processes, and how often providers may be called.

use axum::{Json, extract::State, http::StatusCode};
use garde::Validate;
use sealflow_core::Timestamp;
use sealflow_store::jobs::{
    self, Kind, Provider as StoreProvider, ProviderStats, Queue, Rate, Scope, SetBy, SlotLimit,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::queues::note_with;
use crate::{
    App,
    auth::Ops,
    error::Error,
    extract::{At, Body},
    problem::Code,
};

/// The limits that hold.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct JobLimits {
    /// Slots that were given; a queue that is not here has no limit over all processes.
    slots: Vec<Slots>,
    /// Every provider.
    providers: Vec<Provider>,
}

/// How many jobs run at a time over all processes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Slots {
    /// For all jobs of this queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "pdf")]
    queue: Option<String>,
    /// For jobs of this kind that belong together.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "stamp_signature")]
    kind: Option<String>,
    /// So many.
    max: u32,
    /// Set here, so that the settings do not change it.
    by_person: bool,
}

impl From<SlotLimit> for Slots {
    fn from(limit: SlotLimit) -> Self {
        Self {
            queue: limit.queue.map(|queue| queue.as_str().to_owned()),
            kind: limit.kind.map(|kind| kind.as_str().to_owned()),
            max: limit.max,
            by_person: limit.by_person,
        }
    }
}

/// A provider at a glance.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Provider {
    /// Its name.
    #[schema(example = "sms")]
    provider: String,
    /// At most so many calls in a period; without it, any number.
    #[serde(skip_serializing_if = "Option::is_none")]
    max: Option<u32>,
    /// How long a period is, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    period_ms: Option<i64>,
    /// Set here, so that the settings do not change it.
    by_person: bool,
    /// Calls in the last period.
    calls: u32,
    /// It asked for a rest until then.
    #[serde(skip_serializing_if = "Option::is_none")]
    blocked_until_ms: Option<i64>,
    /// Due jobs that wait only because it may not be called now.
    waiting: u64,
}

impl From<ProviderStats> for Provider {
    fn from(stats: ProviderStats) -> Self {
        Self {
            provider: stats.provider.as_str().to_owned(),
            max: stats.rate.map(|rate| rate.max),
            period_ms: stats.rate.map(|rate| rate.period_ms),
            by_person: stats.by_person,
            calls: stats.calls,
            blocked_until_ms: stats.blocked_until.map(Timestamp::as_ms),
            waiting: stats.waiting,
        }
    }
}

/// A number of slots.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct SlotsInput {
    /// How many jobs run at a time; null: what the settings say, at their next start.
    #[garde(range(min = 1, max = 100_000))]
    #[schema(minimum = 1, maximum = 100_000)]
    max: Option<u32>,
}

/// How often a provider may be called.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct RateInput {
    /// At most so many calls in a period; null: any number.
    #[garde(range(min = 1, max = 1_000_000))]
    #[schema(minimum = 1, maximum = 1_000_000)]
    max: Option<u32>,
    /// How long a period is, in milliseconds, up to a day.
    #[garde(range(min = 1, max = 86_400_000))]
    #[schema(minimum = 1, maximum = 86_400_000, default = 1000)]
    period_ms: Option<i64>,
}

/// Shows the limits.
#[utoipa::path(
    get, path = "/api/ops/limits", tag = "ops", security(("session" = [])),
    responses((status = OK, body = JobLimits))
)]
pub(super) async fn list_limits(State(app): State<App>, _: Ops) -> Result<Json<JobLimits>, Error> {
    let mut reader = app.store.read().await?;
    let now = app.store.now(&mut reader).await?;
    let slots = jobs::slot_limits(&mut reader).await?.into_iter().map(Slots::from).collect();
    let providers = jobs::provider_stats(&mut reader, now).await?.into_iter().map(Provider::from).collect();
    Ok(Json(JobLimits { slots, providers }))
}

/// Sets how many jobs of a queue run at a time, over all processes.
#[utoipa::path(
    put, path = "/api/ops/limits/queues/{queue}", tag = "ops", security(("session" = [])),
    params(("queue" = String, Path, example = "pdf")), request_body = SlotsInput,
    responses((status = NO_CONTENT))
)]
pub(super) async fn set_queue_slots(
    State(app): State<App>,
    ops: Ops,
    At(queue): At<String>,
    Body(input): Body<SlotsInput>,
) -> Result<StatusCode, Error> {
    let queue: Queue = queue.parse().map_err(|_| Code::NotFound)?;
    set_slots(&app, &ops, Scope::Queue(queue), input.max).await
}

/// Sets how many jobs of a kind that belong together run at a time, over all processes.
#[utoipa::path(
    put, path = "/api/ops/limits/kinds/{kind}", tag = "ops", security(("session" = [])),
    params(("kind" = String, Path, example = "stamp_signature")), request_body = SlotsInput,
    responses((status = NO_CONTENT))
)]
pub(super) async fn set_kind_slots(
    State(app): State<App>,
    ops: Ops,
    At(kind): At<String>,
    Body(input): Body<SlotsInput>,
) -> Result<StatusCode, Error> {
    let kind: Kind = kind.parse().map_err(|_| Code::NotFound)?;
    if kind.traits().concurrency.is_none() {
        return Err(Code::NotFound.into());
    }
    set_slots(&app, &ops, Scope::Kind(kind), input.max).await
}

async fn set_slots(app: &App, ops: &Ops, scope: Scope, max: Option<u32>) -> Result<StatusCode, Error> {
    let mut tx = app.store.begin().await?;
    jobs::set_slots(&mut tx, scope, max, SetBy::Person).await?;
    let detail = json!({"max": max});
    note_with(&mut tx, ops.person_id, "limit.slots", ("limit", &scope.to_string()), detail).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sets how often a provider may be called, over all processes.
#[utoipa::path(
    put, path = "/api/ops/limits/providers/{provider}", tag = "ops", security(("session" = [])),
    params(("provider" = String, Path, example = "sms")), request_body = RateInput,
    responses((status = NO_CONTENT))
)]
pub(super) async fn set_provider_rate(
    State(app): State<App>,
    ops: Ops,
    At(provider): At<String>,
    Body(input): Body<RateInput>,
) -> Result<StatusCode, Error> {
    let provider: StoreProvider = provider.parse().map_err(|_| Code::NotFound)?;
    let rate = input.max.map(|max| Rate { max, period_ms: input.period_ms.unwrap_or(1_000) });
    let mut tx = app.store.begin().await?;
    jobs::set_rate(&mut tx, provider, rate, SetBy::Person).await?;
    let detail = json!({"max": input.max, "period_ms": rate.map(|rate| rate.period_ms)});
    note_with(&mut tx, ops.person_id, "limit.rate", ("provider", provider.as_str()), detail).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
