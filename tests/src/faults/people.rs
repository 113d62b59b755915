//! What people do in the scenes: mostly what is asked of them, sometimes something else, sometimes nothing.

use sealflow_core::ids::InstanceId;
use sealflow_store::{instances::Instance, tasks::Task};
use serde_json::{Value, json};

use super::{
    plan::Random,
    protocol::Command,
    scenes::{Cast, Scene},
};

/// How much one instance is asked for; after that its people let it be.
const ACTIONS_MAX: u32 = 9;

/// Somebody at work on one instance.
#[derive(Debug, Clone)]
pub struct Doer {
    /// The instance.
    pub cast: Cast,
    /// How much was done.
    done: u32,
    /// After so much he lets it be.
    most: u32,
    /// How often in a hundred times he lets time pass.
    waits: u64,
    /// The event number at which he decided to let time pass.
    waits_at: Option<u64>,
}

impl Doer {
    /// Nothing was done yet.
    #[must_use]
    pub const fn new(cast: Cast) -> Self {
        Self { cast, done: 0, most: ACTIONS_MAX, waits: 15, waits_at: None }
    }

    /// Somebody who goes on until it is over.
    #[must_use]
    pub const fn eager(cast: Cast) -> Self {
        Self { cast, done: 0, most: u32::MAX, waits: 0, waits_at: None }
    }

    /// What he does now; none: he waits, for time to pass or for ever.
    pub fn next(&mut self, instance: &Instance, tasks: &[Task], random: &mut Random) -> Option<Command> {
        if instance.state.is_final() || tasks.is_empty() || self.waits_at == Some(instance.seq) {
            return None;
        }
        if self.done >= self.most || random.percent(self.waits) {
            self.waits_at = Some(instance.seq);
            return None;
        }
        self.done += 1;
        let task = tasks.get(usize::try_from(random.next()).unwrap_or_default() % tasks.len())?;
        let (name, data) = self.choose(instance, task, random);
        let item = if self.cast.scene == Scene::Visits { task.item.clone() } else { None };
        Some(act(&self.cast, format!("act/{}", self.done), name, item, data))
    }

    fn choose(&self, instance: &Instance, task: &Task, random: &mut Random) -> (&'static str, Value) {
        match self.cast.scene {
            Scene::MicroDeposit => match (instance.state.at().to_string().as_str(), task.form.as_str()) {
                ("info", _) => ("submit", json!({"details_id": "d1", "account_mask": "**** 0000"})),
                ("retrying", _) => ("retry", Value::Null),
                _ if random.percent(20) => ("change_account", Value::Null),
                _ if random.percent(40) => ("submit", json!({"fen": 100})),
                _ => {
                    let fen = instance.state.data("fen").cloned().unwrap_or_default();
                    ("submit", json!({"fen": fen}))
                }
            },
            Scene::Errand => {
                let name = ["note", "again", "again", "pay", "pay", "finish", "withdraw", "dance"];
                (random.pick(&name).unwrap_or("note"), Value::Null)
            }
            Scene::Chain | Scene::Visits => ("approve", Value::Null),
        }
    }
}

fn act(cast: &Cast, event_id: String, name: &str, item: Option<String>, data: Value) -> Command {
    Command::Act { instance: cast.id, event_id, person: cast.person, name: name.to_owned(), item, data }
}

/// The instance and the event that a command is about.
#[must_use]
pub fn event_of(command: &Command) -> Option<(InstanceId, &str)> {
    match command {
        Command::Start { instance, event_id, .. } | Command::Act { instance, event_id, .. } => {
            Some((*instance, event_id))
        }
        Command::Clock { .. } => None,
    }
}
