//! Timers: which firing counts, and when the next one is due.

use sealflow_core::{Actor, EventKind};
use serde_json::json;

use crate::drive::{ANNE, Drive, person, workflow};

const HOUR_MS: i64 = 3_600_000;

fn source() -> String {
    workflow(
        "
input: [who]
data: {rings: 0}
initial: a
states:
  a:
    task: {form: approval, assignee: who}
    timers:
      bell: {every: PT1H, limit: 3, set: {rings: rings + 1}}
      end: {after: PT10H, to: over}
    on: {again: a, on: b}
  b: {initial: c, timers: {end: {after: PT2H, to: over}}, states: {
    c: {task: {form: approval, assignee: who}, on: {next: d}},
    d: {task: {form: approval, assignee: who}, on: {back: a}}}}
  over: {final: over}
",
    )
}

#[test]
fn a_repeating_timer_comes_as_often_as_its_limit_and_stays() {
    let mut drive = Drive::start(&source(), json!({"who": ANNE}));
    for rings in 1..=3 {
        drive.fire("a:bell").unwrap();
        assert_eq!(drive.state.data("rings"), Some(&json!(rings)));
        assert_eq!(drive.at(), "a");
    }
    assert!(drive.state.set_timers().all(|(key, _)| key != "a:bell"));
}

#[test]
fn missed_periods_are_not_made_up_for() {
    let mut drive = Drive::start(&source(), json!({"who": ANNE}));
    drive.at = 5 * HOUR_MS + HOUR_MS / 2;
    drive.fire("a:bell").unwrap();
    assert_eq!(drive.words(), [format!("set a:bell at {}", 6 * HOUR_MS)]);
}

#[test]
fn an_older_generation_does_nothing() {
    let mut drive = Drive::start(&source(), json!({"who": ANNE}));
    let old = drive.state.set_timers().find(|(key, _)| *key == "a:end").unwrap().1.generation;
    drive.act(ANNE, "again", None, json!({})).unwrap();
    let fired = |generation| EventKind::TimerFired { key: "a:end".to_owned(), generation };
    let refused = drive.try_event(Actor::Clock, fired(old)).unwrap_err();
    assert_eq!(refused.code(), "stale_timer");
    assert!(refused.is_stale());
    let new = drive.state.set_timers().find(|(key, _)| *key == "a:end").unwrap().1.generation;
    assert!(new > old);
    assert_eq!(drive.try_event(person(ANNE), fired(new)).unwrap_err().code(), "wrong_person");
    drive.try_event(Actor::Clock, fired(new)).unwrap();
    assert_eq!(drive.state.outcome(), Some("over"));
    assert!(drive.try_event(Actor::Clock, fired(new)).unwrap_err().is_stale(), "also after the end");
}

#[test]
fn the_timer_of_an_outer_state_runs_on_between_inner_states() {
    let mut drive = Drive::start(&source(), json!({"who": ANNE}));
    drive.act(ANNE, "on", None, json!({})).unwrap();
    assert!(drive.words().contains(&format!("set b:end at {}", 2 * HOUR_MS)));
    drive.at = HOUR_MS;
    drive.act(ANNE, "next", None, json!({})).unwrap();
    assert!(drive.words().iter().all(|word| !word.contains("b:end")), "{:?}", drive.words());
    drive.act(ANNE, "back", None, json!({})).unwrap();
    assert!(drive.words().contains(&"cancel timer b:end".to_owned()));
}

#[test]
fn a_time_of_null_sets_no_timer() {
    let source = workflow(
        "
input: [due]
initial: a
states:
  a: {timers: {end: {at: due, to: over}, other: {after: PT1H, to: over}}}
  over: {final: over}
",
    );
    let drive = Drive::start(&source, json!({"due": null}));
    assert_eq!(drive.words(), ["set a:other at 3600000"]);
    let drive = Drive::start(&source, json!({"due": 5}));
    assert_eq!(drive.words(), ["set a:end at 5", "set a:other at 3600000"]);
    let refused = Drive::try_start(&source, json!({"due": "tomorrow"})).err().unwrap();
    assert_eq!(refused.code(), "expression_failed");
}
