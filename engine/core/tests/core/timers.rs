//! Timers: which firing counts, and when the next one is due.

use sealflow_core::{Actor, Effect, EventKind, Timestamp};
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

#[test]
fn a_daily_timer_comes_on_its_days_and_leads_on_when_it_may() {
    let source = workflow(
        "
input: [who]
data: {hints: 0, closed: false}
initial: a
states:
  a:
    task: {form: approval, assignee: who}
    timers:
      hint: {daily: {at: 09:00, zone: Asia/Shanghai, days: [mon, tue, wed, thu, fri]}, limit: 2, set: {hints: hints + 1}}
      close: {daily: {at: \"18:00\", zone: Asia/Shanghai}, if: hints >= 2, to: over}
    on: {next: over}
  over: {final: over}
",
    );
    // 1970-01-01 was a Thursday; 00:00 UTC is 08:00 in Shanghai.
    let mut drive = Drive::start(&source, json!({"who": ANNE}));
    assert_eq!(
        drive.words()[..2],
        [format!("set a:close at {}", 10 * HOUR_MS), format!("set a:hint at {HOUR_MS}")]
    );
    drive.fire("a:hint").unwrap();
    assert_eq!(drive.words(), [format!("set a:hint at {}", 25 * HOUR_MS)], "on Friday");
    drive.fire("a:close").unwrap();
    assert_eq!(drive.words(), [format!("set a:close at {}", 34 * HOUR_MS)], "not yet: it comes again");
    // Late by two days: Friday's hint comes on Sunday, and there is no third.
    drive.at = 73 * HOUR_MS;
    drive.fire("a:hint").unwrap();
    assert!(drive.words().is_empty() && drive.state.data("hints") == Some(&json!(2)), "{:?}", drive.words());
    drive.fire("a:close").unwrap();
    assert_eq!(drive.state.outcome(), Some("over"));
    assert!(drive.words().iter().all(|word| !word.starts_with("set")), "{:?}", drive.words());
}

#[test]
fn a_written_time_is_due_then_in_every_zone() {
    let source = workflow(
        "
initial: a
states:
  a: {timers: {end: {at: 1970-01-02T08:00:00+08:00, to: over}}}
  over: {final: over}
",
    );
    let mut drive = Drive::start(&source, json!({}));
    assert_eq!(drive.words(), [format!("set a:end at {}", 24 * HOUR_MS)]);
    drive.fire("a:end").unwrap();
    assert_eq!(drive.state.outcome(), Some("over"));
}

#[test]
fn the_deadline_of_a_task_is_shown_with_it_and_leads_on() {
    let source = workflow(
        "
input: [who]
initial: a
states:
  a:
    task: {form: approval, assignee: who, deadline: {after: P1D, set: {who: who}, to: late}}
    on: {again: a, next: over}
  late: {final: late}
  over: {final: over}
",
    );
    let mut drive = Drive::start(&source, json!({"who": ANNE}));
    let due_at =
        |drive: &Drive| drive.state.open_tasks().map(|(_, task)| task.due_at.unwrap().as_ms()).next();
    assert_eq!(due_at(&drive), Some(24 * HOUR_MS));
    let opened = |effect: &Effect| matches!(effect, Effect::OpenTask(task) if task.due_at == Some(Timestamp(24 * HOUR_MS)));
    assert!(drive.effects.iter().any(opened));
    drive.at = HOUR_MS;
    drive.act(ANNE, "again", None, json!({})).unwrap();
    assert_eq!(due_at(&drive), Some(25 * HOUR_MS), "every entry has a deadline of its own");
    let mut in_time = Drive::start(&source, json!({"who": ANNE}));
    in_time.act(ANNE, "next", None, json!({})).unwrap();
    assert!(in_time.words().contains(&"cancel timer a:deadline".to_owned()));
    drive.fire("a:deadline").unwrap();
    assert_eq!(drive.state.outcome(), Some("late"));
}
