//! Jobs as operators see them; payloads stay hidden, they may hold personal data.

use axum::{Json, extract::State, http::StatusCode};
use garde::Validate;
use sealflow_core::ids::{InstanceId, JobId};
use sealflow_store::{
    Conn, contracts, instances,
    jobs::{self, DeadFilter, Filter, JobSummary},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use super::queues::{note, note_with};
use crate::{
    App,
    auth::Ops,
    error::Error,
    extract::{At, Body, Search, rules},
    problem::{Code, Refusal},
};

/// Which jobs.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct JobSearch {
    /// Only in this state: `available`, `running`, `done`, `dead`, `cancelled`.
    #[garde(length(max = 32))]
    state: Option<String>,
    /// Only of this queue.
    #[garde(length(max = 32))]
    queue: Option<String>,
    /// From 1.
    #[garde(range(min = 1, max = 100_000))]
    #[param(default = 1, minimum = 1)]
    page: Option<u32>,
    /// How many on a page.
    #[garde(range(min = 1, max = 100))]
    #[param(default = 20, minimum = 1, maximum = 100)]
    page_size: Option<u32>,
}

/// A page of jobs, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct JobList {
    /// The page's jobs.
    items: Vec<Job>,
    /// How many there are on all pages.
    total: u64,
}

/// A job.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Job {
    /// Its id.
    #[schema(value_type = String, format = "uuid")]
    id: JobId,
    /// Where it waits.
    #[schema(example = "sms")]
    queue: String,
    /// What it does.
    #[schema(example = "send_sms")]
    kind: String,
    /// Where it is in its life.
    #[schema(example = "dead")]
    state: String,
    /// How often it was taken.
    attempts: u32,
    /// After how many it is dead.
    max_attempts: u32,
    /// Not taken before.
    run_at_ms: i64,
    /// When it was asked for.
    created_at_ms: i64,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    finished_at_ms: Option<i64>,
    /// What went wrong last.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_error: Option<String>,
    /// The instance that asked for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = "uuid")]
    instance_id: Option<InstanceId>,
    /// The contract that the instance drives.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid")]
    contract_id: Option<String>,
}

impl Job {
    pub(super) fn of(job: JobSummary, contract_id: Option<String>) -> Self {
        Self {
            id: job.id,
            queue: job.queue.as_str().to_owned(),
            kind: job.kind,
            state: job.state.as_str().to_owned(),
            attempts: job.attempts,
            max_attempts: job.max_attempts,
            run_at_ms: job.run_at.as_ms(),
            created_at_ms: job.created_at.as_ms(),
            finished_at_ms: job.finished_at.map(sealflow_core::Timestamp::as_ms),
            last_error: job.last_error,
            instance_id: job.instance_id,
            contract_id,
        }
    }
}

/// Lists jobs.
#[utoipa::path(
    get, path = "/api/ops/jobs", tag = "ops", security(("session" = [])), params(JobSearch),
    responses((status = OK, body = JobList))
)]
pub(super) async fn list_jobs(
    State(app): State<App>,
    _: Ops,
    Search(search): Search<JobSearch>,
) -> Result<Json<JobList>, Error> {
    let filter = Filter {
        state: word(search.state.as_deref(), "state")?,
        queue: word(search.queue.as_deref(), "queue")?,
        instance_id: None,
    };
    let mut reader = app.store.read().await?;
    let (page, page_size) = (search.page.unwrap_or(1), search.page_size.unwrap_or(20));
    let found = jobs::list(&mut reader, &filter, page, page_size).await?;
    let mut items = Vec::with_capacity(found.items.len());
    for job in found.items {
        let contract_id = contract_of(&mut reader, job.instance_id).await?;
        items.push(Job::of(job, contract_id));
    }
    Ok(Json(JobList { items, total: found.total }))
}

fn word<T: std::str::FromStr>(text: Option<&str>, name: &str) -> Result<Option<T>, Error> {
    let parsed = text.map(str::parse).transpose();
    parsed.map_err(|_| Refusal::from(Code::InvalidFields).field(name, "unknown").into())
}

async fn contract_of(conn: &mut Conn, id: Option<InstanceId>) -> Result<Option<String>, Error> {
    let Some(id) = id else { return Ok(None) };
    let subject = instances::get(conn, id).await?.map(|instance| instance.subject);
    Ok(subject.filter(|subject| subject.kind == contracts::SUBJECT_KIND).map(|subject| subject.id))
}

/// Tries a dead job again, with all its attempts.
#[utoipa::path(
    post, path = "/api/ops/jobs/{job_id}/retry", tag = "ops", security(("session" = [])),
    params(("job_id" = String, Path, format = "uuid")), responses((status = NO_CONTENT))
)]
pub(super) async fn retry_job(
    State(app): State<App>,
    ops: Ops,
    At(job_id): At<JobId>,
) -> Result<StatusCode, Error> {
    let mut tx = app.store.begin().await?;
    jobs::retry_dead(&mut tx, job_id).await?;
    note(&mut tx, ops.person_id, "job.retry", "job", &job_id.to_string()).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Why a job is given up.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct DiscardReason {
    /// In the person's own words; kept in the audit log.
    #[garde(length(chars, min = 1, max = 200), custom(rules::plain_text))]
    #[schema(example = "已由人工处理", max_length = 200)]
    reason: String,
}

/// Gives a dead job up for good. One that a running instance waits for cannot be.
#[utoipa::path(
    post, path = "/api/ops/jobs/{job_id}/discard", tag = "ops", security(("session" = [])),
    params(("job_id" = String, Path, format = "uuid")), request_body = DiscardReason,
    responses((status = NO_CONTENT))
)]
pub(super) async fn discard_job(
    State(app): State<App>,
    ops: Ops,
    At(job_id): At<JobId>,
    Body(body): Body<DiscardReason>,
) -> Result<StatusCode, Error> {
    let mut tx = app.store.begin().await?;
    jobs::discard(&mut tx, job_id).await?;
    let detail = json!({"reason": body.reason.trim()});
    note_with(&mut tx, ops.person_id, "job.discard", ("job", &job_id.to_string()), detail).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Which dead jobs are tried again.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct DeadJobs {
    /// Only of this queue.
    #[garde(length(max = 32))]
    #[schema(example = "sms")]
    queue: Option<String>,
    /// Only of this kind.
    #[garde(length(max = 64))]
    #[schema(example = "send_sms")]
    kind: Option<String>,
}

/// How many jobs are tried again.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Retried {
    /// At most 1,000 at once; ask again for more.
    retried: u64,
}

/// Tries dead jobs again, the longest dead first.
#[utoipa::path(
    post, path = "/api/ops/dead-jobs/retry", tag = "ops", security(("session" = [])),
    request_body = DeadJobs, responses((status = OK, body = Retried))
)]
pub(super) async fn retry_dead_jobs(
    State(app): State<App>,
    ops: Ops,
    Body(body): Body<DeadJobs>,
) -> Result<Json<Retried>, Error> {
    let filter = DeadFilter {
        queue: word(body.queue.as_deref(), "queue")?,
        kind: word(body.kind.as_deref(), "kind")?,
    };
    let mut tx = app.store.begin().await?;
    let retried = jobs::retry_all_dead(&mut tx, filter).await?;
    let detail = json!({"queue": body.queue, "kind": body.kind, "retried": retried});
    note_with(&mut tx, ops.person_id, "job.retry_all", ("jobs", "dead"), detail).await?;
    tx.commit().await?;
    Ok(Json(Retried { retried }))
}
