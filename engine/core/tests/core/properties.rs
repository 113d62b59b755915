//! Random histories of the shipped definitions: whatever happens, the promises hold.

use std::collections::BTreeSet;

use proptest::prelude::*;
use sealflow_core::{Actor, Definition, Effect, Event, EventKind, State, start, step};
use serde_json::{Value, json};

use crate::{
    drive::{ANNE, BERT, CARL, definition, event, person},
    micro_deposit,
    shipped::{MICRO_DEPOSIT, NDA_PARALLEL, SUPPLIER_PURCHASE},
    supplier_purchase,
};

/// What is tried; what it means depends on where the instance then is.
#[derive(Debug, Clone)]
enum Try {
    /// The assignee of an open task does something that the task knows.
    Task {
        index: usize,
        name: usize,
        right: bool,
    },
    Act {
        who: usize,
        name: usize,
        item: usize,
        data: usize,
    },
    Job {
        index: usize,
        outcome: usize,
    },
    WrongJob,
    Timer {
        index: usize,
        late: bool,
        any: bool,
    },
    Mixed {
        who: usize,
    },
}

const NAMES: &[&str] = &[
    "accept",
    "finish_reading",
    "confirm",
    "confirm",
    "submit",
    "change_account",
    "retry",
    "decline",
    "withdraw",
    "remind",
    "done",
    "stamped",
];
const OUTCOMES: &[&str] = &["prepared", "sent", "stamped", "paid", "failed", "refused", "nonsense"];

fn tries() -> impl Strategy<Value = Vec<Try>> {
    let one = prop_oneof![
        20 => (0..4_usize, 0..4_usize, any::<bool>()).prop_map(|(index, name, right)| Try::Task { index, name, right }),
        4 => (0..4_usize, 0..NAMES.len(), 0..4_usize, 0..5_usize)
            .prop_map(|(who, name, item, data)| Try::Act { who, name, item, data }),
        14 => (0..4_usize, 0..OUTCOMES.len()).prop_map(|(index, outcome)| Try::Job { index, outcome }),
        1 => Just(Try::WrongJob),
        2 => (0..4_usize, any::<bool>(), prop::bool::weighted(0.1))
            .prop_map(|(index, late, any)| Try::Timer { index, late, any }),
        1 => (0..4_usize).prop_map(|who| Try::Mixed { who }),
    ];
    prop::collection::vec(one, 1..80)
}

fn to_event(def: &Definition, state: &State, step: &Try, at: i64) -> Option<Event> {
    let people = [ANNE, BERT, CARL, "01900000-0000-7000-8000-00000000000d"];
    let items = [None, Some("r1"), Some("r2"), Some("r3")];
    let data = [
        json!({}),
        Value::Null,
        json!({"reason": "理由", "fen": 5, "account": "62010000"}),
        json!({"fen": "5", "reason": 5}),
        json!([1.5e300, {"b": 1, "a": 0.1}]),
    ];
    let (actor, kind) = match step {
        Try::Task { index, name, right } => {
            let tasks: Vec<_> = state.open_tasks().collect();
            let (_, task) = tasks.get(index % tasks.len().max(1))?;
            let names: Vec<&String> = def.workflow().state(&task.place.path.0)?.on.keys().collect();
            let name = (*names.get(name % names.len().max(1))?).clone();
            let fen = state.data("fen").filter(|_| *right).cloned().unwrap_or_default();
            let data = json!({"account": "62010000", "fen": fen, "reason": "理由"});
            (
                Actor::Person { id: task.assignee, acting_as: None },
                EventKind::Action { name, item: task.place.item.clone(), data },
            )
        }
        Try::Act { who, name, item, data: which } => (
            person(people[*who]),
            EventKind::Action {
                name: NAMES[*name].to_owned(),
                item: items[*item].map(str::to_owned),
                data: data[*which].clone(),
            },
        ),
        Try::Job { index, outcome } => {
            let jobs: Vec<_> = state.waiting_jobs().collect();
            let (key, job) = jobs.get(index % jobs.len().max(1))?;
            let fit = OUTCOMES.iter().filter(|known| fits(&job.kind, known)).nth(usize::from(*outcome == 0));
            let outcome = fit.unwrap_or(&OUTCOMES[*outcome]);
            (
                Actor::Worker,
                EventKind::JobResult {
                    key: (*key).to_owned(),
                    outcome: (*outcome).to_owned(),
                    data: json!({}),
                },
            )
        }
        Try::WrongJob => {
            (Actor::Worker, EventKind::JobResult { key: "x".into(), outcome: "sent".into(), data: json!({}) })
        }
        Try::Timer { index, late, any } => {
            let ends = |key: &str| key.ends_with("deadline") || key.ends_with("window");
            let timers: Vec<_> = state.set_timers().filter(|(key, _)| *any || !ends(key)).collect();
            let (key, timer) = timers.get(index % timers.len().max(1))?;
            let generation = timer.generation - u64::from(*late);
            (Actor::Clock, EventKind::TimerFired { key: (*key).to_owned(), generation })
        }
        Try::Mixed { who } => (person(people[*who]), EventKind::Started),
    };
    Some(event(at, at.unsigned_abs().wrapping_mul(0x9e37_79b9), actor, kind))
}

fn fits(kind: &str, outcome: &str) -> bool {
    sealflow_core::catalog::job_kind(kind).is_some_and(|kind| kind.outcomes.contains(&outcome))
}

/// The names of effects that must never come twice.
fn names(effects: &[Effect]) -> Vec<String> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::StartJob(job) => Some(format!("job {}", job.key)),
            Effect::OpenTask(task) => Some(format!("task {}", task.key)),
            Effect::SetTimer(timer) => Some(format!("timer {} {}", timer.key, timer.generation)),
            _ => None,
        })
        .collect()
}

fn counters_hold(def: &Definition, state: &State) -> bool {
    let workflow = def.workflow();
    let own = workflow
        .counters
        .iter()
        .all(|(name, limit)| state.counter(name).is_some_and(|count| count <= *limit));
    let items = state.each_runs().iter().all(|run| {
        let each = workflow.state(&run.path.0).and_then(|state| state.each.as_ref()).unwrap();
        run.items
            .iter()
            .all(|item| each.counters.iter().all(|(name, limit)| item.scope.counters[name] <= *limit))
    });
    own && items
}

/// Everything that is open belongs to a state that the instance or its item is in.
fn nothing_is_left_behind(state: &State) -> bool {
    let inside = |place: &sealflow_core::state::Place| {
        match &place.item {
        None => state.at().0.starts_with(&place.path.0),
        Some(item) => state.each_runs().iter().filter(|run| run.running).flat_map(|run| &run.items).any(|other| {
            other.id == *item
                && matches!(&other.progress, sealflow_core::ItemProgress::Active { path } if path.0.starts_with(&place.path.0))
        }),
    }
    };
    state.open_tasks().all(|(_, task)| inside(&task.place))
        && state.waiting_jobs().all(|(_, job)| inside(&job.place))
        && state.set_timers().all(|(_, timer)| inside(&timer.place))
}

fn check(source: &str, input: Value, tries: &[Try]) -> Result<(), TestCaseError> {
    let def = definition(source);
    let first = event(0, 7, Actor::System, EventKind::Started);
    let (mut state, effects) = start(&def, input.clone(), &first).unwrap();
    let mut seen: BTreeSet<String> = names(&effects).into_iter().collect();
    let mut history = Vec::new();
    for (index, attempt) in tries.iter().enumerate() {
        let at = i64::try_from(index).unwrap() * 1_000_000;
        let Some(event) = to_event(&def, &state, attempt, at) else { continue };
        let result = step(&def, &state, &event);
        prop_assert_eq!(&result, &step(&def, &state, &event), "the same every time");
        let Ok((next, effects)) = result else { continue };
        prop_assert!(!state.is_final(), "an ended instance accepts nothing");
        for name in names(&effects) {
            prop_assert!(seen.insert(name.clone()), "{} came twice", name);
        }
        prop_assert!(counters_hold(&def, &next));
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
    let (mut replayed, _) = start(&def, input, &first).unwrap();
    for event in &history {
        replayed = step(&def, &replayed, event).unwrap().0;
    }
    prop_assert_eq!(serde_json::to_string(&replayed).unwrap(), serde_json::to_string(&state).unwrap());
    Ok(())
}

fn run_if_it_loads(source: &str, input: Value, tries: &[Try]) {
    let Ok(loaded) = sealflow_core::load(source, "x.yaml") else { return };
    let Ok((mut state, _)) =
        start(&loaded.definition, input, &event(0, 7, Actor::System, EventKind::Started))
    else {
        return;
    };
    for attempt in tries {
        let Some(event) = to_event(&loaded.definition, &state, attempt, 1_000) else { continue };
        if let Ok((next, _)) = step(&loaded.definition, &state, &event) {
            state = next;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn supplier_purchase_keeps_its_promises(tries in tries()) {
        check(SUPPLIER_PURCHASE, supplier_purchase::input(), &tries)?;
    }

    #[test]
    fn nda_parallel_keeps_its_promises(tries in tries()) {
        let mut input = supplier_purchase::input();
        input["recipients"][0]["role"] = json!("discloser");
        input["recipients"][0]["kind"] = json!("organization");
        input["recipients"][1]["role"] = json!("receiver");
        input["recipients"][1]["kind"] = json!("person");
        check(NDA_PARALLEL, input, &tries)?;
    }

    #[test]
    fn micro_deposit_keeps_its_promises(tries in tries()) {
        check(MICRO_DEPOSIT, micro_deposit::input(), &tries)?;
    }

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
