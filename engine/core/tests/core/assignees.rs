//! Tasks for several persons: open for each, done by any.

use serde_json::json;

use crate::drive::{ANNE, BERT, CARL, Drive, workflow};

fn source() -> String {
    workflow(
        "
input: [people]
data: {decided: []}
initial: ask
states:
  ask:
    task: {form: approval, assignee: people}
    on:
      approve: {set: {decided: \"decided + [actor.id]\", people: \"people.filter(p, p != actor.id)\"}, to: more}
  more: {always: [{if: size(decided) < 2, to: ask}, over]}
  over: {final: over}
",
    )
}

#[test]
fn any_of_them_may_do_it_and_nobody_else() {
    let mut drive = Drive::start(&source(), json!({"people": [ANNE, BERT, ANNE]}));
    assert_eq!(drive.words(), ["open approval ask#1", "open approval ask#2"], "once for each person");
    assert_eq!(drive.act(CARL, "approve", None, json!({})).unwrap_err().code(), "wrong_person");
    drive.act(BERT, "approve", None, json!({})).unwrap();
    assert_eq!(drive.words(), ["close ask#1", "close ask#2", "open approval ask#3"]);
    assert_eq!(drive.act(BERT, "approve", None, json!({})).unwrap_err().code(), "wrong_person", "he decided");
    drive.act(ANNE, "approve", None, json!({})).unwrap();
    assert_eq!(drive.words(), ["close ask#3", "finish over"]);
    assert_eq!(drive.state.data("decided"), Some(&json!([BERT, ANNE])));
}

#[test]
fn a_task_for_nobody_or_for_a_crowd_is_refused() {
    let crowd: Vec<String> = (0..51).map(|n| format!("01900000-0000-7000-8000-0000000001{n:02}")).collect();
    for people in [json!([]), json!(crowd), json!(["nobody"]), json!([7])] {
        let refused = Drive::try_start(&source(), json!({"people": people})).err().unwrap();
        assert_eq!(refused.code(), "expression_failed");
    }
    let most = crowd.get(..50).unwrap();
    assert_eq!(Drive::start(&source(), json!({"people": most})).words().len(), 50);
}
