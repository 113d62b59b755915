//! The rules of a step: what is refused stands beside what is accepted.

use sealflow_core::{Actor, EventKind, Rejection, step};
use serde_json::{Value, json};

use crate::drive::{ANNE, BERT, CARL, Drive, definition, event, unchecked, workflow};

fn source() -> String {
    workflow(
        "
input: [who, boss]
data: {a: 1, b: 2, note: null}
counters: {tries: 2}
initial: work
states:
  work:
    initial: first
    on:
      stop: {by: boss, to: over}
      both: {by: \"[who, boss]\", set: {note: \"'outer'\"}}
      never: {by: \"false\", to: over}
      system: {by: \"actor.type == 'system'\", to: over}
    states:
      first:
        task: {form: approval, assignee: who}
        on:
          swap: {set: {a: b, b: a}}
          guess:
            - {if: event.n == 42, to: second}
            - {raise: tries, to: stay, else: over}
          strict: {raise: tries, to: first}
          both: {if: event.inner, set: {note: \"'inner'\"}}
          keep: {set: {note: event.note}}
          double: {set: {note: note + note}}
          fail: {set: {note: event.missing, a: \"7\"}}
          same_key: {start: [{kind: send_sms, key: once, payload: {to: \"{who}\", text: plain}}]}
          no_key: {start: [{kind: send_sms, if: event.yes}]}
          list: {start: [{in: event.list, as: x, kind: send_sms, key: \"to/{x}\", payload: {x: \"{x}\"}}]}
      second:
        status: in_second
        task: {form: approval, assignee: who}
        on: {back: first}
  over: {status: done, final: over}
",
    )
}

fn drive() -> Drive {
    Drive::start(&source(), json!({"who": ANNE, "boss": BERT}))
}

#[test]
fn the_assignee_acts_and_nobody_else() {
    let mut drive = drive();
    assert_eq!(drive.act(BERT, "swap", None, Value::Null).unwrap_err().code(), "wrong_person");
    let system = EventKind::Action { name: "swap".to_owned(), item: None, data: Value::Null };
    assert_eq!(drive.try_event(Actor::System, system).unwrap_err().code(), "wrong_person");
    drive.act(ANNE, "swap", None, Value::Null).unwrap();
    assert_eq!((drive.state.data("a"), drive.state.data("b")), (Some(&json!(2)), Some(&json!(1))), "at once");
}

#[test]
fn by_names_a_person_a_list_or_a_condition() {
    let mut drive = drive();
    assert_eq!(drive.act(ANNE, "stop", None, Value::Null).unwrap_err().code(), "wrong_person");
    assert_eq!(drive.act(CARL, "both", None, json!({"inner": false})).unwrap_err().code(), "wrong_person");
    drive.act(BERT, "both", None, json!({"inner": false})).unwrap();
    assert_eq!(drive.act(BERT, "never", None, Value::Null).unwrap_err().code(), "wrong_person");
    assert_eq!(drive.act(BERT, "system", None, Value::Null).unwrap_err().code(), "wrong_person");
    let system = EventKind::Action { name: "system".to_owned(), item: None, data: Value::Null };
    drive.try_event(Actor::System, system).unwrap();
    assert_eq!(drive.state.outcome(), Some("over"));
}

#[test]
fn the_inner_state_is_asked_first_then_the_outer() {
    let mut drive = drive();
    drive.act(ANNE, "both", None, json!({"inner": true})).unwrap();
    assert_eq!(drive.state.data("note"), Some(&json!("inner")));
    drive.act(ANNE, "both", None, json!({"inner": false})).unwrap();
    assert_eq!(drive.state.data("note"), Some(&json!("outer")));
}

#[test]
fn unknown_actions_and_items_are_refused() {
    let mut drive = drive();
    assert_eq!(drive.act(ANNE, "back", None, Value::Null).unwrap_err().code(), "unknown_action_here");
    assert_eq!(drive.act(ANNE, "swap", Some("x"), Value::Null).unwrap_err().code(), "unknown_item");
    assert_eq!(drive.try_event(Actor::System, EventKind::Started).unwrap_err().code(), "unknown_action_here");
}

#[test]
fn a_counter_at_its_limit_takes_the_other_way_or_refuses() {
    let mut one = drive();
    for tries in 1..=2 {
        one.act(ANNE, "guess", None, json!({"n": 1})).unwrap();
        assert_eq!(one.state.counter("tries"), Some(tries));
    }
    assert_eq!(
        one.act(ANNE, "strict", None, Value::Null).unwrap_err(),
        Rejection::LimitReached { counter: "tries".into() }
    );
    one.act(ANNE, "guess", None, json!({"n": 1})).unwrap();
    assert_eq!(one.state.outcome(), Some("over"));
    assert_eq!(one.state.counter("tries"), Some(2));

    let mut other = drive();
    other.act(ANNE, "guess", None, json!({"n": 42})).unwrap();
    assert_eq!(other.at(), "work/second");
    assert_eq!(other.state.status(), "in_second");
}

#[test]
fn a_failed_expression_changes_nothing() {
    let mut drive = drive();
    let before = drive.state.clone();
    let refused = drive.act(ANNE, "fail", None, json!({"phone": "13800138000"})).unwrap_err();
    assert_eq!(refused.code(), "expression_failed");
    assert!(!format!("{refused:?}").contains("138"), "no data in errors");
    assert_eq!(drive.state, before);
}

#[test]
fn a_job_key_is_used_once() {
    let mut drive = drive();
    drive.act(ANNE, "same_key", None, Value::Null).unwrap();
    assert_eq!(drive.payload("once"), json!({"text": "plain", "to": ANNE}));
    assert_eq!(drive.act(ANNE, "same_key", None, Value::Null).unwrap_err().code(), "job_key_used");
    drive.act(ANNE, "no_key", None, json!({"yes": true})).unwrap();
    let first = drive.words();
    drive.act(ANNE, "no_key", None, json!({"yes": true})).unwrap();
    assert_ne!(drive.words(), first, "without a name, every job is another");
    drive.act(ANNE, "no_key", None, json!({"yes": false})).unwrap();
    assert!(drive.words().is_empty());
    drive.act(ANNE, "list", None, json!({"list": ["x", "y"]})).unwrap();
    assert_eq!(drive.words(), ["start send_sms to/x", "start send_sms to/y"]);
    assert_eq!(
        drive.act(ANNE, "list", None, json!({"list": ["a#1"]})).unwrap_err().code(),
        "expression_failed"
    );
}

#[test]
fn data_has_limits() {
    let mut drive = drive();
    drive.act(ANNE, "keep", None, json!({"note": "x".repeat(200_000)})).unwrap();
    let refused = drive.act(ANNE, "keep", None, json!({"note": "x".repeat(300_000)})).unwrap_err();
    assert_eq!(refused.code(), "data_too_large");
    let long: Vec<u32> = (0..1_001).collect();
    assert_eq!(drive.act(ANNE, "keep", None, json!({"note": long})).unwrap_err().code(), "data_too_large");
    let deep = (0..40).fold(json!(1), |inner, _| json!([inner]));
    assert_eq!(drive.act(ANNE, "keep", None, json!({"note": deep})).unwrap_err().code(), "data_too_large");
}

#[test]
fn data_cannot_grow_past_the_limit_step_by_step() {
    let mut drive = drive();
    drive.act(ANNE, "keep", None, json!({"note": "x".repeat(100_000)})).unwrap();
    drive.act(ANNE, "double", None, Value::Null).unwrap();
    let refused = drive.act(ANNE, "double", None, Value::Null).unwrap_err();
    assert_eq!(refused.code(), "data_too_large");
}

#[test]
fn what_a_person_may_cause_is_not_caused_by_a_job() {
    let source = workflow(
        "
input: [who]
initial: outer
states:
  outer:
    initial: sending
    on:
      sent: [{by: who, to: by_hand}, {to: by_job}]
      failed: {by: who, to: by_hand}
    states:
      sending: {job: {kind: send_sms, key: s}}
  by_hand: {final: by_hand}
  by_job: {final: by_job}
",
    );
    let mut drive = Drive::try_run(unchecked(&source), json!({"who": ANNE})).unwrap();
    assert_eq!(drive.job("s", "failed").unwrap_err().code(), "unknown_outcome");
    drive.job("s", "sent").unwrap();
    assert_eq!(drive.state.outcome(), Some("by_job"));

    let mut drive = Drive::try_run(unchecked(&source), json!({"who": ANNE})).unwrap();
    assert_eq!(drive.act(BERT, "sent", None, Value::Null).unwrap_err().code(), "wrong_person");
    drive.act(ANNE, "sent", None, Value::Null).unwrap();
    assert_eq!(drive.state.outcome(), Some("by_hand"));
    assert_eq!(drive.words(), ["cancel job s", "finish by_hand"]);
}

#[test]
fn a_state_belongs_to_its_definition() {
    let drive = drive();
    let other = definition(&source().replace("version: 1", "version: 2"));
    let event = event(0, 0, Actor::System, EventKind::Started);
    assert_eq!(step(&other, &drive.state, &event).unwrap_err(), Rejection::WrongDefinition);
}

#[test]
fn decisions_that_go_round_in_circles_end() {
    let source = workflow(
        "
data: {n: 0}
initial: a
states:
  a: {always: [{if: n < 0, to: over}, {to: b}]}
  b: {always: [{to: a}]}
  over: {final: over}
",
    );
    assert_eq!(Drive::try_run(unchecked(&source), json!({})).err().unwrap().code(), "too_many_transitions");
}

#[test]
fn an_inner_end_leads_the_outer_state_on() {
    let source = workflow(
        "
input: [who]
initial: outer
states:
  outer:
    initial: ask
    states:
      ask: {task: {form: approval, assignee: who}, on: {yes: ended}}
      ended: {final: ended}
    on: {done: [{if: \"who == 'x'\", to: ask_again}, {to: over}]}
  ask_again: {task: {form: approval, assignee: who}, on: {yes: over}}
  over: {final: over}
",
    );
    let mut drive = Drive::start(&source, json!({"who": ANNE}));
    assert_eq!(drive.act(ANNE, "done", None, Value::Null).unwrap_err().code(), "unknown_action_here");
    drive.act(ANNE, "yes", None, Value::Null).unwrap();
    assert_eq!(drive.state.outcome(), Some("over"));
}

#[test]
fn an_ended_instance_accepts_nothing() {
    let mut drive = drive();
    drive.act(BERT, "stop", None, Value::Null).unwrap();
    assert_eq!(drive.state.status(), "done");
    assert_eq!(drive.act(BERT, "stop", None, Value::Null).unwrap_err(), Rejection::Finished);
    assert!(drive.job("once", "sent").unwrap_err().is_stale());
}

#[test]
fn the_assignee_must_be_a_person() {
    let refused = Drive::try_start(&source(), json!({"who": "somebody", "boss": BERT})).err().unwrap();
    assert_eq!(refused.code(), "expression_failed");
    assert_eq!(Drive::try_start(&source(), json!({"who": ANNE})).err().unwrap().code(), "bad_input");
    assert_eq!(Drive::try_start(&source(), json!([])).err().unwrap().code(), "bad_input");
}
