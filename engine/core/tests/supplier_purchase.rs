//! The shipped contract type, from sending to completion, effect by effect.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed unwrap is the test's failure")]

use sealflow_core::{
    Actor, Definition, Effect, Event, EventId, EventKind, ItemProgress, Rejection, State, Timestamp, ids::PersonId, load,
    start, step,
};
use serde_json::{Value, json};

const SOURCE: &str = include_str!("../../../workflows/supplier_purchase.yaml");
const SENDER: &str = "01900000-0000-7000-8000-00000000000a";
const SUPPLIER: &str = "01900000-0000-7000-8000-00000000000b";
const TRANSACTOR: &str = "01900000-0000-7000-8000-00000000000c";
const R1: &str = "01900000-0000-7000-8000-000000000001";
const R2: &str = "01900000-0000-7000-8000-000000000002";
const CONTRACT: &str = "01900000-0000-7000-8000-0000000000c0";
const DAY_MS: i64 = 86_400_000;

fn definition() -> Definition {
    load(SOURCE, "supplier_purchase.yaml").unwrap().definition
}

fn input() -> Value {
    json!({
        "contract": {
            "id": CONTRACT, "title": "示例采购合同", "deadline_at_ms": null, "sender_person_id": SENDER,
        },
        "recipients": [
            {"id": R1, "role": "supplier", "kind": "person", "person_id": SUPPLIER, "organization_id": null, "name": "示例签署人"},
            {"id": R2, "role": "buyer", "kind": "organization", "person_id": TRANSACTOR,
             "organization_id": "01900000-0000-7000-8000-0000000000f0", "name": "示例采购有限公司"},
        ],
    })
}

struct Drive {
    def: Definition,
    state: State,
    effects: Vec<Effect>,
    at: i64,
}

impl Drive {
    fn start() -> Self {
        let def = definition();
        let event = event(0, Actor::System, EventKind::Started);
        let (state, effects) = start(&def, input(), &event).unwrap();
        Self { def, state, effects, at: 0 }
    }

    fn try_event(&mut self, actor: Actor, kind: EventKind) -> Result<(), Rejection> {
        let (state, effects) = step(&self.def, &self.state, &event(self.at, actor, kind))?;
        self.state = state;
        self.effects = effects;
        Ok(())
    }

    fn job(&mut self, key: &str, outcome: &str) {
        let kind = EventKind::JobResult { key: key.to_owned(), outcome: outcome.to_owned(), data: json!({}) };
        self.try_event(Actor::Worker, kind).unwrap_or_else(|error| panic!("{key} {outcome}: {error}"));
    }

    fn act(&mut self, person: &str, name: &str, item: Option<&str>, data: Value) -> Result<(), Rejection> {
        let kind = EventKind::Action { name: name.to_owned(), item: item.map(str::to_owned), data };
        self.try_event(Actor::Person { id: person.parse::<PersonId>().unwrap(), acting_as: None }, kind)
    }

    fn words(&self) -> Vec<String> {
        self.effects.iter().map(word).collect()
    }

    fn payload(&self, key: &str) -> Value {
        self.effects
            .iter()
            .find_map(|effect| match effect {
                Effect::StartJob(job) if job.key == key => Some(job.payload.clone()),
                _ => None,
            })
            .expect("a job with this key")
    }
}

fn event(at: i64, actor: Actor, kind: EventKind) -> Event {
    Event { id: EventId("e".to_owned()), at: Timestamp(at), random: 7, actor, kind }
}

fn word(effect: &Effect) -> String {
    match effect {
        Effect::StartJob(job) => format!("start {} {}", job.kind, job.key),
        Effect::CancelJob { key } => format!("cancel job {key}"),
        Effect::SetTimer(timer) => format!("set {} at {}", timer.key, timer.due_at.as_ms()),
        Effect::CancelTimer { key } => format!("cancel timer {key}"),
        Effect::OpenTask(task) => format!("open {} {}", task.form, task.key),
        Effect::CloseTask { key } => format!("close {key}"),
        Effect::Finish { outcome } => format!("finish {outcome}"),
    }
}

#[test]
fn two_recipients_sign_in_order() {
    let mut drive = Drive::start();
    assert_eq!(drive.state.status(), "in_progress");
    println!("{:#?}", drive.words());
    drive.job("prepare", "prepared");
    println!("{:#?}", drive.words());
    drive.job(&format!("notify/{R1}"), "sent");
    println!("{:#?}", drive.words());
    println!("{}", serde_json::to_string_pretty(&drive.state).unwrap());
    drive.act(SUPPLIER, "accept", Some(R1), json!({"sha256": "00"})).unwrap();
    println!("{:#?}", drive.words());
    drive.act(SUPPLIER, "finish_reading", Some(R1), json!({})).unwrap();
    println!("{:#?}", drive.words());
    drive.act(SUPPLIER, "confirm", Some(R1), json!({"fields": []})).unwrap();
    println!("{:#?}", drive.words());
    println!("{}", drive.payload(&format!("stamp/{R1}/0")));
    drive.job(&format!("stamp/{R1}/0"), "stamped");
    println!("{:#?}", drive.words());
    drive.job(&format!("notify/{R2}"), "sent");
    drive.act(TRANSACTOR, "accept", Some(R2), json!({})).unwrap();
    println!("{:#?}", drive.words());
    drive.act(TRANSACTOR, "confirm", Some(R2), json!({})).unwrap();
    drive.job(&format!("stamp/{R2}/0"), "stamped");
    println!("{:#?}", drive.words());
    assert_eq!(drive.state.status(), "completed");
    drive.job(&format!("completed/{R1}"), "sent");
    drive.job(&format!("completed/{R2}"), "sent");
    println!("{:#?}", drive.words());
    assert!(drive.state.is_final());
    assert_eq!(drive.state.item_progress(R1), Some(&ItemProgress::Done { outcome: "signed".to_owned() }));
    println!("{}", serde_json::to_string(&drive.state).unwrap());
    let _ = DAY_MS;
}
