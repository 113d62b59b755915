//! Queues at a glance, and stopping one when a vendor is ill.

use axum::{Json, extract::State, http::StatusCode};
use sealflow_core::ids::PersonId;
use sealflow_store::{
    Tx, audit,
    jobs::{self, Queue as StoreQueue, QueueStats},
};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::{App, auth::Ops, error::Error, extract::At, problem::Code};

/// A queue at a glance.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Queue {
    /// Its name.
    #[schema(example = "sms")]
    queue: String,
    /// No job is taken from it.
    paused: bool,
    /// Jobs that are due and wait.
    depth: u64,
    /// Jobs that wait for a later time.
    scheduled: u64,
    /// Jobs in a worker's hands.
    running: u64,
    /// Jobs that wait for a person.
    dead: u64,
    /// How long the oldest due job waits, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    oldest_age_ms: Option<i64>,
}

impl From<QueueStats> for Queue {
    fn from(stats: QueueStats) -> Self {
        Self {
            queue: stats.queue.as_str().to_owned(),
            paused: stats.paused,
            depth: stats.depth,
            scheduled: stats.scheduled,
            running: stats.running,
            dead: stats.dead,
            oldest_age_ms: stats.oldest_age_ms,
        }
    }
}

/// Lists the queues.
#[utoipa::path(
    get, path = "/api/ops/queues", tag = "ops", security(("session" = [])),
    responses((status = OK, body = [Queue]))
)]
pub(super) async fn list_queues(State(app): State<App>, _: Ops) -> Result<Json<Vec<Queue>>, Error> {
    let mut reader = app.store.read().await?;
    let now = app.store.now(&mut reader).await?;
    let stats = jobs::queue_stats(&mut reader, now).await?;
    Ok(Json(stats.into_iter().map(Queue::from).collect()))
}

/// Stops taking jobs from a queue; those that run are finished.
#[utoipa::path(
    post, path = "/api/ops/queues/{queue}/pause", tag = "ops", security(("session" = [])),
    params(("queue" = String, Path, example = "sms")), responses((status = NO_CONTENT))
)]
pub(super) async fn pause_queue(
    State(app): State<App>,
    ops: Ops,
    At(queue): At<String>,
) -> Result<StatusCode, Error> {
    let queue: StoreQueue = queue.parse().map_err(|_| Code::NotFound)?;
    let mut tx = app.store.begin().await?;
    jobs::pause(&mut tx, queue).await?;
    note(&mut tx, ops.person_id, "queue.pause", "queue", queue.as_str()).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes jobs from a queue again.
#[utoipa::path(
    post, path = "/api/ops/queues/{queue}/resume", tag = "ops", security(("session" = [])),
    params(("queue" = String, Path, example = "sms")), responses((status = NO_CONTENT))
)]
pub(super) async fn resume_queue(
    State(app): State<App>,
    ops: Ops,
    At(queue): At<String>,
) -> Result<StatusCode, Error> {
    let queue: StoreQueue = queue.parse().map_err(|_| Code::NotFound)?;
    let mut tx = app.store.begin().await?;
    jobs::resume(&mut tx, queue).await?;
    note(&mut tx, ops.person_id, "queue.resume", "queue", queue.as_str()).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Writes down what somebody in operations did.
pub(super) async fn note(
    tx: &mut Tx,
    person_id: PersonId,
    action: &str,
    target_kind: &str,
    target_id: &str,
) -> Result<(), Error> {
    note_with(tx, person_id, action, (target_kind, target_id), json!({})).await
}

/// The same, with what was set or why; no personal data.
pub(super) async fn note_with(
    tx: &mut Tx,
    person_id: PersonId,
    action: &str,
    (target_kind, target_id): (&str, &str),
    detail: Value,
) -> Result<(), Error> {
    let entry = audit::Entry {
        person_id: Some(person_id),
        action,
        target_kind,
        target_id: target_id.to_owned(),
        detail,
    };
    let now_ms = tx.now().as_ms();
    Ok(audit::append(tx.conn(), &entry, now_ms).await?)
}
