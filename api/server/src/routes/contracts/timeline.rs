//! What happened to a contract, in words for the parties: read from the instance's history, never kept beside it.

use sealflow_core::{Actor, Event, EventKind, ids::PersonId};
use sealflow_store::{
    contracts::Contract,
    instances::history::{Disposition, Entry},
    jobs::{JobSummary, State as JobState},
    recipients::Recipient,
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// Something that happened.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TimelineEntry {
    /// When.
    at_ms: i64,
    /// What.
    kind: TimelineKind,
    /// Who did it; empty for the platform.
    #[schema(example = "示例签署人")]
    actor: String,
    /// A reason, or whom it concerns.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "示例签署人")]
    detail: Option<String>,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TimelineKind {
    Created,
    Sent,
    /// The turn has come, and the message is on its way.
    Notified,
    /// The message was given up.
    NotNotified,
    AgreementAccepted,
    ReadingFinished,
    Confirmed,
    Signed,
    /// Nothing was put on the documents: the recipient confirms once more.
    NotSigned,
    Reminded,
    Declined,
    Withdrawn,
    Expired,
    Completed,
}

/// When the contract became completed.
pub(super) fn completed_at_ms(history: &[Entry]) -> Option<i64> {
    history.iter().find(|entry| entry.status == "completed").map(|entry| entry.event.at.as_ms())
}

/// The whole story.
pub(super) fn of(
    contract: &Contract,
    recipients: &[Recipient],
    history: &[Entry],
    jobs: &[JobSummary],
) -> Vec<TimelineEntry> {
    let names = Names { contract, recipients };
    let mut entries = vec![TimelineEntry {
        at_ms: contract.created_at_ms,
        kind: TimelineKind::Created,
        actor: contract.sender_name.clone(),
        detail: None,
    }];
    let mut status = "";
    for entry in history.iter().filter(|entry| entry.disposition == Disposition::Applied) {
        let at_ms = entry.event.at.as_ms();
        if let Some((kind, detail)) = names.told(&entry.event) {
            entries.push(TimelineEntry { at_ms, kind, actor: names.actor(&entry.event.actor), detail });
        }
        let turned = match entry.status.as_str() {
            now if now == status => None,
            "completed" => Some(TimelineKind::Completed),
            "expired" => Some(TimelineKind::Expired),
            _ => None,
        };
        entries.extend(turned.map(|kind| by_platform(at_ms, kind, None)));
        let told = entry.effects.started_jobs.iter().filter_map(|key| names.notified(key));
        entries.extend(told.map(|name| by_platform(at_ms, TimelineKind::Notified, Some(name))));
        status = &entry.status;
    }
    for job in jobs.iter().filter(|job| job.state == JobState::Dead) {
        let key = job.key.split_once('/').map_or("", |(_, key)| key);
        let at_ms = job.finished_at.map_or(0, sealflow_core::Timestamp::as_ms);
        let name = names.notified(key);
        entries.extend(name.map(|name| by_platform(at_ms, TimelineKind::NotNotified, Some(name))));
    }
    entries.sort_by_key(|entry| entry.at_ms);
    entries
}

fn by_platform(at_ms: i64, kind: TimelineKind, detail: Option<String>) -> TimelineEntry {
    TimelineEntry { at_ms, kind, actor: String::new(), detail }
}

struct Names<'a> {
    contract: &'a Contract,
    recipients: &'a [Recipient],
}

impl Names<'_> {
    fn person(&self, id: PersonId) -> String {
        if self.contract.sender_id == id {
            return self.contract.sender_name.clone();
        }
        let found = self.recipients.iter().find(|recipient| recipient.person_id == Some(id));
        found.map(|recipient| recipient.name.clone()).unwrap_or_default()
    }

    fn actor(&self, actor: &Actor) -> String {
        match actor {
            Actor::Person { id, .. } => self.person(*id),
            // Who runs the platform is not named to the parties.
            Actor::System | Actor::Clock | Actor::Worker | Actor::Operator { .. } => String::new(),
        }
    }

    fn recipient(&self, id: &str) -> Option<String> {
        let found = self.recipients.iter().find(|recipient| recipient.id.to_string() == id);
        found.map(|recipient| recipient.name.clone())
    }

    /// Whom the job with this key asks to sign.
    fn notified(&self, key: &str) -> Option<String> {
        self.recipient(key.strip_prefix("notify/")?)
    }

    fn told(&self, event: &Event) -> Option<(TimelineKind, Option<String>)> {
        match &event.kind {
            EventKind::Started => Some((TimelineKind::Sent, None)),
            EventKind::Action { name, item, data } => {
                let reason = data.get("reason").and_then(Value::as_str).map(str::to_owned);
                Some(match name.as_str() {
                    "accept" => (TimelineKind::AgreementAccepted, None),
                    "finish_reading" => (TimelineKind::ReadingFinished, None),
                    "confirm" => (TimelineKind::Confirmed, None),
                    "decline" => (TimelineKind::Declined, reason),
                    "withdraw" => (TimelineKind::Withdrawn, reason),
                    "remind" => (TimelineKind::Reminded, self.recipient(item.as_deref()?)),
                    _ => return None,
                })
            }
            EventKind::JobResult { key, outcome, .. } => {
                let mut parts = key.split('/');
                let (job, recipient) = (parts.next()?, parts.next()?);
                let kind = match (job, outcome.as_str()) {
                    ("stamp", "stamped") => TimelineKind::Signed,
                    ("stamp", _) => TimelineKind::NotSigned,
                    _ => return None,
                };
                Some((kind, self.recipient(recipient)))
            }
            EventKind::TimerFired { .. } | EventKind::Migrated { .. } => None,
        }
    }
}
