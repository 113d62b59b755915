//! What a step asks for, written in its transaction.

use sealflow_core::{Effect, State, Timestamp, ids::InstanceId};
use serde::{Deserialize, Serialize};

use crate::{Error, Tx, incidents, jobs, tasks, timers};

/// What a step asked for, by key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Jobs inserted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub started_jobs: Vec<String>,
    /// Jobs no longer wanted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cancelled_jobs: Vec<String>,
    /// Timers set or moved.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub set_timers: Vec<String>,
    /// Timers dropped.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cancelled_timers: Vec<String>,
    /// Tasks opened.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub opened_tasks: Vec<String>,
    /// Tasks closed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub closed_tasks: Vec<String>,
    /// Incidents opened.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub opened_incidents: Vec<String>,
    /// Incidents closed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub closed_incidents: Vec<String>,
    /// How the instance ended, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
}

impl Summary {
    pub(super) fn of(effects: &[Effect]) -> Self {
        let mut summary = Self::default();
        for effect in effects {
            match effect {
                Effect::StartJob(job) => summary.started_jobs.push(job.key.clone()),
                Effect::CancelJob { key } => summary.cancelled_jobs.push(key.clone()),
                Effect::SetTimer(timer) => summary.set_timers.push(timer.key.clone()),
                Effect::CancelTimer { key } => summary.cancelled_timers.push(key.clone()),
                Effect::OpenTask(task) => summary.opened_tasks.push(task.key.clone()),
                Effect::CloseTask { key } => summary.closed_tasks.push(key.clone()),
                Effect::OpenIncident(incident) => summary.opened_incidents.push(incident.key.clone()),
                Effect::CloseIncident { key } => summary.closed_incidents.push(key.clone()),
                Effect::Finish { outcome } => summary.outcome = Some(outcome.clone()),
            }
        }
        summary
    }
}

/// Writes them, in order.
pub(super) async fn apply(
    tx: &mut Tx,
    instance_id: InstanceId,
    state: &State,
    at: Timestamp,
    effects: &[Effect],
) -> Result<(), Error> {
    for effect in effects {
        match effect {
            Effect::StartJob(job) => {
                let awaited = state.waiting_jobs().any(|(key, _)| key == job.key);
                jobs::insert_request(tx, instance_id, job, awaited).await?;
            }
            Effect::CancelJob { key } => jobs::cancel(tx, instance_id, key).await?,
            Effect::SetTimer(timer) => timers::set(tx, instance_id, timer).await?,
            Effect::CancelTimer { key } => timers::cancel(tx, instance_id, key).await?,
            Effect::OpenTask(task) => tasks::open(tx, instance_id, task, at).await?,
            Effect::CloseTask { key } => tasks::close(tx, instance_id, key).await?,
            Effect::OpenIncident(incident) => incidents::open(tx, instance_id, incident, at).await?,
            Effect::CloseIncident { key } => incidents::close(tx, instance_id, key).await?,
            // The instance's row tells it; what it still waited for is dropped by effects of its own.
            Effect::Finish { .. } => {}
        }
    }
    Ok(())
}
