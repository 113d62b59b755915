//! What the clock starts: when it last did, when it will, and starting it by hand.

use axum::{Json, extract::State, http::StatusCode};
use sealflow_core::Timestamp;
use sealflow_store::schedules::{self, Schedule as StoreSchedule};
use serde::Serialize;
use utoipa::ToSchema;

use super::queues::note;
use crate::{App, auth::Ops, error::Error, extract::At, problem::Code};

/// A schedule at a glance.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Schedule {
    /// Its name.
    #[schema(example = "forget_jobs")]
    name: String,
    /// When, as a cron expression with seconds.
    #[schema(example = "0 20 3 * * *")]
    expression: String,
    /// Whose clock it is.
    #[schema(example = "Asia/Shanghai")]
    time_zone: String,
    /// What happens with missed ticks: `skip`, `once`, or `all/<n>`.
    catch_up: String,
    /// The kind of its jobs.
    kind: String,
    /// No ticks are taken.
    paused: bool,
    /// The planned time of the last tick that was taken, or when it was first seen.
    last_tick_at_ms: i64,
    /// The planned time of the next tick.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_tick_at_ms: Option<i64>,
}

impl From<StoreSchedule> for Schedule {
    fn from(schedule: StoreSchedule) -> Self {
        Self {
            name: schedule.name,
            expression: schedule.expression,
            time_zone: schedule.time_zone,
            catch_up: schedule.catch_up,
            kind: schedule.kind,
            paused: schedule.paused,
            last_tick_at_ms: schedule.last_tick_at.as_ms(),
            next_tick_at_ms: schedule.next_tick_at.map(Timestamp::as_ms),
        }
    }
}

/// Lists the schedules.
#[utoipa::path(
    get, path = "/api/ops/schedules", tag = "ops", security(("session" = [])),
    responses((status = OK, body = [Schedule]))
)]
pub(super) async fn list_schedules(State(app): State<App>, _: Ops) -> Result<Json<Vec<Schedule>>, Error> {
    let mut reader = app.store.read().await?;
    let all = schedules::list(&mut reader).await?;
    Ok(Json(all.into_iter().map(Schedule::from).collect()))
}

/// Starts a schedule's job now, beside its ticks.
#[utoipa::path(
    post, path = "/api/ops/schedules/{schedule}/run", tag = "ops", security(("session" = [])),
    params(("schedule" = String, Path, example = "forget_jobs")), responses((status = NO_CONTENT))
)]
pub(super) async fn run_schedule(
    State(app): State<App>,
    ops: Ops,
    At(name): At<String>,
) -> Result<StatusCode, Error> {
    let mut tx = app.store.begin().await?;
    if schedules::run_now(&mut tx, &name).await?.is_none() {
        return Err(Code::NotFound.into());
    }
    note(&mut tx, ops.person_id, "schedule.run", "schedule", &name).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes no more ticks of a schedule.
#[utoipa::path(
    post, path = "/api/ops/schedules/{schedule}/pause", tag = "ops", security(("session" = [])),
    params(("schedule" = String, Path, example = "forget_jobs")), responses((status = NO_CONTENT))
)]
pub(super) async fn pause_schedule(
    State(app): State<App>,
    ops: Ops,
    At(name): At<String>,
) -> Result<StatusCode, Error> {
    set_paused(&app, &ops, &name, true).await
}

/// Takes a schedule's ticks again; those of the pause are not made up for.
#[utoipa::path(
    post, path = "/api/ops/schedules/{schedule}/resume", tag = "ops", security(("session" = [])),
    params(("schedule" = String, Path, example = "forget_jobs")), responses((status = NO_CONTENT))
)]
pub(super) async fn resume_schedule(
    State(app): State<App>,
    ops: Ops,
    At(name): At<String>,
) -> Result<StatusCode, Error> {
    set_paused(&app, &ops, &name, false).await
}

async fn set_paused(app: &App, ops: &Ops, name: &str, paused: bool) -> Result<StatusCode, Error> {
    let mut tx = app.store.begin().await?;
    if !schedules::set_paused(&mut tx, name, paused).await? {
        return Err(Code::NotFound.into());
    }
    let action = if paused { "schedule.pause" } else { "schedule.resume" };
    note(&mut tx, ops.person_id, action, "schedule", name).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
