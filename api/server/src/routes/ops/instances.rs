//! Instances as operators see them: where each stands and how it got there. What people entered stays hidden.

use axum::{Json, extract::State};
use garde::Validate;
use sealflow_core::{Actor, EventKind, State as InstanceState, ids::InstanceId};
use sealflow_store::{
    contracts, definitions,
    instances::{self, Filter, Instance, history::Entry},
    jobs, refusals,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::jobs::Job;
use crate::{
    App,
    auth::Ops,
    error::Error,
    extract::{At, Search},
    problem::Code,
};

/// Which instances.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct InstanceSearch {
    /// Only with this status.
    #[garde(length(max = 64))]
    status: Option<String>,
    /// The id of an instance, or of the contract that it drives.
    #[garde(length(max = 64))]
    query: Option<String>,
    /// From 1.
    #[garde(range(min = 1, max = 100_000))]
    #[param(default = 1, minimum = 1)]
    page: Option<u32>,
    /// How many on a page.
    #[garde(range(min = 1, max = 100))]
    #[param(default = 20, minimum = 1, maximum = 100)]
    page_size: Option<u32>,
}

/// A page of instances, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct InstanceList {
    /// The page's instances.
    items: Vec<InstanceSummary>,
    /// How many there are on all pages.
    total: u64,
}

/// An instance in the list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct InstanceSummary {
    /// Its id.
    #[schema(value_type = String, format = "uuid")]
    id: InstanceId,
    /// What it runs.
    definition: DefinitionName,
    /// The state's public name.
    #[schema(example = "in_progress")]
    status: String,
    /// The contract that it drives.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid")]
    contract_id: Option<String>,
    /// When it was started.
    created_at_ms: i64,
    /// When its last event was.
    updated_at_ms: i64,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    finished_at_ms: Option<i64>,
}

/// A definition by its names.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DefinitionName {
    /// Its name.
    #[schema(example = "supplier_purchase")]
    name: String,
    /// Its version.
    version: u64,
    /// SHA-256 of its content.
    hash: String,
}

/// An instance in full.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct InstanceDetail {
    /// Its id.
    #[schema(value_type = String, format = "uuid")]
    id: InstanceId,
    /// What it runs.
    definition: DefinitionName,
    /// The state's public name.
    #[schema(example = "in_progress")]
    status: String,
    /// Where it is: names of states from the top.
    #[schema(example = "open/signing")]
    state: String,
    /// The contract that it drives.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid")]
    contract_id: Option<String>,
    /// What happened, in order.
    history: Vec<HistoryEntry>,
    /// The timers that are set.
    timers: Vec<Timer>,
    /// What people have to do.
    tasks: Vec<Task>,
    /// All jobs that it asked for.
    jobs: Vec<Job>,
    /// What was refused lately, the last first.
    refusals: Vec<Refusal>,
}

/// An event that was refused, once or several times. It changed nothing.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Refusal {
    /// `action`, `job_result`, `timer_fired` or `migrated`.
    #[schema(example = "action")]
    kind: String,
    /// The action, the outcome or the timer's key.
    #[schema(example = "confirm")]
    name: String,
    /// `system`, `clock`, `worker`, or a person's id.
    actor: String,
    /// The rule's code.
    #[schema(example = "wrong_person")]
    rule: String,
    /// The rule in words.
    detail: String,
    /// How often.
    times: u64,
    /// When last.
    last_at_ms: i64,
}

impl From<refusals::Refusal> for Refusal {
    fn from(refusal: refusals::Refusal) -> Self {
        Self {
            kind: refusal.event_kind,
            name: refusal.name,
            actor: refusal.actor,
            rule: refusal.rule,
            detail: refusal.detail,
            times: refusal.times,
            last_at_ms: refusal.last_at.as_ms(),
        }
    }
}

/// An event.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HistoryEntry {
    /// From 1.
    seq: u64,
    /// When.
    at_ms: i64,
    /// `system`, `clock`, `worker`, or a person's id.
    #[schema(example = "worker")]
    actor: String,
    /// `started`, `action`, `job_result`, `timer_fired`.
    #[schema(example = "job_result")]
    kind: String,
    /// The action, the job's key or the timer's key.
    #[schema(example = "prepare")]
    name: String,
    /// The recipient, the outcome or the generation; and whether it came too late.
    #[schema(example = "prepared")]
    detail: String,
}

/// A timer that is set.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Timer {
    /// Its key.
    key: String,
    /// When it is due.
    due_at_ms: i64,
}

/// Something that a person has to do.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Task {
    /// Its key.
    key: String,
    /// Which form.
    #[schema(example = "sign")]
    form: String,
    /// The person's id.
    #[schema(format = "uuid")]
    assignee: String,
    /// The recipient's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    item: Option<String>,
    /// Since when.
    since_at_ms: i64,
}

/// Lists instances.
#[utoipa::path(
    get, path = "/api/ops/instances", tag = "ops", security(("session" = [])), params(InstanceSearch),
    responses((status = OK, body = InstanceList))
)]
pub(super) async fn list_instances(
    State(app): State<App>,
    _: Ops,
    Search(search): Search<InstanceSearch>,
) -> Result<Json<InstanceList>, Error> {
    let given = |text: Option<String>| text.map(|it| it.trim().to_owned()).filter(|it| !it.is_empty());
    let filter = Filter { status: given(search.status), id: given(search.query) };
    let mut reader = app.store.read().await?;
    let (page, page_size) = (search.page.unwrap_or(1), search.page_size.unwrap_or(20));
    let found = instances::list(&mut reader, &filter, page, page_size).await?;
    let items = found.items.into_iter().map(InstanceSummary::from).collect();
    Ok(Json(InstanceList { items, total: found.total }))
}

impl From<instances::InstanceSummary> for InstanceSummary {
    fn from(summary: instances::InstanceSummary) -> Self {
        Self {
            id: summary.id,
            definition: DefinitionName {
                name: summary.definition_name,
                version: summary.definition_version,
                hash: summary.definition.0,
            },
            status: summary.status,
            contract_id: contract_id(summary.subject),
            created_at_ms: summary.created_at.as_ms(),
            updated_at_ms: summary.updated_at.as_ms(),
            finished_at_ms: summary.finished_at.map(sealflow_core::Timestamp::as_ms),
        }
    }
}

fn contract_id(subject: instances::Subject) -> Option<String> {
    (subject.kind == contracts::SUBJECT_KIND).then_some(subject.id)
}

/// Shows an instance in full.
#[utoipa::path(
    get, path = "/api/ops/instances/{instance_id}", tag = "ops", security(("session" = [])),
    params(("instance_id" = String, Path, format = "uuid")), responses((status = OK, body = InstanceDetail))
)]
pub(super) async fn get_instance(
    State(app): State<App>,
    _: Ops,
    At(instance_id): At<InstanceId>,
) -> Result<Json<InstanceDetail>, Error> {
    let mut reader = app.store.read().await?;
    let instance = instances::get(&mut reader, instance_id).await?.ok_or(Code::NotFound)?;
    let definition = definitions::read(&mut reader, &instance.definition).await?;
    let history =
        instances::history::list(&mut reader, instance_id, 0, instances::history::ENTRIES_MAX).await?;
    let jobs = jobs::of_instance(&mut reader, instance_id).await?;
    let refused = refusals::of_instance(&mut reader, instance_id).await?;
    let name = DefinitionName {
        name: definition.as_ref().map(|it| it.name().to_owned()).unwrap_or_default(),
        version: definition.as_ref().map_or(0, |it| u64::from(it.version())),
        hash: instance.definition.0.clone(),
    };
    Ok(Json(detail(instance, name, &history, jobs, refused)))
}

fn detail(
    instance: Instance,
    definition: DefinitionName,
    history: &[Entry],
    jobs: Vec<jobs::JobSummary>,
    refused: Vec<refusals::Refusal>,
) -> InstanceDetail {
    let contract_id = contract_id(instance.subject);
    let state = &instance.state;
    InstanceDetail {
        id: instance.id,
        definition,
        status: instance.status,
        state: state.at().to_string(),
        history: history.iter().map(HistoryEntry::from).collect(),
        timers: timers(state),
        tasks: tasks(state),
        jobs: jobs.into_iter().map(|job| Job::of(job, contract_id.clone())).collect(),
        refusals: refused.into_iter().map(Refusal::from).collect(),
        contract_id,
    }
}

fn timers(state: &InstanceState) -> Vec<Timer> {
    let timers = state.set_timers();
    timers.map(|(key, timer)| Timer { key: key.to_owned(), due_at_ms: timer.due_at.as_ms() }).collect()
}

fn tasks(state: &InstanceState) -> Vec<Task> {
    let tasks = state.open_tasks().map(|(key, task)| Task {
        key: key.to_owned(),
        form: task.form.clone(),
        assignee: task.assignee.to_string(),
        item: task.place.item.clone(),
        since_at_ms: task.since.as_ms(),
    });
    tasks.collect()
}

impl From<&Entry> for HistoryEntry {
    fn from(entry: &Entry) -> Self {
        let event = &entry.event;
        let actor = match &event.actor {
            Actor::System => "system".to_owned(),
            Actor::Clock => "clock".to_owned(),
            Actor::Worker => "worker".to_owned(),
            Actor::Person { id, .. } | Actor::Operator { id } => id.to_string(),
        };
        let (kind, name, detail) = match &event.kind {
            EventKind::Started => ("started", String::new(), String::new()),
            EventKind::Action { name, item, .. } => {
                ("action", name.clone(), item.clone().unwrap_or_default())
            }
            EventKind::JobResult { key, outcome, .. } => ("job_result", key.clone(), outcome.clone()),
            EventKind::TimerFired { key, generation } => ("timer_fired", key.clone(), generation.to_string()),
            EventKind::Migrated { to, .. } => ("migrated", String::new(), to.0.clone()),
        };
        let applied = entry.disposition == instances::history::Disposition::Applied;
        let detail = if applied { detail } else { format!("{detail} (ignored: too late)") };
        Self { seq: entry.seq, at_ms: event.at.as_ms(), actor, kind: kind.to_owned(), name, detail }
    }
}
