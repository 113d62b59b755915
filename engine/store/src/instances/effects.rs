//! What a step asked for, as the history keeps it.

use sealflow_core::Effect;
use serde::{Deserialize, Serialize};

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
