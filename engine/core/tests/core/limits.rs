//! Bad input is refused with a reason, soon, and changes nothing.

use std::{fmt::Write as _, time::Instant};

use sealflow_core::{Actor, EventKind, Rejection, expr, load};
use serde_json::{Value, json};

use crate::drive::{ANNE, BERT, Drive, person, workflow};

fn faults(source: &str) -> Vec<String> {
    load(source, "x").err().unwrap_or_default().iter().map(ToString::to_string).collect()
}

#[test]
fn a_source_of_ten_megabytes_is_refused_unread() {
    let begun = Instant::now();
    let large =
        workflow("initial: a\nstates: {a: {final: a}}\n") + &"# filler\n".repeat(10 * 1_024 * 1_024 / 9);
    let size = large.len();
    assert_eq!(faults(&large), [format!("x:1:1: the source has {size} bytes, more than 262144")]);
    assert!(begun.elapsed().as_secs() < 10, "{:?}", begun.elapsed());
}

#[test]
fn ten_thousand_states_are_refused() {
    let begun = Instant::now();
    let mut source = workflow("initial: s0\nstates:\n");
    for index in 0..10_000 {
        writeln!(source, " s{index}: {{final: x}}").unwrap();
    }
    assert_eq!(faults(&source), ["x:3:1: 10000 states are more than 500"]);
    assert!(begun.elapsed().as_secs() < 30, "{:?}", begun.elapsed());
}

fn guarded(guard: &str) -> String {
    workflow(&format!(
        "
input: [who, many]
data: {{n: 0}}
initial: a
states:
  a:
    task: {{form: sign, assignee: who}}
    on:
      go: {{if: \"{guard}\", to: over}}
      note: {{set: {{n: n + 1}}}}
  over: {{final: over}}
"
    ))
}

#[test]
fn a_guard_that_would_run_for_ever_is_refused() {
    let deep = "many.map(a, many.map(b, many.map(c, many.map(d, many.map(e, many.map(f, a + b + c + d + e + f)))))) == []";
    assert_eq!(
        faults(&guarded(deep)),
        ["x:10:16: the expression cannot be read: loops are nested more than 2 deep"]
    );
    // Two loops are possible, as long as what they go over is not too much.
    let wide = guarded("many.exists(a, many.exists(b, a + b < 0))");
    let list = |len: i64| (0..len).collect::<Vec<i64>>();
    let mut drive = Drive::start(&wide, json!({"who": ANNE, "many": list(1_000)}));
    let before = drive.state.clone();
    let begun = Instant::now();
    let refused = drive.act(ANNE, "go", None, Value::Null).unwrap_err();
    assert!(begun.elapsed().as_secs() < 30, "{:?}", begun.elapsed());
    let Rejection::ExpressionFailed { source, .. } = &refused else { panic!("{refused:?}") };
    assert_eq!(source, &expr::Error::TooMuchWork);
    assert_eq!(drive.state, before);
    drive.act(ANNE, "note", None, Value::Null).unwrap();
    let mut small = Drive::start(&wide, json!({"who": ANNE, "many": list(100)}));
    assert_eq!(
        small.act(ANNE, "go", None, Value::Null).unwrap_err().code(),
        "guard_refused",
        "it was worked out"
    );
}

#[test]
fn an_event_that_is_late_doubled_or_somebody_elses_changes_nothing() {
    let source = workflow(
        "
input: [who]
initial: a
states:
  a:
    job: {kind: send_sms, key: once}
    timers: {late: {after: PT1H, to: over}}
    on: {sent: b, failed: b}
  b: {task: {form: sign, assignee: who}, on: {go: over}}
  over: {final: over}
",
    );
    let mut drive = Drive::start(&source, json!({"who": ANNE}));
    let late =
        drive.state.set_timers().next().map(|(key, timer)| (key.to_owned(), timer.generation)).unwrap();
    let fired = EventKind::TimerFired { key: late.0, generation: late.1 };
    drive.job("once", "sent").unwrap();
    let before = drive.state.clone();
    assert!(drive.job("once", "sent").unwrap_err().is_stale(), "the second delivery of a result");
    assert!(drive.job("never", "sent").unwrap_err().is_stale());
    assert!(drive.try_event(Actor::Clock, fired).unwrap_err().is_stale(), "a timer of a state that was left");
    assert_eq!(drive.act(BERT, "go", None, Value::Null).unwrap_err().code(), "wrong_person");
    assert_eq!(drive.act(ANNE, "fly", None, Value::Null).unwrap_err().code(), "unknown_action_here");
    assert_eq!(drive.state, before);
    drive.act(ANNE, "go", None, Value::Null).unwrap();
    let ended = drive.state.clone();
    let again = EventKind::Action { name: "go".to_owned(), item: None, data: Value::Null };
    assert_eq!(drive.try_event(person(ANNE), again).unwrap_err(), Rejection::Finished);
    assert_eq!(drive.state, ended);
}
