//! Random histories of the shipped definitions and of generated ones: whatever happens, the promises hold.

use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicUsize, Ordering},
};

use proptest::{
    prelude::*,
    test_runner::{TestCaseError, TestRunner},
};
use sealflow_core::{
    Actor, Definition, Effect, Event, EventKind, ItemProgress, State, start,
    state::{Place, Scope},
    step,
};
use serde_json::Value;

use crate::{
    drive::event,
    generated, inputs, micro_deposit,
    shipped::{MICRO_DEPOSIT, SUPPLIER_PURCHASE},
    supplier_purchase,
    walk::{Try, to_event},
};

/// How many histories of each shipped definition.
const CASES: u32 = 32;
/// How many generated definitions, each with a history.
const GENERATED_CASES: u32 = 512;

fn tries() -> impl Strategy<Value = Vec<Try>> {
    let one = (0..16_u8, any::<u16>(), any::<u16>(), any::<u16>()).prop_map(|(what, index, name, data)| {
        Try { what, index: usize::from(index), name: usize::from(name), data: usize::from(data) }
    });
    prop::collection::vec(one, 1..80)
}

/// The name of every effect, which must never come twice.
fn names(effects: &[Effect]) -> Vec<String> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::StartJob(job) => Some(format!("job {}", job.key)),
            Effect::OpenTask(task) => Some(format!("task {}", task.key)),
            Effect::OpenIncident(incident) => Some(format!("incident {}", incident.key)),
            Effect::SetTimer(timer) => Some(format!("timer {} {}", timer.key, timer.generation)),
            Effect::CancelJob { key } => Some(format!("no job {key}")),
            Effect::CloseTask { key } => Some(format!("no task {key}")),
            Effect::CloseIncident { key } => Some(format!("no incident {key}")),
            Effect::Finish { .. } => Some("finish".to_owned()),
            // A timer's key comes again, with another generation.
            Effect::CancelTimer { .. } => None,
        })
        .collect()
}

fn counters_hold(def: &Definition, state: &State) -> bool {
    let workflow = def.workflow();
    let within = |scope: &Scope, limits: &std::collections::BTreeMap<String, u32>| {
        scope.counters.len() == limits.len()
            && limits.iter().all(|(name, limit)| scope.counters.get(name).is_some_and(|count| count <= limit))
    };
    let own = workflow
        .counters
        .iter()
        .all(|(name, limit)| state.counter(name).is_some_and(|count| count <= *limit));
    let items = state.each_runs().iter().all(|run| {
        let each = workflow.state(&run.path.0).and_then(|state| state.each.as_ref()).unwrap();
        run.items.iter().all(|item| within(&item.scope, &each.counters))
    });
    let uses = state.use_runs().iter().all(|run| {
        let frame = workflow.state(&run.place.path.0).and_then(|state| state.frame.as_ref()).unwrap();
        within(&run.scope, &frame.counters)
    });
    own && items && uses
}

/// Everything that is open belongs to a state that the instance or its item is in.
fn nothing_is_left_behind(state: &State) -> bool {
    let inside = |place: &Place| match &place.item {
        None => state.at().0.starts_with(&place.path.0),
        Some(item) => {
            let running = state.each_runs().iter().filter(|run| run.running).flat_map(|run| &run.items);
            running.filter(|other| other.id == *item).any(|other| {
                matches!(&other.progress, ItemProgress::Active { path } if path.0.starts_with(&place.path.0))
            })
        }
    };
    let open = state.open_tasks().count() + state.waiting_jobs().count() + state.set_timers().count();
    (!state.is_final() || open + state.open_incidents().count() + state.use_runs().len() == 0)
        && state.open_tasks().all(|(_, task)| inside(&task.place))
        && state.open_incidents().all(|(_, incident)| inside(&incident.place))
        && state.waiting_jobs().all(|(_, job)| inside(&job.place))
        && state.set_timers().all(|(_, timer)| inside(&timer.place))
        && state.use_runs().iter().all(|run| inside(&run.place))
}

/// What was done, to be printed.
#[derive(Default)]
struct Count {
    cases: AtomicUsize,
    taken: AtomicUsize,
    refused: AtomicUsize,
    ended: AtomicUsize,
}

impl Count {
    fn print(&self, what: &str) {
        let of = |count: &AtomicUsize| count.load(Ordering::Relaxed);
        println!(
            "{what}: {} histories, {} events taken, {} refused, {} came to an end",
            of(&self.cases),
            of(&self.taken),
            of(&self.refused),
            of(&self.ended)
        );
    }
}

fn check(def: &Definition, input: &Value, tries: &[Try], count: &Count) -> Result<(), TestCaseError> {
    let first = event(0, 7, Actor::System, EventKind::Started);
    let started = start(def, input.clone(), &first);
    prop_assert!(started.is_ok(), "{}: {:?}", def.name(), started);
    let (mut state, effects) = started.unwrap();
    let mut seen: BTreeSet<String> = names(&effects).into_iter().collect();
    let mut history = Vec::new();
    for (index, attempt) in tries.iter().enumerate() {
        let at = i64::try_from(index).unwrap() * 1_000_000;
        let Some(event) = to_event(def, &state, *attempt, at) else { continue };
        let before = serde_json::to_string(&state).unwrap();
        let result = step(def, &state, &event);
        prop_assert_eq!(&result, &step(def, &state, &event), "the same every time");
        let Ok((next, effects)) = result else {
            prop_assert_eq!(serde_json::to_string(&state).unwrap(), before, "a refusal changes nothing");
            count.refused.fetch_add(1, Ordering::Relaxed);
            continue;
        };
        prop_assert!(!state.is_final(), "an ended instance accepts nothing");
        for name in names(&effects) {
            prop_assert!(seen.insert(name.clone()), "{} came twice", name);
        }
        prop_assert!(counters_hold(def, &next));
        prop_assert!(nothing_is_left_behind(&next), "{}", serde_json::to_string_pretty(&next).unwrap());
        let finished = effects.iter().any(|effect| matches!(effect, Effect::Finish { .. }));
        prop_assert_eq!(finished, next.is_final());
        history.push(event);
        // What the database keeps is text.
        state = serde_json::from_str(&serde_json::to_string(&next).unwrap()).unwrap();
        prop_assert_eq!(&state, &next);
    }
    let stored = serde_json::to_string(&history).unwrap();
    let history: Vec<Event> = serde_json::from_str(&stored).unwrap();
    let (mut replayed, _) = start(def, input.clone(), &first).unwrap();
    for event in &history {
        replayed = step(def, &replayed, event).unwrap().0;
    }
    prop_assert_eq!(serde_json::to_string(&replayed).unwrap(), serde_json::to_string(&state).unwrap());
    count.cases.fetch_add(1, Ordering::Relaxed);
    count.taken.fetch_add(history.len(), Ordering::Relaxed);
    count.ended.fetch_add(usize::from(state.is_final()), Ordering::Relaxed);
    Ok(())
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

#[test]
fn every_shipped_definition_keeps_its_promises() {
    for (definition, input) in inputs::shipped() {
        let count = Count::default();
        let run =
            TestRunner::new(config(CASES)).run(&tries(), |tries| check(&definition, &input, &tries, &count));
        run.unwrap_or_else(|error| panic!("{}: {error}", definition.name()));
        count.print(definition.name());
    }
}

#[test]
fn every_generated_definition_keeps_its_promises() {
    let count = Count::default();
    let strategy = (generated::specs(), tries());
    let run = TestRunner::new(config(GENERATED_CASES)).run(&strategy, |(specs, tries)| {
        let source = generated::source(&specs);
        let loaded = sealflow_core::load_with(&source, "generated.yaml", &generated::library());
        prop_assert!(loaded.is_ok(), "{:#?}\n{}", loaded.err(), source);
        check(&loaded.unwrap().definition, &generated::input(), &tries, &count)
    });
    run.unwrap_or_else(|error| panic!("{error}"));
    count.print("generated definitions");
}

fn run_if_it_loads(source: &str, input: Value, tries: &[Try]) {
    let Ok(loaded) = sealflow_core::load(source, "x.yaml") else { return };
    let Ok((mut state, _)) =
        start(&loaded.definition, input, &event(0, 7, Actor::System, EventKind::Started))
    else {
        return;
    };
    for attempt in tries {
        let Some(event) = to_event(&loaded.definition, &state, *attempt, 1_000) else { continue };
        if let Ok((next, _)) = step(&loaded.definition, &state, &event) {
            state = next;
        }
    }
}

proptest! {
    #![proptest_config(config(128))]

    /// Whatever text comes, loading ends with a definition or with faults; and a definition that was damaged but loads
    /// is run like any other.
    #[test]
    fn nothing_panics(tries in tries(), text in "\\PC{0,200}", cut in 0..3_000_usize, put in "[a-z{}\\[\\]:,\"' \n-]{0,8}") {
        let _ = sealflow_core::load(&text, "x.yaml");
        let mut damaged: Vec<char> = SUPPLIER_PURCHASE.chars().collect();
        let at = cut % damaged.len();
        damaged.splice(at..(at + 3).min(damaged.len()), put.chars());
        run_if_it_loads(&damaged.into_iter().collect::<String>(), supplier_purchase::input(), &tries);
        let mut damaged: Vec<char> = MICRO_DEPOSIT.chars().collect();
        let at = cut % damaged.len();
        damaged.splice(at..(at + 3).min(damaged.len()), put.chars());
        run_if_it_loads(&damaged.into_iter().collect::<String>(), micro_deposit::input(), &tries);
    }
}
