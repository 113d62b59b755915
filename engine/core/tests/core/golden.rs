//! Golden histories: what happened to an instance must happen again, in every later version of the interpreter. A change
//! that replays one of them differently would strand running instances.
//!
//! A file holds the compiled definition, the events and a hash after each of them; it is never edited. New ones, for
//! definitions that have none, are written by `cargo xtask golden`.

use std::{collections::BTreeMap, fs, path::PathBuf};

use sealflow_core::{
    Actor, Definition, Effect, Event, EventKind, State,
    canonical::{canonical, hash},
    start, step,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    drive::event,
    inputs,
    walk::{self, seeded},
};

/// How many histories each version of a definition has.
const HISTORIES: u64 = 3;
/// How many events one has at most.
const EVENTS_MAX: usize = 40;

#[derive(Serialize, Deserialize)]
struct Golden {
    definition: Value,
    input: Value,
    start: Event,
    /// The hash of the state and the effects after the start.
    started: String,
    steps: Vec<Step>,
}

#[derive(Serialize, Deserialize)]
struct Step {
    event: Event,
    /// Where the instance then is, for people.
    at: String,
    /// The hash of the state and the effects.
    hash: String,
}

fn fingerprint(state: &State, effects: &[Effect]) -> String {
    hash(&canonical(json!([state, effects])))
}

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden"))
}

/// Every golden history by its file's name.
fn all() -> BTreeMap<String, Golden> {
    let mut found = BTreeMap::new();
    for definition in fs::read_dir(folder()).into_iter().flatten().map(Result::unwrap) {
        for file in fs::read_dir(definition.path()).unwrap().map(Result::unwrap) {
            let text = fs::read_to_string(file.path()).unwrap();
            found.insert(file.path().display().to_string(), serde_json::from_str(&text).unwrap());
        }
    }
    found
}

/// Where the replay differs from what happened.
fn differs(golden: &Golden) -> Option<String> {
    let definition: Definition = serde_json::from_value(golden.definition.clone()).ok()?;
    let (mut state, effects) = match start(&definition, golden.input.clone(), &golden.start) {
        Ok(started) => started,
        Err(refused) => return Some(format!("the start is refused: {refused}")),
    };
    if fingerprint(&state, &effects) != golden.started {
        return Some("the start is another".to_owned());
    }
    for (index, one) in golden.steps.iter().enumerate() {
        match step(&definition, &state, &one.event) {
            Ok((next, effects)) if fingerprint(&next, &effects) == one.hash => state = next,
            Ok((next, _)) => {
                return Some(format!(
                    "step {} is another: now at {}, then at {}",
                    index + 1,
                    next.at(),
                    one.at
                ));
            }
            Err(refused) => return Some(format!("step {} is refused: {refused}", index + 1)),
        }
    }
    None
}

#[test]
fn every_golden_history_replays_as_it_happened() {
    let all = all();
    let wrong: Vec<String> =
        all.iter().filter_map(|(file, golden)| Some(format!("{file}: {}", differs(golden)?))).collect();
    assert!(wrong.is_empty(), "a change strands running instances:\n{}", wrong.join("\n"));
    let steps: usize = all.values().map(|golden| golden.steps.len()).sum();
    println!("golden histories: {} with {steps} steps replayed", all.len());
}

/// The test notices what it is for.
#[test]
fn a_history_that_replays_otherwise_is_noticed() {
    for (_, mut golden) in all() {
        assert!(differs(&golden).is_none());
        golden.steps.last_mut().unwrap().event.at.0 += 1;
        assert!(differs(&golden).is_some());
    }
}

/// With `SEALFLOW_GOLDEN=record` (which `cargo xtask golden` sets) the missing ones are written.
#[test]
fn every_shipped_definition_has_golden_histories() {
    let record = std::env::var("SEALFLOW_GOLDEN").is_ok_and(|word| word == "record");
    let mut missing = Vec::new();
    for (definition, input) in inputs::shipped() {
        let short: String = definition.hash().0.chars().take(12).collect();
        for seed in 0..HISTORIES {
            let path = folder().join(definition.name()).join(format!("{short}-{seed}.json"));
            if path.is_file() {
                continue;
            }
            if record {
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                let golden = happen(&definition, &input, seed);
                let mut text = serde_json::to_string(&golden).unwrap();
                text = text.replace("{\"event\":", "\n{\"event\":") + "\n";
                fs::write(&path, text).unwrap();
            } else {
                missing.push(format!("{} version {}", definition.name(), definition.version()));
            }
        }
    }
    missing.dedup();
    assert!(missing.is_empty(), "write them with `cargo xtask golden`: {}", missing.join(", "));
}

/// A history as it happens from this seed.
fn happen(definition: &Definition, input: &Value, seed: u64) -> Golden {
    let first = event(1_000_000, 7, Actor::System, EventKind::Started);
    let (mut state, effects) = start(definition, input.clone(), &first).unwrap();
    let started = fingerprint(&state, &effects);
    let mut steps = Vec::new();
    for (index, one) in seeded(seed.wrapping_mul(1_000_003) + 17, 600).into_iter().enumerate() {
        let at = 1_000_000 + i64::try_from(index).unwrap() * 60_000;
        let Some(event) = walk::to_event(definition, &state, one, at) else { continue };
        if let Ok((next, effects)) = step(definition, &state, &event) {
            steps.push(Step { at: next.at().to_string(), hash: fingerprint(&next, &effects), event });
            state = next;
        }
        if state.is_final() || steps.len() >= EVENTS_MAX {
            break;
        }
    }
    let definition = serde_json::to_value(definition).unwrap();
    Golden { definition, input: input.clone(), start: first, started, steps }
}
