//! Everything is delivered again, late and in any order: starts, actions, results, timers, acks of lost leases. Nothing
//! changes, and the end is the same as with each once.

use std::collections::BTreeMap;

use sealflow_core::{Actor, EventId, EventKind, State};
use sealflow_store::{
    NewEvent, StartInstance, Store, Subject,
    instances::{self, history},
    jobs::{self, Claim, ClaimedJob, Complete, CompleteError, Outcome, Queue},
    submit,
    timers::{self, Timer},
};
use sealflow_tests::{
    db::TestStore,
    faults::{
        plan::Random,
        scenes::{Cast, Definitions, Scene},
    },
    on_both,
};
use serde_json::{Value, json};

/// Walks through the definitions on each engine.
const WALKS: u64 = 40;
/// Steps of one.
const STEPS: u32 = 14;
const LEASE_MS: i64 = 10_000;

on_both!(everything_twice_and_late_changes_nothing);

/// What was delivered before.
#[derive(Debug, Clone)]
enum Old {
    Start(Box<StartInstance>),
    Act(NewEvent),
    Ack(Box<ClaimedJob>, &'static str),
    Timer(Timer),
}

struct Side {
    store: Store,
    cast: Cast,
    definition: sealflow_core::DefinitionHash,
    /// Jobs in hand, by their key in the instance.
    held: BTreeMap<String, ClaimedJob>,
    old: Vec<Old>,
    /// Settings of timers that were ever seen.
    seen: Vec<Timer>,
}

async fn everything_twice_and_late_changes_nothing(db: TestStore) {
    let definitions = Definitions::load().unwrap();
    definitions.publish(&db.store).await.unwrap();
    let mut redelivered = 0;
    for seed in 0..WALKS {
        redelivered += walk(&db.store, &definitions, seed).await;
    }
    println!("{WALKS} walks, {redelivered} deliveries again");
    assert!(redelivered > WALKS * u64::from(STEPS) / 2);
}

/// One instance gets everything again and late, its twin gets each once; tells how much came again.
async fn walk(store: &Store, definitions: &Definitions, seed: u64) -> u64 {
    let mut random = Random::new(seed);
    let scene = random.pick(&[Scene::Errand, Scene::Visits, Scene::Chain]).unwrap();
    let definition = definitions.get(scene).unwrap().hash().clone();
    let cast = Cast::new(scene, &mut random);
    let twin = Cast { id: Cast::new(scene, &mut Random::new(seed)).id, ..cast.clone() };
    let side = |cast| Side {
        store: store.clone(),
        cast,
        definition: definition.clone(),
        held: BTreeMap::new(),
        old: Vec::new(),
        seen: Vec::new(),
    };
    let (mut shaken, mut calm) = (side(cast), side(twin));
    shaken.start().await;
    calm.start().await;
    let mut again = 0;
    for step in 0..STEPS {
        claim(store, [&mut shaken, &mut calm], random.percent(30)).await;
        again += shaken.repeat(&mut random).await;
        if !fresh(&mut shaken, &mut calm, step, &mut random).await {
            break;
        }
        again += shaken.repeat(&mut random).await;
    }
    assert_eq!(plain(&shaken.state().await), plain(&calm.state().await), "walk {seed}, {scene:?}");
    again
}

/// The next thing that happens, on both sides; false when nothing can.
async fn fresh(shaken: &mut Side, calm: &mut Side, step: u32, random: &mut Random) -> bool {
    let state = shaken.state().await;
    if state.is_final() {
        return false;
    }
    let set = shaken.timers().await;
    let tasks = sealflow_store::tasks::of_instance(&mut shaken.store.read().await.unwrap(), shaken.cast.id)
        .await
        .unwrap();
    let mut ways = Vec::new();
    ways.extend((!shaken.held.is_empty()).then_some(0));
    ways.extend((!tasks.is_empty()).then_some(1));
    ways.extend((!set.is_empty()).then_some(2));
    match random.pick(&ways) {
        Some(0) => {
            let keys: Vec<String> = shaken.held.keys().cloned().collect();
            let key = &keys[usize::try_from(random.next()).unwrap() % keys.len()];
            shaken.finish(key).await;
            calm.finish(key).await;
        }
        Some(1) => {
            let name = match shaken.cast.scene {
                Scene::Errand => random.pick(&["note", "note", "again", "pay"]).unwrap(),
                _ => "approve",
            };
            let item = tasks[0].item.clone().filter(|_| shaken.cast.scene == Scene::Visits);
            let id = format!("act/{step}");
            let done = shaken.act(&id, name, item.clone()).await;
            assert_eq!(done, calm.act(&id, name, item).await);
        }
        Some(2) => {
            let key = set[0].key.clone();
            shaken.fire(&key).await;
            calm.fire(&key).await;
        }
        _ => return false,
    }
    true
}

/// Takes every job that waits. With `lose`, the leases run out and the jobs are taken once more: acks of the first
/// leases come late from then on.
async fn claim(store: &Store, sides: [&mut Side; 2], lose: bool) {
    let mut sides = sides;
    for round in 0..=u32::from(lose) {
        let mut tx = store.begin().await.unwrap();
        let far = tx.now().plus_ms(i64::from(round + 1) * 86_400_000);
        if round > 0 {
            jobs::reap(&mut tx, far).await.unwrap();
        }
        for queue in Queue::WORKED {
            let claim = Claim { queue: *queue, slots: 100, worker: "shaken", lease_ms: LEASE_MS };
            for job in jobs::claim(&mut tx, &claim, far.plus_ms(3_600_000)).await.unwrap() {
                // Those of earlier walks may still wait here.
                let Some(side) = sides.iter_mut().find(|side| Some(side.cast.id) == job.instance_id) else {
                    continue;
                };
                let key = job.key_in_instance().unwrap().to_owned();
                if let Some(lost) = side.held.insert(key, job) {
                    side.old.push(Old::Ack(Box::new(lost), "sent"));
                }
            }
        }
        tx.commit().await.unwrap();
    }
}

impl Side {
    fn actor(&self) -> Actor {
        Actor::Person { id: self.cast.person, acting_as: None }
    }

    async fn start(&mut self) {
        let new = StartInstance {
            id: self.cast.id,
            definition: self.definition.clone(),
            subject: Subject { kind: "test".to_owned(), id: self.cast.id.to_string() },
            input: self.cast.input.clone(),
            event_id: EventId("start".to_owned()),
            actor: self.actor(),
        };
        let mut tx = self.store.begin().await.unwrap();
        assert!(!submit::start(&mut tx, &new).await.unwrap().duplicate);
        tx.commit().await.unwrap();
        self.old.push(Old::Start(Box::new(new)));
    }

    async fn state(&self) -> State {
        instances::get(&mut self.store.read().await.unwrap(), self.cast.id).await.unwrap().unwrap().state
    }

    async fn timers(&mut self) -> Vec<Timer> {
        let set = timers::of_instance(&mut self.store.read().await.unwrap(), self.cast.id).await.unwrap();
        for timer in &set {
            if !self.seen.contains(timer) {
                self.seen.push(timer.clone());
            }
        }
        set
    }

    /// Writes a job's result, and keeps it to write it again.
    async fn finish(&mut self, key: &str) {
        let job = self.held.remove(key).unwrap();
        let outcome = match job.kind.as_str() {
            "prepare_document" => "prepared",
            "stamp_signature" => "stamped",
            "send_email" => "paid",
            _ => "sent",
        };
        let mut tx = self.store.begin().await.unwrap();
        jobs::complete(&mut tx, &result(&job, outcome)).await.unwrap();
        tx.commit().await.unwrap();
        self.old.push(Old::Ack(Box::new(job), outcome));
    }

    /// Tells whether it was accepted.
    async fn act(&mut self, id: &str, name: &str, item: Option<String>) -> bool {
        let kind = EventKind::Action { name: name.to_owned(), item, data: Value::Null };
        let event = NewEvent { id: EventId(id.to_owned()), actor: self.actor(), kind };
        let mut tx = self.store.begin().await.unwrap();
        match submit::submit(&mut tx, self.cast.id, event.clone()).await {
            Ok(submitted) => {
                assert!(!submitted.duplicate);
                tx.commit().await.unwrap();
                self.old.push(Old::Act(event));
                true
            }
            Err(submit::Error::Rejected(_)) => false,
            Err(error) => panic!("{error:?}"),
        }
    }

    async fn fire(&mut self, key: &str) {
        let timer = self.timers().await.into_iter().find(|timer| timer.key == key).unwrap();
        let mut tx = self.store.begin().await.unwrap();
        let fired = timers::fire_at(&mut tx, &timer, timer.due_at).await.unwrap();
        assert!(!fired.duplicate && !fired.ignored);
        tx.commit().await.unwrap();
    }

    /// Delivers some of what was delivered before, in any order; tells how many.
    async fn repeat(&mut self, random: &mut Random) -> u64 {
        let set = self.timers().await;
        let stale = self.seen.iter().filter(|seen| {
            !set.iter().any(|timer| (&timer.key, timer.generation) == (&seen.key, seen.generation))
        });
        let mut all: Vec<Old> = self.old.iter().cloned().chain(stale.cloned().map(Old::Timer)).collect();
        let mut count = 0;
        while !all.is_empty() && random.percent(85) {
            let old = all.swap_remove(usize::try_from(random.next()).unwrap() % all.len());
            let before = (self.state().await, self.applied().await);
            self.deliver(&old).await;
            assert_eq!(before, (self.state().await, self.applied().await), "changed by {old:?}");
            count += 1;
        }
        count
    }

    async fn deliver(&self, old: &Old) {
        let mut tx = self.store.begin().await.unwrap();
        match old.clone() {
            Old::Start(new) => assert!(submit::start(&mut tx, &new).await.unwrap().duplicate),
            Old::Act(event) => {
                assert!(submit::submit(&mut tx, self.cast.id, event).await.unwrap().duplicate);
            }
            Old::Timer(timer) => {
                let late = timers::fire_at(&mut tx, &timer, timer.due_at).await.unwrap();
                assert!(late.duplicate || late.ignored, "{timer:?} fired again");
            }
            Old::Ack(job, outcome) => {
                let late = jobs::complete(&mut tx, &result(&job, outcome)).await;
                assert!(matches!(late, Err(CompleteError::LeaseLost(_))), "{late:?}");
                assert!(jobs::bury(&mut tx, &job.lease, "late").await.is_err());
                assert!(jobs::hand_back(&mut tx, &job.lease).await.is_err());
                assert!(jobs::mark_outside_call(&mut tx, &job.lease).await.is_err());
            }
        }
        tx.commit().await.unwrap();
    }

    /// The events that counted.
    async fn applied(&self) -> Vec<String> {
        let mut reader = self.store.read().await.unwrap();
        let all = history::list(&mut reader, self.cast.id, 0, history::ENTRIES_MAX).await.unwrap();
        for (number, entry) in (1..).zip(&all) {
            assert_eq!(entry.seq, number);
        }
        let counted = all.into_iter().filter(|entry| entry.disposition == history::Disposition::Applied);
        counted.map(|entry| entry.event.id.0).collect()
    }
}

fn result(job: &ClaimedJob, outcome: &str) -> Complete {
    let outcome = Outcome { name: outcome.to_owned(), data: json!({}) };
    Complete { lease: job.lease.clone(), outcome, changes: Vec::new() }
}

/// A state without its times: the two sides did the same at other times.
fn plain(state: &State) -> Value {
    fn timeless(value: &mut Value) {
        match value {
            Value::Array(all) => all.iter_mut().for_each(timeless),
            Value::Object(fields) => {
                for (name, field) in fields {
                    if ["since", "due_at", "started_at", "changed_at"].contains(&name.as_str()) {
                        *field = Value::Null;
                    }
                    timeless(field);
                }
            }
            _ => {}
        }
    }
    let mut value = serde_json::to_value(state).unwrap();
    timeless(&mut value);
    value
}
