//! A simulated path in words, or as JSON: what happened, what it went through, what it asked for, where it stands.

use sealflow_core::{
    Actor, Effect, EventKind,
    scenario::{Cast, shown},
    simulate::{Happening, Outcome, Pass},
};
use serde_json::{Value, json};

/// One line for the event, and one for each thing that came of it.
pub(super) fn words(happening: &Happening, cast: &Cast) -> String {
    let event = &happening.event;
    let mut lines = vec![format!("{}  {}", shown(event.at), what(&event.kind, &who(&event.actor)))];
    match &happening.outcome {
        Outcome::Repeated => lines.push("    came a second time: nothing changes".to_owned()),
        Outcome::Refused(rejection) => {
            lines.push(format!("    refused: {rejection} ({})", rejection.code()));
        }
        Outcome::Taken { passed, effects } => {
            let went: Vec<String> = passed.iter().map(through).collect();
            if !went.is_empty() {
                lines.push(format!("    went: {}", went.join(", ")));
            }
            lines.extend(effects.iter().map(|effect| format!("    {}", wants(effect))));
            lines.push(format!("    now {} in `{}`", happening.status, happening.at));
        }
    }
    cast.readable(&lines.join("\n"))
}

fn who(actor: &Actor) -> String {
    match actor {
        Actor::System => "the platform".to_owned(),
        Actor::Clock => "the clock".to_owned(),
        Actor::Worker => "a worker".to_owned(),
        Actor::Person { id, .. } => id.to_string(),
        Actor::Operator { id } => format!("the operator {id}"),
    }
}

fn what(kind: &EventKind, who: &str) -> String {
    match kind {
        EventKind::Started => format!("{who} starts it"),
        EventKind::Action { name, item, data } => {
            let item = item.as_ref().map(|item| format!(" for {item}")).unwrap_or_default();
            let empty = data.as_object().is_some_and(serde_json::Map::is_empty);
            let data = if empty { String::new() } else { format!(" with {data}") };
            format!("{who}: {name}{item}{data}")
        }
        EventKind::JobResult { key, outcome, data } => {
            let empty = data.as_object().is_some_and(serde_json::Map::is_empty);
            let data = if empty { String::new() } else { format!(" with {data}") };
            format!("the job {key} reports {outcome}{data}")
        }
        EventKind::TimerFired { key, .. } => format!("the timer {key} is due"),
        EventKind::Migrated { to, .. } => format!("{who} moves it to the definition {to}"),
    }
}

fn through(pass: &Pass) -> String {
    match pass {
        Pass::Took { way, item } => {
            let item = item.as_ref().map(|item| format!("@{item}")).unwrap_or_default();
            format!("{way}{item}")
        }
        Pass::Entered(place) => format!("→ {place}"),
    }
}

fn wants(effect: &Effect) -> String {
    match effect {
        Effect::StartJob(job) => format!("starts the job {} ({}) with {}", job.key, job.kind, job.payload),
        Effect::CancelJob { key } => format!("calls off the job {key}"),
        Effect::SetTimer(timer) => format!("sets the timer {} for {}", timer.key, shown(timer.due_at)),
        Effect::CancelTimer { key } => format!("drops the timer {key}"),
        Effect::OpenTask(task) => {
            format!("opens the task {} ({}) for {}", task.key, task.form, task.assignee)
        }
        Effect::CloseTask { key } => format!("closes the task {key}"),
        Effect::OpenIncident(incident) => {
            format!("calls an operator for {}: {}", incident.key, incident.reason)
        }
        Effect::CloseIncident { key } => format!("closes the incident {key}"),
        Effect::Finish { outcome } => format!("ends with `{outcome}`"),
    }
}

/// The same for programs.
pub(super) fn as_json(happening: &Happening) -> Value {
    let outcome = match &happening.outcome {
        Outcome::Repeated => json!({"result": "repeated"}),
        Outcome::Refused(rejection) => {
            json!({"result": "refused", "rule": rejection.code(), "reason": rejection.to_string()})
        }
        Outcome::Taken { passed, effects } => json!({
            "result": "taken",
            "passed": passed.iter().map(through).collect::<Vec<_>>(),
            "effects": effects,
        }),
    };
    json!({"event": happening.event, "outcome": outcome, "status": happening.status, "at": happening.at})
}
