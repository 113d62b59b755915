//! `each`: orders, groups, and enough of many.

use sealflow_core::{Effect, ItemProgress};
use serde_json::{Value, json};

use crate::drive::{ANNE, Drive, workflow};

fn source(order: &str) -> String {
    workflow(&format!(
        "
input: [people]
data: {{count: 0}}
initial: all
states:
  all:
    each:
      in: people
      as: one
      {order}
      data: {{mark: null}}
      counters: {{tries: 1}}
      initial: ask
      states:
        ask:
          task: {{form: approval, assignee: one.who}}
          timers: {{hint: {{after: PT1H, set: {{mark: \"'late'\"}}}}}}
          on:
            yes: {{set: {{mark: event.mark, count: count + 1}}, to: ended}}
            try: {{raise: tries}}
            stop: {{to: stopped}}
        ended: {{final: ended}}
    on: {{done: over, tell: {{by: \"true\", start: [{{kind: send_sms, payload: {{}}}}]}}}}
  stopped: {{final: stopped}}
  over: {{final: over}}
"
    ))
}

fn people(groups: &[i64]) -> Value {
    let people: Vec<Value> = groups
        .iter()
        .enumerate()
        .map(|(index, group)| json!({"id": format!("p{index}"), "who": ANNE, "group": group}))
        .collect();
    json!({"people": people})
}

fn active(drive: &Drive) -> Vec<&str> {
    let items = drive.state.each_runs().iter().flat_map(|run| &run.items);
    items
        .filter(|item| matches!(item.progress, ItemProgress::Active { .. }))
        .map(|item| item.id.as_str())
        .collect()
}

fn yes(drive: &mut Drive, item: &str) {
    drive.act(ANNE, "yes", Some(item), json!({"mark": item})).unwrap();
}

#[test]
fn one_after_the_other() {
    let mut drive = Drive::start(&source("order: sequential"), people(&[0, 0]));
    assert_eq!(active(&drive), ["p0"]);
    yes(&mut drive, "p0");
    assert_eq!(active(&drive), ["p1"]);
    yes(&mut drive, "p1");
    assert_eq!(drive.state.outcome(), Some("over"));
    assert_eq!(drive.state.data("count"), Some(&json!(2)));
}

#[test]
fn all_at_once_each_with_its_own_variables() {
    let mut drive = Drive::start(&source("order: parallel"), people(&[0, 0, 0]));
    assert_eq!(active(&drive), ["p0", "p1", "p2"]);
    yes(&mut drive, "p1");
    drive.fire("all/ask@p2:hint").unwrap();
    let mark = |item: &str| drive.state.item(item).unwrap().scope.data["mark"].clone();
    assert_eq!((mark("p0"), mark("p1"), mark("p2")), (Value::Null, json!("p1"), json!("late")));
    drive.act(ANNE, "try", Some("p0"), json!({})).unwrap();
    assert_eq!(drive.act(ANNE, "try", Some("p0"), json!({})).unwrap_err().code(), "limit_reached");
    drive.act(ANNE, "try", Some("p2"), json!({})).unwrap();
}

#[test]
fn group_after_group() {
    let mut drive = Drive::start(&source("order: grouped\n      group: one.group"), people(&[2, 1, 2, 1]));
    assert_eq!(active(&drive), ["p1", "p3"]);
    yes(&mut drive, "p3");
    assert_eq!(active(&drive), ["p1"]);
    yes(&mut drive, "p1");
    assert_eq!(active(&drive), ["p0", "p2"]);
}

#[test]
fn enough_of_many_call_off_the_rest() {
    let mut drive = Drive::start(&source("order: parallel\n      need: \"2\""), people(&[0, 0, 0]));
    yes(&mut drive, "p0");
    assert!(!drive.state.is_final());
    yes(&mut drive, "p2");
    assert_eq!(drive.state.outcome(), Some("over"));
    assert!(matches!(drive.state.item_progress("p1"), Some(ItemProgress::Stopped { .. })));
    assert!(drive.words().iter().any(|word| word.starts_with("close all/ask@p1")), "{:?}", drive.words());
}

#[test]
fn no_items_are_done_at_once() {
    let drive = Drive::start(&source("order: parallel"), people(&[]));
    assert_eq!(drive.state.outcome(), Some("over"));
    assert_eq!(drive.words(), ["finish over"]);
}

#[test]
fn an_item_can_lead_the_whole_instance_out() {
    let mut drive = Drive::start(&source("order: parallel"), people(&[0, 0]));
    drive.act(ANNE, "stop", Some("p1"), json!({})).unwrap();
    assert_eq!(drive.state.outcome(), Some("stopped"));
    let closed = drive.words().iter().filter(|word| word.starts_with("close")).count();
    assert_eq!(closed, 2, "{:?}", drive.words());
    let cancelled = drive.words().iter().filter(|word| word.starts_with("cancel timer")).count();
    assert_eq!(cancelled, 2);
}

#[test]
fn what_the_each_itself_does_is_the_instances() {
    let mut drive = Drive::start(&source("order: parallel"), people(&[0, 0]));
    drive.act(ANNE, "tell", Some("p1"), json!({})).unwrap();
    let [Effect::StartJob(job)] = drive.effects.as_slice() else { panic!("{:?}", drive.effects) };
    assert_eq!(job.item, None);
    assert!(job.key.starts_with("all#"), "{}", job.key);
}

#[test]
fn items_need_ids_of_their_own() {
    let twice = json!({"people": [{"id": "x", "who": ANNE}, {"id": "x", "who": ANNE}]});
    let refused = Drive::try_start(&source("order: parallel"), twice).err().unwrap();
    assert_eq!(refused.code(), "expression_failed");
    let bad = json!({"people": [{"id": "a/b", "who": ANNE}]});
    assert_eq!(Drive::try_start(&source("order: parallel"), bad).err().unwrap().code(), "expression_failed");
    let many: Vec<Value> = (0..201).map(|n| json!({"id": n.to_string(), "who": ANNE})).collect();
    let refused = Drive::try_start(&source("order: parallel"), json!({"people": many})).err().unwrap();
    assert_eq!(refused.code(), "data_too_large");
}
