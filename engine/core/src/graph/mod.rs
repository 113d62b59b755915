//! Draws a definition: as Mermaid text, or as an SVG that is laid out here.

mod layout;
mod mermaid;
mod routes;
mod svg;

use std::collections::BTreeMap;

use crate::{
    Definition,
    model::{StateDef, Timer, Workflow},
    state::StatePath,
    ways::{self, Cause, Way},
};

pub use mermaid::mermaid;
pub use svg::svg;

/// A state, as it is drawn.
#[derive(Debug, Clone)]
struct Node {
    path: StatePath,
    kind: Kind,
    /// Under its name: the form, the job, the order.
    caption: Option<String>,
    /// Inner states; empty for a state without.
    inner: Vec<Node>,
    /// The name of the first inner state.
    initial: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Task,
    Job,
    Incident,
    Each,
    Use,
    Composite,
    Decision,
    Final,
    Waits,
}

/// Ways from one state to another, as one line with all their labels.
#[derive(Debug, Clone)]
struct Edge {
    from: StatePath,
    to: StatePath,
    labels: Vec<String>,
}

fn nodes(workflow: &Workflow) -> Vec<Node> {
    inside(&workflow.states, &StatePath::default())
}

fn inside(states: &BTreeMap<String, StateDef>, around: &StatePath) -> Vec<Node> {
    states
        .iter()
        .map(|(name, state)| {
            let mut path = around.clone();
            path.0.push(name.clone());
            let inner = state.inner();
            Node {
                kind: kind(state),
                caption: caption(state),
                inner: inner.map(|(_, states)| inside(states, &path)).unwrap_or_default(),
                initial: inner.map(|(first, _)| first.to_owned()),
                path,
            }
        })
        .collect()
}

fn kind(state: &StateDef) -> Kind {
    match state {
        StateDef { task: Some(_), .. } => Kind::Task,
        StateDef { job: Some(_), .. } => Kind::Job,
        StateDef { incident: Some(_), .. } => Kind::Incident,
        StateDef { each: Some(_), .. } => Kind::Each,
        StateDef { uses: Some(_), .. } => Kind::Use,
        StateDef { finish: Some(_), .. } => Kind::Final,
        StateDef { initial: Some(_), .. } => Kind::Composite,
        state if !state.always.is_empty() => Kind::Decision,
        _ => Kind::Waits,
    }
}

fn caption(state: &StateDef) -> Option<String> {
    match state {
        StateDef { task: Some(task), .. } => Some(format!("人工任务 {}", task.form)),
        StateDef { job: Some(job), .. } => Some(format!("作业 {}", job.kind)),
        StateDef { incident: Some(_), .. } => Some("等待运维处理".to_owned()),
        StateDef { uses: Some(uses), .. } => Some(format!("子流程 {} {}", uses.workflow, uses.version)),
        StateDef { each: Some(each), .. } => {
            let order = match each.order {
                crate::model::Order::Sequential => "依次",
                crate::model::Order::Parallel => "同时",
                crate::model::Order::Grouped => "分组",
            };
            let need = each.need.as_ref().map(|need| format!(", 需 {}", need.source()));
            Some(format!("每个 {} {order}{}", each.name, need.unwrap_or_default()))
        }
        StateDef { finish: Some(outcome), .. } => Some(format!("结束 {outcome}")),
        _ => None,
    }
}

/// All lines; a way that stays where it is leads nowhere and is not drawn.
fn edges(workflow: &Workflow) -> Vec<Edge> {
    let mut edges: Vec<Edge> = Vec::new();
    for way in ways::ways(workflow) {
        let Some(to) = way.target.clone() else { continue };
        let label = label(workflow, &way);
        match edges.iter_mut().find(|edge| edge.from == way.id.holder && edge.to == to) {
            Some(edge) if edge.labels.contains(&label) => {}
            Some(edge) => edge.labels.push(label),
            None => edges.push(Edge { from: way.id.holder.clone(), to, labels: vec![label] }),
        }
    }
    edges
}

fn label(workflow: &Workflow, way: &Way<'_>) -> String {
    let mut label = match &way.id.cause {
        Cause::On(event) => event.clone(),
        Cause::Timer(name) => {
            let timer = workflow.timer(&way.id.holder.0, name);
            let when = timer.and_then(when).map(|when| format!(" {when}")).unwrap_or_default();
            format!("定时 {name}{when}")
        }
        Cause::Always => String::new(),
    };
    if way.id.otherwise {
        let counter = way.transition.raise.as_deref().unwrap_or_default();
        label = format!("{label} [{counter} 已满]");
    } else if let Some(guard) = &way.transition.guard {
        label = format!("{label} [{}]", shortened(guard.source(), 28));
    }
    label.trim().to_owned()
}

fn when(timer: &Timer) -> Option<String> {
    match timer {
        Timer { after: Some(after), .. } => Some(after.as_str().to_owned()),
        Timer { every: Some(every), .. } => Some(format!("每 {}", every.as_str())),
        Timer { at: Some(at), .. } => Some(shortened(at.source(), 28)),
        Timer { daily: Some(daily), .. } => Some(format!("每天 {}", daily.at)),
        _ => None,
    }
}

fn shortened(text: &str, chars_max: usize) -> String {
    if text.chars().count() <= chars_max {
        return text.to_owned();
    }
    text.chars().take(chars_max - 1).chain(['…']).collect()
}

/// The heading of a drawing.
fn heading(def: &Definition) -> String {
    let header = &def.workflow().workflow;
    match &def.workflow().title {
        Some(title) => format!("{} · {} {}", title.zh, header.name, header.version),
        None => format!("{} {}", header.name, header.version),
    }
}
