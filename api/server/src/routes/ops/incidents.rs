//! What keeps instances from going on: incidents of their definitions, and dead jobs that they wait for. An operator
//! decides the first here; the second are retried as jobs.

use axum::{Json, extract::State, http::StatusCode};
use garde::Validate;
use sealflow_core::{
    Actor, EventKind,
    ids::{InstanceId, JobId},
    possible_actions,
};
use sealflow_store::{
    NewEvent, Reader, definitions,
    incidents::{self, Cause, Incident as Found},
    instances,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::queues::note;
use crate::{
    App,
    auth::{Ops, SignedIn},
    context::IdempotencyKey,
    error::Error,
    extract::{At, Body},
    problem::Code,
};

/// Everything that waits for an operator, the oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct IncidentList {
    /// At most 1,000.
    items: Vec<Incident>,
}

/// Something that waits for an operator.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Incident {
    /// The instance that it keeps.
    #[schema(value_type = String, format = "uuid")]
    instance_id: InstanceId,
    /// Its key in the instance, or the job's.
    key: String,
    /// `incident`: the definition came to a state that waits for an operator. `dead_job`: a job gave up.
    #[schema(example = "incident")]
    cause: String,
    /// The dead job, to retry it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = "uuid")]
    job_id: Option<JobId>,
    /// What is wrong.
    reason: String,
    /// The recipient's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    item: Option<String>,
    /// Since when.
    since_at_ms: i64,
    /// What can be done about an incident of the definition.
    #[schema(example = json!(["give_up", "retry"]))]
    actions: Vec<String>,
}

/// What is done about an incident.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct Decision {
    /// The incident's key.
    #[garde(length(min = 1, max = 300))]
    key: String,
    /// One of its actions.
    #[garde(length(min = 1, max = 64))]
    #[schema(example = "retry")]
    action: String,
}

/// Lists what waits for an operator.
#[utoipa::path(
    get, path = "/api/ops/incidents", tag = "ops", security(("session" = [])),
    responses((status = OK, body = IncidentList))
)]
pub(super) async fn list_incidents(State(app): State<App>, ops: Ops) -> Result<Json<IncidentList>, Error> {
    let mut reader = app.store.read().await?;
    let now = app.store.now(&mut reader).await?;
    let actor = Actor::Operator { id: ops.person_id };
    let mut items = Vec::new();
    for found in incidents::list(&mut reader).await? {
        let actions = match found.cause {
            Cause::State => actions(&mut reader, &found, &actor, now).await?,
            Cause::DeadJob(_) => Vec::new(),
        };
        items.push(Incident::of(found, actions));
    }
    Ok(Json(IncidentList { items }))
}

async fn actions(
    reader: &mut Reader,
    found: &Found,
    actor: &Actor,
    now: sealflow_core::Timestamp,
) -> Result<Vec<String>, Error> {
    let Some(instance) = instances::get(reader, found.instance_id).await? else { return Ok(Vec::new()) };
    let Some(definition) = definitions::read(reader, &instance.definition).await? else {
        return Ok(Vec::new());
    };
    Ok(possible_actions(&definition, &instance.state, actor, found.item.as_deref(), now))
}

impl Incident {
    fn of(found: Found, actions: Vec<String>) -> Self {
        let (cause, job_id) = match found.cause {
            Cause::State => ("incident", None),
            Cause::DeadJob(id) => ("dead_job", Some(id)),
        };
        Self {
            instance_id: found.instance_id,
            key: found.key,
            cause: cause.to_owned(),
            job_id,
            reason: found.reason,
            item: found.item,
            since_at_ms: found.since.as_ms(),
            actions,
        }
    }
}

/// Decides an incident of a definition: as an operator, who is asked nothing else.
#[utoipa::path(
    post, path = "/api/ops/instances/{instance_id}/incidents", tag = "ops", security(("session" = [])),
    params(
        ("instance_id" = String, Path, format = "uuid"),
        ("Idempotency-Key" = Option<String>, Header, description = "At most 64 characters; a repeat answers the same")
    ),
    request_body = Decision, responses((status = NO_CONTENT))
)]
pub(super) async fn decide_incident(
    State(app): State<App>,
    ops: Ops,
    signed_in: SignedIn,
    key: IdempotencyKey,
    At(instance_id): At<InstanceId>,
    Body(body): Body<Decision>,
) -> Result<StatusCode, Error> {
    let mut tx = app.store.begin().await?;
    let id = signed_in.event_id("decide", &key);
    let instance = instances::get(tx.conn(), instance_id).await?.ok_or(Code::NotFound)?;
    let repeated = instances::history::find(tx.conn(), instance_id, &id).await?;
    let place = instance.state.open_incidents().find(|(key, _)| *key == body.key);
    let item = match (&repeated, place) {
        (_, Some((_, incident))) => incident.place.item.clone(),
        // What it was about is over; the event's id finds what came of it then.
        (Some(entry), None) => match &entry.event.kind {
            EventKind::Action { item, .. } => item.clone(),
            _ => None,
        },
        (None, None) => return Err(Code::IncidentNotOpen.into()),
    };
    let event = NewEvent {
        id,
        actor: Actor::Operator { id: ops.person_id },
        kind: EventKind::Action { name: body.action, item, data: json!({}) },
    };
    let submitted = instances::submit(&mut tx, instance_id, event).await.map_err(Error::Decide)?;
    if !submitted.duplicate {
        note(&mut tx, ops.person_id, "incident.decide", "instance", &instance_id.to_string()).await?;
    }
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
