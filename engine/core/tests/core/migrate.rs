//! Running instances under another version: what is kept, what begins, and everything that stands against it.

use std::collections::BTreeMap;

use sealflow_core::{
    Actor, Definition, DefinitionHash, Effect, Event, EventId, EventKind, State, Timestamp,
    diff::diff,
    migrate::{self, Reason, StateMap, migrate},
};
use serde_json::json;

use crate::drive::{ANNE, BERT, Drive, definition, event, person, workflow};

const OLD: &str = "
input: [who]
data: {note: null}
counters: {tries: 3}
initial: ask
timers: {end: {after: P30D, to: over}}
states:
  ask:
    status: asking
    task: {form: approval, assignee: who}
    timers: {hint: {every: P1D, limit: 3, set: {note: note}}, late: {after: P7D, to: over}}
    on:
      again: {raise: tries, set: {note: event.note}}
      send: sending
      many: all
  sending:
    job: {kind: send_sms, key: \"sms/{tries}\"}
    on: {sent: over, failed: over}
  all:
    each:
      in: \"[{'id': 'a', 'p': who}, {'id': 'b', 'p': who}]\"
      as: one
      counters: {asked: 3}
      order: parallel
      initial: asking
      states:
        asking: {task: {form: sign, assignee: one.p}, timers: {nudge: {after: P2D, set: {note: \"'x'\"}}}, on: {ask: {raise: asked}, yes: good}}
        good: {final: good}
    on: {done: over}
  over: {status: over, final: over}
";

fn old() -> String {
    workflow(OLD)
}

/// The old source with changes, as version 2.
fn new(changes: &[(&str, &str)]) -> String {
    let mut source = old().replace("version: 1", "version: 2");
    for (from, to) in changes {
        assert!(source.contains(from), "{from}");
        source = source.replace(from, to);
    }
    source
}

fn started() -> Drive {
    Drive::start(&old(), json!({"who": ANNE}))
}

fn moving(to: &Definition, map: &[(&str, &str)], at: i64) -> Event {
    let states = map.iter().map(|(from, to)| ((*from).to_owned(), (*to).to_owned())).collect();
    event(at, 1, Actor::System, EventKind::Migrated { to: to.hash().clone(), states })
}

fn go(drive: &Drive, source: &str, map: &[(&str, &str)]) -> Result<(State, Vec<Effect>), Vec<Reason>> {
    let to = definition(source);
    migrate(&drive.def, &to, &drive.state, &moving(&to, map, drive.at))
}

fn codes(result: Result<(State, Vec<Effect>), Vec<Reason>>) -> Vec<&'static str> {
    result.expect_err("it was moved").into_iter().map(|reason| reason.code).collect()
}

#[test]
fn what_was_begun_goes_on() {
    let mut drive = started();
    drive.act(ANNE, "again", None, json!({"note": "kept"})).unwrap();
    drive.at = 5_000;
    let source = new(&[
        ("data: {note: null}", "data: {note: null, fresh: 7}"),
        ("counters: {tries: 3}", "counters: {tries: 1}"),
    ]);
    let (state, effects) = go(&drive, &source, &[]).unwrap();
    assert_eq!(effects, [], "nothing changes for anybody");
    assert_eq!(state.data("note"), Some(&json!("kept")));
    assert_eq!(state.data("fresh"), Some(&json!(7)));
    assert_eq!(state.counter("tries"), Some(1));
    assert_eq!(state.open_tasks().collect::<Vec<_>>(), drive.state.open_tasks().collect::<Vec<_>>());
    assert_eq!(state.set_timers().collect::<Vec<_>>(), drive.state.set_timers().collect::<Vec<_>>());
    assert_eq!(state.changed_at(), Timestamp(5_000));

    let mut moved = Drive { def: definition(&source), state, effects: Vec::new(), at: 6_000, random: 1 };
    assert_eq!(moved.act(ANNE, "again", None, json!({"note": "n"})).unwrap_err().code(), "limit_reached");
    moved.fire("ask:hint").unwrap();
    moved.fire("ask:late").unwrap();
    assert_eq!(moved.state.outcome(), Some("over"));
}

#[test]
fn a_renamed_state_keeps_its_task_and_the_times_of_its_timers() {
    let drive = started();
    let source = new(&[
        ("initial: ask\n", "initial: question\n"),
        ("  ask:\n    status: asking", "  question:\n    status: questioned"),
    ]);
    assert_eq!(codes(go(&drive, &source, &[])), ["no_counterpart"]);
    let (state, effects) = go(&drive, &source, &[("ask", "question")]).unwrap();
    assert_eq!((state.at().to_string().as_str(), state.status()), ("question", "questioned"));
    let task =
        |state: &State| state.open_tasks().next().map(|(key, task)| (key.to_owned(), task.form.clone()));
    assert_eq!(task(&state), task(&drive.state), "the person's task is the same");
    let due = |state: &State, key: &str| {
        state.set_timers().find(|(other, _)| *other == key).map(|(_, timer)| (timer.due_at, timer.generation))
    };
    let (before, after) = (due(&drive.state, "ask:late").unwrap(), due(&state, "question:late").unwrap());
    assert_eq!(before.0, after.0);
    assert!(after.1 > before.1, "a firing of the old key does nothing");
    assert!(effects.contains(&Effect::CancelTimer { key: "ask:late".to_owned() }));
    assert!(due(&state, "ask:late").is_none());
}

#[test]
fn timers_begin_end_and_do_not_come_again() {
    let mut drive = started();
    for _ in 0..3 {
        drive.fire("ask:hint").unwrap();
    }
    let source = new(&[
        ("late: {after: P7D, to: over}", "fresh: {after: PT1H, to: over}"),
        ("hint: {every: P1D, limit: 3,", "hint: {every: P1D, limit: 9,"),
    ]);
    let (state, effects) = go(&drive, &source, &[]).unwrap();
    let keys: Vec<&str> = state.set_timers().map(|(key, _)| key).collect();
    assert_eq!(keys, [":end", "ask:fresh"], "the hints had all come");
    let fresh = state.set_timers().find(|(key, _)| *key == "ask:fresh").unwrap().1;
    assert_eq!(fresh.due_at, Timestamp(drive.at + 3_600_000), "counted from the move");
    assert!(effects.contains(&Effect::CancelTimer { key: "ask:late".to_owned() }));
    assert_eq!(effects.len(), 2);
}

#[test]
fn a_task_of_another_form_or_person_is_opened_anew() {
    let drive = started();
    let key = drive.state.open_tasks().next().unwrap().0.to_owned();
    for change in
        [("form: approval", "form: attachments"), ("assignee: who", &*format!("assignee: \"'{BERT}'\""))]
    {
        let (state, effects) = go(&drive, &new(&[change]), &[]).unwrap();
        assert_eq!(effects[0], Effect::CloseTask { key: key.clone() });
        assert!(matches!(&effects[1], Effect::OpenTask(task) if task.key != key));
        assert_eq!(state.open_tasks().count(), 1);
    }
}

#[test]
fn a_job_under_way_must_be_the_same() {
    let mut drive = started();
    drive.act(ANNE, "send", None, json!({})).unwrap();
    let same = new(&[("initial: ask", "initial: ask")]);
    let (state, effects) = go(&drive, &same, &[]).unwrap();
    assert_eq!(effects, []);
    let mut moved = Drive { def: definition(&same), state, effects, at: 0, random: 1 };
    moved.job("sms/0", "sent").unwrap();
    assert_eq!(moved.state.outcome(), Some("over"));

    assert_eq!(codes(go(&drive, &new(&[("sms/{tries}", "text/{tries}")]), &[])), ["other_job"]);
    assert_eq!(codes(go(&drive, &new(&[("kind: send_sms", "kind: send_email")]), &[])), ["other_job"]);
    let unnamed = new(&[(", key: \"sms/{tries}\"", "")]);
    assert_eq!(codes(go(&drive, &unnamed, &[])), ["other_job"]);
    assert_eq!(codes(go(&drive, &same, &[("sending", "ask")])), ["other_kind"]);
}

#[test]
fn items_go_with_their_each() {
    let mut drive = started();
    drive.act(ANNE, "many", None, json!({})).unwrap();
    drive.act(ANNE, "ask", Some("a"), json!({})).unwrap();
    drive.act(ANNE, "yes", Some("b"), json!({})).unwrap();
    let source = new(&[
        ("  all:\n", "  everybody:\n"),
        ("many: all", "many: everybody"),
        ("counters: {asked: 3}", "counters: {asked: 1}"),
    ]);
    let (state, _) = go(&drive, &source, &[("all", "everybody")]).unwrap();
    assert_eq!(state.item("a").unwrap().scope.counters["asked"], 1);
    let mut moved = Drive { def: definition(&source), state, effects: Vec::new(), at: 0, random: 1 };
    assert_eq!(moved.act(ANNE, "ask", Some("a"), json!({})).unwrap_err().code(), "limit_reached");
    assert_eq!(moved.act(BERT, "yes", Some("a"), json!({})).unwrap_err().code(), "wrong_person");
    moved.act(ANNE, "yes", Some("a"), json!({})).unwrap();
    assert_eq!(moved.state.outcome(), Some("over"));

    let tighter = new(&[
        ("counters: {asked: 3}", "counters: {asked: 0, more: 1}"),
        ("ask: {raise: asked}", "ask: {raise: more}"),
        ("yes: good", "yes: {raise: asked, to: good, else: good}"),
    ]);
    assert_eq!(codes(go(&drive, &tighter, &[])), ["above_limit"]);
    assert_eq!(
        codes(go(&drive, &source, &[("all", "everybody"), ("all/asking", "ask")])),
        ["other_surroundings"]
    );
}

#[test]
fn every_reason_is_told_and_nothing_moves() {
    let mut drive = started();
    drive.act(ANNE, "again", None, json!({"note": "n"})).unwrap();
    let source = new(&[
        ("input: [who]", "input: [who, why]\nrequire: [\"who == 'x'\"]"),
        ("counters: {tries: 3}", "counters: {tries: 0}"),
        (
            "  ask:\n    status: asking\n    task: {form: approval, assignee: who}",
            "  ask:\n    status: asking",
        ),
        ("again: {raise: tries,", "again: {by: who, raise: tries,"),
        ("send: sending", "send: {by: who, to: sending}"),
        ("many: all", "many: {by: who, to: all}"),
    ]);
    assert_eq!(codes(go(&drive, &source, &[])), ["other_kind", "above_limit", "missing_input"]);
    let required = new(&[("input: [who]", "input: [who]\nrequire: [\"who == 'x'\"]")]);
    assert_eq!(codes(go(&drive, &required, &[])), ["guard_refused"]);
    assert_eq!(
        codes(go(&drive, &new(&[]), &[("aks", "ask"), ("ask", "nowhere")])),
        ["unknown_state", "unknown_state"]
    );
}

#[test]
fn only_a_running_instance_goes_to_another_definition_once() {
    let mut drive = started();
    let to = definition(&new(&[]));
    let step = moving(&to, &[], 0);
    assert_eq!(
        sealflow_core::step(&drive.def, &drive.state, &step).unwrap_err().code(),
        "wrong_definition",
        "a step knows one definition"
    );
    let (state, _) = migrate(&drive.def, &to, &drive.state, &step).unwrap();
    assert_eq!(codes(migrate(&to, &to, &state, &step)), ["already_there"]);
    assert_eq!(codes(migrate(&drive.def, &to, &state, &step)), ["wrong_definition"]);
    let other = event(0, 1, person(ANNE), EventKind::Started);
    assert_eq!(codes(migrate(&drive.def, &to, &drive.state, &other)), ["no_migration"]);
    drive.fire(":end").unwrap();
    assert_eq!(codes(go(&drive, &new(&[]), &[])), ["finished"]);
}

#[test]
fn a_history_replays_over_a_migration() {
    let mut definitions: BTreeMap<DefinitionHash, Definition> = BTreeMap::new();
    let (first, second) =
        (definition(&old()), definition(&new(&[("data: {note: null}", "data: {note: null, fresh: 7}")])));
    let hash = first.hash().clone();
    let mut number = 0;
    let mut at = |actor: Actor, kind: EventKind| {
        number += 1;
        Event { id: EventId(format!("e{number}")), at: Timestamp(number * 1_000), random: 7, actor, kind }
    };
    let act =
        |name: &str| EventKind::Action { name: name.to_owned(), item: None, data: json!({"note": "n"}) };
    let history = vec![
        at(Actor::System, EventKind::Started),
        at(person(ANNE), act("again")),
        at(Actor::System, EventKind::Migrated { to: second.hash().clone(), states: BTreeMap::new() }),
        at(person(ANNE), act("again")),
        at(person(ANNE), act("send")),
    ];
    let (mut state, _) = sealflow_core::start(&first, json!({"who": ANNE}), &history[0]).unwrap();
    state = sealflow_core::step(&first, &state, &history[1]).unwrap().0;
    state = migrate(&first, &second, &state, &history[2]).unwrap().0;
    state = sealflow_core::step(&second, &state, &history[3]).unwrap().0;
    state = sealflow_core::step(&second, &state, &history[4]).unwrap().0;
    definitions.insert(hash.clone(), first);
    assert!(matches!(
        migrate::replay(&definitions, &hash, json!({"who": ANNE}), &history),
        Err(migrate::ReplayError::UnknownDefinition(_))
    ));
    definitions.insert(second.hash().clone(), second);
    let stored = serde_json::to_string(&history).unwrap();
    let read: Vec<Event> = serde_json::from_str(&stored).unwrap();
    let replayed = migrate::replay(&definitions, &hash, json!({"who": ANNE}), &read).unwrap();
    assert_eq!(serde_json::to_string(&replayed).unwrap(), serde_json::to_string(&state).unwrap());
    assert_eq!(replayed.counter("tries"), Some(2));
}

#[test]
fn a_map_says_where_it_is_wrong() {
    assert_eq!(StateMap::read("states: {ask: question}", "map.yaml").unwrap().states["ask"], "question");
    let faults = StateMap::read("state: {}", "map.yaml").unwrap_err();
    assert!(faults[0].to_string().starts_with("map.yaml:1:1: `state` is not known here"), "{faults:?}");
}

#[test]
fn versions_are_compared_in_the_words_of_the_language() {
    let old = definition(&old());
    let compared = |changes: &[(&str, &str)]| {
        let found = diff(&old, &definition(&new(changes)), &StateMap::default()).unwrap();
        let changes: Vec<String> = found.changes.iter().map(ToString::to_string).collect();
        (changes, found.against_migration)
    };
    assert_eq!(compared(&[]), (vec![], vec![]));
    let (changes, against) = compared(&[
        ("counters: {tries: 3}", "counters: {tries: 2}"),
        ("late: {after: P7D, to: over}", "late: {after: P9D, to: over}, more: {after: PT1H, to: over}"),
        ("send: sending", "send: {if: tries > 0, to: sending}"),
    ]);
    assert_eq!(
        changes,
        [
            "~ counter tries\n    limit: 3 → 2",
            "~ transition ask: on send\n    if: nothing → tries > 0",
            "~ timer ask: timer late\n    after: P7D → P9D",
            "+ timer ask: timer more",
        ]
    );
    assert_eq!(against, []);
    let (changes, against) =
        compared(&[("kind: send_sms", "kind: send_email"), ("input: [who]", "input: [who, why]")]);
    assert_eq!(changes, ["+ input why", "~ state sending\n    job.kind: send_sms → send_email"]);
    assert_eq!(against.iter().map(|reason| reason.code).collect::<Vec<_>>(), ["other_job", "missing_input"]);
}
